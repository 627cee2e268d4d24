"""The start: each unsafe setting refuses with one line that names it; what is safe starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from app import doctor
from app.cli.worker import worker as worker_command
from app.factory import create_app
from app.platform.setting_reader import InvalidSettings, Mode
from app.platform.settings import load_settings
from reports.certificates import UnusableSeal
from reports.seal import seal_document
from tests.certificates import chain
from tests.conftest import ROOT, free_port
from tests.factories.settings import KEY
from tests.serving import wait_until_up


@pytest.fixture(scope="module")
def sealed(tmp_path_factory) -> dict[str, str]:
    """A certificate of an organisation and its key, as files."""
    folder, leaf = tmp_path_factory.mktemp("seal"), chain().leaf
    (folder / "seal.pem").write_bytes(leaf.pem + chain().middle.pem + chain().root.pem)
    (folder / "seal.key").write_bytes(leaf.key_pem)
    (folder / "seal.key").chmod(0o600)
    return {"JALON_SEAL_CERTIFICATE": str(folder / "seal.pem"), "JALON_SEAL_KEY": str(folder / "seal.key")}


@pytest.fixture
def safe(sealed, tmp_path) -> dict[str, dict[str, str]]:
    """By mode, settings that start."""
    common = {
        "JALON_INSTANCE": str(tmp_path),
        "JALON_SECRET_KEY": KEY,
        "JALON_BASE_URL": "https://jalon.exemple.gouv.fr",
    }
    mail = {"JALON_MAIL": "smtps://u:p@courriel.exemple.gouv.fr:465"}
    return {
        "development": {"JALON_ENV": "development", "JALON_INSTANCE": str(tmp_path)},
        "review": {"JALON_ENV": "review", **common},
        "production": {"JALON_ENV": "production", **common, **mail, **sealed},
    }


PROCONNECT = "https://auth.exemple.gouv.fr/api/v2/.well-known/openid-configuration"
PAIR = {"JALON_PROCONNECT_CLIENT": "jalon", "JALON_PROCONNECT_SECRET": "un-secret"}
UNSAFE = [
    # (mode, what is changed, the setting that the line names)
    ("development", {"JALON_ENV": None}, "JALON_ENV"),
    ("production", {"JALON_ENV": None}, "JALON_ENV"),
    ("production", {"JALON_ENV": ""}, "JALON_ENV"),
    ("production", {"JALON_ENV": "prod"}, "JALON_ENV"),
    ("production", {"JALON_ENV": "Production"}, "JALON_ENV"),
    ("production", {"JALON_SECRET_KEY": None}, "JALON_SECRET_KEY"),
    ("production", {"JALON_SECRET_KEY": "short"}, "JALON_SECRET_KEY"),
    ("production", {"JALON_SECRET_KEY": "a" * 64}, "JALON_SECRET_KEY"),
    ("production", {"JALON_SECRET_KEY": "abcdef0123456789" * 4}, "JALON_SECRET_KEY"),
    ("production", {"JALON_SECRET_KEY": "change-me-please-before-production-x"}, "JALON_SECRET_KEY"),
    ("production", {"JALON_SECRET_KEY": f"{KEY} short"}, "JALON_SECRET_KEY"),
    ("review", {"JALON_SECRET_KEY": None}, "JALON_SECRET_KEY"),
    ("development", {"JALON_SECRET_KEY": "short"}, "JALON_SECRET_KEY"),
    ("production", {"JALON_BASE_URL": None}, "JALON_BASE_URL"),
    ("production", {"JALON_BASE_URL": "http://jalon.exemple.gouv.fr"}, "JALON_BASE_URL"),
    ("production", {"JALON_BASE_URL": "https://127.0.0.1:8000"}, "JALON_BASE_URL"),
    ("production", {"JALON_BASE_URL": "https://localhost"}, "JALON_BASE_URL"),
    ("review", {"JALON_BASE_URL": "http://revue.exemple.gouv.fr"}, "JALON_BASE_URL"),
    ("production", {"JALON_MAIL": None}, "JALON_MAIL"),
    ("production", {"JALON_MAIL": "file:///var/mail"}, "JALON_MAIL"),
    ("production", {"JALON_REVIEW_MAIL": "revue@exemple.gouv.fr"}, "JALON_REVIEW_MAIL"),
    ("review", {"JALON_MAIL": "smtps://u:p@courriel.exemple.gouv.fr:465"}, "JALON_REVIEW_MAIL"),
    ("production", {"JALON_RATE_LIMITS": "memory://"}, "JALON_RATE_LIMITS"),
    ("production", {"JALON_RATE_LIMITS": "memory://", "WEB_CONCURRENCY": "4"}, "JALON_RATE_LIMITS"),
    ("production", {"JALON_RATE_LIMITS": "pigeon://"}, "JALON_RATE_LIMITS"),
    ("production", {"JALON_RATE_LIMITS": "redis://elsewhere:6379"}, "JALON_RATE_LIMITS"),
    ("production", {"JOBS": "redis://elsewhere:6379/0"}, "JOBS"),
    ("production", {"JOBS": "redis://:password@elsewhere:6379/0"}, "JOBS"),
    ("production", {"JOBS": "rediss://elsewhere:6379/0"}, "JOBS"),
    ("production", {"JOBS": "redis://10.0.0.3:6379/0"}, "JOBS"),
    ("review", {"JOBS": "redis://elsewhere:6379/0"}, "JOBS"),
    ("production", {"JOBS": "amqp://x"}, "JOBS"),
    ("production", {"JALON_SEAL_CERTIFICATE": None, "JALON_SEAL_KEY": None}, "JALON_SEAL_CERTIFICATE"),
    ("production", {"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
    ("production", {"JALON_PROXIES": "many"}, "JALON_PROXIES"),
    # The kinds of the same faults, spelt otherwise.
    ("production", {"JALON_MAIL": "FILE:///var/mail"}, "JALON_MAIL"),
    ("production", {"JALON_MAIL": "smtp://"}, "JALON_MAIL"),
    ("production", {"JALON_MAIL": "smtp://courriel:abc"}, "JALON_MAIL"),
    ("development", {"JALON_MAIL": "smtp://[::1"}, "JALON_MAIL"),
    ("production", {"JALON_MAIL_FROM": "Jalon"}, "JALON_MAIL_FROM"),
    ("production", {"JALON_MAIL_FROM": "Jalon <jalon@exemple.test>\nBcc: x@y.fr"}, "JALON_MAIL_FROM"),
    ("review", {"JALON_REVIEW_MAIL": "x"}, "JALON_REVIEW_MAIL"),
    ("review", {"JALON_REVIEW_MAIL": "a@exemple.test, b@exemple.test"}, "JALON_REVIEW_MAIL"),
    ("production", {"JALON_BASE_URL": "https://"}, "JALON_BASE_URL"),
    ("production", {"JALON_BASE_URL": "https:jalon.fr"}, "JALON_BASE_URL"),
    ("production", {"JALON_BASE_URL": "https://u:p@jalon.fr"}, "JALON_BASE_URL"),
    ("production", {"JALON_BASE_URL": "https://jalon.fr:abc"}, "JALON_BASE_URL"),
    ("production", {"JALON_BASE_URL": "https://0.0.0.0"}, "JALON_BASE_URL"),
    ("production", {"JALON_BASE_URL": "https://localhost."}, "JALON_BASE_URL"),
    ("production", {"JALON_BASE_URL": "https://127.1"}, "JALON_BASE_URL"),
    ("production", {"JALON_BASE_URL": "https://jalon"}, "JALON_BASE_URL"),
    ("development", {"JALON_BASE_URL": "http://[::1"}, "JALON_BASE_URL"),
    ("production", {"JOBS": "rediss://:p@/0"}, "JOBS"),
    ("production", {"JOBS": "rediss://:p@elsewhere/0?ssl_cert_reqs=none"}, "JOBS"),
    ("production", {"JOBS": "sqlite:///"}, "JOBS"),
    ("production", {"JOBS": "sqlite:///:memory:"}, "JOBS"),
    ("production", {"JOBS": "redis://[::1"}, "JOBS"),
    ("production", {"DATABASE_URL": "sqlite://"}, "DATABASE_URL"),
    ("production", {"DATABASE_URL": "sqlite:///:memory:"}, "DATABASE_URL"),
    ("production", {"DATABASE_URL": "sqlitefoo"}, "DATABASE_URL"),
    ("production", {"DATABASE_URL": "postgresql+psycopg2://u@h/d"}, "DATABASE_URL"),
    ("production", {"DATABASE_URL": "postgresql://u:p@h/d?sslmode=disable"}, "DATABASE_URL"),
    ("production", {"DATABASE_URL": "postgresql://u:p@h/d?sslmode=require"}, "DATABASE_URL"),
    ("production", {"DATABASE_URL": "postgres://u:p@h/d"}, "DATABASE_URL"),
    ("production", {"JALON_DOCUMENTS": "ftp://x/y"}, "JALON_DOCUMENTS"),
    ("production", {"JALON_DOCUMENTS": "documents"}, "JALON_DOCUMENTS"),
    ("production", {"JALON_FORGES": "http://forge.exemple.fr"}, "JALON_FORGES"),
    ("production", {"JALON_FORGES": "https://[::1"}, "JALON_FORGES"),
    ("production", {"JALON_FEEDS": "http://flux.exemple.fr"}, "JALON_FEEDS"),
    ("production", {"JALON_GITHUB_API": "http://api.exemple.fr"}, "JALON_GITHUB_API"),
    ("production", {"JALON_CARDS": "http://fiches.exemple.fr"}, "JALON_CARDS"),
    ("production", {"JALON_PROCONNECT": PROCONNECT}, "JALON_PROCONNECT"),
    ("production", {"JALON_PROCONNECT_SECRET": "seul"}, "JALON_PROCONNECT"),
    ("production", PAIR | {"JALON_PROCONNECT": "https://auth.exemple.gouv.fr/api/v2"}, "JALON_PROCONNECT"),
    ("production", PAIR | {"JALON_PROCONNECT": PROCONNECT.replace("https", "http")}, "JALON_PROCONNECT"),
    ("production", {"JALON_PROCONNECT_ALGORITHM": "none"}, "JALON_PROCONNECT_ALGORITHM"),
    ("production", {"JALON_SECRET_KEY": "replace-me-with-a-real-key-please"}, "JALON_SECRET_KEY"),
    ("production", {"JALON_SECRET_KEY": "abcdefghijklmnopqrstuvwxyzabcdef"}, "JALON_SECRET_KEY"),
    ("production", {"JALON_SECRET_KEY": "jalon-production-2026-beta-gouv-fr"}, "JALON_SECRET_KEY"),
    ("production", {"WEB_CONCURRENCY": "0"}, "WEB_CONCURRENCY"),
]
SAFE = [
    ("production", {"JALON_SEAL_KEY": None}),
    ("development", {}),
    ("review", {}),
    ("review", {"JALON_MAIL": "smtps://u:p@c.exemple.gouv.fr", "JALON_REVIEW_MAIL": "revue@exemple.gouv.fr"}),
    ("production", {}),
    ("production", {"JALON_SECRET_KEY": f"{KEY} {KEY[::-1]}"}),
    ("production", {"JALON_SECRET_KEY": f"{KEY} a-former-secret-that-only-reads-what-it-wrote"}),
    ("production", {"JOBS": "redis://127.0.0.1:6379/0"}),
    ("production", {"JOBS": "rediss://:password@elsewhere:6379/0"}),
    ("production", {"JOBS": "redis://queue.internal:6379/0", "JALON_PRIVATE_HOSTS": "queue.internal"}),
    ("production", {"JALON_TRUSTED_HOSTS": "jalon.internal"}),
    ("production", {"JALON_BASE_URL": "HTTPS://jalon.exemple.gouv.fr/"}),
    ("production", {"JALON_BASE_URL": "https://jalon.exemple.gouv.fr:8443"}),
    ("production", {"DATABASE_URL": "postgres://u:p@h/d?sslmode=verify-ca"}),
    ("production", {"DATABASE_URL": "postgres://u:p@h/d", "JALON_PRIVATE_HOSTS": "h"}),
    ("production", {"DATABASE_URL": "postgresql://u:p@h/d?sslmode=verify-full"}),
    ("production", {"DATABASE_URL": "postgresql:///jalon?host=/run/postgresql"}),
    ("production", {"JALON_DOCUMENTS": "s3://bucket/prefix"}),
    ("production", {"JALON_FORGES": "http://forge.internal", "JALON_PRIVATE_HOSTS": "forge.internal"}),
    ("production", PAIR | {"JALON_PROCONNECT": PROCONNECT}),
    ("production", {"JALON_SECRET_KEY": "u3Yw-9rT_kLm2QpXzB7vNcJ5hGdFsA8e"}),
]


def changed(settings: dict, change: dict) -> dict[str, str]:
    return {name: value for name, value in (settings | change).items() if value is not None}


def test_the_matrix_is_wide_enough():
    assert len(UNSAFE) + len(SAFE) >= 40


@pytest.mark.parametrize(("mode", "change", "named"), UNSAFE, ids=lambda v: str(v)[:60])
def test_an_unsafe_setting_refuses_with_one_line(safe, mode, change, named):
    with pytest.raises(InvalidSettings) as error:
        load_settings(changed(safe[mode], change))
    assert [line.partition(":")[0] for line in str(error.value).splitlines()] == [named]


@pytest.mark.parametrize(("mode", "change"), SAFE, ids=str)
def test_what_is_safe_is_taken(safe, mode, change):
    assert load_settings(changed(safe[mode], change)).mode is Mode(mode)


def test_the_case_of_a_scheme_changes_nothing(safe):
    settings = load_settings(safe["production"] | {"JALON_BASE_URL": "HTTPS://jalon.exemple.gouv.fr"})
    app = create_app(settings)
    assert app.config["SESSION_COOKIE_SECURE"] and app.config["BASE_URL"] == "https://jalon.exemple.gouv.fr"
    app.extensions["database"].engine.dispose()


def test_production_refuses_the_trial_seal_and_the_accounts_of_the_demonstration(safe, sqlite_template, tmp_path):
    import shutil

    shutil.copy(sqlite_template, tmp_path / "jalon.db")
    create_app(load_settings(safe["development"])).extensions["database"].engine.dispose()  # makes a trial seal
    trial = {
        "JALON_SEAL_CERTIFICATE": str(tmp_path / "seal" / "certificate.pem"),
        "JALON_SEAL_KEY": str(tmp_path / "seal" / "key.pem"),
    }
    with pytest.raises(InvalidSettings, match="trial seal"):
        create_app(load_settings(safe["production"] | trial))
    create_app(load_settings(safe["production"])).extensions["database"].engine.dispose()
    engine = create_engine(f"sqlite:///{tmp_path / 'jalon.db'}")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO person (id, email, name, title, language, created_at)"
                " VALUES ('p', 'equipe@exemple.test', 'A', '', 'fr', '2026-01-01')"
            )
        )
    create_app(load_settings(safe["production"])).extensions[
        "database"
    ].engine.dispose()  # anybody may be given such an address
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO second_factor (id, person_id, kind, name, secret, added_at, signs_from, counter)"
                " VALUES ('f', 'p', 'totp', 'Téléphone de démonstration', 'x', '2026-01-01', '2026-01-01', 0)"
            )
        )
    with pytest.raises(InvalidSettings, match="accounts of the demonstration"):
        create_app(load_settings(safe["production"]))
    assert create_app(load_settings(safe["review"]))


def run(command: list[str], settings: dict[str, str]) -> subprocess.CompletedProcess:
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)} | settings
    return subprocess.run(command, check=False, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    "command", ["gunicorn wsgi:app", "jalon worker", "jalon migrate", "jalon demo", "jalon doctor"]
)
def test_web_worker_and_commands_all_refuse_a_start_whose_mode_nobody_said(tmp_path, command):
    real = {"JALON_BASE_URL": "https://jalon.exemple.gouv.fr", "JALON_PROXIES": "1", "JALON_INSTANCE": str(tmp_path)}
    done = run(command.split(), real | {"PORT": str(free_port())})
    assert done.returncode != 0 and "JALON_ENV: say which this is" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_doctor_says_what_each_mode_relaxes(safe, sqlite_template, tmp_path):
    import shutil

    assert run(["jalon", "doctor"], safe["production"]).returncode == 2  # not migrated
    shutil.copy(sqlite_template, tmp_path / "jalon.db")
    for mode, words in (
        ("production", "nothing is relaxed"),
        ("review", "nobody real is written to"),
        ("development", "mailbox:"),
    ):
        done = run(["jalon", "doctor"], safe[mode])
        assert done.returncode == 0 and words in done.stdout, done.stderr + done.stdout


def test_no_mail_of_an_application_under_review_reaches_its_person(safe, tmp_path):
    from app.platform.mail import Mail

    settings = load_settings(
        safe["review"] | {"JALON_MAIL": f"file://{tmp_path / 'mail'}", "JALON_REVIEW_MAIL": "revue@exemple.gouv.fr"}
    )
    create_app(settings).extensions["mailer"].send(
        Mail("vraie@exemple.gouv.fr", "Bonjour", "t\n", "<p></p>", "x@jalon")
    )
    written = next((tmp_path / "mail").glob("*.eml")).read_text()
    assert "To: revue@exemple.gouv.fr" in written and "[vraie@exemple.gouv.fr]" in written


@pytest.mark.parametrize(
    ("settings", "headers", "shown"),
    [
        ({}, {}, True),
        ({}, {"X-Forwarded-Host": "localhost", "X-Forwarded-For": "203.0.113.9"}, False),
        ({"JALON_PROXIES": "1"}, {}, False),
        ({"JALON_HOST": "0.0.0.0"}, {}, False),
        ({"JALON_BASE_URL": "https://jalon.exemple.gouv.fr"}, {"Host": "localhost"}, False),
        ({}, {"Host": "evil.exemple.org"}, False),
    ],
    ids=str,
)
def test_the_mailbox_is_for_who_started_it_on_this_machine(safe, sqlite_template, tmp_path, settings, headers, shown):
    """A real server: what binds its socket counts, not what a request says of itself."""
    import shutil
    import urllib.error
    import urllib.request

    shutil.copy(sqlite_template, tmp_path / "jalon.db")
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PORT": str(port), "WEB_CONCURRENCY": "1"}
    environment |= safe["development"] | settings
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_up(f"http://127.0.0.1:{port}", process)
        asked = urllib.request.Request(f"http://127.0.0.1:{port}/demonstration/courriels", headers=headers)
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
        assert (status == 200) is shown
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_the_demonstration_knows_its_own_addresses():
    from app.demo import PEOPLE

    assert all(person.email.endswith(doctor.DEMONSTRATION_DOMAIN) for person in PEOPLE)


def test_only_the_worker_reads_the_seals_key(safe):
    settings = load_settings(safe["production"])
    assert settings.seal_key
    web, worker = create_app(settings), create_app(settings, seals=True)
    assert web.extensions["sealer"].key is None and worker.extensions["sealer"].key is not None
    said, kept = ([c.dump() for c in app.extensions["sealer"].trust.seals] for app in (web, worker))
    assert said == kept, "both say who seals"
    for app in (web, worker):
        app.extensions["database"].engine.dispose()
    with pytest.raises(UnusableSeal, match="the worker seals"):
        seal_document(b"%PDF-1.7", web.extensions["sealer"])


def test_a_worker_without_the_seals_key_does_not_start(safe, monkeypatch):
    for name in list(os.environ):
        if name.startswith("JALON_"):
            monkeypatch.delenv(name)
    for name, value in changed(safe["production"], {"JALON_SEAL_KEY": None}).items():
        monkeypatch.setenv(name, value)
    run = CliRunner().invoke(worker_command, [])
    assert run.exit_code == 1 and "JALON_SEAL_KEY: needed by the worker" in run.output


def test_a_seals_key_that_others_may_read_is_refused_in_production(safe):
    key = Path(safe["production"]["JALON_SEAL_KEY"])
    key.chmod(0o644)
    try:
        with pytest.raises(InvalidSettings, match="chmod 600"):
            load_settings(safe["production"])
    finally:
        key.chmod(0o600)
