"""A file that somebody looked at and has not yet confirmed: theirs alone, for one purpose, for a day."""

from dataclasses import dataclass
from datetime import timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.platform import clock
from app.platform.database import Base, Database, Id, Instant, new_id
from app.platform.extensions import document_storage
from app.platform.refusals import Refusal
from app.platform.transactions import unjournaled_transaction

KEPT = timedelta(days=1)
_AT_ONCE = 100
_MOST = 10


class Upload(Base):
    __tablename__ = "upload"

    id: Mapped[Id]
    person_id: Mapped[str] = mapped_column(String(32))
    purpose: Mapped[str] = mapped_column(String(200), comment="what it may be confirmed for, such as sbom:<component>")
    name: Mapped[str] = mapped_column(String(200))
    made_at: Mapped[Instant] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What was looked at, when it is confirmed."""

    content: bytes
    name: str


@unjournaled_transaction
def keep_upload(session: Session, person_id: str, purpose: str, content: bytes, name: str) -> str:
    """Keeps a file until it is confirmed; gives what the confirming form carries.

    A person has ten of them at most: the oldest is forgotten, for nobody confirms what they looked at so long ago.
    """
    held = session.scalars(select(Upload).where(Upload.person_id == person_id).order_by(Upload.made_at.desc())).all()
    for old in held[_MOST - 1 :]:
        document_storage().delete_upload(old.id)
        session.delete(old)
    upload = Upload(id=new_id(), person_id=person_id, purpose=purpose, name=name[:200], made_at=clock.now())
    document_storage().put_upload(upload.id, content)
    session.add(upload)
    return upload.id


def read_confirmed(session: Session, person_id: str, purpose: str, upload_id: str) -> Confirmed:
    """The file that this person looked at for this purpose. Raises `Refusal`."""
    upload = session.get(Upload, upload_id)
    if upload is None or (upload.person_id, upload.purpose) != (person_id, purpose):
        raise Refusal(_l("Ce fichier n’est plus là : choisissez-le de nouveau."))
    try:
        return Confirmed(document_storage().get_upload(upload.id), upload.name)
    except FileNotFoundError as error:
        raise Refusal(_l("Ce fichier n’est plus là : choisissez-le de nouveau.")) from error


def purge_uploads(database: Database) -> None:
    """Forgets what nobody confirmed within a day, and what was confirmed."""
    before = clock.now() - KEPT
    with database.reading() as session:
        old = session.scalars(select(Upload.id).where(Upload.made_at < before).limit(_AT_ONCE)).all()
    for upload_id in old:
        document_storage().delete_upload(upload_id)
        with database.writing() as session:
            upload = session.get(Upload, upload_id)
            if upload:
                session.delete(upload)
    with database.reading() as session:
        known = set(session.scalars(select(Upload.id)))
    for name in document_storage().uploads_before(before):
        if name not in known:  # its transaction was undone
            document_storage().delete_upload(name)
