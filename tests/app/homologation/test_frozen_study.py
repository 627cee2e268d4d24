"""What the dossier keeps of the analysis and its proofs, in its content and in the pages of its PDF."""

import json
import subprocess

from sqlalchemy import select

from app.homologation.models import Dossier
from app.identity.kinds import Role
from app.platform import clock
from reports import pdf
from tests.factories.commons import bring, offered, use
from tests.factories.frozen_study import _decide_and_prove, _write_study
from tests.factories.study import text


def _inherit(lead, team) -> None:
    service = offered(lead, name="MarqueService", description="MarqueOffre")
    bring(lead, service, "waf")
    use(team, service, "metabase")


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
    assert "Camille Martin propose de l’accepter jusqu’au" in read and "accepté par" not in read
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
        "Lien",
        "Preuve",
    ]
    assert [m for m in marks if f"Marque{m}" not in "".join(shown.replace("-\n", "").split())] == []
