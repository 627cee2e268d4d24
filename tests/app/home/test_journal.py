"""The journal of a product speaks its readers' language: no code of ours on its page."""

import re

import pytest

from app.identity import services as identity
from app.identity.kinds import Role
from app.inventory import services as inventory
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
    assert "Risque traité : Dossiers d’aide des usagers, intégrité" in said
    assert "Besoins de sécurité : Modéré" in said
    assert "Où il est faible – La base est-elle joignable ?" in said
    assert re.search(r"Lien retiré : [^|]+ → ", said)


def test_no_code_is_shown(lines):
    assert len(lines) > 10
    assert [line for line in lines if re.search(r"\b[a-z]+[_:][a-z_]+\b|: [a-z_]+$", line)] == []
