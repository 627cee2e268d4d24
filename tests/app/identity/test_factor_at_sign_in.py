"""Whoever engages or sees much gives a second factor to come in; a mailbox alone opens nothing of theirs."""

import re

import pyotp
import pytest

from app.identity.kinds import Role
from app.platform.secrets import encrypt_text
from tests.app.identity.enrolling import GATE, PAGE
from tests.app.identity.stand_in import begin, come_back, connect, joined, standing_in
from tests.html import as_read


def scoped(world, role):
    return {"incubator_id": world.incubator().id} if role is Role.INCUBATOR_MEMBER else {}


@pytest.mark.parametrize("role", [Role.AUTHORITY, Role.INCUBATOR_MEMBER, Role.ADMINISTRATOR, Role.AUDITOR])
def test_a_mailbox_alone_opens_nothing_of_a_privileged_role(world, role):
    world.product()
    person = world.person("role@exemple.test", "Dominique Rôle")
    world.give(person, role, **scoped(world, role))
    code = world.code(person)
    visitor = world.visitor(person, proved=False)
    for page in ("/", "/produits", "/produits/exemple", "/compte/sessions", PAGE, "/incubateurs", "/plateforme/roles"):
        answer = visitor.get(page)
        assert answer.location and answer.location.startswith(GATE), page
    assert visitor.post("/produits/exemple/fiche", {"name": "X"}).location.startswith(GATE)
    assert "n’est pas bon" in visitor.post(GATE, {"code": "000000"}).get_data(as_text=True)
    with visitor.client.session_transaction() as cookie:
        before = cookie["sid"]
    assert visitor.post(f"{GATE}?next=/produits", {"code": code}).location == "/produits"
    assert visitor.get("/produits").status_code == 200
    thief = world.visitor()
    with thief.client.session_transaction() as cookie:
        cookie["sid"] = before
    assert thief.get("/produits").location.startswith("/connexion"), "the cookie of before opens nothing"


@pytest.mark.parametrize("role", [Role.TEAM_MEMBER, Role.REVIEWER])
def test_a_team_and_its_reviewers_come_in_by_their_mailbox(world, role):
    product = world.product()
    person = world.person("role@exemple.test", "Dominique Rôle")
    world.give(person, role, product_id=product.id)
    assert world.visitor(person, proved=False).get("/produits/exemple").status_code == 200


def test_the_first_factor_is_registered_on_the_way_in(world):
    person = world.person("role@exemple.test", "Dominique Rôle")
    world.give(person, Role.ADMINISTRATOR)
    visitor = world.visitor(person, proved=False)
    assert "Enregistrez-en un maintenant" in visitor.get(f"{GATE}?next=/produits").get_data(as_text=True)
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", visitor.get(f"{PAGE}/codes").get_data(as_text=True))[1]
    answer = visitor.post(f"{PAGE}/codes", {"name": "Téléphone", "code": pyotp.TOTP(secret).now()})
    assert answer.location == "/produits"
    assert visitor.get("/produits").status_code == 200


def test_nobody_who_holds_a_factor_registers_another_to_get_round_it(world):
    person = world.person("role@exemple.test", "Dominique Rôle")
    world.give(person, Role.ADMINISTRATOR)
    world.code(person)
    visitor = world.visitor(person, proved=False)
    assert visitor.get(f"{PAGE}/codes").status_code == 302
    secret = pyotp.random_base32()
    with world.app.app_context():
        pending = encrypt_text(secret)
    with visitor.client.session_transaction() as cookie:
        cookie["new_codes"] = pending
    assert visitor.post(f"{PAGE}/codes", {"name": "T", "code": pyotp.TOTP(secret).now()}).status_code == 302
    assert "déjà" in as_read(
        visitor.post(f"{PAGE}/cle", {"name": "K", "answer": "{}", "challenge_id": "x"}).get_data(as_text=True)
    )
    assert visitor.get("/produits").location.startswith(GATE)


def test_a_role_gained_meanwhile_asks_for_the_factor_at_the_next_page(world):
    person = world.person("role@exemple.test", "Dominique Rôle")
    visitor = world.visitor(person, proved=False)
    assert visitor.get("/produits").status_code == 200
    world.give(person, Role.AUDITOR)
    assert visitor.get("/produits").location.startswith(GATE)


def test_a_wrong_code_in_a_row_is_stopped_at_the_door(world):
    person = world.person("role@exemple.test", "Dominique Rôle")
    world.give(person, Role.AUDITOR)
    code = world.code(person)
    visitor = world.visitor(person, proved=False)
    for _ in range(10):
        visitor.post(GATE, {"code": "000000"})
    assert "Trop d’essais" in visitor.post(GATE, {"code": code}).get_data(as_text=True)


def test_a_strong_factor_at_proconnect_is_enough_to_come_in_and_a_mailed_code_is_not(world):
    person = world.person()
    world.give(person, Role.ADMINISTRATOR)
    with standing_in() as provider:
        connect(world, provider)
        joined(world, person, provider)
        provider.acr, provider.amr = "eidas1-mfa", ("pwd", "mail", "mfa")
        weak = world.visitor()
        come_back(weak, begin(weak, provider))
        assert weak.get("/produits").location.startswith(GATE)
        provider.acr, provider.amr = "eidas2", ()
        strong = world.visitor()
        come_back(strong, begin(strong, provider))
        assert strong.get("/produits").status_code == 200


def test_who_is_half_way_in_can_leave(world):
    person = world.person("role@exemple.test", "Dominique Rôle")
    world.give(person, Role.AUDITOR)
    visitor = world.visitor(person, proved=False)
    assert visitor.post("/deconnexion").location == "/"
    assert visitor.get(GATE).location.startswith("/connexion")
