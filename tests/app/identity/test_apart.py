"""Who prepares a product neither judges nor decides it; an authority does not change unseen; people hear of acts."""

import pytest
from sqlalchemy import select

from app.homologation import deciding, opinions, outside, services
from app.homologation.kinds import Origin, Outcome, Verdict
from app.homologation.outside import Elsewhere
from app.homologation.wishes import Wish
from app.identity.factors import FactorProof
from app.identity.kinds import Role
from app.identity.models import Grant
from app.platform import clock
from app.platform.i18n import format_day
from tests.conftest import on_sqlite


@pytest.fixture
def scene(world):
    owner = world.person()
    product = world.filled(owner)
    lead = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.give(lead, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    world.jobs.run_within(world.app.test_request_context)
    return world, owner, product, lead


def invite(world, person, email: str, role: Role):
    given = {"invite-name": "Quelqu’un", "invite-email": email, "invite-role": role.value}
    return world.visitor(person).post("/produits/exemple/equipe/inviter", given)


def grant_of(world, person) -> str:
    with world.database.reading() as session:
        return session.scalar(select(Grant.id).where(Grant.person_id == person.id))


@pytest.mark.parametrize("role", [Role.AUTHORITY, Role.REVIEWER])
def test_a_team_does_not_judge_itself(scene, role):
    world, owner, *_ = scene
    assert "Personne ne se donne un rôle" in invite(world, owner, owner.email, role).get_data(as_text=True)
    mate = world.person("collegue@exemple.test", "Claude")
    world.give(mate, Role.TEAM_MEMBER, product_id=world.reload().id)
    assert "ne le juge ni ne le décide" in invite(world, owner, mate.email, role).get_data(as_text=True)
    assert invite(world, owner, "autre@exemple.test", role).status_code == 302
    assert "deux rôles" in invite(world, owner, "autre@exemple.test", Role.TEAM_MEMBER).get_data(as_text=True)


def test_the_incubator_hears_who_is_named_authority(scene):
    world, owner, *_ = scene
    invite(world, owner, "autre@exemple.test", Role.AUTHORITY)
    world.jobs.run_due()
    told = [m for m in world.mails() if m.startswith("incubateur@")]
    assert len(told) == 1 and "Quelqu’un est proposé comme autorité" in told[0]
    invited = next(m for m in world.mails() if m.startswith("autre@"))
    assert "« Exemple »" in invited and "autorité" in invited.lower()


def test_an_authority_is_dismissed_by_its_incubator_and_replaced_for_a_withdrawal(scene):
    world, owner, product, lead = scene
    people = world.cast(product)
    dossier = world.before_authority(owner, product, people)
    world.decide(dossier, people["authority"])
    path = f"/produits/exemple/equipe/roles/{grant_of(world, people['authority'])}/retirer"
    assert "C’est l’incubateur" in world.visitor(owner).post(path).get_data(as_text=True)
    other = world.person("suivante@exemple.test", "Anne Suivante")
    world.give(other, Role.AUTHORITY, product_id=product.id)
    code = world.code(other)

    def withdraw() -> None:
        with world.app.test_request_context(), world.session() as session:
            row = services.dossier_of(session, product.id, 1)
            deciding.withdraw_homologation(session, other, world.reload(), row, "Intrusion", FactorProof(code))

    with pytest.raises(Exception, match="Seule l’autorité"):
        withdraw()
    assert world.visitor(lead).post(path).status_code == 302
    withdraw()
    world.jobs.run_due()
    told = {m.split(" | ")[0] for m in world.mails() if "est retirée" in m}
    assert told == {owner.email, lead.email, people["reviewer"].email, people["authority"].email}


def test_people_hear_of_a_decision_and_of_a_dossier_taken_back(scene):
    world, owner, product, lead = scene
    people = world.cast(product)
    world.before_authority(owner, product, people)
    world.visitor(owner).post("/produits/exemple/dossier/1/reprendre")
    world.jobs.run_due()
    told = {m.split(" | ")[0] for m in world.mails() if "a repris son dossier" in m}
    assert told == {people["reviewer"].email, people["authority"].email}
    with world.app.test_request_context(), world.session() as session:
        row = services.dossier_of(session, product.id, 1)
        opinions.ask_opinions(session, owner, world.reload(), row)
        opinion = row.opinions[0].id
        opinions.give_opinion(
            session,
            people["reviewer"],
            world.reload(),
            row,
            opinion,
            Verdict.FAVOURABLE,
            "",
            read_sha256=row.content_sha256,
        )
        opinions.transmit_dossier(session, owner, world.reload(), row)
    world.decide(row, people["authority"])
    world.jobs.run_due()
    told = {m.split(" | ")[0] for m in world.mails() if "est homologué jusqu’au" in m}
    assert told == {owner.email, lead.email, people["reviewer"].email}


@on_sqlite
def test_whoever_lost_their_role_is_asked_for_nothing(scene):
    world, owner, product, lead = scene
    people = world.cast(product)
    world.before_authority(owner, product, people)
    world.visitor(lead).post(f"/produits/exemple/equipe/roles/{grant_of(world, people['authority'])}/retirer")
    assert "Exemple" not in world.visitor(people["authority"]).get("/").get_data(as_text=True)
    visitor = world.visitor(owner)
    visitor.post("/produits/exemple/dossier/1/reprendre")
    assert "n’a plus ce rôle" in visitor.post("/produits/exemple/dossier/1/demander-les-avis").get_data(as_text=True)


@on_sqlite
def test_the_home_says_what_became_of_the_homologation(scene):
    world, owner, product, _ = scene
    people = world.cast(product)
    world.decide(world.before_authority(owner, product, people), people["authority"])
    code = world.code(people["authority"])
    with world.app.test_request_context(), world.session() as session:
        row = services.dossier_of(session, product.id, 1)
        deciding.withdraw_homologation(
            session, people["authority"], world.reload(), row, "Intrusion constatée", FactorProof(code)
        )
    for page in ("/produits/exemple", "/produits/exemple/dossier"):
        text = world.visitor(owner).get(page).get_data(as_text=True)
        assert "retirée" in text.lower() and "jamais" not in text
    assert "Intrusion constatée" in world.visitor(owner).get("/produits/exemple").get_data(as_text=True)
    ended = f"retirée le {format_day(clock.today())}"
    for page in ("/produits/exemple", "/produits/exemple/demarche"):
        assert ended in world.visitor(owner).get(page).get_data(as_text=True).lower(), page


@on_sqlite
@pytest.mark.parametrize("outcome", [Outcome.FAVOURABLE, Outcome.REFUSED])
def test_a_homologation_that_a_later_decision_ended_is_not_withdrawn(scene, outcome):
    world, owner, product, _ = scene
    people = world.cast(product)
    first, refused = Wish(Outcome.FAVOURABLE, 12, "", exploited_reason="Coupé d’internet"), outcome is Outcome.REFUSED
    with world.session() as session:
        outside._add(session, owner, world.reload(), Elsewhere(Origin.PAPER, "A", clock.today(), first), None)
        session.commit()
    dossier = world.before_authority(owner, product, people)
    world.decide(dossier, people["authority"], outcome, None if refused else 12, "Raisons" if refused else "")
    authority, page = world.visitor(people["authority"]), "/produits/exemple/dossier/1/retirer-homologation"
    given = {"reason": "Intrusion", "code": "123456"}
    for answer in (authority.get(page), authority.post(page, given)):
        assert answer.status_code == 409 and "Une décision plus récente" in answer.get_data(as_text=True)
    assert "Retirer cette homologation" not in authority.get("/produits/exemple/dossier/1").get_data(as_text=True)
