"""The sixteen pieces of a dossier: the checklist, and one page a piece."""

from flask import Blueprint, Response, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app.homologation import documents, freezing, piece_drafts, pieces, services
from app.homologation.forms import AttachedOpinionForm, DocumentForm, PieceForm
from app.homologation.kinds import DossierState, Origin, PieceAnswer
from app.homologation.models import Dossier
from app.homologation.pages import dossier_or_404
from app.homologation.pieces import PieceLine
from app.identity.access import current_person
from app.identity.policy import Permission
from app.platform import attachments, clock
from app.platform.editing import EditForm, save_edited
from app.platform.forms import BaseForm
from app.platform.http import db_session
from app.platform.i18n import language
from app.products.access import Product, may, product_view
from risk_models.scales import PieceState

blueprint = Blueprint("pieces", __name__, url_prefix="/produits/<slug>/dossier/<int(max=9999):number>")


@blueprint.get("/pieces")
@product_view(Permission.READ_PRODUCT)
def index(product: Product, number: int) -> str:
    row = dossier_or_404(product, number)
    if row.origin is not Origin.JALON:
        abort(404)
    lines, found = freezing.read_frozen_pieces(row, language()) or freezing.preview_pieces(
        db_session(), product, row, language()
    )
    return render_template(
        "homologation/pieces.html",
        product=product,
        dossier=row,
        lines=lines,
        lacking=sum(p.state is PieceState.MISSING for p in lines),
        approach=services.approach_of_product(db_session(), product),
        owner_word=pieces.owner_word,
        checklist=pieces.checklist(language()),
        inconsistencies={
            stops: [(i, i.sentence(language())) for i in found if i.stops is stops] for stops in (True, False)
        },
        may_edit=may(Permission.COMPOSE_DOSSIER) and row.state is DossierState.DRAFT,
    )


@blueprint.route("/pieces/<piece>", methods=["GET", "POST"])
@product_view(Permission.COMPOSE_DOSSIER)
def one(product: Product, number: int, piece: str) -> str | BaseResponse:
    """Writing a piece, or saying that it does not apply."""
    row = dossier_or_404(product, number)
    line = _line(product, row, piece)
    form = PieceForm(data=_answered(product, row, piece))

    def save() -> None:
        documents.answer_piece(
            db_session(), current_person(), product, row, piece, form.answer.data, form.text.data or ""
        )

    def stored() -> tuple[Dossier, EditForm]:
        kept = dossier_or_404(product, number)
        return kept, PieceForm(formdata=None, data=_answered(product, kept, piece))

    if save_edited(db_session(), form, row, save, stored=stored):
        flash(_("C’est enregistré."), "success")
        return redirect(url_for("pieces.index", slug=product.slug, number=number))
    return _piece_page(product, row, line, answer=form)


def _answered(product: Product, row: Dossier, piece: str) -> dict[str, object]:
    """What the team answered; until then, what Jalon knows to begin with."""
    known = next((p for p in row.pieces if p.piece == piece), None)
    if known:
        return {"answer": known.answer, "text": known.text}
    text = piece_drafts.draft_piece(piece, freezing.read_draft(db_session(), product, row))
    return {"answer": PieceAnswer.WRITTEN if text else None, "text": text}


@blueprint.post("/pieces/<piece>/document")
@product_view(Permission.COMPOSE_DOSSIER)
def attach(product: Product, number: int, piece: str) -> str | BaseResponse:
    row, form = dossier_or_404(product, number), DocumentForm()
    line = _line(product, row, piece)
    if form.validate_on_submit():
        with form.showing_refusal():
            documents.attach_document(
                db_session(),
                current_person(),
                product,
                row,
                piece,
                title=form.title.data or "",
                dated_on=form.dated_on.data or clock.today(),
                file=attachments.read_given(form.file.data),
            )
            flash(_("Le document est joint."), "success")
            return redirect(url_for("pieces.one", slug=product.slug, number=number, piece=piece))
    return _piece_page(product, row, line, document=form)


@blueprint.route("/avis-joint", methods=["GET", "POST"])
@product_view(Permission.COMPOSE_DOSSIER)
def opinion(product: Product, number: int) -> str | BaseResponse:
    """An opinion given outside Jalon, with its document."""
    row, form = dossier_or_404(product, number), AttachedOpinionForm()
    if form.validate_on_submit():
        with form.showing_refusal():
            documents.attach_opinion(
                db_session(),
                current_person(),
                product,
                row,
                role=form.role.data,
                by=form.by.data or "",
                verdict=form.verdict.data,
                text=form.text.data or "",
                given_on=form.given_on.data or clock.today(),
                file=attachments.read_given(form.file.data),
            )
            flash(_("L’avis est joint."), "success")
            return redirect(url_for("homologation.compose", slug=product.slug, number=number))
    return render_template("homologation/attach_opinion.html", product=product, dossier=row, form=form)


@blueprint.get("/documents/<sha256>")
@product_view(Permission.READ_PRODUCT)
def document(product: Product, number: int, sha256: str) -> Response:
    row = dossier_or_404(product, number)
    names = {d.sha256: d.file_name for d in row.documents} | {o.sha256: o.file_name for o in row.attached_opinions}
    signed = row.recorded.sha256 if row.recorded else row.decision.outside_sha256 if row.decision else None
    if row.confirmed and row.confirmed.document_name:
        names[row.confirmed.document_sha256] = row.confirmed.document_name
    if signed == sha256:
        names[sha256] = attachments.name_by_content(f"{product.slug}-homologation-{number}-original", sha256)
    if sha256 not in names:
        abort(404)
    return attachments.download_attachment(sha256, names[sha256])


def _line(product: Product, row: Dossier, piece: str) -> PieceLine:
    lines, _found = freezing.preview_pieces(db_session(), product, row, language())
    line = next((found for found in lines if found.id == piece and pieces.is_known_piece(piece)), None)
    if line is None:
        abort(404)
    return line


def _piece_page(product: Product, row: Dossier, line: PieceLine, **forms: BaseForm) -> str:
    answer = forms.get("answer") or PieceForm(formdata=None)
    return render_template(
        "homologation/piece.html",
        product=product,
        dossier=row,
        line=line,
        begun=piece_drafts.TO_COMPLETE in (answer["text"].data or ""),
        about=pieces.checklist(language())[line.id],
        documents=[d for d in row.documents if d.piece == line.id],
        answer=answer,
        is_document=pieces.is_document(line.id),
        document=forms.get("document") or DocumentForm(formdata=None),
    )
