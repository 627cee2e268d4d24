"""What a decision accepts: the risks that remain, listed to who signs, and no other; what it must answer before."""

import json
from collections import Counter

import pytest
from lxml import html
from sqlalchemy import select

from app.homologation import consistency
from app.homologation.kinds import Verdict
from app.homologation.models import Dossier
from reports import document, residual
from reports import dossier as content
from reports.synthesis import answers_by_component
from risk_models import catalogue
from risk_models.scales import ProofState, RiskLevel, Treatment
from tests.factories.homologation import PAGE, choices
from tests.factories.study import text


@pytest.fixture
def people(world):
    owner = world.person()
    product = world.filled(owner)
    return owner, product, world.cast(product)


def before(world, people, verdict=Verdict.FAVOURABLE, said="") -> Dossier:
    owner, product, cast = people
    return world.before_authority(owner, product, cast, opinion=(verdict, said))


def decided(world) -> dict:
    with world.session(writing=False) as session:
        return json.loads(session.scalar(select(Dossier.content)))["decision"]


def to_sign(world, people, dossier, **changed) -> str:
    authority = people[2]["authority"]
    world.print_asked(dossier.product_id, dossier.number)
    world.code(authority)
    return text(world.visitor(authority).post(f"{PAGE}/decision", choices(dossier, **changed)))


def test_who_signs_reads_each_strong_and_medium_risk_and_accepts_those(world, people):
    dossier = before(world, people)
    frozen = content.loads(dossier.content)
    strong = [r for r in frozen.assessment.residual_assets if r.risk == "high"]
    read = text(world.visitor(people[2]["authority"]).get(PAGE))
    shown = to_sign(world, people, dossier)
    assert "signer, c’est" in read and "risques que vous acceptez en signant" in shown
    assert "Chute de l’hébergeur" in shown and "Camille Martin propose de l’accepter" in shown
    world.signs(people[2]["authority"], PAGE, **choices(dossier))
    accepted = decided(world)["accepted"]
    assert len([r for r in accepted if r["risk"] == "high"]) >= len(strong) > 0
    assert all(r["what"].split(" (")[0] in shown for r in accepted)
    assert {r["risk"] for r in accepted} <= {"high", "medium", None}
    assert all(r["until"] <= decided(world)["expires_on"] for r in accepted)


def test_what_nobody_treats_comes_first_even_set_aside(world, people):
    plain = json.loads(before(world, people).content)
    strong = residual.residual_risks(content.loads(content.canonical(plain)))[-2]  # the last is told in words
    line = next(x for x in plain["study"]["register"] if x["asset"] and x["treatment"] == "reduce")
    line |= {"kept": False, "why_not": "Personne n’y croit"}
    first = residual.residual_risks(content.loads(content.canonical(plain)))[0]
    assert strong.treatment is Treatment.REDUCE
    assert first.set_aside and first.note == "Personne n’y croit"


def test_the_grid_counts_every_risk_that_is_listed(world, people):
    """One that people tell themselves among them."""
    plain = json.loads(before(world, people).content)
    register = plain["study"]["register"]
    register.append(register[0] | {"told": True, "story": "Un export part à la mauvaise adresse", "severity": 4})
    frozen = content.loads(content.canonical(plain))
    listed = Counter((r.severity, r.likelihood) for r in residual.residual_risks(frozen) if r.risk)
    shown = residual.count_risks(frozen)
    assert {c: n for c, n in shown.later.items() if catalogue.risk_level(*c) is not RiskLevel.LOW} == listed
    assert shown.today.total() == shown.later.total()


def test_a_refusal_accepts_nothing(world, people):
    dossier = before(world, people)
    shown = to_sign(world, people, dossier, outcome="refused", months="")
    assert "Un refus n’accepte aucun risque" in shown and "acceptez en signant" not in shown
    world.signs(people[2]["authority"], PAGE, **choices(dossier, outcome="refused", months=""))
    assert "accepted" not in decided(world)


def test_an_acceptance_lasts_no_longer_than_the_decision(world, people):
    dossier = before(world, people)
    world.signs(people[2]["authority"], PAGE, **choices(dossier, months="6"))
    kept = decided(world)
    proposed = next(r for r in kept["accepted"] if r["what"] == "Chute de l’hébergeur")
    assert proposed["until"] == kept["expires_on"]


@pytest.mark.parametrize(
    ("verdict", "changed", "said"),
    [
        (Verdict.UNFAVOURABLE, {}, "écrivez pourquoi vous passez outre"),
        (Verdict.UNFAVOURABLE, {"take_over": "y"}, "écrivez pourquoi vous passez outre"),
        (Verdict.WITH_RESERVATIONS, {}, "reprenez-les dans les vôtres"),
    ],
)
def test_an_opinion_is_not_passed_over(world, people, verdict, changed, said):
    dossier = before(world, people, verdict, "Journaux gardés trop longtemps")
    page = to_sign(world, people, dossier, **changed)
    assert said in page and "Journaux gardés trop longtemps" in page
    assert "Donnez votre second facteur" not in page
    world.signs(people[2]["authority"], PAGE, **choices(dossier, reply="Purge faite le 3 mars"))
    assert decided(world)["reply"] == "Purge faite le 3 mars"


def test_reservations_are_taken_over_with_whose_they_are(world, people):
    dossier = before(world, people, Verdict.WITH_RESERVATIONS, "Purger les journaux\nFermer le port 22")
    world.signs(people[2]["authority"], PAGE, **choices(dossier, take_over="y"))
    assert decided(world)["to_lift"] == [
        "Second facteur",
        "Metabase à jour",
        "RSSI : Purger les journaux",
        "RSSI : Fermer le port 22",
    ]


def test_a_flaw_known_to_be_exploited_asks_why(world, people):
    dossier = before(world, people)
    shown = to_sign(world, people, dossier, exploited_reason="")
    assert "Écrivez pourquoi vous homologuez quand même" in shown and "Metabase, CVE-2021-41277" in shown
    world.signs(people[2]["authority"], PAGE, **choices(dossier, exploited_reason="Coupé d’internet"))
    kept = decided(world)
    assert kept["exploited"] == ["Metabase, CVE-2021-41277"] and kept["exploited_reason"] == "Coupé d’internet"


def test_a_reading_that_denies_a_measure_heads_the_synthesis_and_stops_the_word_done(world, people):
    dossier = before(world, people)
    plain = json.loads(dossier.content)
    measure = next(m for m in plain["system"]["measures"] if m["status"] == "done")
    measure["proof"] = ProofState.DISABLED.value
    frozen = content.loads(content.canonical(plain))
    page = " ".join(html.fromstring(document.to_html(frozen, "0" * 64)).text_content().split())
    synthesis = page[page.index("Ce que l’on vous demande") :]
    assert "Des relevés contredisent l’équipe" in synthesis[:3000]
    denied = answers_by_component(frozen.system, "fr")[measure["on"][0]]
    assert any("l’équipe la dit en place, un relevé dit le contraire" in sentence for sentence in denied)
    assert "proof_denies" in {i.rule for i in consistency.check_content(frozen)}


def text_of(page: str) -> str:
    return " ".join(html.fromstring(page).text_content().split())


def test_the_document_says_it_in_whole_sentences(world, people):
    dossier = before(world, people)
    world.signs(people[2]["authority"], PAGE, **choices(dossier))
    with world.session(writing=False) as session:
        frozen = content.loads(session.scalar(select(Dossier.content)))
    page = " ".join(html.fromstring(document.to_html(frozen, "0" * 64)).text_content().split())
    assert "la décision les accepte :" in page and "propose de l’accepter jusqu’au " in page
