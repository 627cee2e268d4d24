"""From frozen values to a document: figures, HTML, PDF, verification. Knows neither the web nor the database."""
