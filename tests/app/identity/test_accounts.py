"""Accounts closed when somebody leaves, opened again, freed of lost factors: by an administrator, never for oneself."""

import re

import pytest
from sqlalchemy import func, select

from app.homologation.models import Decision
from app.identity.kinds import Role
from app.identity.models import Grant, LinkedAccount, ListedAuthority, Person, SecondFactor, WebSession
from tests.app.identity.enrolling import PAGE as FACTORS
from tests.app.identity.enrolling import register
from tests.app.identity.stand_in import begin, come_back, connect, joined, run_jobs, standing_in
from tests.conftest import on_sqlite
from tests.factories.homologation import PAGE, choices

PLATFORM = "/plateforme/comptes"


@pytest.fixture
def scene(world):
    admin, gone = world.person("admin@exemple.test", "Morgan Roux"), world.person("parti@exemple.test", "Éloïse Partie")
    world.give(admin, Role.ADMINISTRATOR)
    return world, admin, gone


def count(world, table, person):
    with world.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table).where(table.person_id == person.id))


def close(world, admin, person):
    return world.visitor(admin).post(f"{PLATFORM}/{person.id}/fermer", {"code": world.code(admin)})


def test_a_closed_account_opens_by_no_way_and_holds_nothing(scene):
    world, admin, gone = scene
    product = world.product()
    world.give(gone, Role.AUTHORITY, product_id=product.id)
    world.code(gone)
    theirs = world.visitor(gone)
    assert theirs.get("/produits/exemple").status_code == 200
    with standing_in() as provider:
        connect(world, provider)
        provider.person |= {"email": gone.email}
        joined(world, gone, provider)
        assert close(world, admin, gone).status_code == 302
        assert theirs.get("/produits").status_code == 302
        for table in (Grant, SecondFactor, WebSession, LinkedAccount):
            assert count(world, table, gone) == 0, table
        with world.database.reading() as session:
            assert session.scalar(select(ListedAuthority.ended_at).where(ListedAuthority.person_id == gone.id))
        visitor = world.visitor()
        assert come_back(visitor, begin(visitor, provider)).status_code == 403
        visitor.post("/connexion", {"email": gone.email})
        run_jobs(world)
    mails = [mail for mail in world.mails() if mail.startswith(gone.email)]
    assert any("a fermé votre compte" in mail for mail in mails)
    assert not any("/connexion/" in mail for mail in mails)


def test_a_closed_account_is_given_no_role_before_it_is_opened_again(scene):
    world, admin, gone = scene
    owner = world.person()
    world.product(owner)
    close(world, admin, gone)
    form = {"invite-name": "X", "invite-email": gone.email, "invite-role": "reviewer"}
    page = world.visitor(owner).post("/produits/exemple/equipe/inviter", form).get_data(as_text=True)
    assert "Ce compte a été fermé" in page
    visitor = world.visitor(admin)
    assert visitor.post(f"{PLATFORM}/{gone.id}/rouvrir").status_code == 302
    assert world.visitor(owner).post("/produits/exemple/equipe/inviter", form).status_code == 302


def test_nobody_closes_their_own_account_nor_erases_their_own_factors(scene):
    world, admin, _ = scene
    visitor, code = world.visitor(admin), world.code(admin)
    for act in ("fermer", "effacer-les-facteurs"):
        page = visitor.post(f"{PLATFORM}/{admin.id}/{act}", {"code": code}).get_data(as_text=True)
        assert "Personne n" in page
    with world.database.reading() as session:
        assert session.scalar(select(Person.closed_at).where(Person.id == admin.id)) is None


def test_without_a_good_factor_nothing_is_closed(scene):
    world, admin, gone = scene
    world.code(admin)
    page = world.visitor(admin).post(f"{PLATFORM}/{gone.id}/fermer", {"code": "000000"}).get_data(as_text=True)
    assert "n’est pas bon" in page
    with world.database.reading() as session:
        assert session.scalar(select(Person.closed_at).where(Person.id == gone.id)) is None


def test_an_administrator_erases_the_factors_of_who_lost_them(scene):
    world, admin, gone = scene
    theirs = world.visitor(gone)
    register(theirs)
    assert count(world, SecondFactor, gone) == 1
    answer = world.visitor(admin).post(f"{PLATFORM}/{gone.id}/effacer-les-facteurs", {"code": world.code(admin)})
    assert answer.status_code == 302
    assert count(world, SecondFactor, gone) == count(world, WebSession, gone) == 0
    assert theirs.get(FACTORS).location.startswith("/connexion")
    run_jobs(world)
    assert any("ont été retirés par l’administration" in mail for mail in world.mails())


@pytest.mark.parametrize("asked", ["partie", "PARTIE eloise", "parti@", ""])
def test_accounts_are_found_by_name_and_address(scene, asked):
    world, admin, gone = scene
    page = world.visitor(admin).get(f"{PLATFORM}?q={asked}").get_data(as_text=True)
    assert re.search(f"{PLATFORM}/{gone.id}", page)
    assert "Personne de ce nom" in world.visitor(admin).get(f"{PLATFORM}?q=zzz").get_data(as_text=True)


@pytest.mark.parametrize("role", [Role.INCUBATOR_MEMBER, Role.AUDITOR, Role.TEAM_MEMBER])
def test_only_administrators_see_accounts(scene, role):
    world, _, gone = scene
    product = world.product()
    person = world.person("autre@exemple.test", "Autre")
    scope = {
        Role.TEAM_MEMBER: {"product_id": product.id},
        Role.INCUBATOR_MEMBER: {"incubator_id": world.incubator().id},
    }
    world.give(person, role, **scope.get(role, {}))
    visitor = world.visitor(person)
    for path in (PLATFORM, f"{PLATFORM}/{gone.id}", f"{PLATFORM}/{gone.id}/fermer"):
        assert visitor.get(path).status_code == 404


@on_sqlite
def test_an_authority_who_leaves_before_the_decision_leaves_the_dossier_to_its_team(transmitted):
    world, owner, people, _ = transmitted
    admin, authority = world.person("admin@exemple.test", "Morgan Roux"), people["authority"]
    world.give(admin, Role.ADMINISTRATOR)
    theirs = world.visitor(authority)
    assert theirs.get(PAGE).status_code == 200
    assert close(world, admin, authority).status_code == 302
    assert theirs.get(PAGE).status_code == 302
    team = world.visitor(owner)
    assert team.post(f"{PAGE}/reprendre").status_code == 302
    assert "une autre personne que Andrée Laurent" in team.get(f"{PAGE}/composer").get_data(as_text=True)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Decision.id))) == 0


@on_sqlite
def test_a_role_lost_with_the_page_to_sign_open_signs_nothing(transmitted):
    world, _, people, dossier = transmitted
    authority = people["authority"]
    world.print_asked(dossier.product_id, 1)
    visitor, code = world.visitor(authority), world.code(authority)
    page = visitor.post(f"{PAGE}/decision", choices(dossier)).get_data(as_text=True)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    hidden.pop("csrf_token")
    assert "signed_sha256" in hidden
    with world.database.reading() as session:
        grant = session.scalar(select(Grant.id).where(Grant.person_id == authority.id, Grant.role == Role.AUTHORITY))
    lead = world.person("lea@exemple.test", "Léa Garant")
    world.give(lead, Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    assert world.visitor(lead).post(f"/produits/exemple/equipe/roles/{grant}/retirer").status_code == 302
    assert visitor.post(f"{PAGE}/signer", hidden | {"code": code}).location.startswith("/connexion")
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Decision.id))) == 0
