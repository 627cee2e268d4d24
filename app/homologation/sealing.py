"""The seal of this Jalon: its certificate from the settings, and the files that left it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.homologation import notifications
from app.homologation.dispensation_models import Dispensation
from app.homologation.jobs import TimestampFile
from app.homologation.kinds import Act
from app.homologation.models import Dossier, IssuedFile
from app.platform import clock, jobs
from app.platform.database import Database
from app.platform.extensions import document_storage
from app.platform.i18n import sentence
from app.platform.jobs import Task
from app.platform.logs import get_logger
from app.platform.refusals import Refusal
from app.platform.setting_reader import InvalidSettings
from app.platform.settings import Settings
from app.products import changes
from reports import pdf
from reports.certificates import Sealer, UnusableSeal, make_trial, read_sealer
from risk_models import catalogue

if TYPE_CHECKING:
    from asn1crypto.x509 import Certificate


AGAIN = timedelta(hours=1)


def open_sealer(settings: Settings, *, with_key: bool) -> Sealer:
    """The sealer of the settings; in development, one made once and kept in the instance folder. Raises `InvalidSettings`.

    Only the process that seals reads the key (`with_key`): who breaks into a page finds the certificates alone.
    """
    certificate, key = settings.seal_certificate, settings.seal_key
    if certificate is None:
        certificate, key = settings.instance / "seal" / "certificate.pem", settings.instance / "seal" / "key.pem"
        if not certificate.exists():
            certificate.parent.mkdir(parents=True, exist_ok=True)
            chain, secret = make_trial(datetime.now(UTC))
            key.touch(mode=0o600)
            key.write_bytes(secret)
            certificate.write_bytes(chain)
    try:
        return read_sealer(
            certificate.read_bytes(),
            key.read_bytes() if with_key and key is not None else None,
            former_pem=settings.seal_former.read_bytes() if settings.seal_former else b"",
            clocks_pem=settings.timestamp_roots.read_bytes() if settings.timestamp_roots else b"",
            timestamp_url=settings.timestamp_url,
            long_term=settings.seal_level == "B-LTA",
        )
    except (UnusableSeal, OSError) as error:
        raise InvalidSettings(
            f"JALON_SEAL_CERTIFICATE, JALON_SEAL_KEY, JALON_SEAL_FORMER, JALON_TIMESTAMP_ROOTS: {error}"
        ) from error


def get_sealer() -> Sealer:
    return cast(Sealer, current_app.extensions["sealer"])


def is_trial() -> bool:
    return get_sealer().is_trial


@dataclass(frozen=True, slots=True)
class ActFile:
    """The file of an act: the canonical JSON `text` that it shows, named by `sha256`, of a dossier or of a dispensation."""

    act: Act
    text: str
    sha256: str
    dossier_id: str | None = None
    dispensation_id: str | None = None


def issue_file(database: Database, task: Task, file: ActFile) -> None:
    """Renders, seals and keeps the file of an act, once. With a certificate out of its dates, `task` is tried again each hour."""
    from reports.seal import TimestampFailed, make_timestamper, seal_document

    if _issued(database, file):
        return
    document = render_content(database, file)
    try:
        try:
            sealed, timestamped = (
                seal_document(document, get_sealer(), make_timestamper(get_sealer())),
                bool(get_sealer().timestamp_url),
            )
        except TimestampFailed as error:
            get_logger().warning("timestamp pending", error=str(error))
            sealed, timestamped = seal_document(document, get_sealer()), False
    except UnusableSeal as error:
        get_logger().error("seal pending", error=str(error))
        _note_fault(database, file, str(error), detail=str(error))
        with database.writing() as session:
            jobs.enqueue(session, task, run_after=clock.now() + AGAIN)
        return
    stored = document_storage().put(sealed)
    with database.writing() as session:
        if _files_of(session, file):
            return  # another worker was faster; ours was never shown to anybody
        _note(session, file, stored, timestamped=timestamped)
        if get_sealer().timestamp_url and not timestamped:
            jobs.enqueue(session, _timestamp_task(file), run_after=clock.now() + timedelta(minutes=5))
        owner = _owner_of(session, file, key_share=True)
        owner.seal_fault = ""
        if isinstance(owner, Dossier) and file.act is Act.DECISION:
            owner.pdf_sha256, owner.pdf_of = stored, file.sha256


def render_content(database: Database, file: ActFile) -> bytes:
    """Its PDF. Where it cannot be made, who waits for it is told once; raises `RenderingFailed`."""
    try:
        return pdf.render(file.text)
    except pdf.RenderingFailed as error:
        _note_fault(database, file, error.code, detail=str(error).strip().rpartition("\n")[2])
        raise


def _owner_of(session: Session, file: ActFile, *, key_share: bool = False) -> Dossier | Dispensation:
    lock = {"key_share": key_share}
    if file.dispensation_id:
        return session.get_one(Dispensation, file.dispensation_id, with_for_update=lock)
    return session.get_one(Dossier, file.dossier_id, with_for_update=lock)


def _note_fault(database: Database, file: ActFile, why: str, *, detail: str) -> None:
    """Shown where its file is awaited: `why` is a code of the words `renderings`, or what is wrong with the seal.

    The team and the administrators are written to at the first fault of a file; `detail` is for who mends Jalon.
    """
    with database.writing() as session:
        owner = _owner_of(session, file)
        if not owner.seal_fault:
            notifications.tell_fault(session, owner, detail)
        owner.seal_fault = why[:500]


def fault_of(owner: Dossier | Dispensation) -> str:
    """Why its file is late, for readers."""
    known = owner.seal_fault in catalogue.words("renderings")
    return sentence("renderings", owner.seal_fault) if known else owner.seal_fault


def check_made(dossier: Dossier) -> None:
    """Raises `Refusal` while the PDF that an authority would sign is not made: nobody signs what nobody could read."""
    if dossier.has_pdf:
        return
    if dossier.seal_fault:
        why = fault_of(dossier)
        raise Refusal(
            _l("Le PDF à signer n’a pas encore pu être fait (%(why)s). Un nouvel essai a lieu tout seul.", why=why)
        )
    raise Refusal(_l("Le PDF à signer se prépare : la décision s’ouvre dès qu’il est fait, en une minute d’ordinaire."))


def keep_project(session: Session, dossier: Dossier, stored: str) -> bool:
    """Keeps the file that an authority is shown; False where it was kept already, or the
    dossier taken back meanwhile."""
    made = session.execute(
        update(Dossier)
        .where(
            Dossier.id == dossier.id,
            Dossier.content_sha256 == dossier.content_sha256,
            Dossier.pdf_of.is_distinct_from(dossier.content_sha256),
        )
        .values(pdf_sha256=stored, pdf_of=dossier.content_sha256, seal_fault="")
    )
    if not made.rowcount:  # type: ignore[attr-defined]
        return False
    changes.note_change(session, [dossier.product_id])
    if session.scalar(select(IssuedFile.id).where(IssuedFile.sha256 == stored)) is None:
        file = ActFile(Act.PROJECT, dossier.content or "", dossier.content_sha256 or "", dossier_id=dossier.id)
        _note(session, file, stored, timestamped=False)
    return True


def timestamp_issued(database: Database, file: ActFile) -> None:
    """Issues the file again with the timestamp that failed; both stay known. Tried each hour until it comes."""
    from reports.seal import TimestampFailed, make_timestamper, seal_document

    if any(issued.timestamped for issued in _issued(database, file)):
        return
    try:
        sealed = seal_document(render_content(database, file), get_sealer(), make_timestamper(get_sealer()))
    except TimestampFailed as error:
        get_logger().warning("timestamp pending", error=str(error))
        with database.writing() as session:
            jobs.enqueue(session, _timestamp_task(file), run_after=clock.now() + AGAIN)
        return
    stored = document_storage().put(sealed)
    with database.writing() as session:
        _note(session, file, stored, timestamped=True)


def _timestamp_task(file: ActFile) -> TimestampFile:
    return TimestampFile(file.dossier_id or "", file.act, file.sha256, file.dispensation_id or "")


def _note(session: Session, file: ActFile, stored: str, *, timestamped: bool) -> None:
    session.add(
        IssuedFile(
            dossier_id=file.dossier_id,
            dispensation_id=file.dispensation_id,
            act=file.act,
            sha256=stored,
            content_sha256=file.sha256,
            issued_at=clock.now(),
            timestamped=timestamped,
        )
    )


def _issued(database: Database, file: ActFile) -> Sequence[IssuedFile]:
    with database.reading() as session:
        return _files_of(session, file)


def _files_of(session: Session, file: ActFile) -> Sequence[IssuedFile]:
    """The sealed files of the content that `file` names: a decided content is that of no draft."""
    return session.scalars(
        select(IssuedFile).where(
            IssuedFile.dossier_id == file.dossier_id,
            IssuedFile.dispensation_id == file.dispensation_id,
            IssuedFile.content_sha256 == file.sha256,
            IssuedFile.act != Act.PROJECT,
        )
    ).all()


def issued_files(session: Session, of: Dossier | Dispensation, act: Act) -> Sequence[IssuedFile]:
    """What was issued for an act, newest first."""
    key = IssuedFile.dossier_id if isinstance(of, Dossier) else IssuedFile.dispensation_id
    return session.scalars(
        select(IssuedFile)
        .where(key == of.id, IssuedFile.act == act)
        .order_by(IssuedFile.issued_at.desc(), IssuedFile.id.desc())
    ).all()


def seals_pem() -> bytes:
    """The certificates that seal our files, or have, and those above them: for readers to keep."""
    return _pem(get_sealer().trust.seals)


def clocks_pem() -> bytes:
    """The roots of the authorities that timestamp our files."""
    return _pem(get_sealer().trust.clocks)


def _pem(certificates: Sequence["Certificate"]) -> bytes:
    from asn1crypto import pem

    return b"".join(pem.armor("CERTIFICATE", certificate.dump()) for certificate in certificates)
