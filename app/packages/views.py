"""The SBOM of a component, the flaws that touch a product, and who uses a package across products."""

from io import BytesIO
from pathlib import PurePath

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.feeds import services as feeds
from app.identity.access import current_person, requires
from app.identity.policy import Permission
from app.inventory import services as inventory
from app.packages import exports, flaw_judgements, matching, queries, sboms
from app.packages import vex as vex_files
from app.packages.forms import JudgementForm, SbomForm, VexForm
from app.packages.importers.reading import UnreadableSbom
from app.packages.known_flaws import noted_flaws
from app.packages.matching import Match
from app.packages.searching import FoundUses, search_users
from app.packages.watched_kinds import unwatched_kinds
from app.packages.ways import ways_to
from app.platform import uploads
from app.platform.editing import EditForm, save_edited
from app.platform.forms import ConfirmUploadForm
from app.platform.http import db_session, discard_changes, file_response
from app.platform.i18n import language
from app.platform.refusals import Refusal
from app.portfolio import services as portfolio
from app.products.access import Product, product_view
from risk_models.exposure.package_names import UnreadableName

blueprint = Blueprint("packages", __name__)


@blueprint.route("/produits/<slug>/composants/<ref>/sbom", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def sbom(product: Product, ref: str) -> str:
    """Uploading shows what would change; nothing changes yet."""
    component = inventory.component_of(db_session(), product.id, ref) or abort(404)
    form = SbomForm()
    if form.validate_on_submit():
        name = PurePath(form.file.data.filename or "").name[:200]
        discard_changes()  # nobody waits to write while a file is read
        try:
            preview = sboms.preview_sbom(db_session(), component, form.file.data.stream, name)
        except UnreadableSbom as error:
            form.refuse(Refusal(error.text(language()), "file"))
        else:
            form.file.data.stream.seek(0)
            confirm = _to_confirm(f"sbom:{component.id}", form.file.data.stream.read(), name)
            return render_template(
                "packages/sbom_preview.html", product=product, component=component, preview=preview, form=confirm
            )
    standing = sboms.sbom_of(db_session(), component.id)
    return render_template("packages/sbom.html", product=product, component=component, form=form, sbom=standing)


@blueprint.post("/produits/<slug>/composants/<ref>/sbom/importer")
@product_view(Permission.EDIT_PRODUCT)
def import_sbom(product: Product, ref: str) -> Response:
    component = inventory.component_of(db_session(), product.id, ref) or abort(404)
    found = _confirmed(f"sbom:{component.id}")
    try:
        outcome = sboms.import_sbom(
            db_session(), current_person(), product, component, BytesIO(found.content), found.name
        )
    except UnreadableSbom as error:
        raise Refusal(error.text(language())) from error
    flash(ngettext("%(num)d paquet est importé.", "%(num)d paquets sont importés.", outcome.count), "success")
    return redirect(url_for("packages.flaws", slug=product.slug))


@blueprint.get("/produits/<slug>/failles")
@product_view(Permission.READ_PRODUCT)
def flaws(product: Product) -> str:
    session = db_session()
    matches = matching.matches_of(session, [product.id])[product.id]
    components = inventory.read_inventory(session, product.id).components
    nameless, sourceless = sboms.count_unmatched(session, product.id)
    return render_template(
        "packages/flaws.html",
        product=product,
        matches=matches,
        noted=noted_flaws(components, matches),
        ways=ways_to(session, matches),
        packages=sboms.counts_of(session, product.id),
        nameless=nameless,
        sourceless=sourceless,
        unwatched=unwatched_kinds(session, product.id),
        components=len(components),
        alarms=[s for s in feeds.read_feeds(session) if s.alarm],
    )


@blueprint.route("/produits/<slug>/failles/juger", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def judge(product: Product) -> str | Response:
    match = _match(product)
    form = JudgementForm(obj=match.judgement)

    def save() -> None:
        flaw_judgements.judge_flaw(
            db_session(),
            current_person(),
            product,
            match,
            state=form.state.data,
            justification=form.justification.data,
            reason=form.reason.data or "",
            until=form.until.data,
        )

    def stored() -> tuple[Product, EditForm]:
        return product, JudgementForm(formdata=None, obj=_match(product).judgement)

    if save_edited(db_session(), form, product, save, stored=stored):
        flash(_("Votre jugement sur %(flaw)s est enregistré.", flaw=match.flaw), "success")
        return redirect(url_for("packages.flaws", slug=product.slug))
    ways = ways_to(db_session(), [match])
    return render_template("packages/judge.html", product=product, match=match, ways=ways, form=form)


@blueprint.get("/produits/<slug>/vex.cdx.json")
@product_view(Permission.READ_PRODUCT)
def vex(product: Product) -> Response:
    content = exports.as_vex(db_session(), product)
    return file_response(content, "application/vnd.cyclonedx+json; version=1.6", f"{product.slug}.vex.cdx.json")


@blueprint.route("/produits/<slug>/failles/vex", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def look_at_vex(product: Product) -> str:
    """Uploading shows what would be said; nothing changes yet."""
    form = VexForm()
    if form.validate_on_submit():
        content = form.file.data.stream.read()
        discard_changes()  # idem
        with form.showing_refusal():
            preview = vex_files.preview_vex(db_session(), product, content)
            name = PurePath(form.file.data.filename or "").name[:200]
            confirm = _to_confirm(f"vex:{product.id}", content, name)
            return render_template("packages/vex_preview.html", product=product, preview=preview, form=confirm)
    return render_template("packages/vex.html", product=product, form=form)


@blueprint.post("/produits/<slug>/failles/vex/importer")
@product_view(Permission.EDIT_PRODUCT)
def import_vex(product: Product) -> Response:
    found = _confirmed(f"vex:{product.id}")
    count = vex_files.import_vex(db_session(), current_person(), product, found.content, found.name)
    flash(ngettext("%(num)d jugement est enregistré.", "%(num)d jugements sont enregistrés.", count), "success")
    return redirect(url_for("packages.flaws", slug=product.slug))


def _to_confirm(purpose: str, content: bytes, name: str) -> ConfirmUploadForm:
    upload = uploads.keep_upload(db_session(), current_person().id, purpose, content, name)
    return ConfirmUploadForm(formdata=None, data={"upload": upload})


def _confirmed(purpose: str) -> uploads.Confirmed:
    """The file that this person was shown for this purpose. Raises `Refusal`."""
    return uploads.read_confirmed(db_session(), current_person().id, purpose, ConfirmUploadForm().upload.data or "")


def _match(product: Product) -> Match:
    named = (request.args.get(key, "") for key in ("composant", "paquet", "version", "faille"))
    return flaw_judgements.match_of(db_session(), product.id, *named) or abort(404)


@blueprint.get("/qui-utilise")
@requires(Permission.READ_INCUBATOR)
def who_uses() -> str:
    """A package (purl) or a name, over every product that the person may read."""
    asked, span = (request.args.get(key, "").replace("\0", "").strip()[:500] for key in ("q", "plage"))
    refused = ""
    found = FoundUses([])
    if asked:
        products = portfolio.readable_product_ids(db_session(), current_person())
        try:
            found = search_users(db_session(), asked, span, products)
        except UnreadableName:
            refused = _("Écrivez un nom ou un purl, et la plage ainsi : >=2.0,<2.17.1 ; | entre deux plages.")
    return render_template(
        "packages/who_uses.html", asked=asked, span=span, refused=refused, found=found, most=queries.MOST_PACKAGES
    )
