"""Signing in by ProConnect, and each answer that is not what it should be: it opens nothing and changes nothing."""

import json
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from joserfc.jwk import ECKey
from sqlalchemy import func, select

from app.identity import linked_accounts, proconnect
from app.identity.models import LinkedAccount, Person, WebSession
from app.journal.models import JournalEntry
from app.platform import clock
from tests.app.identity.enrolling import arrive
from tests.app.identity.stand_in import begin, come_back, connect, joined, run_jobs, standing_in

# Those that ProConnect accepts (its authorize-params.dto.ts); any other makes it refuse the whole.
ACCEPTED = {
    "client_id",
    "response_type",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "claims",
    "acr_values",
    "prompt",
    "login_hint",
    "siret_hint",
    "idp_hint",
    "response_mode",
    "code_challenge",
    "code_challenge_method",
}


@pytest.fixture
def provider(world):
    with standing_in() as found:
        connect(world, found)
        yield found


def count(world, table):
    with world.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_the_request_holds_what_proconnect_accepts_and_no_more(world, provider):
    asked = parse_qs(urlsplit(world.visitor().get("/connexion/proconnect").location).query)
    assert set(asked) <= ACCEPTED
    assert len(asked["state"][0]) == len(asked["nonce"][0]) == 43
    assert asked["code_challenge_method"] == ["S256"]
    assert json.loads(asked["claims"][0]) == {"id_token": {"amr": None, "acr": None}}
    assert "openid" in asked["scope"][0].split()


def test_a_joined_account_signs_in_with_the_name_it_gives(world, provider):
    person = world.person(name="Ancien Nom")
    joined(world, person, provider)
    visitor = world.visitor()
    answer = come_back(visitor, begin(visitor, provider, "/connexion/proconnect?next=/produits"))
    assert answer.location == "/produits"
    page = visitor.get("/produits").get_data(as_text=True)
    assert "(Camille Martin)" in page
    with world.database.reading() as session:
        entry = session.scalars(select(JournalEntry).order_by(JournalEntry.at.desc())).first()
        assert entry.details == {"way": "proconnect", "level": "eidas1", "renamed_from": "Ancien Nom"}


def test_an_address_that_changed_still_finds_its_person(world, provider):
    joined(world, world.person("ancienne@exemple.test"), provider)
    visitor = world.visitor()
    come_back(visitor, begin(visitor, provider))
    assert "Jalon vous écrit à ancienne@exemple.test" in visitor.get("/compte/proconnect").get_data(as_text=True)
    account = re.search(r"/compte/proconnect/(\w+)/adresse", visitor.get("/compte/proconnect").get_data(as_text=True))
    visitor.post(account[0])
    run_jobs(world)
    assert {mail.partition(" |")[0] for mail in world.mails()} == {"ancienne@exemple.test", "camille@exemple.test"}
    with world.database.reading() as session:
        assert session.scalars(select(Person.email)).all() == ["camille@exemple.test"]


def test_nobody_takes_the_address_of_another_account(world, provider):
    joined(world, world.person("ancienne@exemple.test"), provider)
    visitor = world.visitor()
    come_back(visitor, begin(visitor, provider))
    world.person("camille@exemple.test", "Quelqu’un d’autre")
    account = re.search(r"/compte/proconnect/(\w+)/adresse", visitor.get("/compte/proconnect").get_data(as_text=True))
    answer = visitor.post(account[0], follow_redirects=True).get_data(as_text=True)
    assert "Un autre compte de Jalon a cette adresse" in answer


def test_the_same_address_joins_nothing_without_the_link_in_the_same_browser(world, provider):
    world.person()
    visitor = world.visitor()
    answer = come_back(visitor, begin(visitor, provider))
    assert "Confirmez que c’est vous" in answer.get_data(as_text=True)
    assert visitor.get("/produits").status_code == 302
    run_jobs(world)
    link = re.search(r"/connexion/[\w-]{20,}", world.mails()[0])[0]
    elsewhere = world.visitor()
    assert elsewhere.get(link).status_code == 403
    assert elsewhere.post(link).status_code == 403
    with world.database.reading() as session:
        assert session.scalars(select(LinkedAccount.person_id)).all() == [None]
    assert "DINUM" in visitor.get(link).get_data(as_text=True)
    assert visitor.post(link).status_code == 302
    assert visitor.get("/produits").status_code == 200
    again = world.visitor()
    assert come_back(again, begin(again, provider)).location == "/"
    run_jobs(world)
    assert any("ouvre votre compte Jalon" in mail for mail in world.mails())


def test_a_stranger_is_told_whom_to_ask(world, provider):
    visitor = world.visitor()
    answer = come_back(visitor, begin(visitor, provider))
    assert answer.status_code == 403
    assert "Jalon pas encore" in answer.get_data(as_text=True)
    assert (count(world, Person), count(world, LinkedAccount)) == (0, 0)


def test_an_account_that_nobody_confirmed_is_forgotten(world, provider):
    world.person()
    visitor = world.visitor()
    come_back(visitor, begin(visitor, provider))
    with time_machine.travel(clock.now() + timedelta(days=1, minutes=1)):
        run_jobs(world)

        linked_accounts.purge_accounts(world.database)
    assert count(world, LinkedAccount) == 0


def test_two_people_never_share_one_account(world, provider):
    joined(world, world.person(), provider)
    other = arrive(world, world.person("autre@exemple.test", "Autre"))
    page = other.post("/compte/proconnect/joindre").get_data(as_text=True)
    address = re.search(r'content="0; url=([^"]+)"', page)[1].replace("&amp;", "&")
    answer = come_back(other, provider.authorizes(address))
    assert "est joint à un autre compte" in other.get(answer.location).get_data(as_text=True)


def test_whoever_is_signed_in_joins_and_separates(world, provider):
    person = world.person("autre@exemple.test", "Autre")
    visitor = arrive(world, person)
    page = visitor.post("/compte/proconnect/joindre").get_data(as_text=True)
    address = re.search(r'content="0; url=([^"]+)"', page)[1].replace("&amp;", "&")
    answer = come_back(visitor, provider.authorizes(address))
    shown = visitor.get(answer.location).get_data(as_text=True)
    assert "SIRET 13002526500013" in shown
    separate = re.search(r"/compte/proconnect/\w+/separer", shown)[0]
    there = world.visitor()
    come_back(there, begin(there, provider))
    assert there.get("/produits").status_code == 200
    visitor.post(separate)
    assert there.get("/produits").status_code == 302, "the session that this account opened ended"
    assert visitor.get("/produits").status_code == 200


def test_whoever_holds_a_factor_gives_it_before_joining(world, provider):
    person = world.person()
    world.code(person)
    visitor = world.visitor(person)
    answer = visitor.post("/compte/proconnect/joindre")
    assert "Confirmez d’abord" in visitor.get(answer.location).get_data(as_text=True) if answer.location else True
    assert provider.asked == []


def test_a_session_opened_a_while_ago_joins_nothing_nor_takes_an_address(world, provider):
    """A cookie stolen of somebody without a factor would otherwise give the account for good."""
    visitor = world.visitor(world.person())
    answer = visitor.post("/compte/proconnect/joindre")
    assert answer.status_code == 409 and "toute récente" in answer.get_data(as_text=True)
    assert provider.asked == []


def test_an_account_just_joined_gives_no_address(world, provider):
    person = world.person("ancienne@exemple.test")
    joined(world, person, provider, days=0)
    visitor = world.visitor()
    come_back(visitor, begin(visitor, provider))
    page = visitor.get("/compte/proconnect").get_data(as_text=True)
    answer = visitor.post(re.search(r"/compte/proconnect/(\w+)/adresse", page)[0])
    assert "un jour après" in answer.get_data(as_text=True)
    with world.database.reading() as session:
        assert session.scalars(select(Person.email)).all() == ["ancienne@exemple.test"]


def test_who_holds_a_factor_gives_it_before_a_mailed_link_joins(world, provider):
    """A mailbox and an account that bears its address would otherwise go round the factor."""
    person = world.person()
    code = world.code(person)
    visitor = world.visitor()
    come_back(visitor, begin(visitor, provider))
    run_jobs(world)
    link = re.search(r"/connexion/[\w-]{20,}", world.mails()[0])[0]
    assert visitor.post(link).location == "/compte/proconnect"
    with world.database.reading() as session:
        assert session.scalars(select(LinkedAccount.person_id)).all() == [None]
    assert "attend votre accord" in visitor.get("/compte/proconnect").get_data(as_text=True)
    assert visitor.post("/compte/proconnect/presente").status_code == 409
    visitor.post("/compte/second-facteur/confirmer", {"code": code})
    assert visitor.post("/compte/proconnect/presente").status_code == 302
    with world.database.reading() as session:
        assert session.scalars(select(LinkedAccount.person_id)).all() == [person.id]


def test_the_session_of_another_person_joins_nothing(world, provider):
    visitor = arrive(world, world.person())
    page = visitor.post("/compte/proconnect/joindre").get_data(as_text=True)
    address = re.search(r'content="0; url=([^"]+)"', page)[1].replace("&amp;", "&")
    other = world.person("autre@exemple.test", "Autre")
    world.visitor(other)
    with visitor.client.session_transaction() as cookie:
        cookie["sid"] = f"sid-{other.id}"
    come_back(visitor, provider.authorizes(address))
    assert count(world, LinkedAccount) == 0


@pytest.mark.parametrize(
    "fault",
    [
        "nonce",
        "token issuer",
        "audience",
        "two audiences",
        "expired",
        "no expiry",
        "alg none",
        "signed with the public key",
        "signed by another",
        "userinfo subject",
        "discovery issuer",
    ],
)
def test_an_altered_answer_opens_nothing(world, provider, fault):
    joined(world, world.person(), provider)
    visitor = world.visitor()
    if fault == "discovery issuer":
        provider.faults = {fault}
        assert visitor.get("/connexion/proconnect").status_code == 400
    else:
        given = begin(visitor, provider)
        provider.faults = {fault}
        answer = come_back(visitor, given)
        assert answer.status_code == 400
        assert "rien n’a été ouvert" in answer.get_data(as_text=True)
    assert visitor.get("/produits").status_code == 302
    assert count(world, WebSession) == 0


@pytest.mark.parametrize(
    "altered",
    [
        {"state": "x" * 43},
        {"state": ""},
        {"iss": "https://ailleurs.test/api/v2"},
        {"iss": None},
    ],
)
def test_an_altered_callback_asks_proconnect_nothing(world, provider, altered):
    joined(world, world.person(), provider)
    visitor = world.visitor()
    given = {name: value for name, value in (begin(visitor, provider) | altered).items() if value is not None}
    provider.asked.clear()
    assert come_back(visitor, given).status_code == 400
    assert provider.asked == []
    assert count(world, WebSession) == 0


def test_a_callback_serves_once_and_in_its_own_browser(world, provider):
    joined(world, world.person(), provider)
    visitor, thief = world.visitor(), world.visitor()
    given = begin(visitor, provider)
    assert come_back(thief, given).status_code == 400
    with visitor.client.session_transaction() as cookie:
        copied = cookie["proconnect"]
    assert come_back(visitor, given).status_code == 302
    assert come_back(visitor, given).status_code == 400
    with thief.client.session_transaction() as cookie:
        cookie["proconnect"] = copied
    assert "a déjà servi" in come_back(thief, given).get_data(as_text=True)
    assert thief.get("/produits").status_code == 302


def test_a_code_that_waited_too_long_is_said_to(world, provider):
    joined(world, world.person(), provider)
    visitor = world.visitor()
    given = begin(visitor, provider)
    provider.codes.clear()
    assert "a trop attendu" in come_back(visitor, given).get_data(as_text=True)
    given = begin(visitor, provider)
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        assert "a trop attendu" in come_back(visitor, given).get_data(as_text=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"error": "access_denied", "error_description": "User auth aborted"}, "n’avez pas terminé"),
        (
            {"error": "access_denied", "error_description": "requested ACRs could not be satisfied"},
            "second facteur fort",
        ),
        (
            {"error": "login_required", "error_description": "End-User authentication is required"},
            "a refusé la demande",
        ),
        ({"error": "<script>", "error_description": "<b>"}, "a refusé la demande"),
    ],
)
def test_a_refusal_of_proconnect_says_what_to_do(world, provider, given, said):
    visitor = world.visitor()
    whole = begin(visitor, provider)
    del whole["code"]
    page = come_back(visitor, whole | given).get_data(as_text=True)
    assert said in page
    assert "<b>" not in page


@pytest.mark.parametrize("fault", ["down", "slow"])
def test_mail_links_still_work_when_proconnect_does_not(world, provider, fault, monkeypatch):
    monkeypatch.setattr(proconnect, "_PAGE_SECONDS", 0.3)
    world.person()
    provider.faults = {fault}
    visitor = world.visitor()
    answer = visitor.get("/connexion/proconnect")
    assert answer.status_code == 503
    assert "ne répond pas en ce moment" in answer.get_data(as_text=True)
    visitor.post("/connexion", {"email": "camille@exemple.test"})
    run_jobs(world)
    assert visitor.post(re.search(r"/connexion/[\w-]{20,}", world.mails()[0])[0]).status_code == 302


def test_userinfo_is_read_signed_or_plain(world, provider):
    joined(world, world.person(), provider)
    provider.faults = {"signed userinfo"}
    visitor = world.visitor()
    assert come_back(visitor, begin(visitor, provider)).status_code == 302
    provider.faults = {"signed userinfo", "userinfo audience"}
    other = world.visitor()
    assert come_back(other, begin(other, provider)).status_code == 400


def test_discovery_is_asked_once_and_keys_anew_when_one_is_unknown(world, provider):
    joined(world, world.person(), provider)
    for _ in range(2):
        visitor = world.visitor()
        assert come_back(visitor, begin(visitor, provider)).status_code == 302
    assert provider.asked.count("openid-configuration") == provider.asked.count("jwks") == 1
    provider.key = ECKey.generate_key("P-256", {"kid": "two", "use": "sig", "alg": "ES256"})
    visitor = world.visitor()
    assert come_back(visitor, begin(visitor, provider)).status_code == 302
    assert provider.asked.count("jwks") == 2


def test_signing_out_goes_on_to_proconnect(world, provider):
    joined(world, world.person(), provider)
    visitor = world.visitor()
    come_back(visitor, begin(visitor, provider))
    page = visitor.post("/deconnexion").get_data(as_text=True)
    address = urlsplit(re.search(r'content="0; url=([^"]+)"', page)[1].replace("&amp;", "&"))
    asked = parse_qs(address.query)
    assert address.path.endswith("/session/end")
    assert asked["post_logout_redirect_uri"][0].endswith("/deconnexion/proconnect")
    assert asked["id_token_hint"][0].count(".") == 2
    assert visitor.get("/produits").status_code == 302
    assert "de Jalon et de ProConnect" in visitor.get("/deconnexion/proconnect", follow_redirects=True).get_data(
        as_text=True
    )


@pytest.mark.parametrize(
    ("level", "ways", "strong"),
    [
        ("eidas1", ("pwd",), False),
        ("eidas1-mfa", ("pwd", "mail", "mfa"), False),
        ("eidas1-mfa", ("pwd", "otp", "mfa"), True),
        ("eidas1", ("pwd", "otp"), False),
        ("eidas1", ("hwk",), True),
        ("eidas2", (), True),
        ("eidas3", (), True),
        ("https://proconnect.gouv.fr/assurance/consistency-checked-2fa", (), False),
        ("", (), False),
    ],
)
def test_a_mailed_code_is_no_strong_factor(level, ways, strong):
    assert proconnect.is_strong(level, ways) is strong


def test_without_proconnect_the_sign_in_page_does_not_name_it(world):
    assert "ProConnect" not in world.visitor().get("/connexion").get_data(as_text=True)
    assert world.visitor().get("/connexion/proconnect").location == "/connexion"
