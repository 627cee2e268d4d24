"""Recording what was decided outside Jalon."""

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as BaseResponse

from app.homologation import deciding, outside, signed_outside
from app.homologation.forms import (
    ConfirmElsewhereForm,
    ConfirmSignedForm,
    ElsewhereForm,
    ElsewhereRowsForm,
    SignedOutsideForm,
)
from app.homologation.kinds import DossierState
from app.homologation.models import Dossier
from app.homologation.outside import COLUMNS, ORIGINS, OUTCOMES, Elsewhere
from app.homologation.pages import dossier_or_404, reading_page
from app.homologation.wishes import AskedOfDecider
from app.identity import factors
from app.identity.access import current_person, requires
from app.identity.factor_views import render_proof_page
from app.identity.policy import Permission
from app.platform import attachments, clock
from app.platform.extensions import limit_posts
from app.platform.http import db_session, file_response
from app.platform.refusals import Refusal
from app.products import services as products
from app.products.access import Product, product_view
from reports import dossier as content
from reports.residual import residual_risks

blueprint = Blueprint("outside", __name__)


@blueprint.route("/produits/<slug>/dossier/ailleurs", methods=["GET", "POST"])
@product_view(Permission.RECORD_ELSEWHERE)
def elsewhere(product: Product) -> str | BaseResponse:
    """A homologation made elsewhere, with its PDF."""
    form = ElsewhereForm()
    if form.validate_on_submit():
        values = Elsewhere(
            form.origin.data,
            form.authority.data or "",
            form.decided_on.data or clock.today(),
            form.wish(),
        )
        with form.showing_refusal():
            row = outside.record_elsewhere(
                db_session(), current_person(), product, values, attachments.read_given(form.file.data)
            )
            flash(_("Cette homologation est enregistrée : ses échéances vivent ici désormais."), "success")
            return redirect(url_for("homologation.read", slug=product.slug, number=row.number))
    return render_template("homologation/record_elsewhere.html", product=product, form=form)


@blueprint.route("/homologations/importer", methods=["GET", "POST"])
@requires(Permission.IMPORT_SCANS)
def import_rows() -> str | BaseResponse:
    """Many at once, from a CSV: all of them or none."""
    form = ElsewhereRowsForm()
    if form.validate_on_submit():
        mine = products.readable_products(db_session(), current_person(), Permission.RECORD_ELSEWHERE)
        with form.showing_refusal():
            text = _text_of(form.file.data)
            count = outside.import_rows(db_session(), current_person(), {p.slug: p for p in mine}, text)
            flash(
                ngettext("%(num)d homologation enregistrée.", "%(num)d homologations enregistrées.", count), "success"
            )
            return redirect(url_for("register_pages.index"))
    return render_template(
        "homologation/import_elsewhere.html", form=form, columns=COLUMNS, origins=ORIGINS, outcomes=OUTCOMES
    )


def _text_of(upload: FileStorage) -> str:
    try:
        return upload.stream.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(_("Ce fichier n’est pas un texte en UTF-8."), "file") from None


@blueprint.get("/homologations/modele.csv")
@requires(Permission.SIGNED_IN)
def template() -> Response:
    example = "mon-produit;MonServiceSécurisé;Andrée Laurent, directrice;2026-03-01;12;avec réserves;Mettre à jour Metabase;2026-09-01\n"
    content = "\ufeff" + ";".join(COLUMNS) + "\n" + example
    return file_response(content, "text/csv; charset=utf-8", "homologations.csv")


@blueprint.route("/produits/<slug>/dossier/<int(max=9999):number>/signe-ailleurs", methods=["GET", "POST"])
@product_view(Permission.RECORD_SIGNED)
@limit_posts(20)
def signed(product: Product, number: int) -> str | BaseResponse:
    """Our own dossier, signed by its authority on paper or with its own certificate."""
    row, form = dossier_or_404(product, number), SignedOutsideForm()
    challenge_id = options = ""
    if request.method == "POST":
        if form.validate():
            with form.showing_refusal():
                done = signed_outside.record_signed(
                    db_session(),
                    current_person(),
                    product,
                    row,
                    form.wish(),
                    decided_on=form.decided_on.data or clock.today(),
                    file=attachments.read_given(form.file.data),
                    proof=form.proof(),
                )
                flash(
                    _("La décision est enregistrée. Son PDF scellé se prépare.")
                    if done
                    else _("La signature est enregistrée. Rien n’est décidé tant qu’elle n’est pas confirmée."),
                    "success" if done else "info",
                )
                return redirect(url_for("homologation.read", slug=product.slug, number=number))
        challenge_id, options = factors.options_to_prove(db_session(), current_person(), f"record:{row.content_sha256}")
    return render_template(
        "homologation/signed_outside.html",
        product=product,
        dossier=row,
        form=form,
        challenge_id=challenge_id,
        options=options,
        held=factors.factors_of(db_session(), current_person().id),
        asked=_asked(product, row),
    )


def _asked(product: Product, row: Dossier) -> AskedOfDecider | None:
    if row.state is not DossierState.DECISION or row.content is None:
        return None
    return deciding.read_asked(db_session(), product.id, content.loads(row.content))


@blueprint.route("/produits/<slug>/dossier/<int(max=9999):number>/signe-ailleurs/confirmer", methods=["GET", "POST"])
@product_view(Permission.RECORD_SIGNED)
@limit_posts(20)
def confirm_signed(product: Product, number: int) -> str | BaseResponse:
    """What somebody recorded, for the authority or another person to take for true."""
    row, form = dossier_or_404(product, number), ConfirmSignedForm()
    if row.recorded is None:
        abort(404)
    if request.method == "POST" and form.validate():
        with form.showing_refusal():
            signed_outside.confirm_signed(db_session(), current_person(), product, row, form.proof())
            flash(_("La signature est confirmée : la décision est prise. Son PDF scellé se prépare."), "success")
            return redirect(url_for("homologation.read", slug=product.slug, number=number))
    return render_proof_page(
        "homologation/confirm_signed.html",
        signed_outside.confirm_purpose(row),
        form,
        product=product,
        dossier=row,
        recorded=row.recorded,
        wish=signed_outside.wish_of(row.recorded),
        residual=residual_risks(content.loads(row.content or "")),
    )


@blueprint.post("/produits/<slug>/dossier/<int(max=9999):number>/signe-ailleurs/ecarter")
@product_view(Permission.RECORD_SIGNED)
def discard_signed(product: Product, number: int) -> BaseResponse:
    signed_outside.discard_signed(db_session(), current_person(), product, dossier_or_404(product, number))
    flash(_("La signature enregistrée est écartée : rien n’était décidé."), "info")
    return redirect(url_for("homologation.read", slug=product.slug, number=number))


@blueprint.post("/produits/<slug>/dossier/<int(max=9999):number>/ailleurs/confirmer")
@product_view(Permission.VOUCH)
def confirm_elsewhere(product: Product, number: int) -> str | BaseResponse:
    """A homologation made elsewhere, taken for true by somebody who did not note it."""
    row, form = dossier_or_404(product, number), ConfirmElsewhereForm()
    if form.validate_on_submit():
        with form.showing_refusal():
            outside.confirm_elsewhere(
                db_session(), current_person(), product, row, attachments.read_given(form.file.data)
            )
            flash(_("Cette homologation est confirmée : elle peut être publique."), "success")
            return redirect(url_for("homologation.read", slug=product.slug, number=number))
    return reading_page(product, row, confirm_form=form)
