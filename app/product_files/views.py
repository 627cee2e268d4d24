"""The product file: given out, and taken in once its changes have been looked at."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as Answer

from app.identity.access import current_person, requires
from app.identity.policy import Permission
from app.packages import exports
from app.platform.http import db_session, file_response
from app.platform.refusals import Refusal
from app.product_files import files
from app.products.access import Product, product_view
from app.products.forms import ConfirmFileForm, InventoryFileForm, ProductFileForm
from risk_models import product_file
from risk_models.system import System

blueprint = Blueprint("product_file", __name__)


@blueprint.get("/produits/<slug>/fichier.yaml")
@product_view(Permission.READ_PRODUCT)
def download(product: Product) -> Response:
    return _download(files.export_file(db_session(), product).encode(), "application/yaml", f"{product.slug}.yaml")


@blueprint.get("/produits/<slug>/inventaire.csv")
@product_view(Permission.READ_PRODUCT)
def rows(product: Product) -> Response:
    return _download(files.export_rows(db_session(), product), "text/csv; charset=utf-8", f"{product.slug}.csv")


@blueprint.get("/produits/<slug>/inventaire.cdx.json")
@product_view(Permission.READ_PRODUCT)
def bom(product: Product) -> Response:
    content = exports.inventory_bom(db_session(), product)
    return _download(content, "application/vnd.cyclonedx+json; version=1.6", f"{product.slug}.cdx.json")


def _download(content: bytes, kind: str, name: str) -> Response:
    return file_response(content, kind, name)


@blueprint.route("/produits/nouveau/fichier", methods=["GET", "POST"])
@requires(Permission.CREATE_PRODUCT)
def new() -> str | Answer:
    form = ProductFileForm()
    if form.validate_on_submit():
        with form.showing_refusal():
            product = files.create_from_file(
                db_session(), current_person(), files.read_product_file(_text_of(form.file.data))
            )
            flash(_("Le fichier est importé. Relisez les composants, puis continuez."), "success")
            return redirect(url_for("inventory.components", slug=product.slug))
    return render_template("product_files/new.html", form=form)


@blueprint.route("/produits/<slug>/fichier", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def look(product: Product) -> str:
    """Uploading shows what would change; nothing changes yet."""
    form = InventoryFileForm()
    if form.validate_on_submit():
        with form.showing_refusal():
            text = _text_of(form.file.data)
            if str(form.file.data.filename).lower().endswith((".csv", ".txt")):
                new = files.read_rows(db_session(), product, text)
                text = product_file.dumps(new)
            else:
                new = files.read_product_file(text)
            return _preview(product, new, text)
    return render_template("product_files/look.html", product=product, form=form)


def _preview(product: Product, new: System, text: str, *, changed: bool = False) -> str:
    """What the file would change; `changed`: somebody changed the product since it was looked at."""
    compared_with = files.digest_of_file(db_session(), product)
    form = ConfirmFileForm(formdata=None, data={"file": text, "compared_with": compared_with})
    changes = files.preview_import(db_session(), product, new)
    return render_template("product_files/preview.html", product=product, changes=changes, form=form, changed=changed)


@blueprint.post("/produits/<slug>/fichier/importer")
@product_view(Permission.EDIT_PRODUCT)
def replace(product: Product) -> str | Answer:
    # A browser sends line ends as CRLF; YAML reads both.
    text, form = request.form.get("file", ""), InventoryFileForm(formdata=None)
    with form.showing_refusal():
        new = files.read_product_file(text)
        if request.form.get("compared_with") != files.digest_of_file(db_session(), product):
            return _preview(product, new, text, changed=True)
        files.replace_product(db_session(), current_person(), product, new)
        flash(_("Le fichier est importé."), "success")
        return redirect(url_for("inventory.components", slug=product.slug))
    return render_template("product_files/look.html", product=product, form=form)


def _text_of(upload: FileStorage) -> str:
    content = upload.stream.read(files.MAX_CHARACTERS * 4 + 1)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(
            _("Ce fichier n’est pas un texte en UTF-8. Choisissez un fichier produit (.yaml) ou un CSV."), "file"
        ) from None
