"""The public statistics: numbers that name nobody."""

from datetime import timedelta

from app.homologation import outside
from app.homologation.kinds import Origin, Outcome
from app.homologation.outside import Elsewhere
from app.homologation.wishes import Wish
from app.platform import clock
from app.portfolio import glances, statistics
from app.products import services as products


def homologate(world, owner, slug: str, days_ago: int) -> None:
    with world.session() as session:
        values = Elsewhere(
            Origin.PAPER, "A", clock.today() - timedelta(days=days_ago), Wish(Outcome.FAVOURABLE, 12, "")
        )
        outside._add(session, owner, products.load_product(session, slug), values, None)
        session.commit()


def read(world) -> statistics.Statistics:
    glances.refresh_glances(world.database)
    with world.database.reading() as session:
        return statistics.read_statistics(session)


def test_counts_and_medians(world):
    owner, today = world.person(), clock.today()
    for n in range(5):
        world.product(owner, f"Produit {n}", start=today - timedelta(days=800))
        if n < 4:
            homologate(world, owner, f"produit-{n}", 100 * n + 10)
    found = read(world)
    assert (found.products, found.active, found.homologated, found.decisions) == (5, 5, 4, 4)
    assert found.to_homologation is None, "four products would tell of somebody"
    homologate(world, owner, "produit-4", 700)
    found = read(world)
    assert found.homologated == 4 and found.to_homologation == 800 - 210
    page = world.visitor().get("/statistiques").get_data(as_text=True)
    assert "590 jours" in page and "Produit" not in page.split("<main")[1].split("</main")[0]
