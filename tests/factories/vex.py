"""VEX documents for tests, and what looking at one says."""

import json

from app.packages import vex
from app.packages.importers.vex_documents import read_vex


def vex_of(ref: str, state: str, **more) -> dict:
    return {"id": "CVE-2021-44228", "analysis": {"state": state, "detail": "x"}, "affects": [{"ref": ref, **more}]}


def seen_vex(world, product, document):
    with world.session(writing=False) as session:
        found = vex.preview_vex(session, product, json.dumps(document).encode())
    return [(m.flaw, said.state.value, said.justification) for m, said in found.taken], [e.why for e in found.left]


def read_csaf(status: dict, tree: dict, **more) -> list:
    document = {"document": {"category": "csaf_vex"}, "product_tree": tree}
    said, _ = read_vex(
        json.dumps(document | {"vulnerabilities": [{"cve": "CVE-1", "product_status": status, **more}]}).encode()
    )
    return said


def named_product(name: str, purl: str) -> dict:
    return {"product_id": name, "name": name, "product_identification_helper": {"purl": purl}}
