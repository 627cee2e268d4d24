"""Signing in and out, choosing a language."""

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.identity import saved_forms, services, signing_in
from app.identity.access import current_person, requires
from app.identity.forms import SignInForm
from app.identity.policy import Permission
from app.platform import clock
from app.platform.extensions import limit_posts
from app.platform.http import db_session
from app.platform.i18n import LANGUAGES
from app.platform.refusals import Refusal

blueprint = Blueprint("identity", __name__)


@blueprint.route("/connexion", methods=["GET", "POST"])
@requires(Permission.ANYONE)
@limit_posts(20)
def sign_in() -> str | Response:
    if g.person is not None:
        return redirect(signing_in.safe_path(request.args.get("next")))
    form = SignInForm()
    if form.validate_on_submit():
        signing_in.ask_link(db_session(), form.email.data or "", request.args.get("next", "/"))
        return redirect(url_for("identity.link_sent"))
    return render_template("identity/sign_in.html", form=form)


@blueprint.get("/connexion/envoyee")
@requires(Permission.ANYONE)
def link_sent() -> str:
    return render_template("identity/link_sent.html")


@blueprint.route("/connexion/<secret>", methods=["GET", "POST"])
@requires(Permission.ANYONE)
@limit_posts(20)
def use_link(secret: str) -> str | Response | tuple[str, int]:
    """Shows a button first: programs that open links in mails must not spend the link."""
    if request.method == "POST":
        try:
            sid, path = signing_in.use_link(db_session(), secret, request.headers.get("User-Agent", ""))
        except Refusal:
            return render_template("identity/link_spent.html"), 400
        language = session.get("language")
        session.clear()
        session["sid"], session["seen"] = sid, int(clock.now().timestamp())
        person = signing_in.person_of_session(db_session(), sid)
        kept = saved_forms.forms_of_person(db_session(), person.id) if person else None
        if kept:
            session["kept_form"] = kept
        if language:
            session["language"] = language
        return redirect(path)
    if not signing_in.link_is_good(db_session(), secret):
        return render_template("identity/link_spent.html"), 400
    return render_template("identity/use_link.html", secret=secret)


@blueprint.post("/deconnexion")
@requires(Permission.SIGNED_IN)
def sign_out() -> Response:
    signing_in.sign_out(db_session(), session["sid"], current_person())
    session.clear()
    flash(_("Vous êtes déconnecté."), "success")
    return redirect(url_for("home.index"))


@blueprint.post("/langue")
@requires(Permission.ANYONE)
def choose_language() -> Response:
    language = request.form.get("language", "fr")
    if language in LANGUAGES:
        session["language"] = language
        if g.person is not None:
            services.set_language(db_session(), current_person(), language)
    return redirect(signing_in.safe_path(request.form.get("next")))
