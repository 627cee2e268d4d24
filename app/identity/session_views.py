"""The sessions of a person: seen, ended one by one or all."""

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.identity import signing_in
from app.identity.access import current_person, requires
from app.identity.policy import Permission
from app.platform.http import db_session

blueprint = Blueprint("sessions", __name__, url_prefix="/compte/sessions")


@blueprint.get("")
@requires(Permission.SIGNED_IN)
def index() -> str:
    return render_template(
        "identity/sessions.html",
        sessions=signing_in.sessions_of(db_session(), current_person().id),
        here=signing_in.session_id_of(db_session(), session["sid"]),
        idle_minutes=signing_in.idle_minutes(current_person()),
    )


@blueprint.post("/<session_id>/fermer")
@requires(Permission.SIGNED_IN)
def end(session_id: str) -> Response:
    signing_in.end_session(db_session(), current_person(), session_id)
    flash(_("Cette session est fermée."), "success")
    return redirect(url_for("sessions.index"))


@blueprint.post("/fermer-les-autres")
@requires(Permission.SIGNED_IN)
def end_others() -> Response:
    signing_in.end_other_sessions(db_session(), current_person(), session["sid"])
    flash(_("Toutes vos autres sessions sont fermées."), "success")
    return redirect(url_for("sessions.index"))
