"""What proves the measures: read, given, withdrawn; files served as downloads only."""

from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.analysis import services as analysis
from app.evidence import connectors, proofs, repositories, services
from app.evidence.connectors import Scope
from app.evidence.forms import EvidenceForm
from app.evidence.services import Shown
from app.identity.access import current_person
from app.identity.policy import Permission
from app.mitigations import services as mitigations
from app.platform import attachments
from app.platform.http import db_session
from app.products.access import Product, may, product_view
from risk_models import catalogue
from risk_models.scales import CLAIMED

blueprint = Blueprint("evidence", __name__, url_prefix="/produits/<slug>")


@blueprint.get("/preuves")
@product_view(Permission.READ_PRODUCT)
def index(product: Product) -> str:
    session = db_session()
    system = analysis.read_system(session, product)
    rows = mitigations.measures_of(session, product.id)
    proof_by_row = mitigations.proofs_by_row(rows, system)
    given = services.evidence_of(session, product.id)
    shared = connectors.shared_connectors(session, product)
    return render_template(
        "evidence/index.html",
        product=product,
        unclaimed=proofs.shown_unclaimed(given, {m.measure for m in system.measures}),
        claimed=[(row, proof_by_row[row.id]) for row in rows if row.status in CLAIMED],
        inherited=[m for m in system.measures if m.inherited_from],
        kinds=catalogue.measures(),
        seen=[e for e in given if e.check],
        given=[e for e in given if not e.check],
        state_of=proofs.shown_state,
        connectors=connectors.connectors_of(session, Scope(product=product)),
        shared=shared,
        unconfirmed=repositories.waits_for_confirmation(session, product, shared),
        may_edit=may(Permission.EDIT_PRODUCT),
    )


@blueprint.route("/mesures/<measure_id>/preuve", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def attest(product: Product, measure_id: str) -> str | AnyResponse:
    measure = mitigations.measure_of(db_session(), product.id, measure_id)
    kind = catalogue.measures().get(measure.measure) if measure else None
    if measure is None or kind is None:
        abort(404)
    form = EvidenceForm()
    if form.validate_on_submit() and form.observed_on.data:
        shown = Shown(
            observed_on=form.observed_on.data,
            note=form.note.data or "",
            link=form.link.data or "",
            file=attachments.read_given(form.file.data),
        )
        with form.showing_refusal():
            row = services.attest_measure(db_session(), current_person(), product, measure, shown)
            flash(
                _("La preuve est gardée. Elle vaut jusqu’au %(day)s.", day=row.good_until.strftime("%d/%m/%Y")),
                "success",
            )
            return redirect(url_for("evidence.index", slug=product.slug))
    return render_template("evidence/attest.html", product=product, form=form, measure=measure, kind=kind)


@blueprint.post("/preuves/<evidence_id>/retirer")
@product_view(Permission.EDIT_PRODUCT)
def withdraw(product: Product, evidence_id: str) -> AnyResponse:
    services.withdraw_proof(db_session(), current_person(), product, evidence_id)
    flash(_("La preuve est retirée : la mesure compte moins tant que vous n’en donnez pas une autre."), "success")
    return redirect(url_for("evidence.index", slug=product.slug))


@blueprint.get("/preuves/<evidence_id>/fichier")
@product_view(Permission.READ_PRODUCT)
def document(product: Product, evidence_id: str) -> Response:
    """Never shown by the browser: what a person gave is only ever downloaded."""
    row = services.document_of(db_session(), product.id, evidence_id)
    if row is None:
        abort(404)
    return attachments.download_attachment(row.sha256, row.file_name)
