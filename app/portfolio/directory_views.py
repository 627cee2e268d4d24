"""An incubator's directory of authorities: who decides for its products, on what act, vouched for by whom."""

from flask import Blueprint, abort, flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.identity import directory, policy
from app.identity.access import current_person
from app.identity.factor_views import render_proof_page
from app.identity.forms import FactorForm
from app.identity.policy import Permission
from app.platform.extensions import limit_posts
from app.platform.http import db_session
from app.portfolio import services
from app.portfolio.access import incubator_view
from app.portfolio.forms import AuthorityForm
from app.products.access import Incubator

blueprint = Blueprint("directory", __name__, url_prefix="/incubateurs/<slug>/autorites")


@blueprint.get("")
@incubator_view(Permission.READ_INCUBATOR)
def index(found: Incubator) -> str:
    return _page(found, AuthorityForm(formdata=None))


@blueprint.get("/proposees/<person_id>")
@incubator_view(Permission.VOUCH)
def proposed(found: Incubator, person_id: str) -> str:
    """The directory, its form begun with somebody whom a team proposes."""
    people = {one.person.id: one.person for one in services.proposed_authorities(db_session(), found.id)}
    person = people.get(person_id) or abort(404)
    return _page(found, AuthorityForm(formdata=None, data={"name": person.name, "email": person.email}))


@blueprint.post("")
@incubator_view(Permission.VOUCH)
@limit_posts(20)
def add(found: Incubator) -> str | Response:
    form = AuthorityForm()
    if form.validate():
        with form.showing_refusal():
            directory.list_authority(db_session(), current_person(), found.id, form.named(), form.proof())
            flash(
                _("%(name)s est dans l’annuaire, à confirmer par une autre personne.", name=form.name.data), "success"
            )
            return redirect(url_for("directory.index", slug=found.slug))
    return _page(found, form)


@blueprint.route("/<listing_id>/confirmer", methods=["GET", "POST"])
@incubator_view(Permission.VOUCH)
@limit_posts(20)
def confirm(found: Incubator, listing_id: str) -> str | Response:
    listed = directory.listed_authority_of(db_session(), found.id, listing_id) or abort(404)
    form = FactorForm()
    if (form.code.data or form.answer.data) and form.validate():
        with form.showing_refusal():
            directory.confirm_authority(db_session(), current_person(), listed, form.proof())
            flash(_("%(name)s peut maintenant décider.", name=listed.person.name), "success")
            return redirect(url_for("directory.index", slug=found.slug))
    return render_proof_page(
        "portfolio/confirm_authority.html",
        f"confirm:{listed.id}",
        form,
        incubator=found,
        listed=listed,
        may_confirm=bool(directory.confirmable_listings(db_session(), current_person(), [listed])),
    )


@blueprint.post("/<listing_id>/retirer")
@incubator_view(Permission.VOUCH)
def end(found: Incubator, listing_id: str) -> Response:
    listed = directory.listed_authority_of(db_session(), found.id, listing_id) or abort(404)
    directory.end_listing(db_session(), current_person(), listed)
    flash(_("%(name)s n’est plus dans l’annuaire.", name=listed.person.name), "success")
    return redirect(url_for("directory.index", slug=found.slug))


def _page(found: Incubator, form: AuthorityForm) -> str:
    listed = directory.listed_authorities(db_session(), found.id)
    me = current_person()
    return render_proof_page(
        "portfolio/directory.html",
        f"list:{found.id}",
        form,
        incubator=found,
        listed=listed,
        proposed=services.proposed_authorities(db_session(), found.id),
        confirmable=directory.confirmable_listings(db_session(), me, listed),
        may_vouch=policy.allows(
            Permission.VOUCH, policy.roles_on(me.grants, product_id=None, incubator_ids={found.id})
        ),
    )
