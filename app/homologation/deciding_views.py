"""What binds: deciding and signing, withdrawing, delegating."""

from datetime import date

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse
from wtforms import HiddenField

from app.homologation import deciding, delegating, register, sealing
from app.homologation.forms import DecisionForm, DelegateForm, SignForm, WithdrawForm
from app.homologation.kinds import Act, DossierState, Outcome
from app.homologation.models import Dossier
from app.homologation.pages import dossier_or_404, pdf_response, reading_page
from app.homologation.services import must_be
from app.homologation.wishes import Wish
from app.identity import factors
from app.identity import services as identity
from app.identity.access import Person, current_person
from app.identity.factor_views import render_proof_page
from app.identity.kinds import FactorKind, Role
from app.identity.policy import Permission
from app.platform import clock
from app.platform.extensions import limit_posts
from app.platform.http import db_session
from app.products.access import Product, product_view
from reports import dossier as content

blueprint = Blueprint("deciding", __name__, url_prefix="/produits/<slug>/dossier")


@blueprint.post("/<int(max=9999):number>/decision")
@product_view(Permission.DECIDE)
def decide(product: Product, number: int) -> str | BaseResponse:
    """What was chosen, shown as it will be signed."""
    row, form = dossier_or_404(product, number), DecisionForm()
    must_be(row, DossierState.DECISION)  # taken back meanwhile, its page has no form to come back to
    if form.validate_on_submit():
        with form.showing_refusal():
            return _sign_page(product, row, form.wish(), form.shown_sha256.data or "")
    return reading_page(product, row, decision_form=form)


@blueprint.post("/<int(max=9999):number>/signer")
@product_view(Permission.DECIDE)
@limit_posts(20)
def sign(product: Product, number: int) -> str | BaseResponse:
    """The signature itself, with the second factor given again."""
    row, form = dossier_or_404(product, number), SignForm()
    wish, asked = _wish(form), form.asked_sha256.data or ""
    if form.validate():
        with form.showing_refusal():
            deciding.decide_dossier(
                db_session(),
                current_person(),
                product,
                row,
                wish,
                asked_sha256=asked,
                signed_sha256=(form.signed_with_key if form.answer.data else form.signed_sha256).data or "",
                proof=form.proof(),
            )
            flash(_("La décision est signée. Son PDF se prépare."), "success")
            return redirect(url_for("homologation.read", slug=product.slug, number=number))
    return _sign_page(product, dossier_or_404(product, number), wish, asked, form)


def _wish(form: SignForm) -> Wish:
    """What the hidden fields carry from the page of choices. Answers 404 to what no page of ours sends."""
    try:
        months = int(form.months.data) if form.months.data else None
        lift_by = date.fromisoformat(form.lift_by.data) if form.lift_by.data else None
        return Wish(
            Outcome(form.outcome.data or ""),
            months,
            _lines(form.reservations),
            lift_by,
            take_over=bool(form.take_over.data),
            reply=_lines(form.reply),
            exploited_reason=_lines(form.exploited_reason),
        )
    except ValueError:
        abort(404)


def _lines(field: HiddenField) -> str:
    return (field.data or "").replace("\r\n", "\n")


def _sign_page(product: Product, row: Dossier, wish: Wish, asked: str, form: SignForm | None = None) -> str:
    held = factors.factors_of(db_session(), current_person().id)
    texts = {
        kind: deciding.prepare_decision(db_session(), current_person(), row, wish, asked, kind)
        for kind in sorted({factor.kind for factor in held} or {FactorKind.TOTP})
    }
    signed = {kind: content.sha256(text) for kind, text in texts.items()}
    running = register.dossier_in_force(db_session(), product.id) if wish.outcome is Outcome.REFUSED else None
    purpose = deciding.factor_purpose(signed.get(FactorKind.WEBAUTHN, ""))
    challenge_id, options = factors.options_to_prove(db_session(), current_person(), purpose)
    return render_template(
        "homologation/sign.html",
        product=product,
        dossier=row,
        wish=wish,
        asked=asked,
        signed=signed,
        decision=content.loads(next(iter(texts.values()))).decision,
        form=form or SignForm(formdata=None),
        challenge_id=challenge_id,
        options=options,
        held=held,
        ends=running.decision.expires_on if running and running.decision else None,
    )


@blueprint.route("/<int(max=9999):number>/retirer-homologation", methods=["GET", "POST"])
@product_view(Permission.DECIDE)
@limit_posts(20)
def withdraw(product: Product, number: int) -> str | BaseResponse:
    row, form = dossier_or_404(product, number), WithdrawForm()
    deciding.to_withdraw(db_session(), current_person(), row)
    if "reason" in request.form and form.validate():
        with form.showing_refusal():
            deciding.withdraw_homologation(
                db_session(), current_person(), product, row, form.reason.data or "", form.proof()
            )
            flash(_("L’homologation est retirée. Sa page scellée se prépare."), "success")
            return redirect(url_for("homologation.read", slug=product.slug, number=number))
    return render_proof_page("homologation/withdraw.html", f"withdraw:{row.id}", form, product=product, dossier=row)


@blueprint.get("/<int(max=9999):number>/retrait.pdf")
@product_view(Permission.READ_PRODUCT)
def withdrawal_pdf(product: Product, number: int) -> Response:
    files = sealing.issued_files(db_session(), dossier_or_404(product, number), Act.WITHDRAWAL)
    if not files:
        abort(404)
    return pdf_response(files[0].sha256, f"{product.slug}-retrait-{number}.pdf")


@blueprint.route("/delegations", methods=["GET", "POST"])
@product_view(Permission.DECIDE)
@limit_posts(20)
def delegations(product: Product) -> str | BaseResponse:
    form, others = DelegateForm(), _other_authorities(product)
    form.delegate.choices = [(p.id, p.name) for p in others]
    if request.method == "POST" and form.validate():
        with form.showing_refusal():
            delegating.delegate_signature(
                db_session(),
                current_person(),
                product,
                others,
                delegate_id=form.delegate.data,
                starts_on=form.starts_on.data or clock.today(),
                ends_on=form.ends_on.data or clock.today(),
                deed=form.deed.data or "",
                proof=form.proof(),
            )
            flash(_("La délégation est enregistrée."), "success")
            return redirect(url_for("deciding.delegations", slug=product.slug))
    return render_proof_page(
        "homologation/delegations.html",
        f"delegate:{product.id}",
        form,
        product=product,
        found=delegating.delegations_of(db_session(), [product.id]),
        others=others,
    )


@blueprint.post("/delegations/<delegation_id>/terminer")
@product_view(Permission.DECIDE)
def end_delegation(product: Product, delegation_id: str) -> BaseResponse:
    delegating.end_delegation(db_session(), current_person(), product, delegation_id)
    flash(_("La délégation est terminée."), "success")
    return redirect(url_for("deciding.delegations", slug=product.slug))


def _other_authorities(product: Product) -> list[Person]:
    people = identity.people_with_role(db_session(), Role.AUTHORITY, product.id, [i.id for i in product.incubators])
    return [p for p in people if p.id != current_person().id]
