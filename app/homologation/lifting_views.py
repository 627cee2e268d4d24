"""A reservation of a decision: its lifting asked by the team, then done by the authority or the RSSI."""

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app.homologation import lifting, sealing
from app.homologation.forms import AskLiftingForm, LiftForm
from app.homologation.kinds import Act
from app.homologation.models import Dossier, Reservation
from app.homologation.pages import dossier_or_404, pdf_response
from app.identity.access import current_person
from app.identity.factor_views import render_proof_page
from app.identity.policy import Permission
from app.platform import attachments
from app.platform.extensions import limit_posts
from app.platform.http import db_session
from app.products.access import Product, product_view

blueprint = Blueprint("lifting", __name__, url_prefix="/produits/<slug>/dossier/<int(max=9999):number>/reserves")


def _reservation_or_404(row: Dossier, reservation_id: str) -> Reservation:
    found = next((r for r in row.reservations if r.id == reservation_id), None)
    if found is None:
        abort(404)
    return found


@blueprint.route("/<reservation_id>", methods=["GET", "POST"])
@product_view(Permission.COMPOSE_DOSSIER)
def ask(product: Product, number: int, reservation_id: str) -> str | BaseResponse:
    row, form = dossier_or_404(product, number), AskLiftingForm()
    reservation = _reservation_or_404(row, reservation_id)
    if form.validate_on_submit():
        with form.showing_refusal():
            lifting.ask_lifting(
                db_session(),
                current_person(),
                product,
                row,
                reservation_id,
                form.how.data or "",
                attachments.read_given(form.file.data),
            )
            flash(_("La levée est demandée : l’autorité et le RSSI du dossier sont prévenus."), "success")
            return redirect(url_for("homologation.read", slug=product.slug, number=number))
    return render_template(
        "homologation/ask_lifting.html", product=product, dossier=row, reservation=reservation, form=form
    )


@blueprint.route("/<reservation_id>/lever", methods=["GET", "POST"])
@product_view(Permission.LIFT_RESERVATION)
@limit_posts(20)
def lift(product: Product, number: int, reservation_id: str) -> str | BaseResponse:
    row, form = dossier_or_404(product, number), LiftForm()
    reservation = _reservation_or_404(row, reservation_id)
    if not lifting.quality_of(db_session(), current_person(), row) or reservation.asked_on is None:
        abort(404)
    if request.method == "POST" and form.validate():
        with form.showing_refusal():
            lifting.lift_reservation(db_session(), current_person(), product, row, reservation_id, form.proof())
            flash(_("La réserve est levée. Sa page scellée se prépare."), "success")
            return redirect(url_for("homologation.read", slug=product.slug, number=number))
    return render_proof_page(
        "homologation/lift.html",
        lifting.lift_purpose(reservation),
        form,
        product=product,
        dossier=row,
        reservation=reservation,
    )


@blueprint.get("/<reservation_id>/levee.pdf")
@product_view(Permission.READ_PRODUCT)
def lifting_pdf(product: Product, number: int, reservation_id: str) -> Response:
    """The sealed page of a lifting."""
    row = dossier_or_404(product, number)
    page = _reservation_or_404(row, reservation_id).lifting
    files = sealing.issued_files(db_session(), row, Act.LIFTING) if page else []
    found = next((f for f in files if page and f.content_sha256 == page.content_sha256), None)
    if found is None:
        abort(404)
    return pdf_response(found.sha256, f"{product.slug}-levee-{number}-{reservation_id[:8]}.pdf")


@blueprint.get("/<reservation_id>/preuve")
@product_view(Permission.READ_PRODUCT)
def proof(product: Product, number: int, reservation_id: str) -> Response:
    """What the team shows of it."""
    found = _reservation_or_404(dossier_or_404(product, number), reservation_id)
    if found.proof_sha256 is None:
        abort(404)
    return attachments.download_attachment(found.proof_sha256, found.proof_name)
