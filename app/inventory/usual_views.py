"""The catalogue of usual components: everybody reads it, administrators extend it."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.identity import policy
from app.identity.access import current_person, requires
from app.identity.policy import Permission
from app.inventory import usual
from app.inventory.forms import UsualForm
from app.inventory.models import UsualEntry
from app.platform.editing import keep, reread
from app.platform.http import db_session

blueprint = Blueprint("usual", __name__, url_prefix="/catalogue")


@blueprint.get("")
@requires(Permission.SIGNED_IN)
def index() -> str:
    words = request.args.get("q", "").strip().lower()
    found = usual.usual_components(db_session())
    return render_template(
        "inventory/usual.html",
        usual=[one for one in found if any(words in name for name in (*one.names, one.supplier.lower()))],
        asked=words,
        total=len(found),
        ours={entry.name: entry for entry in usual.entries(db_session())},
        may_edit=policy.allows(Permission.EDIT_CATALOGUE, {grant.role for grant in current_person().grants}),
    )


@blueprint.route("/nouveau", methods=["GET", "POST"])
@requires(Permission.EDIT_CATALOGUE)
def new() -> str | Response:
    known = usual.called(db_session(), request.args.get("nom", ""))
    return _edit(UsualForm(obj=known), usual.new_entry(current_person()), saved=False)


@blueprint.route("/<entry_id>", methods=["GET", "POST"])
@requires(Permission.EDIT_CATALOGUE)
def entry(entry_id: str) -> str | Response:
    found = usual.entry_of(db_session(), entry_id) or abort(404)
    return _edit(UsualForm(obj=found), found, saved=True)


@blueprint.post("/<entry_id>/retirer")
@requires(Permission.EDIT_CATALOGUE)
def remove(entry_id: str) -> Response:
    usual.remove(db_session(), current_person(), usual.entry_of(db_session(), entry_id) or abort(404))
    flash(_("L’entrée est retirée ; les produits gardent ce qu’ils ont décrit."), "success")
    return redirect(url_for("usual.index"))


def _edit(form: UsualForm, found: UsualEntry, *, saved: bool) -> str | Response:
    if keep(
        db_session(),
        form,
        found,
        lambda: usual.save(db_session(), current_person(), form.fill(found)),
        stored=reread(db_session(), UsualEntry, found.id, UsualForm) if saved else None,
    ):
        flash(_("%(name)s est au catalogue.", name=found.name), "success")
        return redirect(url_for("usual.index", q=found.name))
    return render_template("inventory/usual_entry.html", form=form, entry=found if saved else None)
