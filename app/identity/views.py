"""Signing in and out, choosing a language."""

from flask import Blueprint, after_this_request, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.identity import linked_accounts, proconnect_views, services, signing_in
from app.identity.access import current_person, enter, requires, this_browser
from app.identity.forms import SignInForm
from app.identity.policy import Permission
from app.platform.extensions import limit_posts
from app.platform.http import db_session
from app.platform.i18n import LANGUAGES
from app.platform.logs import note_security
from app.platform.refusals import Refusal

blueprint = Blueprint("identity", __name__)


@blueprint.route("/connexion", methods=["GET", "POST"])
@requires(Permission.ANYONE)
@limit_posts(20)
def sign_in() -> str | Response:
    if g.person is not None or g.unproven_person is not None:
        return redirect(signing_in.safe_path(request.args.get("next")))
    form = SignInForm()
    if form.validate_on_submit():
        signing_in.ask_link(db_session(), form.email.data or "", request.args.get("next", "/"))
        return redirect(url_for("identity.link_sent"))
    return render_template(
        "identity/sign_in.html",
        form=form,
        next=request.args.get("next", "/"),
    )


@blueprint.get("/connexion/envoyee")
@requires(Permission.ANYONE)
def link_sent() -> str:
    return render_template("identity/link_sent.html")


@blueprint.route("/connexion/<secret>", methods=["GET", "POST"])
@requires(Permission.ANYONE)
@limit_posts(20)
def use_link(secret: str) -> str | Response | tuple[str, int]:
    """Shows a button first: programs that open links in mails must not spend the link."""
    if not signing_in.link_is_good(db_session(), secret):
        note_security("link refused")
        return render_template("identity/link_spent.html"), 400
    account = signing_in.account_to_join(db_session(), secret)
    if account is not None and account.id != session.get("to_join"):
        return render_template("identity/link_elsewhere.html", account=account), 403
    if request.method == "POST":
        browser = this_browser()
        try:
            if account is None:
                sid, path = signing_in.use_link(db_session(), secret, browser)
                joined = True
            else:
                to_join = session.get("to_join", "")
                sid, path, joined = linked_accounts.use_joining_link(db_session(), secret, browser, to_join)
        except Refusal:
            note_security("link refused")
            return render_template("identity/link_spent.html"), 400
        enter(sid)
        if account is not None and not joined:
            session["to_join"] = account.id
            return redirect(url_for("proconnect.accounts"))
        return redirect(path)
    return render_template("identity/use_link.html", account=account)


@blueprint.post("/deconnexion")
@requires(Permission.SIGNED_IN, unproven=True)
def sign_out() -> str | Response:
    """At ProConnect too, where it opened this session: whoever has the machine next would otherwise come in by one click."""
    sid = session["sid"]
    token = linked_accounts.sign_out_token(db_session(), sid)
    signing_in.sign_out(db_session(), sid, current_person())
    session.clear()
    after_this_request(_forget_pages)
    if token and (page := proconnect_views.render_sign_out(token)):
        return page
    flash(_("Vous êtes déconnecté."), "success")
    return redirect(url_for("home.index"))


def _forget_pages(response: Response) -> Response:
    """The browser forgets what it kept of this site: whoever has the machine next reads none of it by the back button."""
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@blueprint.post("/langue")
@requires(Permission.ANYONE)
def choose_language() -> Response:
    language = request.form.get("language", "fr")
    if language in LANGUAGES:
        session["language"] = language
        if g.person is not None:
            services.set_language(db_session(), current_person(), language)
    return redirect(signing_in.safe_path(request.form.get("next")))
