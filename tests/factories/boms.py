"""Inventories of packages, in their formats."""

import json
from pathlib import Path

BOMS = Path(__file__).parent.parent / "data" / "boms"


def bom(**more) -> bytes:
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [], **more}).encode()


LIBRARY = {"type": "library", "name": "a", "version": "1", "purl": "pkg:npm/a@1", "bom-ref": "a"}

REFUSED = {
    "empty": b"  ",
    "truncated": (BOMS / "application.cdx.json").read_bytes()[:700],
    "html": b"<!DOCTYPE html><html><body>404</body></html>",
    "wrong_encoding": "{}".encode("utf-16"),
    "compressed": b"PK\x03\x04....",
    "unknown_format": b"bonjour",
    "not_cyclonedx": b'{"bomFormat": "Autre", "components": []}',
    "not_a_list": bom(components={"a": 1}),
    "too_deep": b'{"bomFormat":"CycloneDX","specVersion":"1.6","components":[' + b"[" * 20_000 + b"]" * 20_000 + b"]}",
    "not_json": b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [,]}',
    "xml_entities": b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaa">]><bom xmlns="http://cyclonedx.org/schema/bom/1.5">&a;</bom>',
    "not_xml": b'<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components></bom>',
    "too_nested": b'<bom xmlns="http://cyclonedx.org/schema/bom/1.5">' + b"<x>" * 300,
}
