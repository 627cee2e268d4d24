"""What a team adds to its dossier beside what Jalon knows: answers for pieces, documents, opinions given elsewhere."""

from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.homologation import pieces
from app.homologation.kinds import DossierState, PieceAnswer, ReviewerRole, Verdict
from app.homologation.models import AttachedOpinion, Dossier, DossierDocument, Piece
from app.homologation.piece_drafts import TO_COMPLETE
from app.homologation.services import must_be
from app.homologation.wishes import check_words
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import attachments, clock
from app.platform.attachments import Attachment
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product

MOST_DOCUMENTS = 100
# A sentence: what is shorter tells an authority nothing.
_LEAST = {PieceAnswer.WRITTEN: 40, PieceAnswer.NOT_APPLICABLE: 15}


@transaction
def answer_piece(
    session: Session,
    actor: Person,
    product: Product,
    dossier: Dossier,
    piece: str,
    kind: PieceAnswer,
    text: str,
) -> None:
    """Writes a piece, or says why it does not apply. Raises `Refusal`."""
    must_be(dossier, DossierState.DRAFT)
    if not pieces.is_known_piece(piece):
        raise Refusal(_l("Cette pièce n’existe pas."))
    if not text:
        raise Refusal(_l("Rédigez la pièce, ou dites pourquoi elle est sans objet."), "text")
    if kind is PieceAnswer.WRITTEN and pieces.is_document(piece):
        raise Refusal(_l("Cette pièce est un document : joignez-le, ou dites pourquoi il n’y en a pas."), "answer")
    if kind is PieceAnswer.WRITTEN and TO_COMPLETE in text.lower():
        raise Refusal(
            _l(
                "Il reste « %(what)s » dans le texte : écrivez ce qu’il demande, ou retirez la ligne.", what=TO_COMPLETE
            ),
            "text",
        )
    if len(text) < _LEAST[kind]:
        raise Refusal(_l("C’est trop court pour que l’autorité en juge : une phrase entière au moins."), "text")
    found = next((p for p in dossier.pieces if p.piece == piece), None)
    if found is None:
        dossier.pieces.append(Piece(piece=piece, answer=kind, text=text))
    else:
        found.answer, found.text = kind, text
    record(session, actor, Action.ANSWER_PIECE, piece, product_id=product.id, answer=kind.value)


@transaction
def attach_document(
    session: Session,
    actor: Person,
    product: Product,
    dossier: Dossier,
    piece: str,
    *,
    title: str,
    dated_on: date,
    file: Attachment | None,
) -> None:
    """Keeps a document for a piece, by its hash and its own date. Raises `Refusal`."""
    must_be(dossier, DossierState.DRAFT)
    if not pieces.is_known_piece(piece):
        raise Refusal(_l("Cette pièce n’existe pas."))
    digest, name, size = _kept(session, actor, product, file, dated_on)
    if len(dossier.documents) >= MOST_DOCUMENTS:
        raise Refusal(_l("Cent documents au plus : réunissez-les."), "file")
    if any(d.piece == piece and d.sha256 == digest for d in dossier.documents):
        raise Refusal(_l("Ce document est déjà joint à cette pièce."), "file")
    dossier.documents.append(
        DossierDocument(
            piece=piece,
            title=title,
            dated_on=dated_on,
            file_name=name,
            sha256=digest,
            size=size,
            added_at=clock.now(),
            added_by=actor.name,
        )
    )
    record(session, actor, Action.ATTACH_DOCUMENT, title, product_id=product.id, piece=piece, sha256=digest)


@transaction
def attach_opinion(
    session: Session,
    actor: Person,
    product: Product,
    dossier: Dossier,
    *,
    role: ReviewerRole,
    by: str,
    verdict: Verdict,
    text: str,
    given_on: date,
    file: Attachment | None,
) -> None:
    """Keeps an opinion given outside Jalon, with the document that bears it. Raises `Refusal`."""
    must_be(dossier, DossierState.DRAFT)
    if verdict is not Verdict.FAVOURABLE and not text:
        raise Refusal(_l("Recopiez les réserves ou les raisons : l’autorité les lira."), "text")
    check_words(text, "text")
    digest, name, _size = _kept(session, actor, product, file, given_on, "given_on")
    dossier.attached_opinions.append(
        AttachedOpinion(
            role=role,
            by=by,
            verdict=verdict,
            text=text,
            given_on=given_on,
            sha256=digest,
            file_name=name,
            attached_by=actor.name,
        )
    )
    record(session, actor, Action.ATTACH_OPINION, by, product_id=product.id, verdict=verdict.value, sha256=digest)


def _kept(
    session: Session, actor: Person, product: Product, file: Attachment | None, dated_on: date, field: str = "dated_on"
) -> tuple[str, str, int]:
    if dated_on > clock.today():
        raise Refusal(_l("Un document date d’aujourd’hui ou d’avant."), field)
    if file is None:
        raise Refusal(_l("Choisissez un fichier."), "file")
    return attachments.keep_attachment(session, file, by=actor.id, of=product.id), file.name, len(file.content)
