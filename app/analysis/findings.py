"""Findings: those that somebody accepts to live with, for a reason and until a day; where the others are mended."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.acceptance import check_until
from app.analysis.models import AcceptedFinding
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock
from app.platform.i18n import format_day
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from risk_models import catalogue
from risk_models.assessment import Finding
from risk_models.ranking.remedies import Remedy


def read_acceptances(session: Session, product_id: str) -> dict[str, AcceptedFinding]:
    """By key of finding, those that were accepted, expired ones included."""
    rows = session.scalars(select(AcceptedFinding).where(AcceptedFinding.product_id == product_id)).all()
    return {row.finding: row for row in rows}


def split_findings(
    found: Sequence[Finding], accepted: dict[str, AcceptedFinding], today: date
) -> tuple[list[Finding], list[Finding]]:
    """Findings that are open, and those accepted on `today`."""
    held = [f for f in found if f.key in accepted and accepted[f.key].until >= today]
    return [f for f in found if f not in held], held


@transaction
def accept_finding(
    session: Session, actor: Person, product: Product, found: Finding, *, reason: str, until: date
) -> None:
    """Accepts `found` until a day. Raises `Refusal` at the field that is wrong."""
    today = clock.today()
    check_until(until, "until")
    held = read_acceptances(session, product.id).get(found.key)
    if held and held.until >= today:
        raise Refusal(
            _l(
                "%(name)s l’a déjà laissé en l’état jusqu’au %(day)s : pour le changer, rouvrez-le d’abord.",
                name=held.accepted_by,
                day=format_day(held.until),
            )
        )
    row = held or AcceptedFinding(product_id=product.id, finding=found.key)
    row.reason, row.accepted_by, row.accepted_on, row.until = reason, actor.name, today, until
    session.add(row)
    title = catalogue.finding_text(found, "fr", {})
    record(session, actor, Action.ACCEPT_FINDING, title, product_id=product.id, until=until.isoformat())


@transaction
def reopen_finding(session: Session, actor: Person, product: Product, found: Finding) -> None:
    """Takes the acceptance of `found` back."""
    row = read_acceptances(session, product.id).get(found.key)
    if row is None:
        raise Refusal(_l("Ce constat est déjà ouvert."))
    record(session, actor, Action.REOPEN_FINDING, catalogue.finding_text(found, "fr", {}), product_id=product.id)
    session.delete(row)


# Where what a rule finds is mended, unless a measure answers it or it is on the components' page.
_MENDED_ON = {
    "single_administrator": "products.team",
    "nobody_to_call": "products.team",
    "asset_nowhere": "analysis.assets",
    "unknown_version": "versions.index",
    "late_measure": "mitigations.measures",
    "measure_without_owner": "mitigations.measures",
}


_LABELS = {
    "inventory.components": _l("Voir les composants"),
    "products.team": _l("Voir l’équipe"),
    "versions.index": _l("Saisir les versions"),
    "analysis.assets": _l("Voir ce que l’on protège"),
    "mitigations.measures": _l("Voir les mesures"),
}


def mended_at(remedy: Remedy) -> tuple[Any, str, dict[str, Any]]:
    """Where a remedy is applied: what its button says, the endpoint of the page, and what its address names."""
    rule = remedy.rule
    if remedy.rests_on_facts:
        return _l("Répondre"), "inventory.access", {"ref": remedy.components[0]}
    if rule.measure:
        return _l("Répondre"), "mitigations.new_measure", {"mesure": rule.measure, "sur": list(remedy.answered_on)}
    page = _MENDED_ON.get(rule.id, "inventory.components")
    return _LABELS[page], page, {}
