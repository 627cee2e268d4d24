"""Jobs of this feature: assessing large products beside the site."""

from app.analysis import results, services
from app.analysis.jobs import AssessProduct
from app.platform.jobs import Jobs


def register(jobs: Jobs) -> None:
    jobs.handle(AssessProduct, services.assess_product)
    jobs.every_minute(results.enqueue_missing)
