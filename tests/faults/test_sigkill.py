"""A worker killed in the middle of its work: after a restart the work is done, once."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import func, select, update

from app.homologation.models import Dossier
from app.platform import jobs
from app.platform.jobs import Job
from app.renewals.models import Digest
from tests.conftest import ROOT
from tests.factories.waiting import until
from tests.world import World


@pytest.fixture
def worker(database_url, tmp_path):
    """Starts workers on the test's database, with a short lease; ends those it started."""
    started = []

    def start() -> subprocess.Popen:
        environment = os.environ | {
            "JALON_INSTANCE": str(tmp_path),
            "DATABASE_URL": database_url,
            "JALON_JOB_LEASE": "2",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        with (tmp_path / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                ["jalon", "worker"], env=environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)


def _running(world: World, kind: str) -> str | None:
    """The job of this kind that a worker holds now."""
    with world.database.reading() as session:
        return session.scalar(
            select(Job.id).where(Job.kind == kind, Job.lease_until.is_not(None), Job.done_at.is_(None))
        )


def test_a_pdf_interrupted_by_sigkill_is_rendered_after_restart(world, worker):
    """The content is rendered when opinions are asked and again at transmission: the one cut short is tried again."""
    owner = world.person()
    product = world.filled(owner)
    world.before_authority(owner, product, world.cast(product))
    first = worker()
    until(lambda: _running(world, "dossier_pdf"), 40)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait(timeout=30)
    interrupted = _running(world, "dossier_pdf")
    assert interrupted, "the worker was killed after the job was done"
    worker()

    def rendered() -> bool:
        with world.database.reading() as session:
            return bool(session.scalar(select(Dossier.pdf_of == Dossier.content_sha256))) and not session.scalar(
                select(func.count(Job.id)).where(Job.kind == "dossier_pdf", Job.done_at.is_(None))
            )

    until(rendered, 90)
    with world.database.reading() as session:
        dossier = session.scalars(select(Dossier)).one()
        assert session.get_one(Job, interrupted).attempts == 2
    stored = world.app.extensions["storage"].get(dossier.pdf_sha256)
    assert stored.startswith(b"%PDF-")


def test_a_reminder_whose_sending_was_not_noted_is_one_message(world, worker):
    """Killed after the mail left and before it was noted: the second try bears the same Message-ID, one file."""
    from datetime import timedelta

    from app.platform import clock

    world.product(start=clock.today() - timedelta(days=300))
    with world.database.writing() as session:
        from app.renewals import planning

        assert planning.plan_day(session, clock.today()) == 1
    world.jobs.run_within(world.app.test_request_context)
    world.jobs.run_due()
    with world.database.writing() as session:
        session.execute(update(Digest).values(sent_at=None))
        session.execute(update(Job).values(done_at=None, lease_until=clock.now() + timedelta(seconds=1)))
    worker()

    def noted() -> bool:
        with world.database.reading() as session:
            return session.scalar(select(func.count(Digest.id)).where(Digest.sent_at.is_not(None))) == 1

    until(noted, 60)
    assert len(world.mails()) == 1


@dataclass(frozen=True)
class Count(jobs.Task):
    kind: ClassVar[str] = "count"
    n: int


@dataclass(frozen=True)
class Fail(jobs.Task):
    kind: ClassVar[str] = "fail"


def test_two_workers_never_do_one_job(world):
    done = []
    world.jobs.handle(Count, lambda database, task: done.append(task.n))
    with world.database.writing() as session:
        row = jobs.enqueue(session, Count(1))
    assert [world.jobs.run(row.id) for _ in range(3)] == [True, False, False]
    assert done == [1]


def test_a_rolled_back_use_case_leaves_no_job(world):
    with pytest.raises(ZeroDivisionError), world.database.writing() as session:
        jobs.enqueue(session, Count(1))
        raise ZeroDivisionError
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Job.id))) == 0


def test_a_job_that_fails_is_tried_again_later_and_at_last_given_up(world):
    import time_machine

    from app.platform import clock

    tries = []

    def fail(database, task):
        tries.append(1)
        raise ValueError("broken")

    world.jobs.handle(Fail, fail)
    with world.database.writing() as session:
        row = jobs.enqueue(session, Fail())
    assert world.jobs.run(row.id)
    assert not world.jobs.run(row.id), "it waits before the next try"
    for hour in range(1, 40):
        with time_machine.travel(clock.now().replace(microsecond=0), tick=False) as traveller:
            traveller.shift(3600 * 24 * hour)
            world.jobs.run(row.id)
    assert len(tries) == jobs.MAX_ATTEMPTS
    with world.database.reading() as session:
        assert session.get_one(Job, row.id).error == "ValueError: broken"
