"""What whoever watches over Jalon can see, and what no log says: secrets, values, addresses."""

import re
from io import StringIO

import pytest
import structlog
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from app.identity import signing_in
from app.identity.kinds import Role
from app.identity.models import SignInLink, WebSession
from app.platform.jobs import Job
from app.platform.logs import get_logger
from tests.app.identity.enrolling import GATE, PAGE, register
from tests.app.identity.stand_in import run_jobs


@pytest.fixture
def told():
    """What the logs said since the test began, as lines are written."""
    written, before = StringIO(), structlog.get_config()
    structlog.configure(**before | {"logger_factory": structlog.PrintLoggerFactory(written)})
    yield written.getvalue
    structlog.configure(**before)


def link_of(world, person) -> str:
    with world.database.session(writing=True) as session:
        _, secret = signing_in.issue_link(session, person.email, "/")
        session.commit()
    return secret


def test_a_fault_is_logged_without_the_secret_of_its_address(world, monkeypatch, told):
    world.app.testing = False
    world.app.config["PROPAGATE_EXCEPTIONS"] = False
    secret = link_of(world, world.person())

    def fail(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr(signing_in, "link_is_good", fail)
    assert world.visitor().get(f"/connexion/{secret}%0Aforged").status_code == 500
    said = told()
    assert "broken" in said and "identity.use_link" in said
    assert secret not in said and "\nforged" not in said


def test_what_is_refused_leaves_a_line_with_who_and_where(world, told):
    world.product()
    person = world.person("autre@exemple.test", "Autre")
    visitor = world.visitor(person)
    visitor.get("/produits/exemple")
    visitor.get("/plateforme/comptes")
    visitor.get(f"/connexion/{'x' * 43}")
    world.code(person)
    visitor.post(f"{PAGE}/confirmer", {"code": "000000"})
    visitor.client.post("/langue", data={"language": "fr"})
    said = told()
    for event in ("access refused", "link refused", "factor refused", "form without its token"):
        line = next(line for line in said.splitlines() if event in line)
        assert "security=True" in line and f"person={person.id}" in line and "network=127.0.0.1" in line


def test_administrators_hear_of_ten_wrong_factors_once(world):
    admin, person = world.person("admin@exemple.test", "Morgan Roux"), world.person("role@exemple.test", "Visé Rôle")
    world.give(admin, Role.ADMINISTRATOR)
    world.give(person, Role.AUDITOR)
    world.code(person)
    visitor = world.visitor(person, proved=False)
    for _ in range(12):
        visitor.post(GATE, {"code": "000000"})
    run_jobs(world)
    told = [mail for mail in world.mails() if "Dix seconds facteurs faux" in mail]
    assert [mail.partition(" |")[0] for mail in told] == [admin.email]


def test_removing_a_factor_ends_what_it_opened_elsewhere(world):
    person = world.person()
    here = world.visitor(person, proved=False)
    register(here)
    there = world.visitor()
    there.post(f"/connexion/{link_of(world, person)}")
    assert there.get("/produits").status_code == 200
    factor = re.search(rf"{PAGE}/(\w+)/retirer", here.get(PAGE).get_data(as_text=True))[0]
    assert here.post(factor).status_code == 302
    assert there.get("/produits").status_code == 302
    assert here.get("/produits").status_code == 200


def test_signing_out_empties_what_the_browser_kept(world):
    answer = world.visitor(world.person()).post("/deconnexion")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_over_https_the_cookie_is_of_this_host_alone(world):
    person = world.person()
    world.app.config |= {
        "SESSION_COOKIE_NAME": "__Host-jalon",
        "SESSION_COOKIE_SECURE": True,
        "BASE_URL": "https://jalon.exemple.gouv.fr",
    }
    client = world.app.test_client()
    page = client.get("/connexion", base_url="https://localhost")
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.get_data(as_text=True))[1]
    answer = client.post(
        f"/connexion/{link_of(world, person)}",
        base_url="https://localhost",
        data={"csrf_token": token},
        headers={"Referer": "https://localhost/"},
    )
    cookies = answer.headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-jalon", "__Host-jalon-browser"}
    for cookie in cookies:
        parts = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= parts
        assert not any(part.startswith("domain") for part in parts)


def test_secrets_are_long_never_the_same_and_kept_as_hashes(world):
    person = world.person()
    secrets = [link_of(world, person) for _ in range(3)]
    with world.database.session(writing=True) as session:
        sids = [signing_in.open_session(session, person, signing_in.Browser()) for _ in range(3)]
        session.commit()
    assert len(set(secrets + sids)) == 6
    assert {len(secret) for secret in secrets + sids} == {43}
    with world.database.reading() as session:
        kept = " ".join(
            [
                *(str(vars(row)) for row in session.scalars(select(SignInLink))),
                *(str(vars(row)) for row in session.scalars(select(WebSession))),
                *(str(vars(row)) for row in session.scalars(select(Job))),
            ]
        )
    assert not any(secret in kept for secret in secrets + sids)


def test_a_session_names_itself_in_no_address(world):
    person = world.person()
    world.product(person)
    visitor = world.visitor(person)
    for page in ("/", "/produits", "/produits/exemple", "/compte/sessions"):
        assert f"sid-{person.id}" not in visitor.get(page).get_data(as_text=True)


def test_when_who_is_there_cannot_be_read_nothing_opens(world, monkeypatch):
    world.app.testing = False
    world.app.config["PROPAGATE_EXCEPTIONS"] = False
    person = world.person()
    world.product(person)
    visitor = world.visitor(person)

    def fail(*_):
        raise SQLAlchemyError("broken")

    monkeypatch.setattr(signing_in, "live_session", fail)
    answer = visitor.get("/produits/exemple")
    assert answer.status_code == 500 and "Aide les usagers" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/static/", "/static/css/", "/.git/config", "/static/../factory.py", "/.env"])
def test_no_folder_nor_file_of_the_project_is_served(world, path):
    assert world.visitor().get(path).status_code == 404


def test_an_error_of_the_database_is_logged_without_its_values(world, told):
    try:
        with world.database.writing() as session:
            session.execute(
                text("INSERT INTO person (id, email) VALUES (:id, :email)"), {"id": "x", "email": "secret@exemple.test"}
            )
    except IntegrityError:
        get_logger().exception("refused")
    assert "secret@exemple.test" not in told()
