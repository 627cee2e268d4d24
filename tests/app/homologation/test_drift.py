"""The drift since a decision: each change by what it costs, and people told once it matters."""

import dataclasses
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select, update

from app.analysis.study_models import SecurityProfile
from app.homologation import drift, drift_watch
from app.homologation.drift import count_steps, weigh_changes
from app.homologation.models import Decision, DriftNotice, SignedLoss
from app.identity.kinds import Role
from app.mitigations.models import LossPoint
from app.plan.services import note_losses
from app.platform import clock
from reports import dossier as content
from risk_models import assess, catalogue, product_file
from risk_models.ranking import assess as ranking
from risk_models.scales import SecurityLevel
from tests.factories.homologation import run_jobs
from tests.world import EXAMPLES

PAGE = "/produits/exemple/dossier/1/depuis"


@pytest.fixture
def watched(decided):
    world, owner, people, _ = decided
    lead = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.give(lead, Role.INCUBATOR_MEMBER, incubator_id=world.reload().incubators[0].id)
    return world, owner, people


def sweep(world) -> None:
    with world.app.test_request_context():
        note_losses(world.database)
        drift_watch.reweigh_decisions(world.database)
        drift_watch.watch_drift(world.database)
    run_jobs(world)


def open_a_door(world, owner, name="Grafana") -> None:
    new = {"name": name, "kind": "monitoring", "hosting": "iaas", "exposure": "internet", "version": "8.3.0"}
    team = world.visitor(owner)
    assert team.post("/produits/exemple/composants/nouveau", new).status_code == 302
    link = {"source": name.lower(), "kind": "administers", "target": "base"}
    assert team.post("/produits/exemple/liens", link).status_code == 302


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [(10, 10, 0), (10, 12.4, 0), (10, 12.5, 1), (10, 15, 2), (1, 1.9, 0), (1, 2, 1), (0, 5, 5), (10, 2, 0)],
)
def test_a_height_is_a_quarter_of_what_was_signed_and_a_point_at_least(then, now, expected):
    assert count_steps(then, now) == expected


def test_each_change_is_weighed_by_undoing_it():
    then = product_file.loads((EXAMPLES / "guichet.yaml").read_text())
    assert weigh_changes(then, then) == []
    risky = dataclasses.replace(then.components[0], version="0.0.1")
    fewer = tuple(m for m in then.measures if m.status.value != "done")
    now = dataclasses.replace(then, components=(risky, *then.components[1:]), measures=fewer)
    found = weigh_changes(then, now)
    assert {w.kind for w in found} == {"changed", "gone"}
    gone = next(w for w in found if w.kind == "gone")
    assert gone.loss >= 0  # a measure that is no longer there never lowers the risk
    assert assess(now).loss >= assess(then).loss - 1e-9


def test_the_page_says_what_each_change_costs_and_proposes_to_renew(watched):
    world, owner, _ = watched
    team = world.visitor(owner)
    assert "n’est plus vrai" not in team.get(PAGE).get_data(as_text=True)
    open_a_door(world, owner)
    page = team.get(PAGE).get_data(as_text=True)
    assert "Ce que chaque changement coûte" in page and "Grafana" in page and "+" in page


def test_people_are_told_once_and_again_only_when_it_grows(watched, monkeypatch):
    world, owner, _ = watched
    monkeypatch.setattr(drift, "LEAST", 0.01)
    monkeypatch.setattr(drift, "THRESHOLD", 0.001)
    sweep(world)
    assert not any("n’est plus comme" in mail for mail in world.mails())
    open_a_door(world, owner)
    with time_machine.travel(clock.now() + timedelta(days=1)):
        sweep(world)
        sweep(world)
    told = sorted(mail.partition(" | ")[0] for mail in world.mails() if "n’est plus comme" in mail)
    assert told == ["autorite@exemple.test", "camille@exemple.test", "incubateur@exemple.test"]
    with time_machine.travel(clock.now() + timedelta(days=2)):
        sweep(world)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(DriftNotice.id))) == 1


def test_a_level_raised_is_told_whatever_the_loss(watched):
    world, *_ = watched
    with world.database.writing() as session:
        session.execute(update(SecurityProfile).values(level=SecurityLevel.HIGH))
    sweep(world)
    assert any("niveau de sécurité a été relevé" in mail for mail in world.mails())


def test_what_was_put_back_and_raised_again_is_told_again(watched):
    world, *_ = watched

    def told_on(day: int, level: SecurityLevel) -> int:
        with world.database.writing() as session:
            session.execute(update(SecurityProfile).values(level=level))
        with time_machine.travel(clock.now() + timedelta(days=day)):
            sweep(world)
        return sum("niveau de sécurité a été relevé" in mail for mail in world.mails())

    with world.database.reading() as session:
        signed = SecurityLevel(session.scalar(select(SecurityProfile.level)))
    once = told_on(1, SecurityLevel.HIGH)
    assert once and told_on(2, SecurityLevel.HIGH) == once
    assert told_on(3, signed) == once
    assert told_on(4, SecurityLevel.HIGH) == 2 * once


@pytest.fixture
def heavier_model(monkeypatch):
    """From its call on, a later model under which everything weighs ten times more."""
    now = catalogue.model()
    later = dataclasses.replace(now, version="2099.1", weights=tuple(10 * w for w in now.weights))

    def bring() -> None:
        monkeypatch.setattr(catalogue, "model", lambda: later)
        for kept in (ranking.assess, ranking.assess_views):
            kept.cache_clear()

    yield bring
    for kept in (ranking.assess, ranking.assess_views):
        kept.cache_clear()


def test_a_new_model_is_no_drift(watched, heavier_model):
    """What was signed keeps its figures; both states are compared under today's model, and the page says so."""
    world, owner, _ = watched
    sweep(world)
    with world.database.reading() as session:
        signed = session.scalar(select(Decision.loss))
        assert session.execute(select(SignedLoss.model, SignedLoss.loss)).one() == (catalogue.model().version, signed)
    heavier_model()
    with time_machine.travel(clock.now() + timedelta(days=1)):
        with world.app.test_request_context():
            note_losses(world.database)
            drift_watch.watch_drift(world.database)  # before what was signed is weighed again
        sweep(world)
        page = world.visitor(owner).get(PAGE).get_data(as_text=True)
    assert not any("n’est plus comme" in mail for mail in world.mails())
    assert "comparés ici avec le modèle 2099.1" in page and "n’est plus vrai" not in page
    with world.database.reading() as session:
        weighed = session.execute(select(SignedLoss.model, SignedLoss.loss)).one()
        assert weighed == ("2099.1", pytest.approx(10 * signed))
        assert session.scalar(select(Decision.loss)) == signed
        assert session.scalars(select(LossPoint.model).order_by(LossPoint.day)).all()[-1] == "2099.1"


def test_a_drift_told_under_a_model_is_not_told_anew_under_the_next_but_what_grows_is(
    watched, heavier_model, monkeypatch
):
    world, owner, _ = watched
    monkeypatch.setattr(drift, "LEAST", 0.01)
    sweep(world)

    def told_on(day: int) -> int:
        with time_machine.travel(clock.now() + timedelta(days=day)):
            sweep(world)
            sweep(world)
        return sum("n’est plus comme" in mail for mail in world.mails())

    monkeypatch.setattr(drift, "THRESHOLD", 0.002)
    open_a_door(world, owner)
    once = told_on(1)
    with world.database.reading() as session:
        day = session.scalar(select(func.max(DriftNotice.noted_at)))
    monkeypatch.setattr(drift, "THRESHOLD", 0.0005)  # counted anew, the same drift is far higher
    heavier_model()
    assert once == 3 and told_on(2) == once
    with world.database.reading() as session:
        assert session.execute(select(DriftNotice.model, DriftNotice.noted_at)).one() == ("2099.1", day)
    open_a_door(world, owner, "Zabbix")
    assert told_on(3) == 2 * once


def test_a_content_that_cannot_be_read_keeps_no_other_waiting(watched, heavier_model, monkeypatch):
    world, *_ = watched
    heavier_model()
    monkeypatch.setattr(drift_watch.drift, "loss_signed", lambda frozen: {}["assessment"])
    with world.app.test_request_context():
        drift_watch.reweigh_decisions(world.database)
        drift_watch.watch_drift(world.database)
    with world.database.reading() as session:
        assert session.execute(select(SignedLoss.model, SignedLoss.loss)).one() == ("2099.1", None)


def test_what_was_noted_before_the_signature_is_no_drift(world):
    """The loss of the morning, before the product was made safer and signed, says nothing of the signed picture."""
    owner = world.person()
    product = world.filled(owner)
    people = world.cast(product)
    noon = (clock.now() + timedelta(days=1)).replace(hour=12)
    with time_machine.travel(noon - timedelta(hours=2), tick=True):
        sweep(world)
        with world.database.writing() as session:
            session.execute(update(LossPoint).values(loss=99.0))
    with time_machine.travel(noon, tick=True):
        world.decide(world.before_authority(owner, product, people), people["authority"])
        with world.app.test_request_context():
            drift_watch.watch_drift(world.database)
        with world.database.reading() as session:
            assert session.scalar(select(func.count(DriftNotice.id))) == 0
        sweep(world)
    with world.database.reading() as session:
        assert session.scalar(select(LossPoint.loss)) == pytest.approx(session.scalar(select(Decision.loss)), abs=0.01)
        assert session.scalar(select(func.count(DriftNotice.id))) == 0


def test_a_dossier_made_at_once_says_that_nothing_changed_since_its_analysis(world):
    owner = world.person()
    product = world.filled(owner)
    dossier = world.before_authority(owner, product, world.cast(product))
    frozen = content.loads(dossier.content)
    assert frozen.analysis.changes_since == 0
    assert "analysis_overtaken" not in {d.rule for d in frozen.doubts}
