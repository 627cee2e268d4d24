"""The guided analysis, page by page: level, fears, ecosystem, risk sources, and what people say to one another."""

from typing import TypeVar

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.analysis import guide, services, study
from app.analysis.forms import FearedEventForm
from app.analysis.models import FearedEvent
from app.analysis.study_forms import LevelForm, SourceForm, StakeholderForm, WantedLevelForm
from app.analysis.study_models import RiskSource, SecurityProfile, Stakeholder
from app.identity.access import current_person
from app.identity.policy import Permission
from app.inventory import services as inventory
from app.platform.database import new_id
from app.platform.editing import EditForm, reread_edited, save_edited
from app.platform.http import db_session
from app.platform.i18n import language
from app.products.access import Product, may, product_view
from risk_models.catalogue.pieces import pieces
from risk_models.catalogue.study import Example, examples
from risk_models.rules.proportionality import approach_of, what_each_answer_changes
from risk_models.scales import SecurityLevel

blueprint = Blueprint("study", __name__, url_prefix="/produits/<slug>/demarche")


@blueprint.get("")
@product_view(Permission.READ_PRODUCT)
def overview(product: Product) -> str:
    return render_template(
        "study/overview.html",
        product=product,
        versions=services.versions_of(db_session(), product.id),
        may_edit=may(Permission.EDIT_PRODUCT),
    )


@blueprint.route("/niveau", methods=["GET", "POST"])
@product_view(Permission.READ_PRODUCT)
def level(product: Product) -> str | Response:
    session = db_session()
    profile = study.profile_of(session, product.id)
    form = LevelForm(obj=profile)
    if form.is_submitted() and not may(Permission.EDIT_PRODUCT):
        abort(404)
    if form.validate_on_submit():
        given = study.level_given(session, current_person(), product, profile, form.needs())
        changes = profile is not None and given != profile.level
        if "try" in request.form or (changes and request.form.get("confirmed") != str(int(given))):
            return _level_page(product, form, WantedLevelForm(formdata=None), tried=given)
    row = profile or SecurityProfile(product_id=product.id)

    def stored() -> tuple[SecurityProfile, EditForm]:
        kept = study.profile_of(session, product.id) or row
        return kept, LevelForm(formdata=None, obj=kept)

    if save_edited(
        session,
        form,
        row,
        lambda: study.answer_level(session, current_person(), product, profile, form.needs()),
        stored=stored if profile else None,
    ):
        flash(_("Vos réponses donnent le niveau du produit. Voici ce que chacune change."), "success")
        return redirect(url_for("study.level", slug=product.slug))
    return _level_page(product, form, WantedLevelForm(formdata=None))


@blueprint.post("/niveau/remettre")
@product_view(Permission.EDIT_PRODUCT)
def put_back_level(product: Product) -> Response:
    study.put_back_level(db_session(), current_person(), product, revision=request.form.get("revision", ""))
    flash(_("Le niveau et les réponses sont remis comme avant."), "success")
    return redirect(url_for("study.level", slug=product.slug))


def _level_page(product: Product, form: LevelForm, wanted: WantedLevelForm, tried: SecurityLevel | None = None) -> str:
    """The page of the level; `tried` is what the answers of `form` would make it, where nothing was saved."""
    profile = study.profile_of(db_session(), product.id)
    in_force = guide.level_of_profile(profile)
    return render_template(
        "study/level.html",
        product=product,
        form=form,
        wanted=wanted,
        profile=profile,
        level=in_force,
        tried=tried,
        before_raise=profile.before_raise if profile and study.may_put_back(current_person(), profile) else None,
        computed=guide.computed_level(profile) if profile else None,
        changes=what_each_answer_changes(study.needs_of(profile)) if profile else {},
        approach=approach_of(in_force) if in_force else None,
        pieces=pieces(approach_of(in_force), language()) if in_force else (),
        pieces_if_tried=pieces(approach_of(tried), language()) if tried else (),
        levels=SecurityLevel,
        may_edit=may(Permission.EDIT_PRODUCT),
        may_approve=may(Permission.APPROVE_LEVEL),
    )


@blueprint.post("/niveau/retenu")
@product_view(Permission.EDIT_PRODUCT)
def want_level(product: Product) -> str | Response:
    wanted = WantedLevelForm()
    if wanted.validate_on_submit():
        with wanted.showing_refusal():
            in_force = study.want_level(
                db_session(),
                current_person(),
                product,
                wanted.level.data,
                wanted.why.data or "",
                revision=request.form.get("revision", ""),
            )
            flash(
                _("Ce niveau est retenu.")
                if in_force
                else _(
                    "Demande notée : le niveau calculé reste en vigueur tant qu’une personne chargée d’avis n’en convient pas."
                ),
                "success",
            )
            return redirect(url_for("study.level", slug=product.slug))
    return _level_page(product, LevelForm(formdata=None, obj=study.profile_of(db_session(), product.id)), wanted)


@blueprint.post("/niveau/accord")
@product_view(Permission.APPROVE_LEVEL)
def approve_level(product: Product) -> Response:
    wanted = request.form.get("wanted", "")
    level, revision = int(wanted) if wanted.isdecimal() and len(wanted) == 1 else 0, request.form.get("revision", "")
    study.approve_level(db_session(), current_person(), product, wanted=level, revision=revision)
    flash(_("Vous convenez de ce niveau : il est en vigueur."), "success")
    return redirect(url_for("study.level", slug=product.slug))


@blueprint.get("/craindre")
@product_view(Permission.READ_PRODUCT)
def fears(product: Product) -> str:
    return render_template(
        "study/fears.html",
        product=product,
        assets=services.assets_of(db_session(), product.id),
        examples=examples("fears", language()),
        may_edit=may(Permission.EDIT_PRODUCT),
    )


@blueprint.route("/craindre/<ref>/<event_id>", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def fear(product: Product, ref: str, event_id: str) -> str | Response:
    """A feared event of the asset `ref`; "nouveau" is one to come."""
    session = db_session()
    asset = services.asset_of(session, product.id, ref)
    if asset is None:
        abort(404)
    new = event_id == "nouveau"
    row = FearedEvent(id=new_id()) if new else next((e for e in asset.feared_events if e.id == event_id), None)
    if row is None:
        abort(404)
    form = FearedEventForm(obj=None if new else row, data=_example("fears", text="description") if new else None)

    if save_edited(
        session,
        form,
        row,
        lambda: services.save_feared_event(session, current_person(), product, asset, form.fill(row), new=new),
        stored=None if new else reread_edited(session, FearedEvent, row.id, FearedEventForm),
    ):
        flash(_("L’événement redouté est enregistré."), "success")
        return redirect(url_for("study.fears", slug=product.slug))
    return render_template(
        "study/edit.html",
        product=product,
        form=form,
        step="fear",
        heading=_("Événement redouté"),
        why=_("Sur « %(asset)s ». Racontez le pire en une phrase.", asset=asset.name),
        back=url_for("study.fears", slug=product.slug),
        remove=None
        if new
        else url_for("analysis.remove_feared_event", slug=product.slug, ref=asset.ref, event_id=row.id),
    )


def _example(group: str, *, text: str | None = None) -> dict[str, object] | None:
    """The values of the example that the address asks for; `text`: the field that its sentence fills."""
    asked = request.args.get("exemple", "")
    found = examples(group, language())
    if not asked.isdecimal() or int(asked) >= len(found):
        return None
    example: Example = found[int(asked)]
    return dict(example.values) | ({text: example.text} if text else {})


@blueprint.get("/composition")
@product_view(Permission.READ_PRODUCT)
def made_of(product: Product) -> str:
    session = db_session()
    described = inventory.read_inventory(session, product.id)
    stakeholders = study.stakeholders_of(session, product.id)
    known = {s.name.lower() for s in stakeholders}
    suppliers = sorted({c.supplier for c in described.components if c.supplier and c.supplier.lower() not in known})
    return render_template(
        "study/made_of.html",
        product=product,
        inventory=described,
        stakeholders=stakeholders,
        suppliers=suppliers[:30],
        examples=examples("stakeholders", language()),
        may_edit=may(Permission.EDIT_PRODUCT),
    )


@blueprint.route("/composition/<row_id>", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def stakeholder(product: Product, row_id: str) -> str | Response:
    session = db_session()
    new = row_id == "nouveau"
    row = Stakeholder(id=new_id()) if new else _owned(session.get(Stakeholder, row_id), product)
    proposed = _example("stakeholders", text="name") or {"name": request.args.get("nom", "")}
    form = StakeholderForm(obj=None if new else row, data=proposed if new else None)

    if save_edited(
        session,
        form,
        row,
        lambda: study.save_stakeholder(session, current_person(), product, form.fill(row), new=new),
        stored=None if new else reread_edited(session, Stakeholder, row.id, StakeholderForm),
    ):
        flash(_("%(name)s est enregistrée.", name=row.name), "success")
        return redirect(url_for("study.made_of", slug=product.slug))
    return render_template(
        "study/edit.html",
        product=product,
        form=form,
        step="made_of",
        heading=_("Partie prenante"),
        why=_("Niveau de menace = (dépendance × accès) / (maturité × confiance). Deux minutes."),
        back=url_for("study.made_of", slug=product.slug),
        remove=None if new else url_for("study.remove", slug=product.slug, what="composition", row_id=row.id),
    )


Owned = TypeVar("Owned", Stakeholder, RiskSource)


def _owned(row: Owned | None, product: Product) -> Owned:
    if row is None or row.product_id != product.id:
        abort(404)
    return row


@blueprint.get("/sources")
@product_view(Permission.READ_PRODUCT)
def attackers(product: Product) -> str:
    return render_template(
        "study/attackers.html",
        product=product,
        sources=study.sources_of(db_session(), product.id),
        examples=examples("sources", language()),
        may_edit=may(Permission.EDIT_PRODUCT),
    )


@blueprint.route("/sources/<row_id>", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def source(product: Product, row_id: str) -> str | Response:
    session = db_session()
    new = row_id == "nouveau"
    row = RiskSource(id=new_id()) if new else _owned(session.get(RiskSource, row_id), product)
    proposed = _example("sources", text="why") or {"kept": True}
    form = SourceForm(obj=None if new else row, data=proposed if new else None)

    if save_edited(
        session,
        form,
        row,
        lambda: study.save_source(session, current_person(), product, form.fill(row), new=new),
        stored=None if new else reread_edited(session, RiskSource, row.id, SourceForm),
    ):
        flash(_("La source de risque est enregistrée."), "success")
        return redirect(url_for("study.attackers", slug=product.slug))
    return render_template(
        "study/edit.html",
        product=product,
        form=form,
        step="attackers",
        heading=_("Source de risque"),
        why=_("Qui, et pour quoi faire. Celles que l’on écarte restent au dossier, avec leur raison. Une minute."),
        back=url_for("study.attackers", slug=product.slug),
        remove=None if new else url_for("study.remove", slug=product.slug, what="sources", row_id=row.id),
    )


@blueprint.post("/<what>/<row_id>/retirer")
@product_view(Permission.EDIT_PRODUCT)
def remove(product: Product, what: str, row_id: str) -> Response:
    session = db_session()
    if what == "composition":
        study.remove_stakeholder(session, current_person(), product, _owned(session.get(Stakeholder, row_id), product))
        return redirect(url_for("study.made_of", slug=product.slug))
    if what != "sources":
        abort(404)
    study.remove_source(session, current_person(), product, _owned(session.get(RiskSource, row_id), product))
    return redirect(url_for("study.attackers", slug=product.slug))
