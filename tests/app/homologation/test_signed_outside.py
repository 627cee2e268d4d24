"""What is recorded or taken back in an authority's place goes round no rule of its own signature."""

import io

import pytest
from sqlalchemy import delete, func, select, update

from app.homologation.models import Decision, Withdrawal
from app.identity.kinds import Role
from app.identity.models import Grant, ListedAuthority
from app.platform import clock
from tests.conftest import on_sqlite
from tests.factories.homologation import PAGE, run_jobs


@on_sqlite
@pytest.mark.parametrize(
    "case", ["vouched no more", "authority no more", "authority of the incubator too", "recorder wrote"]
)
def test_a_record_goes_round_no_rule_of_the_decision(scene, case):
    """What keeps an authority from signing here keeps anybody from recording its signature, and who wrote records nothing."""
    world, owner, people, _ = scene
    run_jobs(world)
    authority, lead = people["authority"], world.person("lead@exemple.test", "Lou Chef")
    incubator = {"incubator_id": world.incubator().id}
    world.give(lead, Role.INCUBATOR_MEMBER, **incubator)
    if case == "vouched no more":
        with world.database.writing() as session:
            session.execute(update(ListedAuthority).values(ended_at=clock.now()))
    elif case == "authority no more":
        with world.database.writing() as session:
            session.execute(delete(Grant).where(Grant.person_id == authority.id))
    elif case == "authority of the incubator too":
        world.give(authority, Role.INCUBATOR_MEMBER, **incubator)
    else:
        world.give(owner, Role.INCUBATOR_MEMBER, **incubator)
    recorder = owner if case == "recorder wrote" else lead
    given = {
        "decided_on": clock.today().isoformat(),
        "outcome": "favourable",
        "exploited_reason": "Coupé d’internet",
        "months": "12",
    }
    file = {"file": (io.BytesIO(b"%PDF-1.4 scan"), "scan.pdf")}
    page = world.visitor(recorder).post(f"{PAGE}/signe-ailleurs", given | file | {"code": world.code(recorder)})
    said = {
        "vouched no more": "ne se porte encore garant",
        "authority no more": "n’est plus autorité de ce produit",
        "authority of the incubator too": "a aussi un rôle qui prépare",
        "recorder wrote": "n’enregistre pas sa décision",
    }
    assert said[case] in page.get_data(as_text=True)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Decision.id))) == 0


@on_sqlite
def test_nobody_withdraws_in_another_s_place_without_being_vouched_for(decided):
    world, _, people, dossier = decided
    other = world.person("autre@exemple.test", "Alix Petit")
    world.give(other, Role.AUTHORITY, product_id=dossier.product_id, vouched=False)
    with world.database.writing() as session:
        session.execute(delete(Grant).where(Grant.person_id == people["authority"].id))
    given = {"reason": "À nous", "code": world.code(other)}
    answer = world.visitor(other).post(f"{PAGE}/retirer-homologation", given)
    assert answer.status_code in {403, 404, 409} or "Seule l’autorité" in answer.get_data(as_text=True)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Withdrawal.id))) == 0
    world.vouch(other)
    world.visitor(other).post(f"{PAGE}/retirer-homologation", given | {"code": world.code(other)})
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Withdrawal.id))) == 1
