"""The home page by role, a product's home, and the pages that every public site owes."""

import email
import email.policy
from datetime import timedelta
from pathlib import Path

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.analysis import study
from app.home import journey, services
from app.home.journey import Journey
from app.homologation import awaiting
from app.identity import factors
from app.identity.access import current_person, requires, sign_in_first
from app.identity.policy import Permission
from app.platform import clock
from app.platform.database import only_reads
from app.platform.http import db_session
from app.platform.i18n import language
from app.platform.links import link_to
from app.platform.network import is_loopback
from app.portfolio import acts
from app.portfolio import services as portfolio
from app.products.access import Product, may, product_view
from app.products.services import load_product
from risk_models import catalogue
from risk_models.catalogue import trials
from risk_models.catalogue.glossary import terms_in_order

blueprint = Blueprint("home", __name__)
_SECURITY_TXT_LIFE = timedelta(days=180)


def journey_shown(product: Product) -> Journey:
    """The journey beside a page of `product`: of what is saved, where a form is shown again with what it refuses."""
    if only_reads(db_session()):
        return journey.journey_of(db_session(), product)
    with current_app.extensions["database"].reading() as session:
        saved = load_product(session, product.slug)
        return journey.journey_of(session, saved or product)


@blueprint.get("/")
@requires(Permission.ANYONE)
def index() -> str | Response:
    if g.unproven_person is not None:
        return sign_in_first()
    if g.person is None:
        return render_template("home/welcome.html")
    me = current_person()
    mine, total = acts.first_of(db_session(), me, 12)
    return render_template(
        "home/index.html",
        rows=portfolio.products_by_urgency(db_session(), mine),
        total=total,
        next_acts=acts.next_of(db_session(), me),
        late=acts.late_of(db_session(), me),
        to_decide=awaiting.awaiting_decision(db_session(), me.id),
        to_confirm=awaiting.awaiting_confirmation(db_session(), me.id),
        to_lift=awaiting.awaiting_lifting(db_session(), me.id),
        to_dispense=awaiting.awaiting_dispensation(db_session(), me.id),
        to_review=awaiting.awaiting_opinion(db_session(), me.id),
        to_approve=study.levels_to_approve(db_session(), me),
    )


@blueprint.get("/produits/<slug>")
@product_view(Permission.READ_PRODUCT)
def product(product: Product) -> str:
    home = services.read_home(db_session(), product)
    return render_template(
        "home/product.html",
        product=product,
        home=home,
        names={c.id: c.name for c in home.system.components},
        assets={a.id: a.name for a in home.system.assets},
        may_edit=may(Permission.EDIT_PRODUCT),
    )


@blueprint.get("/accessibilite")
@requires(Permission.ANYONE)
def accessibility() -> str:
    return render_template("home/accessibility.html")


@blueprint.get("/modele")
@requires(Permission.ANYONE)
def ranking_model() -> str:
    """What the ranking was tried on, and what it is worth."""
    version = catalogue.model().version
    return render_template(
        "home/model.html",
        versions=trials.model_versions(),
        figures=len(catalogue.figures()),
        trials=trials.trials(),
        tried_unseen=any(version in row.way.fr for t in trials.trials() if not t.seen for row in t.rows),
        misses=trials.misses(),
        anchors=trials.anchors().values(),
    )


@blueprint.get("/lexique")
@requires(Permission.ANYONE)
def glossary() -> str:
    """The words of the field, each in one sentence."""
    return render_template("home/glossary.html", terms=terms_in_order(language()))


@blueprint.get("/mentions-legales")
@requires(Permission.ANYONE)
def legal() -> str:
    return render_template("home/legal.html")


@blueprint.get("/donnees-personnelles")
@requires(Permission.ANYONE)
def privacy() -> str:
    return render_template("home/privacy.html")


@blueprint.get("/.well-known/security.txt")
@requires(Permission.ANYONE)
def security_txt() -> Response:
    """Whom to tell of a flaw in this very service (RFC 9116)."""
    contact = current_app.config["SETTINGS"].security_contact or abort(404)
    ends = clock.now() + _SECURITY_TXT_LIFE
    lines = (
        f"Contact: mailto:{contact}",
        f"Expires: {ends:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: fr, en",
        f"Canonical: {link_to('home.security_txt')}",
    )
    return Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/demonstration/courriels")
@requires(Permission.ANYONE)
def mailbox() -> str:
    """The mails written to files: they hold sign-in links, so only who started this Jalon on their machine sees them."""
    folder: Path | None = current_app.config["MAIL_FOLDER"]
    if folder is None or not current_app.config["SETTINGS"].shows_mailbox or not _is_own_machine():
        abort(404)
    files = sorted(folder.glob("*.eml"), key=lambda f: f.stat().st_mtime, reverse=True)[:30]
    mails = [email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in files]
    codes = factors.demonstration_codes(db_session())
    return render_template("home/mailbox.html", mails=[_shown(m) for m in mails], codes=codes)


def _is_own_machine() -> bool:
    """Whether this request came from this machine, to a socket that only this machine reaches, through no proxy."""
    if any(name.lower().startswith(("x-forwarded", "forwarded", "via")) for name in request.headers.keys()):  # noqa: SIM118
        return False
    listening = request.environ.get("gunicorn.socket")
    own = listening is None or is_loopback(str(listening.getsockname()[0]))
    return own and is_loopback(request.environ.get("REMOTE_ADDR", ""))


def _shown(mail: email.message.EmailMessage) -> dict[str, object]:
    body = mail.get_body(("plain",))
    lines = body.get_content().strip().split("\n") if body else []
    return {"to": mail["To"], "subject": mail["Subject"], "date": mail["Date"], "lines": lines}


@blueprint.get("/style")
@requires(Permission.ANYONE)
def style() -> str | Response:
    """Every component of the design, with its states; development only."""
    if not current_app.config["DEVELOPMENT"]:
        return redirect(url_for("home.index"))
    return render_template("home/style.html")
