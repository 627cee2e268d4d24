"""A dossier decided, its jobs done."""

import io
import subprocess

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.homologation import sealing
from app.homologation.kinds import Act
from app.homologation.models import Dossier
from app.platform.attachments import Attachment

# The document of a homologation made elsewhere.
SHOWN = Attachment("decision.pdf", b"%PDF-1.4 decision")
# Of the product of examples, whose Metabase has a flaw known to be exploited.
WHY = {"exploited_reason": "Coupé d’internet"}
# As browsers send them, line ends included.
CHOICES = {
    "outcome": "with_reservations",
    "months": "12",
    "reservations": "Second facteur\r\n- Metabase à jour",
} | WHY


def run_jobs(world) -> None:
    with world.app.test_request_context():
        world.jobs.run_due()


def sealed_file(world, dossier_id, act=Act.DECISION) -> bytes:
    with world.database.reading() as session:
        dossier = session.get_one(Dossier, dossier_id)
        return world.app.extensions["storage"].get(sealing.issued_files(session, dossier, act)[0].sha256)


def choices(dossier, **changes):
    return CHOICES | {"shown_sha256": dossier.content_sha256} | changes


PAGE = "/produits/exemple/dossier/1"


def ask_lifting(world, owner, reservation_id: str, how: str = "Version 0.50", *, shown: bool = True):
    """The team asks that a reservation be lifted, with a proof where `shown`."""
    file = {"file": (io.BytesIO(b"Journal de mise a jour"), "preuve.txt")} if shown else {}
    return world.visitor(owner).post(f"{PAGE}/reserves/{reservation_id}", {"how": how} | file)


def lift(world, person, reservation_id: str):
    """Somebody lifts it, with a second factor."""
    return world.visitor(person).post(f"{PAGE}/reserves/{reservation_id}/lever", {"code": world.code(person)})


def is_sealed(world, statement: str) -> bool:
    """Whether the database refuses this statement, of plain SQL, as one about what is sealed."""
    try:
        with world.database.writing() as session:
            session.execute(text(statement))
    except IntegrityError as error:
        return "sealed" in str(error)
    return False


def printed_words(file: bytes) -> str:
    """What a reader of a PDF sees, spaces and line ends as one space."""
    found = subprocess.run(["pdftotext", "-", "-"], input=file, capture_output=True, check=True)
    return " ".join(found.stdout.decode().split())
