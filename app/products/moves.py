"""A product leaves or joins incubators with the yes of each: whoever asks only proposes, and it is done once all have answered."""

from collections.abc import Collection, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from app.identity import services as identity
from app.identity.acts import ActScope, check_act
from app.identity.jobs import AskMove, TellMoved, TellMoveRefused
from app.identity.kinds import Role
from app.identity.models import Grant, Person
from app.identity.policy import BindingAct
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, jobs
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Incubator, IncubatorMove, Product

# Who asks where nobody signed in did.
JALON = "Jalon"


def propose_move(session: Session, actor: Person | None, product: Product, wanted: Sequence[Incubator]) -> bool:
    """Asks each incubator that `product` would leave or join, and those that would share it; whether it is done at once, all
    being the actor's to answer for. None: the command line, which answers for incubators without members.

    Within its caller's transaction. What was asked before and is not answered falls when something else is asked.
    """
    before = list(product.incubators)
    joined = [i for i in wanted if i not in before]
    concerned = [i for i in dict.fromkeys((*before, *wanted)) if i not in before or i not in wanted or joined]
    if not joined and all(i in wanted for i in before):
        return True  # another field of the card was mended: what was asked still waits
    if is_asked(session, product, wanted):
        return False
    session.execute(delete(IncubatorMove).where(IncubatorMove.product_id == product.id))
    answering = {i.id: identity.people_answering_for(session, i.id) for i in concerned}
    mine = {key for key, people in answering.items() if _answers(session, actor, key, people)}
    if mine == answering.keys():
        _move(session, actor, product, wanted)
        return True
    now = clock.now()
    for incubator in concerned:
        session.add(
            IncubatorMove(
                id=new_id(),
                product_id=product.id,
                incubator_id=incubator.id,
                joins=incubator not in before,
                stays=incubator in before and incubator in wanted,
                asked_by_id=actor.id if actor else None,
                asked_at=now,
                accepted_at=now if incubator.id in mine else None,
            )
        )
        for person in answering[incubator.id] if incubator.id not in mine else ():
            by = actor.name if actor else JALON
            jobs.enqueue(session, AskMove(person.id, product.id, incubator.id, by, now.isoformat()))
    session.flush()
    record(session, actor, Action.ASK_MOVE, product.name, product_id=product.id, **_from_to(before, wanted))
    return False


def is_asked(session: Session, product: Product, wanted: Sequence[Incubator]) -> bool:
    """Whether this very change of incubators waits for answers."""
    asked = moves_of(session, product.id)
    left = {one.incubator_id for one in asked if not one.joins and not one.stays}
    joined = {one.incubator_id for one in asked if one.joins}
    ids = {i.id for i in product.incubators}
    return bool(asked) and (ids - left) | joined == {i.id for i in wanted}


def _answers(session: Session, actor: Person | None, incubator_id: str, answering: Sequence[Person]) -> bool:
    """Whether `actor` says yes or no in the name of an incubator: one of its members, an administrator where it has none."""
    if actor is not None:
        return any(person.id == actor.id for person in answering)
    member = select(Grant.id).where(Grant.role == Role.INCUBATOR_MEMBER, Grant.incubator_id == incubator_id)
    return session.scalar(member.limit(1)) is None


def _from_to(before: Sequence[Incubator], after: Sequence[Incubator]) -> dict[str, list[str]]:
    return {"before": sorted(i.slug for i in before), "after": sorted(i.slug for i in after)}


def moves_of(session: Session, product_id: str) -> Sequence[IncubatorMove]:
    """What a product asked and that is not done, by incubator."""
    asked = select(IncubatorMove).where(IncubatorMove.product_id == product_id).options(*_WHOLE)
    return sorted(session.scalars(asked), key=lambda move: move.incubator.name.lower())


def moves_to_answer(session: Session, incubator_id: str) -> Sequence[IncubatorMove]:
    """What an incubator is asked and has not answered, the oldest first."""
    asked = select(IncubatorMove).where(IncubatorMove.incubator_id == incubator_id, IncubatorMove.accepted_at.is_(None))
    return session.scalars(asked.options(*_WHOLE).order_by(IncubatorMove.asked_at, IncubatorMove.id)).all()


def destinations_of(session: Session, product_ids: Collection[str]) -> dict[str, list[str]]:
    """By product id, the names of the incubators that it asks to join, in order."""
    joined = (
        select(IncubatorMove.product_id, Incubator.name)
        .join(Incubator, Incubator.id == IncubatorMove.incubator_id)
        .where(IncubatorMove.joins, IncubatorMove.product_id.in_(product_ids))
        .order_by(Incubator.name)
    )
    found: dict[str, list[str]] = {product_id: [] for product_id in product_ids}
    for product_id, name in session.execute(joined):
        found[product_id].append(name)
    return found


@transaction
def accept_move(session: Session, actor: Person, incubator: Incubator, move_id: str) -> None:
    """This incubator says yes; with the last yes the product moves. Raises `Refusal`."""
    move = _asked(session, actor, incubator, move_id)
    move.accepted_at = clock.now()
    session.flush()
    product = session.get_one(Product, move.product_id, options=[joinedload(Product.incubators)])
    asked = moves_of(session, product.id)
    record(session, actor, Action.ACCEPT_MOVE, product.name, product_id=product.id, incubator=incubator.id)
    if all(one.accepted_at is not None for one in asked):
        left = {one.incubator_id for one in asked if not one.joins and not one.stays}
        joined = [one.incubator for one in asked if one.joins and one.incubator not in product.incubators]
        wanted = [i for i in product.incubators if i.id not in left] + joined
        before, asker = list(product.incubators), move.asked_by_id
        session.execute(delete(IncubatorMove).where(IncubatorMove.product_id == product.id))
        _move(session, actor, product, wanted)
        if asker is not None and asker != actor.id:
            _tell_moved(session, [asker], actor.name, product, before)


@transaction
def refuse_move(session: Session, actor: Person, incubator: Incubator, move_id: str) -> None:
    """This incubator says no: the whole falls, and who asked is told. Raises `Refusal`."""
    move = _asked(session, actor, incubator, move_id)
    product = session.get_one(Product, move.product_id)
    agreed = [one.incubator_id for one in moves_of(session, product.id) if one.accepted_at is not None]
    members = select(Grant.person_id).where(Grant.role == Role.INCUBATOR_MEMBER, Grant.incubator_id.in_(agreed))
    told = ({*session.scalars(members)} | ({move.asked_by_id} if move.asked_by_id else set())) - {actor.id}
    session.execute(delete(IncubatorMove).where(IncubatorMove.product_id == product.id))
    at = clock.now().isoformat()
    for person_id in sorted(told):
        jobs.enqueue(session, TellMoveRefused(person_id, product.id, incubator.id, actor.name, at))
    record(session, actor, Action.REFUSE_MOVE, product.name, product_id=product.id, incubator=incubator.id)


@transaction
def cancel_move(session: Session, actor: Person, product: Product) -> None:
    """Whoever may change the card takes back what it asked. Raises `Refusal`."""
    if not moves_of(session, product.id):
        raise Refusal(_l("Cette demande n’attend plus de réponse."))
    session.execute(delete(IncubatorMove).where(IncubatorMove.product_id == product.id))
    record(session, actor, Action.CANCEL_MOVE, product.name, product_id=product.id)


def tell_move(session: Session, actor: Person | None, product: Product, before: Sequence[Incubator]) -> None:
    """Each member of the incubators that `product`, of those of `before`, left, joined or shares is written to."""
    concerned = {i.id for i in (*before, *product.incubators)}
    members = select(Grant.person_id).where(Grant.role == Role.INCUBATOR_MEMBER, Grant.incubator_id.in_(concerned))
    told = sorted(set(session.scalars(members)) - ({actor.id} if actor else set()))
    _tell_moved(session, told, actor.name if actor else JALON, product, before)


def _tell_moved(
    session: Session, people: Sequence[str], by: str, product: Product, before: Sequence[Incubator]
) -> None:
    left = [i for i in before if i not in product.incubators]
    joined = [i for i in product.incubators if i not in before]
    at = clock.now().isoformat()
    for incubator in (*left, *joined):
        for person_id in people:
            jobs.enqueue(session, TellMoved(person_id, product.id, incubator.name, incubator in joined, by, at))


def _move(session: Session, actor: Person | None, product: Product, wanted: Sequence[Incubator]) -> None:
    before = list(product.incubators)
    product.incubators = list(wanted)
    session.flush()
    tell_move(session, actor, product, before)
    for incubator in dict.fromkeys((*before, *wanted)):  # the one that was left reads it too
        said = {"incubator": incubator.id, **_from_to(before, wanted)}
        record(session, actor, Action.MOVE_PRODUCT, product.name, product_id=product.id, **said)


_WHOLE = (
    joinedload(IncubatorMove.incubator),
    joinedload(IncubatorMove.product),
    joinedload(IncubatorMove.asked_by),
)


def _asked(session: Session, actor: Person, incubator: Incubator, move_id: str) -> IncubatorMove:
    move = session.get(IncubatorMove, move_id)
    if move is None or move.incubator_id != incubator.id or move.accepted_at is not None:
        raise Refusal(_l("Cette demande n’attend plus de réponse d’ici."))
    check_act(session, actor, BindingAct.ANSWER_MOVE, ActScope(incubator_ids=(incubator.id,)))
    if not _answers(session, actor, incubator.id, identity.people_answering_for(session, incubator.id)):
        raise Refusal(
            _l("Un incubateur qui a des membres répond lui-même : l’administration ne répond pas à sa place.")
        )
    return move
