"""An analysis with every part written."""

from app.platform import clock
from tests.factories.evidence import give
from tests.factories.study import ANSWERS, BASE, text


def _write_study(team) -> None:
    team.post(f"{BASE}/niveau", ANSWERS)
    team.submits(f"{BASE}/niveau", f"{BASE}/niveau/retenu", {"level": "3", "why": "MarqueNiveau"})
    team.post(
        f"{BASE}/composition/nouveau",
        {
            "name": "MarquePartie",
            "kind": "supplier",
            "dependency": "4",
            "penetration": "3",
            "maturity": "2",
            "trust": "2",
            "note": "MarqueAttente",
        },
    )
    source = {
        "kind": "state",
        "aim": "espionage",
        "motivation": "1",
        "resources": "4",
        "name": "MarqueSource",
        "why": "MarqueEcart",
    }
    team.post(f"{BASE}/sources/nouveau", source)
    story = {
        "story": "MarqueHistoire",
        "severity": "2",
        "likelihood": "2",
        "need": "integrity",
        "asset": "",
        "why_not": "MarqueRejet",
    }
    team.post(f"{BASE}/scenarios/raconte/nouveau", story)


def _decide_and_prove(team) -> None:
    key = "dossiers:confidentiality"
    team.post(f"{BASE}/scenarios/{key}", {"likelihood": "2", "why": "MarqueCotation", "kept": "y"})
    form = text(team.get(f"{BASE}/registre/{key}"))
    revision = form.split('name="revision"')[1].split('value="')[1].split('"')[0]
    treatment = {"treatment": "transfer", "note": "MarqueTransfert", "revision": revision}
    assert team.post(f"{BASE}/registre/{key}", treatment).status_code == 302
    accepted = {
        "treatment": "accept",
        "accepted_until": f"{clock.today().year + 1}-06-01",
    }
    assert team.post(f"{BASE}/registre/dossiers:integrity", accepted).status_code == 302
    page = text(team.get("/produits/exemple/preuves"))
    attest = page.split('/preuve"')[0].rsplit('href="', 1)[1] + "/preuve"
    give(
        team,
        attest,
        clock.today(),
        file=("preuve.pdf", b"%PDF-1.7 preuve"),
        link="https://exemple.test/MarqueLien",
        note="MarquePreuve",
    )
