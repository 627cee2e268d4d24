"""The security level: tried, saved, raised, put back, lowered with a reason and a reviewer."""

import re

import pytest

from app.analysis import study
from app.analysis.study_models import SecurityProfile
from app.identity.kinds import Role
from risk_models.scales import SecurityLevel
from tests.factories.study import ANSWERS, BASE, answered, colleague, finish, journal, level, text


def test_five_answers_give_a_level_and_say_what_each_one_changes(world, team):
    assert team.post(f"{BASE}/niveau", ANSWERS).status_code == 302
    page = text(team.get(f"{BASE}/niveau"))
    assert "Niveau : modéré" in page
    assert "Démarche élaborée" in page
    assert re.search(r"Sensibles<span[^>]*>[^<]*<strong>→ niveau important", page)
    missing = text(team.post(f"{BASE}/niveau", {**ANSWERS, "data": ""}))
    assert "Choisissez une réponse" in missing
    assert "Choisissez une des réponses" in text(team.post(f"{BASE}/niveau", {**ANSWERS, "data": "9"}))


def test_raising_the_level_is_free_and_lowering_it_needs_a_reason_and_a_reviewer(world, team):
    assert team.post(f"{BASE}/niveau/retenu", {"level": "3"}).status_code == 409  # the five questions come first
    answered(team)
    team.submits(f"{BASE}/niveau", f"{BASE}/niveau/retenu", {"level": "3"})
    assert level(world) is SecurityLevel.HIGH
    answered(team)  # the same answers again: what was raised stays
    assert level(world) is SecurityLevel.HIGH
    for lower in ("1", "2"):
        assert "Dites pourquoi un niveau plus bas suffit" in text(
            team.submits(f"{BASE}/niveau", f"{BASE}/niveau/retenu", {"level": lower})
        )
    team.submits(
        f"{BASE}/niveau", f"{BASE}/niveau/retenu", {"level": "1", "why": "Aucune donnée n’est gardée plus d’un jour"}
    )
    assert level(world) is SecurityLevel.HIGH  # until somebody agrees
    assert team.post(f"{BASE}/niveau/accord", {"wanted": "1"}).status_code == 404
    reviewer = colleague(world, Role.REVIEWER, "rssi@exemple.test", "Dominique Leroy")
    assert "plus d’un jour" in text(reviewer.get("/")) and "plus d’un jour" in text(reviewer.get(f"{BASE}/niveau"))
    shown = re.search(
        r'name="wanted" value="1">\s*<input type="hidden" name="revision" value="(\d+)"',
        text(reviewer.get(f"{BASE}/niveau")),
    )[1]
    assert reviewer.post(f"{BASE}/niveau/accord", {"wanted": "2", "revision": shown}).status_code == 409
    team.submits(f"{BASE}/niveau", f"{BASE}/niveau/retenu", {"level": "1", "why": "Une autre raison"})
    assert (
        reviewer.post(f"{BASE}/niveau/accord", {"wanted": "1", "revision": shown}).status_code == 409
    )  # not what was read
    shown = re.search(r'name="revision" value="(\d+)"', text(reviewer.get(f"{BASE}/niveau")).split('name="wanted"')[1])[
        1
    ]
    assert reviewer.post(f"{BASE}/niveau/accord", {"wanted": "1", "revision": shown}).status_code == 302
    assert level(world) is SecurityLevel.BASIC
    assert reviewer.post(f"{BASE}/niveau", ANSWERS).status_code == 404
    answered(team, data="4")
    assert level(world) is SecurityLevel.HIGH  # graver answers raise it by themselves
    assert [e.details["before"] for e in journal(world, "want_level")] == ["MODERATE", "HIGH", "HIGH"]


def test_trying_answers_shows_the_level_and_saves_nothing(world, team):
    answered(team)
    finish(world, team)
    page = text(team.post(f"{BASE}/niveau", {**ANSWERS, "data": "4", "revision": "1", "try": "1"}))
    assert "le niveau serait « important »" in page and "Rien n’est enregistré" in page
    assert re.search(r'name="data" value="4" checked', page)
    assert level(world) is SecurityLevel.MODERATE
    assert len(journal(world, "security_needs")) == 1


def test_saving_asks_before_it_changes_the_level(world, team):
    answered(team)
    risen = {**ANSWERS, "data": "4", "revision": "1"}
    assert "Enregistrer et passer à « important »" in text(team.post(f"{BASE}/niveau", risen))
    assert "passer à « important »" in text(team.post(f"{BASE}/niveau", risen | {"confirmed": "1"}))  # another level
    assert level(world) is SecurityLevel.MODERATE
    assert team.post(f"{BASE}/niveau", risen | {"confirmed": "3"}).status_code == 302
    assert level(world) is SecurityLevel.HIGH


@pytest.mark.parametrize("raised_by", ["answers", "choice"])
def test_who_raised_the_level_puts_it_back_until_a_decision_leans_on_it(world, team, raised_by):
    answered(team)
    finish(world, team)
    if raised_by == "answers":
        answered(team, data="4")
    else:
        team.submits(f"{BASE}/niveau", f"{BASE}/niveau/retenu", {"level": "3", "why": "Par prudence"})
    other = colleague(world, Role.TEAM_MEMBER, "zoe@exemple.test", "Zoé Petit")
    assert "Remettre « modéré »" not in text(other.get(f"{BASE}/niveau"))
    assert other.post(f"{BASE}/niveau/remettre").status_code == 409
    assert "Remettre « modéré »" in text(team.get(f"{BASE}/niveau"))
    assert team.submits(f"{BASE}/niveau", f"{BASE}/niveau/remettre").status_code == 302
    page = text(team.get(f"{BASE}/niveau"))
    assert level(world) is SecurityLevel.MODERATE and "Par prudence" not in page
    assert re.search(rf'name="data" value="{ANSWERS["data"]}" checked', page)
    assert team.post(f"{BASE}/niveau/remettre").status_code == 409
    answered(team, data="4")
    with world.database.writing() as session:
        study.level_decided_on(session, world.reload().id)
    assert team.post(f"{BASE}/niveau/remettre").status_code == 409


@pytest.mark.parametrize("action", ["retenu", "remettre"])
def test_a_level_is_not_changed_over_what_a_colleague_answered_meanwhile(world, team, action):
    answered(team)
    finish(world, team)
    answered(team, data="4")
    shown = re.search(r'name="revision" value="(\d+)"', text(team.get(f"{BASE}/niveau")))[1]
    colleague(world, Role.TEAM_MEMBER, "zoe@exemple.test", "Zoé Petit").edit(
        f"{BASE}/niveau", ANSWERS | {"volume": "3", "data": "4"}
    )
    answer = team.post(f"{BASE}/niveau/{action}", {"level": "3", "why": "Par prudence", "revision": shown})
    assert "rien n’est écrasé" in text(answer)
    page = text(team.get(f"{BASE}/niveau"))
    assert re.search(r'name="volume" value="3" checked', page) and "Par prudence" not in page


def test_the_answers_that_raised_the_level_lower_it_again(world, team):
    answered(team)
    finish(world, team)
    answered(team, data="4")
    answered(team)
    assert level(world) is SecurityLevel.MODERATE
    answered(team, openness="1", data="1")
    assert level(world) is SecurityLevel.MODERATE  # no lower than it was


def test_lighter_answers_lower_the_level_only_while_no_analysis_rests_on_it(world, team):
    answered(team, data="4")
    answered(team)
    assert level(world) is SecurityLevel.MODERATE
    finish(world, team)
    answered(team, openness="1", data="1")
    assert level(world) is SecurityLevel.MODERATE
    assert "demandez-le ci-dessous avec une raison" in text(team.get(f"{BASE}/niveau"))


def test_nobody_agrees_with_their_own_request(world, team):
    team.post(f"{BASE}/niveau", ANSWERS)
    with world.database.writing() as session:
        product = world.reload()
        row = session.get(SecurityProfile, product.id)
        row.level, row.wanted, row.why, row.wanted_by = 2, 1, "x", "Dominique Leroy"
    reviewer = colleague(world, Role.REVIEWER, "rssi@exemple.test", "Dominique Leroy")
    assert reviewer.post(f"{BASE}/niveau/accord", {"wanted": "1", "revision": "1"}).status_code == 409
