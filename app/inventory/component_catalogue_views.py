"""The catalogue of usual components: everybody reads it, administrators extend it."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.identity import policy
from app.identity.access import current_person, requires
from app.identity.policy import Permission
from app.inventory import component_catalogue
from app.inventory.forms import UsualForm
from app.inventory.models import UsualEntry
from app.platform.editing import reread_edited, save_edited
from app.platform.http import db_session

blueprint = Blueprint("usual", __name__, url_prefix="/catalogue")


@blueprint.get("")
@requires(Permission.SIGNED_IN)
def index() -> str:
    words = request.args.get("q", "").strip().lower()
    found = component_catalogue.known_usual_components(db_session())
    return render_template(
        "inventory/usual.html",
        usual=[one for one in found if any(words in name for name in (*one.names, one.supplier.lower()))],
        asked=words,
        total=len(found),
        ours={entry.name: entry for entry in component_catalogue.read_usual_entries(db_session())},
        may_edit=policy.allows(Permission.EDIT_CATALOGUE, {grant.role for grant in current_person().grants}),
    )


@blueprint.route("/nouveau", methods=["GET", "POST"])
@requires(Permission.EDIT_CATALOGUE)
def new() -> str | Response:
    known = component_catalogue.find_called(db_session(), request.args.get("nom", ""))
    return _edit(UsualForm(obj=known), component_catalogue.new_entry(current_person()), saved=False)


@blueprint.route("/<entry_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_CATALOGUE)
def entry(entry_id: str) -> str | Response:
    found = component_catalogue.entry_of(db_session(), entry_id) or abort(404)
    return _edit(UsualForm(obj=found), found, saved=True)


@blueprint.post("/<entry_id>/retirer")
@requires(Permission.EDIT_CATALOGUE)
def remove(entry_id: str) -> Response:
    component_catalogue.remove_usual(
        db_session(), current_person(), component_catalogue.entry_of(db_session(), entry_id) or abort(404)
    )
    flash(_("L’entrée est retirée ; les produits gardent ce qu’ils ont décrit."), "success")
    return redirect(url_for("usual.index"))


def _edit(form: UsualForm, found: UsualEntry, *, saved: bool) -> str | Response:
    if save_edited(
        db_session(),
        form,
        found,
        lambda: component_catalogue.save_usual(db_session(), current_person(), form.fill(found)),
        stored=reread_edited(db_session(), UsualEntry, found.id, UsualForm) if saved else None,
    ):
        flash(_("%(name)s est au catalogue.", name=found.name), "success")
        return redirect(url_for("usual.index", q=found.name))
    return render_template("inventory/usual_entry.html", form=form, entry=found if saved else None)
