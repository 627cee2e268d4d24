"""What a page keeps of a product is of one instant, and what changes several products never waits in a circle."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select, true

from app.analysis import services as analysis
from app.cli.setup import migrate
from app.identity.kinds import Role
from app.journal.services import record
from app.platform import clock
from app.platform.database import new_id
from app.portfolio import glances, reminding
from app.portfolio.models import Glance
from app.products import changes
from app.products import services as products
from app.products.models import Incubator, Product


@pytest.fixture
def scene(world):
    """Two products of an incubator, and one of its members."""
    owner = world.person()
    world.product(owner, "En retard", start=clock.today() - timedelta(days=300))
    world.product(owner, "Autre", start=clock.today() - timedelta(days=300))
    member = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.give(member, Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    return world, owner, member


@pytest.mark.parametrize("unread", [Glance.slug == "en-retard", true()], ids=["that one", "all"])
def test_a_list_first_read_while_a_product_leaves_it_forgets_it(scene, unread):
    world, _, member = scene
    glances.refresh_glances(world.database)
    with world.session() as session:
        session.execute(delete(Glance).where(unread))
        session.commit()
    writing = world.database.session(writing=True)
    row = products.load_product(writing, "en-retard")
    row.incubators = [Incubator(id=new_id(), slug="autre", name="Autre")]
    record(writing, None, "import_card", row.name, product_id=row.id)
    writing.flush()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(glances.refresh_glances, world.database)
        wait([reading], 0.5)  # it waits for the writer, or comes after
        writing.commit()
        writing.close()
        reading.result()
    assert "En retard" not in world.visitor(member).get("/incubateurs/dinum").get_data(as_text=True)


def test_a_page_read_while_a_product_changes_keeps_nothing_of_before(scene):
    world, *_ = scene
    with world.app.test_request_context(), world.database.reading() as reading:
        row = products.load_product(reading, "en-retard")
        with world.session() as session:
            changed = products.load_product(session, "en-retard")
            changed.name = "Renommé"
            session.commit()
        analysis.read_system(reading, row)
        with world.database.reading() as session:
            assert analysis.read_system(session, products.load_product(session, "en-retard")).product.name == "Renommé"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_changes_several_products_waits_for_others_in_one_direction(scene):
    world, _owner, member = scene
    with world.session() as session:
        low, high = session.scalars(select(Product).order_by(Product.id).limit(2))
        low.name, high.name = "Z", "A"  # by name they come the other way
        session.commit()
    with world.database.reading() as session:
        dinum = session.scalars(select(Incubator).where(Incubator.slug == "dinum")).one()

    def relaunch_both() -> int:
        with world.app.test_request_context(), world.session() as session:
            return reminding.remind_teams(session, member, dinum, [low.slug, high.slug], "")

    writing = world.database.session(writing=True)
    changes.hold_products(writing, Product.id == low.id)
    with ThreadPoolExecutor(1) as pool:
        relaunched = pool.submit(relaunch_both)
        wait([relaunched], 0.5)  # it waits for the writer, or comes after
        changes.note_change(writing, [low.id, high.id])
        writing.commit()
        writing.close()
        relaunched.result()


def test_migrating_makes_the_summaries_that_are_missing(scene, database_url, tmp_path):
    world, _, member = scene
    with world.session() as session:
        session.execute(delete(Glance))
        session.commit()
    given = {"JALON_ENV": "development", "JALON_INSTANCE": str(tmp_path), "DATABASE_URL": database_url}
    done = CliRunner().invoke(migrate, env=given)
    assert done.exit_code == 0, done.output
    page = world.visitor(member).get("/incubateurs/dinum").get_data(as_text=True)
    assert "En retard" in page and "relu" not in page
