"""Measures: what to do first, what is done, what risk remains."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.analysis import services as analysis
from app.commons import services as commons
from app.identity.access import current_person
from app.identity.policy import Permission
from app.inventory import services as inventory
from app.mitigations import services
from app.mitigations.forms import MeasureForm
from app.mitigations.models import Measure
from app.platform.database import new_id
from app.platform.editing import save_edited
from app.platform.http import db_session
from app.platform.i18n import language
from app.products.access import Product, may, product_view
from reports.figures.matrix import count_needs, draw_matrix
from risk_models import catalogue
from risk_models.catalogue import MeasureKind
from risk_models.scales import View

blueprint = Blueprint("mitigations", __name__, url_prefix="/produits/<slug>")


@blueprint.get("/mesures")
@product_view(Permission.READ_PRODUCT)
def measures(product: Product) -> str:
    system = analysis.read_system(db_session(), product)
    assessment = analysis.assess_system(system)
    rows = services.measures_of(db_session(), product.id)
    return render_template(
        "mitigations/measures.html",
        product=product,
        measures=rows,
        proofs=services.proofs_by_row(rows, system),
        asked_of_others=services.asked_of_others(rows, system),
        kinds=catalogue.measures(),
        assessment=assessment,
        raw=analysis.assess_system(system, View.RAW),
        matrix=draw_matrix(count_needs(assessment), language()),
        names={c.id: c.name for c in system.components},
        inherited=[m for m in system.measures if m.inherited_from],
        may_edit=may(Permission.EDIT_PRODUCT),
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
    return _save(product, _form_of(row), row, new=False)


def _form_of(row: Measure, *, fresh: bool = False) -> MeasureForm:
    form = MeasureForm(formdata=None, obj=row) if fresh else MeasureForm(obj=row)
    if fresh or not (form.is_submitted() or g.get("kept_form")):
        form.on.data = [c.ref for c in row.on]
    return form


def _with_components(product: Product, form: MeasureForm, kind: MeasureKind) -> MeasureForm:
    form.on.choices = [
        (c.ref, c.name)
        for c in inventory.read_inventory(db_session(), product.id).components
        if kind.organisational or kind.applies_to(c.kind) or c.ref in (form.on.data or ())
    ]
    return form


def _save(product: Product, form: MeasureForm, row: Measure, *, new: bool) -> str | Response:
    session, kind = db_session(), catalogue.measures()[row.measure]
    offered = commons.offered_and_unused(session, product)

    def stored() -> tuple[Measure, MeasureForm]:
        kept = _measure(product, row.id)
        return kept, _with_components(product, _form_of(kept, fresh=True), kind)

    if save_edited(
        session,
        _with_components(product, form, kind),
        row,
        lambda: services.save_measure(
            session, current_person(), product, form.fill(row), form.on.data or [], new=new, offered=offered
        ),
        stored=None if new else stored,
    ):
        flash(_("« %(name)s » est enregistrée.", name=kind.name.in_(language())), "success")
        listed = request.args.get("depuis") == "a-faire"
        return redirect(url_for("todo.index" if listed else "mitigations.measures", slug=product.slug))
    return render_template(
        "mitigations/measure.html", product=product, form=form, kind=kind, measure=None if new else row
    )


@blueprint.post("/mesures/<measure_id>/retirer")
@product_view(Permission.EDIT_PRODUCT)
def remove(product: Product, measure_id: str) -> Response:
    services.remove_measure(db_session(), current_person(), product, _measure(product, measure_id))
    return redirect(url_for("mitigations.measures", slug=product.slug))


def _measure(product: Product, measure_id: str) -> Measure:
    found = services.measure_of(db_session(), product.id, measure_id)
    if found is None:
        abort(404)
    return found
