"""The page of one dossier, which every view of this feature comes back to."""

from flask import Response, abort, render_template, request
from flask_babel import gettext as _

from app.homologation import deciding, lifting, opinions, register, sealing, services
from app.homologation.forms import ConfirmElsewhereForm, DecisionForm, OpinionForm
from app.homologation.kinds import Act, DossierState
from app.homologation.models import Dossier, Opinion
from app.identity import directory, factors
from app.identity import services as identity
from app.identity.access import Person, current_person
from app.identity.directory import ListedAuthority
from app.identity.kinds import Role
from app.identity.policy import Permission
from app.platform import clock
from app.platform.extensions import document_storage
from app.platform.http import db_session, file_response
from app.platform.i18n import language
from app.platform.refusals import Refusal
from app.products.access import may
from app.products.models import Product
from reports import dossier as content
from reports.figures.matrix import draw_matrix
from reports.frozen import FrozenDossier, FrozenElsewhere
from reports.residual import count_risks, residual_risks
from reports.synthesis import (
    answers_by_component,
    contradictions,
    feared_events_by_severity,
    list_set_aside,
    proposed_scenarios,
    short_pieces,
    unproved_measures,
)
from risk_models import catalogue
from risk_models.rules import schedule
from risk_models.rules.standing import DecisionState
from risk_models.scales import Severity


def dossier_or_404(product: Product, number: int) -> Dossier:
    found = services.dossier_of(db_session(), product.id, number, lock=request.method == "POST")
    if found is None:
        abort(404)
    return found


def pdf_response(sha256: str, name: str) -> Response:
    """A stored PDF as a download."""
    return file_response(document_storage().get(sha256), "application/pdf", name)


def reading_page(
    product: Product,
    row: Dossier,
    *,
    opinion_form: OpinionForm | None = None,
    decision_form: DecisionForm | None = None,
    confirm_form: ConfirmElsewhereForm | None = None,
) -> str:
    """The same figures as the PDF, and what each reader may do now."""
    me = current_person()
    found = content.loads_any(row.content) if row.content else None
    if isinstance(found, FrozenElsewhere):
        return _elsewhere_page(product, row, found, confirm_form or ConfirmElsewhereForm(formdata=None))
    frozen = found if isinstance(found, FrozenDossier) else None
    since = opinions.read_since(db_session(), product, row) if row.state is DossierState.OPINIONS else None
    mine = next((o for o in row.opinions if o.reviewer_id == me.id), None)
    may_decide = (
        row.state is DossierState.DECISION and may(Permission.DECIDE) and deciding.may_decide(db_session(), me, row)
    )
    return render_template(
        "homologation/read.html",
        product=product,
        dossier=row,
        frozen=frozen,
        decision_state=_decision_state(product, row),
        **(_synthesis(frozen) if frozen else {}),
        my_opinion=mine if row.state is DossierState.OPINIONS and may(Permission.GIVE_OPINION) else None,
        opinion_form=opinion_form or _opinion_form(row, mine),
        since=since,
        may_decide=may_decide,
        has_factor=may_decide and bool(factors.factors_of(db_session(), me.id)),
        **_acts_on_decision(row),
        may_record_signed=may(Permission.RECORD_SIGNED),
        may_record=row.state is DossierState.DECISION and row.has_pdf and may(Permission.RECORD_SIGNED),
        decision_form=decision_form or _decision_form(row),
        asked=deciding.read_asked(db_session(), product.id, frozen) if may_decide and frozen else None,
        may_compose=may(Permission.COMPOSE_DOSSIER),
        days_waiting=(clock.now() - row.state_since).days,
        pending=services.waited_people(row),
        opinions_given=any(o.given_at for o in row.opinions),
        would_end=schedule.expiry_day(clock.today(), row.requested_months),
        **seal_state(row),
    )


def _elsewhere_page(product: Product, row: Dossier, found: FrozenElsewhere, form: ConfirmElsewhereForm) -> str:
    return render_template(
        "homologation/elsewhere.html",
        product=product,
        dossier=row,
        recorded_by=found.recorded_by,
        decision_state=_decision_state(product, row),
        may_compose=may(Permission.COMPOSE_DOSSIER),
        may_confirm=row.confirmed is None and may(Permission.VOUCH),
        confirm_form=form,
        **_acts_on_decision(row),
        **seal_state(row),
    )


def _synthesis(frozen: FrozenDossier) -> dict[str, object]:
    remaining = residual_risks(frozen)
    return {
        "matrix": draw_matrix(count_risks(frozen), language()),
        "names": frozen.system.names(),
        "answers": answers_by_component(frozen.system, language()),
        "unproved": len(unproved_measures(frozen.system)),
        "short_pieces": short_pieces(frozen),
        "proposed": proposed_scenarios(frozen),
        "residual": remaining,
        "contradictions": contradictions(frozen, language()),
        "set_aside": list_set_aside(frozen, language()),
        "feared_events": feared_events_by_severity(frozen),
        "measures": catalogue.measures(),
        "grave_points": catalogue.loss_weight(Severity.SERIOUS),
    }


def _opinion_form(row: Dossier, mine: Opinion | None) -> OpinionForm:
    """Filled with what its reviewer said of this version, or of the one before."""
    shown = {"shown_sha256": row.content_sha256}
    if mine and mine.verdict:
        return OpinionForm(formdata=None, data=shown | {"verdict": mine.verdict, "text": mine.text})
    if mine and mine.former_verdict:
        return OpinionForm(formdata=None, data=shown | {"verdict": mine.former_verdict, "text": mine.former_text})
    return OpinionForm(formdata=None, data=shown)


def _acts_on_decision(row: Dossier) -> dict[str, bool]:
    return {"may_withdraw": _may_withdraw(row), "may_lift": _may_lift(row)}


def _may_withdraw(row: Dossier) -> bool:
    if not may(Permission.DECIDE):
        return False
    try:
        deciding.to_withdraw(db_session(), current_person(), row)
    except Refusal:
        return False
    return True


def _may_lift(row: Dossier) -> bool:
    may_act = row.decision is not None and may(Permission.LIFT_RESERVATION)
    return may_act and bool(lifting.quality_of(db_session(), current_person(), row))


def _decision_state(product: Product, row: Dossier) -> DecisionState | None:
    if row.decision is None:
        return None
    return next(e.state for e in register.decided_entries(db_session(), [product]) if e.dossier.id == row.id)


def seal_state(row: Dossier) -> dict[str, object]:
    """What the pages say of a dossier's seal: the files issued, and whether a timestamp is still to come."""
    issued = sealing.issued_files(db_session(), row, Act.DECISION) if row.decision else []
    return {
        "issued": issued,
        "fault": sealing.fault_of(row),
        "trial": bool(row.decision) and sealing.is_trial(),
        "timestamp_pending": bool(issued and sealing.get_sealer().timestamp_url and not issued[0].timestamped),
        "withdrawal_ready": bool(row.withdrawal and sealing.issued_files(db_session(), row, Act.WITHDRAWAL)),
    }


def _decision_form(row: Dossier) -> DecisionForm:
    return DecisionForm(formdata=None, data={"months": row.requested_months, "shown_sha256": row.content_sha256})


def authorities_to_choose(product: Product) -> list[tuple[str, str]]:
    """Id and words of those who may decide of the product (its incubators loaded): who it is and how Jalon knows it."""
    incubators = [i.id for i in product.incubators]
    people = identity.people_with_role(db_session(), Role.AUTHORITY, product.id, incubators)
    known = directory.vouchings_of(db_session(), [p.id for p in people], incubators)
    return [(p.id, _told_authority(p, known.get(p.id))) for p in people]


def _told_authority(person: Person, known: ListedAuthority | None) -> str:
    if known:
        return f"{person.name}, {known.function}, {known.entity} ({person.email})"
    told = _("%(name)s (%(email)s), que l’incubateur n’a pas encore confirmée", name=person.name, email=person.email)
    return str(told)
