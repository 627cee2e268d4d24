"""The journal: who did what, when; of a product, an incubator, the platform, or of oneself."""

from collections.abc import Callable, Mapping
from datetime import date
from enum import Enum

from flask import Blueprint, Response, abort, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement

from app.analysis.kinds import StudyStep
from app.homologation.kinds import Outcome, ReviewerRole, Verdict
from app.identity.access import current_person, requires
from app.identity.forms import ROLE_WORDS
from app.identity.kinds import Role
from app.identity.policy import Permission
from app.journal import chain, services
from app.journal.actions import SUBJECTS, Subject
from app.platform.extensions import document_storage
from app.platform.http import db_session, file_response
from app.platform.i18n import language, word
from app.platform.pages import Page
from app.portfolio.access import incubator_view
from app.products.access import Incubator, Product, product_view
from app.products.services import ids_of_incubator, names_of_products
from risk_models import catalogue
from risk_models.catalogue.pieces import pieces
from risk_models.scales import Approach, Need, RiskSourceKind, SecurityLevel

blueprint = Blueprint("journal", __name__)
_DAYS_SHOWN = 7

_PARTS: dict[str, object] = {
    "ConditionOfUse": _l("une condition d’emploi"),
    "AcceptedRisk": _l("un risque que l’équipe propose d’accepter"),
    "Opinion": _l("un avis à demander"),
    "AttachedOpinion": _l("un avis joint"),
    "DossierDocument": _l("une pièce jointe"),
    "Piece": _l("une pièce du dossier"),
}


@blueprint.get("/produits/<slug>/journal")
@product_view(Permission.READ_JOURNAL)
def entries(product: Product) -> str:
    return _page("home/journal.html", services.about_product(product.id), product=product)


@blueprint.get("/incubateurs/<slug>/journal")
@incubator_view(Permission.READ_INCUBATOR)
def of_incubator(found: Incubator) -> str:
    products = ids_of_incubator(found.id)
    title = _("Journal de « %(name)s »", name=found.name)
    which = services.about_incubator(found.id, products)
    return _page(
        "home/wide_journal.html", which, title=title, endpoint="journal.of_incubator", address={"slug": found.slug}
    )


@blueprint.get("/plateforme/journal")
@requires(Permission.READ_WHOLE_JOURNAL, everywhere=True)
def of_platform() -> str:
    title = _("Journal de toute la plateforme")
    days = chain.kept_days(db_session(), _DAYS_SHOWN)
    which = services.everything()
    return _page("home/wide_journal.html", which, title=title, endpoint="journal.of_platform", address={}, days=days)


@blueprint.get("/plateforme/journal/tetes/<day>.p7m")
@requires(Permission.READ_WHOLE_JOURNAL, everywhere=True)
def head_of_day(day: str) -> Response:
    """The head of the journal on a day, as it was sealed: to be kept outside, and read without Jalon."""
    try:
        found = chain.kept_day(db_session(), date.fromisoformat(day)) or abort(404)
    except ValueError:
        abort(404)
    sealed = document_storage().get(found.sha256)
    return file_response(sealed, "application/pkcs7-mime", f"journal-{day}.p7m")


@blueprint.get("/compte/journal")
@requires(Permission.SIGNED_IN)
def of_oneself() -> str:
    """What was done under one's name, and to one's account: what one did not do is told to the administrators."""
    title = _("Ce qui a été fait à votre nom, et à votre compte")
    which = services.about_person(current_person().id, current_person().email)
    return _page("home/wide_journal.html", which, title=title, endpoint="journal.of_oneself", address={})


def _page(template: str, which: ColumnElement[bool], **values: object) -> str:
    page = Page.asked(services.PAGE, services.count_entries(db_session(), which))
    found = services.read_entries(db_session(), which, page=page.number)
    names = names_of_products(db_session(), {e.product_id for e in found if e.product_id})
    lines = [(entry, _said(entry)) for entry in found]
    return render_template(template, lines=lines, page=page, names=names, **values)


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
