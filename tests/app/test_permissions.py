"""A sweep over every route: each states its permission, a post needs its token. Who comes in where: test_doors.py."""

import re

import pytest

from app.factory import create_app
from app.identity.kinds import Role
from app.identity.policy import TABLE
from app.platform import settings

# Answered before any session: the process itself, and files.
OPEN = {"health.alive", "health.ready", "static"}
FILL = {"slug": "exemple", "ref": "x", "number": "1", "secret": "x"}


def _rules(app):
    return [r for r in app.url_map.iter_rules() if r.endpoint not in OPEN]


def _address(rule) -> str:
    path = rule.rule
    for argument in rule.arguments:
        path = re.sub(rf"<([^<>]*:)?{argument}>", FILL.get(argument, "x"), path)
    return path


def test_every_route_states_its_permission(app):
    unstated = [r.endpoint for r in _rules(app) if not hasattr(app.view_functions[r.endpoint], "permission")]
    assert unstated == []


def test_no_route_vanishes_unnoticed(app):
    """The list a person agreed with; a change of address breaks bookmarks and mails already sent."""
    found = sorted(f"{','.join(sorted(r.methods - {'HEAD', 'OPTIONS'}))} {r.rule}" for r in _rules(app))
    golden = (app.config["ROOT"] / "tests" / "data" / "routes.txt").read_text().splitlines()
    assert found == golden


def test_a_post_without_its_token_is_refused_everywhere(world):
    team = world.visitor(world.person())
    world.product()
    for rule in _rules(world.app):
        if "POST" in rule.methods:
            assert team.client.post(_address(rule)).status_code == 400, rule.rule


# What each role may do on a product that its grant covers: a person should agree with this matrix.
MATRIX = {
    Role.TEAM_MEMBER: {"read", "edit", "compose", "journal"},
    Role.REVIEWER: {"read"},
    Role.AUTHORITY: {"read"},
    Role.INCUBATOR_MEMBER: {"read", "edit", "journal"},
    Role.ADMINISTRATOR: {"read", "edit", "compose", "journal"},
    Role.AUDITOR: {"read", "journal"},
}
DOORS = {
    "read": "/produits/exemple",
    "edit": "/produits/exemple/composants/nouveau",
    "compose": "/produits/exemple/dossier/1/composer",
    "journal": "/produits/exemple/journal",
}


@pytest.mark.parametrize("role", list(Role))
def test_each_role_opens_its_doors_and_no_other(world, role):
    owner = world.person()
    product = world.filled(owner)
    people = world.cast(product)
    world.before_authority(owner, product, people)
    person = world.person("role@exemple.test", "Rôle")
    scope = {} if role in {Role.ADMINISTRATOR, Role.AUDITOR} else {"product_id": product.id}
    if role is Role.INCUBATOR_MEMBER:
        scope = {"incubator_id": product.incubators[0].id}
    world.give(person, role, **scope)
    visitor = world.visitor(person)
    opened = {door for door, path in DOORS.items() if visitor.get(path).status_code in {200, 302}}
    assert opened == MATRIX[role]


def test_every_permission_of_the_table_is_used(app):
    used = {app.view_functions[r.endpoint].permission for r in _rules(app)}
    assert set(TABLE) <= used


def test_an_application_without_secret_does_not_start_in_production(tmp_path):
    environment = {"JALON_ENV": "production", "JALON_INSTANCE": str(tmp_path), "PORT": "80"}
    with pytest.raises(settings.InvalidSettings) as error:
        create_app(settings.load_settings(environment))
    assert {line.split(":")[0] for line in str(error.value).splitlines()} == {
        "JALON_SECRET_KEY",
        "JALON_BASE_URL",
        "JALON_MAIL",
        "JALON_SEAL_CERTIFICATE",
    }


def test_each_wrong_setting_has_its_message(tmp_path):
    wrong = {
        "JALON_ENV": "development",
        "JALON_INSTANCE": str(tmp_path),
        "DATABASE_URL": "mysql://x",
        "JOBS": "amqp://x",
        "JALON_MAIL": "pigeon://x",
        "JALON_JOB_LEASE": "soon",
        "JALON_STATE_SITE": "oui",
        "JALON_SECRET_KEY": "short",
        "JALON_SEAL_CERTIFICATE": str(tmp_path / "nowhere.pem"),
        "JALON_SEAL_KEY": str(tmp_path / "nowhere.key"),
        "JALON_SEAL_LEVEL": "B-Z",
    }
    with pytest.raises(settings.InvalidSettings) as error:
        settings.load_settings(wrong)
    assert {line.split(":")[0] for line in str(error.value).splitlines()} == set(wrong) - {
        "JALON_INSTANCE",
        "JALON_ENV",
    }
