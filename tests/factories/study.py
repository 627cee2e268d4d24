"""The guided analysis, as a team fills it."""

import re

from sqlalchemy import select

from app.analysis import guide
from app.analysis.study_models import SecurityProfile
from app.identity.kinds import Role
from app.journal.models import JournalEntry

ANSWERS = {"data": "3", "volume": "2", "outage": "1", "audience": "2", "openness": "4"}

BASE = "/produits/exemple/demarche"


def text(answer) -> str:
    return answer.get_data(as_text=True)


def revision(page: str) -> str:
    found = re.search(r'name="revision"[^>]*value="(\d*)"', page)
    return found[1] if found else ""


def colleague(world, role=Role.TEAM_MEMBER, email="sacha@exemple.test", name="Sacha Bernard"):
    person = world.person(email, name)
    world.give(person, role, product_id=world.reload().id)
    return world.visitor(person)


def answered(team, **changes):
    """Saves answers, and confirms where the level changes."""
    page = text(team.get(f"{BASE}/niveau"))
    saved = {**ANSWERS, **changes, "revision": revision(page)}
    answer = team.post(f"{BASE}/niveau", saved)
    if asked := re.search(r'name="confirmed" value="(\d)"', text(answer)):
        answer = team.post(f"{BASE}/niveau", saved | {"confirmed": asked[1]})
    assert answer.status_code == 302


def level(world):
    with world.session(writing=False) as session:
        return guide.level_of_profile(session.get(SecurityProfile, world.reload().id))


def finish(world, team):
    """Declares the analysis done once what it needs is there: a level, and a decision on each strong risk."""
    if level(world) is None:
        answered(team)
    for key in re.findall(rf'href="{BASE}/registre/([\w:.-]+)"', text(team.get(f"{BASE}/registre"))):
        page = text(team.get(f"{BASE}/registre/{key}"))
        form = {"treatment": "reduce", "note": "Par le plan d’action", "revision": revision(page)}
        assert team.post(f"{BASE}/registre/{key}", form).status_code == 302
    return team.post("/produits/exemple/analyse-terminee")


def journal(world, action: str):
    with world.session(writing=False) as session:
        return session.scalars(
            select(JournalEntry).where(JournalEntry.action == action).order_by(JournalEntry.at)
        ).all()
