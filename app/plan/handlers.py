"""Jobs of this feature: the loss of each product, noted once a day."""

from app.plan.services import note_losses
from app.platform.jobs import Jobs


def register(jobs: Jobs) -> None:
    jobs.every_minute(note_losses)
