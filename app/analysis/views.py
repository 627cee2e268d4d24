"""What the product protects, what it fears, where it is weak."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.analysis import services
from app.analysis.forms import AssetForm, FearedEventForm
from app.analysis.models import EssentialAsset
from app.identity.access import current_person
from app.identity.policy import Permission
from app.inventory import services as inventory
from app.platform.database import new_id
from app.platform.http import db_session, discard
from app.platform.i18n import language
from app.platform.refusals import Refusal
from app.products.access import product_view
from app.products.models import Product
from reports.figures.graph import draw_graph
from reports.figures.matrix import draw_matrix
from risk_models.scales import View

blueprint = Blueprint("analysis", __name__, url_prefix="/produits/<slug>")


@blueprint.get("/analyse")
@product_view(Permission.READ_PRODUCT)
def assets(product: Product) -> str:
    found = services.assets_of(db_session(), product.id)
    return render_template("analysis/assets.html", product=product, assets=found)


@blueprint.route("/analyse/nouvelle", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def new_asset(product: Product) -> str | Response:
    return _save(product, AssetForm(), EssentialAsset(id=new_id()), new=True)


@blueprint.route("/analyse/<ref>", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def asset(product: Product, ref: str) -> str | Response:
    found = _asset(product, ref)
    return _save(product, _form_of(found), found, new=False)


def _form_of(asset: EssentialAsset, *, fresh: bool = False) -> AssetForm:
    form = AssetForm(formdata=None, obj=asset) if fresh else AssetForm(obj=asset)
    if fresh or not form.is_submitted():
        form.lives_in.data = [c.ref for c in asset.lives_in]
    return form


def _save(product: Product, form: AssetForm, row: EssentialAsset, *, new: bool) -> str | Response:
    if form.validate_on_submit():
        try:
            services.save_asset(
                db_session(), current_person(), product, form.fill(row), form.lives_in.data or [], new=new
            )
        except Refusal as refusal:
            discard()
            form.refuse(refusal)
        else:
            flash(_("%(name)s est enregistré.", name=row.name), "success")
            return redirect(url_for("analysis.asset", slug=product.slug, ref=row.ref))
    return _asset_page(product, form, None if new else row, FearedEventForm(formdata=None))


def _asset_page(product: Product, form: AssetForm, row: EssentialAsset | None, event_form: FearedEventForm) -> str:
    components = inventory.read(db_session(), product.id).components
    form.lives_in.choices = [(c.ref, c.name) for c in components]
    return render_template("analysis/asset.html", product=product, form=form, asset=row, event_form=event_form)


@blueprint.post("/analyse/<ref>/retirer")
@product_view(Permission.EDIT_PRODUCT)
def remove_asset(product: Product, ref: str) -> Response:
    services.remove_asset(db_session(), current_person(), product, _asset(product, ref))
    return redirect(url_for("analysis.assets", slug=product.slug))


@blueprint.post("/analyse/<ref>/evenements")
@product_view(Permission.EDIT_PRODUCT)
def add_feared_event(product: Product, ref: str) -> str | Response:
    row, form = _asset(product, ref), FearedEventForm()
    if form.validate_on_submit():
        try:
            services.add_feared_event(db_session(), current_person(), product, row, form.event())
        except Refusal as refusal:
            discard()
            form.refuse(refusal)
        else:
            flash(_("L’événement redouté est ajouté."), "success")
            return redirect(url_for("analysis.asset", slug=product.slug, ref=ref))
    return _asset_page(product, _form_of(row, fresh=True), row, form)


@blueprint.post("/analyse/<ref>/evenements/<event_id>/retirer")
@product_view(Permission.EDIT_PRODUCT)
def remove_feared_event(product: Product, ref: str, event_id: str) -> Response:
    services.remove_feared_event(db_session(), current_person(), product, _asset(product, ref), event_id)
    return redirect(url_for("analysis.asset", slug=product.slug, ref=ref))


@blueprint.get("/points-de-faiblesse")
@product_view(Permission.READ_PRODUCT)
def weak_points(product: Product) -> str:
    system = services.read_system(db_session(), product)
    assessment = services.assess(system)
    return render_template(
        "analysis/weak_points.html",
        product=product,
        system=system,
        assessment=assessment,
        raw=services.assess(system, View.RAW),
        names={c.id: c.name for c in system.components},
        assets={a.id: a.name for a in system.assets},
        figure=draw_graph(system, assessment.to_dict(), language()) if system.components else None,
        matrix=draw_matrix(assessment.to_dict(), language()),
        version=services.latest_version(db_session(), product.id),
    )


@blueprint.post("/analyse-terminee")
@product_view(Permission.EDIT_PRODUCT)
def finish(product: Product) -> Response:
    version = services.finish(db_session(), current_person(), product)
    flash(_("L’analyse, version %(number)d, est faite. Passez aux mesures.", number=version.number), "success")
    return redirect(url_for("mitigations.measures", slug=product.slug))


def _asset(product: Product, ref: str) -> EssentialAsset:
    found = services.asset_of(db_session(), product.id, ref)
    if found is None:
        abort(404)
    return found
