"""A scheduler that a test kills: plans the day and sends its digests, again and again, until it is killed."""

import os
from datetime import date
from threading import Event

from app.factory import create_app
from app.renewals import planning


def main() -> None:
    app = create_app(seals=True)
    database, jobs = app.extensions["database"], app.extensions["jobs"]
    jobs.run_within(app.test_request_context)
    pause, day = Event(), date.fromisoformat(os.environ["JALON_TEST_DAY"])
    while True:
        with database.writing() as session:
            planning.plan_day(session, day)
        jobs.run_due()
        pause.wait(0.05)


if __name__ == "__main__":
    main()
