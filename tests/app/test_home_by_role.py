"""The first page: a team's next three acts, an incubator's late products, what an authority has to sign."""

from datetime import timedelta

import pytest

from app.homologation.models import Outcome
from app.identity.models import Role
from app.platform import clock
from tests.app.test_deciding import run_jobs

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
