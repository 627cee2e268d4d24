"""How often a thing may be tried: counted where all processes and every restart see it, by who is aimed at."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from app.factory import create_app
from app.identity import signing_in
from app.identity.kinds import Role
from app.identity.models import Person
from app.platform import clock, rates
from app.platform.jobs import Job
from app.platform.rates import Hit, Rate
from tests.factories.homologation import run_jobs
from tests.world import World


def links(world) -> int:
    with world.database.reading() as session:
        return session.scalar(select(func.count(Job.id)).where(Job.kind == "sign_in_link"))


@pytest.fixture
def second(world):
    """Another process on the same database, with memories of its own."""
    other = create_app(world.app.config["SETTINGS"])
    yield World(other)
    other.extensions["database"].engine.dispose()


def test_wrong_codes_are_counted_for_all_processes_and_through_a_restart(scene, second):
    world, _, people, _ = scene
    authority = people["authority"]
    world.code(authority)
    page = "/compte/second-facteur/confirmer"
    given = {"code": "000000"}
    for number in range(10):
        process = (world, second)[number % 2]
        answer = process.visitor(authority).post(page, given)
        assert "n’est pas bon" in answer.get_data(as_text=True), number
    for process in (world, second):
        assert "réessayez dans une heure" in process.visitor(authority).post(page, given).get_data(as_text=True)
    with time_machine.travel(clock.now() + timedelta(minutes=59)):
        assert "réessayez dans une heure" in world.visitor(authority).post(page, given).get_data(as_text=True)
    with world.database.reading() as session:
        assert rates.is_reached(session, Rate(10, timedelta(hours=1)), "second-factor", authority.id)
    with time_machine.travel(clock.now() + timedelta(minutes=61)), world.database.reading() as session:
        assert not rates.is_reached(session, Rate(10, timedelta(hours=1)), "second-factor", authority.id)


def test_nobody_s_mailbox_is_filled_with_sign_in_links(world):
    person = world.person()
    for number in range(9):
        visitor = world.visitor()
        visitor.client.environ_base["REMOTE_ADDR"] = f"203.0.113.{number}"  # from everywhere
        answer = visitor.post("/connexion", {"email": person.email.upper()})
        assert answer.status_code == 302  # and says nothing of it
    assert links(world) == 5
    world.visitor().post("/connexion", {"email": "autre@exemple.test"})
    assert links(world) == 6
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        world.visitor().post("/connexion", {"email": person.email})
    assert links(world) == 7


def test_a_whole_ipv6_network_is_one_visitor(world):
    for number in range(25):
        visitor = world.visitor()
        visitor.client.environ_base["REMOTE_ADDR"] = f"2001:db8:1:2::{number:x}"
        answer = visitor.post("/connexion", {"email": f"p{number}@exemple.test"})
        assert answer.status_code == (302 if number < 20 else 429)
    assert (
        rates.network_of("2001:db8:1:2::5")
        == rates.network_of("2001:db8:1:2:ffff::1")
        != rates.network_of("2001:db8:1:3::5")
    )
    assert rates.network_of("::ffff:203.0.113.7") == rates.network_of("203.0.113.7") == "203.0.113.7"


def test_the_newest_link_ends_the_older_ones(world):
    person = world.person()
    with world.database.writing() as session:
        older = [signing_in.issue_link(session, person.email, "/")[1] for _ in range(2)]
        newest = signing_in.issue_link(session, person.email, "/")[1]
    with world.database.reading() as session:
        assert [signing_in.link_is_good(session, secret) for secret in (*older, newest)] == [False, False, True]


def test_invitations_are_few_a_day_and_one_to_each(world):
    owner = world.person()
    world.product(owner)
    world.product(owner, "Autre")
    team = world.visitor(owner)

    def invite(email: str, slug: str = "exemple", role: Role = Role.REVIEWER) -> str:
        form = {"invite-name": "Quelqu’un", "invite-email": email, "invite-role": role.value}
        return team.post(f"/produits/{slug}/equipe/inviter", form, follow_redirects=True).get_data(as_text=True)

    assert "L’invitation part" in invite("a@exemple.test")
    # The role is given all the same: nobody keeps somebody from being named by inviting them elsewhere.
    assert "a déjà reçu une invitation aujourd’hui" in invite("a@exemple.test", "autre")
    assert "a déjà ce rôle ici" in invite("a@exemple.test", "autre")
    assert "a déjà reçu une invitation aujourd’hui" in invite("a+autre@exemple.test")
    for number in range(7):
        assert "L’invitation part" in invite(f"b{number}@exemple.test"), number
    assert "Dix invitations par jour" in invite("c@exemple.test")
    with world.database.reading() as session:
        assert session.scalar(select(Person.id).where(Person.email == "c@exemple.test")) is None
        assert session.scalar(select(func.count(Job.id)).where(Job.kind == "invitation")) == 8


def test_counts_do_not_pile_up(world):
    with world.database.writing() as session:
        rates.note_event(session, "x")
    with time_machine.travel(clock.now() + timedelta(days=2)):
        rates.purge_counts(world.database)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Hit.id))) == 0


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_product_s_name_never_stands_bare_in_a_subject(world, language):
    """« Impôts : votre remboursement » was sent as if the tax office wrote."""
    bait = "Impôts : votre remboursement » vous attend"
    owner = world.person()
    product = world.filled(owner, name=bait)
    people = world.cast(product)
    with world.database.writing() as session:
        for person in session.scalars(select(Person)):
            person.language = language
    reviewed = world.filled(owner, name=f"{bait} aussi")
    world.before_authority(owner, reviewed, world.cast(reviewed), reviewed=False)
    dossier = world.before_authority(owner, product, people)
    run_jobs(world)
    run_jobs(world)
    world.decide(dossier, people["authority"])
    for _ in range(3):
        run_jobs(world)
    subjects = [mail.partition("\n")[0].partition(" | ")[2] for mail in world.mails()]
    named = [s for s in subjects if "Impôts" in s]
    opened, closed = ("« ", " »") if language == "fr" else ("“", "”")
    assert len(named) >= 4
    for subject in named:
        inside = subject.partition(opened)[2].partition(closed)[0]
        assert "vous attend" in inside and "Impôts" in inside, subject
