"""What one file of a repository says of another: includes and extensions of compose files, Renovate within package.json."""

import pytest

from risk_models.draft import draft_product
from risk_models.draft.tree import from_folder
from tests.conftest import REAL_DATA
from tests.factories.repositories import files, names

REPORTS = REAL_DATA / "field-reports"

COMPOSE = """
include:
  - infra/donnees.yaml
  - path: [infra/absent.yaml]
  - oci://registre.exemple.test/autre
services:
  web:
    build: .
    environment: {SENTRY_DSN: x}
    depends_on: [db, personne]
  taches:
    extends: {service: web}
    command: celery -A app worker
  cercle: {extends: cercle, image: "a:1"}
  ailleurs: {extends: {file: infra/plus.yaml, service: base}}
"""
DATA = """
services:
  db: {image: "docker.io/library/postgres:16.4@sha256:11"}
"""


def test_what_a_compose_file_includes_is_read_and_the_rest_is_told():
    found = files(
        {"compose.yaml": COMPOSE, "infra/donnees.yaml": DATA, "infra/plus.yaml": "a: [", "Dockerfile": "FROM x\n"}
    )
    assert "PostgreSQL" in names(found)
    assert next(c.version for c in found.system.components if c.name == "PostgreSQL") == "16.4"
    said = dict(found.skipped)
    assert said["infra/absent.yaml"] == "not_followed" and said["compose.yaml"] == "not_followed"
    assert said["infra/plus.yaml:1"] == "broken"
    assert [path for path, why in found.skipped if why == "depends_on_nobody"] == ["compose.yaml:7 (personne)"]


def test_a_service_that_extends_one_of_another_file_is_one():
    found = files(
        {
            "compose.yaml": "services: {app: {extends: {file: deploy/base.yml, service: base}, depends_on: [db]}, db: {image: postgres}}",
            "deploy/base.yml": "services: {base: {image: ghcr.io/acme/app:1.0, build: ..}}",
            "Dockerfile": "FROM python:3.12\n",
            "requirements.txt": "django==5.0\n",
        }
    )
    assert names(found) == {"Application Django", "PostgreSQL"}
    assert not [why for _, why in found.skipped if why == "depends_on_nobody"]


def test_what_rents_files_keeps_them_up_to_date():
    found = files({".env.example": "S3_BUCKET=\nS3_SECRET_KEY=\n", "Procfile": "web: x\n"})
    assert [c.patched_by for c in found.system.components if c.name == "S3"] == ["publisher"]


MAVEN, NPM = "<project><artifactId>a</artifactId></project>", '{"name": "a", "dependencies": {"express": "1"}}'
DEPENDABOT = {
    "all is ignored": ("{package-ecosystem: npm, directory: /, ignore: [{dependency-name: '*'}]}", None),
    "none is proposed": ("{package-ecosystem: npm, directory: /, open-pull-requests-limit: 0}", None),
    "another ecosystem": ("{package-ecosystem: maven, directory: /}", None),
    "another folder": ("{package-ecosystem: npm, directory: /ailleurs}", None),
    "some are ignored": ("{package-ecosystem: npm, directory: /, ignore: [{dependency-name: a}]}", "likely"),
    "its major versions are ignored": (
        "{package-ecosystem: npm, directory: /, ignore: [{dependency-name: '*', update-types: [x]}]}",
        "likely",
    ),
    "by pattern": ("{package-ecosystem: npm, directories: ['**/*', /]}", "sure"),
    "all": ("{package-ecosystem: npm, directory: /}", "sure"),
}


@pytest.mark.parametrize("kind", DEPENDABOT)
def test_dependabot_is_there_where_it_looks(kind):
    entry, confidence = DEPENDABOT[kind]
    told = f"version: 2\nupdates: [{entry}]\n"
    found = files({".github/dependabot.yml": told, "package.json": NPM, "Procfile": "web: node x\n"})
    measures = {m.measure: dict(m.extra)["x-confidence"].strip('"') for m in found.system.measures}
    assert measures.get("dependabot") == confidence


def test_dependabot_is_not_said_of_what_it_does_not_look_at():
    told = "version: 2\nupdates: [{package-ecosystem: npm, directory: /}]\n"
    texts = {".github/dependabot.yml": told, "package.json": NPM, "autre/package.json": NPM.replace("express", "koa")}
    (updated,) = (m.on for m in files(texts).system.measures if m.measure == "dependabot")
    assert len(updated) == 1
    lock = '{"lockfileVersion": 3, "packages": {"": {}, "node_modules/koa": {"version": "2.0.0"}}}'
    workspaces = files({**texts, "package-lock.json": lock})
    (updated,) = (m.on for m in workspaces.system.measures if m.measure == "dependabot")
    assert len(updated) == 2


def test_each_document_of_a_compose_file_adds_to_those_before():
    told = "services: {db: {image: 'postgres:13'}}\n---\nservices: {mongo: {image: 'mongo:4'}}\n"
    assert {"PostgreSQL", "MongoDB"} <= names(files({"compose.yaml": told}))


def test_what_extends_a_service_that_extends_another_is_followed():
    found = files(
        {
            "compose.yaml": "services: {db: {extends: {file: compose.a.yaml, service: pg}}, cache: {image: 'redis:7'}}",
            "compose.a.yaml": "services: {pg: {extends: {file: compose.b.yaml, service: pg0}}}",
            "compose.b.yaml": "services: {pg0: {image: 'postgres:13'}}",
        }
    )
    assert {"PostgreSQL", "Redis"} <= names(found)
    round_ = files(
        {
            "compose.yaml": "services: {db: {extends: {file: compose.a.yaml, service: pg}}, cache: {image: 'redis:7'}}",
            "compose.a.yaml": "services: {pg: {extends: {file: compose.yaml, service: db}}}",
        }
    )
    assert "Redis" in names(round_)


def test_nothing_that_no_file_includes_is_read():
    found = files({"compose.yaml": "services: {web: {build: .}}", "infra/donnees.yaml": DATA, "Dockerfile": "FROM x\n"})
    assert "PostgreSQL" not in names(found)


RENOVATE = {
    "a rule for one package": (
        "renovate.json",
        '{"packageRules": [{"matchPackageNames": ["a"], "enabled": false}]}',
        True,
    ),
    "off": ("renovate.json", '{"enabled": false}', False),
    "off, as JSON5 writes it": ("renovate.json5", "{\n  // rien\n  enabled: false,\n}", False),
    "on, as JSON5 writes it": ("renovate.json5", "{\n  extends: ['config:recommended'],\n}", True),
    "within package.json": ("package.json", '{"name": "a", "renovate": {"extends": []}}', True),
    "off within package.json": ("package.json", '{"name": "a", "renovate": {"enabled": false}}', False),
    "nowhere": ("package.json", '{"name": "a"}', False),
    "off by a preset": ("renovate.json", '{"extends": ["config:base", ":disableRenovate"]}', False),
    "for actions alone": ("renovate.json", '{"enabledManagers": ["github-actions"]}', False),
    "nowhere that counts": ("renovate.json", '{"ignorePaths": ["**"]}', False),
    "somewhere": ("renovate.json", '{"includePaths": ["docs/**"]}', False),
    "a rule for all": ("renovate.json", '{"packageRules": [{"matchPackageNames": ["*"], "enabled": false}]}', False),
    "a rule for one manager": (
        "renovate.json",
        '{"packageRules": [{"matchManagers": ["pip_requirements"], "enabled": false}]}',
        False,
    ),
    "a manager": ("renovate.json", '{"pip_requirements": {"enabled": false}}', False),
    "a rule for major versions": (
        "renovate.json",
        '{"packageRules": [{"matchUpdateTypes": ["major"], "enabled": false}]}',
        True,
    ),
    "no maintenance of locks": ("renovate.json", '{"lockFileMaintenance": {"enabled": false}}', True),
}


@pytest.mark.parametrize("kind", RENOVATE)
def test_renovate_is_there_where_it_looks(kind):
    name, text, there = RENOVATE[kind]
    found = files({name: text, "Procfile": "web: x\n"})
    assert ("dependabot" in {m.measure for m in found.system.measures}) is there


@pytest.mark.skipif(not REPORTS.is_dir(), reason="the folder of real data is not beside this checkout")
def test_the_repositories_of_reports_are_read():
    measures = {m.measure for m in draft_product(from_folder(REPORTS / "18-renovate")).system.measures}
    assert "dependabot" in measures
    measures = {m.measure for m in draft_product(from_folder(REPORTS / "18-renovate-pkg")).system.measures}
    assert "dependabot" in measures
    for folder, stores in (
        ("24-compose-include", {"PostgreSQL"}),
        ("10-compose", {"PostgreSQL", "Meilisearch"}),
        ("10-compose-flow", {"PostgreSQL", "Redis"}),
    ):
        found = draft_product(from_folder(REPORTS / folder))
        assert stores <= names(found), folder
        assert not [path for path, why in found.skipped if why == "broken"], folder
