"""A dossier with every part filled."""

import json
from datetime import date

from app.cli.dossier import unsigned
from reports import dossier as content
from risk_models import product_file
from tests.world import EXAMPLES

DAY = date(2026, 11, 23)


def full(file: str = "guichet") -> dict:
    """A decided dossier with every part filled."""
    value = unsigned(product_file.loads((EXAMPLES / f"{file}.yaml").read_text(), as_of=DAY), DAY)
    frozen = json.loads(content.dumps(value))
    frozen |= {
        "mission": "Suivre sa demande d’aide",
        "perimeter": "Le site et son API.\nHors du périmètre : la CAF.",
        "authority": {"name": "Andrée Laurent", "title": "Directrice"},
        "analysis": {"version": 2, "done_on": "2026-10-01", "done_by": "Camille Martin"},
        "conditions": [{"text": "Comptes nominatifs", "check": "Revue trimestrielle"}],
        "accepted_risks": [{"text": "Chute de l’hébergeur", "accepted_by": "Andrée Laurent", "until": "2027-11-23"}],
        "feared_events": [
            {"asset": "dossiers", "need": "confidentiality", "severity": 4, "description": "La base est publiée"}
        ],
        "opinions": [
            {
                "role": "rssi",
                "by": "Dominique Leroy",
                "verdict": "with_reservations",
                "text": "Fermer Metabase",
                "given_on": "2026-11-20",
            }
        ],
        "decision": {
            "outcome": "with_reservations",
            "months": 12,
            "reservations": "Second facteur sous trois mois",
            "decided_on": "2026-11-23",
            "expires_on": "2027-11-23",
            "by": {"name": "Andrée Laurent", "title": "Directrice"},
            "asked_sha256": "0" * 64,
        },
    }
    return frozen


def full_today() -> dict:
    """As `full`, decided today: a seal is neither before what it seals nor long after."""
    value = full()
    value["decision"] |= {"decided_on": date.today().isoformat()}
    return value
