"""What products ask of an incubator: to join it or to leave it; answered there, yes or no."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.identity.access import current_person
from app.identity.policy import Permission
from app.platform.http import db_session
from app.portfolio.access import incubator_view
from app.products import moves
from app.products.access import Incubator

blueprint = Blueprint("moves", __name__, url_prefix="/incubateurs/<slug>/mouvements")


@blueprint.get("")
@incubator_view(Permission.GIVE_ROLES)
def index(found: Incubator) -> str:
    asked = moves.moves_to_answer(db_session(), found.id)
    joined = moves.destinations_of(db_session(), {move.product_id for move in asked})
    return render_template("portfolio/moves.html", incubator=found, moves=asked, destinations=joined)


@blueprint.post("/<move_id>/accepter")
@incubator_view(Permission.GIVE_ROLES)
def accept(found: Incubator, move_id: str) -> Response:
    moves.accept_move(db_session(), current_person(), found, move_id)
    flash(_("Votre accord est noté ; le produit change d’incubateur quand tous ont accepté."), "success")
    return redirect(url_for("moves.index", slug=found.slug))


@blueprint.post("/<move_id>/refuser")
@incubator_view(Permission.GIVE_ROLES)
def refuse(found: Incubator, move_id: str) -> Response:
    moves.refuse_move(db_session(), current_person(), found, move_id)
    flash(_("La demande est refusée ; qui l’a faite l’apprend par courriel."), "success")
    return redirect(url_for("moves.index", slug=found.slug))
