from sqlalchemy import func, select

from app.demo import PEOPLE, load_demonstration
from app.identity.models import Person, Role
from app.platform import clock
from app.portfolio import services as portfolio
from app.portfolio.services import Urgency


def test_the_demonstration_loads_once_with_its_three_states(world):
    with world.app.app_context():
        assert load_demonstration(world.database)
        assert not load_demonstration(world.database)
    assert {p.role for p in PEOPLE} == set(Role)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Person.id))) == len(PEOPLE)
        rows = portfolio.rows(session, portfolio.products_of(session, None))
    assert {r.product.name: r.urgency for r in rows} == {
        "Guichet des aides": Urgency.ANALYSIS_OVERDUE,
        "Parcours insertion": Urgency.NOT_HOMOLOGATED,
        "Agréments sport": Urgency.EXPIRES_SOON,
    }
    expiring = next(r for r in rows if r.urgency is Urgency.EXPIRES_SOON)
    assert (expiring.day - clock.today()).days == 45


def test_the_figures_of_an_incubator_count_what_its_page_shows(world):
    with world.app.app_context():
        load_demonstration(world.database)
    member = world.person("incubateur@exemple.test")
    page = world.visitor(member).get("/incubateurs/fabrique-exemple").get_data(as_text=True)
    assert "Analyse en retard" in page
    assert "Agréments sport" not in page
    assert world.visitor(member).get("/incubateurs").status_code == 200
