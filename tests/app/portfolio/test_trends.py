"""An incubator over time and beside the others; the views that somebody keeps."""

from datetime import date

import pytest
import time_machine
from sqlalchemy import event, func, select

from app.homologation import outside, register
from app.homologation.kinds import Origin, Outcome
from app.homologation.outside import Elsewhere
from app.homologation.wishes import Wish
from app.identity.kinds import Role
from app.mitigations.models import LossPoint
from app.platform import clock
from app.portfolio import services, trends
from app.portfolio.models import SavedView
from app.products import services as products
from app.products.models import Incubator
from risk_models import catalogue

START = date(2024, 1, 10)


def record(world, slug: str, day: date, outcome=Outcome.FAVOURABLE, months: int | None = 12) -> None:
    with world.session() as session:
        values = Elsewhere(Origin.PAPER, "A", day, Wish(outcome, months, "non" if outcome is Outcome.REFUSED else ""))
        outside._add(session, world.person(), products.load_product(session, slug), values, None)
        session.commit()


@pytest.fixture
def two_years(world):
    with time_machine.travel("2026-11-15T09:00Z"):
        for name in ("Suivi", "Refusé", "Jamais"):
            world.product(name=name, start=START)
        record(world, "suivi", date(2025, 2, 10))
        record(world, "suivi", date(2026, 1, 10))
        record(world, "refuse", date(2025, 3, 1), months=36)
        record(world, "refuse", date(2026, 6, 15), Outcome.REFUSED, None)
        yield world


def incubator_id(world) -> str:
    with world.database.reading() as session:
        return session.scalar(select(Incubator.id))


def read(world) -> dict[date, trends.Moment]:
    with world.database.reading() as session:
        products = services.products_of(session, incubator_id(world))
        found = trends.monthly_moments(session, products, register.decided_entries(session, products))
    return {m.day: m for m in found}


def test_a_share_follows_each_decision_its_end_and_what_ended_it(two_years):
    found = read(two_years)
    assert len(found) == 25 and max(found) == date(2026, 11, 15)
    expected = {
        date(2025, 1, 31): 0,
        date(2025, 2, 28): 1,
        date(2025, 3, 31): 2,
        date(2026, 1, 31): 2,
        date(2026, 5, 31): 2,
        date(2026, 6, 30): 1,  # refused since
        date(2026, 11, 15): 1,
    }
    assert {day: found[day].homologated for day in expected} == expected
    assert {m.active for m in found.values()} == {3}


def test_losses_are_read_at_the_end_of_each_month_or_just_before(two_years):
    world = two_years
    with world.database.writing() as session:
        ids = {p.slug: p.id for p in services.products_of(session, None)}
        for slug, day, loss in (
            ("suivi", date(2026, 9, 29), 4.0),
            ("suivi", date(2026, 9, 30), 2.0),
            ("jamais", date(2026, 9, 28), 8.0),
            ("refuse", date(2026, 9, 15), 99.0),  # too long before
        ):
            noted = {"loss": loss, "residual_loss": 0.0, "noted_at": clock.now(), "model": catalogue.model().version}
            session.add(LossPoint(product_id=ids[slug], day=day, **noted))
        other_model = {"loss": 900.0, "residual_loss": 0.0, "noted_at": clock.now(), "model": "2026.3"}
        session.add(LossPoint(product_id=ids["jamais"], day=date(2026, 9, 29), **other_model))
    moment = read(world)[date(2026, 9, 30)]
    assert (moment.loss, moment.measured) == (5.0, 2)


def test_the_page_and_the_comparison(two_years):
    world = two_years
    member = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.give(member, Role.INCUBATOR_MEMBER, incubator_id=incubator_id(world))
    admin = world.person("administration@exemple.test", "Alix Roux")
    world.give(admin, Role.ADMINISTRATOR)
    page = world.visitor(member).get("/incubateurs/dinum/evolution").get_data(as_text=True)
    took = ((date(2025, 2, 10) - START).days + (date(2025, 3, 1) - START).days) / 2
    assert f"{round(took)} jours" in page and "(1 sur 3)" in page
    assert world.visitor(member).get("/incubateurs/comparaison").status_code in {403, 404}
    world.incubator("autre")
    compared = world.visitor(admin).get("/incubateurs/comparaison").get_data(as_text=True)
    row = compared.split("Incubateur dinum")[1].split("</tr>")[0]
    assert "33" in row and f"{round(took)} jours" in row
    assert compared.index("Incubateur dinum") < compared.index("Incubateur autre")  # who to help first


def test_queries_do_not_grow_with_products(two_years):
    world = two_years
    statements = []
    engine = world.database.engine
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    def count() -> int:
        statements.clear()
        read(world)
        return len(statements)

    before = count()
    for n in range(10):
        world.product(name=f"Autre {n}", start=START)
    assert count() == before


def test_somebody_keeps_a_view_for_themselves(two_years):
    world = two_years
    member, other = world.person("a@exemple.test", "A"), world.person("b@exemple.test", "B")
    for person in (member, other):
        world.give(person, Role.INCUBATOR_MEMBER, incubator_id=incubator_id(world))
    visitor = world.visitor(member)
    path = "/incubateurs/dinum/vues?etat=refused&tri=nom&page=2"
    assert visitor.post(path, {"name": "Refusés"}).location == "/incubateurs/dinum?etat=refused&tri=nom"
    assert "obligatoire" in visitor.post(path, {"name": " "}).get_data(as_text=True)
    visitor.post("/incubateurs/dinum/vues?etat=expired", {"name": "refusés"})
    page = visitor.get("/incubateurs/dinum").get_data(as_text=True)
    assert 'href="/incubateurs/dinum?etat=expired"' in page
    assert "Refusés" not in world.visitor(other).get("/incubateurs/dinum").get_data(as_text=True)
    with world.database.reading() as session:
        view = session.scalar(select(SavedView.id))
    assert "déjà retirée" in world.visitor(other).post(f"/incubateurs/dinum/vues/{view}/retirer").get_data(as_text=True)
    visitor.post(f"/incubateurs/dinum/vues/{view}/retirer")
    with world.database.reading() as session:
        assert session.scalar(select(func.count(SavedView.id))) == 0
