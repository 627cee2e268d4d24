"""Components, links and the drawing of the graph."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.analysis import services as analysis
from app.evidence import sightings
from app.identity.access import current_person
from app.identity.policy import Permission
from app.inventory import completeness, component_catalogue, services
from app.inventory.access_forms import AccessForm, asked_of
from app.inventory.forms import ComponentForm, LinkForm, VulnerabilityForm
from app.inventory.models import Component
from app.packages import sboms
from app.packages.known_flaws import count_flaws
from app.packages.matching import matches_of
from app.platform.database import new_id
from app.platform.editing import EditForm, save_edited
from app.platform.http import db_session
from app.platform.i18n import language
from app.products.access import Product, may, product_view
from reports.figures.graph import draw_graph
from risk_models.scales import Hosting, Patcher

blueprint = Blueprint("inventory", __name__, url_prefix="/produits/<slug>")


@blueprint.get("/composants")
@product_view(Permission.READ_PRODUCT)
def components(product: Product) -> str:
    return _components_page(product, None)


@blueprint.post("/composants/confirmer")
@product_view(Permission.EDIT_PRODUCT)
def confirm(product: Product) -> Response:
    count = services.confirm_components(db_session(), current_person(), product, request.form.getlist("ref"))
    flash(ngettext("%(num)d composant est confirmé.", "%(num)d composants sont confirmés.", count), "success")
    return redirect(url_for("inventory.components", slug=product.slug))


@blueprint.post("/liens")
@product_view(Permission.EDIT_PRODUCT)
def add_link(product: Product) -> str | Response:
    form = LinkForm()
    if _link(product, form):
        return redirect(url_for("inventory.components", slug=product.slug) + "#liens")
    return _components_page(product, form)


@blueprint.post("/schema")
@product_view(Permission.EDIT_PRODUCT)
def draw_link(product: Product) -> str | Response:
    form = LinkForm()
    if _link(product, form):
        return redirect(url_for("inventory.drawing", slug=product.slug))
    return _drawing_page(product, form)


def _link(product: Product, form: LinkForm) -> bool:
    """Whether the link that `form` describes was added."""
    if not form.validate_on_submit():
        return False
    with form.showing_refusal():
        services.add_link(
            db_session(),
            current_person(),
            product,
            source=form.source.data,
            target=form.target.data,
            kind=form.kind.data,
            encrypted=form.is_encrypted,
        )
        flash(_("Le lien est ajouté."), "success")
        return True
    return False


@blueprint.post("/liens/<link_id>/retirer")
@product_view(Permission.EDIT_PRODUCT)
def remove_link(product: Product, link_id: str) -> Response:
    services.remove_link(db_session(), current_person(), product, link_id)
    return redirect(url_for("inventory.components", slug=product.slug) + "#liens")


@blueprint.route("/composants/nouveau", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def new_component(product: Product) -> str | Response:
    typed = request.args.get("nom", "").strip()[:200]
    known = component_catalogue.find_called(db_session(), typed)
    form = ComponentForm(obj=known) if known else ComponentForm(data={"name": typed})
    return _save(product, form, Component(id=new_id()), new=True)


@blueprint.route("/composants/<ref>", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def component(product: Product, ref: str) -> str | Response:
    found = _component(product, ref)
    return _save(product, ComponentForm(obj=found), found, new=False)


def _save(product: Product, form: ComponentForm, row: Component, *, new: bool) -> str | Response:
    def stored() -> tuple[Component, EditForm]:
        kept = _component(product, row.ref)
        return kept, ComponentForm(formdata=None, obj=kept)

    if save_edited(
        db_session(),
        form,
        row,
        lambda: services.save_component(db_session(), current_person(), product, form.fill(row), new=new),
        stored=None if new else stored,
    ):
        flash(_("%(name)s est enregistré.", name=row.name), "success")
        return redirect(url_for("inventory.components", slug=product.slug))
    return _component_page(product, form, None if new else row, VulnerabilityForm(formdata=None))


def _component_page(product: Product, form: ComponentForm, row: Component | None, flaw_form: VulnerabilityForm) -> str:
    known = component_catalogue.find_called(db_session(), form.name.data or "")
    matches = matches_of(db_session(), [product.id])[product.id] if row else []
    return render_template(
        "inventory/component.html",
        product=product,
        form=form,
        component=row,
        flaw_form=flaw_form,
        known=known,
        counted=count_flaws([row], matches).get(row.id) if row else None,
    )


@blueprint.route("/composants/<ref>/acces", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def access(product: Product, ref: str) -> str | Response:
    row = _component(product, ref)
    inventory = services.read_inventory(db_session(), product.id)
    others = [(c.ref, c.name) for c in inventory.components if c.ref != ref]
    form = AccessForm(row, others)

    def stored() -> tuple[Component, EditForm]:
        kept = _component(product, ref)
        return kept, AccessForm(kept, others, formdata=None)

    if save_edited(
        db_session(),
        form,
        row,
        lambda: services.save_access(db_session(), current_person(), product, form.fill(row)),
        stored=stored,
    ):
        flash(_("Ce qui est dit de %(name)s est enregistré.", name=row.name), "success")
        return redirect(url_for("inventory.component", slug=product.slug, ref=ref))
    asked = asked_of(row)
    detailed = "accounts" not in asked and bool(row.access.get("accounts"))
    return render_template(
        "inventory/access.html", product=product, component=row, form=form, asked=asked, in_detail=detailed
    )


@blueprint.post("/composants/<ref>/retirer")
@product_view(Permission.EDIT_PRODUCT)
def remove_component(product: Product, ref: str) -> Response:
    services.remove_component(db_session(), current_person(), product, _component(product, ref))
    flash(_("Le composant et ses liens sont retirés."), "success")
    return redirect(url_for("inventory.components", slug=product.slug))


@blueprint.post("/composants/<ref>/failles")
@product_view(Permission.EDIT_PRODUCT)
def add_vulnerability(product: Product, ref: str) -> str | Response:
    row, form = _component(product, ref), VulnerabilityForm()
    if form.validate_on_submit():
        with form.showing_refusal():
            services.add_vulnerability(db_session(), current_person(), product, row, form.flaw())
            return redirect(url_for("inventory.component", slug=product.slug, ref=ref))
    return _component_page(product, ComponentForm(formdata=None, obj=row), row, form)


@blueprint.post("/composants/<ref>/failles/<flaw_id>/retirer")
@product_view(Permission.EDIT_PRODUCT)
def remove_vulnerability(product: Product, ref: str, flaw_id: str) -> Response:
    services.remove_vulnerability(db_session(), current_person(), product, _component(product, ref), flaw_id)
    return redirect(url_for("inventory.component", slug=product.slug, ref=ref))


@blueprint.get("/schema")
@product_view(Permission.READ_PRODUCT)
def drawing(product: Product) -> str:
    return _drawing_page(product, LinkForm(formdata=None))


def _drawing_page(product: Product, form: LinkForm) -> str:
    system = analysis.read_system(db_session(), product)
    assessment = analysis.assess_system(system)
    described = services.read_inventory(db_session(), product.id).components
    form.source.choices = form.target.choices = [(c.ref, c.name) for c in described]
    return render_template(
        "inventory/drawing.html",
        product=product,
        system=system,
        assessment=assessment,
        names={c.id: c.name for c in system.components},
        figure=draw_graph(system, assessment, language()) if system.components else None,
        form=form if may(Permission.EDIT_PRODUCT) and len(described) > 1 else None,
    )


def _component(product: Product, ref: str) -> Component:
    found = services.component_of(db_session(), product.id, ref)
    if found is None:
        abort(404)
    return found


_FILTERS: dict[str, Callable[[Component], bool]] = {
    "confirmer": lambda c: completeness.to_confirm(c) or c.confirmed_at is None,
    "equipe": lambda c: c.patched_by is Patcher.TEAM,
    "fournisseur": lambda c: c.patched_by is Patcher.PUBLISHER,
    "service": lambda c: c.hosting is Hosting.SAAS,
}


def _shown(components: list[Component]) -> list[Component]:
    """Those that the search and the filters in the address keep."""
    words, only = request.args.get("q", "").strip().lower(), request.args.get("seulement", "")
    kept = _FILTERS.get(only)
    return [
        c
        for c in components
        if (kept is None or kept(c)) and words in f"{c.name} {c.supplier} {c.purl} {c.version}".lower()
    ]


def _components_page(product: Product, form: LinkForm | None) -> str:
    inventory = services.read_inventory(db_session(), product.id)
    form = form or LinkForm(formdata=None)
    form.source.choices = form.target.choices = [(c.ref, c.name) for c in inventory.components]
    packages = sboms.counts_of(db_session(), product.id)
    return render_template(
        "inventory/components.html",
        product=product,
        inventory=inventory,
        shown=_shown(inventory.components),
        asked=request.args,
        packages=packages,
        flaws=count_flaws(inventory.components, matches_of(db_session(), [product.id])[product.id]),
        undecided_sightings=sightings.count_undecided(db_session(), product.id),
        state=completeness.measure_completeness(inventory.components, inventory.links, packages),
        missing=completeness.MISSING,
        to_confirm=completeness.to_confirm,
        names={c.id: c.name for c in inventory.components},
        form=form,
        usual=[name for u in component_catalogue.known_usual_components(db_session()) for name in (u.name, *u.aliases)],
    )
