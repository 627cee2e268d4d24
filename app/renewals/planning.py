"""Who is told of what, and on which day: reminders gathered into one digest a person a day."""

from collections.abc import Iterable, Sequence
from datetime import date, time

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, subqueryload

from app.identity.kinds import Role
from app.identity.models import Grant, Person
from app.platform import clock, jobs, mail_templates
from app.platform.database import new_id
from app.products.models import Product
from app.renewals import channels, deadlines, standings
from app.renewals.deadlines import DUTIES, Deadline
from app.renewals.jobs import SendDigest
from app.renewals.models import Digest, PlannedDay, Reminder
from risk_models.rules import schedule
from risk_models.rules.schedule import Escalation, Milestone
from risk_models.scales import DeadlineKind

# Nobody reads a mail of the night; a day begins at this hour of Paris, in summer as in winter.
_MORNING = time(7)

Key = tuple[str, DeadlineKind, str, date, int, str]


def plan_today(session: Session) -> int:
    """Plans today's digests from the morning on; the number of reminders planned."""
    now = clock.now().astimezone(clock.PARIS)
    return plan_day(session, now.date()) if now.time() >= _MORNING else 0


def plan_day(session: Session, day: date) -> int:
    """Plans the digests of `day`, once.

    It asks "what is due and not yet told?", so a day without Jalon loses nothing. Of several milestones missed at once
    only the latest is told. A second scheduler waits for the first one's transaction, then finds the day taken.
    """
    if session.get(PlannedDay, day):
        return 0
    try:
        with session.begin_nested():
            session.execute(insert(PlannedDay).values(day=day))
    except IntegrityError:
        return 0
    products = session.scalars(
        select(Product).options(subqueryload(Product.phases), subqueryload(Product.incubators))
    ).all()
    owed = deadlines.deadlines_of_many(session, standings.standings_of_products(session, products).values())
    known = {tuple(row) for row in session.execute(select(*_KEY))}
    audience, told = _Audience(session), dict[str, list[Key]]()
    for product in products:
        for deadline in owed[product.id]:
            reached = [m for m in deadline.milestones if m.day <= day]
            if not reached:
                continue
            for person_id in audience.of(product, deadline, reached[-1]):
                key = (product.id, deadline.kind, deadline.ref, deadline.due, reached[-1].number, person_id)
                if key not in known:
                    known.add(key)
                    told.setdefault(person_id, []).append(key)
    _write(session, told, day, channels.of_people(session, told))
    return sum(map(len, told.values()))


_KEY = (Reminder.product_id, Reminder.kind, Reminder.ref, Reminder.due, Reminder.milestone, Reminder.person_id)


def _write(session: Session, told: dict[str, list[Key]], day: date, where: dict[str, list[str]]) -> None:
    digests = [
        {
            "id": new_id(),
            "person_id": person_id,
            "day": day,
            "channel": channel,
            "message_id": mail_templates.message_id("digest", person_id, day.isoformat(), *filter(None, [channel])),
            "error": "",
        }
        for person_id in told
        for channel in where[person_id]
    ]
    if not digests:
        return
    session.execute(insert(Digest), digests)
    names = [column.key for column in _KEY]
    rows = [
        dict(zip(names, key, strict=True)) | {"id": new_id(), "channel": digest["channel"], "digest_id": digest["id"]}
        for digest in digests
        for key in told[str(digest["person_id"])]
    ]
    session.execute(insert(Reminder), rows)
    for digest in digests:
        jobs.enqueue(session, SendDigest(str(digest["id"])))


class _Audience:
    """Whom to tell: the team, or the incubator where there is none; once late, the incubator, then the authority."""

    def __init__(self, session: Session) -> None:
        roles = [Role.TEAM_MEMBER, Role.INCUBATOR_MEMBER, Role.AUTHORITY]
        self._held: dict[tuple[Role, str], list[str]] = {}
        for grant in session.scalars(select(Grant).where(Grant.role.in_(roles))):
            if scope := grant.product_id or grant.incubator_id:
                self._held.setdefault((grant.role, scope), []).append(grant.person_id)
        self._declined = set(session.scalars(select(Person.id).where(Person.early_reminders.is_(False))))

    def of(self, product: Product, deadline: Deadline, milestone: Milestone) -> list[str]:
        """Ids of people, in order."""
        declined = self._declined if schedule.is_comfort(milestone) else set()
        return sorted({*self._asked(product, deadline, milestone)} - declined)

    def _asked(self, product: Product, deadline: Deadline, milestone: Milestone) -> Iterable[str]:
        if deadline.people:
            return deadline.people
        incubators = [i.id for i in product.incubators]
        members, team = self._with(Role.INCUBATOR_MEMBER, incubators), self._with(Role.TEAM_MEMBER, [product.id])
        asked = team or members
        if deadline.kind in DUTIES:
            rule = escalation_of(product)
            asked = asked + (members if rule.tells_incubator(milestone) else [])
            if rule.tells_authority(milestone):
                asked = asked + self._with(Role.AUTHORITY, [product.id, *incubators])
        return asked

    def _with(self, role: Role, scopes: Sequence[str]) -> list[str]:
        return [person for scope in scopes for person in self._held.get((role, scope), [])]


def escalation_of(product: Product) -> Escalation:
    """That of its incubators (loaded), the strictest where it has several."""
    if not product.incubators:
        return Escalation()
    return Escalation(
        min(i.told_after_weeks for i in product.incubators), min(i.authority_after_weeks for i in product.incubators)
    )
