"""The action plan: read, taken away as a spreadsheet, a calendar or an issue; and the loss over time."""

from flask import Blueprint, Response, render_template
from flask_babel import gettext as _

from app.analysis import services as analysis
from app.identity.policy import Permission
from app.plan import services as plan
from app.plan.services import PlanKind, PlanLine
from app.platform import clock
from app.platform.http import db_session, file_response
from app.platform.i18n import language
from app.platform.links import link_to
from app.products.access import Product, may, product_view
from reports.figures.burn_down import draw_burn_down
from risk_models import catalogue
from risk_models.ranking.burn_down import project_losses
from risk_models.system import System

blueprint = Blueprint("plan", __name__, url_prefix="/produits/<slug>/plan")


def _words() -> dict[PlanKind, str]:
    return {
        PlanKind.RESTORE: _("à remettre en place"),
        PlanKind.RENEW_PROOF: _("preuve à renouveler"),
        PlanKind.PLANNED: _("prévue"),
        PlanKind.PROPOSED: _("proposée"),
    }


def _read(product: Product) -> tuple[System, list[PlanLine], dict[str, str]]:
    system = analysis.read_system(db_session(), product)
    return system, plan.read_plan(system, analysis.assess_system(system)), {c.id: c.name for c in system.components}


@blueprint.get("")
@product_view(Permission.READ_PRODUCT)
def index(product: Product) -> str:
    system, lines, names = _read(product)
    today = clock.today()
    past = plan.past_losses(db_session(), product.id, today, analysis.assess_system(system).loss)
    large = analysis.is_large(system)  # its figures to come would take minutes
    future = () if large else project_losses(system, today)
    return render_template(
        "plan/index.html",
        product=product,
        lines=lines,
        names=names,
        words=_words(),
        kinds=catalogue.measures(),
        past=past,
        future=future,
        figure=draw_burn_down(past, future, language()) if system.assets and not large else None,
        may_edit=may(Permission.EDIT_PRODUCT),
    )


@blueprint.get("/plan.csv")
@product_view(Permission.READ_PRODUCT)
def as_csv(product: Product) -> Response:
    _system, lines, names = _read(product)
    titles = (
        _("Rang"),
        _("Quoi"),
        _("Mesure"),
        _("Sur"),
        _("Perte évitée, seule"),
        _("Effort"),
        _("Échéance"),
        _("Par qui"),
        _("Hérité de"),
    )
    return _file(plan.as_csv(lines, names, titles, _words()), "text/csv", "plan.csv")


@blueprint.get("/plan.ics")
@product_view(Permission.READ_PRODUCT)
def as_ics(product: Product) -> Response:
    _system, lines, _names = _read(product)
    link = link_to("plan.index", slug=product.slug)
    return _file(plan.as_ics(lines, product, clock.now(), link), "text/calendar", "plan.ics")


@blueprint.get("/plan.md")
@product_view(Permission.READ_PRODUCT)
def as_issue(product: Product) -> Response:
    _system, lines, names = _read(product)
    return _file(plan.as_issue(lines, names, _words()).encode(), "text/markdown", "plan.md")


def _file(content: bytes, kind: str, name: str) -> Response:
    return file_response(content, f"{kind}; charset=utf-8", name)
