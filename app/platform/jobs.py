"""Work done out of a request, once, whatever dies: a `job` row is the truth, huey only rings the bell.

The service that changes state writes the row in its own transaction; after commit huey is asked to run row
N. A worker claims a row by a lease that it renews while it works; a sweep rings again for rows whose lease
has passed, because huey loses the task that a killed worker was running. Handlers are idempotent.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from sqlalchemy import String, Text, delete, event, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.platform import clock
from app.platform.database import Base, Database, Id, Instant, Json, UtcDateTime, new_id
from app.platform.logs import get_logger
from risk_models.plain_values import from_plain, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from huey import Huey

MAX_ATTEMPTS = 9
_LONGEST_WAIT = timedelta(hours=6)
_KEPT = timedelta(days=30)
_PENDING_KEY = "jobs_to_ring"


class Job(Base):
    """The outbox: what is to be done, tried, done."""

    __tablename__ = "job"

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(60))
    arguments: Mapped[Json]
    created_at: Mapped[Instant]
    run_after: Mapped[Instant]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    error: Mapped[str | None] = mapped_column(Text)


class Task:
    """What is asked of a job: a frozen dataclass of plain values, one a kind. Its `kind` names it in the table for ever."""

    kind: ClassVar[str]


T = TypeVar("T", bound=Task)
# A handler opens its own sessions, so that long work holds no transaction. It may run twice.
Handler = Callable[[Database, T], None]
# What is done of a task and its last error once its last attempt failed.
Surrender = Callable[[Database, T, str], None]


class Jobs:
    """The handlers of this application, and the queue that wakes its workers."""

    def __init__(self, url: str, lease_seconds: int) -> None:
        self._url = url
        self._lease = timedelta(seconds=lease_seconds)
        self._handlers: dict[str, tuple[type[Task], Handler[Any]]] = {}
        self._surrenders: dict[str, Surrender[Any]] = {}
        self._schedules: list[Callable[[Database], None]] = []
        self._database: Database | None = None
        self._context: Callable[[], AbstractContextManager[Any]] = nullcontext

    def bind(self, database: Database) -> None:
        """The database whose rows are done here."""
        self._database = database

    @cached_property
    def _ring(self) -> Any:
        return self.huey.task(name="ring")(self.run)

    @cached_property
    def huey(self) -> "Huey":
        """The queue. Built when first needed: its client libraries take a second to import."""
        from huey import RedisHuey, SqliteHuey, crontab

        from app.platform.queue_messages import PlainMessages

        messages = PlainMessages()
        if self._url.startswith("sqlite:///"):
            queue: Huey = SqliteHuey("jalon", filename=self._url.removeprefix("sqlite:///"), serializer=messages)
        else:
            queue = RedisHuey("jalon", url=self._url, serializer=messages)
        queue.periodic_task(crontab(minute="*"), name="sweep")(self.sweep)
        return queue

    def warm(self) -> None:
        """Builds the queue and its tasks ahead of their first use."""
        self._ring  # noqa: B018

    def run_within(self, context: Callable[[], AbstractContextManager[Any]]) -> None:
        """Each job and each sweep runs inside a fresh `context()`."""
        self._context = context

    def handle(self, task: type[T], handler: Handler[T], *, on_giving_up: Surrender[T] | None = None) -> None:
        """Has `handler` do the jobs of a kind; see `Handler` and `Surrender`."""
        self._handlers[task.kind] = task, handler
        if on_giving_up:
            self._surrenders[task.kind] = on_giving_up

    def purge(self, database: Database) -> None:
        """Forgets what was done a month ago: its row says nothing any more that the journal does not."""
        with database.writing() as session:
            session.execute(delete(Job).where(Job.done_at < clock.now() - _KEPT))

    def every_minute(self, run: Callable[[Database], None]) -> None:
        """Calls `run` at each sweep."""
        self._schedules.append(run)

    def sweep(self) -> None:
        """Runs what recurs, then rings for every row that is due or whose worker died."""
        log = get_logger()
        for schedule in self._schedules:
            try:
                with self._context():
                    schedule(self._db)
            except Exception:
                log.exception("schedule failed", schedule=schedule.__name__)
        horizon = clock.now() + timedelta(minutes=1)
        with self._db.reading() as session:
            rows = session.execute(
                select(Job.id, Job.run_after, Job.lease_until).where(
                    Job.done_at.is_(None),
                    Job.attempts < MAX_ATTEMPTS,
                    Job.run_after <= horizon,
                    or_(Job.lease_until.is_(None), Job.lease_until <= horizon),
                )
            ).all()
        for job_id, run_after, lease_until in rows:
            self.ring(job_id, max(run_after, lease_until or run_after))

    def ring(self, job_id: str, at: datetime) -> None:
        """Asks a worker to look at row `job_id`, now or at a later instant."""
        wait = (at - clock.now()).total_seconds()
        self._ring.schedule((job_id,), delay=wait + 0.1) if wait > 0 else self._ring(job_id)

    def run(self, job_id: str) -> bool:
        """Claims and does one row; False when another worker holds it, it is done, or it is not due."""
        if not self._claim(job_id):
            return False
        with self._renewed(job_id):
            try:
                with self._db.reading() as session:
                    job = session.get_one(Job, job_id)
                with self._context():
                    task, handler = self._handlers[job.kind]
                    handler(self._db, from_plain(job.arguments, task))
                with self._db.writing() as session:
                    session.execute(update(Job).where(Job.id == job_id).values(done_at=clock.now(), error=None))
            except Exception as error:
                get_logger().exception("job failed", job=job_id)
                self._postpone(job_id, error)
        return True

    def run_due(self) -> int:
        """Does every due row in this process, as a worker would; the number done."""
        with self._db.reading() as session:
            due = session.scalars(select(Job.id).where(Job.done_at.is_(None)).order_by(Job.created_at)).all()
        return sum(self.run(job_id) for job_id in due)

    def _claim(self, job_id: str) -> bool:
        now = clock.now()
        with self._db.writing() as session:
            claimed = session.execute(
                update(Job)
                .where(
                    Job.id == job_id,
                    Job.done_at.is_(None),
                    Job.run_after <= now,
                    Job.attempts < MAX_ATTEMPTS,
                    or_(Job.lease_until.is_(None), Job.lease_until <= now),
                )
                .values(lease_until=now + self._lease, attempts=Job.attempts + 1)
                .execution_options(synchronize_session=False)
            )
            return bool(claimed.rowcount)  # type: ignore[attr-defined]

    def _postpone(self, job_id: str, error: Exception) -> None:
        with self._db.writing() as session:
            job = session.get_one(Job, job_id)
            job.error = f"{type(error).__name__}: {error}"[:2000]
            job.lease_until = None
            job.run_after = clock.now() + min(timedelta(seconds=15 * 4 ** (job.attempts - 1)), _LONGEST_WAIT)
            given_up = job.attempts >= MAX_ATTEMPTS
        if given_up and (surrender := self._surrenders.get(job.kind)):
            surrender(self._db, from_plain(job.arguments, self._handlers[job.kind][0]), job.error)

    @contextmanager
    def _renewed(self, job_id: str) -> "Iterator[None]":
        """Keeps the lease of a running job ahead of the clock from a thread of its own."""
        stopped = threading.Event()

        def renew() -> None:
            while not stopped.wait(self._lease.total_seconds() / 3):
                with self._db.writing() as session:
                    session.execute(
                        update(Job)
                        .where(Job.id == job_id, Job.done_at.is_(None))
                        .values(lease_until=clock.now() + self._lease)
                    )

        thread = threading.Thread(target=renew, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()

    @property
    def _db(self) -> Database:
        if self._database is None:
            raise RuntimeError("Jobs.bind was not called")
        return self._database


def enqueue(session: Session, task: Task, *, run_after: datetime | None = None) -> Job:
    """Writes a job in the caller's transaction; it is rung once that transaction is committed."""
    now = clock.now()
    job = Job(id=new_id(), kind=task.kind, arguments=plain(task), created_at=now, run_after=run_after or now)
    session.add(job)
    session.info.setdefault(_PENDING_KEY, []).append((job.id, job.run_after))
    return job


def _after_commit(session: Session) -> None:
    for job_id, run_after in session.info.pop(_PENDING_KEY, ()):
        if ring := session.info.get("ring"):
            ring(job_id, run_after)


event.listen(Session, "after_commit", _after_commit)
event.listen(Session, "after_rollback", lambda session: session.info.pop(_PENDING_KEY, None))
