"""One journey of a product: the same steps, in the same order, on each of its pages; done by what they hold."""

import re

import pytest
from flask import url_for
from lxml import html

from app.home import journey
from app.identity.kinds import Role
from tests.factories.homologation import run_jobs

STEPS = 11
_READERS = (Role.REVIEWER, Role.AUTHORITY, Role.AUDITOR, Role.INCUBATOR_MEMBER)


def text(page) -> str:
    return page.get_data(as_text=True)


def side_menu(page) -> html.HtmlElement:
    return html.fromstring(text(page)).get_element_by_id("pages")


def states_of(page) -> list[str]:
    """The steps of the menu, in order, each with its state."""
    return [" ".join(step.text_content().split()) for step in side_menu(page).xpath("ol/li/*[1]")]


def test_every_page_counts_the_same_steps(world):
    owner = world.person()
    world.filled(owner)
    team = world.visitor(owner)
    shown = states_of(team.get("/produits/exemple"))
    assert len(shown) == STEPS and shown[0].startswith("Niveau de sécurité")
    with world.session(writing=False) as session, world.app.test_request_context():
        steps = journey.read_journey(session, world.reload()).steps
        addresses = [[url_for(page.endpoint, slug="exemple") for page in step.pages] for step in steps]
    for number, pages in enumerate(addresses, start=1):
        for address in pages:
            answer = team.get(address)
            assert states_of(answer) == shown, address
            if "fr-stepper" in text(answer):
                assert f"Étape {number} sur {STEPS}" in text(answer), address


@pytest.mark.parametrize("role", _READERS)
def test_who_reads_is_offered_the_pages_that_open(world, role):
    product = world.filled()
    reader = world.person("lit@exemple.test", "Louise Petit")
    scope = {"incubator_id": product.incubators[0].id} if role is Role.INCUBATOR_MEMBER else {"product_id": product.id}
    world.give(reader, role, **scope)
    visitor = world.visitor(reader)
    links = side_menu(visitor.get("/produits/exemple")).xpath(".//a/@href")
    assert len(links) >= STEPS
    for link in links:
        if link.startswith("/"):
            assert visitor.get(link).status_code == 200, link


def test_a_step_is_done_by_what_it_holds(world):
    owner = world.person()
    world.product(owner)
    team = world.visitor(owner)
    assert not any("(Faite)" in step for step in states_of(team.get("/produits/exemple")))
    contact = {"name": "Sacha", "phone": "+33 1 23 45 67 89", "can_suspend": "y"}
    assert team.post("/produits/exemple/equipe", contact).status_code == 302
    assert states_of(team.get("/produits/exemple"))[1] == "Qui appeler (Faite)"
    only = side_menu(team.get("/produits/exemple")).xpath("ol/li[@aria-current='step']")
    assert [step.text_content().split()[0] for step in only] == ["Niveau"]


def test_each_page_of_the_team_ends_with_one_thing_to_do(world):
    owner = world.person()
    world.product(owner)
    team = world.visitor(owner)
    for page in ("equipe", "analyse", "composants", "failles", "journal", "demarche/registre", "dossier"):
        shown = text(team.get(f"/produits/exemple/{page}"))
        assert shown.count("Et maintenant ?") == 1, page
        assert re.search(r"(Continuer|Plus tard, passer à) : ", shown), page
    reader = world.person("autorite@exemple.test", "Andrée Laurent")
    world.give(reader, Role.AUTHORITY, product_id=world.reload().id)
    assert "Et maintenant ?" not in text(world.visitor(reader).get("/produits/exemple/demarche/registre"))


def test_a_dossier_that_waits_says_for_whom(world):
    owner = world.person()
    product = world.filled(owner)
    people = world.cast(product)
    world.before_authority(owner, product, people)
    team = world.visitor(owner)
    steps = states_of(team.get("/produits/exemple"))
    assert steps[-1] == "Décision (En attente)" and steps[-2] == "Dossier (Faite)"
    run_jobs(world)
    assert "attend Andrée Laurent depuis aujourd’hui" in text(team.get("/produits/exemple/demarche"))
