"""Signing in by ProConnect, and the accounts of ProConnect that open a person's."""

from typing import cast

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.identity import factors, linked_accounts, signing_in
from app.identity.access import current_person, enter, requires, shown_proof, this_browser
from app.identity.policy import Permission
from app.identity.proconnect import Attempt, ProConnect, ProConnectClaims, ProConnectError
from app.platform import clock
from app.platform.http import db_session, get_database
from app.platform.links import link_to
from app.platform.logs import get_logger
from app.platform.refusals import Refusal
from risk_models.plain_values import from_plain, plain

blueprint = Blueprint("proconnect", __name__)

_ATTEMPT_SECONDS = 600
_STATUS = {"unreachable": 503, "refused": 502, "altered": 400, "ended": 400, "denied": 403, "too_weak": 403}


def find_proconnect() -> ProConnect | None:
    """The registration of this Jalon at ProConnect, where it has one."""
    return cast("ProConnect | None", current_app.extensions["proconnect"])


@blueprint.get("/connexion/proconnect")
@requires(Permission.ANYONE)
def begin() -> Response | tuple[str, int]:
    """To ProConnect: a link and not a form, whose way on to other sites the browser would stop."""
    provider = find_proconnect()
    if provider is None:
        return redirect(url_for("identity.sign_in"))
    next_path = signing_in.safe_path(request.args.get("next"))
    if g.person is not None:
        return redirect(next_path)
    try:
        address, attempt = provider.begin(_back_to(), next_path=next_path)
    except ProConnectError as error:
        return _failure(error)
    session["proconnect"] = plain(attempt)
    return redirect(address)


@blueprint.get("/connexion/proconnect/retour")
@requires(Permission.ANYONE)
def come_back() -> Response | tuple[str, int]:
    """Where ProConnect sends the browser back: the one page read by GET that signs in, as the protocol has it.

    It does so only with the state that this very browser was given, once.
    """
    provider, kept = find_proconnect(), session.pop("proconnect", None)
    if provider is None or kept is None:
        return _failure(ProConnectError("altered", "no attempt of this browser"))
    attempt = from_plain(kept, Attempt)
    if clock.now().timestamp() - attempt.made_at > _ATTEMPT_SECONDS:
        return _failure(ProConnectError("ended"))
    try:
        claims = provider.finish(attempt, request.args, _back_to())
    except ProConnectError as error:
        return _failure(error)
    return _join(claims, attempt) if attempt.joins else _sign_in(claims, attempt)


def _sign_in(claims: ProConnectClaims, attempt: Attempt) -> Response | tuple[str, int]:
    browser = this_browser()
    with get_database().session(writing=True) as writing:
        arrival = linked_accounts.sign_in_with_account(writing, claims, browser, attempt.next_path)
    if arrival.sid:
        enter(arrival.sid)
        return redirect(attempt.next_path)
    if arrival.to_join:
        session["to_join"] = arrival.to_join
        return render_template("identity/join_by_mail.html", claims=claims), 200
    return render_template("identity/stranger.html", claims=claims), 403


def _join(claims: ProConnectClaims, attempt: Attempt) -> Response:
    if g.person is None or g.person.id != attempt.joins:
        flash(_("Votre session a changé pendant votre passage par ProConnect : recommencez."), "error")
        return redirect(url_for("identity.sign_in"))
    with get_database().session(writing=True) as writing:
        try:
            linked_accounts.join_account(writing, g.person, claims)
        except Refusal as refusal:
            flash(str(refusal), "error")
        else:
            flash(_("Ce compte ProConnect ouvre désormais votre compte Jalon."), "success")
    return redirect(url_for("proconnect.accounts"))


def _failure(error: ProConnectError) -> tuple[str, int]:
    get_logger().warning("proconnect", code=error.code, detail=error.detail[:200])
    return render_template("identity/proconnect_failed.html", code=error.code), _STATUS[error.code]


@blueprint.get("/compte/proconnect")
@requires(Permission.SIGNED_IN)
def accounts() -> str:
    return render_template(
        "identity/linked_accounts.html",
        accounts=linked_accounts.accounts_of(db_session(), current_person().id),
        must_prove=not shown_proof().proved and bool(factors.factors_of(db_session(), current_person().id)),
        offered=find_proconnect() is not None,
        presented=linked_accounts.presented_account(db_session(), session.get("to_join")),
    )


@blueprint.post("/compte/proconnect/joindre")
@requires(Permission.SIGNED_IN)
def join() -> str | tuple[str, int]:
    """To ProConnect, to come back with an account that will open this one."""
    factors.check_fresh(db_session(), current_person(), shown_proof())
    provider = find_proconnect()
    if provider is None:
        raise Refusal(_("Ce Jalon n’est pas raccordé à ProConnect."))
    try:
        address, attempt = provider.begin(_back_to(), joins=current_person().id)
    except ProConnectError as error:
        return _failure(error)
    session["proconnect"] = plain(attempt)
    return render_template("identity/to_proconnect.html", address=address, signed_out=False)


@blueprint.post("/compte/proconnect/presente")
@requires(Permission.SIGNED_IN)
def join_presented() -> Response:
    """The account that this browser came with, of somebody who had to give a second factor first."""
    account = linked_accounts.presented_account(db_session(), session.get("to_join")) or abort(404)
    linked_accounts.join_presented(db_session(), current_person(), account, shown_proof())
    session.pop("to_join")
    flash(_("Ce compte ProConnect ouvre désormais votre compte Jalon."), "success")
    return redirect(url_for("proconnect.accounts"))


@blueprint.post("/compte/proconnect/<account_id>/separer")
@requires(Permission.SIGNED_IN)
def separate(account_id: str) -> Response:
    factors.check_fresh(db_session(), current_person(), shown_proof())
    linked_accounts.separate_account(db_session(), current_person(), account_id)
    flash(_("Ce compte ProConnect n’ouvre plus votre compte Jalon."), "success")
    return redirect(url_for("proconnect.accounts"))


@blueprint.post("/compte/proconnect/<account_id>/adresse")
@requires(Permission.SIGNED_IN)
def take_address(account_id: str) -> Response:
    factors.check_fresh(db_session(), current_person(), shown_proof())
    linked_accounts.take_address(db_session(), current_person(), account_id)
    flash(_("Jalon vous écrit désormais à cette adresse."), "success")
    return redirect(url_for("proconnect.accounts"))


@blueprint.get("/deconnexion/proconnect")
@requires(Permission.ANYONE)
def signed_out() -> Response:
    """Where ProConnect sends the browser back after a sign-out."""
    flash(_("Vous êtes déconnecté de Jalon et de ProConnect."), "success")
    return redirect(url_for("home.index"))


def render_sign_out(id_token: str) -> str | None:
    """The page that leads on to ProConnect's sign-out; None where ProConnect does not answer."""
    provider = find_proconnect()
    if provider is None:
        return None
    try:
        address = provider.sign_out_address(id_token, link_to("proconnect.signed_out"))
    except ProConnectError as error:
        get_logger().warning("proconnect", code=error.code, detail=error.detail[:200])
        return None
    return render_template("identity/to_proconnect.html", address=address, signed_out=True)


def _back_to() -> str:
    return link_to("proconnect.come_back")
