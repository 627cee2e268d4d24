"""What Jalon knows of public flaws, and how fresh that is."""

from flask import Blueprint, render_template

from app.feeds import services
from app.feeds.kinds import STALE_AFTER_DAYS
from app.identity.access import requires
from app.identity.policy import Permission
from app.platform.http import db_session

blueprint = Blueprint("feeds", __name__)


@blueprint.get("/connaissances")
@requires(Permission.SIGNED_IN)
def index() -> str:
    session = db_session()
    return render_template(
        "feeds/index.html",
        states=services.read_feeds(session),
        stale=STALE_AFTER_DAYS,
        fetches=services.read_fetches(session),
    )
