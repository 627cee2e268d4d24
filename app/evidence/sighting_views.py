"""Hints of scanners: imported by who follows many products, decided by each product's people."""

from pathlib import PurePath

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.evidence import scans, sightings
from app.evidence.forms import ScanForm
from app.identity.access import current_person, requires
from app.identity.policy import Permission
from app.platform import uploads
from app.platform.forms import ConfirmUploadForm
from app.platform.http import db_session
from app.portfolio import services as portfolio
from app.products.access import Product, product_view
from risk_models.scales import Check

blueprint = Blueprint("sightings", __name__)


@blueprint.route("/incubateurs/dashlord", methods=["GET", "POST"])
@requires(Permission.IMPORT_SCANS)
def scan() -> str:
    """Uploading shows what would change; nothing changes yet."""
    form = ScanForm()
    if form.validate_on_submit():
        content = form.file.data.stream.read()
        with form.showing_refusal():
            found = sightings.preview_report(db_session(), content, products=_products())
            name = PurePath(form.file.data.filename or "").name[:200]
            upload = uploads.keep_upload(db_session(), current_person().id, "dashlord", content, name)
            confirm = ConfirmUploadForm(formdata=None, data={"upload": upload})
            sites = scans.read_sites(db_session(), content, products=_products())
            return render_template(
                "evidence/scan_preview.html", preview=found, form=confirm, sites=sites, checks=tuple(Check)
            )
    return render_template("evidence/scan.html", form=form)


@blueprint.post("/incubateurs/dashlord/importer")
@requires(Permission.IMPORT_SCANS)
def import_scan() -> Response:
    sent = ConfirmUploadForm().upload.data or ""
    found = uploads.read_confirmed(db_session(), current_person().id, "dashlord", sent)
    done = scans.import_report(db_session(), current_person(), found.content, found.name, products=_products())
    flash(
        ngettext("%(num)d indice est proposé aux équipes.", "%(num)d indices sont proposés aux équipes.", done.count)
        + " "
        + ngettext("Preuves de %(num)d produit relues.", "Preuves de %(num)d produits relues.", len(done.products)),
        "success",
    )
    return redirect(url_for("portfolio.incubators"))


def _products() -> list[str] | None:
    return portfolio.readable_product_ids(db_session(), current_person(), Permission.IMPORT_SCANS)


@blueprint.get("/produits/<slug>/indices")
@product_view(Permission.READ_PRODUCT)
def index(product: Product) -> str:
    return render_template(
        "evidence/sightings.html", product=product, sightings=sightings.sightings_of(db_session(), product.id)
    )


@blueprint.post("/produits/<slug>/indices")
@product_view(Permission.EDIT_PRODUCT)
def decide(product: Product) -> Response:
    ids = request.form.getlist("indice")
    if request.form.get("quoi") == "ecarter":
        reason = request.form.get("raison", "").strip()
        count = sightings.dismiss_sightings(db_session(), current_person(), product, ids, reason)
        flash(ngettext("%(num)d indice est écarté.", "%(num)d indices sont écartés.", count), "success")
    else:
        count = sightings.accept_sightings(db_session(), current_person(), product, ids)
        flash(
            ngettext(
                "%(num)d composant est ajouté, à confirmer.", "%(num)d composants sont ajoutés, à confirmer.", count
            ),
            "success",
        )
    return redirect(url_for("sightings.index", slug=product.slug))
