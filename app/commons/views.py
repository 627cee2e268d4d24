"""Common services: described by the incubator, declared by the products that use them."""

from collections.abc import Sequence

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.commons import services
from app.commons.forms import BringForm, ServiceForm, UseForm
from app.commons.models import CommonService, ServiceUse
from app.identity.access import current_person
from app.identity.policy import Permission
from app.inventory import services as inventory
from app.platform import attachments, clock
from app.platform.database import new_id
from app.platform.editing import EditForm, save_edited
from app.platform.http import db_session
from app.platform.i18n import language
from app.portfolio.access import incubator_view
from app.products.access import Incubator, Product, may, product_view
from risk_models import catalogue

blueprint = Blueprint("commons", __name__)


@blueprint.get("/incubateurs/<slug>/services")
@incubator_view(Permission.EDIT_SERVICES)
def index(incubator: Incubator) -> str:
    found = services.services_of(db_session(), [incubator.id])
    return render_template("commons/index.html", incubator=incubator, services=found, today=clock.today())


@blueprint.route("/incubateurs/<slug>/services/nouveau", methods=["GET", "POST"])
@incubator_view(Permission.EDIT_SERVICES)
def new(incubator: Incubator) -> str | Response:
    return _edit(incubator, CommonService(id=new_id()), new=True)


@blueprint.route("/incubateurs/<slug>/services/<service_id>", methods=["GET", "POST"])
@incubator_view(Permission.EDIT_SERVICES)
def edit(incubator: Incubator, service_id: str) -> str | Response:
    return _edit(incubator, _service(incubator, service_id), new=False)


def _service(incubator: Incubator, service_id: str) -> CommonService:
    found = services.service_of(db_session(), [incubator.id], service_id)
    if found is None:
        abort(404)
    return found


def _edit(incubator: Incubator, row: CommonService, *, new: bool) -> str | Response:
    session, form = db_session(), ServiceForm(obj=None if new else row)

    def stored() -> tuple[CommonService, EditForm]:
        kept = _service(incubator, row.id)
        return kept, ServiceForm(formdata=None, obj=kept)

    if save_edited(
        session,
        form,
        row,
        lambda: services.save_service(session, current_person(), incubator, form.fill(row), new=new),
        stored=None if new else stored,
    ):
        flash(_("%(name)s est enregistré.", name=row.name), "success")
        return redirect(url_for("commons.edit", slug=incubator.slug, service_id=row.id))
    return _page(incubator, None if new else row, form, BringForm(formdata=None))


def _page(incubator: Incubator, row: CommonService | None, form: ServiceForm, bring_form: BringForm) -> str:
    bring_form.measure.choices = [(m.id, m.name.in_(language())) for m in catalogue.measures().values()]
    return render_template(
        "commons/service.html",
        incubator=incubator,
        service=row,
        form=form,
        bring_form=bring_form,
        kinds=catalogue.measures(),
        today=clock.today(),
    )


@blueprint.post("/incubateurs/<slug>/services/<service_id>/mesures")
@incubator_view(Permission.EDIT_SERVICES)
def bring(incubator: Incubator, service_id: str) -> str | Response:
    row, form = _service(incubator, service_id), BringForm()
    if form.validate_on_submit():
        with form.showing_refusal():
            services.bring_measure(db_session(), current_person(), row, form.measure.data or "", form.shown())
            flash(_("Les produits qui utilisent ce service en héritent ; leurs équipes sont prévenues."), "success")
            return redirect(url_for("commons.edit", slug=incubator.slug, service_id=service_id))
    row = _service(incubator, service_id)
    return _page(incubator, row, ServiceForm(formdata=None, obj=row), form)


@blueprint.get("/incubateurs/<slug>/services/<service_id>/mesures/<measure>/preuve")
@incubator_view(Permission.EDIT_SERVICES)
def proof(incubator: Incubator, service_id: str, measure: str) -> Response:
    return _proof([incubator.id], service_id, measure)


@blueprint.get("/produits/<slug>/services/<service_id>/mesures/<measure>/preuve")
@product_view(Permission.READ_PRODUCT)
def inherited_proof(product: Product, service_id: str, measure: str) -> Response:
    """What the incubator shows, for the products it offers the service to."""
    return _proof([i.id for i in product.incubators], service_id, measure)


def _proof(incubator_ids: Sequence[str], service_id: str, measure: str) -> Response:
    found = services.service_of(db_session(), incubator_ids, service_id)
    brought = next((m for m in found.measures if m.measure == measure), None) if found else None
    if brought is None or brought.proof_sha256 is None:
        abort(404)
    return attachments.download_attachment(brought.proof_sha256, brought.proof_name)


@blueprint.post("/incubateurs/<slug>/services/<service_id>/mesures/<measure>/retirer")
@incubator_view(Permission.EDIT_SERVICES)
def withdraw(incubator: Incubator, service_id: str, measure: str) -> Response:
    services.withdraw_measure(db_session(), current_person(), _service(incubator, service_id), measure)
    flash(_("La mesure n’est plus héritée ; les équipes sont prévenues."), "success")
    return redirect(url_for("commons.edit", slug=incubator.slug, service_id=service_id))


@blueprint.post("/incubateurs/<slug>/services/<service_id>/retirer")
@incubator_view(Permission.EDIT_SERVICES)
def retire(incubator: Incubator, service_id: str) -> Response:
    services.retire_service(db_session(), current_person(), _service(incubator, service_id))
    flash(_("Le service n’est plus offert ; les équipes sont prévenues."), "success")
    return redirect(url_for("commons.index", slug=incubator.slug))


@blueprint.get("/produits/<slug>/services")
@product_view(Permission.READ_PRODUCT)
def of_product(product: Product) -> str:
    return _product_page(product, None, "")


def _product_page(product: Product, form: UseForm | None, service_id: str) -> str:
    session = db_session()
    components = inventory.read_inventory(session, product.id).components
    offered = services.services_of(session, [i.id for i in product.incubators])
    uses = {u.service_id: u for u in services.uses_of(session, product.id)}
    forms = {}
    for service in offered:
        one = form if form is not None and service.id == service_id else _as_kept(product, service.id)[1]
        one.components.choices = [(c.ref, c.name) for c in components]
        forms[service.id] = one
    return render_template(
        "commons/product.html",
        product=product,
        offered=offered,
        uses=uses,
        forms=forms,
        kinds=catalogue.measures(),
        names={c.ref: c.name for c in components},
        today=clock.today(),
        may_edit=may(Permission.EDIT_PRODUCT),
    )


def _as_kept(product: Product, service_id: str) -> tuple[ServiceUse | None, UseForm]:
    """What the product declares of a service, and its form."""
    used = next((u for u in services.uses_of(db_session(), product.id) if u.service_id == service_id), None)
    form = UseForm(formdata=None, prefix=service_id, data={"components": used.components if used else []})
    return used, form


@blueprint.post("/produits/<slug>/services/<service_id>")
@product_view(Permission.EDIT_PRODUCT)
def use(product: Product, service_id: str) -> str | Response:
    session = db_session()
    service = services.service_of(session, [i.id for i in product.incubators], service_id)
    if service is None:
        abort(404)
    form = UseForm(prefix=service_id)
    known = [c.ref for c in inventory.read_inventory(session, product.id).components]
    if form.validate_on_submit():
        with form.showing_refusal():
            services.hold_service(session, service)
            used, shown = _as_kept(product, service_id)
            if form.revision.data != shown.revision.data:
                form.show_conflict(used or service, shown)
                return _product_page(product, form, service_id)
            services.use_service(session, current_person(), product, service, form.components.data or [], known)
            flash(_("Le produit hérite des mesures de « %(name)s ».", name=service.name), "success")
            return redirect(url_for("commons.of_product", slug=product.slug))
    return _product_page(product, form, service_id)


@blueprint.post("/produits/<slug>/services/<service_id>/quitter")
@product_view(Permission.EDIT_PRODUCT)
def stop(product: Product, service_id: str) -> Response:
    services.stop_using(db_session(), current_person(), product, service_id)
    flash(_("Le produit n’hérite plus de ce service."), "success")
    return redirect(url_for("commons.of_product", slug=product.slug))
