"""Sessions are seen and ended; those of roles that engage end for want of use; a copied cookie opens nothing for long."""

import re
from datetime import timedelta

import pytest
import time_machine

from app.identity.kinds import Role
from app.identity.models import WebSession
from app.platform import clock
from tests.conftest import on_sqlite

PAGE = "/compte/sessions"


def sign_in(world, person, browser: str):
    """By a link, as a person does; gives their browser."""
    visitor, before = world.visitor(), set(world.mails())
    visitor.post("/connexion", {"email": person.email})
    with world.app.test_request_context():
        world.jobs.run_due()
    link = re.search(
        r"/connexion/[\w-]{20,}", next(m for m in world.mails() if m not in before and "/connexion/" in m)
    )[0]
    visitor.post(link, headers={"User-Agent": browser})
    return visitor


def whole_day(world) -> None:
    """The sessions of the visitors of tests last an hour; those of people last twelve."""
    with world.database.writing() as session:
        for row in session.query(WebSession):
            row.expires_at = clock.now() + timedelta(hours=12)


def test_a_person_sees_and_ends_their_sessions(world):
    person = world.person()
    office, phone = sign_in(world, person, "Firefox de bureau"), sign_in(world, person, "Telephone")
    page = office.get(PAGE).get_data(as_text=True)
    assert "Firefox de bureau" in page and "Telephone" in page and "celle-ci" in page
    assert office.post(re.search(rf"{PAGE}/\w+/fermer(?=\")", page)[0]).status_code == 302
    assert phone.get(PAGE).status_code == 302
    again = sign_in(world, person, "Tablette")
    assert again.post(f"{PAGE}/fermer-les-autres").status_code == 302
    assert office.get(PAGE).status_code == 302 and again.get(PAGE).status_code == 200


@on_sqlite
def test_nobody_ends_the_session_of_another(world):
    mine, other = world.visitor(world.person()), world.visitor(world.person("autre@exemple.test", "Autre"))
    with world.database.reading() as session:
        ids = [row.id for row in session.query(WebSession)]
    for session_id in ids:
        mine.post(f"{PAGE}/{session_id}/fermer")
    assert other.get(PAGE).status_code == 200


@pytest.mark.parametrize(
    "role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.INCUBATOR_MEMBER, Role.AUTHORITY, Role.REVIEWER]
)
@on_sqlite
def test_the_session_of_a_role_that_engages_ends_after_half_an_hour_without_use(world, role):
    person = world.person()
    world.give(person, role, **({"incubator_id": world.incubator().id} if role is not Role.ADMINISTRATOR else {}))
    start = clock.now()
    with time_machine.travel(start, tick=False):
        visitor = world.visitor(person)
        assert visitor.get(PAGE).status_code == 200
        whole_day(world)
    with time_machine.travel(start + timedelta(minutes=29), tick=False):
        assert visitor.get(PAGE).status_code == 200
    with time_machine.travel(start + timedelta(minutes=58), tick=False):
        assert visitor.get(PAGE).status_code == 200  # used meanwhile
    with time_machine.travel(start + timedelta(minutes=58 + 31), tick=False):
        assert (visitor.get(PAGE).status_code == 302) is (role is not Role.REVIEWER)


@on_sqlite
def test_a_cookie_copied_before_the_second_factor_opens_nothing_after_it(world):
    person = world.person()
    visitor = world.visitor(person)
    copied = visitor.client.get_cookie("jalon").value
    world.code(person)
    assert visitor.post("/compte/second-facteur/confirmer", {"code": world.code(person)}).status_code == 302
    assert visitor.get(PAGE).status_code == 200
    thief = world.app.test_client()
    thief.set_cookie("jalon", copied)
    assert thief.get(PAGE).status_code == 302


@on_sqlite
def test_what_was_typed_is_kept_when_a_session_ends_for_want_of_use(world):
    person = world.person()
    product = world.product(person)
    world.give(person, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    start = clock.now()
    with time_machine.travel(start, tick=False):
        visitor = world.visitor(person)
        visitor.get(PAGE)
        whole_day(world)
    with time_machine.travel(start + timedelta(minutes=40), tick=False):
        given = {"name": "Astreinte du dimanche", "phone": "+33 1 23 45 67 89"}
        page = visitor.client.get("/accessibilite").get_data(as_text=True)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        answer = visitor.client.post(
            "/produits/exemple/equipe",
            data=given | ({"csrf_token": token[1]} if token else {}),
            headers={"Referer": "http://localhost/produits/exemple/equipe"},
        )
        assert answer.status_code == 302 and "/connexion" in answer.location
        back = sign_in(world, person, "Firefox")
        back.post("/compte/second-facteur/connexion", {"code": world.code(person)})
        assert "Astreinte du dimanche" in back.get("/produits/exemple/equipe").get_data(as_text=True)
