"""What people say and do around a step of the analysis: take it, pass it, remark on it."""

from flask import Blueprint, abort, flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.analysis import guide
from app.analysis.kinds import StudyStep
from app.analysis.study_forms import CommentForm
from app.identity.access import current_person
from app.identity.policy import Permission
from app.platform.http import db_session
from app.platform.refusals import Refusal
from app.products.access import Product, product_view

blueprint = Blueprint("steps", __name__, url_prefix="/produits/<slug>/etapes")


@blueprint.post("/<step>/prendre")
@product_view(Permission.EDIT_PRODUCT)
def take(product: Product, step: str) -> Response:
    guide.take_step(db_session(), current_person(), product, _step(step))
    return _back(product, _step(step))


@blueprint.post("/<step>/passer")
@product_view(Permission.EDIT_PRODUCT)
def skip(product: Product, step: str) -> Response:
    """Passes an optional step, or takes that back."""
    guide.skip_step(db_session(), current_person(), product, _step(step))
    return _back(product, _step(step))


@blueprint.post("/<step>/remarques")
@product_view(Permission.REMARK)
def comment(product: Product, step: str) -> Response:
    """Reviewers and authority may remark too; an auditor only reads."""
    here = _step(step)
    form = CommentForm()
    if not form.validate_on_submit():
        raise Refusal(" ".join(str(e) for e in form.text.errors) or _("Écrivez votre remarque."))
    guide.add_comment(db_session(), current_person(), product, here, form.text.data or "")
    flash(_("Votre remarque est ajoutée."), "success")
    return _back(product, here)


@blueprint.post("/remarques/<comment_id>/regler")
@product_view(Permission.EDIT_PRODUCT)
def settle(product: Product, comment_id: str) -> Response:
    return _back(product, guide.settle_comment(db_session(), current_person(), product, comment_id).step)


def _step(name: str) -> StudyStep:
    try:
        return StudyStep(name)
    except ValueError:
        abort(404)


def _back(product: Product, step: StudyStep) -> Response:
    return redirect(url_for(guide.ENDPOINTS[step], slug=product.slug))
