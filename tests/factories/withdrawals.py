"""The page that takes a homologation back."""

from reports import dossier as content

WITHDRAWAL = {
    "format": content.FORMAT,
    "kind": "withdrawal",
    "product": "Guichet des aides",
    "number": 1,
    "decided_on": "2026-01-09",
    "decided_by": "Andrée Laurent",
    "withdrawn_on": "2026-11-23",
    "frozen_on": "2026-11-23",
    "reason": "Intrusion constatée",
    "by": {"name": "Andrée Laurent", "title": "Directrice"},
    "decision_sha256": "0" * 64,
    "trial": False,
}
