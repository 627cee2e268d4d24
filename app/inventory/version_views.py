"""The versions of all components on one page: without them, nobody can tell whom a flaw touches."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.identity.access import current_person
from app.identity.policy import Permission
from app.inventory import services
from app.inventory.models import Component
from app.platform.http import db_session
from app.platform.refusals import Refusal
from app.products.access import Product, product_view
from risk_models.scales import VERSIONLESS, Hosting

blueprint = Blueprint("versions", __name__, url_prefix="/produits/<slug>/versions")
_LONGEST = 100


@blueprint.get("")
@product_view(Permission.EDIT_PRODUCT)
def index(product: Product) -> str:
    components = services.read_inventory(db_session(), product.id).components
    versioned = sorted((c for c in components if _has_version(c)), key=lambda c: (bool(c.version), c.name.lower()))
    return render_template("inventory/versions.html", product=product, components=versioned)


@blueprint.post("")
@product_view(Permission.EDIT_PRODUCT)
def save(product: Product) -> Response:
    typed = {}
    for name, value in request.form.items():
        ref, _dash, kind = name.rpartition("-")
        if kind == "version":
            version = value.replace("\0", "").strip()
            if len(version) > _LONGEST:
                raise Refusal(
                    _("« %(text)s… » est trop long pour une version : 100 caractères au plus.", text=version[:40])
                )
            typed[ref] = request.form.get(f"{ref}-shown", ""), version
    changed = services.save_versions(db_session(), current_person(), product, typed)
    if changed:
        flash(
            ngettext("%(num)d version est enregistrée.", "%(num)d versions sont enregistrées.", len(changed)), "success"
        )
    return redirect(url_for("inventory.components", slug=product.slug))


def _has_version(component: Component) -> bool:
    """Whether the version of a component is its team's to know: not that of a service that others run."""
    return component.kind not in VERSIONLESS and component.hosting is not Hosting.SAAS
