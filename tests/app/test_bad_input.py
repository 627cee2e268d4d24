"""What cannot be kept is refused at its field, what was typed comes back, the database is unchanged."""

import io

import pytest
from sqlalchemy import func, select

from app.inventory.models import Component, Link
from app.journal.models import JournalEntry
from app.products.models import Product

CARD = {
    "name": "Nouveau",
    "incubators": "dinum",
    "phases-0-name": "construction",
    "phases-0-start": "2026-01-05",
}


def counts(world) -> tuple[int, ...]:
    with world.database.reading() as session:
        return tuple(
            session.scalar(select(func.count()).select_from(t)) for t in (Product, Component, Link, JournalEntry)
        )


def refused(world, visitor, path, data, message) -> str:
    before = counts(world)
    answer = visitor.post(path, data)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200, answer.status_code
    assert message in page
    assert counts(world) == before
    return page


@pytest.fixture
def team(world):
    owner = world.person()
    world.product(owner)
    return world.visitor(owner)


def test_names_without_a_latin_letter_take_addresses_of_their_own(world, team):
    for name in ("公共服务", "خدمة", "Ω"):
        assert team.post("/produits/nouveau", CARD | {"name": name}).status_code == 302, name
    with world.database.reading() as session:
        named = dict(session.execute(select(Product.name, Product.slug)).all())
    assert [named[name] for name in ("公共服务", "خدمة", "Ω")] == ["produit", "produit-2", "produit-3"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "Donnez un nom au produit"),
        ({"name": "x" * 10_000}, "200 caractères au plus ; vous en avez saisi 10000"),
        ({"name": "Ex\x07emple"}, "caractère invisible"),
        ({"incubators": "inconnu"}, "est inconnu de Jalon"),
        ({"phases-0-start": ""}, "Indiquez le jour où cette phase commence"),
        ({"phases-0-start": "2026-02-31"}, "Cette date n’existe pas"),
        ({"phases-0-start": "0026-01-01"}, "entre 1990 et 2100"),
        ({"phases-0-name": ""}, "Choisissez le nom de cette phase"),
        ({"phases-0-end": "2025-01-01"}, "La fin ne peut pas précéder le début"),
        ({"phases-1-name": "acceleration", "phases-1-start": "2025-01-01"}, "commence avant la précédente"),
        ({"phases-0-name": "", "phases-0-start": ""}, "au moins la phase en cours"),
        ({"address": "javascript:alert(1)"}, "doit commencer par https://"),
        ({"contact": "pas une adresse"}, "n’est pas complète"),
        ({"name": "Exemple"}, "Un produit porte déjà ce nom"),
    ],
)
def test_a_card_with_a_fault_is_refused_at_its_field(world, team, change, message):
    page = refused(world, team, "/produits/nouveau", CARD | {"mission": "Texte gardé"} | change, message)
    assert "Texte gardé" in page
    assert 'id="erreurs"' in page


def test_html_in_a_field_is_shown_as_text(world, team):
    team.post("/produits/nouveau", CARD | {"name": "<script>alert(1)</script>", "mission": "<b>gras</b>"})
    page = team.get("/produits").get_data(as_text=True)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


COMPONENT = {"name": "Base", "kind": "database", "hosting": "paas", "exposure": "internal"}


def test_two_components_cannot_bear_one_name(world, team):
    assert team.post("/produits/exemple/composants/nouveau", COMPONENT).status_code == 302
    refused(world, team, "/produits/exemple/composants/nouveau", COMPONENT, "porte déjà ce nom")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "moulin"}, "Choisissez une"),
        ({"hosting": ""}, "Choisissez une réponse"),
        ({"name": "\x00"}, "caractère invisible"),
        ({"eol_date": "bientôt"}, "n’existe pas"),
    ],
)
def test_a_component_with_a_fault_is_refused(world, team, change, message):
    refused(world, team, "/produits/exemple/composants/nouveau", COMPONENT | change, message)


def test_links_refuse_themselves_and_repeats_but_allow_cycles(world, team):
    for name in ("A", "B"):
        team.post("/produits/exemple/composants/nouveau", COMPONENT | {"name": name})
    link = {"source": "a", "target": "b", "kind": "calls"}
    refused(world, team, "/produits/exemple/liens", link | {"target": "a"}, "relié à lui-même")
    assert team.post("/produits/exemple/liens", link).status_code == 302
    refused(world, team, "/produits/exemple/liens", link, "Ce lien existe déjà")
    refused(world, team, "/produits/exemple/liens", link | {"source": "parti"}, "n’existe plus")
    assert team.post("/produits/exemple/liens", {"source": "b", "target": "a", "kind": "calls"}).status_code == 302
    assert team.get("/produits/exemple/points-de-faiblesse").status_code == 200


def test_an_empty_product_shows_every_page(world, team):
    for page in (
        "",
        "/fiche",
        "/equipe",
        "/composants",
        "/schema",
        "/analyse",
        "/points-de-faiblesse",
        "/mesures",
        "/dossier",
        "/echeances",
        "/journal",
    ):
        assert team.get(f"/produits/exemple{page}").status_code == 200, page


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("fiche.md", b"\x89PNG\r\n\x1a\n\x00", "pas un texte"),
        ("fiche.md", b"Bonjour", "pas une fiche produit"),
        ("fiche.md", b"---\ntitle: [\n---\n", "pas lisible, ligne"),
        ("fiche.md", b"---\nmission: x\n---\n", "pas de titre"),
        ("fiche.md", b"---\ntitle: X\n---\n", "aucun incubateur"),
        ("fiche.md", b"---\ntitle: X\nincubator: nulle-part\nphases: []\n---\n", "est inconnu de Jalon"),
        ("fiche.md", b"---\ntitle: X\nincubator: dinum\nphases:\n- name: construction\n---\n", "pas de date de d"),
        (
            "fiche.md",
            b"---\ntitle: X\nincubator: dinum\nphases:\n- name: sommeil\n  start: 2025-01-01\n---\n",
            "nom inconnu",
        ),
        (
            "fiche.md",
            b"---\ntitle: X\nincubator: dinum\nphases:\n- name: construction\n  start: demain\n---\n",
            "date illisible",
        ),
    ],
)
def test_a_file_that_is_no_card_is_refused(world, team, name, content, message):
    refused(world, team, "/produits/fiche", {"card": (io.BytesIO(content), name)}, message)


@pytest.mark.parametrize(
    "path",
    [
        "/produits/%00",
        "/produits?q=%00",
        "/produits/exemple/dossier/99999999999999999999",
        "/produits/exemple/journal?page=9999999999999",
        "/produits?page=-1&q=%25_",
    ],
)
def test_strange_addresses_are_no_fault_of_ours(world, team, path):
    assert team.get(path).status_code in {200, 400, 404}


def test_strange_choices_are_no_fault_of_ours(world, team):
    team.post("/produits/exemple/composants/nouveau", COMPONENT)
    asset = {"name": "A", "lives_in": "\x00", "confidentiality": "9", "integrity": "x", "availability": "2"}
    assert team.post("/produits/exemple/analyse/nouvelle", asset).status_code == 200
    assert team.post(
        "/produits/exemple/analyse/nouvelle", asset | {"confidentiality": "2", "integrity": "2"}
    ).status_code in {200, 400}
    assert (
        team.post("/produits/exemple/composants/base/failles", {"vulnerability": "CVE-1", "cvss": "nan"}).status_code
        == 200
    )
    assert (
        team.post("/produits/exemple/mesures/nouvelle?mesure=waf", {"status": "done", "on": "nulle-part"}).status_code
        == 200
    )


def test_a_file_too_heavy_is_refused(world, team):
    answer = team.post("/produits/fiche", {"card": (io.BytesIO(b"x" * 31_000_000), "fiche.md")})
    assert answer.status_code == 413
    assert "dépasse 30 Mo" in answer.get_data(as_text=True)


def test_error_pages_speak_both_languages(world, team):
    assert "Page introuvable" in team.get("/nulle-part").get_data(as_text=True)
    world.app.config["LANGUAGE_FIXED"] = "en"
    assert "Page not found" in team.get("/nulle-part").get_data(as_text=True)


def test_a_form_sent_twice_at_the_same_instant_is_kept_once(world):
    from concurrent.futures import ThreadPoolExecutor

    owner = world.person()
    world.product(owner)
    visitors = [world.visitor(owner) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(lambda v: v.post("/produits/nouveau", CARD).status_code, visitors))
    assert codes[0] in {200, 302}
    assert codes.count(302) == 1
    assert set(codes) <= {200, 302, 409}
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Product.id)).where(Product.slug == "nouveau-2")) == 1
