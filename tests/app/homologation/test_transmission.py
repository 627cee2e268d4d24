"""From the team to its authority: the PDF exists before anybody is called to sign it, whatever fails meanwhile."""

import json
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.homologation.models import Opinion
from app.identity.kinds import Role
from app.platform import clock
from app.platform.jobs import MAX_ATTEMPTS, Job
from reports import dossier as content
from reports import pdf
from tests.conftest import on_sqlite
from tests.factories.homologation import run_jobs

PAGE = "/produits/exemple/dossier/1"
CALL = "Une homologation attend votre décision"


def breaks(content: str) -> bytes:
    raise pdf.RenderingFailed("fault", "Traceback\njinja2.exceptions.UndefinedError: no attribute 'x-owner'")


@pytest.fixture
def broken(transmitted, monkeypatch):
    """A dossier before its authority, whose PDF cannot be made."""
    world, owner, people, _ = transmitted
    world.give(world.person("admin@exemple.test", "Morgan Roux"), Role.ADMINISTRATOR)
    monkeypatch.setattr(pdf, "render", breaks)
    run_jobs(world)
    return world, owner, people, monkeypatch


def told(world, words: str) -> list[str]:
    return sorted(mail.partition(" | ")[0] for mail in world.mails() if words in mail)


@on_sqlite
def test_the_authority_is_called_once_the_pdf_exists_and_not_before(transmitted):
    world, owner, people, _ = transmitted
    authority = world.visitor(people["authority"])
    assert told(world, CALL) == [] and "À signer" not in authority.get("/").get_data(as_text=True)
    early = world.visitor(owner).post(f"{PAGE}/relancer")
    assert early.status_code == 409 and "dès que le PDF sera fait" in early.get_data(as_text=True)
    run_jobs(world)  # makes it
    run_jobs(world)  # then tells
    assert told(world, CALL) == ["autorite@exemple.test"]
    assert "exemple/dossier/1" in authority.get("/").get_data(as_text=True)
    assert authority.get(f"{PAGE}/pdf").data.startswith(b"%PDF-")
    run_jobs(world)
    assert told(world, CALL) == ["autorite@exemple.test"]


@on_sqlite
def test_the_authority_is_not_called_for_what_was_taken_back_meanwhile(transmitted):
    world, owner, _, _ = transmitted
    run_jobs(world)  # makes the PDF, and asks for the letter
    assert world.visitor(owner).post(f"{PAGE}/reprendre").status_code == 302
    run_jobs(world)
    assert told(world, CALL) == []


@on_sqlite
def test_nothing_is_decided_before_the_pdf_to_sign_is_made(transmitted):
    world, owner, people, dossier = transmitted
    authority, code = world.visitor(people["authority"]), world.code(people["authority"])
    page = authority.get(PAGE).get_data(as_text=True)
    assert "Le PDF à signer se prépare" in page and "Relire avant de signer" not in page
    wish = {
        "outcome": "favourable",
        "exploited_reason": "Coupé d’internet",
        "months": "12",
        "reservations": "",
        "lift_by": "",
    }
    chosen = authority.post(f"{PAGE}/decision", wish | {"shown_sha256": dossier.content_sha256})
    assert "la décision s’ouvre dès qu’il est fait" in chosen.get_data(as_text=True)
    text = json.loads(dossier.content) | {"decision": {}}
    signed = {
        "asked_sha256": dossier.content_sha256,
        "signed_sha256": content.sha256(content.canonical(text)),
        "code": code,
    }
    assert authority.post(f"{PAGE}/signer", wish | signed).status_code == 409
    assert world.dossier().decision is None
    assert "son PDF se prépare" in world.visitor(owner).get("/produits/exemple").get_data(as_text=True)
    run_jobs(world)
    assert "Relire avant de signer" in authority.get(PAGE).get_data(as_text=True)


@on_sqlite
def test_a_pdf_that_cannot_be_made_is_told_to_the_team_and_administrators_alone_and_once(broken):
    world, owner, _, _ = broken
    run_jobs(world)
    with time_machine.travel(clock.now() + timedelta(minutes=10)):
        run_jobs(world)
    assert told(world, "n’a pas pu être fait") == ["admin@exemple.test", owner.email]
    assert all("no attribute 'x-owner'" in mail for mail in world.mails() if "n’a pas pu être fait" in mail)
    assert told(world, CALL) == []
    page = world.visitor(owner).get(PAGE).get_data(as_text=True)
    assert "les avis restent donnés" in page and "Reprenez" not in page
    with world.database.reading() as session:
        assert session.scalars(select(Opinion).where(Opinion.given_at.is_(None))).all() == []


@on_sqlite
def test_a_pdf_is_tried_again_by_itself_even_after_the_last_attempt(broken):
    world, _, _, monkeypatch = broken
    for days in range(1, MAX_ATTEMPTS + 1):
        with time_machine.travel(clock.now() + timedelta(days=days)):
            run_jobs(world)
    with world.database.reading() as session:
        attempts = session.scalars(select(Job.attempts).where(Job.kind == "dossier_pdf")).all()
    assert MAX_ATTEMPTS in attempts
    monkeypatch.undo()
    with time_machine.travel(clock.now() + timedelta(days=30)):
        run_jobs(world)
        run_jobs(world)
    assert told(world, CALL) == ["autorite@exemple.test"]
    assert "n’a pas encore pu être fait" not in world.visitor(world.person()).get(PAGE).get_data(as_text=True)


def test_each_reviewer_finds_the_own_opinion_of_the_version_taken_back(world):
    owner = world.person()
    product = world.filled(owner)
    people = world.cast(product)
    dossier = world.before_authority(owner, product, people, reviewed=False)
    reviewer, team = world.visitor(people["reviewer"]), world.visitor(owner)
    opinion = f"{PAGE}/avis/{dossier.opinions[0].id}"
    given = {"verdict": "with_reservations", "text": "Fermer Metabase"}
    assert reviewer.post(opinion, given).status_code == 409  # of no content that was shown
    assert reviewer.submits(PAGE, opinion, given).status_code == 302
    assert "chacun retrouvera le sien" in team.get(PAGE).get_data(as_text=True)
    for _ in range(2):  # taken back again before it was confirmed, too
        assert team.post(f"{PAGE}/reprendre").status_code == 302
        assert team.post(f"{PAGE}/demander-les-avis").status_code == 302
    page = reviewer.get(PAGE).get_data(as_text=True)
    assert "Fermer Metabase" in page and "sur la version que l’équipe a reprise" in page
    assert "Fermer Metabase" not in page.split("<blockquote>")[0]  # given of what was, not of what is
    assert 'name="verdict" value="with_reservations"' in page and "Je confirme cet avis" in page
    assert reviewer.submits(PAGE, opinion, given).status_code == 302
    assert world.dossier().opinions[0].text == "Fermer Metabase"
