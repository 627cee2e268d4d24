"""Jobs of this feature: assessing large products beside the site."""

from app.analysis import results, services
from app.platform.jobs import Jobs


def register(jobs: Jobs) -> None:
    jobs.handles(results.KIND)(services.assess_product)
    jobs.every_minute(results.enqueue_missing)
