"""The dossier: composed by the team, read by reviewers, decided by its authority, kept as a PDF."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app.homologation import drift, drift_watch, opinions, register, sealing, services
from app.homologation.forms import (
    ConditionForm,
    DescribeForm,
    OpinionForm,
    ProposedRiskForm,
    ReviewerForm,
)
from app.homologation.kinds import Act, DossierState, Origin
from app.homologation.models import Dossier
from app.homologation.pages import authorities_to_choose, dossier_or_404, pdf_response, reading_page, seal_state
from app.identity import services as identity
from app.identity.access import current_person
from app.identity.kinds import Role
from app.identity.policy import Permission
from app.platform import clock
from app.platform.editing import EditForm, save_edited
from app.platform.forms import BaseForm
from app.platform.http import db_session
from app.products.access import Product, may, product_view
from reports import dossier as content
from risk_models import catalogue

blueprint = Blueprint("homologation", __name__, url_prefix="/produits/<slug>/dossier")


@blueprint.get("")
@product_view(Permission.READ_PRODUCT)
def dossier(product: Product) -> str:
    return render_template(
        "homologation/index.html",
        product=product,
        dossiers=services.dossiers_of(db_session(), product.id),
        entries={e.dossier.id: e for e in register.decided_entries(db_session(), [product])},
        may_compose=may(Permission.COMPOSE_DOSSIER),
        may_record=may(Permission.RECORD_ELSEWHERE),
        may_delegate=may(Permission.DECIDE),
    )


@blueprint.post("/registre-public")
@product_view(Permission.COMPOSE_DOSSIER)
def show_publicly(product: Product) -> BaseResponse:
    register.show_publicly(db_session(), current_person(), product, shown=request.form.get("shown") == "1")
    return redirect(url_for("homologation.dossier", slug=product.slug))


@blueprint.post("/nouveau")
@product_view(Permission.COMPOSE_DOSSIER)
def open_new(product: Product) -> BaseResponse:
    opened = services.open_new(db_session(), current_person(), product)
    return redirect(url_for("homologation.compose", slug=product.slug, number=opened.number))


@blueprint.get("/<int(max=9999):number>")
@product_view(Permission.READ_PRODUCT)
def read(product: Product, number: int) -> str:
    """The reading page: the same figures as the PDF, and what each reader may do now."""
    return reading_page(product, dossier_or_404(product, number))


@blueprint.route("/<int(max=9999):number>/composer", methods=["GET", "POST"])
@product_view(Permission.COMPOSE_DOSSIER)
def compose(product: Product, number: int) -> str | BaseResponse:
    row = dossier_or_404(product, number)
    if row.state is not DossierState.DRAFT:
        return redirect(url_for("homologation.read", slug=product.slug, number=number))
    form = _describe_form(product, row)

    def save() -> None:
        services.describe_dossier(
            db_session(),
            current_person(),
            product,
            row,
            perimeter=form.perimeter.data or "",
            authority_id=form.authority.data,
            months=form.months.data,
        )

    def stored() -> tuple[Dossier, EditForm]:
        kept = dossier_or_404(product, number)
        return kept, _describe_form(product, kept, formdata=None)

    if save_edited(db_session(), form, row, save, stored=stored):
        flash(_("C’est enregistré."), "success")
        return redirect(url_for("homologation.compose", slug=product.slug, number=number))
    return _compose_page(product, row, describe=form)


def _describe_form(product: Product, row: Dossier, **given: Any) -> DescribeForm:
    """The first part of a dossier, with those who may be its authority."""
    said = {"perimeter": row.perimeter, "authority": row.authority_id, "months": row.requested_months}
    form = DescribeForm(data=said, **given)
    form.authority.choices = authorities_to_choose(product)
    form.stamp()
    return form


def _submitted(
    product: Product, row: Dossier, form: BaseForm, act: Callable[[], object], **forms: BaseForm
) -> str | BaseResponse:
    """Runs `act` for a good form and comes back to the composing page; shows it again with errors otherwise."""
    if form.is_submitted():
        services.must_be(row, DossierState.DRAFT)  # sent meanwhile, its page has no form to come back to
    if form.validate_on_submit():
        with form.showing_refusal():
            act()
            flash(_("C’est enregistré."), "success")
            return redirect(url_for("homologation.compose", slug=product.slug, number=row.number))
    return _compose_page(product, row, **forms)


@blueprint.post("/<int(max=9999):number>/conditions")
@product_view(Permission.COMPOSE_DOSSIER)
def add_condition(product: Product, number: int) -> str | BaseResponse:
    row, form = dossier_or_404(product, number), ConditionForm()
    return _submitted(
        product,
        row,
        form,
        lambda: services.add_condition(
            db_session(), current_person(), product, row, form.text.data or "", form.check.data or ""
        ),
        condition=form,
    )


@blueprint.post("/<int(max=9999):number>/risques-acceptes")
@product_view(Permission.COMPOSE_DOSSIER)
def propose_acceptance(product: Product, number: int) -> str | BaseResponse:
    row, form = dossier_or_404(product, number), ProposedRiskForm()
    return _submitted(
        product,
        row,
        form,
        lambda: services.propose_acceptance(
            db_session(),
            current_person(),
            product,
            row,
            form.text.data or "",
            form.until.data or clock.today(),
        ),
        risk=form,
    )


@blueprint.post("/<int(max=9999):number>/avis-demandes")
@product_view(Permission.COMPOSE_DOSSIER)
def ask_reviewer(product: Product, number: int) -> str | BaseResponse:
    row, form = dossier_or_404(product, number), ReviewerForm()
    return _submitted(
        product,
        row,
        form,
        lambda: services.ask_reviewer(db_session(), current_person(), product, row, form.reviewer.data, form.role.data),
        reviewer=form,
    )


@blueprint.post("/<int(max=9999):number>/retirer/<part_id>")
@product_view(Permission.COMPOSE_DOSSIER)
def remove_part(product: Product, number: int, part_id: str) -> BaseResponse:
    services.remove_part(db_session(), current_person(), product, dossier_or_404(product, number), part_id)
    return redirect(url_for("homologation.compose", slug=product.slug, number=number))


@blueprint.post("/<int(max=9999):number>/demander-les-avis")
@product_view(Permission.COMPOSE_DOSSIER)
def ask_opinions(product: Product, number: int) -> BaseResponse:
    opinions.ask_opinions(db_session(), current_person(), product, dossier_or_404(product, number))
    flash(_("Les avis sont demandés ; chaque personne reçoit un courriel."), "success")
    return redirect(url_for("homologation.read", slug=product.slug, number=number))


@blueprint.post("/<int(max=9999):number>/redemander-les-avis")
@product_view(Permission.COMPOSE_DOSSIER)
def ask_opinions_again(product: Product, number: int) -> BaseResponse:
    opinions.ask_opinions_again(db_session(), current_person(), product, dossier_or_404(product, number))
    flash(_("Les avis sont redemandés sur le dossier d’aujourd’hui ; chaque personne reçoit un courriel."), "success")
    return redirect(url_for("homologation.read", slug=product.slug, number=number))


@blueprint.post("/<int(max=9999):number>/transmettre")
@product_view(Permission.COMPOSE_DOSSIER)
def transmit(product: Product, number: int) -> BaseResponse:
    opinions.transmit_dossier(db_session(), current_person(), product, dossier_or_404(product, number))
    flash(_("Le dossier est figé. L’autorité sera prévenue dès que son PDF sera prêt."), "success")
    return redirect(url_for("homologation.read", slug=product.slug, number=number))


@blueprint.post("/<int(max=9999):number>/reprendre")
@product_view(Permission.COMPOSE_DOSSIER)
def take_back(product: Product, number: int) -> BaseResponse:
    services.take_back(db_session(), current_person(), product, dossier_or_404(product, number))
    flash(_("Le dossier est à nouveau en préparation. Les avis seront redemandés."), "info")
    return redirect(url_for("homologation.compose", slug=product.slug, number=number))


@blueprint.post("/<int(max=9999):number>/relancer")
@product_view(Permission.COMPOSE_DOSSIER)
def relaunch(product: Product, number: int) -> BaseResponse:
    told = services.remind_waited(db_session(), current_person(), product, dossier_or_404(product, number))
    flash(_("Relance envoyée à %(names)s.", names=", ".join(told)), "success")
    return redirect(url_for("homologation.read", slug=product.slug, number=number))


@blueprint.post("/<int(max=9999):number>/avis/<opinion_id>")
@product_view(Permission.GIVE_OPINION)
def give_opinion(product: Product, number: int, opinion_id: str) -> str | BaseResponse:
    row, form = dossier_or_404(product, number), OpinionForm()
    services.must_be(row, DossierState.OPINIONS)
    if form.validate_on_submit():
        with form.showing_refusal():
            opinions.give_opinion(
                db_session(),
                current_person(),
                product,
                row,
                opinion_id,
                form.verdict.data,
                form.text.data or "",
                read_sha256=form.shown_sha256.data or "",
            )
            flash(_("Votre avis est enregistré. Merci."), "success")
            return redirect(url_for("homologation.read", slug=product.slug, number=number))
    return reading_page(product, row, opinion_form=form)


@blueprint.get("/<int(max=9999):number>/pdf")
@product_view(Permission.READ_PRODUCT)
def pdf(product: Product, number: int) -> Response:
    """The newest file: sealed once decided, the draft as frozen before."""
    row = dossier_or_404(product, number)
    issued = sealing.issued_files(db_session(), row, Act.DECISION)
    if not issued and (row.pdf_sha256 is None or row.pdf_of != row.content_sha256):
        abort(404)
    return pdf_response(
        issued[0].sha256 if issued else row.pdf_sha256 or "",
        f"{product.slug}-homologation-{row.number}{'' if issued else '-projet'}.pdf",
    )


@blueprint.get("/<int(max=9999):number>/depuis")
@product_view(Permission.READ_PRODUCT)
def since(product: Product, number: int) -> str:
    """What changed since the signature, beside what was signed."""
    row = dossier_or_404(product, number)
    if row.decision is None or row.content is None or row.origin is not Origin.JALON:
        abort(404)
    notice = drift_watch.latest_notice(db_session(), row.id)
    return render_template(
        "homologation/since.html",
        told_on=notice.noted_at if notice else None,
        product=product,
        dossier=row,
        drift=drift.since_decision(db_session(), product, content.loads(row.content), weighed=True),
        model_version=catalogue.model().version,
        may_renew=may(Permission.COMPOSE_DOSSIER) and services.in_hand(db_session(), product.id) is None,
    )


@blueprint.get("/<int(max=9999):number>/pdf/etat")
@product_view(Permission.READ_PRODUCT)
def pdf_state(product: Product, number: int) -> BaseResponse:
    """The fragment that says whether the PDF is ready, asked again by htmx while it is not; once it is, the whole page is
    read again, for it offers what could not be done before."""
    row = dossier_or_404(product, number)
    state = make_response(render_template("homologation/_pdf.html", product=product, dossier=row, **seal_state(row)))
    if row.has_pdf:
        state.headers["HX-Refresh"] = "true"
    return state


def _compose_page(product: Product, row: Dossier, **forms: BaseForm) -> str:
    incubators = [i.id for i in product.incubators]
    reviewers = identity.people_with_role(db_session(), Role.REVIEWER, product.id, incubators)
    describe = forms.get("describe") or _describe_form(product, row, formdata=None)
    reviewer = forms.get("reviewer") or ReviewerForm(formdata=None)
    reviewer["reviewer"].choices = [(p.id, p.name) for p in reviewers]
    return render_template(
        "homologation/compose.html",
        product=product,
        dossier=row,
        describe=describe,
        condition=forms.get("condition") or ConditionForm(formdata=None),
        risk=forms.get("risk") or ProposedRiskForm(formdata=None),
        reviewer=reviewer,
        has_authorities=bool(describe["authority"].choices),
        has_reviewers=bool(reviewers),
        missing=services.missing_parts(db_session(), product, row),
        last=register.last_decided(db_session(), product.id),
    )
