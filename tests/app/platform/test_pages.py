"""What surrounds every page: headers, health, queries, translations, migrations."""

import dataclasses
import re
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from babel.messages.pofile import read_po
from sqlalchemy import delete, update
from sqlalchemy.exc import InternalError, OperationalError

from app.identity.kinds import Role
from app.identity.models import ListedAuthority, Person, SecondFactor
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock
from app.platform.database import make_engine
from app.platform.setting_reader import Mode
from risk_models import catalogue
from tests.conftest import ROOT
from tests.factories.queries import _queries

CATALOGUE = ROOT / "translations" / "en" / "LC_MESSAGES" / "messages.po"


def test_headers_forbid_what_pages_do_not_need(world):
    answer = world.visitor().get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_no_page_holds_inline_style_or_script(world):
    owner = world.person()
    world.filled(owner)
    for path in ("", "/points-de-faiblesse", "/schema", "/mesures"):
        page = world.visitor(owner).get(f"/produits/exemple{path}").get_data(as_text=True)
        assert not re.search(r"\sstyle=|<style|\son\w+=", page), path


def test_health_and_readiness(world):
    visitor = world.visitor()
    assert visitor.get("/healthz").status_code == 200
    assert visitor.get("/readyz").status_code == 200
    assert visitor.get("/style").status_code == 200


def test_the_demonstration_mailbox_opens_on_ones_own_machine_only(world):
    visitor = world.visitor()
    assert visitor.get("/demonstration/courriels").status_code == 200
    assert visitor.get("/demonstration/courriels", headers={"Host": "jalon.exemple.test"}).status_code == 400
    world.app.config["SETTINGS"] = dataclasses.replace(world.app.config["SETTINGS"], mode=Mode.REVIEW)
    assert visitor.get("/demonstration/courriels").status_code == 404


def test_a_fault_of_ours_is_a_page_that_gives_a_reference(world, monkeypatch):
    world.app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setitem(world.app.view_functions, "home.legal", lambda: 1 / 0)
    answer = world.visitor().get("/mentions-legales")
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in answer.get_data(as_text=True)


PAGES = [
    "/",
    "/produits",
    "/incubateurs/dinum",
    "/produits/exemple",
    "/produits/exemple/composants",
    "/produits/exemple/equipe",
    "/produits/exemple/analyse",
    "/produits/exemple/mesures",
    "/produits/exemple/points-de-faiblesse",
    "/produits/exemple/schema",
    "/produits/exemple/dossier",
    "/produits/exemple/dossier/1",
    "/produits/exemple/echeances",
    "/produits/exemple/journal",
]


def test_the_queries_of_a_page_do_not_grow_with_its_rows(world):
    owner = world.person()
    product = world.filled(owner)
    world.give(owner, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    world.before_authority(owner, product, world.cast(product))
    visitor = world.visitor(owner)
    few = {path: _queries(world, visitor, path) for path in PAGES}
    for number in range(6):
        world.product(owner, f"Autre {number}")
    for number in range(5):
        for path, data in (
            ("composants/nouveau", {"name": f"C{number}", "kind": "web", "hosting": "paas", "exposure": "internet"}),
            ("liens", {"source": f"c{number}", "target": "base", "kind": "reads"}),
            (
                "analyse/nouvelle",
                {
                    "name": f"V{number}",
                    "lives_in": f"c{number}",
                    "confidentiality": "2",
                    "integrity": "2",
                    "availability": "2",
                },
            ),
            (f"mesures/nouvelle?mesure=codeql&sur=c{number}", {"status": "done", "on": f"c{number}"}),
            ("equipe", {"name": f"Contact {number}", "phone": "+33 1 23 45 67 89"}),
        ):
            assert visitor.post(f"/produits/exemple/{path}", data).status_code == 302, path
    many = {path: _queries(world, visitor, path) for path in PAGES}
    assert {p: n for p, n in many.items() if n > few[p]} == {}
    assert max(many.values()) <= 30


def test_the_queries_of_who_waits_to_be_confirmed_do_not_grow(world):
    """An incubator's listings and factors: who may confirm each is asked of the database once."""
    product = world.product()
    lead = world.person("lead@exemple.test", "Lou Chef")
    world.give(lead, Role.INCUBATOR_MEMBER, incubator_id=product.incubators[0].id)
    visitor, paths = world.visitor(lead), ("/incubateurs/dinum/autorites", "/incubateurs/dinum/roles")

    def wait(numbers: range) -> dict[str, int]:
        for number in numbers:
            person = world.person(f"autorite{number}@exemple.test", f"Autorité {number}")
            world.give(person, Role.AUTHORITY, product_id=product.id)
            world.code(person)
        with world.database.writing() as session:
            session.execute(update(ListedAuthority).values(confirmed_at=None, confirmed_by_id=None))
            session.execute(update(SecondFactor).values(signs_from=clock.now() + timedelta(hours=20)))
        return {path: _queries(world, visitor, path) for path in paths}

    few = wait(range(1))
    pages = [visitor.get(path).get_data(as_text=True) for path in paths]
    assert all("/confirmer" in page for page in pages), "there is something to confirm on both"
    assert wait(range(1, 6)) == few


def test_what_reads_cannot_write(world):
    """A page that is read gets such a session, so no GET writes whatever it calls."""
    world.person()
    with world.database.reading() as session, pytest.raises((OperationalError, InternalError), match=r"read.?only"):
        session.execute(delete(Person))
    with world.database.writing() as session:
        session.execute(delete(Person))


def test_every_text_has_its_english():
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="en")
    missing = [m.id for m in catalogue if m.id and not all(m.string if isinstance(m.string, tuple) else [m.string])]
    assert missing == []


def test_translations_keep_the_holes_of_the_text():
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="en")
    holes = re.compile(r"%\(\w+\)[sd]")
    for message in catalogue:
        if not message.id:
            continue
        source = set(holes.findall(message.id[-1] if isinstance(message.id, tuple) else message.id))
        for string in message.string if isinstance(message.string, tuple) else [message.string]:
            assert set(holes.findall(string)) <= source | {"%(num)d"}, message.id


def test_the_catalogue_knows_every_text_of_the_code(tmp_path):
    import subprocess
    import sys

    pot = tmp_path / "messages.pot"
    command_line = [
        str(Path(sys.executable).parent / "pybabel"),
        "-q",
        "extract",
        "-F",
        "babel.cfg",
        "-k",
        "_l",
        "-k",
        "_ln:1,2",
        "-o",
        str(pot),
        ".",
    ]
    subprocess.run(command_line, cwd=ROOT, check=True)
    with pot.open("rb") as file, CATALOGUE.open("rb") as known_file:
        texts = {m.id for m in read_po(file) if m.id}
        known = {m.id for m in read_po(known_file, locale="en") if m.id}
    assert texts - known == set(), "run: make i18n"


@pytest.mark.parametrize(
    "page", ["/", "/connexion", "/accessibilite", "/produits/exemple", "/produits/exemple/points-de-faiblesse"]
)
def test_english_pages_hold_no_french(world, page):
    owner = world.person()
    world.filled(owner)
    world.app.config["LANGUAGE_FIXED"] = "en"
    shown = world.visitor(owner if page != "/connexion" else None).get(page).get_data(as_text=True)
    assert '<html lang="en"' in shown
    for word in ("Enregistrer", "Vraisembl", "Échéance", "Se connecter", "Produits"):
        assert word not in shown, word


def test_migrations_are_in_step_with_the_models(database_url):
    engine = make_engine(database_url)
    config = Config(str(ROOT / "alembic.ini"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.check(config)
    engine.dispose()


def test_every_act_that_the_journal_may_note_has_its_words():
    assert set(catalogue.words("actions")) == set(Action)


@pytest.mark.parametrize(("path", "last"), [("/produits", "Exemple"), ("/produits/exemple/journal", "Produit créé")])
def test_past_its_end_a_list_shows_its_last_page(world, path, last):
    owner = world.person()
    product = world.product(owner)
    for n in range(26):
        world.product(owner, f"Avant {n}")
    with world.database.writing() as session:
        for n in range(60):
            record(session, owner, Action.RESTORE_PRODUCT, f"{n}", product_id=product.id)
    page = world.visitor(owner).get(f"{path}?page=99").get_data(as_text=True)
    assert "Page 2 sur 2" in page and last in page
