"""Deadlines: what is due, putting it off, the reminders sent; one's own reminders and calendars."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app.identity.access import current_person, requires
from app.identity.policy import Permission
from app.platform import clock
from app.platform.editing import EditForm, save_edited
from app.platform.extensions import limit_posts
from app.platform.http import db_session, discard_changes, file_response, get_database
from app.platform.links import link_to
from app.portfolio.access import incubator_view
from app.products.access import Incubator, Product, may, product_view
from app.renewals import channels, feeds, services, standings
from app.renewals import deadlines as due
from app.renewals.deadlines import PAGES, POSTPONABLE
from app.renewals.forms import ChannelForm, EscalationForm, PostponeForm, RemindersForm
from risk_models.rules import schedule
from risk_models.scales import DeadlineKind

blueprint = Blueprint("renewals", __name__)


@blueprint.get("/produits/<slug>/echeances")
@product_view(Permission.READ_PRODUCT)
def deadlines(product: Product) -> str:
    return render_template(
        "renewals/deadlines.html",
        product=product,
        deadlines=due.deadlines_of_product(db_session(), product),
        told=services.told_of(db_session(), product.id),
        today=clock.today(),
        pages={k: page for k, page in PAGES.items() if k is not DeadlineKind.DELEGATION or may(Permission.DECIDE)},
        postponable=POSTPONABLE if may(Permission.POSTPONE) else (),
        latest=schedule.latest_postponement,
    )


@blueprint.get("/produits/<slug>/echeances/agenda.ics")
@product_view(Permission.READ_PRODUCT)
def ics(product: Product) -> Response:
    return _calendar(product.name, [product], as_file=True)


@blueprint.route("/produits/<slug>/echeances/<kind>/reporter", methods=["GET", "POST"])
@product_view(Permission.POSTPONE)
def postpone(product: Product, kind: str) -> str | BaseResponse:
    found = next((d for d in due.deadlines_of_product(db_session(), product) if d.kind.value == kind), None)
    if found is None or found.kind not in POSTPONABLE:
        abort(404)
    form = PostponeForm()
    if form.validate_on_submit() and form.until.data:
        with form.showing_refusal():
            services.postpone_deadline(
                db_session(),
                current_person(),
                product,
                DeadlineKind(kind),
                until=form.until.data,
                reason=form.reason.data or "",
            )
            flash(_("L’échéance est reportée ; ses rappels suivent."), "success")
            return redirect(url_for("renewals.deadlines", slug=product.slug))
    return render_template("renewals/postpone.html", product=product, deadline=found, form=form)


def _calendar(title: str, owing: Sequence[Product], *, as_file: bool = False) -> Response:
    from app.renewals.calendars import make_calendar  # icalendar is slow to import and rarely needed

    ids = [p.id for p in owing]
    owed = due.deadlines_of_many(db_session(), standings.standings_of_products(db_session(), owing).values())
    content = make_calendar(
        title,
        [(p, d) for p in owing for d in owed[p.id]],
        clock.now(),
        {p.id: link_to("home.product", slug=p.slug) for p in owing},
        feeds.read_revisions(db_session(), ids),
    )
    response = file_response(content, "text/calendar; charset=utf-8", "jalon.ics", inline=not as_file)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


@blueprint.get("/agenda/<secret>.ics")
@requires(Permission.ANYONE)
def feed(secret: str) -> Response:
    """The calendar at a secret address: programs that follow it cannot sign in."""
    found = feeds.read_calendar_feed(db_session(), secret)
    if found is None:
        abort(404)
    feed, products, language = found
    feeds.note_reading(get_database(), feed)
    with force_locale(language):
        return _calendar(feed.title, products)


@blueprint.route("/compte/rappels", methods=["GET", "POST"])
@requires(Permission.SIGNED_IN)
def preferences() -> str | BaseResponse:
    """How one is reminded, and one's calendars."""
    me, form = current_person(), _reminders_form()
    if form.validate_on_submit():
        with form.showing_refusal():
            services.set_preferences(db_session(), me, early=form.early.data, mail=form.mail.data)
            flash(_("Vos préférences sont enregistrées."), "success")
            return redirect(url_for("renewals.preferences"))
    return _preferences(form)


def _reminders_form(**given: Any) -> RemindersForm:
    me = current_person()
    return RemindersForm(early=me.early_reminders, mail=me.mail_reminders, **given)


def _preferences(form: RemindersForm, opened: str = "", channel_form: ChannelForm | None = None) -> str:
    me = current_person()
    return render_template(
        "renewals/preferences.html",
        form=form,
        feeds=feeds.feeds_of(db_session(), me.id),
        channels=channels.channels_of_person(db_session(), me.id),
        channel_form=channel_form or ChannelForm(formdata=None),
        opened=opened,
    )


@blueprint.post("/compte/rappels/canaux")
@requires(Permission.SIGNED_IN)
@limit_posts(10)
def add_channel() -> str | BaseResponse:
    """Tries the address with a first message, then keeps it."""
    form = ChannelForm()
    if form.validate_on_submit():
        discard_changes()  # the service may take long to answer: no transaction is held meanwhile
        with form.showing_refusal():
            known = channels.try_address(form.address.data or "", current_app.config["SETTINGS"].private_hosts)
            channels.add_channel(db_session(), current_person(), known)
            flash(_("Le canal est ajouté : un premier message y est arrivé."), "success")
            return redirect(url_for("renewals.preferences"))
    return _preferences(_reminders_form(formdata=None), channel_form=form)


@blueprint.post("/compte/rappels/canaux/<channel_id>/retirer")
@requires(Permission.SIGNED_IN)
def remove_channel(channel_id: str) -> BaseResponse:
    channels.remove_channel(db_session(), current_person(), channel_id)
    flash(_("Le canal est retiré."), "success")
    return redirect(url_for("renewals.preferences"))


@blueprint.post("/compte/rappels/agendas")
@requires(Permission.SIGNED_IN)
def open_mine() -> str:
    return _opened(None)


@blueprint.post("/produits/<slug>/echeances/agenda")
@product_view(Permission.READ_PRODUCT)
def open_of_product(product: Product) -> str:
    return _opened(product)


@blueprint.post("/incubateurs/<slug>/agenda")
@incubator_view(Permission.READ_INCUBATOR)
def open_of_incubator(found: Incubator) -> str:
    return _opened(found)


def _opened(scope: Product | Incubator | None) -> str:
    """The page that shows the address, this once: only its hash is kept."""
    secret = feeds.open_feed(db_session(), current_person(), scope)
    address = link_to("renewals.feed", secret=secret)
    return _preferences(_reminders_form(formdata=None), address)


@blueprint.post("/compte/rappels/agendas/<feed_id>/revoquer")
@requires(Permission.SIGNED_IN)
def revoke(feed_id: str) -> BaseResponse:
    feeds.revoke_feed(db_session(), current_person(), feed_id)
    flash(_("Cet agenda est révoqué : son adresse ne répond plus."), "success")
    return redirect(url_for("renewals.preferences"))


@blueprint.route("/incubateurs/<slug>/rappels", methods=["GET", "POST"])
@incubator_view(Permission.SET_ESCALATION)
def escalation(found: Incubator) -> str | BaseResponse:
    """When the incubator and the authority are told, and what no mail server took."""
    form = EscalationForm(told=found.told_after_weeks, authority=found.authority_after_weeks)

    def stored() -> tuple[Incubator, EditForm]:
        kept = db_session().get_one(Incubator, found.id)
        return kept, EscalationForm(formdata=None, told=kept.told_after_weeks, authority=kept.authority_after_weeks)

    def save() -> None:
        services.set_escalation(
            db_session(), current_person(), found, told=form.told.data or 0, authority=form.authority.data or 0
        )

    if save_edited(db_session(), form, found, save, stored=stored):
        flash(_("Le réglage est enregistré."), "success")
        return redirect(request.path)
    undelivered = services.undelivered_digests(db_session(), found.id)
    return render_template("renewals/escalation.html", incubator=found, form=form, undelivered=undelivered)
