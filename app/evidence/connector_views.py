"""Outside tools of a product, or of an incubator for all its products."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.evidence import connectors, repositories
from app.evidence.connectors import Scope
from app.evidence.forms import AsideForm, ConnectorForm, TokenForm
from app.evidence.kinds import ConnectorKind
from app.evidence.models import Connector
from app.identity.access import current_person
from app.identity.policy import Permission
from app.platform.editing import save_edited
from app.platform.http import db_session
from app.portfolio.access import incubator_view
from app.products.access import Incubator, Product, product_view

blueprint = Blueprint("connectors", __name__)


def _home(scope: Scope) -> str:
    if scope.product:
        return url_for("evidence.index", slug=scope.product.slug)
    return url_for("connectors.of_incubator", slug=scope.incubator.slug if scope.incubator else "")


@blueprint.route("/produits/<slug>/outils/nouveau", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def new(product: Product) -> str | Response:
    return _add(Scope(product=product))


@blueprint.route("/incubateurs/<slug>/outils", methods=["GET", "POST"])
@incubator_view(Permission.EDIT_SERVICES)
def of_incubator(incubator: Incubator) -> str | Response:
    return _add(Scope(incubator=incubator))


def _add(scope: Scope) -> str | Response:
    form = ConnectorForm()
    if form.validate_on_submit():
        with form.showing_refusal():
            row = connectors.add_connector(
                db_session(), current_person(), scope, form.kind.data, form.address.data or "", form.token.data or ""
            )
            if scope.incubator and row.kind is ConnectorKind.GITHUB:
                flash(_("L’outil est branché : confirmez les dépôts qu’il doit lire."), "success")
                return redirect(url_for("connectors.edit_of_incubator", slug=scope.incubator.slug, connector_id=row.id))
            flash(_("L’outil est branché : premier relevé dans la minute."), "success")
            return redirect(_home(scope))
    if not form.is_submitted() and scope.product:
        form.address.data = scope.product.repository
    return render_template(
        "evidence/add_connector.html",
        scope=scope,
        product=scope.product,
        form=form,
        connectors=connectors.connectors_of(db_session(), scope),
    )


@blueprint.route("/produits/<slug>/outils/<connector_id>", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def edit(product: Product, connector_id: str) -> str | Response:
    return _edit(Scope(product=product), connector_id)


@blueprint.route("/incubateurs/<slug>/outils/<connector_id>", methods=["GET", "POST"])
@incubator_view(Permission.EDIT_SERVICES)
def edit_of_incubator(incubator: Incubator, connector_id: str) -> str | Response:
    return _edit(Scope(incubator=incubator), connector_id)


def _edit(scope: Scope, connector_id: str) -> str | Response:
    row = _connector(scope, connector_id)

    def stored() -> tuple[Connector, AsideForm]:
        now = _connector(scope, connector_id)
        kept = {"paths": "\n".join(now.aside_paths), "development": now.aside_development, "reason": now.aside_reason}
        return now, AsideForm(formdata=None, data=kept)

    form = AsideForm() if request.method == "POST" else stored()[1]

    def save() -> None:
        connectors.set_aside(
            db_session(),
            current_person(),
            scope,
            row,
            paths=form.paths.data or "",
            development=form.development.data,
            reason=form.reason.data or "",
        )

    if save_edited(db_session(), form, row, save, stored=stored):
        flash(_("C’est noté : nouveau relevé dans la minute."), "success")
        return redirect(_home(scope))
    return render_template(
        "evidence/connector.html",
        scope=scope,
        product=scope.product,
        connector=row,
        form=form,
        token_form=TokenForm(formdata=None),
        repositories=repositories.card_repositories(db_session(), row),
    )


@blueprint.post("/produits/<slug>/outils/<connector_id>/<act>")
@product_view(Permission.EDIT_PRODUCT)
def do(product: Product, connector_id: str, act: str) -> Response:
    return _act(Scope(product=product), connector_id, act)


@blueprint.post("/incubateurs/<slug>/outils/<connector_id>/<act>")
@incubator_view(Permission.EDIT_SERVICES)
def do_for_incubator(incubator: Incubator, connector_id: str, act: str) -> Response:
    return _act(Scope(incubator=incubator), connector_id, act)


@blueprint.post("/incubateurs/<slug>/outils/<connector_id>/depots")
@incubator_view(Permission.EDIT_SERVICES)
def confirm_repositories(incubator: Incubator, connector_id: str) -> Response:
    row = _connector(Scope(incubator=incubator), connector_id)
    repositories.confirm_repositories(db_session(), current_person(), row, request.form.getlist("depot"))
    flash(_("C’est confirmé : nouveau relevé dans la minute."), "success")
    return redirect(url_for("connectors.edit_of_incubator", slug=incubator.slug, connector_id=row.id))


@blueprint.post("/incubateurs/<slug>/outils/<connector_id>/depots/<product_id>/reprendre")
@incubator_view(Permission.EDIT_SERVICES)
def withdraw_repository(incubator: Incubator, connector_id: str, product_id: str) -> Response:
    row = _connector(Scope(incubator=incubator), connector_id)
    repositories.withdraw_repository(db_session(), current_person(), row, product_id)
    flash(_("Ce dépôt n’est plus relevé pour ce produit."), "success")
    return redirect(url_for("connectors.edit_of_incubator", slug=incubator.slug, connector_id=row.id))


def _act(scope: Scope, connector_id: str, act: str) -> Response:
    row = _connector(scope, connector_id)
    session, actor = db_session(), current_person()
    if act == "lancer":
        connectors.run_now(session, actor, scope, row)
        flash(_("Relevé demandé : il se fait dans la minute."), "success")
    elif act == "jeton":
        connectors.change_token(session, actor, scope, row, (TokenForm().token.data or "").strip())
        flash(_("Le jeton est changé : nouveau relevé dans la minute."), "success")
    elif act == "retirer":
        connectors.remove_connector(session, actor, scope, row)
        flash(_("L’outil est débranché et son jeton effacé."), "success")
    else:
        abort(404)
    return redirect(_home(scope))


def _connector(scope: Scope, connector_id: str) -> Connector:
    row = connectors.connector_of(db_session(), scope, connector_id)
    if row is None:
        abort(404)
    return row
