"""Products: the list, a new one by hand or from its card, the card, the team."""

from pathlib import PurePath

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from app.identity import directory, policy
from app.identity import services as identity
from app.identity.access import current_person, requires
from app.identity.forms import InviteForm
from app.identity.kinds import Role
from app.identity.policy import Permission
from app.platform.database import new_id
from app.platform.editing import EditForm, reread_edited, save_edited
from app.platform.http import db_session
from app.platform.pages import Page
from app.platform.refusals import Refusal
from app.product_files import cards
from app.products import moves, services
from app.products.access import product_view
from app.products.forms import CardFileForm, CardForm, ContactForm
from app.products.importers.cards import MAX_CHARACTERS, Card, read_card
from app.products.models import Contact, Product

blueprint = Blueprint("products", __name__)

_BLANK_PHASES = 2


@blueprint.get("/produits")
@requires(Permission.SIGNED_IN)
def index() -> str:
    search, archived = request.args.get("q", "")[:200], "archives" in request.args
    session, person = db_session(), current_person()
    page = Page.asked(services.PAGE, services.count_visible(session, person, search=search, archived=archived))
    products = services.visible_products(session, person, search=search, archived=archived, page=page.number)
    return render_template("products/index.html", products=products, search=search, archived=archived, page=page)


@blueprint.post("/produits/<slug>/restaurer")
@product_view(Permission.EDIT_PRODUCT)
def restore(product: Product) -> Response:
    services.restore_product(db_session(), current_person(), product)
    flash(_("Le produit n’est plus archivé."), "success")
    return redirect(url_for("home.product", slug=product.slug))


@blueprint.route("/produits/nouveau", methods=["GET", "POST"])
@requires(Permission.CREATE_PRODUCT)
def new() -> str | Response:
    form = _card_form(None)
    if form.validate_on_submit():
        with form.showing_refusal():
            product = services.create_product(db_session(), current_person(), form.values())
            flash(_("Le produit est créé. Cinq questions disent ce que son homologation demandera."), "success")
            return redirect(url_for("study.level", slug=product.slug))
    return render_template("products/new.html", form=form, file_form=CardFileForm(formdata=None))


@blueprint.post("/produits/fiche")
@requires(Permission.CREATE_PRODUCT)
def new_from_card() -> str | Response:
    file_form = CardFileForm()
    if file_form.validate_on_submit():
        with file_form.showing_refusal():
            card = _read_upload(file_form.card.data)
            product = cards.create_from_card(db_session(), current_person(), card)
            for odd in card.irregularities:
                flash(_("À vérifier dans la fiche : %(what)s.", what=odd.message), "warning")
            flash(_("La fiche est importée. Relisez-la, puis continuez."), "success")
            return redirect(url_for("products.card", slug=product.slug))
    return render_template("products/new.html", form=_card_form(None, fresh=True), file_form=file_form)


def _read_upload(upload: FileStorage) -> Card:
    content = upload.stream.read(MAX_CHARACTERS * 4 + 1)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise Refusal(
            _("Ce fichier n’est pas un texte. Choisissez la fiche du produit, un fichier .md."), "card"
        ) from None
    return read_card(PurePath(upload.filename or "").stem, text)


@blueprint.route("/produits/<slug>/fiche", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def card(product: Product) -> str | Response:
    form = _card_form(product)
    asked = False

    def save() -> None:
        nonlocal asked
        asked = not services.change_card(db_session(), current_person(), product, form.values())
        if asked:
            flash(
                _("La fiche est enregistrée. Le changement d’incubateur est demandé : chacun doit l’accepter."), "info"
            )

    def stored() -> tuple[Product, EditForm]:
        kept = services.load_product(db_session(), product.slug, fresh=True) or abort(404)
        return kept, _card_form(kept, fresh=True)

    if save_edited(
        db_session(),
        form,
        product,
        save,
        stored=stored,
    ):
        if request.form.get("then") == "stay":
            if not asked:
                flash(_("La fiche est enregistrée."), "success")
            return redirect(url_for("products.card", slug=product.slug))
        return redirect(url_for("study.level", slug=product.slug))
    return render_template(
        "products/card.html",
        product=product,
        form=form,
        due=services.analysis_due_rule(product),
        moves=moves.moves_of(db_session(), product.id),
    )


@blueprint.post("/produits/<slug>/fiche/demande/retirer")
@product_view(Permission.EDIT_PRODUCT)
def cancel_move(product: Product) -> Response:
    moves.cancel_move(db_session(), current_person(), product)
    flash(_("La demande est retirée : le produit reste où il est."), "success")
    return redirect(url_for("products.card", slug=product.slug))


@blueprint.route("/produits/<slug>/equipe", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def team(product: Product) -> str | Response:
    form = ContactForm()
    if form.validate_on_submit():
        with form.showing_refusal():
            services.save_contact(db_session(), current_person(), product, form.fill(Contact(id=new_id())), new=True)
            flash(_("%(name)s est dans la liste.", name=form.name.data), "success")
            return redirect(url_for("products.team", slug=product.slug))
    return _team_page(product, form, InviteForm(formdata=None, prefix="invite-"))


@blueprint.route("/produits/<slug>/equipe/<contact_id>", methods=["GET", "POST"])
@product_view(Permission.EDIT_PRODUCT)
def contact(product: Product, contact_id: str) -> str | Response:
    """Mending what one can call somebody by."""
    found = next((c for c in product.contacts if c.id == contact_id), None) or abort(404)
    form = ContactForm(obj=found)
    if save_edited(
        db_session(),
        form,
        found,
        lambda: services.save_contact(db_session(), current_person(), product, form.fill(found), new=False),
        stored=reread_edited(db_session(), Contact, contact_id, ContactForm),
    ):
        flash(_("%(name)s est enregistré.", name=form.name.data), "success")
        return redirect(url_for("products.team", slug=product.slug))
    return render_template("products/contact.html", product=product, contact=found, form=form)


@blueprint.post("/produits/<slug>/equipe/<contact_id>/retirer")
@product_view(Permission.EDIT_PRODUCT)
def remove_contact(product: Product, contact_id: str) -> Response:
    services.remove_contact(db_session(), current_person(), product, contact_id)
    return redirect(url_for("products.team", slug=product.slug))


@blueprint.post("/produits/<slug>/equipe/inviter")
@product_view(Permission.INVITE)
def invite(product: Product) -> str | Response:
    form = InviteForm(prefix="invite-")
    if form.validate_on_submit():
        with form.showing_refusal():
            written = identity.invite_person(
                db_session(),
                current_person(),
                g.roles,
                email=form.email.data or "",
                name=form.name.data or "",
                role=Role(form.role.data),
                product_id=product.id,
                incubator_ids=[i.id for i in product.incubators],
                next_path=url_for("home.product", slug=product.slug),
            )
            if written:
                flash(_("L’invitation part à %(email)s.", email=form.email.data), "success")
            else:
                flash(
                    _(
                        "Le rôle est donné. %(email)s a déjà reçu une invitation aujourd’hui et n’est pas prévenu de celle-ci : dites-le-lui.",
                        email=form.email.data,
                    ),
                    "warning",
                )
            return redirect(url_for("products.team", slug=product.slug))
    return _team_page(product, ContactForm(formdata=None), form)


@blueprint.post("/produits/<slug>/equipe/roles/<grant_id>/retirer")
@product_view(Permission.INVITE)
def withdraw(product: Product, grant_id: str) -> Response:
    identity.withdraw_role(db_session(), current_person(), g.roles, grant_id, product.id, product.name)
    return redirect(url_for("products.team", slug=product.slug))


def _team_page(product: Product, form: ContactForm, invite_form: InviteForm) -> str:
    people = identity.people_of_product(db_session(), product.id)
    mine = {x.id for x in people if policy.may_withdraw_role(g.roles, x.role)}
    authorities = [x.person_id for x in people if x.role is Role.AUTHORITY]
    return render_template(
        "products/team.html",
        product=product,
        form=form,
        invite_form=invite_form,
        people=people,
        withdrawable=mine,
        vouched=directory.vouchings_of(db_session(), authorities, [i.id for i in product.incubators]),
    )


def _card_form(product: Product | None, *, fresh: bool = False) -> CardForm:
    """The card's form, as it was sent, or as stored where nothing was or where `fresh`."""
    sent = {"formdata": None} if fresh else {}
    form = CardForm(obj=product, **sent)
    if fresh or not form.is_submitted():
        form.incubators.data = [i.slug for i in product.incubators] if product else []
        rows = len(product.phases) + _BLANK_PHASES if product else 3
        while len(form.phases) < rows:
            form.phases.append_entry()
    form.incubators.choices = services.incubator_choices(db_session())
    form.stamp()
    return form
