"""The acts that bind: signing, delegating, withdrawing, lifting; each with its author's second factor."""

import json
import re
from datetime import timedelta

import pikepdf
import pytest
import time_machine
from sqlalchemy import delete, func, select

from app.homologation import deciding, delegating, register, services
from app.homologation.kinds import Act, Outcome
from app.homologation.models import Decision, Dossier, IssuedFile, Reservation, Withdrawal
from app.homologation.wishes import Wish
from app.identity.kinds import FactorKind, Role
from app.identity.models import Grant
from app.journal.models import JournalEntry
from app.platform import clock
from app.platform.jobs import Job
from reports import dossier as content
from reports import seal, verification
from reports.certificates import fingerprint_of, read_sealer
from reports.verification import Status
from risk_models.catalogue.reading import catalogue_sha256
from risk_models.rules import schedule
from tests.certificates import chain, issue
from tests.conftest import on_sqlite
from tests.factories.homologation import PAGE, choices, printed_words, run_jobs, sealed_file

pytestmark = pytest.mark.usefixtures("glances_kept")


def test_what_is_signed_is_what_was_shown_and_what_is_sealed(scene):
    world, owner, people, dossier = scene
    authority = people["authority"]
    world.code(authority)
    page = world.visitor(authority).post(f"{PAGE}/decision", choices(dossier)).get_data(as_text=True)
    shown = re.search(
        r"votre décision comprise \(SHA-256\), avec ce facteur, application de codes : ([0-9a-f]{64})", page
    )[1]
    assert "<li>Metabase à jour</li>" in page
    assert world.signs(authority, PAGE, **choices(dossier)).status_code == 302
    run_jobs(world)
    with world.session(writing=False) as session:
        kept = session.scalar(select(Dossier))
        assert kept.content_sha256 == shown
        assert session.scalars(select(Reservation.text).order_by(Reservation.position)).all() == [
            "Second facteur",
            "Metabase à jour",
        ]
    file, sealer = sealed_file(world, dossier.id), world.app.extensions["sealer"]
    verdict = verification.verify_document(file, sealer.trust, today=clock.today())
    assert (verdict.status, verdict.content) == (Status.GENUINE, shown)
    decided, printed = json.loads(kept.content)["decision"], printed_words(file)
    assert (decided["factor"], decided["seal_sha256"]) == ("totp", fingerprint_of(sealer.certificate))
    assert decided["to_notify"] == [owner.name, people["reviewer"].name, authority.name]
    assert "avec un second facteur (un code à usage unique)" in printed
    assert f"Jalon l’écrit, dès qu’elle est prise, à {owner.name}," in printed
    assert all(printed.replace(" ", "").count(hashed) for hashed in (decided["seal_sha256"], catalogue_sha256()))


@pytest.mark.parametrize("code", ["", "000000", "abcdef"])
def test_nothing_is_decided_without_the_second_factor(scene, code):
    world, _, people, dossier = scene
    world.code(people["authority"])
    visitor = world.visitor(people["authority"])
    page = visitor.post(f"{PAGE}/decision", choices(dossier)).get_data(as_text=True)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    hidden.pop("csrf_token", None)
    answer = visitor.post(f"{PAGE}/signer", hidden | {"code": code})
    said = "n’est pas bon" if code else "Donnez le code"
    assert answer.status_code == 200 and said in answer.get_data(as_text=True)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Decision.id))) == 0


def test_an_authority_without_a_factor_is_led_to_one(scene):
    world, _, people, dossier = scene
    page = world.visitor(people["authority"]).post(f"{PAGE}/decision", choices(dossier)).get_data(as_text=True)
    assert "/compte/second-facteur?next=" in page and 'name="code"' not in page


def test_a_changed_decision_is_not_what_was_shown(scene):
    """Somebody alters a hidden field between the page and the signature."""
    world, _, people, dossier = scene
    code = world.code(people["authority"])
    visitor = world.visitor(people["authority"])
    page = visitor.post(f"{PAGE}/decision", choices(dossier)).get_data(as_text=True)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    hidden.pop("csrf_token", None)
    answer = visitor.post(f"{PAGE}/signer", hidden | {"months": "36", "code": code})
    assert "a changé" in answer.get_data(as_text=True)
    assert visitor.post(f"{PAGE}/signer", hidden | {"outcome": "sacred"}).status_code == 404
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Decision.id))) == 0


def test_a_decision_signed_after_midnight_is_read_again(scene):
    world, _, people, dossier = scene
    world.code(people["authority"])
    visitor = world.visitor(people["authority"])
    page = visitor.post(f"{PAGE}/decision", choices(dossier)).get_data(as_text=True)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    hidden.pop("csrf_token", None)
    with time_machine.travel(clock.now() + timedelta(days=1)):
        code = world.code(people["authority"])
        answer = world.visitor(people["authority"]).post(f"{PAGE}/signer", hidden | {"code": code})
    assert answer.status_code in {302, 409}
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Decision.id))) == 0


def test_a_clock_that_went_back_decides_nothing(scene):
    world, _, people, dossier = scene
    with time_machine.travel(clock.now() - timedelta(days=2)), pytest.raises(Exception, match="horloge"):
        world.decide(dossier, people["authority"])


def test_a_delegate_signs_between_two_dates_and_the_dossier_says_so(scene):
    world, _, people, dossier = scene
    delegate = world.person("adjoint@exemple.test", "Alix Petit")
    world.give(delegate, Role.AUTHORITY, product_id=dossier.product_id)
    given = {
        "delegate": delegate.id,
        "starts_on": clock.today().isoformat(),
        "ends_on": (clock.today() + timedelta(days=10)).isoformat(),
        "deed": "Arrêté du 3 mars",
    }
    page = "/produits/exemple/dossier/delegations"
    assert world.signs(delegate, PAGE, **choices(dossier)).status_code == 409
    authority = world.visitor(people["authority"])
    assert authority.post(page, given | {"code": world.code(people["authority"])}).status_code == 302
    assert "Alix Petit" in authority.get(page).get_data(as_text=True)
    with time_machine.travel(clock.now() + timedelta(days=11)), world.session(writing=False) as session:
        assert not deciding.may_decide(session, delegate, dossier)
    run_jobs(world)
    assert "À décider" in world.visitor(delegate).get("/").get_data(as_text=True)
    assert world.signs(delegate, PAGE, **choices(dossier)).status_code == 302
    with world.database.reading() as session:
        decided = content.loads(session.scalar(select(Dossier.content))).decision
    assert decided.by.name == "Alix Petit"
    assert decided.by.on_behalf_of.name == "Andrée Laurent"


def test_nobody_lends_a_role_that_they_lost(scene):
    world, _, people, dossier = scene
    delegate = world.person("adjoint@exemple.test", "Alix Petit")
    world.give(delegate, Role.AUTHORITY, product_id=dossier.product_id)
    today = clock.today().isoformat()
    given = {"delegate": delegate.id, "starts_on": today, "ends_on": today, "deed": "Arrêté"}
    code = world.code(people["authority"])
    world.visitor(people["authority"]).post("/produits/exemple/dossier/delegations", given | {"code": code})
    with world.session() as session:
        assert deciding.may_decide(session, delegate, dossier)
        session.execute(delete(Grant).where(Grant.person_id == people["authority"].id))
        session.commit()
        assert not deciding.may_decide(session, delegate, dossier)


@pytest.mark.parametrize(("days_more", "status"), [(0, 302), (1, 200)])
def test_a_delegation_lasts_three_years_at_most(scene, days_more, status):
    world, _, people, dossier = scene
    delegate = world.person("adjoint@exemple.test", "Alix Petit")
    world.give(delegate, Role.AUTHORITY, product_id=dossier.product_id)
    today = clock.today()
    ends_on = schedule.add_months(today, 36) + timedelta(days=days_more)
    given = {"delegate": delegate.id, "starts_on": today.isoformat(), "ends_on": ends_on.isoformat(), "deed": "Arrêté"}
    authority = world.visitor(people["authority"])
    sent = given | {"code": world.code(people["authority"])}
    answer = authority.post("/produits/exemple/dossier/delegations", sent)
    assert answer.status_code == status
    assert ("trois ans au plus" in answer.get_data(as_text=True)) == (status == 200)


def test_a_delegation_ended_lets_nobody_sign(scene):
    world, _, people, dossier = scene
    delegate = world.person("adjoint@exemple.test", "Alix Petit")
    world.give(delegate, Role.AUTHORITY, product_id=dossier.product_id)
    page, today = "/produits/exemple/dossier/delegations", clock.today()
    given = {"delegate": delegate.id, "starts_on": today.isoformat(), "ends_on": today.isoformat(), "deed": "Arrêté"}
    authority = world.visitor(people["authority"])
    authority.post(page, given | {"code": world.code(people["authority"])})
    with world.session(writing=False) as session:
        found = delegating.delegations_of(session, [dossier.product_id])[0]
        assert deciding.may_decide(session, delegate, dossier)
    assert world.visitor(delegate).post(f"{page}/{found.id}/terminer").status_code == 409
    assert authority.post(f"{page}/{found.id}/terminer").status_code == 302
    with world.session(writing=False) as session:
        assert not deciding.may_decide(session, delegate, dossier)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"ends_on": "2020-01-01"}, "vient après"), ({"delegate": "x"}, "autre personne"), ({"deed": ""}, "obligatoire")],
)
def test_a_wrong_delegation_is_refused_at_its_field(scene, changes, message):
    world, _, people, dossier = scene
    other = world.person("adjoint@exemple.test", "Alix Petit")
    world.give(other, Role.AUTHORITY, product_id=dossier.product_id)
    given = {"delegate": other.id, "starts_on": "2030-01-01", "ends_on": "2030-02-01", "deed": "A"} | changes
    answer = world.visitor(people["authority"]).post(
        "/produits/exemple/dossier/delegations", given | {"code": world.code(people["authority"])}
    )
    assert message in answer.get_data(as_text=True)


def test_a_withdrawal_has_its_own_sealed_page_and_the_decision_stays_whole(scene):
    world, owner, people, dossier = scene
    world.decide(dossier, people["authority"])
    run_jobs(world)
    decided = sealed_file(world, dossier.id)
    page = f"{PAGE}/retirer-homologation"
    given = {"reason": "Intrusion constatée", "code": world.code(people["authority"])}
    assert world.visitor(owner).post(page, given).status_code == 404
    assert world.visitor(people["authority"]).post(page, given).status_code == 302
    run_jobs(world)
    assert sealed_file(world, dossier.id) == decided
    withdrawn = sealed_file(world, dossier.id, Act.WITHDRAWAL)
    verdict = verification.verify_document(withdrawn, world.app.extensions["sealer"].trust, today=clock.today())
    said = " ".join(f.in_language("fr") for f in verdict.facts)
    assert verdict.status is Status.GENUINE and "Intrusion constatée" in said
    team = world.visitor(owner)
    assert team.get(f"{PAGE}/retrait.pdf").data == withdrawn
    shown = team.get(PAGE).get_data(as_text=True)
    assert "Retirée le" in shown and "Homologation retirée" in shown and "Réserves à lever" not in shown
    assert "a été retirée le" in team.get(f"{PAGE}/depuis").get_data(as_text=True)
    again = {"reason": "Encore", "code": world.code(people["authority"])}
    assert world.visitor(people["authority"]).post(page, again).status_code == 409
    with world.session(writing=False) as session:
        assert register.dossier_in_force(session, dossier.product_id) is None
        assert session.scalar(select(func.count(Withdrawal.id))) == 1


@on_sqlite
def test_a_refusal_is_sealed_and_cannot_be_withdrawn(scene):
    world, _, people, dossier = scene
    world.decide(dossier, people["authority"], Outcome.REFUSED, None, "Trop de risques forts")
    run_jobs(world)
    with pikepdf.open(__import__("io").BytesIO(sealed_file(world, dossier.id))) as document:
        assert document.Root.AcroForm.SigFlags == 3
    given = {"reason": "x", "code": world.code(people["authority"])}
    assert world.visitor(people["authority"]).post(f"{PAGE}/retirer-homologation", given).status_code == 409


def test_a_process_killed_before_the_commit_leaves_nothing(scene, monkeypatch):
    """Either decided, journalled and its seal asked for, or nothing."""
    world, _, people, dossier = scene

    class Killed(BaseException):
        pass

    from sqlalchemy.orm import Session

    def die(session):
        raise Killed

    before = _counts(world)
    code = world.code(people["authority"])
    monkeypatch.setattr(Session, "commit", die)
    with pytest.raises(Killed), world.app.test_request_context():
        _decide(world, dossier, people["authority"], code)
    monkeypatch.undo()
    assert _counts(world) == before
    world.decide(dossier, people["authority"])
    assert [after - old for after, old in zip(_counts(world), before, strict=True)] == [1, 1, 1]


def _decide(world, dossier, person, code):
    from app.identity.factors import FactorProof
    from app.products.models import Product

    wish = Wish(Outcome.FAVOURABLE, 12, "", exploited_reason="Coupé d’internet")
    with world.session() as session:
        product = session.get_one(Product, dossier.product_id)
        row = services.dossier_of(session, dossier.product_id, 1)
        signed = content.sha256(
            deciding.prepare_decision(session, person, row, wish, dossier.content_sha256, FactorKind.TOTP)
        )
        deciding.decide_dossier(
            session,
            person,
            product,
            row,
            wish,
            asked_sha256=dossier.content_sha256,
            signed_sha256=signed,
            proof=FactorProof(code),
        )


def _counts(world) -> list[int]:
    with world.database.reading() as session:
        entries = select(func.count(JournalEntry.id)).where(JournalEntry.action == "decide")
        pdfs = select(func.count(Job.id)).where(Job.kind == "dossier_pdf")
        return [session.scalar(select(func.count(Decision.id))), session.scalar(entries), session.scalar(pdfs)]


def _sealed_with(world, sealer):
    world.app.extensions["sealer"] = sealer


@on_sqlite
def test_an_expired_certificate_delays_the_seal_and_never_the_decision(scene):
    world, owner, people, dossier = scene
    late = issue("Périmé", days=(-90, -1))
    _sealed_with(world, read_sealer(late.pem, late.key_pem))
    world.decide(dossier, people["authority"])
    run_jobs(world)
    page = world.visitor(owner).get(PAGE).get_data(as_text=True)
    assert "son cachet attend" in page and "install another one" in page
    _sealed_with(world, chain().sealer())
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        run_jobs(world)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(IssuedFile.id)).where(IssuedFile.act == Act.DECISION)) == 1
        assert session.scalar(select(Dossier.seal_fault)) == ""


@on_sqlite
def test_a_timestamp_authority_that_is_down_leaves_the_decision_and_comes_later(scene, monkeypatch):
    world, owner, people, dossier = scene
    import dataclasses

    _sealed_with(world, dataclasses.replace(chain().sealer(), timestamp_url="http://127.0.0.1:9/"))
    world.decide(dossier, people["authority"])
    run_jobs(world)
    first = sealed_file(world, dossier.id)
    assert "Horodatage en attente" in world.visitor(owner).get(PAGE).get_data(as_text=True)
    monkeypatch.setattr(seal, "make_timestamper", lambda sealer: chain().timestamper())
    with time_machine.travel(clock.now() + timedelta(minutes=10)):
        run_jobs(world)
    second = sealed_file(world, dossier.id)
    assert "Horodatage en attente" not in world.visitor(owner).get(PAGE).get_data(as_text=True)
    roots = chain().sealer().trust
    for data in (first, second):
        assert verification.verify_document(data, roots, today=clock.today()).status is Status.GENUINE
    with world.database.reading() as session:
        assert sorted(session.scalars(select(IssuedFile.timestamped).where(IssuedFile.act == Act.DECISION))) == [
            False,
            True,
        ]


def test_who_is_waited_for_can_be_relaunched_once_a_day(transmitted):
    world, owner, _, _ = transmitted
    team = world.visitor(owner)
    run_jobs(world)
    assert "Relancer Andrée Laurent" in team.get(PAGE).get_data(as_text=True)
    assert team.post(f"{PAGE}/relancer").status_code == 302
    assert team.post(f"{PAGE}/relancer").status_code == 409
    run_jobs(world)
    calls = [mail for mail in world.mails() if "autorite@exemple.test" in mail]
    assert len(calls) == 2  # the first call, and this one
    with time_machine.travel(clock.now() + timedelta(days=2)):
        assert world.visitor(owner).post(f"{PAGE}/relancer").status_code == 302
