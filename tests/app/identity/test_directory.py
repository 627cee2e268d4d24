"""An authority decides only if its incubator vouches for it: one person adds, another confirms; the dossier says how."""

import re

import pytest
from sqlalchemy import delete, select, update

from app.homologation import opinions, services
from app.homologation.kinds import Verdict
from app.identity.kinds import Role
from app.identity.models import Grant, Person
from app.platform import clock
from reports import dossier as content
from tests.conftest import on_sqlite
from tests.factories.homologation import PAGE, choices, run_jobs

DIRECTORY = "/incubateurs/dinum/autorites"
GIVEN = {
    "name": "Andrée Laurent",
    "email": "autorite@exemple.test",
    "function": "Directrice du numérique",
    "entity": "Ministère exemple",
    "deed": "Arrêté du 3 mars 2026",
    "deed_on": "2026-03-03",
}


@pytest.fixture
def scene(world):
    """A product, two members of its incubator, an administrator; a reviewer and an authority that nobody vouches for."""
    owner = world.person()
    product = world.filled(owner)
    people = world.reviewer_and_authority()
    world.give(people["reviewer"], Role.REVIEWER, product_id=product.id)
    world.give(people["authority"], Role.AUTHORITY, product_id=product.id, vouched=False)
    for name, role, scope in (
        ("lead", Role.INCUBATOR_MEMBER, {"incubator_id": product.incubators[0].id}),
        ("mate", Role.INCUBATOR_MEMBER, {"incubator_id": product.incubators[0].id}),
        ("admin", Role.ADMINISTRATOR, {}),
    ):
        people[name] = world.person(f"{name}@exemple.test", name.capitalize())
        world.give(people[name], role, **scope)
    return world, owner, product, people


def add(world, person, **changes):
    return world.visitor(person).post(DIRECTORY, GIVEN | {"code": world.code(person)} | changes)


def confirm(world, person):
    page = world.visitor(person).get(DIRECTORY).get_data(as_text=True)
    found = re.search(rf"{DIRECTORY}/(\w+)/retirer", page)
    return world.visitor(person).post(f"{DIRECTORY}/{found[1]}/confirmer", {"code": world.code(person)})


def test_a_team_that_invites_its_own_addresses_gets_no_homologation(scene):
    """A reviewer and an authority of its own, to the last page: nothing is put before an authority nobody vouches for."""
    world, owner, product, people = scene
    dossier = world.before_authority(owner, product, people, reviewed=False)
    with world.app.test_request_context(), world.session() as session:
        row = services.dossier_of(session, product.id, 1)
        opinions.give_opinion(
            session,
            people["reviewer"],
            product,
            row,
            row.opinions[0].id,
            Verdict.FAVOURABLE,
            "",
            read_sha256=row.content_sha256,
        )
    answer = world.visitor(owner).post(f"{PAGE}/transmettre")
    assert "ne se porte encore garant" in answer.get_data(as_text=True)
    assert world.dossier().state is dossier.state


def test_an_authority_that_the_incubator_drops_meanwhile_decides_nothing(scene):
    world, owner, product, people = scene
    world.vouch(people["authority"])
    dossier = world.before_authority(owner, product, people)
    page = world.visitor(people["lead"]).get(DIRECTORY).get_data(as_text=True)
    assert world.visitor(people["lead"]).post(re.search(rf"{DIRECTORY}/\w+/retirer", page)[0]).status_code == 302
    answer = world.signs(people["authority"], PAGE, **choices(dossier))
    assert "ne se porte encore garant" in answer.get_data(as_text=True)
    assert world.dossier().decision is None
    run_jobs(world)
    assert any("Vous n’êtes plus dans l’annuaire" in mail for mail in world.mails())


def test_one_adds_another_confirms_and_the_decision_says_it(scene):
    world, owner, product, people = scene
    assert add(world, people["lead"]).status_code == 302
    assert "par une autre personne" in confirm(world, people["lead"]).get_data(as_text=True)
    run_jobs(world)
    assert {m.split(" | ")[0] for m in world.mails() if "est à confirmer" in m} == {people["mate"].email}
    assert confirm(world, people["mate"]).status_code == 302
    dossier = world.before_authority(owner, product, people)
    assert world.signs(people["authority"], PAGE, **choices(dossier)).status_code == 302
    known = content.loads(world.dossier().content).decision.by.vouched
    assert (known.name, known.function, known.deed) == ("Andrée Laurent", GIVEN["function"], GIVEN["deed"])
    assert (known.added_by, known.confirmed_by, known.confirmed_on) == ("Lead", "Mate", clock.today())


@on_sqlite
def test_nobody_vouches_for_oneself_nor_confirms_what_they_added(scene):
    world, _, _, people = scene
    for person in (people["lead"], people["mate"]):
        answer = add(world, person, email=person.email).get_data(as_text=True)
        assert "Personne ne s’inscrit soi-même" in answer
    assert "code" in add(world, people["lead"], code="").get_data(as_text=True)
    assert "à venir" in add(world, people["lead"], deed_on="2099-01-01").get_data(as_text=True)
    assert add(world, people["lead"]).status_code == 302
    assert "déjà dans l’annuaire" in add(world, people["mate"]).get_data(as_text=True)
    # While the incubator has a second person, an administrator is none.
    assert "par une autre personne" in confirm(world, people["admin"]).get_data(as_text=True)


@on_sqlite
def test_who_owes_their_role_to_who_adds_is_no_second_person(scene):
    """One member with another mailbox of their own would be both."""
    world, _, _, people = scene
    with world.database.writing() as session:
        session.execute(update(Grant).where(Grant.person_id == people["mate"].id).values(given_by_id=people["lead"].id))
    add(world, people["lead"])
    assert "une autre personne" in confirm(world, people["mate"]).get_data(as_text=True)
    assert confirm(world, people["admin"]).status_code == 302


def test_where_an_incubator_has_one_member_an_administrator_confirms(world):
    owner = world.person()
    product = world.filled(owner)
    lead, admin = world.person("lead@exemple.test", "Lead"), world.person("admin@exemple.test", "Admin")
    world.give(lead, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    world.give(admin, Role.ADMINISTRATOR)
    assert add(world, lead).status_code == 302
    assert confirm(world, admin).status_code == 302


@on_sqlite
def test_pages_say_how_an_authority_is_known(scene):
    world, owner, _, people = scene
    team = world.visitor(owner)
    assert "ne s’en porte garant, elle ne décide pas" in team.get("/produits/exemple/equipe").get_data(as_text=True)
    with world.app.test_request_context(), world.session() as session:
        services.open_new(session, owner, world.reload())
    compose = team.get(f"{PAGE}/composer").get_data(as_text=True)
    assert "autorite@exemple.test), que l’incubateur n’a pas encore confirmée" in compose
    world.vouch(people["authority"])
    assert "Directrice du programme, Ministère exemple (autorite@" in team.get(f"{PAGE}/composer").get_data(
        as_text=True
    )
    assert team.get(DIRECTORY).status_code == 404


def test_whom_a_team_proposes_waits_in_the_directory_to_be_put_in(scene):
    world, _owner, product, people = scene
    page = world.visitor(people["lead"]).get(DIRECTORY).get_data(as_text=True)
    world.code(people["lead"])
    assert "Proposées par des équipes" in page and f"proposée pour {product.name}" in page
    begun = world.visitor(people["lead"]).get(f"{DIRECTORY}/proposees/{people['authority'].id}")
    assert 'value="autorite@exemple.test"' in begun.get_data(as_text=True)
    stranger = world.person("ailleurs@exemple.test", "Ailleurs")
    assert world.visitor(people["lead"]).get(f"{DIRECTORY}/proposees/{stranger.id}").status_code == 404
    add(world, people["lead"])
    assert "Proposées par des équipes" not in world.visitor(people["lead"]).get(DIRECTORY).get_data(as_text=True)


def test_who_owes_their_role_to_who_adds_through_another_is_no_second_person(scene):
    """One person with three mailboxes: the first lets the second in, which lets the third in."""
    world, _, product, people = scene
    third = world.person("troisieme@exemple.test", "Troisième Boîte")
    world.give(third, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    with world.database.writing() as session:
        for person, giver in ((people["mate"], people["lead"]), (third, people["mate"])):
            session.execute(update(Grant).where(Grant.person_id == person.id).values(given_by_id=giver.id))
    add(world, people["lead"])
    assert "par une autre personne de l’incubateur" in confirm(world, third).get_data(as_text=True)
    assert confirm(world, people["admin"]).status_code == 302


def test_an_administrator_s_other_mailbox_is_no_second_person(scene):
    world, _, _, people = scene
    other = world.person("autre-boite@exemple.test", "Autre Boîte")
    world.give(other, Role.ADMINISTRATOR)
    with world.database.writing() as session:
        session.execute(delete(Grant).where(Grant.role == Role.INCUBATOR_MEMBER))
        session.execute(update(Grant).where(Grant.person_id == other.id).values(given_by_id=people["admin"].id))
    assert "vous doivent leur rôle" in add(world, people["admin"]).get_data(as_text=True)
    assert add(world, other).status_code == 302
    assert confirm(world, people["admin"]).status_code == 302


def test_a_wrong_code_leaves_nothing_of_a_listing(scene):
    world, _, _, people = scene
    world.code(people["lead"])
    answer = world.visitor(people["lead"]).post(DIRECTORY, GIVEN | {"email": "fantome@exemple.test", "code": "000000"})
    assert answer.status_code == 200
    with world.database.reading() as session:
        assert session.scalar(select(Person).where(Person.email == "fantome@exemple.test")) is None
