"""What a repository says of its product: found, merged, set aside, bounded; no value of a variable is ever kept."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_models import product_file
from risk_models.catalogue.reading import read_yaml
from risk_models.draft import UnreadableTree, draft_product
from risk_models.draft.environment import looks_secret
from risk_models.draft.knowledge import read_signs
from risk_models.draft.tree import from_folder
from risk_models.scales import ComponentKind, LinkKind
from tests.conftest import REAL_DATA
from tests.factories.repositories import COMPOSE, SECRET, files, names


def confidence(found, name: str) -> str:
    component = next(c for c in found.system.components if c.name == name)
    return json.loads(dict(component.extra)["x-confidence"])


def sources(thing) -> list[str]:
    return json.loads(dict(thing.extra)["x-sources"])


EXPECTED = {
    "rdv-service-public": (
        "Application Rails|Tâches de fond (GoodJob)|PostgreSQL|Redis|Scalingo|Brevo|Service SMTP|Service SMS|FranceConnect"
        "|ProConnect|InclusionConnect|GitHub|Microsoft Graph|ANTS (API)|Visioplainte (API)|RDV Insertion (API)|Sentry|Skylight",
        {"rate_limiting"},
    ),
    "espace-membre-next": (
        "Application Next.js|Tâches de fond (pg-boss)|PostgreSQL|Scalingo|Service SMTP|Brevo|Dimail (API)|ProConnect|GitHub"
        "|Airtable|Tchap|Grist|Crisp|Sentry|Matomo|S3",
        {"dependabot", "codeql"},
    ),
    "ma-cantine": (
        "Application Django|Tâches de fond (Celery)|Interface Vue (frontend)|Interface Vue (2024-frontend)|PostgreSQL|Redis"
        "|Entrepôt de données|Clever Cloud|S3|Brevo|ProConnect|Matomo|Sentry",
        {"dependabot", "codeql"},
    ),
}


GEMS = "GEM\n  remote: https://rubygems.org/\n  specs:\n    rails (7.1.2)\n"


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the folder of real data is not beside this checkout")
def test_real_repositories_give_what_a_person_finds(name):
    start = time.perf_counter()
    found = draft_product(from_folder(REAL_DATA / "repositories" / name))
    listed, measures = EXPECTED[name]
    wanted = set(listed.split("|"))
    assert wanted <= names(found)
    # What else is there is true too: the forge, its pipelines and the packages, which the person took for granted.
    assert names(found) - wanted <= {"GitHub", "GitHub Actions", "Gems Ruby", "Paquets npm", "Paquets Python"}
    assert measures <= {m.measure for m in found.system.measures}
    assert not any("mail" in c.id and "dev" in c.id for c in found.system.components)
    assert time.perf_counter() - start < 20


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the folder of real data is not beside this checkout")
def test_exact_versions_come_from_lock_files():
    found = draft_product(from_folder(REAL_DATA / "repositories" / "rdv-service-public"))
    web = found.system.components[0]
    assert web.purl == f"pkg:gem/rails@{web.version}"
    assert web.version.startswith("7.1.")


def test_every_sign_can_be_read_and_they_are_many():
    known = read_signs()
    raw = read_yaml("signs.yaml")
    keys = ("variables", "images", "packages", "addons", "resources")
    assert sum(len(row.get(key, ())) for row in raw["components"] for key in keys) >= 150
    for what, text, name in (
        ("variables", "SENTRY_DNS", "Sentry"),
        ("variables", "SIB_API_KEY", "Brevo"),
        ("variables", "MONCOMPTEPRO_SECRET", "ProConnect"),
        ("variables", "CELLAR_ADDON_HOST", "S3"),
        ("images", "metabase/metabase", "Metabase"),
        ("packages", "npm:@aws-sdk/client-s3", "S3"),
        ("packages", "npm:@sentry/nextjs", "Sentry"),
    ):
        assert known.of(what, text).name == name


def test_a_compose_file_gives_stores_and_sets_development_aside():
    found = files(
        {"docker-compose.yml": COMPOSE, ".env.example": "S3_BUCKET=\nMAISON=\n", "Dockerfile": "FROM node:22\n"}
    )
    assert names(found) == {"Application", "PostgreSQL", "Metabase", "S3", "calcul"}
    versions = {c.name: c.version for c in found.system.components}
    assert (versions["PostgreSQL"], versions["Metabase"]) == ("15.4", "0.48.1")
    assert {(a.name, a.why) for a in found.aside} == {
        ("courriels", "development_image"),
        ("e2e-tests", "development_service"),
        ("MinIO", "stands_for_s3"),
    }
    assert (confidence(found, "calcul"), confidence(found, "PostgreSQL")) == ("guess", "likely")
    links = {(k.source, k.target, k.kind) for k in found.system.links}
    assert ("metabase", "postgresql", LinkKind.READS) in links
    assert ("web", "postgresql", LinkKind.WRITES) in links
    assert sources(next(c for c in found.system.components if c.name == "PostgreSQL")) == ["docker-compose.yml:6"]


def test_one_database_whatever_speaks_of_it():
    found = files(
        {
            "compose.yaml": "services:\n  db: {image: 'postgres:16'}\n",
            "scalingo.json": '{"addons": ["postgresql:postgresql-starter-512"]}',
            ".env.sample": "DATABASE_URL=postgres://u:p@h/d\nPOSTGRES_PASSWORD=\n",
            "package.json": '{"dependencies": {"pg": "^8.0.0", "express": "4.21.0"}}',
        }
    )
    databases = [c for c in found.system.components if c.kind.value == "database"]
    assert [(d.name, d.hosting.value, d.version) for d in databases] == [("PostgreSQL", "paas", "16")]
    assert confidence(found, "PostgreSQL") == "sure"
    assert len(sources(databases[0])) == 5


def test_an_unknown_prefix_with_address_and_key_is_a_guess_never_dropped():
    found = files(
        {
            ".env.example": "TRUC_API_URL=\nTRUC_API_TOKEN=\nSEUL_URL=\nSESSION_SECRET=\nAUTRE_CHOSE_API_KEY=\n",
            "Procfile": "web: x\n",
        }
    )
    guesses = {c.name for c in found.system.components if confidence(found, c.name) == "guess"}
    assert (
        guesses == {"TRUC (API)", "AUTRE CHOSE (API)"}
        or guesses == {"TRUC (API)", "AUTRE Chose (API)"}
        or {g.upper() for g in guesses} == {"TRUC (API)", "AUTRE CHOSE (API)"}
    )


MANIFESTS = {
    "k8s/app.yaml": "apiVersion: apps/v1\nkind: Deployment\nspec:\n  containers:\n  - image: {{ .Values.image }}\n  - image: redis:7.2\n    env:\n    - name: BREVO_API_KEY\n",
    "infra/main.tf": 'resource "scaleway_rdb_instance" "db" {\n}\nresource "scaleway_object_bucket" "b" {\n}\n',
    "composer.json": '{"require": {"symfony/framework-bundle": "^7.0"}, "require-dev": {"sentry/sentry-symfony": "5"}}',
    "composer.lock": '{"packages": [{"name": "symfony/framework-bundle", "version": "v7.1.2"}]}',
    ".gitlab-ci.yml": "deploy:\n  script: [helm upgrade app ./chart]\n",
    "SECURITY.md": "Écrivez-nous",
    "sonar-project.properties": "sonar.projectKey=x",
    "renovate.json": "{}",
}


def test_manifests_terraform_and_gitlab_are_read():
    found = files(MANIFESTS)
    assert {"Application Symfony", "Redis", "PostgreSQL", "S3", "Kubernetes", "Brevo", "GitLab", "GitLab CI"} <= names(
        found
    )
    assert "Sentry" not in names(found)  # wanted by development only
    assert found.system.components[0].version == "v7.1.2"
    links = {(k.source, k.target, k.kind) for k in found.system.links}
    assert ("gitlab-ci", "web", LinkKind.DEPLOYS) in links
    assert {m.measure for m in found.system.measures} == {"dependabot", "codeql", "disclosure_policy"}


def test_an_image_says_its_name_and_version_and_nothing_of_its_registry():
    found = files(
        {
            "k8s/a.yaml": f"image: https://bob:{SECRET}@reg.example/jeu/outil:1.2-alpine\n",
            "charts/values.yaml": "redis:\n  image:\n    repository: bitnami/redis\n    pullPolicy: Always\n    tag: 7.0.4\n",
            "compose.yaml": "services:\n  f:\n    image: ${IMAGE:-quay.io/keycloak/keycloak:26.1.0}\n",
            "Procfile": "web: x\n",
        }
    )
    assert {(c.name, c.version) for c in found.system.components} >= {
        ("outil", "1.2"),
        ("Redis", "7.0.4"),
        ("Keycloak", "26.1.0"),
    }
    assert SECRET not in product_file.dumps(found.with_notes())


def test_variables_of_any_database_do_not_make_another_one():
    found = files(
        {
            "package.json": '{"dependencies": {"express": "4", "mysql2": "3"}}',
            ".env.example": "DB_HOST=\nDB_PORT=3306\n# STRIPE_SECRET_KEY: removed in 2022\n",
            "docker-compose.yml": "services:\n  db:\n    image: mysql:8.0.36\n",
        }
    )
    assert names(found) == {"Application Express", "MySQL"}
    mysql = next(c for c in found.system.components if c.name == "MySQL")
    assert (mysql.version, mysql.eol.cycle) == ("8.0.36", "8.0")


def test_who_uses_what_is_told_by_folders_and_by_compose():
    found = files(
        {
            "packages/api/package.json": '{"dependencies": {"express": "4"}}',
            "packages/app/package.json": '{"dependencies": {"next": "14"}}',
            "packages/app/.env.example": "BREVO_API_KEY=\nEGAPRO_PROCONNECT_CLIENT_ID=\n",
            "docker-compose.yml": "services:\n  site:\n    build: packages/app\n    depends_on: [db]\n  db:\n    image: postgres:15\n"
            "  warehouse:\n    image: postgis/postgis:15\n",
            "docker-compose.prod.yml": "services:\n  site:\n    image: ghcr.io/jeu/site:1\n",
        }
    )
    app = next(c.id for c in found.system.components if "Next" in c.name)
    users = {k.target: k.source for k in found.system.links if k.source != "warehouse"}
    assert {users["postgresql"], users["brevo"], users["proconnect"]} == {app}
    assert len(found.system.components) == 6
    assert "Entrepôt de données" in names(found)


def test_only_a_scanner_of_code_is_static_analysis_and_a_forge_alone_is_not_called():
    said = "test:\n  script:\n  - echo sonarcloud is disabled\n  - trivy image x\n"
    found = files({".gitlab-ci.yml": said, "Procfile": "web: x\n"})
    assert {m.measure for m in found.system.measures} == set()
    assert {(k.source, k.target) for k in found.system.links} == {("gitlab", "gitlab-ci"), ("gitlab", "web")}
    template = "include:\n- template: Jobs/SAST.gitlab-ci.yml\n"
    assert {m.measure for m in files({".gitlab-ci.yml": template, "Procfile": "web: x\n"}).system.measures} == {
        "codeql"
    }


def test_pinned_actions_scanners_and_backups_are_measures():
    pinned = (
        "jobs:\n  a:\n    steps:\n    - uses: actions/checkout@"
        + "a" * 40
        + "\n    - uses: github/codeql-action/init@"
        + "b" * 40
        + "\n"
    )
    found = files(
        {
            ".github/workflows/ci.yml": pinned,
            "Procfile": "web: x\n",
            "cron.json": '{"jobs": [{"command": "0 3 * * * bin/pg_dump_backup"}]}',
            "requirements.txt": "django==5.0.1\ndjango-otp==1.2\npsycopg==3.1\n",
        }
    )
    measures = {m.measure: m.on for m in found.system.measures}
    assert measures == {
        "backup_offline": ("postgresql",),
        "codeql": ("web",),
        "mfa": ("web",),
        "pinned_dependencies": ("github-actions",),
    }


@pytest.mark.parametrize(
    ("name", "value", "real"),
    [
        ("API_KEY", SECRET, True),
        ("GITHUB_TOKEN", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", True),
        ("AUTRE", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", True),
        ("API_KEY", "", False),
        ("API_KEY", "change_me_if_needed", False),
        ("API_KEY", "voir https://coffre.example.org/#/vault?itemId=48247d0e-fc14-47b4", False),
        ("ENCRYPT_KEY", "0123456789abcdef0123456789abcdef", False),
        ("TITLE", SECRET, False),
        ("PASSWORD", "$OTHER", False),
        ("API_KEY", "https://example.org/some/path/to/something", False),
        ("DATABASE_URL", f"postgres://admin:{SECRET}@db.prod.gouv.fr/app", True),
        ("DATABASE_URL", f"postgres://admin:{SECRET}@127.0.0.1/app", False),
        ("DATABASE_URL", f"postgres://admin:{SECRET}@db/app", False),
        ("MAILER_DSN", "smtp://histologe_mailer:1025?verify_peer=0", False),
        ("JWT", "-----BEGIN RSA PRIVATE KEY-----", True),
    ],
)
def test_a_value_that_looks_like_a_real_secret(name, value, real):
    assert looks_secret(name, value) is real


def test_a_real_secret_is_reported_and_no_value_is_kept():
    values = [SECRET, "valeur-banale-4711", "postgres://compte:motdepasse4711@serveur4711/base"]
    text = f"API_TOKEN={values[0]}\nTRUC_URL={values[1]}\nTRUC_KEY=x4711\nDATABASE_URL={values[2]}\n"
    found = files(
        {
            ".env": text,
            "Procfile": "web: x\n",
            "docker-compose.yml": "services:\n  a:\n    build: .\n    environment:\n      - JETON=valeur4711\n",
        }
    )
    assert [(s.name, s.source) for s in found.secrets] == [("API_TOKEN", ".env:1")]
    written = product_file.dumps(found.with_notes()) + repr(found)
    assert not any(part in written for part in (*values, "4711", "motdepasse"))


def test_keys_that_settings_name_are_kept_by_the_application_and_those_in_the_code_by_the_forge():
    found = files(
        {
            ".env.example": "S3_SECRET_KEY=\nS3_BUCKET=\nGRIST_API_KEY=\nREDIS_URL=\n",
            ".env": f"S3_SECRET_KEY={SECRET}\n",
            "package.json": '{"dependencies": {"express": "4.18.2"}}',
            "package-lock.json": '{"lockfileVersion": 3, "packages": {"node_modules/express": {"version": "4.18.2", "integrity": "sha512-aaaa"}}}',
            ".github/workflows/ci.yml": "jobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: npm test\n",
        }
    )
    parts = {c.id: c for c in found.system.components}
    assert {(s.opens, s.name) for s in parts["web"].secrets} == {
        (("s3",), "S3_SECRET_KEY"),
        (("grist",), "GRIST_API_KEY"),
    }
    assert [(s.opens, s.name) for s in parts["github"].secrets] == [(("s3",), "S3_SECRET_KEY")]
    assert SECRET not in product_file.dumps(found.with_notes())
    assert parts["paquets-npm"].kind is ComponentKind.PACKAGE_SET
    links = {(k.source, k.target, k.kind) for k in found.system.links}
    assert ("web", "paquets-npm", LinkKind.EMBEDS) in links
    assert [m.on for m in found.system.measures if m.measure == "pinned_dependencies"] == [("paquets-npm",)]


def test_a_lock_file_without_hashes_pins_nothing():
    found = files({"Gemfile": "gem 'rails', '7.1.2'\n", "Procfile": "web: x\n", "Gemfile.lock": GEMS})
    assert "Gems Ruby" in names(found)
    assert "pinned_dependencies" not in {m.measure for m in found.system.measures}
    hashed = files(
        {
            "Gemfile": "gem 'rails'\n",
            "Procfile": "web: x\n",
            "Gemfile.lock": GEMS + "\nCHECKSUMS\n  rails (7.1.2) sha256=0a\n",
        }
    )
    assert [m.on for m in hashed.system.measures if m.measure == "pinned_dependencies"] == [("paquets-gem",)]


def test_scripts_of_others_in_the_frames_of_pages_are_components():
    frame = """<html><script src="/app.js"></script>
<script defer src="https://cdn.example-stats.net/t.js"></script>
<script src='//client.crisp.chat/l.js'></script>
<script src="http://localhost:3000/x.js"></script></html>"""
    found = files(
        {
            "Gemfile": "gem 'rails', '7.1.2'\n",
            "Procfile": "web: x\n",
            ".env": "CRISP_WEBSITE_ID=\n",
            "app/views/layouts/application.html.erb": frame,
            "app/views/pages/other.html.erb": frame.replace("stats", "unread"),
        }
    )
    parts = {c.id: c for c in found.system.components}
    scripts = [c for c in parts.values() if c.kind is ComponentKind.PAGE_SCRIPT]
    assert [(c.name, dict(c.extra)["x-sources"]) for c in scripts] == [
        ("cdn.example-stats.net", '["app/views/layouts/application.html.erb:2"]')
    ]
    embedded = {k.target for k in found.system.links if k.kind is LinkKind.EMBEDS}
    assert embedded == {scripts[0].id, next(c.id for c in parts.values() if c.name == "Crisp")}


def test_what_was_drafted_is_a_product_file():
    found = files(MANIFESTS | {".env": "TRUC_API_URL=\nTRUC_API_TOKEN=\n"})
    written = product_file.dumps(found.with_notes())
    again = product_file.loads(written)
    assert {c.id for c in again.components} == {c.id for c in found.system.components}
    assert all(dict(c.extra)["x-sources"] and dict(c.extra)["x-confidence"] for c in again.components)
    assert all(dict(k.extra)["x-sources"] for k in (*again.links, *again.measures))


@pytest.mark.parametrize("texts", [{}, {"README.md": "bonjour"}, {"package.json": "{}"}, {".env": "A=1"}])
def test_a_folder_that_is_no_product_is_refused(texts):
    with pytest.raises(UnreadableTree) as error:
        files(texts)
    assert error.value.code == "no_product"


BROKEN = {
    "docker-compose.yml": ("services: [", "broken"),
    "compose.yaml": ("services:\n  {{ x }}: {a: {{ b }}}", "template"),
    "package.json": ("{", "broken"),
    "pyproject.toml": ("[", "broken"),
    "scalingo.json": ("{{ x }}", "template"),
    "pom.xml": ("<!DOCTYPE a [<!ENTITY b 'c'>]><project/>", "broken"),
    "package-lock.json": ("[1]", "broken"),
    "compose.yml": ("a: &a [*a, *a]\nb: *a\n" + "c: " + "[" * 100 + "]" * 100, "too_nested"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_listed_and_the_rest_is_read(name):
    text, why = BROKEN[name]
    found = files({name: text, "Procfile": "web: x\n"})
    assert (name, why) in [(path.partition(":")[0], code) for path, code in found.skipped]
    assert "Application" in names(found)


@given(
    st.dictionaries(
        st.sampled_from([*BROKEN, ".env", "Gemfile", "Dockerfile", "k8s/a.yaml", "a.tf", "cron.json"]),
        st.text(max_size=200),
    )
)
def test_any_texts_give_a_draft_or_a_clear_refusal(texts):
    try:
        files(texts)
    except UnreadableTree as error:
        assert error.text("fr")
