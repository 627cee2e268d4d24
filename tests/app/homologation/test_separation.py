"""Who prepared a dossier, judged it, or may write for its team does not decide it: through the pages, on both databases."""

import io

import pytest
from sqlalchemy import delete

from app.homologation import services
from app.homologation.kinds import Outcome
from app.identity import factors, policy
from app.identity.kinds import Role
from app.identity.models import Grant
from app.identity.policy import ACTS, Bar, BindingAct
from app.journal.actions import WRITING, Action
from app.platform import clock
from app.platform.refusals import Refusal
from tests.conftest import on_postgresql
from tests.factories.homologation import PAGE, choices


@pytest.fixture
def filled(world):
    owner = world.person()
    product = world.filled(owner)
    return world, owner, product, world.cast(product)


def write_something(world, person, product) -> None:
    """Somebody to call, as a member of the team writes it, then out of the team."""
    world.give(person, Role.TEAM_MEMBER, product_id=product.id)
    given = {"name": "Astreinte", "phone": "+33 1 23 45 67 89"}
    assert world.visitor(person).post("/produits/exemple/equipe", given).status_code == 302
    with world.session() as session:
        session.execute(delete(Grant).where(Grant.person_id == person.id, Grant.role == Role.TEAM_MEMBER))
        session.commit()


@pytest.mark.parametrize("hat", ["former preparer", "incubator", "administrator", "team"])
def test_an_authority_with_another_hat_decides_nothing(filled, hat):
    world, owner, product, people = filled
    dossier = world.before_authority(owner, product, people)
    authority = people["authority"]
    if hat == "former preparer":
        write_something(world, authority, product)
    elif hat == "incubator":
        world.give(authority, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    elif hat == "administrator":
        world.give(authority, Role.ADMINISTRATOR)
    else:
        world.give(authority, Role.TEAM_MEMBER, product_id=product.id)
    answer = world.signs(authority, PAGE, **choices(dossier)).get_data(as_text=True)
    assert "ne le décide pas" in answer
    assert world.dossier().decision is None


def test_a_reviewer_does_not_decide(filled):
    world, owner, product, people = filled
    world.give(people["reviewer"], Role.AUTHORITY, product_id=product.id)
    dossier = world.before_authority(owner, product, {**people, "authority": people["reviewer"]})
    answer = world.signs(people["reviewer"], PAGE, **choices(dossier)).get_data(as_text=True)
    assert "a donné un avis sur ce dossier" in answer
    assert world.dossier().decision is None


@pytest.mark.parametrize("wrote", ["before", "after"])
def test_who_wrote_since_the_last_decision_is_no_authority_of_the_next(filled, wrote):
    """What was written before it was judged by its authority."""
    world, owner, product, people = filled
    former = world.person("ancienne@exemple.test", "Anne Ancienne")
    if wrote == "before":
        write_something(world, former, product)
    world.decide(world.before_authority(owner, product, people), people["authority"], Outcome.FAVOURABLE, 12)
    if wrote == "after":
        write_something(world, former, product)
    world.give(former, Role.AUTHORITY, product_id=product.id)
    with world.app.test_request_context(), world.session() as session:
        number = services.open_new(session, owner, world.reload()).number
    answer = world.visitor(owner).edit(
        f"/produits/exemple/dossier/{number}/composer", {"perimeter": "Le site", "authority": former.id, "months": "12"}
    )
    if wrote == "before":
        assert answer.status_code == 302 and world.dossier(number).authority_id == former.id
    else:
        assert "depuis sa dernière décision" in answer.get_data(as_text=True)
        assert world.dossier(number).authority_id != former.id


def test_a_homologation_recorded_as_made_elsewhere_clears_nobody(filled):
    """Whoever prepares can record one: it judged nothing of what was written here."""
    world, owner, product, people = filled
    write_something(world, people["authority"], product)
    recorded = {
        "origin": "mon_service_securise",
        "authority": "Andrée Laurent",
        "outcome": "favourable",
        "exploited_reason": "Coupé d’internet",
        "months": "12",
        "decided_on": clock.today().isoformat(),
        "file": (io.BytesIO(b"%PDF-1.4"), "decision.pdf"),
    }
    assert world.visitor(owner).post("/produits/exemple/dossier/ailleurs", recorded).status_code == 302
    with pytest.raises(Refusal, match="depuis sa dernière décision"):
        world.before_authority(owner, product, people)


@on_postgresql
def test_a_role_taken_back_while_the_factor_is_checked_decides_nothing(filled, monkeypatch):
    world, owner, product, people = filled
    dossier = world.before_authority(owner, product, people)
    prove = factors.prove_factor

    def prove_late(session, person, *arguments, **more):
        with world.database.writing() as other:
            other.execute(delete(Grant).where(Grant.person_id == person.id))
        return prove(session, person, *arguments, **more)

    monkeypatch.setattr(factors, "prove_factor", prove_late)
    answer = world.signs(people["authority"], PAGE, **choices(dossier))
    assert "Vous n’avez plus le rôle que cet acte demande" in answer.get_data(as_text=True)
    assert world.dossier().decision is None


def test_each_act_that_binds_has_its_rule_and_each_bar_its_use():
    assert set(ACTS) == set(BindingAct)
    assert set().union(*(rule.never_by for rule in ACTS.values())) == set(Bar)
    assert all(policy.TABLE[rule.permission] for rule in ACTS.values())


def test_an_act_that_nobody_listed_writes():
    judging = {
        Action.GIVE_OPINION,
        Action.DECIDE,
        Action.COMMENT,
        Action.APPROVE_LEVEL,
        Action.WITHDRAW,
        Action.DELEGATE,
        Action.LIFT_RESERVATION,
        Action.RECORD_SIGNED,
        Action.CONFIRM_ELSEWHERE,
    }
    assert WRITING.isdisjoint(judging)
    assert {Action.ADD_COMPONENT, Action.TREAT_RISK, Action.IMPORT_CARD, Action.ASK_LIFTING} <= WRITING
