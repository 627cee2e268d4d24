"""A product leaves or joins incubators with the yes of each: whoever asks only proposes, and it is done once all have answered."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from app.identity import policy
from app.identity import services as identity
from app.identity.jobs import AskMove, TellMoved, TellMoveRefused
from app.identity.kinds import Role
from app.identity.models import Grant, Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, jobs
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Incubator, IncubatorMove, Product


def propose_move(session: Session, actor: Person, product: Product, wanted: Sequence[Incubator]) -> bool:
    """Asks each incubator that `product` would leave or join; whether it is done at once, all being the actor's to answer for.

    Within its caller's transaction. What was asked before and is not answered falls when something else
    is asked.
    """
    before = list(product.incubators)
    changed = [i for i in {*before, *wanted} if (i in before) is not (i in wanted)]
    if not changed:
        return True  # another field of the card was mended: what was asked still waits
    session.execute(delete(IncubatorMove).where(IncubatorMove.product_id == product.id))
    answered = _answered_by(session, actor)
    if all(answers_for(answered, incubator.id) for incubator in changed):
        _move(session, actor, product, wanted)
        return True
    now = clock.now()
    for incubator in changed:
        mine = answers_for(answered, incubator.id)
        session.add(
            IncubatorMove(
                id=new_id(),
                product_id=product.id,
                incubator_id=incubator.id,
                joins=incubator not in before,
                asked_by_id=actor.id,
                asked_at=now,
                accepted_at=now if mine else None,
            )
        )
        if not mine:
            for person in identity.people_answering_for(session, incubator.id):
                jobs.enqueue(session, AskMove(person.id, product.id, incubator.id, actor.name, now.isoformat()))
    session.flush()
    record(session, actor, Action.ASK_MOVE, product.name, product_id=product.id)
    return False


def moves_of(session: Session, product_id: str) -> Sequence[IncubatorMove]:
    """What a product asked and that is not done, by incubator."""
    asked = select(IncubatorMove).where(IncubatorMove.product_id == product_id).options(*_WHOLE)
    return sorted(session.scalars(asked), key=lambda move: move.incubator.name.lower())


def moves_to_answer(session: Session, incubator_id: str) -> Sequence[IncubatorMove]:
    """What an incubator is asked and has not answered, the oldest first."""
    asked = select(IncubatorMove).where(IncubatorMove.incubator_id == incubator_id, IncubatorMove.accepted_at.is_(None))
    return session.scalars(asked.options(*_WHOLE).order_by(IncubatorMove.asked_at, IncubatorMove.id)).all()


@transaction
def accept_move(session: Session, actor: Person, incubator: Incubator, move_id: str) -> None:
    """This incubator says yes; with the last yes the product moves. Raises `Refusal`."""
    move = _asked(session, incubator, move_id)
    move.accepted_at = clock.now()
    session.flush()
    product = session.get_one(Product, move.product_id, options=[joinedload(Product.incubators)])
    asked = moves_of(session, product.id)
    record(session, actor, Action.ACCEPT_MOVE, product.name, product_id=product.id, incubator=incubator.id)
    if all(one.accepted_at is not None for one in asked):
        left = {one.incubator_id for one in asked if not one.joins}
        joined = [one.incubator for one in asked if one.joins and one.incubator not in product.incubators]
        wanted = [i for i in product.incubators if i.id not in left] + joined
        session.execute(delete(IncubatorMove).where(IncubatorMove.product_id == product.id))
        _move(session, actor, product, wanted)


@transaction
def refuse_move(session: Session, actor: Person, incubator: Incubator, move_id: str) -> None:
    """This incubator says no: the whole falls, and who asked is told. Raises `Refusal`."""
    move = _asked(session, incubator, move_id)
    product = session.get_one(Product, move.product_id)
    session.execute(delete(IncubatorMove).where(IncubatorMove.product_id == product.id))
    at = clock.now().isoformat()
    jobs.enqueue(session, TellMoveRefused(move.asked_by_id, product.id, incubator.id, actor.name, at))
    record(session, actor, Action.REFUSE_MOVE, product.name, product_id=product.id, incubator=incubator.id)


def answers_for(grants: Sequence[Grant], incubator_id: str) -> bool:
    """Whether who holds these grants says yes or no in the name of an incubator."""
    return not policy.MOVERS.isdisjoint(policy.roles_on(grants, product_id=None, incubator_ids={incubator_id}))


def tell_move(session: Session, actor: Person | None, product: Product, before: Sequence[Incubator]) -> None:
    """Each member of an incubator that `product` left or joined is written to; it was of those of `before`."""
    left = [i for i in before if i not in product.incubators]
    joined = [i for i in product.incubators if i not in before]
    at = clock.now().isoformat()
    for incubator in (*left, *joined):
        members = select(Grant.person_id).where(Grant.role == Role.INCUBATOR_MEMBER, Grant.incubator_id == incubator.id)
        for person_id in session.scalars(members.order_by(Grant.person_id)):
            if actor is None or person_id != actor.id:
                by = actor.name if actor else "Jalon"
                jobs.enqueue(session, TellMoved(person_id, product.id, incubator.name, incubator in joined, by, at))


def _move(session: Session, actor: Person, product: Product, wanted: Sequence[Incubator]) -> None:
    before = list(product.incubators)
    product.incubators = list(wanted)
    session.flush()
    tell_move(session, actor, product, before)
    record(session, actor, Action.MOVE_PRODUCT, product.name, product_id=product.id)


_WHOLE = (
    joinedload(IncubatorMove.incubator),
    joinedload(IncubatorMove.product),
    joinedload(IncubatorMove.asked_by),
)


def _asked(session: Session, incubator: Incubator, move_id: str) -> IncubatorMove:
    move = session.get(IncubatorMove, move_id)
    if move is None or move.incubator_id != incubator.id or move.accepted_at is not None:
        raise Refusal(_l("Cette demande n’attend plus de réponse d’ici."))
    return move


def _answered_by(session: Session, actor: Person) -> Sequence[Grant]:
    return session.scalars(select(Grant).where(Grant.person_id == actor.id)).all()
