"""Registering and removing second factors."""

import pyotp
import segno
from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.identity import factors, recovery, signing_in
from app.identity.access import current_person, note_confirmed, open_fully, requires, shown_proof
from app.identity.forms import CodesForm, FactorForm, KeyForm, RecoveryForm
from app.identity.models import SecondFactor
from app.identity.policy import Permission
from app.platform import clock
from app.platform.extensions import limit_posts
from app.platform.forms import BaseForm
from app.platform.http import db_session, discard_changes
from app.platform.refusals import Refusal
from app.platform.secrets import Unopenable, decrypt_text, encrypt_text

blueprint = Blueprint("factors", __name__, url_prefix="/compte/second-facteur")


@blueprint.get("")
@requires(Permission.SIGNED_IN)
def index() -> str:
    if "next" in request.args:
        session["factor_next"] = signing_in.safe_path(request.args["next"])
    return render_template(
        "identity/factors.html",
        held=_held(),
        proved=shown_proof().proved,
        now=clock.now(),
        codes_left=recovery.count_left(db_session(), current_person().id),
        fingerprint=factors.signs_of,
    )


@blueprint.route("/connexion", methods=["GET", "POST"])
@requires(Permission.SIGNED_IN, unproven=True)
@limit_posts(20)
def at_sign_in() -> str | Response:
    """The second half of signing in, for a role that engages or sees much: a factor, or the first one registered."""
    next_path = signing_in.safe_path(request.args.get("next"))
    if g.person is not None:
        return redirect(next_path)
    form = FactorForm()
    if (form.code.data or form.answer.data) and form.validate():  # sent empty, it asks for a key's challenge
        with form.showing_refusal():
            factors.prove_factor(db_session(), current_person(), form.proof(), "sign-in", binds=False)
            open_fully()
            return redirect(next_path)
    session["factor_next"] = next_path
    return _sign_in_page(form, RecoveryForm(), next_path)


@blueprint.post("/connexion/secours")
@requires(Permission.SIGNED_IN, unproven=True)
@limit_posts(20)
def recover() -> str | Response:
    """A recovery code in place of the factor that was lost."""
    next_path = signing_in.safe_path(request.args.get("next"))
    form = RecoveryForm()
    if g.person is None and form.validate_on_submit():
        with form.showing_refusal():
            session["sid"] = recovery.use_code(db_session(), current_person(), session["sid"], form.recovery.data or "")
            flash(
                _(
                    "Un code de secours a ouvert votre compte : retirez le second facteur perdu, puis enregistrez-en un autre."
                ),
                "warning",
            )
            return redirect(url_for("factors.index", next=next_path))
    return redirect(next_path) if g.person else _sign_in_page(FactorForm(formdata=None), form, next_path)


def _sign_in_page(form: FactorForm, recovery_form: RecoveryForm, next_path: str) -> str:
    return render_proof_page(
        "identity/factor_at_sign_in.html",
        "sign-in",
        form,
        next=next_path,
        recovery_form=recovery_form,
        codes_left=recovery.count_left(db_session(), current_person().id),
    )


@blueprint.route("/confirmer", methods=["POST"])
@requires(Permission.SIGNED_IN)
@limit_posts(20)
def confirm() -> str | Response:
    """Asks for a factor that one has, before letting factors be added or removed."""
    if "next" in request.args:
        session["confirm_next"] = signing_in.safe_path(request.args["next"])
    form = FactorForm()
    if (form.code.data or form.answer.data) and form.validate():
        with form.showing_refusal():
            given = factors.prove_factor(db_session(), current_person(), form.proof(), "factor", binds=False)
            note_confirmed(signing=given.signs_from <= clock.now())
            return redirect(session.pop("confirm_next", url_for("factors.index")))
    challenge_id, options = factors.options_to_prove(db_session(), current_person(), "factor")
    return render_template("identity/confirm_factor.html", form=form, challenge_id=challenge_id, options=options)


@blueprint.route("/codes", methods=["GET", "POST"])
@requires(Permission.SIGNED_IN, unproven=True)
@limit_posts(20)
def codes() -> str | Response:
    """The QR code of a new secret, and the first code that it gives. The secret waits, encrypted, in the visitor's own cookie."""
    if _held() and not shown_proof().proved:
        return redirect(url_for("factors.index"))
    form = CodesForm()
    secret = _pending_secret()
    if request.method == "GET" or secret is None:
        secret = pyotp.random_base32()
        session["new_codes"] = encrypt_text(secret)
    if form.validate_on_submit():
        with form.showing_refusal():
            added = factors.add_codes(
                db_session(),
                current_person(),
                shown_proof(),
                name=form.name.data or "",
                secret=secret,
                code=form.code.data or "",
            )
            session.pop("new_codes", None)
            return _done(added, _("Votre second facteur est enregistré."))
    address = factors.codes_address_of(current_person(), secret)
    drawn = segno.make(address, error="m").svg_inline(scale=5, border=4, svgclass="jalon-qr", title="QR code")
    return render_template("identity/codes.html", form=form, secret=secret, qr=drawn, first=request.method == "GET")


@blueprint.post("/cle")
@requires(Permission.SIGNED_IN, unproven=True)
@limit_posts(20)
def key() -> str | Response:
    """First a challenge for the new key, then, with its answer, the key itself."""
    form = KeyForm()
    if form.answer.data and form.validate():
        try:
            added = factors.add_key(
                db_session(), current_person(), shown_proof(), name=form.name.data or "", given=form.proof()
            )
        except Refusal as refusal:
            discard_changes()
            flash(str(refusal), "error")
        else:
            return _done(added, _("Votre clé est enregistrée."))
    challenge_id, options = factors.options_to_add(db_session(), current_person())
    return render_template("identity/key.html", form=form, challenge_id=challenge_id, options=options)


@blueprint.post("/<factor_id>/retirer")
@requires(Permission.SIGNED_IN)
def remove(factor_id: str) -> Response:
    factors.remove_factor(db_session(), current_person(), factor_id, shown_proof())
    flash(_("Ce second facteur est retiré."), "success")
    return redirect(url_for("factors.index"))


@blueprint.post("/secours")
@requires(Permission.SIGNED_IN)
@limit_posts(20)
def draw_recovery() -> str:
    """Ten recovery codes, on the only page that ever shows them."""
    drawn = recovery.draw_codes(db_session(), current_person(), shown_proof())
    return render_template("identity/recovery_codes.html", drawn=drawn)


def render_proof_page(template: str, purpose: str, form: BaseForm, **values: object) -> str:
    """A page whose form ends with a second factor. Only a form that was sent gets a challenge: reading writes nothing."""
    challenge_id = options = ""
    if request.method == "POST":
        challenge_id, options = factors.options_to_prove(db_session(), current_person(), purpose)
    return render_template(template, form=form, challenge_id=challenge_id, options=options, held=_held(), **values)


def _held() -> list[SecondFactor]:
    return list(factors.factors_of(db_session(), current_person().id))


def _pending_secret() -> str | None:
    """The secret of the QR code that this browser was shown last."""
    try:
        return decrypt_text(session["new_codes"]) if "new_codes" in session else None
    except Unopenable:
        return None


def _done(added: SecondFactor, message: str) -> Response:
    """What was just registered was just given too; what was shown before of one that signs stays so."""
    note_confirmed(signing=added.signs_from <= clock.now())
    flash(message, "success")
    return redirect(session.pop("factor_next", url_for("factors.index")))
