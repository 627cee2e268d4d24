"""The yearly review of rights: somebody who answers for an incubator, or for the platform, reads its roles again and says so."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.identity import services
from app.identity.jobs import AskRightsReview
from app.identity.models import Grant, Person, RightsReview
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, jobs, rates
from app.platform.database import Database, new_id
from app.platform.rates import Rate
from app.platform.transactions import transaction

_EVERY = timedelta(days=365)
_ASKED_EVERY_DAYS = 30
_ONCE = Rate(1, timedelta(days=1))


@dataclass(frozen=True, slots=True)
class ReviewStanding:
    """The last review of a scope, by whom, and the day by which the next is due; no day where nobody has a role."""

    last: RightsReview | None
    due_on: date | None

    @property
    def days_late(self) -> int:
        """Negative as long as it is not due, and where nobody has a role."""
        return (clock.today() - self.due_on).days if self.due_on else -1


def review_standing(session: Session, incubator_id: str | None) -> ReviewStanding:
    """Of an incubator, or of the platform (None). Never reviewed, it is due a year after its first role was given."""
    here = RightsReview.incubator_id == incubator_id if incubator_id else RightsReview.incubator_id.is_(None)
    newest = select(RightsReview).where(here).options(joinedload(RightsReview.person)).order_by(RightsReview.at.desc())
    last = session.scalar(newest.limit(1))
    scope = Grant.incubator_id == incubator_id if incubator_id else Grant.incubator_id.is_(None)
    first = session.scalar(select(func.min(Grant.given_at)).where(Grant.product_id.is_(None), scope))
    since = last.at if last else first
    return ReviewStanding(last, (since + _EVERY).astimezone(clock.PARIS).date() if since else None)


@transaction
def note_review(session: Session, actor: Person, incubator_id: str | None) -> None:
    """The actor has read every role of the scope: those that stay are theirs to answer for."""
    session.add(RightsReview(id=new_id(), incubator_id=incubator_id, at=clock.now(), person_id=actor.id))
    details = {"incubator": incubator_id} if incubator_id else {}
    record(session, actor, Action.REVIEW_RIGHTS, actor.name, **details)


def ask_reviews(database: Database) -> None:
    """Writes to who answers for a scope, on the day its review is due, then each thirty days as long as it is not done."""
    with database.reading() as session:
        scopes: list[str | None] = [
            None,
            *session.scalars(select(Grant.incubator_id).where(Grant.incubator_id.is_not(None)).distinct()),
        ]
        asked = [scope for scope in scopes if _is_asked(review_standing(session, scope).days_late)]
    for scope in asked:
        with database.writing() as session:
            if not rates.is_allowed(session, _ONCE, "rights review", scope or "platform"):
                continue
            for person in services.people_answering_for(session, scope):
                jobs.enqueue(session, AskRightsReview(person.id, scope, clock.now().isoformat()))


def _is_asked(days_late: int) -> bool:
    return days_late >= 0 and days_late % _ASKED_EVERY_DAYS == 0
