"""Rights are read again each year, and a browser where somebody never came is told to them."""

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import update

from app.identity import reviews, signing_in
from app.identity.kinds import Role
from app.identity.models import Grant
from app.platform import clock
from tests.app.identity.stand_in import run_jobs
from tests.conftest import on_sqlite

PAGE = "/incubateurs/dinum/roles"


@pytest.fixture
def scene(world):
    lea = world.person("lea@exemple.test", "Léa Garant")
    world.give(lea, Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    return world, lea


def given(world, days: int) -> None:
    with world.database.writing() as session:
        session.execute(update(Grant).values(given_at=clock.now() - timedelta(days=days)))


def asked(world) -> list[str]:
    reviews.ask_reviews(world.database)
    run_jobs(world)
    return [mail.partition(" |")[0] for mail in world.mails() if "Revue annuelle des droits" in mail]


def test_a_review_is_asked_when_due_then_each_month_until_it_is_done(scene):
    world, lea = scene
    given(world, 364)
    assert asked(world) == []
    given(world, 365)
    assert asked(world) == [lea.email]
    assert asked(world) == [lea.email], "once a day"
    visitor = world.visitor(lea)
    assert "Jamais faite" in visitor.get(PAGE).get_data(as_text=True)
    with time_machine.travel(clock.now() + timedelta(days=30)):
        assert asked(world) == [lea.email] * 2
    assert visitor.post(f"{PAGE}/relus").status_code == 302
    assert "par Léa Garant" in visitor.get(PAGE).get_data(as_text=True)
    with time_machine.travel(clock.now() + timedelta(days=60)):
        assert asked(world) == [lea.email] * 2


@on_sqlite
def test_a_late_review_says_by_how_much(scene):
    world, lea = scene
    given(world, 375)
    assert "En retard de 10 jours" in world.visitor(lea).get(PAGE).get_data(as_text=True)


@on_sqlite
def test_the_review_of_the_platform_is_its_administrators(world):
    admin = world.person("admin@exemple.test", "Morgan Roux")
    world.give(admin, Role.ADMINISTRATOR)
    given(world, 365)
    assert asked(world) == [admin.email]
    assert world.visitor(admin).post("/plateforme/roles/relus").status_code == 302
    with world.database.reading() as session:
        assert reviews.review_standing(session, None).days_late < 0


def sign_in(world, person, client=None, name="Firefox"):
    with world.database.session(writing=True) as session:
        _, secret = signing_in.issue_link(session, person.email, "/")
        session.commit()
    visitor = client or world.visitor()
    visitor.post(f"/connexion/{secret}", headers={"User-Agent": name})
    return visitor


def told(world) -> list[str]:
    run_jobs(world)
    return [mail for mail in world.mails() if "nouveau navigateur" in mail]


def test_a_new_browser_is_told_and_a_known_one_is_not(world):
    person = world.person()
    first = sign_in(world, person)
    assert told(world) == [], "the first one is how they came"
    first.post("/deconnexion")
    sign_in(world, person, first)
    assert told(world) == []
    sign_in(world, person, name="Chrome d’un inconnu")
    assert len(told(world)) == 1
    assert "Chrome d’un inconnu" in told(world)[0]


@on_sqlite
def test_a_browser_known_to_one_person_is_new_to_another(world):
    person, other = world.person(), world.person("autre@exemple.test", "Autre")
    shared = sign_in(world, person)
    sign_in(world, other)
    shared.post("/deconnexion")
    sign_in(world, other, shared)
    assert [mail.partition(" |")[0] for mail in told(world)] == [other.email]


@on_sqlite
def test_a_cookie_made_up_is_given_anew(world):
    person = world.person()
    visitor = world.visitor()
    visitor.client.set_cookie("jalon-browser", "x")
    sign_in(world, person, visitor)
    kept = visitor.client.get_cookie("jalon-browser")
    assert re.fullmatch(r"[\w-]{43}", kept.value) and kept.http_only
