"""Products too large for a web process."""

from itertools import pairwise

from app.analysis import results


def file_of(components: int) -> dict:
    """A chain of components, the last of which holds what matters."""
    ids = [f"c{n}" for n in range(components)]
    return {
        "jalon": 1,
        "product": {"name": "Grand"},
        "components": [{"id": i, "kind": "web", "name": f"Composant {i}"} for i in ids],
        "links": [{"from": a, "to": b, "kind": "reads"} for a, b in pairwise(ids)],
        "assets": [
            {"id": "a", "lives_in": [ids[-1]], "needs": {"confidentiality": 4, "integrity": 3, "availability": 2}}
        ],
    }


def work(world) -> None:
    with world.app.test_request_context():
        results.enqueue_missing(world.database)
    world.jobs.run_due()
