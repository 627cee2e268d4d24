"""Who holds a role on a whole incubator, or on the platform; given and taken back there."""

from flask import Blueprint, abort, flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.identity import factors, policy, reviews, roles
from app.identity.access import current_person, requires
from app.identity.factor_views import render_proof_page
from app.identity.forms import ROLE_WORDS, FactorForm
from app.identity.kinds import Role
from app.identity.policy import Permission
from app.identity.roles import SecondFactor
from app.platform.extensions import limit_posts
from app.platform.http import db_session
from app.portfolio.access import incubator_view
from app.portfolio.forms import RoleForm
from app.products.access import Incubator
from app.products.services import ids_of_incubator

blueprint = Blueprint("roles", __name__)


@blueprint.route("/incubateurs/<slug>/roles", methods=["GET", "POST"])
@incubator_view(Permission.GIVE_ROLES)
@limit_posts(20)
def of_incubator(found: Incubator) -> str | Response:
    return _given(found)


@blueprint.route("/plateforme/roles", methods=["GET", "POST"])
@requires(Permission.ADMINISTER, everywhere=True)
@limit_posts(20)
def of_platform() -> str | Response:
    return _given(None)


@blueprint.route("/incubateurs/<slug>/roles/<grant_id>/retirer", methods=["GET", "POST"])
@incubator_view(Permission.GIVE_ROLES)
@limit_posts(20)
def take_back_of_incubator(found: Incubator, grant_id: str) -> str | Response:
    return _taken_back(found, grant_id)


@blueprint.route("/plateforme/roles/<grant_id>/retirer", methods=["GET", "POST"])
@requires(Permission.ADMINISTER, everywhere=True)
@limit_posts(20)
def take_back_of_platform(grant_id: str) -> str | Response:
    return _taken_back(None, grant_id)


@blueprint.route("/incubateurs/<slug>/seconds-facteurs/<factor_id>/confirmer", methods=["GET", "POST"])
@incubator_view(Permission.GIVE_ROLES)
@limit_posts(20)
def confirm_factor_of_incubator(found: Incubator, factor_id: str) -> str | Response:
    return _confirmed(found, factor_id)


@blueprint.route("/plateforme/seconds-facteurs/<factor_id>/confirmer", methods=["GET", "POST"])
@requires(Permission.ADMINISTER, everywhere=True)
@limit_posts(20)
def confirm_factor_of_platform(factor_id: str) -> str | Response:
    return _confirmed(None, factor_id)


@blueprint.post("/incubateurs/<slug>/roles/relus")
@incubator_view(Permission.GIVE_ROLES)
def review_of_incubator(found: Incubator) -> Response:
    return _reviewed(found)


@blueprint.post("/plateforme/roles/relus")
@requires(Permission.ADMINISTER, everywhere=True)
def review_of_platform() -> Response:
    return _reviewed(None)


def _reviewed(found: Incubator | None) -> Response:
    reviews.note_review(db_session(), current_person(), found.id if found else None)
    flash(_("La revue des droits est notée ; la prochaine est dans un an."), "success")
    return redirect(_address(found))


def _given(found: Incubator | None) -> str | Response:
    """The roles of a scope, and the form that gives one."""
    form = RoleForm(roles=roles.OF_INCUBATOR if found else roles.OF_PLATFORM)
    if form.validate_on_submit():
        with form.showing_refusal():
            written = roles.give_wide_role(
                db_session(),
                current_person(),
                _my_roles(found),
                email=form.email.data or "",
                name=form.name.data or "",
                role=Role(form.role.data),
                incubator_id=found.id if found else None,
                proof=form.proof(),
            )
            flash(
                _("L’invitation part à %(email)s.", email=form.email.data)
                if written
                else _("Le rôle est donné ; cette personne a déjà été prévenue aujourd’hui d’un autre."),
                "success",
            )
            return redirect(_address(found))
    waiting = _waiting(found)
    return render_proof_page(
        "portfolio/roles.html",
        roles.purpose_of(found.id if found else None),
        form,
        incubator=found,
        grants=roles.grants_of_scope(db_session(), found.id if found else None),
        waiting=waiting,
        confirmable=roles.confirmable_factors(db_session(), current_person(), waiting, found.id if found else None),
        fingerprint=factors.signs_of,
        review=reviews.review_standing(db_session(), found.id if found else None),
        role_words=ROLE_WORDS,
        here=_address(found),
    )


def _waiting(found: Incubator | None) -> list[SecondFactor]:
    return roles.waiting_factors(db_session(), *((found.id, ids_of_incubator(found.id)) if found else (None, None)))


def _confirmed(found: Incubator | None, factor_id: str) -> str | Response:
    """A second person says whose factor this is."""
    factor = next((x for x in _waiting(found) if x.id == factor_id), None) or abort(404)
    form = FactorForm()
    if (form.code.data or form.answer.data) and form.validate():
        with form.showing_refusal():
            roles.confirm_factor(db_session(), current_person(), factor, found.id if found else None, form.proof())
            flash(_("Ce second facteur vaut désormais pour signer."), "success")
            return redirect(_address(found))
    return render_proof_page(
        "portfolio/confirm_factor.html",
        roles.confirming_purpose_of(factor),
        form,
        incubator=found,
        factor=factor,
        fingerprint=factors.signs_of(factor),
        here=_address(found),
    )


def _taken_back(found: Incubator | None, grant_id: str) -> str | Response:
    held = roles.grants_of_scope(db_session(), found.id if found else None)
    grant = next((x for x in held if x.id == grant_id), None) or abort(404)
    form = FactorForm()
    if (form.code.data or form.answer.data) and form.validate():
        with form.showing_refusal():
            where = found.name if found else ""
            roles.take_back_role(db_session(), current_person(), _my_roles(found), grant, where, form.proof())
            flash(_("Le rôle est retiré ; ses sessions sont fermées."), "success")
            return redirect(_address(found))
    return render_proof_page(
        "portfolio/take_back_role.html",
        roles.purpose_of(found.id if found else None),
        form,
        incubator=found,
        grant=grant,
        role_words=ROLE_WORDS,
        here=_address(found),
    )


def _my_roles(found: Incubator | None) -> frozenset[Role]:
    incubators = {found.id} if found else set()
    return policy.roles_on(current_person().grants, product_id=None, incubator_ids=incubators)


def _address(found: Incubator | None) -> str:
    return url_for("roles.of_incubator", slug=found.slug) if found else url_for("roles.of_platform")
