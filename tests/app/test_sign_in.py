import re
from datetime import timedelta

import time_machine

from app.platform import clock


def _link(mail: str) -> str:
    return re.search(r"/connexion/[\w-]{20,}", mail)[0]


def _ask(world, visitor, email):
    answer = visitor.post("/connexion", {"email": email})
    world.jobs.run_within(world.app.test_request_context)
    world.jobs.run_due()
    return answer


def test_a_link_signs_in_once(world):
    world.person()
    visitor = world.visitor()
    _ask(world, visitor, "Camille@Exemple.test")
    link = _link(world.mails()[0])
    assert visitor.get(link).status_code == 200
    assert visitor.post(link).location == "/"
    assert "Mes actions" in visitor.get("/").get_data(as_text=True)
    other = world.visitor()
    assert other.post(link).status_code == 400
    assert other.get(link).status_code == 400


def test_opening_a_link_does_not_spend_it(world):
    world.person()
    visitor = world.visitor()
    _ask(world, visitor, "camille@exemple.test")
    link = _link(world.mails()[0])
    for _ in range(3):
        assert world.visitor().get(link).status_code == 200
    assert visitor.post(link).status_code == 302


def test_a_link_dies_after_fifteen_minutes(world):
    world.person()
    _ask(world, world.visitor(), "camille@exemple.test")
    link = _link(world.mails()[0])
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        assert world.visitor().post(link).status_code == 400


def test_the_answer_is_the_same_for_an_unknown_address(world):
    world.person()
    visitor = world.visitor()
    known, unknown = _ask(world, visitor, "camille@exemple.test"), _ask(world, visitor, "inconnu@exemple.test")
    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    assert len(world.mails()) == 1


def test_a_link_never_leads_to_another_site(world):
    world.person()
    visitor = world.visitor()
    visitor.post("/connexion?next=//evil.test/", {"email": "camille@exemple.test"})
    world.jobs.run_within(world.app.test_request_context)
    world.jobs.run_due()
    assert visitor.post(_link(world.mails()[0])).location == "/"


def test_signing_out_ends_the_session_for_good(world):
    person = world.person()
    visitor = world.visitor(person)
    with visitor.client.session_transaction() as cookie:
        sid = cookie["sid"]
    visitor.post("/deconnexion")
    thief = world.visitor()
    with thief.client.session_transaction() as cookie:
        cookie["sid"] = sid
    assert thief.get("/produits").status_code == 302


def test_too_many_requests_are_told_to_wait(world):
    visitor = world.visitor()
    codes = [visitor.post("/connexion", {"email": "x@exemple.test"}).status_code for _ in range(21)]
    assert codes[-1] == 429
    assert codes[0] == 302


def test_an_invitation_gives_a_role_and_writes(world):
    owner = world.person()
    product = world.product(owner)
    team = world.visitor(owner)
    form = {"invite-name": "Dominique Leroy", "invite-email": "rssi@exemple.test", "invite-role": "reviewer"}
    assert team.post("/produits/exemple/equipe/inviter", form).status_code == 302
    world.jobs.run_within(world.app.test_request_context)
    world.jobs.run_due()
    assert "rssi@exemple.test" in world.mails()[0]
    assert world.visitor(world.person("rssi@exemple.test")).get("/produits/exemple").status_code == 200
    again = team.post("/produits/exemple/equipe/inviter", form).get_data(as_text=True)
    assert "a déjà ce rôle ici" in again
    assert product.slug == "exemple"


def test_nobody_gives_a_role_above_their_own(world):
    owner = world.person()
    world.product(owner)
    form = {"invite-name": "X", "invite-email": "x@exemple.test", "invite-role": "administrator"}
    page = world.visitor(owner).post("/produits/exemple/equipe/inviter", form)
    assert page.status_code == 200
    assert world.visitor(world.person("x@exemple.test")).get("/produits/exemple").status_code == 404


def test_the_last_member_of_a_team_stays(world):
    owner = world.person()
    world.product(owner)
    page = world.visitor(owner).get("/produits/exemple/equipe").get_data(as_text=True)
    grant = re.search(r"/roles/(\w+)/retirer", page)[1]
    answer = world.visitor(owner).post(f"/produits/exemple/equipe/roles/{grant}/retirer")
    assert answer.status_code == 409
