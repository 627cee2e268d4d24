"""A product leaves or joins incubators with the yes of each: who does not answer for all only asks; each hears of it."""

import re

import pytest

from app.identity.kinds import Role
from app.product_files.cards import import_cards
from app.products.importers.cards import read_card
from app.products.importers.collections import Collection
from tests.factories.homologation import run_jobs

CARD = {
    "name": "Exemple",
    "mission": "Aide les usagers",
    "phases-0-name": "construction",
    "phases-0-start": "2026-02-01",
}

IMPORTED = """---
title: Exemple
mission: Aide les usagers
incubator: vide
phases:
- {name: construction, start: 2026-02-01}
---
"""


@pytest.fixture
def scene(world):
    owner = world.person()
    world.product(owner)
    world.incubator("vide")
    people = {"owner": owner}
    for name, slugs in (("lead", ["dinum"]), ("next", ["vide"]), ("both", ["dinum", "vide"])):
        people[name] = world.person(f"{name}@exemple.test", name.capitalize())
        for slug in slugs:
            world.give(people[name], Role.INCUBATOR_MEMBER, incubator_id=world.incubator(slug).id)
    people["admin"] = world.person("admin@exemple.test", "Admin")
    world.give(people["admin"], Role.ADMINISTRATOR)
    return world, people


def move(world, person, *slugs: str):
    return world.visitor(person).edit("/produits/exemple/fiche", CARD | {"incubators": list(slugs)})


def incubators(world) -> set[str]:
    return {i.slug for i in world.reload().incubators}


@pytest.mark.parametrize(
    ("who", "to"),
    [
        ("owner", ["vide"]),
        ("owner", ["dinum", "vide"]),
        ("lead", ["vide"]),
        ("lead", ["dinum", "vide"]),
        ("next", ["vide"]),
    ],
)
def test_a_team_or_one_side_alone_moves_nothing(scene, who, to):
    """To an empty incubator and back was a way to switch its warnings off."""
    world, people = scene
    if who == "next":
        world.give(people[who], Role.TEAM_MEMBER, product_id=world.reload().id)
    assert move(world, people[who], *to).status_code == 302
    assert incubators(world) == {"dinum"}
    page = world.visitor(people[who]).get("/produits/exemple/fiche").get_data(as_text=True)
    assert "Un changement d’incubateur est demandé" in page and "attend sa réponse" in page
    run_jobs(world)
    asked = {m.split(" | ")[0] for m in world.mails() if "demande à" in m}
    assert asked and people[who].email not in asked


def answer(world, person, slug: str, act: str):
    visitor, page = world.visitor(person), f"/incubateurs/{slug}/mouvements"
    found = re.search(rf"{page}/(\w+)/{act}", visitor.get(page).get_data(as_text=True))
    return visitor.post(found[0] if found else f"{page}/x/{act}")


def test_the_last_yes_moves_it_and_both_hear_of_it(scene):
    world, people = scene
    move(world, people["owner"], "vide")
    assert answer(world, people["lead"], "dinum", "accepter").status_code == 302
    assert incubators(world) == {"dinum"}, "one yes is not enough"
    assert answer(world, people["lead"], "dinum", "accepter").status_code == 409, "answered already"
    assert answer(world, people["next"], "vide", "accepter").status_code == 302
    assert incubators(world) == {"vide"}
    run_jobs(world)
    assert people["lead"].email in {
        m.split(" | ")[0] for m in world.mails() if "quitte dinum" in m or "quitte Incub" in m
    }
    page = world.visitor(people["owner"]).get("/produits/exemple/fiche").get_data(as_text=True)
    assert "est demandé" not in page


def test_who_answers_for_one_side_asks_the_other_alone(scene):
    world, people = scene
    move(world, people["lead"], "vide")
    assert answer(world, people["next"], "vide", "accepter").status_code == 302
    assert incubators(world) == {"vide"}


def test_one_no_ends_it_and_is_told_to_who_asked(scene):
    world, people = scene
    move(world, people["owner"], "vide")
    assert answer(world, people["next"], "vide", "refuser").status_code == 302
    assert answer(world, people["lead"], "dinum", "accepter").status_code == 409
    assert incubators(world) == {"dinum"}
    run_jobs(world)
    assert [m for m in world.mails() if m.startswith(people["owner"].email) and "a refusé ce changement" in m]


def test_who_asked_takes_it_back(scene):
    world, people = scene
    move(world, people["owner"], "vide")
    team = world.visitor(people["owner"])
    assert "Retirer cette demande" in team.get("/produits/exemple/fiche").get_data(as_text=True)
    assert team.post("/produits/exemple/fiche/demande/retirer").status_code == 302
    assert team.post("/produits/exemple/fiche/demande/retirer").status_code == 409
    assert answer(world, people["next"], "vide", "accepter").status_code == 409
    assert incubators(world) == {"dinum"}


def test_who_asked_hears_of_the_yes_and_who_agreed_of_the_no(scene):
    world, people = scene
    move(world, people["owner"], "vide")
    answer(world, people["lead"], "dinum", "accepter")
    answer(world, people["next"], "vide", "refuser")
    run_jobs(world)
    assert [m for m in world.mails() if m.startswith(people["lead"].email) and "a refusé ce changement" in m]
    move(world, people["owner"], "vide")
    answer(world, people["lead"], "dinum", "accepter")
    answer(world, people["next"], "vide", "accepter")
    run_jobs(world)
    assert [m for m in world.mails() if m.startswith(people["owner"].email) and "rejoint" in m]


def test_nobody_answers_for_an_incubator_that_is_not_theirs(scene):
    world, people = scene
    move(world, people["owner"], "vide")
    page = world.visitor(people["next"]).get("/incubateurs/vide/mouvements").get_data(as_text=True)
    there = re.search(r"/incubateurs/vide/mouvements/(\w+)/accepter", page)[1]
    lead = world.visitor(people["lead"])
    assert lead.post(f"/incubateurs/vide/mouvements/{there}/accepter").status_code == 404
    assert lead.post(f"/incubateurs/dinum/mouvements/{there}/accepter").status_code == 409
    assert world.visitor(people["owner"]).get("/incubateurs/dinum/mouvements").status_code == 404
    assert incubators(world) == {"dinum"}


def test_an_incubator_without_members_is_answered_for_by_administrators(scene):
    world, people = scene
    world.incubator("desert")
    move(world, people["lead"], "dinum", "desert")
    run_jobs(world)
    assert [m for m in world.mails() if m.startswith(people["admin"].email) and "demande à rejoindre" in m]
    assert answer(world, people["admin"], "desert", "accepter").status_code == 302
    assert incubators(world) == {"dinum", "desert"}


def test_another_change_of_the_card_leaves_what_was_asked_and_another_choice_replaces_it(scene):
    world, people = scene
    move(world, people["owner"], "vide")
    move(world, people["owner"], "dinum")
    assert "est demandé" in world.visitor(people["owner"]).get("/produits/exemple/fiche").get_data(as_text=True)
    move(world, people["owner"], "dinum", "vide")
    page = world.visitor(people["lead"]).get("/incubateurs/dinum/mouvements").get_data(as_text=True)
    assert "rejoindre aussi Incubateur vide" in page and "demande à quitter" not in page
    assert answer(world, people["next"], "vide", "accepter").status_code == 302
    assert incubators(world) == {"dinum"}, "the one that would share it answers too"
    assert answer(world, people["lead"], "dinum", "accepter").status_code == 302
    assert incubators(world) == {"dinum", "vide"}


def test_an_administrator_asks_the_incubators_that_have_members(scene):
    world, people = scene
    assert move(world, people["admin"], "vide").status_code == 302
    assert incubators(world) == {"dinum"}
    refused = answer(world, people["admin"], "vide", "accepter").get_data(as_text=True)
    assert "ne répond pas à sa place" in refused
    for person, slug in (("lead", "dinum"), ("next", "vide")):
        assert answer(world, people[person], slug, "accepter").status_code == 302
    assert incubators(world) == {"vide"}
    world.give(people["lead"], Role.INCUBATOR_MEMBER, incubator_id=world.incubator("autre").id)
    journal = world.visitor(people["lead"]).get("/incubateurs/dinum/journal").get_data(as_text=True)
    assert "Changement d’incubateur" in journal, "the one that it left reads it"


def test_an_imported_card_only_proposes_and_asks_once(scene):
    world, people = scene
    card = read_card("exemple", IMPORTED)
    with world.app.test_request_context(), world.session() as session:
        for expected in (1, 0):
            report = import_cards(session, people["admin"], Collection(cards=[card]), archive_gone=False)
            session.commit()
            assert len(report.changed) == expected, report.changed
    assert incubators(world) == {"dinum"}
    run_jobs(world)
    assert len([m for m in world.mails() if m.startswith(people["next"].email) and "demande à rejoindre" in m]) == 1


def test_who_creates_a_product_in_an_incubator_is_told_of_there(scene):
    world, people = scene
    card = CARD | {"name": "Autre", "incubators": ["vide"]}
    assert world.visitor(people["owner"]).post("/produits/nouveau", card).status_code == 302
    run_jobs(world)
    assert [m for m in world.mails() if m.startswith(people["next"].email) and "« Autre » rejoint" in m]


def test_who_answers_for_both_moves_it_and_both_hear_of_it(scene):
    world, people = scene
    assert move(world, people["both"], "vide").status_code == 302
    assert incubators(world) == {"vide"}
    run_jobs(world)
    told = {m.split(" | ")[0] for m in world.mails() if "quitte" in m or "rejoint" in m}
    assert {people["lead"].email, people["next"].email} <= told


def test_a_card_that_moves_nothing_is_saved_by_the_team(scene):
    world, people = scene
    assert move(world, people["owner"], "dinum").status_code == 302
    run_jobs(world)
    assert not [m for m in world.mails() if "rejoint" in m]
