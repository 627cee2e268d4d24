"""What the product protects, what it fears, where it is weak."""

from typing import Any

from flask import Blueprint, abort, flash, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.analysis import findings as acceptance
from app.analysis import services
from app.analysis.forms import AcceptFindingForm, AssetForm, FearedEventForm
from app.analysis.models import EssentialAsset, FearedEvent
from app.identity.access import current_person
from app.identity.policy import Permission
from app.inventory import services as inventory
from app.platform import clock
from app.platform.database import new_id
from app.platform.editing import save_edited
from app.platform.http import db_session
from app.platform.i18n import language
from app.products.access import Product, may, product_view
from reports.figures.graph import draw_graph
from reports.figures.matrix import count_needs, draw_matrix
from risk_models.assessment import Assessment, Finding, risks_by_view
from risk_models.catalogue.study import examples
from risk_models.ranking.remedies import Remedy, group_by_remedy

blueprint = Blueprint("analysis", __name__, url_prefix="/produits/<slug>")


@blueprint.get("/analyse")
@product_view(Permission.READ_PRODUCT)
def assets(product: Product) -> str:
    found = services.assets_of(db_session(), product.id)
    return render_template(
        "analysis/assets.html",
        product=product,
        assets=found,
        examples=examples("assets", language()),
        may_edit=may(Permission.EDIT_PRODUCT),
    )


@blueprint.route("/analyse/nouvelle", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def new_asset(product: Product) -> str | Response:
    asked, found = request.args.get("exemple", ""), examples("assets", language())
    example = found[int(asked)] if asked.isdecimal() and int(asked) < len(found) else None
    form = AssetForm(data=example and example.values | {"name": example.text})
    return _save(product, form, EssentialAsset(id=new_id()), new=True)


@blueprint.route("/analyse/<ref>", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def asset(product: Product, ref: str) -> str | Response:
    found = _asset(product, ref)
    return _save(product, _form_of(found), found, new=False)


def _form_of(asset: EssentialAsset, *, fresh: bool = False) -> AssetForm:
    form = AssetForm(formdata=None, obj=asset) if fresh else AssetForm(obj=asset)
    if fresh or not (form.is_submitted() or g.get("kept_form")):
        form.lives_in.data = [c.ref for c in asset.lives_in]
    return form


def _save(product: Product, form: AssetForm, row: EssentialAsset, *, new: bool) -> str | Response:
    session = db_session()

    def stored() -> tuple[EssentialAsset, AssetForm]:
        kept = _asset(product, row.ref)
        return kept, _with_components(product, _form_of(kept, fresh=True))

    if save_edited(
        session,
        _with_components(product, form),
        row,
        lambda: services.save_asset(
            session, current_person(), product, form.fill(row), form.lives_in.data or [], new=new
        ),
        stored=None if new else stored,
    ):
        flash(_("%(name)s est enregistré.", name=row.name), "success")
        return redirect(url_for("analysis.asset", slug=product.slug, ref=row.ref))
    return _asset_page(product, form, None if new else row, FearedEventForm(formdata=None))


def _with_components(product: Product, form: AssetForm) -> AssetForm:
    form.lives_in.choices = [(c.ref, c.name) for c in inventory.read_inventory(db_session(), product.id).components]
    return form


def _asset_page(product: Product, form: AssetForm, row: EssentialAsset | None, event_form: FearedEventForm) -> str:
    return render_template("analysis/asset.html", product=product, form=form, asset=row, event_form=event_form)


@blueprint.post("/analyse/<ref>/retirer")
@product_view(Permission.EDIT_PRODUCT)
def remove_asset(product: Product, ref: str) -> Response:
    services.remove_asset(db_session(), current_person(), product, _asset(product, ref))
    return redirect(url_for("analysis.assets", slug=product.slug))


@blueprint.post("/analyse/<ref>/evenements")
@product_view(Permission.EDIT_PRODUCT)
def add_feared_event(product: Product, ref: str) -> str | Response:
    row, form = _asset(product, ref), FearedEventForm()
    event = FearedEvent(id=new_id())
    if save_edited(
        db_session(),
        form,
        event,
        lambda: services.save_feared_event(db_session(), current_person(), product, row, form.fill(event), new=True),
        stored=None,
    ):
        flash(_("L’événement redouté est ajouté."), "success")
        return redirect(url_for("analysis.asset", slug=product.slug, ref=ref))
    return _asset_page(product, _with_components(product, _form_of(row, fresh=True)), row, form)


@blueprint.post("/analyse/<ref>/evenements/<event_id>/retirer")
@product_view(Permission.EDIT_PRODUCT)
def remove_feared_event(product: Product, ref: str, event_id: str) -> Response:
    services.remove_feared_event(db_session(), current_person(), product, _asset(product, ref), event_id)
    return redirect(url_for("analysis.asset", slug=product.slug, ref=ref))


# Warnings that a team mends by completing what it said; the others explain the model.
_INCOMPLETE = frozenset({"measure_without_effect", "unknown_measure", "measure_nowhere", "proof_lost"})


@blueprint.get("/points-de-faiblesse")
@product_view(Permission.READ_PRODUCT)
def weak_points(product: Product) -> str:
    system = services.read_system(db_session(), product)
    assessment = services.assess_system(system)
    accepted = acceptance.read_acceptances(db_session(), product.id)
    views = services.read_views(system)
    return render_template(
        "analysis/weak_points.html",
        product=product,
        system=system,
        assessment=assessment,
        views=views,
        risks=risks_by_view(views),
        incomplete=[w for w in assessment.warnings if w.code in _INCOMPLETE],
        names=system.names(),
        assets={a.id: a.name for a in system.assets},
        figure=draw_graph(system, assessment, language()) if system.components else None,
        matrix=draw_matrix(count_needs(assessment), language()),
        version=services.latest_version(db_session(), product.id),
        **_remedies(product, acceptance.split_findings(assessment.findings, accepted, clock.today())[0]),
    )


def _remedies(product: Product, open_: list[Finding]) -> dict[str, list[Any]]:
    """The open findings by remedy, and where each is answered, for who may."""
    found = group_by_remedy(open_)
    return {"open": found, "answers": [_answer(product, r) for r in found] if may(Permission.EDIT_PRODUCT) else []}


def _answer(product: Product, remedy: Remedy) -> tuple[str, str]:
    """What its button says, and where it leads."""
    label, page, values = acceptance.mended_at(remedy)
    return str(label), url_for(page, slug=product.slug, **values)


@blueprint.get("/points-de-faiblesse.json")
@product_view(Permission.READ_PRODUCT)
def weak_points_json(product: Product) -> Response:
    """The same as `jalon assess --json` gives for the product's file."""
    return jsonify(services.assessment_json(services.read_system(db_session(), product), language()))


@blueprint.get("/points-de-faiblesse/solidite")
@product_view(Permission.READ_PRODUCT)
def stability(product: Product) -> str:
    """A fragment for htmx, which asks for it once the ranking is shown; a page for everybody else."""
    system = services.read_system(db_session(), product)
    fragment = request.headers.get("HX-Request") == "true"
    return render_template(
        "analysis/_stability.html" if fragment else "analysis/stability.html",
        product=product,
        assessment=services.assess_system(system),
        stability=services.assess_stability(system),
        names=system.names(),
        figures=services.figures_moved(),
        beside=fragment,
    )


@blueprint.get("/constats")
@product_view(Permission.READ_PRODUCT)
def findings(product: Product) -> str:
    system = services.read_system(db_session(), product)
    accepted = acceptance.read_acceptances(db_session(), product.id)
    open_, held = acceptance.split_findings(services.assess_system(system).findings, accepted, clock.today())
    return render_template(
        "analysis/findings.html",
        product=product,
        **_remedies(product, open_),
        held=held,
        acceptances=accepted,
        names=system.names(),
        may_edit=may(Permission.EDIT_PRODUCT),
    )


@blueprint.route("/constats/accepter", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def accept_finding(product: Product) -> str | Response:
    system = services.read_system(db_session(), product)
    found = _finding(services.assess_system(system))
    form = AcceptFindingForm()
    if form.validate_on_submit() and form.until.data:
        until, reason = form.until.data, form.reason.data or ""
        with form.showing_refusal():
            acceptance.accept_finding(db_session(), current_person(), product, found, reason=reason, until=until)
            flash(_("Le constat est laissé en l’état. Il reviendra à cette date."), "success")
            return redirect(url_for("analysis.findings", slug=product.slug))
    return render_template(
        "analysis/accept_finding.html", product=product, found=found, form=form, names=system.names()
    )


@blueprint.post("/constats/rouvrir")
@product_view(Permission.EDIT_PRODUCT)
def reopen_finding(product: Product) -> Response:
    found = _finding(services.assess_system(services.read_system(db_session(), product)))
    acceptance.reopen_finding(db_session(), current_person(), product, found)
    return redirect(url_for("analysis.findings", slug=product.slug))


def _finding(assessment: Assessment) -> Finding:
    found = next((f for f in assessment.findings if f.key == request.args.get("constat")), None)
    if found is None:
        abort(404)
    return found


@blueprint.post("/analyse-terminee")
@product_view(Permission.EDIT_PRODUCT)
def finish(product: Product) -> Response:
    version = services.finish_analysis(db_session(), current_person(), product)
    flash(_("L’analyse, version %(number)d, est faite.", number=version.number), "success")
    return redirect(url_for("study.overview", slug=product.slug))


def _asset(product: Product, ref: str) -> EssentialAsset:
    found = services.asset_of(db_session(), product.id, ref)
    if found is None:
        abort(404)
    return found
