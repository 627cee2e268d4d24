"""A product's journal: who did what, when."""

from collections.abc import Callable, Mapping
from enum import Enum

from flask import Blueprint, render_template
from flask_babel import lazy_gettext as _l

from app.analysis.kinds import StudyStep
from app.homologation.kinds import Outcome, ReviewerRole, Verdict
from app.identity.forms import ROLE_WORDS
from app.identity.kinds import Role
from app.identity.policy import Permission
from app.journal import services
from app.journal.actions import SUBJECTS, Subject
from app.platform.http import db_session
from app.platform.i18n import language, word
from app.platform.pages import Page
from app.products.access import Product, product_view
from risk_models import catalogue
from risk_models.catalogue.pieces import pieces
from risk_models.scales import Approach, Need, RiskSourceKind, SecurityLevel

blueprint = Blueprint("journal", __name__, url_prefix="/produits/<slug>/journal")

_PARTS: dict[str, object] = {
    "ConditionOfUse": _l("une condition d’emploi"),
    "AcceptedRisk": _l("un risque accepté"),
    "Opinion": _l("un avis à demander"),
    "AttachedOpinion": _l("un avis joint"),
    "DossierDocument": _l("une pièce jointe"),
    "Piece": _l("une pièce du dossier"),
}


@blueprint.get("")
@product_view(Permission.READ_JOURNAL)
def entries(product: Product) -> str:
    page = Page.asked(services.PAGE, services.count_of(db_session(), product.id))
    found = services.entries_of(db_session(), product.id, page=page.number)
    lines = [(entry, _said(entry)) for entry in found]
    return render_template("home/journal.html", product=product, lines=lines, page=page)


def _said(entry: services.JournalEntry) -> str:
    """What an act is about, in the reader's words; as it was noted where no list holds it any more."""
    what, details = entry.what, entry.details
    subject = SUBJECTS.get(entry.action)
    match subject:
        case Subject.PERSON if details.get("role") in set(Role):
            return f"{what}, {ROLE_WORDS[Role(details['role'])]}"
        case Subject.SCENARIO if details.get("need") in set(Need):
            return f"{what}, {word(Need(details['need'])).lower()}"
        case Subject.COMMENT if details.get("step") in set(StudyStep):
            return f"{word(StudyStep(details['step']))} – {what}"
        case Subject.RISK_SOURCE if details.get("kind") in set(RiskSourceKind):
            return f"{word(RiskSourceKind(details['kind']))} {what}".strip()
        case Subject() if subject in _WORDS:
            return str(_WORDS[subject]().get(what, what))
    return what


def _of(kind: type[Enum]) -> Callable[[], Mapping[str, object]]:
    return lambda: {member.value: word(member) for member in kind}


# The words of objects of which only a code is kept.
_WORDS: Mapping[Subject, Callable[[], Mapping[str, object]]] = {
    Subject.DECISION: _of(Outcome),
    Subject.OPINION: _of(Verdict),
    Subject.REVIEWER: _of(ReviewerRole),
    Subject.STEP: _of(StudyStep),
    Subject.LEVEL: lambda: {level.name: word(level) for level in SecurityLevel},
    Subject.PIECE: lambda: {piece.id: piece.name for piece in pieces(Approach.ADVANCED, language())},
    Subject.MEASURE: lambda: {code: kind.name.in_(language()) for code, kind in catalogue.measures().items()},
    Subject.REGISTER: lambda: {"oui": _l("oui"), "non": _l("non")},
    Subject.DOSSIER_PART: lambda: _PARTS,
}
