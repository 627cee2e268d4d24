"""An incubator's products, most urgent first."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app.identity import policy
from app.identity.access import current_person, requires
from app.identity.policy import Permission
from app.platform import clock
from app.platform.http import db_session
from app.portfolio import services
from app.portfolio.access import incubator_view
from app.products.models import Incubator

blueprint = Blueprint("portfolio", __name__)


@blueprint.get("/incubateurs")
@requires(Permission.READ_INCUBATOR)
def incubators() -> str | Response:
    found = services.readable_incubators(db_session(), current_person())
    if len(found) == 1:
        return redirect(url_for("portfolio.incubator", slug=found[0].slug))
    return render_template("portfolio/incubators.html", incubators=found, may_import=_may_import())


def _may_import() -> bool:
    return policy.allows(Permission.IMPORT_SCANS, {grant.role for grant in current_person().grants})


@blueprint.get("/incubateurs/<slug>")
@incubator_view(Permission.READ_INCUBATOR)
def incubator(found: Incubator) -> str:
    rows = services.rows(db_session(), services.products_of(db_session(), found.id))
    return render_template(
        "portfolio/incubator.html",
        incubator=found,
        rows=rows,
        figures=services.figures(rows, clock.today()),
        may_import=_may_import(),
    )


@blueprint.get("/incubateurs/<slug>/tiers")
@incubator_view(Permission.READ_INCUBATOR)
def third_parties(found: Incubator) -> str:
    return render_template(
        "portfolio/third_parties.html", incubator=found, shared=services.third_parties(db_session(), found.id)
    )
