"""What the dossier keeps of the analysis and its proofs, in its content and in the pages of its PDF."""

import json
import subprocess

from sqlalchemy import select

from app.homologation.models import Dossier
from app.identity.kinds import Role
from app.platform import clock
from reports import pdf
from tests.app.test_commons import bring, offered, use
from tests.app.test_study import ANSWERS, BASE, text
from tests.factories.evidence import give


def _inherit(lead, team) -> None:
    service = offered(lead, name="MarqueService", description="MarqueOffre")
    bring(lead, service, "waf")
    use(team, service, "metabase")


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
        "accepted_by": "MarqueAccord",
        "accepted_until": f"{clock.today().year + 1}-06-01",
    }
    assert team.post(f"{BASE}/registre/dossiers:integrity", accepted).status_code == 302
    page = text(team.get("/produits/exemple/preuves"))
    attest = page.split('/preuve"')[0].rsplit('href="', 1)[1] + "/preuve"
    give(team, attest, clock.today(), link="https://exemple.test/MarqueLien", note="MarquePreuve")


def test_the_dossier_holds_the_study_its_discarded_parts_and_its_proofs(world, tmp_path):
    owner = world.person()
    product = world.filled(owner)
    lead = world.person("chef@exemple.test", "Cheffe Durand")
    world.give(lead, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    team = world.visitor(owner)
    _inherit(world.visitor(lead), team)
    _write_study(team)
    _decide_and_prove(team)
    people = world.cast(product)
    world.before_authority(owner, world.reload(), people)
    with world.session(writing=False) as session:
        dossier = session.scalar(select(Dossier))
    read = text(world.visitor(people["authority"]).get("/produits/exemple/dossier/1"))
    assert "Dossiers d’aide des usagers : intégrité – accepté par MarqueAccord" in read
    frozen = json.loads(dossier.content)
    assert frozen["study"]["level"]["level"] == 3
    assert [m["inherited_from"] for m in frozen["system"]["measures"] if m.get("inherited_from")] == ["MarqueService"]
    assert frozen["evidence"][0]["observed_on"] == clock.today().isoformat()
    file = tmp_path / "dossier.pdf"
    file.write_bytes(pdf.render(dossier.content))
    shown = subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True).stdout
    marks = [
        "Service",
        "Offre",
        "Niveau",
        "Partie",
        "Attente",
        "Source",
        "Ecart",
        "Histoire",
        "Rejet",
        "Cotation",
        "Transfert",
        "Accord",
        "Lien",
        "Preuve",
    ]
    assert [m for m in marks if f"Marque{m}" not in "".join(shown.replace("-\n", "").split())] == []
