"""Jobs of this feature: connectors that are due, each in a run of its own."""

from app.evidence import connectors, running
from app.evidence.jobs import RunConnector
from app.platform.database import Database
from app.platform.jobs import Jobs


def register(jobs: Jobs) -> None:
    jobs.every_minute(plan_connector_runs)
    jobs.handle(RunConnector, running.run_connector)


def plan_connector_runs(database: Database) -> None:
    with database.writing() as session:
        connectors.plan_runs(session)
