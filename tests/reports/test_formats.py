"""Contents of every format ever frozen, as the commits that wrote them left them in the demonstration, are still read."""

import dataclasses
import json
from datetime import date

import pytest

from app.homologation import consistency
from app.homologation.kinds import Outcome
from reports import document, frozen, pdf, verification
from reports import dossier as content
from reports.certificates import Trust
from reports.frozen import FORMAT, FrozenElsewhere, FrozenWithdrawal
from reports.verification import Status
from risk_models import assessment, study
from risk_models.scales import View
from tests.conftest import ROOT
from tests.factories.withdrawals import WITHDRAWAL

FOLDER = ROOT / "tests" / "data" / "dossiers"
TEXTS = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.json"))}


def strings(value):
    """Every text that people typed: all but codes, days and hashes, which a page says in words."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) and " " in value else []


def test_there_is_a_content_of_each_format_asked_and_decided():
    found = {(json.loads(text)["format"], json.loads(text)["decision"] is not None) for text in TEXTS.values()}
    assert found == {(number, decided) for number in range(1, FORMAT + 1) for decided in (False, True)}


@pytest.mark.parametrize("name", TEXTS)
def test_it_is_read_whole(name, app):
    plain, read = json.loads(TEXTS[name]), content.loads(TEXTS[name])
    assert content.is_canonical(TEXTS[name])
    assert (read.product, read.format) == (plain["product"], plain["format"])
    assert read.assessment.weak_points[0].component == plain["assessment"]["weak_points"][0]["component"]
    assert len(read.system.measures) == len(plain["system"]["measures"])
    assert set(read.views) == set(View)
    assert (read.decision is None) is (plain["decision"] is None)
    with app.test_request_context():
        assert consistency.check_content(read)  # the rules of today read it


@pytest.mark.parametrize("name", TEXTS)
def test_it_becomes_a_page_that_holds_what_it_says(name):
    page = document.to_html(content.loads(TEXTS[name]), content.sha256(TEXTS[name]))
    assert "Undefined" not in page and "None" not in page
    plain = json.loads(TEXTS[name])
    for part in ("product", "mission", "conditions", "opinions", "feared_events"):
        for text in strings(plain[part]):
            assert text.replace("’", "&#39;") in page or text in page, text


@pytest.mark.parametrize("name", [name for name in TEXTS if "decided" in name])
def test_its_pdf_is_recognised(name):
    made = pdf.render(TEXTS[name])
    verdict = verification.verify_document(made, Trust(), today=date(2026, 11, 29))
    assert verdict.status is Status.UNVOUCHED
    assert verdict.content == content.sha256(TEXTS[name])
    assert any(fact.code == f"outcome_{Outcome.WITH_RESERVATIONS.value}" for fact in verdict.facts)


@pytest.mark.parametrize("name", TEXTS)
def test_a_decision_on_it_changes_nothing_else_of_it(name):
    decision = content.loads(TEXTS["format_4_decided"]).decision
    plain = json.loads(TEXTS[name])
    decided = content.with_decision(TEXTS[name], decision)
    assert content.is_canonical(decided)
    assert json.loads(decided) | {"decision": None} == plain | {"decision": None}
    assert content.loads(decided).decision == decision


def test_every_field_is_described():
    """docs/dossier-content.md is for who opens a dossier without us."""
    page = (ROOT / "docs" / "dossier-content.md").read_text()
    declared = {
        field.name
        for module in (frozen, study, assessment)
        for kind in vars(module).values()
        if dataclasses.is_dataclass(kind)
        and kind.__module__ in {"reports.frozen", "risk_models.study", "risk_models.assessment"}
        for field in dataclasses.fields(kind)
    }
    assert sorted(name for name in declared if f"`{name}`" not in page) == []


def test_other_kinds_are_told_apart():
    withdrawal = content.loads_any(content.canonical(WITHDRAWAL))
    assert isinstance(withdrawal, FrozenWithdrawal)
    assert json.loads(content.dumps(withdrawal)).items() >= WITHDRAWAL.items()
    elsewhere = {
        "format": 4,
        "kind": "elsewhere",
        "product": "P",
        "number": 1,
        "origin": "paper",
        "recorded_by": "A",
        "file_sha256": None,
        "frozen_on": "2026-11-23",
        "decision": json.loads(TEXTS["format_1_decided"])["decision"],
    }
    assert isinstance(content.loads_any(content.canonical(elsewhere)), FrozenElsewhere)
    with pytest.raises(ValueError, match="elsewhere"):
        content.loads(content.canonical(elsewhere))
