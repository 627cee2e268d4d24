"""Days that pass."""

import time_machine
from sqlalchemy import func, select

from app.renewals import handlers
from app.renewals.models import Digest, Reminder


def pass_day(world, day: str) -> int:
    """What the sweep and the worker do on `day`; how many reminders were ever sent."""
    world.jobs.run_within(world.app.test_request_context)
    with time_machine.travel(f"{day}T09:00Z"):
        handlers.plan_digests(world.database)
        world.jobs.run_due()
    with world.database.reading() as session:
        return session.scalar(select(func.count(Reminder.id)).join(Digest).where(Digest.sent_at.is_not(None)))
