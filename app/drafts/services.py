"""Drafts from repositories: read, kept, looked at, and taken into the product in one transaction."""

import hashlib
from collections.abc import Collection

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis import services as analysis
from app.drafts import proposals, reading
from app.drafts.models import RepositoryDraft
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock
from app.platform.i18n import language
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.product_files import files
from app.products.models import Product
from risk_models import product_file
from risk_models.system import System


@transaction
def keep_draft(
    session: Session, actor: Person, product: Product, content: bytes, source: str, *, field: str
) -> RepositoryDraft:
    """Reads an archive and keeps its draft. Raises `Refusal` at `field` where nothing can be drafted."""
    try:
        text = reading.product_file_of(content, source, language())
    except reading.UnreadDraft as error:
        raise Refusal(str(error), field) from error
    row = RepositoryDraft(
        product_id=product.id,
        source=source[:500],
        sha256=hashlib.sha256(content).hexdigest(),
        content=text,
        made_at=clock.now(),
        made_by=actor.name,
    )
    session.add(row)
    record(session, actor, Action.DRAFT_FROM_REPOSITORY, source, product_id=product.id, sha256=row.sha256)
    return row


def draft_of(session: Session, product_id: str, draft_id: str) -> RepositoryDraft | None:
    return session.scalar(
        select(RepositoryDraft).where(RepositoryDraft.product_id == product_id, RepositoryDraft.id == draft_id)
    )


def last_draft(session: Session, product_id: str) -> RepositoryDraft | None:
    statement = select(RepositoryDraft).where(RepositoryDraft.product_id == product_id)
    return session.scalar(statement.order_by(RepositoryDraft.made_at.desc()).limit(1))


def system_of(row: RepositoryDraft) -> System:
    return product_file.loads(row.content, as_of=clock.today())


def preview_draft(session: Session, product: Product, row: RepositoryDraft, keys: Collection[str]) -> System:
    """The product as it would be with what was chosen; nothing is written."""
    return proposals.take_chosen(analysis.described_system(session, product), system_of(row), keys)


@transaction
def take_draft(session: Session, actor: Person, product: Product, row: RepositoryDraft, keys: Collection[str]) -> int:
    """Takes what was chosen into the product; gives how many things. Raises `Refusal` where nothing was."""
    known = proposals.make_proposals(analysis.described_system(session, product), system_of(row))
    wanted = {p.key for p in known.found} & {*keys}
    if not wanted:
        raise Refusal(_l("Cochez au moins une chose à reprendre."))
    files.write_system(session, product, preview_draft(session, product, row, wanted))
    row.taken_at = clock.now()
    record(session, actor, Action.TAKE_DRAFT, row.source, product_id=product.id, sha256=row.sha256, count=len(wanted))
    return len(wanted)
