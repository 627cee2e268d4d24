"""Schedulers killed at random instants while reminders fall due: none is lost, and at most one a kill is sent twice.

`JALON_KILLS=200 JALON_PEOPLE=1000` runs it in full.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from threading import Event

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import func, insert, select

from app.identity.kinds import Role
from app.identity.models import Grant, Person
from app.platform import clock
from app.platform.database import new_id
from app.renewals.models import Digest
from tests.conftest import ROOT, free_port
from tests.factories.waiting import until

KILLS, PEOPLE = int(os.environ.get("JALON_KILLS", "4")), int(os.environ.get("JALON_PEOPLE", "60"))


class Sink:
    """Takes every message and keeps its Message-ID."""

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - the name that aiosmtpd calls
        head = envelope.content.decode("utf-8", "replace").partition("\r\n\r\n")[0]
        await asyncio.sleep(KILLS / PEOPLE)  # a slow server, so that kills fall while mails leave
        self.received[next(line for line in head.splitlines() if line.lower().startswith("message-id:"))] += 1
        return "250 taken"


@pytest.fixture
def sink():
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield sink, f"smtp://127.0.0.1:{controller.port}"
    controller.stop()


def people_of(world, product) -> None:
    now = clock.now()
    people = [
        {
            "id": new_id(),
            "email": f"p{n}@exemple.test",
            "name": f"Personne {n}",
            "title": "",
            "language": "fr",
            "created_at": now,
        }
        for n in range(PEOPLE - 1)
    ]
    grants = [
        {"id": new_id(), "person_id": p["id"], "role": Role.TEAM_MEMBER, "product_id": product.id, "given_at": now}
        for p in people
    ]
    with world.database.writing() as session:
        session.execute(insert(Person), people)
        session.execute(insert(Grant), grants)


@contextmanager
def scheduler(environment):
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.scheduler"],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)


def test_no_reminder_is_lost_and_few_are_doubled(world, database_url, tmp_path, sink):
    received, url = sink
    people_of(world, world.product(start=clock.today() - timedelta(days=300)))
    environment = os.environ | {
        "JALON_INSTANCE": str(tmp_path),
        "DATABASE_URL": database_url,
        "JALON_JOB_LEASE": "2",
        "JALON_MAIL": url,
        "JALON_TEST_DAY": clock.today().isoformat(),
    }

    def unsent() -> int:
        with world.database.reading() as session:
            planned = session.scalar(select(func.count(Digest.id)))
            return (PEOPLE - planned) + session.scalar(select(func.count(Digest.id)).where(Digest.sent_at.is_(None)))

    draw, pause, kills = random.Random(20), Event(), 0
    while kills < KILLS and unsent():
        with scheduler(environment), scheduler(environment):
            pause.wait(draw.uniform(1.2, 3.0))
        kills += 2
    with scheduler(environment):
        until(lambda: unsent() == 0, 120 + 2 * KILLS)
    doubled = sum(received.received.values()) - len(received.received)
    print(f"\n{PEOPLE} people, {kills} kills: {len(received.received)} messages, {doubled} doubled")
    assert len(received.received) == PEOPLE
    assert doubled <= kills
