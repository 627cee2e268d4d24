"""What forms take, mend and refuse on a product that is described."""

from datetime import timedelta

import pytest
from lxml import html
from sqlalchemy import delete, select, update

from app.mitigations.models import Measure
from app.platform import clock
from app.product_files import files
from app.products import services as products
from app.products.changes import note_change
from app.products.models import Contact


@pytest.fixture
def team(world):
    owner = world.person()
    world.filled(owner)
    return world.visitor(owner)


def test_a_measure_is_planned_for_a_day_to_come_and_one_missed_may_stay(world, team):
    page = "/produits/exemple/mesures/nouvelle?mesure=codeql&sur=web"
    planned = {
        "status": "planned",
        "on": "web",
        "owner": "Camille",
        "due": (clock.today() - timedelta(days=1)).isoformat(),
    }
    assert "Cette date est passée" in team.post(page, planned).get_data(as_text=True)
    assert team.post(page, planned | {"due": clock.today().isoformat()}).status_code == 302
    missed = clock.today() - timedelta(days=30)
    with world.database.writing() as session:
        session.execute(update(Measure).where(Measure.measure == "codeql").values(due=missed))
        edit = f"/produits/exemple/mesures/{session.scalar(select(Measure.id).where(Measure.measure == 'codeql'))}"
    kept = planned | {"due": missed.isoformat(), "reason": "Retardée"}
    assert team.edit(edit, kept).status_code == 302
    moved = kept | {"due": (missed + timedelta(days=1)).isoformat()}
    assert "Cette date est passée" in team.edit(edit, moved).get_data(as_text=True)


def test_no_step_is_done_while_it_holds_nothing(world):
    owner = world.person()
    world.product(owner)
    page = world.visitor(owner).get("/produits/exemple/demarche").get_data(as_text=True)
    assert "0 étape faite sur 11." in page and "Faite</span>" not in page


ODD = """
jalon: 1
product:
  id: exemple
  name: Exemple
  phases: [{name: construction, start: 2026-01-29, x-source: carte}]
  contacts: [{name: Sacha, phone: "+33 1 23 45 67 89", can_suspend: true, x-rota: A}]
components:
  - {id: web, name: Site, kind: web, hosting: paas, exposure: internet, patched_by: publisher, data: [none], x-lot: 1}
  - {id: base, name: Base, kind: database, hosting: paas, exposure: internal, patched_by: team, data: [personal],
     version: "15", eol: {product: postgresql, cycle: "15", date: 2027-11-11, x-note: n}, x-owner: Sacha, x-emergency: "01"}
links: [{from: web, to: base, kind: reads, x-port: 5432}]
assets: [{id: a, name: Dossiers, lives_in: [base], needs: {confidentiality: 4, integrity: 3, availability: 2}, x-a: b}]
measures: [{measure: waf, on: [web], status: planned, due: 2030-01-01, owner: Sacha, x-m: n}]
"""


def test_a_form_saved_as_it_is_shown_changes_nothing(world):
    owner = world.person()
    world.product(owner)
    with world.app.test_request_context(), world.session() as session:
        files.replace_product(session, owner, products.load_product(session, "exemple"), files.read_product_file(ODD))
    team = world.visitor(owner)
    pages = {"/produits/exemple/fiche"}
    for listed in ("composants", "analyse", "mesures", "equipe"):
        shown = html.fromstring(team.get(f"/produits/exemple/{listed}").get_data(as_text=True))
        pages |= {a for a in shown.xpath("//main//a/@href") if a.startswith(f"/produits/exemple/{listed}/")}

    def exported() -> str:
        return team.get("/produits/exemple/fichier.yaml").get_data(as_text=True)

    before, saved = exported(), []
    for page in sorted(p for p in pages if not p.endswith(("/nouveau", "/nouvelle")) and "?" not in p):
        shown = html.fromstring(team.get(page).get_data(as_text=True))
        for form in shown.xpath("//main//form[@method='post'][.//input[@name='revision']]"):
            values: dict[str, list[str]] = {}
            for name, value in form.form_values():
                values.setdefault(name, []).append(value)
            answer = team.post(form.get("action") or page, values)
            assert answer.status_code == 302, (page, answer.get_data(as_text=True))
            assert exported() == before, page
            saved.append(page)
    assert len(saved) >= 5, saved


def test_a_step_emptied_after_it_was_done_is_done_no_more(world):
    owner = world.person()
    world.filled(owner)
    team = world.visitor(owner)
    measures, asks = "/produits/exemple/mesures", "dire ce qui est fait, prévu ou sans objet"
    assert asks not in team.get(measures).get_data(as_text=True)
    with world.database.writing() as session:
        session.execute(delete(Measure))
        note_change(session, [world.reload().id])
    assert asks in team.get(measures).get_data(as_text=True)


def test_what_one_can_call_somebody_by_is_mended_in_place(world, team):
    assert team.post("/produits/exemple/equipe", {"name": "Garde", "phone": "+33 1 23 45 67 89"}).status_code == 302
    with world.database.reading() as session:
        page = f"/produits/exemple/equipe/{session.scalar(select(Contact.id))}"
    shown = team.get(page).get_data(as_text=True)
    assert "+33 1 23 45 67 89" in shown
    assert team.edit(page, {"name": "Garde", "phone": "+33 1 98 76 54 32"}).status_code == 302
    late = team.post(page, {"name": "Garde", "phone": "+33 1 00 00 00 00", "revision": "before"}).get_data(as_text=True)
    assert "+33 1 98 76 54 32" in late and 'value="+33 1 00 00 00 00"' in late
    assert "l’un des deux" in team.edit(page, {"name": "Garde", "phone": ""}).get_data(as_text=True)
    assert team.get("/produits/exemple/equipe/inconnu").status_code == 404


def test_a_measure_that_its_host_alone_can_put_in_place_is_to_be_asked_of_it(world, team):
    page, asked = "/produits/exemple/mesures", "à demander à qui l’héberge"
    assert asked not in team.get(page).get_data(as_text=True)
    answer = {"status": "to_do", "on": ["web", "brevo"], "owner": "Camille"}
    assert team.post(f"{page}/nouvelle?mesure=network_filtering", answer).status_code == 302
    told = [one.strip() for one in html.fromstring(team.get(page).data).itertext() if asked in one]
    assert len(told) == 1 and told[0].startswith("Brevo")
