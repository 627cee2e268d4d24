"""Scenarios read again and rated; then what is decided of each risk, and the analysis done, version after version."""

from collections.abc import Callable, Mapping

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.analysis import register, services, versions
from app.analysis.register import Choice, Rating, RegisterLine
from app.analysis.study_forms import RatingForm, StoryForm, TreatmentForm
from app.analysis.study_models import RiskScenario
from app.identity.access import current_person
from app.identity.policy import Permission
from app.platform.database import new_id
from app.platform.editing import EditForm, save_edited
from app.platform.http import db_session, file_response
from app.platform.i18n import language
from app.products.access import Product, may, product_view
from risk_models import product_file
from risk_models.catalogue.study import examples
from risk_models.system import System

blueprint = Blueprint("register", __name__, url_prefix="/produits/<slug>/demarche")


@blueprint.get("/scenarios")
@product_view(Permission.READ_PRODUCT)
def scenarios(product: Product) -> str:
    session = db_session()
    system = services.read_system(session, product)
    found = register.read_lines(register.rows_of(session, product.id), system)
    return render_template(
        "study/scenarios.html",
        product=product,
        attacks=[x for x in found if x.deliberate],
        accidents=[x for x in found if not x.deliberate],
        findings=services.assess_system(system).findings,
        names=system.names(),
        examples=examples("stories", language()),
        may_edit=may(Permission.EDIT_PRODUCT),
    )


@blueprint.route("/scenarios/raconte/<row_id>", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def story(product: Product, row_id: str) -> str | Response:
    session = db_session()
    system = services.read_system(session, product)
    new = row_id == "nouveau"
    row = register.new_told() if new else session.get(RiskScenario, row_id)
    if row is None or (not new and (row.product_id != product.id or not row.told)):
        abort(404)
    form = _story_form(row, system, new=new)

    def stored() -> tuple[RiskScenario, EditForm]:
        kept = session.get_one(RiskScenario, row.id)
        return kept, _with_assets(StoryForm(formdata=None, obj=kept), system)

    if save_edited(
        session,
        form,
        row,
        lambda: register.tell_scenario(session, current_person(), product, form.fill(row), new=new),
        stored=None if new else stored,
    ):
        flash(_("Le scénario est enregistré."), "success")
        return redirect(url_for("register.scenarios", slug=product.slug))
    return render_template(
        "study/edit.html",
        product=product,
        form=form,
        step="weak",
        heading=_("Scénario raconté"),
        why=_(
            "Ce que le schéma ne peut pas deviner : une fraude, une malveillance interne, un accident. Deux minutes."
        ),
        back=url_for("register.scenarios", slug=product.slug),
        remove=None if new else url_for("register.remove", slug=product.slug, key=row.key),
    )


def _story_form(row: RiskScenario, system: System, *, new: bool) -> StoryForm:
    if not new:
        return _with_assets(StoryForm(obj=row), system)
    asked, found = request.args.get("exemple", ""), examples("stories", language())
    values: dict[str, object] = {"deliberate": True, "kept": True}
    if asked.isdecimal() and int(asked) < len(found):
        values |= found[int(asked)].values | {"story": found[int(asked)].text}
    return _with_assets(StoryForm(data=values), system)


def _with_assets(form: StoryForm, system: System) -> StoryForm:
    form.asset.choices = [("", _("tout le produit")), *((a.id, a.name) for a in system.assets)]
    if form.asset.data not in {"", *(a.id for a in system.assets)}:
        form.asset.data = ""
    return form


def _line(product: Product, system: System, key: str) -> RegisterLine:
    found = register.line_of_key(db_session(), product, system, key)
    if found is None:
        abort(404)
    return found


@blueprint.route("/scenarios/<key>", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def rate(product: Product, key: str) -> str | Response:
    session = db_session()
    system = services.read_system(session, product)
    line = _line(product, system, key)
    if line.row and line.row.told:
        return redirect(url_for("register.story", slug=product.slug, row_id=line.row.id))
    form = RatingForm(obj=line.row, data=None if line.row else {"kept": True})
    if save_edited(
        session,
        form,
        line.row or RiskScenario(id=new_id()),
        lambda: register.rate_scenario(
            session,
            current_person(),
            product,
            line,
            Rating(
                form.severity.data,
                form.likelihood.data,
                form.why.data or "",
                bool(form.kept.data),
                form.why_not.data or "",
            ),
        ),
        stored=_stored(product, line, RatingForm),
    ):
        flash(_("Votre lecture du scénario est enregistrée ; celle du schéma reste affichée à côté."), "success")
        return redirect(url_for("register.scenarios", slug=product.slug))
    return _line_page("study/rate.html", product, line, form, system.names())


def _stored(
    product: Product, line: RegisterLine, form: type[EditForm]
) -> Callable[[], tuple[RiskScenario, EditForm]] | None:
    """How to read the row of `line` again; None where nobody spoke of it yet."""
    row = line.row
    if row is None:
        return None

    def stored() -> tuple[RiskScenario, EditForm]:
        kept = db_session().get_one(RiskScenario, row.id)
        return kept, _treatment_form(kept, fresh=True) if form is TreatmentForm else form(formdata=None, obj=kept)

    return stored


def _treatment_form(row: RiskScenario | None, *, fresh: bool = False) -> TreatmentForm:
    values = {"note": row.treatment_note if row else ""}
    return TreatmentForm(formdata=None, obj=row, data=values) if fresh else TreatmentForm(obj=row, data=values)


def _line_page(template: str, product: Product, line: RegisterLine, form: EditForm, names: Mapping[str, str]) -> str:
    return render_template(template, product=product, line=line, form=form, names=names)


@blueprint.get("/registre")
@product_view(Permission.READ_PRODUCT)
def remains(product: Product) -> str:
    session = db_session()
    system = services.read_system(session, product)
    found = register.read_lines(register.rows_of(session, product.id), system)
    return render_template(
        "study/remains.html",
        product=product,
        lines=[x for x in found if x.kept],
        aside=[x for x in found if not x.kept],
        undecided=sum(x.kept and x.undecided for x in found),
        proposed=register.proposed_reductions(found, system),
        views=services.read_views(system),
        names=system.names(),
        may_edit=may(Permission.EDIT_PRODUCT),
    )


@blueprint.post("/reduire")
@product_view(Permission.EDIT_PRODUCT)
def reduce(product: Product) -> Response:
    session = db_session()
    system, keys = services.read_system(session, product), request.form.getlist("key")
    count = register.reduce_risks(session, current_person(), product, system, keys)
    flash(ngettext("%(num)d décision est au registre.", "%(num)d décisions sont au registre.", count), "success")
    return redirect(url_for("register.remains", slug=product.slug))


@blueprint.route("/registre/<key>", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def treat(product: Product, key: str) -> str | Response:
    session = db_session()
    system = services.read_system(session, product)
    line = _line(product, system, key)
    form = _treatment_form(line.row)
    if save_edited(
        session,
        form,
        line.row or RiskScenario(id=new_id()),
        lambda: register.treat_risk(
            session,
            current_person(),
            product,
            line,
            Choice(form.treatment.data, form.note.data or "", form.accepted_until.data),
        ),
        stored=_stored(product, line, TreatmentForm),
    ):
        flash(_("La décision est au registre."), "success")
        return redirect(url_for("register.remains", slug=product.slug))
    return _line_page("study/treat.html", product, line, form, system.names())


@blueprint.post("/scenarios/<key>/retirer")
@product_view(Permission.EDIT_PRODUCT)
def remove(product: Product, key: str) -> Response:
    row = register.rows_of(db_session(), product.id).get(key)
    if row is None:
        abort(404)
    register.remove_scenario(db_session(), current_person(), product, row)
    return redirect(url_for("register.scenarios", slug=product.slug))


@blueprint.get("/versions/<int(max=9999):number>/jalon.yaml")
@product_view(Permission.READ_PRODUCT)
def version_file(product: Product, number: int) -> Response:
    """The product file as it was frozen."""
    found = services.version_of(db_session(), product.id, number)
    if found is None:
        abort(404)
    return file_response(found.content, "application/yaml", f"{product.slug}-version-{number}.yaml")


@blueprint.get("/versions/<int(max=9999):number>")
@product_view(Permission.READ_PRODUCT)
def version(product: Product, number: int) -> str:
    """A version beside an earlier one, the one just before unless the address names another."""
    session = db_session()
    other = request.args.get("avec", "")
    after = services.version_of(session, product.id, number)
    before = services.version_of(
        session, product.id, int(other) if other.isdecimal() and len(other) < 5 else number - 1
    )
    if after is None:
        abort(404)
    system = product_file.loads(after.content)
    return render_template(
        "study/version.html",
        product=product,
        after=after,
        before=before,
        system=system,
        names=system.names(),
        study=versions.study_of_version(after),
        changes=versions.compare_versions(before, after) if before else [],
        versions=services.versions_of(session, product.id),
    )
