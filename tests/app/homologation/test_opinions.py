"""An opinion is bound to the content that was read; what changes after it is said, or asks it again."""

import io
import json
import subprocess

import pytest
from sqlalchemy import select, update

from app.analysis.models import EssentialAsset
from app.homologation import opinions, separation
from app.homologation.kinds import DossierState
from app.homologation.models import Dossier
from app.identity.kinds import Role
from app.identity.policy import BindingAct
from app.inventory.models import Component
from app.mitigations.models import Measure
from app.platform import clock
from app.platform.refusals import Refusal
from app.products.changes import note_change
from app.products.models import Product
from reports import dossier as content
from reports import pdf
from risk_models.rules import schedule
from risk_models.scales import Exposure, MeasureStatus
from tests.factories.homologation import PAGE, choices, printed_words, run_jobs
from tests.factories.study import text

FAVOURABLE = {"verdict": "favourable"}


@pytest.fixture
def asked(world):
    """A dossier whose reviewer read it and gave an opinion."""
    owner = world.person()
    product = world.filled(owner)
    people = world.cast(product)
    dossier = world.before_authority(owner, product, people, reviewed=False)
    action = f"{PAGE}/avis/{dossier.opinions[0].id}"
    assert world.visitor(people["reviewer"]).submits(PAGE, action, FAVOURABLE).status_code == 302
    return world, owner, people, dossier, action


def change(world, *statements) -> None:
    with world.database.writing() as session:
        for statement in statements:
            session.execute(statement)
        note_change(session, [world.reload().id])


def test_an_opinion_keeps_its_instant_and_the_hash_of_what_was_read(asked):
    world, owner, people, dossier, _ = asked
    opinion = world.dossier().opinions[0]
    assert opinion.content_sha256 == dossier.content_sha256 == content.sha256(dossier.content)
    answer = world.visitor(owner).post(f"{PAGE}/transmettre")
    assert answer.status_code == 302, text(answer)
    kept = json.loads(world.dossier().content)["opinions"][0]
    assert kept["read_sha256"] == dossier.content_sha256 and kept["given_at"].endswith("+00:00")
    assert world.dossier().content_sha256 != dossier.content_sha256
    assert dossier.content_sha256[:8] in text(world.visitor(people["authority"]).get(PAGE))


def test_a_reviewer_reads_the_pdf_and_corrects_the_opinion_until_it_is_transmitted(asked):
    world, owner, people, dossier, action = asked
    run_jobs(world)
    reviewer = world.visitor(people["reviewer"])
    assert reviewer.get(f"{PAGE}/pdf").status_code == 200
    page = text(reviewer.get(PAGE))
    assert "le corriger jusqu’à la transmission" in page and "/preuves" in page and "/schema" in page
    assert reviewer.submits(PAGE, action, {"verdict": "unfavourable", "text": "Trop tôt"}).status_code == 302
    assert world.dossier().opinions[0].verdict.value == "unfavourable"
    world.visitor(owner).post(f"{PAGE}/transmettre")
    late = FAVOURABLE | {"shown_sha256": dossier.content_sha256}
    assert reviewer.post(action, late).status_code == 409
    assert world.dossier().opinions[0].verdict.value == "unfavourable"


EXPOSED = update(Component).where(Component.ref == "base").values(exposure=Exposure.INTERNET)
WEIGHTY = {
    "a component exposed": (EXPOSED, "tout internet"),
    "a version": (update(Component).where(Component.ref == "metabase").values(version="0.99"), "0.99"),
    "an asset": (update(EssentialAsset).where(EssentialAsset.ref == "dossiers").values(confidentiality=1), "→ "),
    "a measure in place": (
        update(Measure).where(Measure.measure == "backup_offline").values(status=MeasureStatus.DONE),
        "Mesures",
    ),
}


@pytest.mark.parametrize("kind", WEIGHTY)
def test_what_weighs_is_named_and_asks_the_opinion_again(asked, kind):
    world, owner, people, _, action = asked
    statement, named = WEIGHTY[kind]
    change(world, statement)
    team, reviewer = world.visitor(owner), world.visitor(people["reviewer"])
    page = text(team.get(PAGE))
    assert "Avis donnés avant ce qui suit" in page and named in page
    assert "/transmettre" not in page and "Redemander les avis" in page
    refused = team.post(f"{PAGE}/transmettre")
    assert refused.status_code == 409 and "n’est plus celui que les avis ont lu" in text(refused)
    assert world.dossier().state is DossierState.OPINIONS
    old = FAVOURABLE | {"shown_sha256": world.dossier().content_sha256}
    assert team.post(f"{PAGE}/redemander-les-avis").status_code == 302
    assert world.dossier().opinions[0].given_at is None
    assert "Relisez-le avant de donner votre avis" in text(reviewer.post(action, old))
    assert reviewer.submits(PAGE, action, FAVOURABLE).status_code == 302
    answer = team.post(f"{PAGE}/transmettre")
    assert answer.status_code == 302, text(answer)


def test_what_does_not_weigh_is_said_beside_the_opinion_on_page_and_pdf(asked, tmp_path):
    world, owner, people, _, _ = asked
    change(world, update(Component).where(Component.ref == "base").values(name="Base centrale"))
    assert world.visitor(owner).post(f"{PAGE}/transmettre").status_code == 302
    kept = json.loads(world.dossier().content)["opinions"][0]["since"]
    assert any("Base centrale" in what for what in kept)
    assert "Base centrale" in text(world.visitor(people["authority"]).get(PAGE))
    file = tmp_path / "projet.pdf"
    file.write_bytes(pdf.render(world.dossier().content))
    shown = subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True).stdout
    assert "Avis donné avant ce qui suit" in " ".join(shown.split())


def test_nothing_changed_asks_nothing_again(asked):
    world, owner, _, _, _ = asked
    with world.app.test_request_context(), world.session(writing=False) as session:
        row = session.scalar(select(Dossier).where(Dossier.state == DossierState.OPINIONS))
        product = world.reload()
        loaded = opinions.read_since(session, product, world.dossier())
        assert row is not None and loaded == opinions.SinceRead((), ())
    assert world.visitor(owner).post(f"{PAGE}/transmettre").status_code == 302


def test_an_opinion_given_before_contents_were_kept_is_asked_again(asked):
    world, owner, _, _, _ = asked
    change(world, update(Dossier).values(content=None, content_sha256=None))
    refused = world.visitor(owner).post(f"{PAGE}/transmettre")
    assert refused.status_code == 409 and "n’a pas gardé ce que les avis ont lu" in text(refused)


@pytest.mark.parametrize("verdict", ["unfavourable", "with_reservations"])
def test_an_opinion_that_the_team_replaces_stays_before_the_authority(asked, verdict):
    world, owner, people, dossier, action = asked
    against = {"verdict": verdict, "text": "Base ouverte à tous"}
    world.visitor(people["reviewer"]).submits(PAGE, action, against)
    team = world.visitor(owner)
    team.post(f"{PAGE}/reprendre")
    assert team.post(f"{PAGE}/retirer/{dossier.opinions[0].id}").status_code == 302
    other = world.person("ami@exemple.test", "Ami Complaisant")
    world.give(other, Role.REVIEWER, product_id=world.reload().id)
    assert team.post(f"{PAGE}/avis-demandes", {"reviewer": other.id, "role": "rssi"}).status_code == 302
    team.post(f"{PAGE}/demander-les-avis")
    world.visitor(other).submits(PAGE, f"{PAGE}/avis/{world.dossier().opinions[0].id}", FAVOURABLE)
    answer = team.post(f"{PAGE}/transmettre")
    assert answer.status_code == 302, text(answer)
    shown = text(world.visitor(people["authority"]).get(PAGE))
    assert "Base ouverte à tous" in shown and "demandé un autre avis à sa place" in shown
    assert "demandé un autre avis à sa place" in printed_words(pdf.render(world.dossier().content))
    signed = text(
        world.signs(people["authority"], PAGE, **choices(world.dossier(), outcome="favourable", reservations=""))
    )
    assert ("passez outre" in signed) is (verdict == "unfavourable")
    assert ("reprenez-les" in signed) is (verdict == "with_reservations")
    with world.database.reading() as session, pytest.raises(Refusal, match="a donné un avis sur ce dossier"):
        separation.check_apart(session, BindingAct.DECIDE, people["reviewer"], world.dossier())


def test_whoever_begins_to_prepare_what_they_judged_judges_it_no_more(asked):
    world, owner, people, _, _ = asked
    world.give(people["reviewer"], Role.TEAM_MEMBER, product_id=world.reload().id)
    given = {"name": "Astreinte", "phone": "+33 1 23 45 67 89"}
    assert world.visitor(people["reviewer"]).post("/produits/exemple/equipe", given).status_code == 302
    assert "a écrit dans ce produit" in text(world.visitor(owner).post(f"{PAGE}/transmettre"))


def test_what_is_left_as_it_is_after_the_opinion_asks_it_again(asked):
    world, owner, _, _, _ = asked
    team = world.visitor(owner)
    until = schedule.add_months(clock.today(), 30)
    left = {"reason": "On vit avec", "until": str(until)}
    finding = "/produits/exemple/constats/accepter?constat=known_exploited_flaw:metabase::"
    assert team.post(finding, left).status_code == 302
    assert "Rien de ce que le dossier décrit" not in text(team.get(PAGE))
    assert "laissés en l’état changés" in text(team.post(f"{PAGE}/transmettre"))


def test_a_mission_changed_after_the_opinion_is_said_beside_it(asked):
    world, owner, _, _, _ = asked
    change(world, update(Product).values(mission="Paie les aides en ligne"))
    shown = text(world.visitor(owner).get(PAGE))
    assert "Mission changée" in shown and "Rien de ce que le dossier décrit" not in shown
    assert world.visitor(owner).post(f"{PAGE}/transmettre").status_code == 302
    assert "Mission changée" in json.loads(world.dossier().content)["opinions"][0]["since"]


def test_an_attached_opinion_says_who_attached_it_and_binds_no_changed_dossier(asked):
    world, owner, people, dossier, _ = asked
    team = world.visitor(owner)
    team.post(f"{PAGE}/reprendre")
    outside = {"role": "rssi", "by": "Dominique Leroy, RSSI", "verdict": "favourable", "given_on": "2020-01-01"}
    assert team.post(f"{PAGE}/avis-joint", outside | {"file": (io.BytesIO(b""), "avis.txt")}).status_code == 200
    assert team.post(f"{PAGE}/avis-joint", outside | {"file": (io.BytesIO(b"x"), "avis.txt")}).status_code == 302
    team.post(f"{PAGE}/retirer/{dossier.opinions[0].id}")
    team.post(f"{PAGE}/demander-les-avis")
    change(world, EXPOSED)
    assert "n’est plus celui que les avis ont lu" in text(team.post(f"{PAGE}/transmettre"))
    assert team.post(f"{PAGE}/redemander-les-avis").status_code == 302
    assert team.post(f"{PAGE}/transmettre").status_code == 302
    shown = text(world.visitor(people["authority"]).get(PAGE))
    assert f"joint par {owner.name}" in shown and "Rien de ce que le dossier décrit" not in shown
