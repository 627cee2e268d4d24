"""The first page: a team's next three acts, an incubator's late products, what an authority has to sign."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.homologation import outside
from app.homologation.kinds import Origin, Outcome
from app.homologation.models import Dossier, Withdrawal
from app.homologation.outside import Elsewhere
from app.homologation.wishes import Wish
from app.identity.kinds import Role
from app.platform import clock
from app.products import changes
from app.products import services as products
from app.products.models import Contact
from tests.factories.homologation import SHOWN, run_jobs

pytestmark = pytest.mark.usefixtures("glances_kept")


@pytest.fixture
def decided_by_a_day(scene):
    """A product homologated with a reservation to lift in five months."""
    world, owner, people, dossier = scene
    lift_by = clock.today() + timedelta(days=150)
    world.decide(dossier, people["authority"], Outcome.WITH_RESERVATIONS, 12, "Second facteur", lift_by)
    return world, owner


def main_of(visitor) -> str:
    return visitor.get("/").get_data(as_text=True).split("<main")[1].split("</main")[0]


def test_each_sees_what_waits_for_them(world):
    owner, today = world.person(), clock.today()
    for name, days in (("Ancien", 900), ("Moyen", 500), ("Récent", 300), ("Neuf", 20)):
        world.product(owner, name, start=today - timedelta(days=days))
    page = main_of(world.visitor(owner))
    acts = page.split("Vos prochains actes")[1].split("</ol>")[0]
    assert [name for name in ("Ancien", "Moyen", "Récent", "Neuf") if name in acts] == ["Ancien", "Moyen", "Récent"]
    assert acts.index("Ancien") < acts.index("Moyen") and "faire l’analyse de risques" in acts
    assert "En retard dans votre incubateur" not in page
    member = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.give(member, Role.INCUBATOR_MEMBER, incubator_id=world.reload("ancien").incubators[0].id)
    page = main_of(world.visitor(member))
    late = page.split("En retard dans votre incubateur")[1].split("</ol>")[0]
    assert "Ancien" in late and "Camille Martin" in late and "Neuf" not in late
    assert "Vos prochains actes" not in page


def test_a_team_is_not_asked_for_what_waits_for_its_authority(world):
    owner = world.person()
    product = world.filled(owner)
    people = world.cast(product)
    world.before_authority(owner, product, people)
    acts = main_of(world.visitor(owner)).split("Vos prochains actes")[1].split("</ol>")[0]
    assert "dossier" not in acts and "mesure prévue, «" in acts and "/produits/exemple/plan" in acts
    run_jobs(world)
    assert "À décider" in main_of(world.visitor(people["authority"]))


def test_the_most_urgent_are_shown_whatever_their_name(world):
    owner, today = world.person(), clock.today()
    for number in range(13):
        world.product(owner, f"A{number:02}", start=today)
    world.product(owner, "Zèbre", start=today - timedelta(days=900))
    table = main_of(world.visitor(owner)).split("Vos produits, le plus urgent d’abord")[1]
    assert table.count('<th scope="row"') == 12 and table.index("Zèbre") < table.index("A00")


def test_what_an_authority_asked_is_among_the_next_acts_long_before_its_day(decided_by_a_day):
    world, owner = decided_by_a_day
    assert "Second facteur" in main_of(world.visitor(owner)).split("Vos prochains actes")[1].split("</ol>")[0]


@pytest.mark.parametrize(
    ("withdrawn", "analysed", "badge", "act", "not_said"),
    [
        (False, True, "Homologation expirée le", "enouveler l’homologation", "Lever les réserves"),
        (True, False, "Homologation retirée le", "nalyse de risques", "réparer un nouveau dossier"),
    ],
    ids=["expired, a reservation never lifted", "withdrawn, never analysed"],
)
def test_home_list_acts_and_letters_give_one_answer(world, withdrawn, analysed, badge, act, not_said):
    owner, today = world.person(), clock.today()
    product = world.filled(owner)
    member = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.give(member, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    decided_on = today - timedelta(days=100 if withdrawn else 400)
    wish = Wish(
        Outcome.WITH_RESERVATIONS, 12, "Second facteur", today - timedelta(days=90), exploited_reason="Coupé d’internet"
    )
    with world.app.test_request_context(), world.session() as session:
        row = products.load_product(session, "exemple")
        row.declared_analysis = analysed
        session.add(Contact(product_id=row.id, name="Sacha", phone="01", can_suspend=True))
        outside.record_elsewhere(session, owner, row, Elsewhere(Origin.PAPER, "A", decided_on, wish), SHOWN)
    if withdrawn:
        with world.database.writing() as session:
            dossier = session.scalar(select(Dossier))
            by = {"withdrawn_on": today, "withdrawn_by": "A", "withdrawn_by_id": owner.id, "reason": "Intrusion"}
            session.add(Withdrawal(dossier_id=dossier.id, content="{}", content_sha256="0" * 64, **by))
            changes.note_change(session, [product.id])
    team, lead = world.visitor(owner), world.visitor(member)
    home = team.get("/produits/exemple").get_data(as_text=True)
    assert badge in home and act in home.partition("prochaine")[2] and not_said not in home
    acts = main_of(team).split("Vos prochains actes")[1].split("</ol>")[0]
    listed = lead.get("/incubateurs/dinum").get_data(as_text=True).split("<tbody")[1]
    letter = lead.get("/incubateurs/dinum/relancer?produit=exemple").get_data(as_text=True).split("<main")[1]
    for page in (acts, listed, letter):
        assert act in page and not_said not in page
