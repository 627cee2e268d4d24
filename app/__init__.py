"""The web application: features, persistence, people, jobs. The factory is `app.factory.create_app`."""
