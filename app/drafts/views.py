"""A first draft from the repository: given, looked at beside what is known, taken."""

from pathlib import PurePath

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.analysis import services as analysis
from app.drafts import forges, proposals, services
from app.drafts.forms import DraftForm
from app.drafts.models import RepositoryDraft
from app.identity.access import current_person
from app.identity.policy import Permission
from app.platform.http import db_session, discard_changes
from app.platform.i18n import language
from app.platform.places import only_place
from app.platform.refusals import Refusal
from app.products.access import Product, product_view
from reports.figures.graph import draw_graph
from risk_models import catalogue
from risk_models.draft import UnreadableTree
from risk_models.system import System

blueprint = Blueprint("drafts", __name__, url_prefix="/produits/<slug>/brouillon")


@blueprint.route("", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def new(product: Product) -> str | Response:
    form = DraftForm(data=None if request.method == "POST" else {"address": product.repository})
    if form.validate_on_submit():
        with form.showing_refusal():
            row = _drafted(product, form)
            return redirect(url_for("drafts.review", slug=product.slug, draft_id=row.id))
    return render_template(
        "drafts/new.html", product=product, form=form, last=services.last_draft(db_session(), product.id)
    )


def _drafted(product: Product, form: DraftForm) -> RepositoryDraft:
    discard_changes()  # reading may take long: no transaction is held meanwhile
    with only_place("draft") as ours:
        if not ours:
            raise Refusal(_("Un autre dépôt est en cours de lecture : réessayez dans une minute."), "address")
        return _read(product, form)


def _read(product: Product, form: DraftForm) -> RepositoryDraft:
    if form.archive.data:
        name = PurePath(form.archive.data.filename or "archive").name
        content = form.archive.data.stream.read()
        return services.keep_draft(db_session(), current_person(), product, content, name, field="archive")
    address, settings = form.address.data or "", current_app.config["SETTINGS"]
    try:
        content = forges.archive_of(address, settings.forges, settings.private_hosts)
    except UnreadableTree as error:
        raise Refusal(f"{error.text(language())}.", "address") from error
    return services.keep_draft(db_session(), current_person(), product, content, address, field="address")


@blueprint.route("/<draft_id>", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def review(product: Product, draft_id: str) -> str:
    """Sent choices, the page draws the product with them; nothing is written."""
    row = _row(product, draft_id)
    found = proposals.make_proposals(analysis.described_system(db_session(), product), services.system_of(row))
    sent = set(request.form.getlist("choix"))
    keys = sent if request.method == "POST" else {p.key for p in found.of("sure")}
    system = services.preview_draft(db_session(), product, row, keys)
    drafted = services.system_of(row)
    notes = {key: proposals.read_told(drafted.extra, f"x-{key}") for key in ("set-aside", "skipped", "secrets")}
    return render_template(
        "drafts/review.html",
        product=product,
        row_of=row,
        found=found,
        keys=keys,
        confidences=proposals.CONFIDENCES,
        measures={m.id: m.name.in_(language()) for m in catalogue.measures().values()},
        names={c.id: c.name for c in (*drafted.components, *system.components)},
        notes=notes,
        figure=_drawn(system),
    )


@blueprint.post("/<draft_id>/schema")
@product_view(Permission.EDIT_PRODUCT)
def drawing(product: Product, draft_id: str) -> str:
    """The drawing alone, for the page to put in place as choices change."""
    keys = request.form.getlist("choix")
    return str(_drawn(services.preview_draft(db_session(), product, _row(product, draft_id), keys)) or "")


@blueprint.post("/<draft_id>/reprendre")
@product_view(Permission.EDIT_PRODUCT)
def take(product: Product, draft_id: str) -> Response:
    count = services.take_draft(
        db_session(), current_person(), product, _row(product, draft_id), request.form.getlist("choix")
    )
    flash(ngettext("%(num)d chose est reprise.", "%(num)d choses sont reprises.", count), "success")
    return redirect(url_for("inventory.components", slug=product.slug))


def _row(product: Product, draft_id: str) -> RepositoryDraft:
    return services.draft_of(db_session(), product.id, draft_id) or abort(404)


def _drawn(system: System) -> str | None:
    if not system.components:
        return None
    assessed = analysis.assess_if_ready(system)
    return draw_graph(system, assessed, language()) if assessed else None
