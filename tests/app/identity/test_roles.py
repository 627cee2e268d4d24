"""Roles of an incubator and of the platform: given and taken back with a factor, never one's own; sessions end."""

import pytest
from sqlalchemy import select

from app.identity.kinds import Role
from app.identity.models import Grant
from tests.conftest import on_sqlite
from tests.factories.homologation import run_jobs

GIVEN = {"name": "Nouvelle Venue", "email": "nouvelle@exemple.test"}
INCUBATOR, PLATFORM = "/incubateurs/dinum/roles", "/plateforme/roles"


@pytest.fixture
def scene(world):
    incubator = world.incubator()
    people = {
        name: world.person(f"{name}@exemple.test", name.capitalize()) for name in ("lead", "mate", "admin", "chief")
    }
    for name in ("lead", "mate"):
        world.give(people[name], Role.INCUBATOR_MEMBER, incubator_id=incubator.id)
    for name in ("admin", "chief"):
        world.give(people[name], Role.ADMINISTRATOR)
    return world, people


def grant_of(world, person) -> str:
    with world.database.reading() as session:
        return session.scalar(select(Grant.id).where(Grant.person_id == person.id))


def take_back(world, actor, path: str, person):
    return world.visitor(actor).post(f"{path}/{grant_of(world, person)}/retirer", {"code": world.code(actor)})


@pytest.mark.parametrize(("path", "actor", "other"), [(INCUBATOR, "lead", "mate"), (PLATFORM, "admin", "chief")])
def test_a_role_taken_back_ends_the_sessions_of_its_holder_and_tells_them(scene, path, actor, other):
    world, people = scene
    gone = world.visitor(people[other])
    assert gone.get("/incubateurs/dinum").status_code == 200
    assert take_back(world, people[actor], path, people[other]).status_code == 302
    assert "/connexion" in gone.get("/incubateurs/dinum").location
    assert world.visitor(people[other]).get("/incubateurs/dinum").status_code == 404
    run_jobs(world)
    assert any(m.startswith(people[other].email) and "vous a retiré ce rôle" in m for m in world.mails())
    assert grant_of(world, people[other]) is None


@on_sqlite
@pytest.mark.parametrize(
    ("path", "actor", "role", "taken"),
    [
        (INCUBATOR, "lead", "incubator_member", True),
        (PLATFORM, "admin", "auditor", True),
        (INCUBATOR, "lead", "administrator", False),
        (PLATFORM, "admin", "team_member", False),
    ],
)
def test_roles_are_given_where_they_belong(scene, path, actor, role, taken):
    world, people = scene
    answer = world.visitor(people[actor]).post(path, GIVEN | {"role": role, "code": world.code(people[actor])})
    assert (answer.status_code == 302) is taken
    assert (grant_of(world, world.person(GIVEN["email"], GIVEN["name"])) is not None) is taken


@on_sqlite
def test_nobody_gives_or_takes_back_their_own_role_nor_without_a_factor(scene):
    world, people = scene
    lead = world.visitor(people["lead"])
    own = GIVEN | {"email": people["lead"].email, "role": "authority", "code": world.code(people["lead"])}
    assert "Personne ne se donne un rôle" in lead.post(INCUBATOR, own).get_data(as_text=True)
    assert "son propre rôle" in take_back(world, people["lead"], INCUBATOR, people["lead"]).get_data(as_text=True)
    assert lead.post(INCUBATOR, GIVEN | {"role": "reviewer", "code": "000000"}).status_code == 200
    assert lead.post(f"{INCUBATOR}/{grant_of(world, people['mate'])}/retirer").status_code == 200
    assert grant_of(world, people["mate"])


@on_sqlite
def test_an_incubator_touches_neither_the_platform_nor_another_incubator(scene):
    world, people = scene
    world.incubator("autre")
    lead = world.visitor(people["lead"])
    assert lead.get(PLATFORM).status_code == 404
    assert lead.get("/incubateurs/autre/roles").status_code == 404
    assert lead.post(f"{INCUBATOR}/{grant_of(world, people['admin'])}/retirer").status_code == 404
    assert lead.post(f"/incubateurs/autre/roles/{grant_of(world, people['mate'])}/retirer").status_code == 404
