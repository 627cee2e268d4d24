"""A signature made outside: recorded by one person, in force once the authority or another person confirms it."""

import io
import json
from datetime import timedelta

import pytest
import time_machine
from PIL import Image
from sqlalchemy import func, select

from app.homologation.kinds import DossierState
from app.homologation.models import Decision, Dossier, RecordedSignature
from app.identity.kinds import Role
from app.inventory.models import Component, Vulnerability
from app.journal.models import JournalEntry
from app.platform import clock
from app.products.changes import note_change
from reports import dossier as content
from reports import residual, verification
from tests.conftest import on_sqlite
from tests.factories.homologation import PAGE, WHY, choices, run_jobs, sealed_file
from tests.factories.scans import cut_above_code, decision_page, file_of, photograph, sign
from tests.factories.study import text

SIGNED, CONFIRM = f"{PAGE}/signe-ailleurs", f"{PAGE}/signe-ailleurs/confirmer"


@pytest.fixture
def paper(scene):
    """A dossier before its authority, its decision page, and two members of the incubator."""
    world, owner, people, dossier = scene
    cast = people | {"owner": owner}
    for key, email, name in (("lea", "lea.b@exemple.test", "Léa Bon"), ("hugo", "hugo.c@exemple.test", "Hugo Cap")):
        cast[key] = world.person(email, name)
        world.give(cast[key], Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    return world, cast, decision_page(dossier.content)


def recorded(world, person, data: bytes, name: str = "scan.pdf", **more):
    given = {"decided_on": clock.today().isoformat(), "outcome": "favourable", "months": "12"} | WHY | more
    file = {"file": (io.BytesIO(data), name), "code": world.code(person)}
    return world.visitor(person).post(SIGNED, given | file)


def confirmed(world, person):
    return world.visitor(person).post(CONFIRM, {"code": world.code(person)})


def decisions(world) -> int:
    with world.database.reading() as session:
        return session.scalar(select(func.count(Decision.id)))


@on_sqlite
def test_who_confirms_reads_what_the_decision_says_and_accepts(paper):
    world, people, page = paper
    more = {"outcome": "with_reservations", "reservations": "Mettre à jour log4j."}
    recorded(world, people["lea"], file_of(sign(page)), **more)
    shown = text(world.visitor(people["authority"]).get(CONFIRM))
    assert "D’après ce qui a été copié, décidé par" in shown and "Réserves à lever" in shown
    remaining = residual.residual_risks(content.loads(world.dossier().content))
    assert remaining and all(r.what.rstrip(". ") in shown for r in remaining)


WRONG = {
    "a blank page": (lambda page: file_of(Image.new("L", page.size, 255)), "ne se lit nulle part"),
    "no ink": (file_of, "Le cadre de la signature est vide"),
    "a photograph without ink": (lambda page: file_of(photograph(page)), "Le cadre de la signature est vide"),
    "cut above the code": (
        lambda page: file_of(cut_above_code(sign(page))),
        "ou coupé",
    ),
    "no picture": (lambda _: b"%PDF-1.4 scan", "ni un PDF, ni une image"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_page_without_its_code_or_without_ink_is_refused(paper, kind):
    world, people, page = paper
    make, said = WRONG[kind]
    answer = recorded(world, people["lea"], make(page))
    assert answer.status_code == 200 and said in text(answer)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(RecordedSignature.dossier_id))) == 0


@on_sqlite
def test_the_page_of_another_dossier_is_refused(paper):
    world, people, _ = paper
    plain = json.loads(world.dossier().content) | {"perimeter": "Un autre périmètre"}
    answer = recorded(world, people["lea"], file_of(sign(decision_page(content.canonical(plain)))))
    assert "celle d’un autre dossier" in text(answer)


@on_sqlite
@pytest.mark.parametrize("turned", [0, 90, 187, -11])
def test_a_photograph_turned_or_grey_is_read(paper, turned):
    world, people, page = paper
    photo = photograph(sign(page)).rotate(turned, expand=True, fillcolor=90)
    answer = recorded(world, people["lea"], file_of(photo, "JPEG"), "photo.jpg")
    assert answer.status_code == 302, text(answer)


def test_a_scan_is_in_force_once_another_person_confirms_it(paper):
    world, people, page = paper
    assert recorded(world, people["lea"], file_of(sign(page))).status_code == 302
    assert decisions(world) == 0 and world.dossier().state is DossierState.DECISION
    shown = text(world.visitor(people["owner"]).get(PAGE))
    assert "Une signature à confirmer" in shown and "Léa Bon a enregistré" in shown
    assert world.visitor(people["owner"]).get(CONFIRM).status_code == 404
    assert "Personne ne fait cet acte pour soi-même" in text(confirmed(world, people["lea"]))
    assert decisions(world) == 0
    assert "d’après un scan, que Jalon n’a pas vérifié" in text(world.visitor(people["hugo"]).get(CONFIRM))
    assert confirmed(world, people["hugo"]).status_code == 302
    assert world.dossier().state is DossierState.DECIDED


def test_who_recorded_and_confirmed_is_named_wherever_the_decision_is(paper):
    world, people, page = paper
    recorded(world, people["lea"], file_of(sign(page)))
    run_jobs(world)
    assert any("à confirmer" in mail and "Léa Bon" in mail for mail in world.mails())
    assert "Léa Bon a enregistré" in text(world.visitor(people["authority"]).get("/"))
    assert "Signatures à confirmer" not in text(world.visitor(people["owner"]).get("/"))
    assert confirmed(world, people["authority"]).status_code == 302
    run_jobs(world)
    both = "signature enregistrée par Léa Bon, confirmée par Andrée Laurent"
    assert both in text(world.visitor(people["owner"]).get(PAGE))
    assert both in text(world.visitor(people["owner"]).get("/homologations"))
    assert any("enregistrée par Léa Bon, confirmée par Andrée Laurent" in mail for mail in world.mails())
    with world.session(writing=False) as session:
        kept = json.loads(session.scalar(select(Dossier.content)))["decision"]["outside"]
        actions = set(session.scalars(select(JournalEntry.action)))
    assert (kept["recorded_by"], kept["confirmed_by"]) == ("Léa Bon", "Andrée Laurent")
    assert {"record_signed", "decide"} <= {str(getattr(a, "value", a)) for a in actions}
    sealed = sealed_file(world, world.dossier().id)
    said = " ".join(fact.in_language("fr") for fact in verification.facts_of(content_of(sealed), clock.today()))
    assert "Enregistrée par Léa Bon d’après un scan, que Jalon n’a pas vérifié" in said
    assert "Confirmée par Andrée Laurent" in said


def content_of(sealed: bytes) -> str:
    return verification.read_document(sealed)[0]


@on_sqlite
def test_what_is_put_aside_taken_back_or_signed_here_decides_nothing(paper):
    world, people, page = paper
    scan = file_of(sign(page))
    recorded(world, people["lea"], scan)
    assert "a déjà enregistré une signature" in text(recorded(world, people["hugo"], scan))
    assert world.visitor(people["owner"]).post(f"{SIGNED}/ecarter").status_code == 404
    assert world.visitor(people["hugo"]).post(f"{SIGNED}/ecarter").status_code == 302
    assert world.visitor(people["hugo"]).get(CONFIRM).status_code == 404
    assert recorded(world, people["lea"], scan).status_code == 302
    assert "attend d’être confirmée" in text(world.visitor(people["owner"]).post(f"{PAGE}/reprendre"))
    other = world.person("autre@exemple.test", "Alix Petit")
    world.give(other, Role.AUTHORITY, product_id=world.reload().id)
    assert "s’écarte par l’autorité nommée" in text(world.visitor(other).post(f"{SIGNED}/ecarter"))
    assert decisions(world) == 0
    dossier = world.dossier()
    assert world.signs(people["authority"], PAGE, **choices(dossier)).status_code == 302
    assert world.visitor(people["hugo"]).get(CONFIRM).status_code == 404
    assert {"record_signed", "discard_signed", "decide"} <= acts(world)


def acts(world) -> set[str]:
    with world.database.reading() as session:
        return {str(getattr(a, "value", a)) for a in session.scalars(select(JournalEntry.action))}


@pytest.mark.parametrize("hat", ["nothing else", "reviewer", "incubator"])
def test_who_signs_by_delegation_confirms_no_page_of_their_own(paper, hat):
    world, people, page = paper
    person = {"reviewer": people["reviewer"], "incubator": people["lea"]}.get(hat)
    person = person or world.person("del@exemple.test", "Denis Délégué")
    world.give(person, Role.AUTHORITY, product_id=world.reload().id)
    given = {"delegate": person.id, "starts_on": clock.today().isoformat(), "deed": "Arrêté n° 12"}
    given |= {"ends_on": (clock.today() + timedelta(days=30)).isoformat(), "code": world.code(people["authority"])}
    assert world.visitor(people["authority"]).post("/produits/exemple/dossier/delegations", given).status_code == 302
    answer = recorded(world, person, file_of(sign(page)))
    assert ("a donné un avis" in text(answer)) is (hat == "reviewer")
    assert decisions(world) == 0
    if hat != "reviewer":
        assert "Personne ne fait cet acte pour soi-même" in text(confirmed(world, person))
        assert decisions(world) == 0


@on_sqlite
def test_what_is_known_since_it_was_recorded_stops_its_confirmation(paper):
    world, people, page = paper
    assert recorded(world, people["lea"], file_of(sign(page)), months="6").status_code == 302
    with world.database.writing() as session:
        base = session.scalar(select(Component.id).where(Component.ref == "base"))
        session.add(Vulnerability(component_id=base, name="CVE-2026-9999", kev=True, fixed_in="", extra={}))
        note_change(session, [world.reload().id])
    assert "on sait exploitées : Base" in text(confirmed(world, people["hugo"]))
    assert decisions(world) == 0


@on_sqlite
def test_what_has_come_to_its_end_is_confirmed_no_more(paper):
    world, people, page = paper
    assert recorded(world, people["lea"], file_of(sign(page)), months="6").status_code == 302
    with time_machine.travel(clock.now() + timedelta(days=250), tick=True):
        assert "a déjà pris fin" in text(confirmed(world, people["hugo"]))
    assert decisions(world) == 0


@on_sqlite
def test_the_authority_that_records_its_own_page_decides(paper):
    world, people, page = paper
    assert recorded(world, people["authority"], file_of(sign(page), "PNG"), "page.png").status_code == 302
    assert decisions(world) == 1
    with world.database.reading() as session:
        digest = session.scalar(select(Decision.outside_sha256))
    answer = world.visitor(people["owner"]).get(f"{PAGE}/documents/{digest}")
    assert answer.status_code == 200 and ".png" in answer.headers["Content-Disposition"]


@on_sqlite
def test_the_journal_says_who_confirmed_and_who_decided(paper):
    world, people, page = paper
    recorded(world, people["lea"], file_of(sign(page)))
    assert confirmed(world, people["hugo"]).status_code == 302
    with world.database.reading() as session:
        line = session.scalar(select(JournalEntry).where(JournalEntry.action == "confirm_signed"))
    assert (line.person_name, line.details["decided_by"], line.details["recorded_by"]) == (
        "Hugo Cap",
        "Andrée Laurent",
        "Léa Bon",
    )
    assert "decide" not in acts(world)
