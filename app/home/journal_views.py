"""A product's journal: who did what, when."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from flask import Blueprint, render_template
from flask_babel import lazy_gettext as _l

from app.analysis import services as analysis
from app.analysis.kinds import StudyStep
from app.homologation.kinds import Outcome, ReviewerRole, Verdict
from app.identity.forms import ROLE_WORDS
from app.identity.kinds import Role
from app.identity.policy import Permission
from app.journal import services
from app.platform.http import db_session
from app.platform.i18n import language, word
from app.platform.pages import Page
from app.products.access import Product, product_view
from risk_models import catalogue
from risk_models.catalogue.pieces import pieces
from risk_models.scales import Approach, Need, RiskSourceKind, SecurityLevel

blueprint = Blueprint("journal", __name__, url_prefix="/produits/<slug>/journal")

# What these acts are about is kept by its code in a closed list.
_LISTS: dict[str, type[Enum]] = {
    "decide": Outcome,
    "give_opinion": Verdict,
    "ask_reviewer": ReviewerRole,
    "take_step": StudyStep,
    "step_done": StudyStep,
    "step_reopened": StudyStep,
}
_LEVELS = frozenset({"security_needs", "want_level", "approve_level"})
_SOURCES = frozenset({"save_source", "remove_risk_source"})
_CODES: dict[str, dict[str, Any]] = {
    "public_register": {"oui": _l("oui"), "non": _l("non")},
    "remove_dossier_part": {
        "ConditionOfUse": _l("une condition d’emploi"),
        "AcceptedRisk": _l("un risque accepté"),
        "Opinion": _l("un avis à demander"),
        "AttachedOpinion": _l("un avis joint"),
        "DossierDocument": _l("une pièce jointe"),
        "Piece": _l("une pièce du dossier"),
    },
}


@blueprint.get("")
@product_view(Permission.READ_JOURNAL)
def entries(product: Product) -> str:
    page = Page.asked(services.PAGE, services.count_of(db_session(), product.id))
    found = services.entries_of(db_session(), product.id, page=page.number)
    assets = {a.ref: a.name for a in analysis.assets_of(db_session(), product.id)}
    lines = [(entry, _said(entry, assets)) for entry in found]
    return render_template("home/journal.html", product=product, lines=lines, page=page)


def _said(entry: services.JournalEntry, assets: Mapping[str, str]) -> str:
    """What an act is about, in the reader's words; as it was noted where no list holds it any more."""
    what, role = entry.what, str(entry.details.get("role", ""))
    if role in set(Role):
        return f"{what}, {ROLE_WORDS[Role(role)]}"
    before, _, after = what.partition(":")
    if before in assets and after in set(Need):
        return f"{assets[before]}, {word(Need(after)).lower()}"
    if entry.action == "comment" and before in set(StudyStep):
        return f"{word(StudyStep(before))} –{after}"
    kind, _, name = what.partition(" ")
    if entry.action in _SOURCES and kind in set(RiskSourceKind):
        return f"{word(RiskSourceKind(kind))} {name}".strip()
    return str(_words(entry.action).get(what, what))


def _words(action: str) -> Mapping[str, Any]:
    """The words of the codes that an act may be about."""
    if action in _LISTS:
        return {str(m.value): word(m) for m in _LISTS[action]}
    if action in _LEVELS:
        return {m.name: word(m) for m in SecurityLevel}
    if action == "answer_piece":
        return {p.id: p.name for p in pieces(Approach.ADVANCED, language())}
    if action == "remove_measure":
        return {code: kind.name.in_(language()) for code, kind in catalogue.measures().items()}
    return _CODES.get(action, {})
