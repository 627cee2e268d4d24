"""An incubator's products, most urgent first."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.homologation import register
from app.identity import policy
from app.identity.access import current_person, requires
from app.identity.policy import Permission
from app.platform import clock
from app.platform.http import db_session, discard_changes, file_response
from app.platform.i18n import language, word
from app.platform.mail import Mail
from app.platform.pages import Page
from app.platform.refusals import Refusal
from app.portfolio import listing, reminding, saved, services, statistics, trends
from app.portfolio.access import incubator_view
from app.portfolio.forms import RelaunchForm, SaveViewForm
from app.portfolio.listing import Asked
from app.portfolio.reminding import Recipient
from app.products.access import Incubator
from app.renewals import deadlines, standings
from reports.figures.timeline import Lane, Mark, draw_timeline
from risk_models.rules.standing import ProductState
from risk_models.scales import PhaseName, SecurityLevel

blueprint = Blueprint("portfolio", __name__)


@blueprint.get("/incubateurs")
@requires(Permission.READ_INCUBATOR)
def incubators() -> str | Response:
    found = services.readable_incubators(db_session(), current_person())
    if len(found) == 1:
        return redirect(url_for("portfolio.incubator", slug=found[0].slug))
    everywhere = policy.roles_everywhere(current_person().grants)
    return render_template(
        "portfolio/incubators.html",
        incubators=found,
        may_import=_may_anywhere(Permission.IMPORT_SCANS),
        may_import_cards=_may_anywhere(Permission.IMPORT_CARDS),
        may_compare=_may_anywhere(Permission.COMPARE_INCUBATORS),
        may_administer=policy.allows(Permission.ADMINISTER, everywhere),
        may_read_journal=policy.allows(Permission.READ_WHOLE_JOURNAL, everywhere),
    )


def _may_anywhere(permission: Permission) -> bool:
    return policy.allows(permission, {grant.role for grant in current_person().grants})


@blueprint.get("/incubateurs/<slug>")
@incubator_view(Permission.READ_INCUBATOR)
def incubator(found: Incubator) -> str:
    """Its products as the address filters and sorts them."""
    return _list(found, Asked.read(request.args))


@blueprint.post("/incubateurs/<slug>/vues")
@incubator_view(Permission.READ_INCUBATOR)
def keep_view(found: Incubator) -> str | Response:
    """Keeps the filters of the address under a name."""
    asked, form = Asked.read(request.args), SaveViewForm()
    if form.validate_on_submit():
        with form.showing_refusal():
            saved.keep_view(db_session(), current_person(), found, form.name.data or "", asked)
            return redirect(url_for("portfolio.incubator", slug=found.slug, **asked.address))
    return _list(found, asked, form)


@blueprint.post("/incubateurs/<slug>/vues/<view_id>/retirer")
@incubator_view(Permission.READ_INCUBATOR)
def forget_view(found: Incubator, view_id: str) -> Response:
    saved.forget_view(db_session(), current_person(), found, view_id)
    return redirect(url_for("portfolio.incubator", slug=found.slug))


def _list(found: Incubator, asked: Asked, save_form: SaveViewForm | None = None) -> str:
    counts = listing.count_by_state(db_session(), found, asked)
    page = Page.asked(listing.SIZE, counts.found)
    return render_template(
        "portfolio/incubator.html",
        incubator=found,
        asked=asked,
        counts=counts,
        lines=listing.read_page(db_session(), found, asked, page.number),
        page=page,
        most_relaunched=reminding.MOST,
        states=list(ProductState),
        state_of=ProductState,
        phases=list(PhaseName),
        phase_words={p.value: word(p) for p in PhaseName},
        level_words={level.value: word(level) for level in SecurityLevel},
        may_import=_may_anywhere(Permission.IMPORT_SCANS),
        may_relaunch=_may_on(found, Permission.RELAUNCH),
        may_give_roles=_may_on(found, Permission.GIVE_ROLES),
        saved=saved.views_of(db_session(), current_person(), found),
        save_form=save_form or SaveViewForm(formdata=None),
    )


def _may_on(found: Incubator, permission: Permission) -> bool:
    return policy.allows(
        permission, policy.roles_on(current_person().grants, product_id=None, incubator_ids={found.id})
    )


@blueprint.get("/incubateurs/<slug>/produits.csv", defaults={"kind": "csv"})
@blueprint.get("/incubateurs/<slug>/produits.ods", defaults={"kind": "ods"})
@incubator_view(Permission.READ_INCUBATOR)
def export(found: Incubator, kind: str) -> Response:
    """What the page shows with the same address, all pages at once."""
    from app.portfolio import exports  # odfpy is slow to import and rarely needed

    asked = Asked.read(request.args)
    lines = listing.read_all(db_session(), found, asked)
    rows = exports.portfolio_rows(lines, addresses=_may_on(found, Permission.RELAUNCH))
    content = exports.to_csv(rows) if kind == "csv" else exports.to_ods(rows, found.name)
    types = {"csv": "text/csv; charset=utf-8", "ods": "application/vnd.oasis.opendocument.spreadsheet"}
    return file_response(content, types[kind], f"{found.slug}-{clock.today()}.{kind}")


@blueprint.route("/incubateurs/<slug>/relancer", methods=["GET", "POST"])
@incubator_view(Permission.RELAUNCH)
def relaunch(found: Incubator) -> str | Response:
    """The mail as each will read it, then, once confirmed, sent to every team chosen."""
    form, slugs = RelaunchForm(), request.values.getlist("produit")
    if "tous" in request.args and request.method == "GET":
        listed = listing.read_all(db_session(), found, Asked.read(request.args))
        slugs = [g.slug for g in listed if g.act][: reminding.MOST]
    if form.validate_on_submit():
        try:
            count = reminding.remind_teams(db_session(), current_person(), found, slugs, form.note.data or "")
        except Refusal as refusal:
            discard_changes()
            flash(str(refusal), "warning")
        else:
            flash(ngettext("%(num)d équipe est relancée.", "%(num)d équipes sont relancées.", count), "success")
        return redirect(url_for("portfolio.incubator", slug=found.slug))
    recipients = reminding.find_recipients(db_session(), found, slugs)
    first = next((r for r in recipients if r.people), None)
    return render_template(
        "portfolio/relaunch.html",
        incubator=found,
        form=form,
        slugs=slugs,
        recipients=recipients,
        sample=_sample(first, form.note.data or "") if first else None,
    )


def _sample(recipient: Recipient, note: str) -> Mail:
    return reminding.compose_reminder(
        recipient.people[0],
        recipient.product,
        act=recipient.act,
        due=recipient.due,
        sender=current_person().name,
        note=note,
        day=clock.today().isoformat(),
    )


@blueprint.get("/incubateurs/<slug>/tiers")
@incubator_view(Permission.READ_INCUBATOR)
def third_parties(found: Incubator) -> str:
    return render_template(
        "portfolio/third_parties.html", incubator=found, shared=services.third_parties(db_session(), found.id)
    )


@blueprint.get("/incubateurs/<slug>/evolution")
@incubator_view(Permission.READ_INCUBATOR)
def evolution(found: Incubator) -> str:
    """Two years, month by month, and how long a first homologation takes."""
    products = services.products_of(db_session(), found.id)
    entries = register.decided_entries(db_session(), products)
    took, moments = trends.measure_delays(products, entries), trends.monthly_moments(db_session(), products, entries)
    return render_template(
        "portfolio/evolution.html",
        incubator=found,
        moments=moments,
        most=max((m.loss or 0.0 for m in moments), default=0.0),
        delay=trends.median_of(took.values()),
        counted=len(took),
    )


@blueprint.get("/incubateurs/comparaison")
@requires(Permission.COMPARE_INCUBATORS)
def comparison() -> str:
    """The incubators side by side, for who runs the platform."""
    products = services.products_of(db_session(), None)
    return render_template("portfolio/comparison.html", compared=trends.compare_incubators(db_session(), products))


@blueprint.get("/incubateurs/<slug>/calendrier")
@incubator_view(Permission.READ_INCUBATOR)
def timeline(found: Incubator) -> str:
    """The deadlines of the products that the list shows with the same address, as a drawing and as a table."""
    asked = Asked.read(request.args)
    page = Page.asked(listing.SIZE, listing.count_by_state(db_session(), found, asked).found)
    lines = listing.read_page(db_session(), found, asked, page.number)
    ids = [g.product_id for g in lines]
    shown = {p.id: p for p in services.products_among(db_session(), ids)}
    owed = deadlines.deadlines_of_many(
        db_session(), standings.standings_of_products(db_session(), list(shown.values())).values()
    )
    lanes = [
        Lane(g.name, g.homologated_until, tuple(Mark(d.kind.value, d.due, word(d.kind)) for d in owed[g.product_id]))
        for g in lines
    ]
    pairs = [(shown[product_id], d) for product_id in ids for d in owed[product_id]]
    return render_template(
        "portfolio/timeline.html",
        incubator=found,
        asked=asked,
        lanes=lanes,
        drawing=draw_timeline(lanes, clock.today(), language()),
        owed=sorted(pairs, key=lambda pair: (pair[1].due, pair[0].name)),
        page=page,
    )


@blueprint.get("/statistiques")
@requires(Permission.ANYONE)
def public_statistics() -> str:
    """Numbers only: no product is named."""
    return render_template("portfolio/statistics.html", s=statistics.read_statistics(db_session()))
