"""Jobs of this feature: the PDF of a dossier and its seal, and the mails that call for an opinion or a decision."""

from functools import partial
from typing import Any

from flask import current_app
from sqlalchemy import select

from app.homologation import sealing, telling, watching
from app.homologation.kinds import Act, DossierState
from app.homologation.models import Dossier, Withdrawal
from app.identity.models import Person
from app.platform import clock, letters
from app.platform.database import Database
from app.platform.extensions import document_storage
from app.platform.jobs import Jobs, enqueue
from app.platform.logs import get_logger
from app.products.models import Product


def register(jobs: Jobs) -> None:
    jobs.handles("dossier_pdf")(render_pdf)
    jobs.handles("withdrawal_pdf")(issue_withdrawal)
    jobs.handles("timestamp")(timestamp)
    jobs.handles("dossier_call")(call)
    jobs.handles("dossier_told")(telling.send)
    jobs.handles("dossier_fault_told")(telling.send_fault)
    jobs.handles("drift_told")(watching.tell)
    for kind in ("dossier_pdf", "withdrawal_pdf", "timestamp"):
        jobs.gives_up(kind)(partial(try_again, kind))
    jobs.every_minute(watching.watch)


def try_again(kind: str, database: Database, arguments: dict[str, Any], error: str) -> None:
    """Asks anew, in an hour, for a file whose job ran out of attempts: the fault may be mended meanwhile."""
    get_logger().error("file not made", job=kind, error=error[-300:])
    with database.writing() as session:
        enqueue(session, kind, run_after=clock.now() + sealing.AGAIN, **arguments)


def render_pdf(database: Database, arguments: dict[str, Any]) -> None:
    """Renders the frozen content once, sealed when it is decided; a dossier changed meanwhile keeps its newer PDF.

    The authority is called once the PDF that it will sign exists.
    """
    with database.reading() as session:
        dossier = session.get_one(Dossier, arguments["dossier_id"])
    if dossier.content is None or dossier.has_pdf:
        return
    if dossier.state is DossierState.DECIDED:
        sealing.issue(database, dossier.id, Act.DECISION, dossier.content, dossier.content_sha256 or "")
        return
    digest = document_storage().put(sealing.render(database, dossier.id, dossier.content))
    with database.writing() as session:
        if sealing.keep_project(session, dossier, digest):
            enqueue(session, "dossier_call", dossier_id=dossier.id, person_id=dossier.authority_id, what="decision")


def issue_withdrawal(database: Database, arguments: dict[str, Any]) -> None:
    withdrawal = _withdrawal(database, arguments["dossier_id"])
    sealing.issue(database, withdrawal.dossier_id, Act.WITHDRAWAL, withdrawal.content, withdrawal.content_sha256)


def timestamp(database: Database, arguments: dict[str, Any]) -> None:
    """Issues again, timestamped, what was sealed while the timestamp authority was down."""
    act, dossier_id = Act(arguments["act"]), arguments["dossier_id"]
    if act is Act.WITHDRAWAL:
        withdrawal = _withdrawal(database, dossier_id)
        text, digest = withdrawal.content, withdrawal.content_sha256
    else:
        with database.reading() as session:
            dossier = session.get_one(Dossier, dossier_id)
        text, digest = dossier.content or "", dossier.content_sha256 or ""
    sealing.timestamp(database, dossier_id, act, text, digest)


def _withdrawal(database: Database, dossier_id: str) -> Withdrawal:
    with database.reading() as session:
        return session.scalars(select(Withdrawal).where(Withdrawal.dossier_id == dossier_id)).one()


_CALLED_IN = {
    "opinion": DossierState.OPINIONS,
    "transmit": DossierState.OPINIONS,
    "decision": DossierState.DECISION,
}


def call(database: Database, arguments: dict[str, Any]) -> None:
    """Writes to a reviewer or to the authority that the dossier waits for them."""
    with database.reading() as session:
        dossier = session.get_one(Dossier, arguments["dossier_id"])
        person = session.get_one(Person, arguments["person_id"])
        product = session.get_one(Product, dossier.product_id)
    if dossier.state is not _CALLED_IN[arguments["what"]]:
        return  # taken back, or decided, before the letter left
    since = dossier.state_since.isoformat()
    letters.send(
        letters.compose(
            f"call_{arguments['what']}",
            to=person.email,
            language=person.language,
            message_id=letters.message_id(
                "call", dossier.id, person.id, arguments["what"], since, arguments.get("again", "")
            ),
            person=person,
            product=product,
            again=bool(arguments.get("again")),
            link=f"{current_app.config['BASE_URL']}/produits/{product.slug}/dossier/{dossier.number}",
        )
    )
