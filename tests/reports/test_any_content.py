"""Whatever a product file and its dossier leave out, leave empty or stretch, the dossier can be made."""

import copy
import json
from collections import Counter
from datetime import date

import page
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.dossier import unsigned
from reports import document, pdf, residual
from reports import dossier as content
from risk_models import catalogue, product_file
from risk_models.scales import RiskLevel
from tests.factories.documents import full
from tests.fuzzing import shares, tries
from tests.product_files import LONG, ODD, product_files, texts
from tests.world import EXAMPLES

DAY = date(2026, 11, 23)


def frozen_of(file: dict) -> dict:
    return json.loads(content.dumps(unsigned(product_file.from_dict(file, as_of=DAY), DAY)))


def html_of(frozen: dict) -> str:
    text = content.canonical(frozen)
    return document.to_html(content.loads(text), content.sha256(text))


# What people may leave empty beside the product file, each with an ordinary value.
_WRITTEN = ("mission", "address", "repository", "contact", "perimeter", "verify_at")
_LISTS = ("conditions", "accepted_risks", "opinions")
WHOLE = full()


@st.composite
def contents(draw) -> dict:
    """A frozen content: a product file drawn at random in a dossier whose optional parts come and go."""
    frozen, whole = frozen_of(draw(product_files())), copy.deepcopy(WHOLE)
    for key in _WRITTEN:
        frozen[key] = (draw(texts()) or "").strip()
    for key in _LISTS:
        frozen[key] = whole[key] if draw(st.booleans()) else []
    frozen["feared_events"] = [
        WHOLE["feared_events"][0] | {"asset": asset["id"]} for asset in frozen["system"].get("assets", [])
    ]
    frozen["authority"] = draw(st.sampled_from([None, whole["authority"], {"name": ODD[0], "title": ""}]))
    frozen["analysis"] = draw(st.sampled_from([None, whole["analysis"]]))
    decision = whole["decision"] | draw(
        st.sampled_from(
            [
                {},
                {"outcome": "refused", "months": None, "expires_on": None},
                {"reservations": ""},
                {"to_lift": [LONG], "lift_by": None},
                {"by": {"name": ODD[0], "title": ""}},
            ]
        )
    )
    return frozen | {"decision": draw(st.sampled_from([None, decision]))}


@pytest.mark.parametrize("share", shares())
@tries(usual=60, fuzz=2_500)
@given(frozen=contents())
def test_every_content_becomes_a_page_of_which_nothing_is_undefined(share, frozen):
    html = html_of(frozen)
    assert "Undefined" not in html and "None" not in html and "[U+1F" not in html


@pytest.mark.parametrize("share", shares())
@tries(usual=60, fuzz=2_500)
@given(frozen=contents())
def test_the_grid_counts_every_risk_that_is_listed(share, frozen):
    """Of who signs, the figure and the list must say as many risks."""
    read = content.loads(content.canonical(frozen))
    listed = Counter((r.severity, r.likelihood) for r in residual.residual_risks(read) if r.risk)
    shown = residual.count_risks(read).later
    assert {cell: shown[cell] for cell in shown if catalogue.risk_level(*cell) is not RiskLevel.LOW} == listed


@pytest.mark.parametrize("share", shares())
@tries(usual=6, fuzz=50)
@given(frozen=contents())
def test_every_content_becomes_an_archivable_pdf(share, frozen):
    made = pdf.render(content.canonical(frozen))
    assert page.validate_pdf_bytes(made, profile="3a").is_compliant


ACCOUNTABLE = ("x-owner", "x-emergency", "x-patched-by-reason")


@pytest.mark.parametrize("key", ACCOUNTABLE)
@pytest.mark.parametrize("value", ["Support", "", None, ["Camille", "Support"], {"nuit": "Support"}], ids=repr)
def test_who_answers_for_a_component_may_be_said_in_part(key, value):
    """One of the three alone made the whole PDF impossible."""
    frozen = frozen_of({"jalon": 1, "product": {"name": "P"}, "components": [{"id": "web", "kind": "web", key: value}]})
    html = html_of(frozen)
    assert ("Qui répond de quoi" in html) is bool(value)
    assert not value or "Support" in html


def test_the_command_makes_a_dossier_whose_component_says_only_whom_to_call(tmp_path):
    from click.testing import CliRunner

    from app.cli.dossier import dossier

    file = (EXAMPLES / "guichet.yaml").read_text()
    (tmp_path / "p.yaml").write_text(file.replace("  - id: ", "  - x-emergency: Support\n    id: ", 1))
    done = CliRunner().invoke(dossier, [str(tmp_path / "p.yaml"), "-o", str(tmp_path / "d.pdf")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "d.pdf").read_bytes().startswith(b"%PDF-")


def test_emoji_are_drawn_on_the_cover(tmp_path):
    import subprocess

    frozen = full() | {"product": "🚕 Taxi"}
    (tmp_path / "d.pdf").write_bytes(pdf.render(content.canonical(frozen)))
    text = subprocess.run(
        ["pdftotext", "-l", "1", str(tmp_path / "d.pdf"), "-"], capture_output=True, text=True, check=True
    )
    assert "🚕 Taxi" in text.stdout and "U+" not in text.stdout
