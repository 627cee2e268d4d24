"""Where each of many products stands: the rule of `risk_models/rules/standing.py` read on what is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.homologation import dispensation_register, register
from app.homologation.kinds import DossierState, Origin
from app.homologation.models import Decision, Dossier, Opinion, Reservation
from app.platform import clock
from app.products.models import Product
from app.products.services import phase_values
from app.renewals.models import Postponement
from risk_models.rules import schedule
from risk_models.rules.standing import (
    DossierInHand,
    PastDispensation,
    Situation,
    Standing,
    holding_dispensation,
    where_it_stands,
)
from risk_models.scales import DeadlineKind
from risk_models.system import Phase


@dataclass(frozen=True, slots=True)
class ProductStanding:
    """A product today; `last`: the dossier of its last decision, whatever became of it; `in_hand`: the one not decided.

    `reservations`: by id, those of the last decision that have a day and nobody lifted; `dispensation`: the one that holds.
    """

    product: Product
    phase: Phase | None
    standing: Standing
    last: Dossier | None
    in_hand: Dossier | None
    reservations: Mapping[str, Reservation]
    put_off: Mapping[DeadlineKind, Postponement]
    dispensation: PastDispensation | None

    @property
    def decision(self) -> Decision | None:
        """The last decision unless it was withdrawn."""
        return self.last.decision if self.last and self.last.withdrawal is None else None

    @property
    def sealed(self) -> bool:
        """Whether the last decision was taken and sealed here."""
        return self.last is not None and self.last.origin is Origin.JALON


def standings_of_products(session: Session, products: Sequence[Product]) -> dict[str, ProductStanding]:
    """By id, where each of `products` (phases loaded) stands; seven queries, whatever their number."""
    ids, today = [p.id for p in products], clock.today()
    last, in_hand, put_off = register.last_dossiers(session, ids), _in_hand(session, ids), _put_off(session, ids)
    reservations = _reservations(session, list(last.values()))
    dispensed = dispensation_register.granted_of_many(session, ids)
    found = {}
    for product in products:
        phases, decided, dossier = phase_values(product.phases), last.get(product.id), in_hand.get(product.id)
        theirs = reservations.get(decided.id, {}) if decided else {}
        postponed = put_off.get(product.id, {})
        situation = Situation(
            today=today,
            phases=phases,
            archived=product.archived_on is not None,
            analysed=bool(product.declared_analysis),
            last=register.past_decision(decided) if decided else None,
            in_hand=_how_far(dossier) if dossier else None,
            reservations={r.id: r.lift_by for r in theirs.values() if r.lift_by},
            put_off={kind: row.until for kind, row in postponed.items()},
            dispensations=dispensed.get(product.id, ()),
        )
        found[product.id] = ProductStanding(
            product,
            schedule.current_phase(phases, today),
            where_it_stands(situation),
            decided,
            dossier,
            theirs,
            postponed,
            holding_dispensation(situation),
        )
    return found


def standing_of_product(session: Session, product: Product) -> ProductStanding:
    """Where `product` (phases loaded) stands."""
    return standings_of_products(session, [product])[product.id]


def _in_hand(session: Session, ids: Sequence[str]) -> dict[str, Dossier]:
    """By product, its dossier that is not decided, with who is asked for what."""
    rows = session.scalars(
        select(Dossier)
        .where(Dossier.product_id.in_(ids), Dossier.state != DossierState.DECIDED)
        .options(
            register.WITHOUT_CONTENT,
            joinedload(Dossier.authority),
            selectinload(Dossier.opinions).joinedload(Opinion.reviewer),
        )
    )
    return {dossier.product_id: dossier for dossier in rows}


def _how_far(dossier: Dossier) -> DossierInHand:
    if dossier.state is DossierState.DECISION:
        return DossierInHand.DECISION
    if dossier.state is DossierState.OPINIONS:
        waiting = any(opinion.given_at is None for opinion in dossier.opinions)
        return DossierInHand.OPINIONS if waiting else DossierInHand.OPINIONS_GIVEN
    return DossierInHand.DRAFT


def _reservations(session: Session, dossiers: Sequence[Dossier]) -> dict[str, dict[str, Reservation]]:
    """By dossier then id, what its authority set with a day and nobody has lifted, in the order of the decision."""
    found: dict[str, dict[str, Reservation]] = {}
    if not dossiers:
        return found
    rows = session.scalars(
        select(Reservation)
        .where(
            Reservation.dossier_id.in_([d.id for d in dossiers]),
            Reservation.lifted_on.is_(None),
            Reservation.lift_by.is_not(None),
        )
        .order_by(Reservation.position)
    )
    for row in rows:
        found.setdefault(row.dossier_id, {})[row.id] = row
    return found


def _put_off(session: Session, ids: Sequence[str]) -> dict[str, dict[DeadlineKind, Postponement]]:
    """By product and kind, what was put off the latest: it holds when the card moves the day that was put off."""
    found: dict[str, dict[DeadlineKind, Postponement]] = {}
    rows = select(Postponement).where(Postponement.product_id.in_(ids)).order_by(Postponement.until)
    for row in session.scalars(rows):
        found.setdefault(row.product_id, {})[row.kind] = row
    return found
