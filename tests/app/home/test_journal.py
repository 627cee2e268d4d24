"""The journal of a product speaks its readers' language: no code of ours on its page."""

import re

import pytest
from sqlalchemy import select

from app.identity import services as identity
from app.identity.kinds import Role
from app.inventory import services as inventory
from app.journal.actions import Action
from app.journal.models import JournalEntry
from app.journal.services import record
from tests.factories.pages import text_of


@pytest.fixture
def lines(world):
    """What the journal says, newest first, after an analysis, a dossier and a role given."""
    owner = world.person()
    product = world.filled(owner)
    world.before_authority(owner, product, world.cast(product))
    with world.session() as session:
        identity.give_role(
            session, owner, world.person("lou@exemple.test", "Lou Petit"), Role.REVIEWER, product_id=product.id
        )
        session.commit()
    visitor = world.visitor(owner)
    assert visitor.post("/produits/exemple/etapes/weak/prendre").status_code == 302
    assert (
        visitor.post("/produits/exemple/etapes/weak/remarques", {"text": "La base est-elle joignable ?"}).status_code
        == 302
    )
    with world.session() as session:
        link = inventory.read_inventory(session, product.id).links[0]
        inventory.remove_link(session, owner, product, link.id)
    pages = [text_of(visitor.get(f"/produits/exemple/journal?page={n}")) for n in (1, 2)]
    return [said for page in pages for said in re.findall(r"<td>(.*?)</td></tr>", page)]


def test_what_was_done_is_said_in_words(lines):
    said = " | ".join(lines)
    assert "Lou Petit &lt;lou@exemple.test&gt;, Avis : RSSI, DPO, expert technique, usagers" in said
    assert "Avis donné : Favorable" in said
    assert "Où il est faible" in said
    assert "Risque traité : Dossiers d’aide des usagers, confidentialité" in said
    assert "Besoins de sécurité : Modéré" in said
    assert "Où il est faible – La base est-elle joignable ?" in said
    assert re.search(r"Lien retiré : [^|]+ → ", said)


def test_no_code_is_shown(lines):
    assert len(lines) > 10
    assert [line for line in lines if re.search(r"\b[a-z]+[_:][a-z_]+\b|: [a-z_]+$", line)] == []


@pytest.fixture
def read(world):
    """Acts on two incubators and on the platform, as those who read them."""
    owner = world.person()
    product = world.product(owner)
    other = world.incubator("autre")
    people = {
        name: world.person(f"{name}@exemple.test", name.capitalize()) for name in ("lead", "far", "audit", "admin")
    }
    world.give(people["lead"], Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    world.give(people["far"], Role.AUDITOR, incubator_id=other.id)
    world.give(people["audit"], Role.AUDITOR)
    world.give(people["admin"], Role.ADMINISTRATOR)
    with world.database.writing() as session:
        record(session, people["admin"], Action.LIST_AUTHORITY, "Paule <paule@>", incubator=product.incubators[0].id)
        record(session, people["admin"], Action.LIST_AUTHORITY, "Karim <karim@>", incubator=other.id)
    return world, people | {"owner": owner}


@pytest.mark.parametrize(
    ("who", "path", "shown", "hidden"),
    [
        ("audit", "/plateforme/journal", ["Paule", "Karim", "Produit créé"], []),
        ("admin", "/plateforme/journal", ["Paule", "Karim"], []),
        ("lead", "/incubateurs/dinum/journal", ["Paule", "Produit créé"], ["Karim"]),
        ("far", "/incubateurs/autre/journal", ["Karim"], ["Paule", "Produit créé"]),
        ("owner", "/compte/journal", ["Produit créé"], ["Paule", "Karim"]),
    ],
)
def test_each_reads_the_journal_of_what_they_answer_for(read, who, path, shown, hidden):
    world, people = read
    page = world.visitor(people[who]).get(path).get_data(as_text=True)
    assert [text for text in shown if text not in page] == []
    assert [text for text in hidden if text in page] == []


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("owner", "/plateforme/journal"),
        ("lead", "/plateforme/journal"),
        ("far", "/plateforme/journal"),
        ("far", "/plateforme/roles"),
        ("lead", "/incubateurs/autre/journal"),
        ("far", "/incubateurs/dinum/journal"),
        ("owner", "/incubateurs/dinum/journal"),
    ],
)
def test_nobody_reads_the_journal_of_others(read, who, path):
    world, people = read
    assert world.visitor(people[who]).get(path).status_code == 404


def test_a_line_keeps_what_was_and_what_is_of_each_field_that_changed(world):
    owner = world.person()
    world.filled(owner)
    visitor = world.visitor(owner)
    card = {
        "name": "Exemple",
        "mission": "Une autre mission",
        "phases-0-name": "construction",
        "phases-0-start": "2026-02-01",
        "incubators": ["dinum"],
    }
    assert visitor.edit("/produits/exemple/fiche", card).status_code == 302
    contact = {"name": "Astreinte", "phone": "+33 1 23 45 67 89"}
    assert visitor.post("/produits/exemple/equipe", contact).status_code == 302
    with world.database.reading() as session:
        lines = {e.action: e.details for e in session.scalars(select(JournalEntry))}
    said = lines[Action.CHANGE_CARD]
    assert said["after"]["mission"] == "Une autre mission" != said["before"]["mission"]
    assert said["before"].keys() == said["after"].keys() and "name" not in said["before"]
    assert lines[Action.ADD_CONTACT] == {}, "what is new was nothing before"


def test_everybody_reads_what_others_did_to_their_account(read):
    """A role received, a factor confirmed: what one did not ask for is seen by oneself first."""
    world, people = read
    with world.database.writing() as session:
        for name in ("lead", "far"):
            told = f"{people[name].name} <{people[name].email}>"
            record(session, people["admin"], Action.CONFIRM_FACTOR, told, factor=f"Téléphone de {name}")
        record(session, people["admin"], Action.FORGET_FACTORS, people["lead"].email)
    page = world.visitor(people["lead"]).get("/compte/journal").get_data(as_text=True)
    assert page.count("Admin") >= 2 and "Lead &lt;lead@" in page and "far@" not in page
