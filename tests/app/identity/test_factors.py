"""The second factor: registered with care, given again for each act, never twice the same."""

import base64
import html
import json
import re
from datetime import timedelta

import pyotp
import pytest
import time_machine
from sqlalchemy import func, select

from app.identity import factors
from app.identity.factors import FactorProof, SessionProof
from app.identity.kinds import Role
from app.identity.models import SecondFactor, WebSession
from app.platform import clock
from app.platform.refusals import Refusal
from tests.app.identity.enrolling import PAGE, register


def count(world) -> int:
    with world.database.reading() as session:
        return session.scalar(select(func.count(SecondFactor.id)))


def test_codes_are_registered_with_a_first_code(world):
    visitor = world.visitor(world.person())
    assert "<svg" in visitor.get(f"{PAGE}/codes").get_data(as_text=True)
    assert "n’est pas celui attendu" in visitor.post(f"{PAGE}/codes", {"name": "T", "code": "000000"}).get_data(
        as_text=True
    )
    _, answer = register(visitor)
    assert answer.status_code == 302 and count(world) == 1
    with world.app.test_request_context():
        world.jobs.run_due()
    assert any("Un second facteur a été ajouté" in mail for mail in world.mails())


def test_whoever_has_a_factor_gives_it_before_changing_any(world):
    person = world.person()
    visitor = world.visitor(person)
    secret, _ = register(visitor)
    with world.database.reading() as session:
        factor_id = session.scalar(select(SecondFactor.id))
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        assert visitor.get(f"{PAGE}/codes").status_code == 302
        assert visitor.post(f"{PAGE}/{factor_id}/retirer").status_code == 409
        key = {"name": "K", "answer": "{}", "challenge_id": "x"}
        assert "déjà" in visitor.post(f"{PAGE}/cle", key).get_data(as_text=True)
        assert count(world) == 1
        assert visitor.post(f"{PAGE}/confirmer", {"code": pyotp.TOTP(secret).at(clock.now())}).status_code == 302
        assert register(visitor, "Autre")[1].status_code == 302
        assert visitor.post(f"{PAGE}/{factor_id}/retirer").status_code == 302
    assert count(world) == 1


def test_a_code_serves_once_and_only_around_its_time(world):
    person = world.person()
    world.code(person)
    secret = world.secret_of(person)
    now = clock.now()

    def prove(code: str) -> bool:
        with world.app.test_request_context(), world.session() as session:
            try:
                factors.prove_factor(session, person, FactorProof(code), "test")
            except Refusal:
                return False
            session.commit()
            return True

    with time_machine.travel(now, tick=False):
        code = pyotp.TOTP(secret).at(now)
        assert prove(f"{code[:3]} {code[3:]}")
        assert not prove(code)
        assert not prove(pyotp.TOTP(secret).at(now - timedelta(seconds=30)))
        assert not prove(pyotp.TOTP(secret).at(now + timedelta(seconds=90)))
        assert prove(pyotp.TOTP(secret).at(now + timedelta(seconds=30)))


def test_ten_wrong_codes_close_the_door_for_everybody_but_not_for_others(world):
    person, other = world.person(), world.person("autre@exemple.test", "Autre")
    good, theirs = world.code(person), world.code(other)
    with world.app.test_request_context(), world.session() as session:
        for _ in range(10):
            with pytest.raises(Refusal, match="n’est pas bon"):
                factors.prove_factor(session, person, FactorProof("000000"), "test")
        with pytest.raises(Refusal, match="Trop d’essais"):
            factors.prove_factor(session, person, FactorProof(good), "test")
        assert factors.prove_factor(session, other, FactorProof(theirs), "test")


@pytest.mark.parametrize("answer", ["", "{", "[]", "null", '{"id": 3}', '{"id": "x", "response": {}}'])
def test_a_key_that_answers_nonsense_is_refused(world, answer):
    person = world.person()
    world.code(person)
    with world.app.test_request_context(), world.session() as session, pytest.raises(Refusal):
        factors.prove_factor(session, person, FactorProof(challenge_id="x", answer=answer or " "), "test")


def test_the_command_line_helps_who_lost_them(world):
    person = world.person()
    world.code(person)
    with world.app.test_request_context(), world.session() as session:
        factors.forget_all(session, person, None)
    assert count(world) == 0


def test_a_factor_of_the_day_signs_nothing_and_the_incubator_hears_of_it(world):
    """Whoever reads a mailbox and registers the first factor is seen before they can sign."""
    owner = world.person()
    product = world.filled(owner)
    people = world.cast(product)
    lead = world.person("lead@exemple.test", "Lead")
    world.give(lead, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    authority, enrolled = people["authority"], clock.now()
    with time_machine.travel(enrolled, tick=False):
        secret, _ = register(world.visitor(authority))
    with world.app.test_request_context():
        world.jobs.run_due()
    told = {m.split(" | ")[0] for m in world.mails() if "second facteur" in m.split("\n")[0]}
    assert told == {authority.email, lead.email}

    def sign(after: timedelta) -> str:
        with (
            time_machine.travel(enrolled + after, tick=False),
            world.app.test_request_context(),
            world.session() as session,
        ):
            proof = FactorProof(pyotp.TOTP(secret).at(clock.now()))
            try:
                return factors.prove_factor(session, authority, proof, "decide").kind.value
            except Refusal as refusal:
                return str(refusal)

    assert "vient d’être enregistré" in sign(timedelta(minutes=1))
    assert "vient d’être enregistré" in sign(timedelta(hours=23, minutes=59))
    assert sign(timedelta(hours=24)) == "totp"


def test_a_factor_added_with_one_that_signs_signs_at_once(world):
    person = world.person()
    world.code(person)
    with world.app.test_request_context(), world.session() as session:
        factors.add_codes(
            session,
            person,
            SessionProof(proved=True, signing=True),
            name="Autre",
            secret=(new := pyotp.random_base32()),
            code=pyotp.TOTP(new).now(),
        )
        added = session.scalar(select(SecondFactor).where(SecondFactor.name == "Autre"))
        assert added.signs_from <= clock.now()
        factors.forget_all(session, person, None)
        assert session.scalar(select(func.count(WebSession.id)).where(WebSession.person_id == person.id)) == 0


def test_nothing_given_is_no_wrong_proof(world):
    """Whoever has a key alone sends the form once, for its challenge: this is no try."""
    person = world.person()
    world.code(person)
    for _ in range(12):
        with (
            world.app.test_request_context(),
            world.session() as session,
            pytest.raises(Refusal, match="Donnez le code"),
        ):
            factors.prove_factor(session, person, FactorProof(), "test")
    with world.app.test_request_context(), world.session() as session:
        assert factors.prove_factor(session, person, FactorProof(world.code(person)), "test")


def test_codes_are_of_the_approved_kind(world):
    """RFC 6238 as applications expect it: six digits of HMAC-SHA-1, each for thirty seconds, a secret of 160 bits."""
    visitor = world.visitor(world.person())
    secret, _ = register(visitor)
    assert len(base64.b32decode(secret)) == 20
    address = pyotp.parse_uri(factors.codes_address_of(world.person(), secret))
    assert (address.digits, address.interval, address.digest().name) == (6, 30, "sha1")


def test_no_challenge_comes_twice(world):
    """Of new keys and of known ones; 128 bits at least, and only algorithms that are approved."""
    visitor = world.visitor(world.person())
    asked = []
    for _ in range(2):
        page = visitor.post(f"{PAGE}/cle").get_data(as_text=True)
        asked.append(json.loads(html.unescape(re.search(r'data-[a-z-]*options="([^"]*)"', page)[1])))
    assert asked[0]["challenge"] != asked[1]["challenge"]
    assert all(len(base64.urlsafe_b64decode(one["challenge"] + "==")) >= 16 for one in asked)
    eddsa, es256, es512, rs256, rs384, rs512, ps256 = -8, -7, -36, -257, -258, -259, -37
    approved = {eddsa, es256, es512, -35, rs256, rs384, rs512, ps256, -38, -39}
    assert {one["alg"] for one in asked[0]["pubKeyCredParams"]} <= approved
