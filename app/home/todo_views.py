"""The list of what is to do for a product, and what is set aside of it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.home import todo
from app.identity.access import current_person
from app.identity.policy import Permission
from app.platform.http import db_session
from app.platform.refusals import Refusal
from app.products.access import Product, may, product_view

blueprint = Blueprint("todo", __name__, url_prefix="/produits/<slug>/a-faire")
_LONGEST_KEY = 300


@blueprint.get("")
@product_view(Permission.READ_PRODUCT)
def index(product: Product) -> str:
    return render_template(
        "home/todo.html",
        product=product,
        todo=todo.todo_of(db_session(), product),
        may_edit=may(Permission.EDIT_PRODUCT),
    )


@blueprint.post("/de-cote")
@product_view(Permission.EDIT_PRODUCT)
def set_aside(product: Product) -> Response:
    """What nobody of the team knows how to answer today."""
    todo.set_todo_aside(db_session(), current_person(), product, _key())
    flash(_("C’est mis de côté, en bas de la liste : demandez à qui le sait, ou acceptez ce risque."), "success")
    return redirect(url_for("todo.index", slug=product.slug))


@blueprint.post("/reprendre")
@product_view(Permission.EDIT_PRODUCT)
def take_back(product: Product) -> Response:
    todo.take_todo_back(db_session(), current_person(), product, _key())
    flash(_("C’est de nouveau dans la liste."), "success")
    return redirect(url_for("todo.index", slug=product.slug))


def _key() -> str:
    key = request.form.get("key", "").replace("\0", "")
    if not key or len(key) > _LONGEST_KEY:
        raise Refusal(_("Cette ligne n’est plus dans la liste : rouvrez la page des choses à faire."))
    return key
