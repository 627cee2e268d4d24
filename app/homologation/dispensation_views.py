"""Dispensations: asked by the team, granted, refused or ended by an authority, listed in their register."""

from datetime import date

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app.homologation import dispensation_cases, dispensation_register, dispensing, sealing
from app.homologation.dispensation_forms import (
    AskDispensationForm,
    DispensationCaseForm,
    EndDispensationForm,
    GrantDispensationForm,
    RefuseDispensationForm,
)
from app.homologation.dispensation_models import Dispensation
from app.homologation.dispensing import AskedDispensation
from app.homologation.kinds import Act, DispensationState
from app.homologation.pages import authorities_to_choose, pdf_response
from app.identity import policy
from app.identity.access import current_person, requires
from app.identity.factor_views import render_proof_page
from app.identity.policy import Permission
from app.platform import attachments, clock
from app.platform.extensions import limit_posts
from app.platform.http import db_session
from app.platform.refusals import Refusal
from app.products import services as products
from app.products.access import Product, may, product_view
from reports import dossier as content

blueprint = Blueprint("dispensations", __name__)
_PRODUCT = "/produits/<slug>/dispenses"
_ONE = f"{_PRODUCT}/<int(max=9999):number>"


@blueprint.get("/dispenses")
@requires(Permission.SIGNED_IN)
def register() -> str:
    """The register of dispensations: all that was asked for the products that one may read."""
    found = {p.id: p for p in products.readable_products(db_session(), current_person())}
    asked = dispensation_register.dispensations_of(db_session(), list(found))
    rows = [(d, found[d.row.product_id]) for d in dispensation_register.read_states(db_session(), asked)]
    order = list(DispensationState)
    return render_template(
        "dispensations/register.html",
        rows=sorted(rows, key=lambda pair: (order.index(pair[0].state), pair[0].row.ends_on, pair[1].name)),
        cases=dispensation_cases.known_cases(db_session()),
    )


@blueprint.get("/dispenses/cas")
@requires(Permission.SIGNED_IN)
def cases() -> str:
    return render_template(
        "dispensations/cases.html",
        cases=dispensation_cases.usable_cases(db_session()),
        added=dispensation_cases.added_cases(db_session()),
        may_edit=policy.allows(Permission.EDIT_CATALOGUE, {grant.role for grant in current_person().grants}),
    )


@blueprint.route("/dispenses/cas/nouveau", methods=["GET", "POST"])
@requires(Permission.EDIT_CATALOGUE)
def new_case() -> str | BaseResponse:
    form = DispensationCaseForm()
    if form.validate_on_submit():
        with form.showing_refusal():
            dispensation_cases.add_case(db_session(), current_person(), form.fill())
            flash(_("Le cas est ajouté : les équipes peuvent le demander."), "success")
            return redirect(url_for("dispensations.cases"))
    return render_template("dispensations/new_case.html", form=form)


@blueprint.post("/dispenses/cas/<case_id>/retirer")
@requires(Permission.EDIT_CATALOGUE)
def retire_case(case_id: str) -> BaseResponse:
    row = dispensation_cases.added_cases(db_session()).get(case_id) or abort(404)
    dispensation_cases.retire_case(db_session(), current_person(), row)
    flash(_("Le cas est retiré : ce qui a été accordé tient toujours."), "success")
    return redirect(url_for("dispensations.cases"))


@blueprint.get(_PRODUCT)
@product_view(Permission.READ_PRODUCT)
def index(product: Product) -> str:
    found = dispensation_register.dispensations_of(db_session(), [product.id])
    return render_template(
        "dispensations/index.html",
        product=product,
        rows=dispensation_register.read_states(db_session(), found),
        cases=dispensation_cases.known_cases(db_session()),
        may_ask=may(Permission.COMPOSE_DOSSIER) and not any(d.is_waiting for d in found),
    )


@blueprint.route(f"{_PRODUCT}/demander", methods=["GET", "POST"])
@product_view(Permission.COMPOSE_DOSSIER)
def ask(product: Product) -> str | BaseResponse:
    form = AskDispensationForm()
    form.offer(dispensation_cases.usable_cases(db_session()), authorities_to_choose(product))
    if form.validate_on_submit():
        with form.showing_refusal():
            asked = AskedDispensation(
                form.case.data or "", form.reason.data or "", form.ends_on.data or date.min, form.authority.data or ""
            )
            if asked.authority_id not in dict(authorities_to_choose(product)):
                raise Refusal(_("Choisissez qui décidera."), "authority")
            file = attachments.read_given(form.file.data)
            found = dispensing.ask_dispensation(db_session(), current_person(), product, asked, file)
            flash(_("La dispense est demandée : l’autorité est prévenue."), "success")
            return redirect(url_for("dispensations.read", slug=product.slug, number=found.number))
    return render_template("dispensations/ask.html", product=product, form=form)


def _dispensation_or_404(product: Product, number: int) -> Dispensation:
    found = dispensation_register.dispensation_of(db_session(), product.id, number, lock=request.method == "POST")
    return found or abort(404)


@blueprint.get(_ONE)
@product_view(Permission.READ_PRODUCT)
def read(product: Product, number: int) -> str:
    found = _dispensation_or_404(product, number)
    return render_template(
        "dispensations/read.html",
        product=product,
        found=found,
        shown=dispensation_register.read_states(db_session(), [found])[0],
        is_past=found.ends_on <= clock.today(),
        case=dispensation_cases.known_cases(db_session())[found.case],
        may_cancel=found.is_waiting and may(Permission.COMPOSE_DOSSIER),
        may_answer=may(Permission.DECIDE) and dispensing.may_answer(db_session(), current_person(), found),
        may_end=_may_end(found),
        files={act: sealing.issued_files(db_session(), found, act) for act in (Act.DISPENSATION, Act.DISPENSATION_END)},
        fault=sealing.fault_of(found),
    )


def _may_end(found: Dispensation) -> bool:
    if not may(Permission.DECIDE):
        return False
    try:
        dispensing.check_ending(db_session(), current_person(), found)
    except Refusal:
        return False
    return True


@blueprint.post(f"{_ONE}/retirer")
@product_view(Permission.COMPOSE_DOSSIER)
def cancel(product: Product, number: int) -> BaseResponse:
    dispensing.cancel_dispensation(db_session(), current_person(), product, _dispensation_or_404(product, number))
    flash(_("La demande est retirée."), "info")
    return redirect(url_for("dispensations.index", slug=product.slug))


@blueprint.route(f"{_ONE}/accorder", methods=["GET", "POST"])
@product_view(Permission.DECIDE)
@limit_posts(20)
def grant(product: Product, number: int) -> str | BaseResponse:
    """The page as it will be sealed, and the second factor of who grants it."""
    found, form = _dispensation_or_404(product, number), GrantDispensationForm()
    if "code" in request.form and form.validate():
        with form.showing_refusal():
            signed = form.signed_sha256.data or ""
            dispensing.grant_dispensation(db_session(), current_person(), product, found, signed, form.proof())
            flash(_("La dispense est accordée. Sa page scellée se prépare."), "success")
            return redirect(url_for("dispensations.read", slug=product.slug, number=number))
    text = dispensing.prepare_grant(db_session(), current_person(), product, found)
    signed = content.sha256(text)
    return render_proof_page(
        "dispensations/grant.html",
        dispensing.grant_purpose(signed),
        form,
        product=product,
        found=found,
        page=content.loads_any(text),
        case=dispensation_cases.known_cases(db_session())[found.case],
        signed=signed,
    )


@blueprint.route(f"{_ONE}/refuser", methods=["GET", "POST"])
@product_view(Permission.DECIDE)
@limit_posts(20)
def refuse(product: Product, number: int) -> str | BaseResponse:
    found, form = _dispensation_or_404(product, number), RefuseDispensationForm()
    dispensing.check_answering(db_session(), current_person(), found)
    if "code" in request.form and form.validate():
        with form.showing_refusal():
            dispensing.refuse_dispensation(
                db_session(), current_person(), product, found, form.reason.data or "", form.proof()
            )
            flash(_("La dispense est refusée : l’équipe est prévenue."), "success")
            return redirect(url_for("dispensations.read", slug=product.slug, number=number))
    return render_proof_page(
        "dispensations/refuse.html", dispensing.refuse_purpose(found), form, product=product, found=found
    )


@blueprint.route(f"{_ONE}/terminer", methods=["GET", "POST"])
@product_view(Permission.DECIDE)
@limit_posts(20)
def end(product: Product, number: int) -> str | BaseResponse:
    found, form = _dispensation_or_404(product, number), EndDispensationForm()
    dispensing.check_ending(db_session(), current_person(), found)
    if "code" in request.form and form.validate():
        with form.showing_refusal():
            dispensing.end_dispensation(
                db_session(), current_person(), product, found, form.reason.data or "", form.proof()
            )
            flash(_("La dispense est terminée. Sa page scellée se prépare."), "success")
            return redirect(url_for("dispensations.read", slug=product.slug, number=number))
    return render_proof_page(
        "dispensations/end.html", dispensing.end_purpose(found), form, product=product, found=found
    )


@blueprint.get(f"{_ONE}/dispense.pdf")
@product_view(Permission.READ_PRODUCT)
def pdf(product: Product, number: int) -> Response:
    """The sealed page: granted, or refused."""
    return _sealed(product, number, Act.DISPENSATION, "dispense")


@blueprint.get(f"{_ONE}/fin.pdf")
@product_view(Permission.READ_PRODUCT)
def end_pdf(product: Product, number: int) -> Response:
    return _sealed(product, number, Act.DISPENSATION_END, "fin-de-dispense")


def _sealed(product: Product, number: int, act: Act, name: str) -> Response:
    files = sealing.issued_files(db_session(), _dispensation_or_404(product, number), act)
    if not files:
        abort(404)
    return pdf_response(files[0].sha256, f"{product.slug}-{name}-{number}.pdf")


@blueprint.get(f"{_ONE}/document")
@product_view(Permission.READ_PRODUCT)
def document(product: Product, number: int) -> Response:
    """What the team joined to its request."""
    found = _dispensation_or_404(product, number)
    if found.document_sha256 is None:
        abort(404)
    return attachments.download_attachment(found.document_sha256, found.document_name)
