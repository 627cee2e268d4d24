"""Every route, by each method, for each role, on its own product or incubator, on another's and on one that does not exist: who
comes in, as a person agreed with it (tests/data/doors.txt). What stands behind the doors is not run: 6,000 requests in a minute.

A cell has one letter where the address names neither a product nor an incubator, otherwise three: own, foreign, missing.
`i` comes in, `r` is refused as if there were nothing, `m` finds nothing, `s` is sent to sign in, `f` to give a second factor.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.identity.kinds import Role
from app.identity.policy import TABLE, Permission
from app.products.models import Incubator
from tests.conftest import on_sqlite
from tests.world import World

OPEN = {"health.alive", "health.ready", "static"}
ABOUT = {"/produits/<slug>": ("exemple", "voisin", "rien"), "/incubateurs/<slug>": ("dinum", "autre", "rien")}
COLUMNS = ("anonymous", "unproven", "nobody", *(role.value for role in Role))


@contextmanager
def nothing_behind(app) -> Iterator[None]:
    """Each view answers "in" in place of what it does, behind the same guards."""
    changed = []
    for endpoint, view in app.view_functions.items():
        if endpoint not in OPEN:
            cell = _innermost(view)
            changed.append((cell, cell.cell_contents))
            cell.cell_contents = lambda *_args, **_kwargs: "in"
    yield
    for cell, view in changed:
        cell.cell_contents = view


def _innermost(view: Callable[..., Any]) -> Any:
    """The place where the last guard of a view holds what it guards."""
    cell = None
    while view.__code__.co_name == "guarded":
        cell = dict(zip(view.__code__.co_freevars, view.__closure__ or (), strict=True))["view"]
        view = cell.cell_contents
    assert cell is not None, view
    return cell


@pytest.fixture
def visitors(world) -> dict[str, Any]:
    owner = world.person()
    product = world.product(owner)
    with world.database.writing() as session:
        session.add(Incubator(slug="autre", name="Autre incubateur"))
    world.product(world.person("voisine@exemple.test", "Voisine"), "Voisin", incubators=("autre",))
    people: dict[str, Any] = {"anonymous": world.visitor()}
    unproven = world.person("boite@exemple.test", "Boîte Seule")
    world.give(unproven, Role.ADMINISTRATOR)
    people["unproven"] = world.visitor(unproven, proved=False)
    people["nobody"] = world.visitor(world.person("etranger@exemple.test", "Quelqu’un"))
    for role in Role:
        person = world.person(f"{role.value}@exemple.test", role.value)
        scope = {} if role in {Role.ADMINISTRATOR, Role.AUDITOR} else {"product_id": product.id}
        scope = {"incubator_id": product.incubators[0].id} if role is Role.INCUBATOR_MEMBER else scope
        world.give(person, role, **scope)
        people[role.value] = world.visitor(person)
    return people


def cell(visitor, method: str, path: str, told: list[str]) -> str:
    told.clear()
    answer = visitor.client.open(path, method=method)
    if told:
        return "r"
    if answer.location:
        return "f" if answer.location.startswith("/compte/second-facteur/connexion") else "s"
    return {404: "m", 200: "i"}.get(answer.status_code, str(answer.status_code))


def lines_of(world: World, visitors: dict[str, Any], monkeypatch) -> Iterator[str]:
    told: list[str] = []
    monkeypatch.setattr("app.identity.access.note_security", lambda event, **_: told.append(event))
    world.app.config["WTF_CSRF_ENABLED"] = False
    rules = sorted(
        (rule for rule in world.app.url_map.iter_rules() if rule.endpoint not in OPEN), key=lambda rule: rule.rule
    )
    with nothing_behind(world.app):
        for rule in rules:
            slugs = next((s for start, s in ABOUT.items() if rule.rule.startswith(start)), ("x",))
            for method in sorted(rule.methods & {"GET", "POST"}):
                cells = []
                for name in COLUMNS:
                    paths = [re.sub(r"<(?:[^<>]*:)?(\w+)>", lambda m, s=s: _given(m[1], s), rule.rule) for s in slugs]
                    cells.append("".join(cell(visitors[name], method, path, told) for path in paths))
                yield f"{method} {rule.rule} {' '.join(cells)}"


def _given(argument: str, slug: str) -> str:
    return {"slug": slug, "number": "1"}.get(argument, "x")


@on_sqlite
def test_who_comes_in_where_is_as_agreed(world, visitors, monkeypatch):
    lines = sorted(lines_of(world, visitors, monkeypatch), key=lambda line: line.split(" ")[1::-1])
    golden = world.app.config["ROOT"] / "tests" / "data" / "doors.txt"
    found = [f"# {' '.join(COLUMNS)}", *lines]
    assert found == golden.read_text().splitlines(), "\n".join(found)
    check_against_table(world, lines)


def check_against_table(world, lines: list[str]) -> None:
    """On its own product or incubator a role comes in where the table of permissions says, and there alone."""
    permissions = {
        (method, rule.rule): world.app.view_functions[rule.endpoint].permission
        for rule in world.app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.endpoint not in OPEN
    }
    for line in lines:
        method, rule, *cells = line.split(" ")
        permission = permissions[method, rule]
        if permission in {Permission.ANYONE, Permission.SIGNED_IN} or not rule.startswith(tuple(ABOUT)):
            continue
        by_role = dict(zip(COLUMNS, cells, strict=True))
        for role in Role:
            if rule.startswith("/incubateurs") and role in {Role.TEAM_MEMBER, Role.REVIEWER, Role.AUTHORITY}:
                assert "i" not in by_role[role.value], line
                continue
            assert (by_role[role.value][0] == "i") is (role in TABLE[permission]), line
            everywhere = role in {Role.ADMINISTRATOR, Role.AUDITOR}
            assert (by_role[role.value][1] == "i") is (everywhere and role in TABLE[permission]), line
            assert by_role[role.value][2] != "i", line
        assert "i" not in by_role["anonymous"] + by_role["unproven"] + by_role["nobody"], line
