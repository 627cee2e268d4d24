"""The page that takes a homologation back, today: a seal is neither before what it seals nor long after."""

from datetime import date

from reports import dossier as content

WITHDRAWAL = {
    "format": content.FORMAT,
    "kind": "withdrawal",
    "product": "Guichet des aides",
    "number": 1,
    "decided_on": "2026-01-09",
    "decided_by": "Andrée Laurent",
    "withdrawn_on": date.today().isoformat(),
    "frozen_on": date.today().isoformat(),
    "reason": "Intrusion constatée",
    "by": {"name": "Andrée Laurent", "title": "Directrice"},
    "decision_sha256": "0" * 64,
    "trial": False,
}
