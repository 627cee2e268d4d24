"""A dossier decided, its jobs done."""

from app.homologation import sealing
from app.homologation.kinds import Act

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
        return world.app.extensions["storage"].get(sealing.issued_files(session, dossier_id, act)[0].sha256)


def choices(dossier, **changes):
    return CHOICES | {"shown_sha256": dossier.content_sha256} | changes


PAGE = "/produits/exemple/dossier/1"
