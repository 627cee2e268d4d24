"""Cards in bulk: give them, look at what would change, write; each step is a page one can come back to."""

from pathlib import PurePath

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.cards import services
from app.cards.forms import CardsForm, ConfirmForm, FetchForm
from app.cards.kinds import ImportState
from app.cards.models import CardImport
from app.identity.access import current_person, requires
from app.identity.policy import Permission
from app.platform.http import db_session

blueprint = Blueprint("cards", __name__, url_prefix="/fiches")

_UNDER_WAY = (ImportState.READING, ImportState.WRITING)


@blueprint.route("", methods=["GET", "POST"])
@requires(Permission.IMPORT_CARDS)
def index() -> str | Response:
    form = CardsForm()
    if form.validate_on_submit():
        name = PurePath(form.file.data.filename or "").name
        return _begun(services.start_import(db_session(), current_person(), form.file.data.stream.read(), name))
    return render_template(
        "cards/index.html",
        form=form,
        fetch=FetchForm(formdata=None),
        address=_public_address(),
        imports=services.recent_imports(db_session()),
    )


@blueprint.post("/publiques")
@requires(Permission.IMPORT_CARDS)
def fetch() -> Response:
    return _begun(services.start_import(db_session(), current_person(), None, _public_address()))


def _public_address() -> str:
    return str(current_app.config["SETTINGS"].cards_url)


def _begun(made: CardImport) -> Response:
    return redirect(url_for("cards.show", import_id=made.id))


@blueprint.route("/<import_id>", methods=["GET", "POST"])
@requires(Permission.IMPORT_CARDS)
def show(import_id: str) -> str | Response:
    """What importing them would do, and the button that does it; then what was done."""
    given = services.load_import(db_session(), import_id)
    if given is None:
        abort(404)
    form = ConfirmForm()
    if form.validate_on_submit():
        services.confirm_import(db_session(), current_person(), given, archive_gone=form.archive_gone.data)
        return redirect(request.path)
    return render_template("cards/show.html", given=given, form=form, under_way=given.state in _UNDER_WAY)
