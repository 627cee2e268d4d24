"""Measures: what to do first, what is done, what risk remains."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.analysis import services as analysis
from app.identity.access import current_person
from app.identity.policy import Permission
from app.inventory import services as inventory
from app.mitigations import services
from app.mitigations.forms import MeasureForm
from app.mitigations.models import Measure
from app.platform.database import new_id
from app.platform.http import db_session, discard
from app.platform.i18n import language
from app.platform.refusals import Refusal
from app.products.access import product_view
from app.products.models import Product
from reports.figures.matrix import draw_matrix
from risk_models import catalogue
from risk_models.scales import View

blueprint = Blueprint("mitigations", __name__, url_prefix="/produits/<slug>")


@blueprint.get("/mesures")
@product_view(Permission.READ_PRODUCT)
def measures(product: Product) -> str:
    system = analysis.read_system(db_session(), product)
    assessment = analysis.assess(system)
    rows = services.measures_of(db_session(), product.id)
    return render_template(
        "mitigations/measures.html",
        product=product,
        measures=rows,
        proofs=services.proofs_by_row(rows, system),
        kinds=catalogue.measures(),
        assessment=assessment,
        raw=analysis.assess(system, View.RAW),
        matrix=draw_matrix(assessment.to_dict(), language()),
        names={c.id: c.name for c in system.components},
    )


@blueprint.route("/mesures/nouvelle", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def new_measure(product: Product) -> str | Response:
    kind = request.args.get("mesure", "")
    if kind not in catalogue.measures():
        abort(404)
    form = MeasureForm()
    if not form.is_submitted():
        form.on.data = request.args.getlist("sur")
    return _save(product, form, Measure(id=new_id(), measure=kind), new=True)


@blueprint.route("/mesures/<measure_id>", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def measure(product: Product, measure_id: str) -> str | Response:
    row = _measure(product, measure_id)
    form = MeasureForm(obj=row)
    if not form.is_submitted():
        form.on.data = [c.ref for c in row.on]
    return _save(product, form, row, new=False)


def _save(product: Product, form: MeasureForm, row: Measure, *, new: bool) -> str | Response:
    kind = catalogue.measures()[row.measure]
    if form.validate_on_submit():
        try:
            services.save(db_session(), current_person(), product, form.fill(row), form.on.data or [], new=new)
        except Refusal as refusal:
            discard()
            form.refuse(refusal)
        else:
            flash(_("« %(name)s » est enregistrée.", name=kind.name.in_(language())), "success")
            return redirect(url_for("mitigations.measures", slug=product.slug))
    components = inventory.read(db_session(), product.id).components
    form.on.choices = [
        (c.ref, c.name)
        for c in components
        if kind.organisational or kind.applies_to(c.kind) or c.ref in (form.on.data or ())
    ]
    return render_template(
        "mitigations/measure.html", product=product, form=form, kind=kind, measure=None if new else row
    )


@blueprint.post("/mesures/<measure_id>/retirer")
@product_view(Permission.EDIT_PRODUCT)
def remove(product: Product, measure_id: str) -> Response:
    services.remove(db_session(), current_person(), product, _measure(product, measure_id))
    return redirect(url_for("mitigations.measures", slug=product.slug))


def _measure(product: Product, measure_id: str) -> Measure:
    found = services.measure_of(db_session(), product.id, measure_id)
    if found is None:
        abort(404)
    return found
