"""Common services, offered and used."""

import io
from datetime import date

HOME = "/incubateurs/dinum/services"


def offered(lead, **values) -> str:
    """A service offered by the incubator; the address of its page."""
    answer = lead.post(f"{HOME}/nouveau", {"name": "Pare-feu Baleen", "contact": "astreinte@exemple.test", **values})
    assert answer.status_code == 302
    return answer.location


def bring(lead, address: str, measure: str = "waf", **values):
    """`file`: its content and its name."""
    if "file" in values:
        content, name = values["file"]
        values["file"] = (io.BytesIO(content), name)
    return lead.post(f"{address}/mesures", {"measure": measure, **values}, content_type="multipart/form-data")


PROOF = b"Le contrat du pare-feu."


def prove(lead, address: str, on: date):
    shown = {"file": (PROOF, "contrat.txt"), "proof_on": on.isoformat(), "proof_link": "https://exemple.test/waf"}
    return bring(lead, address, **shown)


def use(team, address: str, *components: str):
    service = address.rsplit("/", 1)[1]
    page, action = "/produits/exemple/services", f"/produits/exemple/services/{service}"
    return team.submits(page, action, {f"{service}-components": list(components)})
