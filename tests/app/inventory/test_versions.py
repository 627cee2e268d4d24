"""The versions of all components on one page: saved together, refused together."""

import pytest
from lxml import html
from sqlalchemy import select, update

from app.inventory.models import Component
from app.journal.models import JournalEntry
from app.products.changes import note_change

PAGE = "/produits/exemple/versions"


@pytest.fixture
def team(world):
    owner = world.person()
    world.filled(owner)
    return world.visitor(owner)


def shown(team) -> dict[str, str]:
    page = html.fromstring(team.get(PAGE).get_data(as_text=True))
    return {i.get("name"): i.get("value", "") for i in page.xpath("//main//table//input")}


def versions(world) -> dict[str, str]:
    with world.session(writing=False) as session:
        return dict(session.execute(select(Component.ref, Component.version)).tuples().all())


def test_several_versions_are_saved_at_once(world, team):
    before, typed = versions(world), shown(team)
    assert "metabase-version" in typed and "poste-version" not in typed
    typed |= {"metabase-version": " 0.46.6 ", "web-version": "7.1"}
    assert team.post(PAGE, typed).status_code == 302
    assert versions(world) == before | {"metabase": "0.46.6", "web": "7.1"}
    with world.session(writing=False) as session:
        said = session.scalars(select(JournalEntry.what).where(JournalEntry.action == "change_component")).all()
    assert len(said) == 2


def test_nothing_is_saved_where_somebody_changed_one_meanwhile(world, team):
    typed = shown(team) | {"metabase-version": "0.46.6", "web-version": "7.1"}
    with world.database.writing() as session:
        session.execute(update(Component).where(Component.ref == "web").values(version="7.0.9"))
        note_change(session, [world.reload().id])
    before = versions(world)
    refused = team.post(PAGE, typed)
    page = refused.get_data(as_text=True)
    assert refused.status_code == 409 and "7.0.9" in page and "rouvrez la page" in page
    assert versions(world) == before


@pytest.mark.parametrize("sent", [{"inconnu-version": "1"}, {"web-version": "x" * 101}])
def test_what_cannot_be_saved_changes_nothing(world, team, sent):
    before = versions(world)
    assert team.post(PAGE, sent).status_code == 409
    assert versions(world) == before
