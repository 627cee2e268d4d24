"""One list of what is to do: each thing once, answered in place, found back; nothing said of what nobody knows."""

import re
from datetime import timedelta

import pytest
from lxml import html
from sqlalchemy import select, update

from app.analysis import services as analysis
from app.home import todo
from app.identity.kinds import Role
from app.mitigations.models import Measure
from app.platform import clock
from app.products.changes import note_change
from app.products.models import Phase as PhaseRow
from risk_models.scales import MeasureStatus, RiskLevel

PAGE = "/produits/exemple/a-faire"


@pytest.fixture
def team(world):
    owner = world.person()
    world.filled(owner)
    return world.visitor(owner)


def read(world) -> todo.Todo:
    with world.app.test_request_context(), world.session(writing=False) as session:
        return todo.read_todo(session, world.reload())


def lines_of(page) -> list[html.HtmlElement]:
    return html.fromstring(page.get_data(as_text=True)).xpath("//ol[contains(@class, 'jalon-todo')]/li")


def answer(team, line: html.HtmlElement, status: str, **more):
    form = line.xpath(".//form[.//button[@name='status']]")[0]
    values = {"on": form.xpath(".//input[@name='on']/@value"), "status": status, **more}
    return team.post(form.get("action"), values)


def test_each_thing_stands_once(world, team):
    found = read(world)
    assert len({line.key for line in found.lines}) == len(found.lines) > 5
    asked = [(line.measure, c) for line in found.lines if line.measure for c in line.on]
    assert len(set(asked)) == len(asked)
    titles = [h.text_content() for h in html.fromstring(team.get(PAGE).get_data(as_text=True)).xpath("//ol//h2")]
    assert len(titles) == len(found.lines)


@pytest.mark.parametrize(
    ("status", "more"),
    [
        ("done", {}),
        ("planned", {"due": (clock.today() + timedelta(days=90)).isoformat(), "owner": "Sacha"}),
        ("not_applicable", {"reason": "Personne ne s’y connecte"}),
    ],
)
def test_what_is_answered_in_place_leaves_the_list(world, team, status, more):
    before = read(world)
    number, line = next((n, x) for n, x in enumerate(before.lines) if x.measure)
    said = answer(team, lines_of(team.get(PAGE))[number], status, **more)
    assert said.status_code == 302 and said.location.endswith("/a-faire"), said.get_data(as_text=True)[:3000]
    after = read(world)
    assert line.measure not in {x.measure for x in after.lines if set(x.on) & set(line.on)}
    assert line.title in team.get("/produits/exemple/mesures").get_data(as_text=True), "it can be found back"


def test_an_answer_that_lacks_something_says_what_and_keeps_the_rest(world, team):
    line = next(x for x in lines_of(team.get(PAGE)) if x.xpath(".//button[@name='status']"))
    refused = answer(team, line, "planned", owner="Sacha")
    page = refused.get_data(as_text=True)
    assert refused.status_code == 200 and "Pour quand ?" in page and 'value="Sacha"' in page


def test_what_was_left_undecided_is_answered_by_the_list(world, team):
    line = next(x for x in read(world).lines if x.measure and len(x.on) >= 1)
    absent = {"status": "to_do", "on": list(line.on)}
    assert team.post(f"/produits/exemple/mesures/nouvelle?mesure={line.measure}", absent).status_code == 302
    number = next(n for n, x in enumerate(read(world).lines) if x.measure == line.measure)
    assert answer(team, lines_of(team.get(PAGE))[number], "done").status_code == 302
    with world.session(writing=False) as session:
        (status,) = set(session.scalars(select(Measure.status).where(Measure.measure == line.measure)))
    assert status is MeasureStatus.DONE


def test_what_nobody_knows_is_set_aside_and_taken_back(world, team):
    line = next(x for x in read(world).lines if x.measure)
    assert team.post(f"{PAGE}/de-cote", {"key": line.key}).status_code == 302
    found = read(world)
    assert line.key not in {x.key for x in found.lines} and [x.key for x, _ in found.aside] == [line.key]
    page = team.get(PAGE).get_data(as_text=True)
    assert "Mis de côté par Camille Martin" in page
    assert team.post(f"{PAGE}/reprendre", {"key": line.key}).status_code == 302
    assert line.key in {x.key for x in read(world).lines}
    assert team.post(f"{PAGE}/reprendre", {"key": line.key}).status_code == 409
    assert team.post(f"{PAGE}/de-cote", {"key": "x" * 400}).status_code == 409


def test_a_flaw_is_mended_by_its_version_and_not_by_saying_so(world, team):
    line = next(x for x in read(world).lines if x.title == "Passer à la version corrigée")
    assert (line.measure, line.page, line.level) == ("", "packages.flaws", RiskLevel.HIGH) and not line.unsaid
    assert {"known_exploited_flaw"} <= {f.rule for f in line.findings}
    planned = {"status": "planned", "due": (clock.today() + timedelta(days=90)).isoformat(), "owner": "S"}
    planned["on"] = list(line.on)
    assert team.post("/produits/exemple/mesures/nouvelle?mesure=update", planned).status_code == 302
    assert [x.title for x in read(world).lines].count("Passer à la version corrigée") == 1, "it is open still"


def test_the_pages_open_while_a_dossier_is_prepared(world, team):
    world.cast(world.reload())
    assert team.post("/produits/exemple/dossier/nouveau").status_code == 302
    for page in ("/produits/exemple", PAGE):
        assert team.get(page).status_code == 200, page
    assert "Pièce du dossier : " in team.get(PAGE).get_data(as_text=True)


def test_a_finding_is_not_hidden_by_the_plan_of_another_measure(world, team):
    soon = {"due": (clock.today() + timedelta(days=5)).isoformat(), "owner": "Sacha"}
    assert (
        team.post(
            "/produits/exemple/mesures/nouvelle?mesure=waf", {"status": "planned", "on": ["web"], **soon}
        ).status_code
        == 302
    )
    with world.database.writing() as session:
        session.execute(update(Measure).where(Measure.measure == "mfa").values(status=MeasureStatus.PLANNED, owner=""))
        note_change(session, [world.reload().id])
    found = {f.rule for line in read(world).lines for f in line.findings}
    with world.app.test_request_context(), world.session(writing=False) as session:
        assessed = analysis.assess_system(analysis.read_system(session, world.reload())).findings
    assert "measure_without_owner" in {f.rule for f in assessed} and "measure_without_owner" in found


def test_what_is_late_is_in_the_list(world):
    owner = world.person()
    world.filled(owner, name="Tardif")
    with world.database.writing() as session:
        session.execute(update(PhaseRow).values(start=clock.today() - timedelta(days=400)))
        note_change(session, [world.reload("tardif").id])
    with world.app.test_request_context(), world.session(writing=False) as session:
        lines = todo.read_todo(session, world.reload("tardif")).lines
    assert [line.key for line in lines if line.late] == ["step:remains"]


def test_what_is_set_aside_stays_so_for_what_is_left_of_it(world, team):
    line = next(x for x in read(world).lines if x.measure and len(x.on) > 1)
    team.post(f"{PAGE}/de-cote", {"key": line.key})
    one = {"status": "done", "on": [line.on[0]]}
    assert team.post(f"/produits/exemple/mesures/nouvelle?mesure={line.measure}", one).status_code == 302
    after = read(world)
    assert line.measure not in {x.measure for x in after.lines}
    assert [x.measure for x, _ in after.aside] == [line.measure]


def test_only_what_nobody_said_may_be_unknown(world, team):
    for line, shown in zip(read(world).lines, lines_of(team.get(PAGE)), strict=True):
        assert ("Je ne sais pas" in shown.text_content()) is line.unsaid, line.key


def test_a_reader_reads_and_answers_nothing(world, team):
    reader = world.person("autorite@exemple.test", "Andrée Laurent")
    world.give(reader, Role.AUTHORITY, product_id=world.reload().id)
    visitor = world.visitor(reader)
    page = visitor.get(PAGE).get_data(as_text=True)
    assert "jalon-todo" in page and "C’est fait" not in page and "Je ne sais pas" not in page
    assert visitor.post(f"{PAGE}/de-cote", {"key": "answer:mfa:web"}).status_code == 404


def test_progress_says_parts_and_no_decimals(world, team):
    page = team.get(PAGE).get_data(as_text=True)
    (said,) = re.findall(r"D’après ce qui est dit et montré, vos mesures enlèvent ([^.]+) du risque", page)
    assert not re.search(r"\d", said)


def test_a_new_product_is_asked_for_its_steps_alone(world):
    owner = world.person()
    world.product(owner)
    found = read(world)
    assert [line.key for line in found.lines][:3] == ["step:level", "step:team", "step:made_of"]
    assert found.progress is None and all(not line.measure for line in found.lines)
    page = world.visitor(owner).get("/produits/exemple").get_data(as_text=True)
    assert "Niveau de sécurité</h2>" in page and "choses à faire" in page


def test_the_home_shows_the_top_of_the_list(world, team):
    first = read(world).lines[0]
    shown = html.fromstring(team.get("/produits/exemple").get_data(as_text=True))
    assert shown.xpath("//h2[@id='prochaine']")[0].text_content() == first.title
