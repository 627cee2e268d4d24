"""How fast an incubator's list answers 8 people at once, at 700 and 5,000 products; run by `make bench`."""

import statistics
import threading
import time
import urllib.request
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text

from app.identity.kinds import Role
from app.platform import clock
from app.platform.database import new_id
from app.products.models import Incubator, Phase, Product, product_incubator
from risk_models.scales import PhaseName
from tests.serving import served  # noqa: F401 - a fixture

CLIENTS, EACH = 8, 24
QUERIES = ("", "?etat=analysis_overdue", "?q=produit+1&tri=nom", "?tri=perte&page=3")


@pytest.fixture(autouse=True)
def only_when_asked(request):
    if not request.config.getoption("--benchmarks"):
        pytest.skip("benchmarks run with make bench")


def fill(world, count: int):
    """`count` products in one incubator; one of its members, signed in."""
    world.incubator()
    today, now = clock.today(), clock.now()
    ids = [new_id() for _ in range(count)]
    card = {"mission": "", "address": "", "repository": "", "contact": "", "created_at": now}
    with world.database.writing() as session:
        incubator_id = session.scalar(select(Incubator.id))
        session.execute(
            insert(Product), [card | {"id": i, "slug": f"p{n}", "name": f"Produit {n}"} for n, i in enumerate(ids)]
        )
        session.execute(insert(product_incubator), [{"product_id": i, "incubator_id": incubator_id} for i in ids])
        phases = [
            {
                "id": new_id(),
                "product_id": i,
                "position": p,
                "name": name,
                "start": today - timedelta(days=n % 1500 + 200 - 100 * p),
            }
            for n, i in enumerate(ids)
            for p, name in enumerate((PhaseName.INVESTIGATION, PhaseName.CONSTRUCTION, PhaseName.ACCELERATION))
        ]
        session.execute(insert(Phase), phases)
    member = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.give(member, Role.INCUBATOR_MEMBER, incubator_id=incubator_id)
    return world.visitor(member)


@pytest.mark.parametrize("count", [700, 5000])
def test_a_list_for_eight_people(world, served, count):  # noqa: F811
    visitor = fill(world, count)
    start = time.perf_counter()
    assert visitor.get("/incubateurs/dinum").status_code == 200
    first = time.perf_counter() - start
    with world.database.engine.connect() as connection:
        connection.execute(text("ANALYZE"))  # PostgreSQL does so by itself within a minute
        connection.commit()
    name = world.app.config["SESSION_COOKIE_NAME"]
    cookie = visitor.client.get_cookie(name).value
    spent: list[float] = []

    def ask() -> None:
        for n in range(EACH):
            address = f"{served.address}/incubateurs/dinum{QUERIES[n % len(QUERIES)]}"
            request = urllib.request.Request(address, headers={"Cookie": f"{name}={cookie}"})
            begun = time.perf_counter()
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert b"Produit" in answer.read()
            spent.append(time.perf_counter() - begun)

    for _ in range(2):  # the first round warms both processes
        spent.clear()
        threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    p95 = statistics.quantiles(spent, n=20)[-1]
    kind = world.database.engine.dialect.name
    print(
        f"\n{kind}, {count} products, {CLIENTS} clients: first {first:.2f} s,"
        f" p50 {statistics.median(spent) * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms"
    )
