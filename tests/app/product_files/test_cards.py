import re
from datetime import date

import pytest
import time_machine
from click.testing import CliRunner
from sqlalchemy import select

from app.cli.imports import imports
from app.platform.refusals import Refusal
from app.portfolio import services as portfolio
from app.products.importers.cards import read_card
from app.products.kinds import RESERVED_SLUGS
from app.products.models import Product
from tests.conftest import ROOT

SAMPLES = ROOT / "tests" / "data" / "cards"


@pytest.fixture
def run(database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("JALON_INSTANCE", str(tmp_path))

    def cards(folder, *options):
        return CliRunner().invoke(imports, ["cards", str(folder), *options])

    return cards


def test_importing_cards_twice_changes_nothing(run):
    assert "products: 1 added, 0 changed, 0 unchanged" in run(SAMPLES).output
    assert "products: 0 added, 0 changed, 1 unchanged" in run(SAMPLES).output


def test_the_real_cards_give_the_published_counts(run, real_data, app):
    with time_machine.travel("2026-08-20T10:00Z"):
        output = run(real_data / "betagouv", "--date", "2026-08-20").output
        again = run(real_data / "betagouv", "--date", "2026-08-20").output
    for line in (
        "incubators: 23 added",
        "products: 82 added, 0 changed, 0 unchanged",
        "active: 36",
        "active and past six months: 34",
        "of those, without declared analysis: 25",
    ):
        assert line in output, output
    assert "incubators: 0 added\nproducts: 0 added, 0 changed, 82 unchanged" in again
    with app.extensions["database"].reading() as session, time_machine.travel("2026-08-20T10:00Z"):
        rows = portfolio.products_by_urgency(session, portfolio.products_of(session, None))
    phases = [r.phase.name.value if r.phase else "none" for r in rows]
    counted = {name: phases.count(name) for name in sorted(set(phases))}
    assert counted == {
        "abandon": 17,
        "abandon-investigation": 17,
        "acceleration": 14,
        "consolidation": 6,
        "construction": 12,
        "investigation": 3,
        "none": 1,
        "opere": 4,
        "transfere": 8,
    }


def test_irregular_cards_are_listed_and_refused_ones_leave_nothing(run, tmp_path, app):
    folder = tmp_path / "cards"
    (folder / "startups").mkdir(parents=True)
    (folder / "incubators").mkdir()
    (folder / "incubators" / "x.md").write_text("---\ntitle: X\n---\n")
    (folder / "startups" / "bon.md").write_text(
        "---\ntitle: Bon\nincubator: x\nphases:\n- {name: construction, start: 2025-01-01, end: 2024-01-01}\nanalyse_risques: peut-être\n---\n"
    )
    (folder / "startups" / "orphelin.md").write_text("---\ntitle: Orphelin\nincubator: nulle-part\nphases: []\n---\n")
    (folder / "startups" / "casse.md").write_text("---\ntitle: [\n---\n")
    (folder / "startups" / "image.md").write_bytes(b"\x89PNG\xff")
    output = run(folder).output
    assert "irregular  bon: la phase construction finit avant de commencer" in output
    assert "irregular  bon: « analyse_risques » devrait être true ou false" in output
    assert "refused  startups/orphelin:" in output
    assert "refused  startups/casse:" in output
    assert "refused  startups/image:" in output
    with app.extensions["database"].reading() as session:
        assert session.scalars(select(Product.slug)).all() == ["bon"]


def test_incubators_wins_over_incubator():
    text = "---\ntitle: X\nincubator: a\nincubators: [b, c]\nphases:\n- {name: opere, start: 2025-01-01}\n---\n"
    assert read_card("x", text).incubators == ("b", "c")
    assert read_card("x", text).phases[0].start == date(2025, 1, 1)


def test_a_changed_card_is_written(run, tmp_path, app):
    run(SAMPLES)
    folder = tmp_path / "new"
    (folder / "startups").mkdir(parents=True)
    (folder / "incubators").mkdir()
    card = (SAMPLES / "startups" / "entraide-numerique.md").read_text().replace("Aide les", "Assiste les")
    (folder / "startups" / "entraide-numerique.md").write_text(card)
    assert "products: 0 added, 1 changed" in run(folder).output
    with app.extensions["database"].reading() as session:
        assert session.scalar(select(Product.mission)).startswith("Assiste")


def test_pages_and_products_never_share_an_address(app):
    beside = re.compile(r"/(?:produits|incubateurs)/([a-z]+)")
    read = [r.rule for r in app.url_map.iter_rules() if "GET" in (r.methods or ())]
    assert {m.group(1) for rule in read if (m := beside.fullmatch(rule))} == RESERVED_SLUGS
    with pytest.raises(Refusal, match="page de Jalon"):
        read_card("nouveau", "---\ntitle: X\nincubator: a\n---\n")


@pytest.mark.parametrize("day", ["9999-08-01", "0001-01-01"])
def test_a_phase_from_which_no_rule_can_count_is_refused(day):
    text = f"---\ntitle: X\nincubator: a\nphases:\n- {{name: construction, start: {day}}}\n---\n"
    with pytest.raises(Refusal, match="entre 1990 et 2100"):
        read_card("x", text)


def test_a_title_is_one_line_of_visible_signs():
    text = '---\ntitle: "Saut\\nBcc: x"\nincubator: a\nphases: []\n---\n'
    assert read_card("x", text).name == "Saut Bcc: x"
    with pytest.raises(Refusal, match="invisible"):
        read_card("x", text.replace("\\n", "\\u202e"))


@pytest.mark.parametrize("slug", [".", "..", "..."])
def test_no_product_takes_an_address_that_leads_elsewhere(slug):
    with pytest.raises(Refusal):
        read_card(slug, "---\ntitle: P\n---\n")


def test_a_card_in_any_alphabet_can_be_downloaded_in_each_form(world):
    owner = world.person()
    product = world.filled(owner)
    with world.database.writing() as session:
        session.get_one(Product, product.id).slug = "名前"
    visitor = world.visitor(owner)
    for path in (
        "fichier.yaml",
        "inventaire.csv",
        "inventaire.cdx.json",
        "vex.cdx.json",
        "plan/plan.csv",
        "plan/plan.md",
    ):
        answer = visitor.get(f"/produits/名前/{path}")
        assert answer.status_code == 200, path
        assert answer.headers["Content-Disposition"].encode("latin-1"), path
    # RFC 6266: the name as it is, beside one in plain letters.
    assert "filename*=UTF-8''%E5%90%8D" in visitor.get("/produits/名前/fichier.yaml").headers["Content-Disposition"]
