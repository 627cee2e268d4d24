"""The inventory in and out: catalogue, CSV, CycloneDX, VEX, cards with their infrastructure."""

import csv
import html
import io
import json
import re

import pytest

from app.analysis import services as analysis
from app.identity.kinds import Role
from app.inventory import component_catalogue
from app.inventory import services as inventory
from app.packages import exports, queries
from app.platform.refusals import Refusal
from app.product_files import cards, files, spreadsheets
from app.products import services as products
from app.products.importers.cards import read_card
from app.products.importers.collections import Collection
from risk_models.exposure.typed_ranges import read_range
from tests.conftest import ROOT
from tests.factories.advisories import LOG4J, LOG4SHELL
from tests.factories.boms import BOMS, LIBRARY, bom
from tests.factories.inventory import component, valid_bom
from tests.factories.packages import bring, feed, matches


@pytest.fixture
def product(world):
    return world.filled(name="Guichet")


@pytest.fixture
def team(world, product):
    return world.visitor(world.person())


def test_typing_a_name_proposes_what_the_catalogue_knows(world, team):
    page = team.get("/produits/guichet/composants").get_data(as_text=True)
    assert '<option value="Metabase">' in page
    assert '<option value="Sendinblue">' in page
    page = team.get("/produits/guichet/composants/nouveau?nom=sendinblue").get_data(as_text=True)
    assert 'value="Brevo"' in page
    assert re.search(r'<option value="mail" selected>', page)
    page = team.get("/produits/guichet/composants/nouveau?nom=Metabase").get_data(as_text=True)
    assert LOG4J in page


ENTRY = {
    "name": "Outil maison",
    "aliases": "OM, outil",
    "kind": "bi",
    "hosting": "on_premise",
    "exposure": "internal",
    "embeds": f"{LOG4J}\npkg:npm/a",
}


def test_an_administrator_extends_the_catalogue_and_nobody_else(world, team):
    admin = world.person("admin@exemple.test", "Morgan")
    world.give(admin, Role.ADMINISTRATOR)
    visitor = world.visitor(admin)
    assert team.post("/catalogue/nouveau", ENTRY).status_code == 404
    wrong = visitor.post("/catalogue/nouveau", ENTRY | {"embeds": "log4j"}).get_data(as_text=True)
    assert "n’est pas un purl sans version" in wrong
    assert visitor.post("/catalogue/nouveau", ENTRY).status_code == 302
    assert "porte déjà ce nom" in visitor.post("/catalogue/nouveau", ENTRY).get_data(as_text=True)
    with world.session(writing=False) as session:
        found = component_catalogue.find_called(session, "om")
        assert (found.name, found.hosting.value, found.embeds) == ("Outil maison", "on_premise", (LOG4J, "pkg:npm/a"))
        entry = component_catalogue.read_usual_entries(session)[0]
    assert "Outil maison" in team.get("/catalogue?q=outil").get_data(as_text=True)
    assert visitor.edit(f"/catalogue/{entry.id}", ENTRY | {"kind": "cms"}).status_code == 302
    assert visitor.post(f"/catalogue/{entry.id}/retirer").status_code == 302
    with world.session(writing=False) as session:
        assert component_catalogue.find_called(session, "om") is None


def test_software_known_to_embed_a_package_is_found_until_its_sbom_tells_of_it(world, product, team):
    with world.session(writing=False) as session:
        found = queries.find_users(session, LOG4J, read_range(LOG4J, "<2.15.0"))
    told = [(u.component_ref, u.verdict.value, u.embedded) for u in found]
    assert told == [("elasticsearch", "unknown", True), ("metabase", "unknown", True)]
    metabase = component(world, product, "metabase")
    for lines, expected in (
        ([LIBRARY], ["elasticsearch", "metabase"]),
        ([LIBRARY, {**LIBRARY, "bom-ref": "l", "purl": f"{LOG4J}@2.17.1"}], ["elasticsearch"]),
    ):
        bring(world, product, metabase, bom(components=lines))
        with world.session(writing=False) as session:
            found = queries.find_users(session, LOG4J, read_range(LOG4J, "<2.15.0"))
        assert [u.component_ref for u in found] == expected


def test_whoever_patches_against_what_the_hosting_says_gives_a_reason(world, team):
    form = {
        "name": "Base bis",
        "kind": "database",
        "hosting": "iaas",
        "exposure": "internal",
        "patched_by": "publisher",
    }
    page = team.post("/produits/guichet/composants/nouveau", form).get_data(as_text=True)
    assert "dites pourquoi" in page
    assert team.post("/produits/guichet/composants/nouveau", form | {"patched_reason": "au contrat"}).status_code == 302


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_a_spreadsheet_given_out_and_taken_in_changes_nothing(world, product):
    owner = world.person()
    with world.app.test_request_context(), world.session() as session:
        row = products.load_product(session, "guichet")
        text = files.export_file(session, row).replace(
            "  name: Metabase", "  name: Metabase\n  x-owner: [a, {b: c}]", 1
        )
        assert "x-owner" in text
        files.replace_product(session, owner, row, files.read_product_file(text))
    with world.session(writing=False) as session:
        content = files.export_rows(session, world.reload("guichet"))
        system = files.read_rows(session, world.reload("guichet"), content.decode("utf-8"))
        assert files.preview_import(session, world.reload("guichet"), system) == []
    assert content.startswith(b"\xef\xbb\xbf")
    assert {row["id"] for row in rows_of(content)} >= {"web", "metabase"}


@pytest.mark.parametrize("evil", ["=1+1", "+33", "-x", "@SUM(A1)", "\t=1", '=HYPERLINK("x";"y")'])
def test_no_cell_is_a_formula_and_the_text_comes_back(world, product, evil):
    with world.session() as session:
        row = inventory.component_of(session, product.id, "web")
        row.supplier = evil
        session.commit()
        content = files.export_rows(session, world.reload("guichet"))
        again = files.read_rows(session, world.reload("guichet"), content.decode())
    for cells in csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
    assert next(c for c in again.components if c.id == "web").supplier.strip() == evil.strip()


def test_a_spreadsheet_adds_and_changes_and_removes_nothing(world, product, team):
    page = team.post(
        "/produits/guichet/fichier",
        {
            "file": (
                io.BytesIO(
                    ("id,name,kind,version,hosting\nmetabase,,,0.50,\n,Nouveau,Base de données,15,SaaS\n").encode()
                ),
                "a.csv",
            )
        },
        content_type="multipart/form-data",
    ).get_data(as_text=True)
    assert "Nouveau" in page
    written = re.search(r'name="file"[^>]*value="([^"]+)"', page, re.DOTALL)[1]
    before = len(files_components(world, product))
    compared_with = re.search(r'name="compared_with"[^>]*value="(\w+)"', page)[1]
    sent = {"file": html.unescape(written), "compared_with": compared_with}
    assert team.post("/produits/guichet/fichier/importer", sent).status_code == 302
    found = files_components(world, product)
    assert len(found) == before + 1
    assert found["metabase"].version == "0.50"
    assert (found["nouveau-2"].kind.value, found["nouveau-2"].hosting.value, found["nouveau-2"].version) == (
        "database",
        "saas",
        "15",
    )


def files_components(world, product):
    with world.session(writing=False) as session:
        return {c.ref: c for c in inventory.read_inventory(session, product.id).components}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nommer les colonnes"),
        ("a;b\n1;2", "nommer les colonnes"),
        ("name;couleur\nX;bleu", "Colonne inconnue : « couleur »"),
        ("name;kind", "aucun composant"),
        ("name;kind\nX;", "Ligne 2, colonne « kind »"),
        ("name;kind\nX;vaisseau", "« vaisseau » n’est pas une des réponses"),
        ("name;kind;purl\nX;web;zut", "Ligne 2, colonne « purl »"),
        ("name;kind;eol_date\nX;web;demain", "colonne « eol_date »"),
        ("name;kind\nX;web;trop", "plus de cellules"),
        ('name;kind\n"X;web', "guillemets"),
    ],
)
def test_a_wrong_spreadsheet_says_where(world, product, text, message):
    with world.session(writing=False) as session, pytest.raises(Refusal) as refusal:
        files.read_rows(session, world.reload("guichet"), text)
    assert message in str(refusal.value)


def test_the_cyclonedx_inventory_is_valid_and_names_services_packages_and_links(world, product, team):
    bring(world, product, component(world, product, "web"), (BOMS / "application.cdx.json").read_bytes())
    answer = team.get("/produits/guichet/inventaire.cdx.json")
    assert "attachment" in answer.headers["Content-Disposition"]
    found = valid_bom(answer.get_data())
    services = {s["bom-ref"]: s for s in found["services"]}
    assert "paiement" in services
    web = next(c for c in found["components"] if c["bom-ref"] == "web")
    assert f"{LOG4J}@2.14.1" in {p["purl"] for p in web["components"]}
    refs = {c["bom-ref"] for c in found["components"]} | set(services)
    assert {d["ref"] for d in found["dependencies"]} == refs
    again = json.loads(team.get("/produits/guichet/inventaire.cdx.json").get_data())
    assert again["serialNumber"] == found["serialNumber"]


INFRASTRUCTURE = """---
title: Relais
mission: Aider
incubator: dinum
phases: [{name: construction, start: 2025-07-01}]
infrastructure:
  components:
    - {id: web, kind: web, version: "7.0"}
    - {id: db, kind: database}
  links: [{from: web, to: db, kind: reads}]
  assets: [{id: d, lives_in: [db], needs: {confidentiality: 3, integrity: 2, availability: 1}}]
  measures: [{measure: waf, on: [web], status: done}]
---
"""


def bring_card(world, text=INFRASTRUCTURE):
    world.incubator()
    with world.app.test_request_context(), world.database.writing() as session:
        return cards.import_cards(session, None, Collection(cards=[read_card("relais", text)]), archive_gone=False)


def test_a_card_brings_its_infrastructure_once_and_keeps_what_people_wrote(world):
    assert bring_card(world).added == ["relais"]
    product = world.reload("relais")
    assert set(files_components(world, product)) == {"web", "db"}
    with world.session() as session:
        row = inventory.component_of(session, product.id, "web")
        row.version, row.supplier = "8.0", "Scalingo"
        session.commit()
    assert bring_card(world).unchanged == 1
    more = INFRASTRUCTURE.replace("- {id: db,", "- {id: cache, kind: cache}\n    - {id: db,")
    assert list(bring_card(world, more).changed) == ["relais"]
    found = files_components(world, product)
    assert (found["web"].version, found["web"].supplier, "cache" in found) == ("8.0", "Scalingo", True)
    with world.session(writing=False) as session:
        system = analysis.described_system(session, product)
    assert (len(system.assets), len(system.links), len(system.measures)) == (1, 1, 1)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("kind: web,", "kind: vaisseau,"),
        ("kind: web,", "couleur: bleue, kind: web,"),
        ("  links:", "  secrets: []\n  links:"),
        ("to: db,", "to: nulle-part,"),
    ],
)
def test_a_wrong_infrastructure_is_told_and_the_card_still_comes_in(world, right, wrong):
    report = bring_card(world, INFRASTRUCTURE.replace(right, wrong))
    assert report.added == ["relais"]
    assert "infrastructure" in str(report.irregular["relais"][0])
    assert files_components(world, world.reload("relais")) == {}


def test_an_exported_card_comes_back_the_same(world, product):
    with world.session(writing=False) as session:
        before = analysis.described_system(session, world.reload("guichet"))
        text = cards.export_card(session, world.reload("guichet"))
    card = read_card("autre", text)
    assert card.irregularities == ()
    assert card.infrastructure.components == before.components
    assert set(card.infrastructure.links) == set(before.links)


def test_the_csv_columns_are_those_that_the_documentation_names():
    assert all(f"`{column}`" in (ROOT / "docs" / "inventory.md").read_text() for column in spreadsheets.COLUMNS)


def test_an_empty_inventory_still_exports(world):
    empty = world.product(name="Vide")
    with world.session(writing=False) as session:
        valid_bom(exports.inventory_bom(session, empty))
        valid_bom(exports.as_vex(session, empty))
        assert files.export_rows(session, empty).count(b"\r\n") == 1


@pytest.mark.parametrize("ref", ["a/b", "..", "nouveau", "a b", "a?b"])
def test_an_id_that_no_address_could_bear_is_refused(world, product, ref):
    with world.session(writing=False) as session, pytest.raises(Refusal) as refusal:
        files.read_rows(session, world.reload("guichet"), f"id,name,kind\n{ref},X,web\n")
    assert "adresse" in str(refusal.value)


def test_a_component_called_as_a_page_keeps_its_own_page(world, team):
    form = {"name": "Nouveau", "kind": "web", "hosting": "paas", "exposure": "internet"}
    assert team.post("/produits/guichet/composants/nouveau", form).status_code == 302
    assert "Nouveau" in team.get("/produits/guichet/composants/nouveau-2").get_data(as_text=True)


def test_the_version_of_a_purl_counts_where_no_other_is_given(world, product, tmp_path):
    with world.session() as session:
        row = inventory.component_of(session, product.id, "web")
        row.purl, row.version = f"{LOG4J}@2.14.1", ""
        session.commit()
    feed(world, tmp_path, LOG4SHELL)
    assert [(m.version, m.verdict.value) for m in matches(world, product)] == [("2.14.1", "exposed")]
    with world.session(writing=False) as session:
        found = queries.find_users(session, LOG4J, read_range(LOG4J, "<2.15.0"))
    assert [(u.version, u.verdict.value) for u in found if u.component_ref == "web"] == [("2.14.1", "exposed")]


def test_a_name_finds_packages_that_begin_so_and_each_component_once(world, product, team):
    bring(world, product, component(world, product, "web"), (BOMS / "application.cdx.json").read_bytes())
    with world.session(writing=False) as session:
        assert len(queries.packages_called(session, "log4j")) == 3
        assert queries.packages_called(session, "org.apache.logging.log4j:log4j-core") == [LOG4J]
        assert queries.packages_called(session, "\0") == queries.packages_called(session, "") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("01/04/2027", "2027-04-01"), ("2027-04-01", "2027-04-01"), ("", None)],
)
def test_a_day_is_read_as_spreadsheets_write_it(world, product, text, expected):
    with world.session(writing=False) as session:
        found = files.read_rows(
            session, world.reload("guichet"), f"id;eol_date;data\nweb;{text};Données personnelles\n"
        )
    web = next(c for c in found.components if c.id == "web")
    assert [d.value for d in web.data] == ["personal"]
    assert (web.eol.date.isoformat() if web.eol and web.eol.date else None) == expected


def test_what_somebody_looked_at_is_theirs_for_one_purpose_and_forgotten_after_a_day(world, product, team):
    import time_machine

    from app.platform import uploads
    from app.platform.uploads import Upload

    page = team.post(
        "/produits/guichet/composants/web/sbom",
        {"file": ((BOMS / "application.cdx.json").open("rb"), "a.cdx.json")},
        content_type="multipart/form-data",
    ).get_data(as_text=True)
    upload = re.search(r'name="upload"[^>]*value="([0-9a-f]{32})"', page)[1]
    other = world.person("autre@exemple.test", "Autre")
    world.give(other, Role.TEAM_MEMBER, product_id=product.id)
    confirm = "/produits/guichet/composants/{}/sbom/importer"
    assert world.visitor(other).post(confirm.format("web"), {"upload": upload}).status_code == 409
    assert team.post(confirm.format("metabase"), {"upload": upload}).status_code == 409
    with time_machine.travel("2099-01-01"), world.app.app_context():
        uploads.purge_uploads(world.database)
    with world.session(writing=False) as session:
        assert session.get(Upload, upload) is None
    assert team.post(confirm.format("web"), {"upload": upload}).status_code == 409
