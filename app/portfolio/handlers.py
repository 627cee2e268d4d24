"""Jobs of this feature: the glances of a new day, relaunches."""

from app.platform.database import Database
from app.platform.jobs import Jobs
from app.portfolio import glances, reminding
from app.portfolio.jobs import RemindTeam


def register(jobs: Jobs) -> None:
    jobs.every_minute(make_glances)
    jobs.handle(RemindTeam, reminding.send_reminder)


def make_glances(database: Database) -> None:
    glances.refresh_glances(database)
