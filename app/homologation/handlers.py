"""Jobs of this feature: the PDF of a dossier and its seal, and the mails that call for an opinion or a decision."""

from sqlalchemy import ColumnElement, select

from app.homologation import drift_watch, integrity, notifications, sealing
from app.homologation.dispensation_models import Dispensation, DispensationEnd
from app.homologation.jobs import (
    CallReader,
    IssueDispensation,
    IssueLifting,
    IssueWithdrawal,
    RenderDossier,
    TellDamage,
    TellDrift,
    TellFault,
    TellOfDispensation,
    TellOfDossier,
    TimestampFile,
)
from app.homologation.kinds import Act, Called, DossierState
from app.homologation.models import Dossier, Lifting, Withdrawal
from app.homologation.sealing import ActFile
from app.identity.models import Person
from app.platform import clock, mail_templates
from app.platform.database import Database
from app.platform.extensions import document_storage
from app.platform.jobs import Jobs, Task, enqueue
from app.platform.links import link_to
from app.platform.logs import get_logger
from app.products.models import Product


def register(jobs: Jobs) -> None:
    jobs.handle(RenderDossier, render_pdf, on_giving_up=try_again)
    jobs.handle(IssueWithdrawal, issue_withdrawal, on_giving_up=try_again)
    jobs.handle(IssueLifting, issue_lifting, on_giving_up=try_again)
    jobs.handle(IssueDispensation, issue_dispensation, on_giving_up=try_again)
    jobs.handle(TimestampFile, timestamp_file, on_giving_up=try_again)
    jobs.handle(CallReader, call_reader)
    jobs.handle(TellOfDossier, notifications.send_told)
    jobs.handle(TellFault, notifications.send_fault)
    jobs.handle(TellOfDispensation, notifications.send_dispensation)
    jobs.handle(TellDrift, drift_watch.tell_drift)
    jobs.handle(TellDamage, integrity.tell_damage)
    jobs.every_minute(drift_watch.reweigh_decisions)
    jobs.every_minute(drift_watch.watch_drift)
    jobs.every_minute(integrity.watch_integrity)


def try_again(database: Database, task: Task, error: str) -> None:
    """Asks anew, in an hour, for a file whose job ran out of attempts: the fault may be mended meanwhile."""
    get_logger().error("file not made", job=task.kind, error=error[-300:])
    with database.writing() as session:
        enqueue(session, task, run_after=clock.now() + sealing.AGAIN)


def render_pdf(database: Database, task: RenderDossier) -> None:
    """Renders the frozen content once, sealed when it is decided; a dossier changed meanwhile keeps its newer PDF.

    The authority is called once the PDF that it will sign exists.
    """
    with database.reading() as session:
        dossier = session.get_one(Dossier, task.dossier_id)
    if dossier.content is None or dossier.has_pdf:
        return
    act = Act.DECISION if dossier.state is DossierState.DECIDED else Act.PROJECT
    file = ActFile(act, dossier.content, dossier.content_sha256 or "", dossier_id=dossier.id)
    if act is Act.DECISION:
        sealing.issue_file(database, task, file)
        return
    digest = document_storage().put(sealing.render_content(database, file))
    with database.writing() as session:
        kept = sealing.keep_project(session, dossier, digest)
        if kept and dossier.authority_id and dossier.state is DossierState.DECISION:
            enqueue(session, CallReader(dossier.id, dossier.authority_id, Called.DECISION))


def issue_withdrawal(database: Database, task: IssueWithdrawal) -> None:
    sealing.issue_file(database, task, _withdrawal_file(database, task.dossier_id))


def issue_lifting(database: Database, task: IssueLifting) -> None:
    sealing.issue_file(database, task, _lifting_file(database, Lifting.id == task.lifting_id))


def issue_dispensation(database: Database, task: IssueDispensation) -> None:
    sealing.issue_file(database, task, _dispensation_file(database, task.dispensation_id, task.act))


def timestamp_file(database: Database, task: TimestampFile) -> None:
    """Issues again, timestamped, what was sealed while the timestamp authority was down."""
    if task.dispensation_id:
        file = _dispensation_file(database, task.dispensation_id, task.act)
    elif task.act is Act.WITHDRAWAL:
        file = _withdrawal_file(database, task.dossier_id)
    elif task.act is Act.LIFTING:
        file = _lifting_file(database, Lifting.content_sha256 == task.content_sha256)
    else:
        with database.reading() as session:
            dossier = session.get_one(Dossier, task.dossier_id)
        file = ActFile(task.act, dossier.content or "", dossier.content_sha256 or "", dossier_id=dossier.id)
    sealing.timestamp_issued(database, file)


def _withdrawal_file(database: Database, dossier_id: str) -> ActFile:
    with database.reading() as session:
        found = session.scalars(select(Withdrawal).where(Withdrawal.dossier_id == dossier_id)).one()
    return ActFile(Act.WITHDRAWAL, found.content, found.content_sha256, dossier_id=dossier_id)


def _lifting_file(database: Database, which: ColumnElement[bool]) -> ActFile:
    with database.reading() as session:
        found = session.scalars(select(Lifting).where(which)).one()
    return ActFile(Act.LIFTING, found.content, found.content_sha256, dossier_id=found.dossier_id)


def _dispensation_file(database: Database, dispensation_id: str, act: Act) -> ActFile:
    with database.reading() as session:
        found: Dispensation | DispensationEnd = (
            session.get_one(DispensationEnd, dispensation_id)
            if act is Act.DISPENSATION_END
            else session.get_one(Dispensation, dispensation_id)
        )
    return ActFile(act, found.content or "", found.content_sha256 or "", dispensation_id=dispensation_id)


_CALLED_IN = {
    Called.OPINION: DossierState.OPINIONS,
    Called.TRANSMIT: DossierState.OPINIONS,
    Called.DECISION: DossierState.DECISION,
}


def call_reader(database: Database, task: CallReader) -> None:
    """Writes to a reviewer or to the authority that the dossier waits for them."""
    with database.reading() as session:
        dossier = session.get_one(Dossier, task.dossier_id)
        person = session.get_one(Person, task.person_id)
        product = session.get_one(Product, dossier.product_id)
    if dossier.state is not _CALLED_IN[task.what]:
        return  # taken back, or decided, before the letter left
    since = dossier.state_since.isoformat()
    mail_templates.send_letter(
        mail_templates.compose_letter(
            f"call_{task.what.value}",
            to=person.email,
            language=person.language,
            message_id=mail_templates.message_id("call", dossier.id, person.id, task.what.value, since, task.again),
            person=person,
            product=product,
            again=bool(task.again),
            link=link_to("homologation.read", slug=product.slug, number=dossier.number),
        )
    )
