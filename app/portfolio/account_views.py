"""The accounts of people: looked up by who keeps this Jalon running, closed when somebody leaves, freed of lost factors."""

from collections.abc import Callable, Sequence

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.identity import accounts, factors, linked_accounts, signing_in
from app.identity.access import Person, current_person, requires
from app.identity.accounts import Grant
from app.identity.factor_views import render_proof_page
from app.identity.factors import FactorProof
from app.identity.forms import ROLE_WORDS, FactorForm
from app.identity.policy import Permission
from app.platform.extensions import limit_posts
from app.platform.http import db_session
from app.platform.pages import Page
from app.portfolio import services
from app.products.services import names_of_products

blueprint = Blueprint("accounts", __name__, url_prefix="/plateforme/comptes")


@blueprint.get("")
@requires(Permission.ADMINISTER, everywhere=True)
def index() -> str:
    asked = request.args.get("q", "")[:100]
    found = accounts.find_accounts(db_session(), asked)
    page = Page.asked(accounts.PAGE, len(found))
    shown = found[(page.number - 1) * page.size : page.number * page.size]
    return render_template(
        "portfolio/accounts.html", people=accounts.accounts_among(db_session(), shown), page=page, asked=asked
    )


@blueprint.get("/<person_id>")
@requires(Permission.ADMINISTER, everywhere=True)
def show(person_id: str) -> str:
    person = _person(person_id)
    return render_template(
        "portfolio/account.html",
        person=person,
        roles=_places(person.grants),
        held=factors.factors_of(db_session(), person.id),
        sessions=signing_in.sessions_of(db_session(), person.id),
        linked=linked_accounts.accounts_of(db_session(), person.id),
    )


@blueprint.route("/<person_id>/fermer", methods=["GET", "POST"])
@requires(Permission.ADMINISTER, everywhere=True)
@limit_posts(20)
def close(person_id: str) -> str | Response:
    person = _person(person_id)
    return _act(
        "portfolio/close_account.html",
        person,
        accounts.closing_purpose_of(person),
        accounts.close_account,
        _("Le compte est fermé."),
    )


@blueprint.route("/<person_id>/effacer-les-facteurs", methods=["GET", "POST"])
@requires(Permission.ADMINISTER, everywhere=True)
@limit_posts(20)
def reset_factors(person_id: str) -> str | Response:
    person = _person(person_id)
    return _act(
        "portfolio/reset_factors.html",
        person,
        accounts.resetting_purpose_of(person),
        accounts.reset_factors,
        _("Ses seconds facteurs sont effacés, ses sessions fermées."),
    )


@blueprint.route("/<person_id>/effacer", methods=["GET", "POST"])
@requires(Permission.ADMINISTER, everywhere=True)
@limit_posts(20)
def erase(person_id: str) -> str | Response:
    person = _person(person_id)
    return _act(
        "portfolio/erase_person.html",
        person,
        accounts.erasing_purpose_of(person),
        accounts.ask_erasure,
        _("Cette personne sera effacée dans la minute."),
    )


@blueprint.post("/<person_id>/rouvrir")
@requires(Permission.ADMINISTER, everywhere=True)
def reopen(person_id: str) -> Response:
    accounts.reopen_account(db_session(), current_person(), _person(person_id))
    flash(_("Le compte est rouvert, sans aucun rôle."), "success")
    return redirect(url_for("accounts.show", person_id=person_id))


def _act(template: str, person: Person, purpose: str, act: Callable[..., object], done: str) -> str | Response:
    """An act on somebody's account, with a second factor."""
    form = FactorForm()
    if (form.code.data or form.answer.data) and form.validate():
        with form.showing_refusal():
            proof: FactorProof = form.proof()
            act(db_session(), current_person(), person, proof)
            flash(done, "success")
            return redirect(url_for("accounts.show", person_id=person.id))
    return render_proof_page(template, purpose, form, person=person)


def _person(person_id: str) -> Person:
    return accounts.account_of(db_session(), person_id) or abort(404)


def _places(grants: Sequence[Grant]) -> list[tuple[str, str]]:
    """Each role in words, and where it holds: a product or an incubator by its name."""
    names = names_of_products(db_session(), {grant.product_id for grant in grants if grant.product_id})
    names |= services.names_of_incubators(db_session(), {g.incubator_id for g in grants if g.incubator_id})
    everywhere = _("toute la plateforme")
    return [(str(ROLE_WORDS[g.role]), names.get(g.product_id or g.incubator_id or "", everywhere)) for g in grants]
