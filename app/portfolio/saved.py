"""Views of an incubator's list that people keep under a name of theirs."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.portfolio.listing import Asked
from app.portfolio.models import SavedView
from app.products.models import Incubator

_MOST = 20


def views_of(session: Session, person: Person, incubator: Incubator) -> Sequence[SavedView]:
    """By name."""
    mine = (SavedView.person_id == person.id, SavedView.incubator_id == incubator.id)
    return session.scalars(select(SavedView).where(*mine).order_by(SavedView.name)).all()


@transaction
def keep_view(session: Session, actor: Person, incubator: Incubator, name: str, asked: Asked) -> None:
    """Keeps these filters; the same name again replaces what it named. Raises `Refusal`."""
    known = views_of(session, actor, incubator)
    same = next((v for v in known if v.name.casefold() == name.casefold()), None)
    if same is None and len(known) >= _MOST:
        raise Refusal(_l("Vous avez déjà %(num)d vues : retirez-en une.", num=_MOST))
    view = same or SavedView(person_id=actor.id, incubator_id=incubator.id, name=name, created_at=clock.now())
    view.address = asked.address
    session.add(view)
    record(session, actor, Action.KEEP_VIEW, name)


@transaction
def forget_view(session: Session, actor: Person, incubator: Incubator, view_id: str) -> None:
    """Raises `Refusal`."""
    view = next((v for v in views_of(session, actor, incubator) if v.id == view_id), None)
    if view is None:
        raise Refusal(_l("Cette vue est déjà retirée."))
    record(session, actor, Action.FORGET_VIEW, view.name)
    session.delete(view)
