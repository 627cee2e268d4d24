"""A product leaves or joins an incubator by somebody who answers for each, or by an administrator; both hear of it."""

import pytest

from app.identity.kinds import Role
from tests.factories.homologation import run_jobs

CARD = {
    "name": "Exemple",
    "mission": "Aide les usagers",
    "phases-0-name": "construction",
    "phases-0-start": "2026-02-01",
}


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
    answer = move(world, people[who], *to)
    assert answer.status_code == 200 and "avec son accord" in answer.get_data(as_text=True)
    assert incubators(world) == {"dinum"}


@pytest.mark.parametrize("who", ["both", "admin"])
def test_who_answers_for_both_moves_it_and_both_hear_of_it(scene, who):
    world, people = scene
    assert move(world, people[who], "vide").status_code == 302
    assert incubators(world) == {"vide"}
    run_jobs(world)
    told = {m.split(" | ")[0] for m in world.mails() if "quitte" in m or "rejoint" in m}
    assert {people["lead"].email, people["next"].email} <= told


def test_a_card_that_moves_nothing_is_saved_by_the_team(scene):
    world, people = scene
    assert move(world, people["owner"], "dinum").status_code == 302
    run_jobs(world)
    assert not [m for m in world.mails() if "rejoint" in m]
