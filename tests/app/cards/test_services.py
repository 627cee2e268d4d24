"""Many cards at once, through the pages: read, looked at, written; nothing lost, nothing done twice."""

import dataclasses
import io
import json
import re
import tarfile
import threading
import unicodedata
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import func, select

from app.identity.kinds import Role
from app.products.importers import collections
from app.products.models import Incubator, Product
from app.renewals import deadlines
from tests.conftest import ROOT, on_sqlite

CARD = """---
title: {title}
mission: {mission}
incubator: fabrique
phases:
- {{name: {phase}, start: 2025-01-01}}
---
"""
INCUBATOR = "---\ntitle: La Fabrique\ncontact: fabrique@exemple.test\n---\n"


def card(title: str, mission: str = "Aide", phase: str = "construction") -> str:
    return CARD.format(title=title, mission=mission, phase=phase)


def zipped(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"beta-main/content/_{name}", text)
    return out.getvalue()


def tarred(folder: Path) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        archive.add(folder, "fiches")
    return out.getvalue()


def public_json(read: collections.Collection) -> bytes:
    """These cards as the public site says them: everything a text, nothing where a card is silent."""
    data = [
        {
            "id": c.slug,
            "type": "startup",
            "attributes": {
                "name": c.name,
                "pitch": c.mission,
                "link": c.address,
                "repository": c.repository,
                "contact": c.contact,
                "phases": [{"name": p.name.value, "start": str(p.start), "end": str(p.end or "")} for p in c.phases],
            }
            | ({"analyse_risques": "true"} if c.declared_analysis else {}),
            "relationships": {
                "incubator": {"data": {"type": "incubator", "id": c.incubators[0]}},
                "incubators": {"data": [{"type": "incubator", "id": slug} for slug in c.incubators]},
            },
        }
        for c in read.cards
    ]
    included = [
        {"id": f"/incubators/{i.slug}", "type": "incubator", "attributes": {"title": i.name, "contact": i.contact}}
        for i in read.incubators
    ]
    return json.dumps({"data": data, "included": included}).encode()


def without_flag(archive: bytes) -> bytes:
    """As programs write it that put a name in UTF-8 and do not say so."""
    for head, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = archive.index(head) + flags
        archive = archive[:at] + b"\0\0" + archive[at + 2 :]
    return archive


def test_an_accent_in_a_name_is_the_same_however_it_is_written(app, tmp_path):
    named = {"startups/données-et-territoires.md": card("Données")}
    apart = {unicodedata.normalize("NFD", name): text for name, text in named.items()}
    with app.test_request_context():
        for given in (zipped(named), zipped(apart), without_flag(zipped(named)), without_flag(zipped(apart))):
            read = collections.read_file(given, "fiches.zip")
            assert (read.slugs, read.refused) == ({"données-et-territoires"}, {})
        (tmp_path / "startups").mkdir()
        for name, text in apart.items():
            (tmp_path / name).write_text(text)
        assert collections.read_folder(tmp_path).slugs == {"données-et-territoires"}


@pytest.fixture
def admin(world):
    person = world.person("administration@exemple.test", "Alix Roux")
    world.give(person, Role.ADMINISTRATOR)
    return world.visitor(person)


def work(world) -> None:
    with world.app.app_context():
        world.jobs.run_due()


def give(world, admin, content: bytes, name: str = "fiches.zip") -> str:
    """The page of these cards, once read."""
    where = admin.post("/fiches", {"file": (io.BytesIO(content), name)}, content_type="multipart/form-data").location
    assert "Lecture en cours" in admin.get(where).get_data(as_text=True)
    work(world)
    return where


def text_of(visitor, where: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", visitor.get(where).get_data(as_text=True)))


def standing(world) -> dict[str, bool]:
    with world.database.reading() as session:
        return {p.slug: p.archived_on is not None for p in session.scalars(select(Product))}


def test_cards_are_looked_at_then_written_then_followed(world, admin):
    first = zipped(
        {"incubators/fabrique.md": INCUBATOR} | {f"startups/{n}.md": card(n.title()) for n in ("un", "deux", "trois")}
    )
    where = give(world, admin, first)
    assert "3 nouveaux produits" in text_of(admin, where) and standing(world) == {}
    admin.post(where)
    assert "Import en cours" in text_of(admin, where)
    work(world)
    assert "Importé" in text_of(admin, where)
    assert standing(world) == {"un": False, "deux": False, "trois": False}

    second = zipped(
        {
            "startups/un.md": card("Un", "Aide mieux"),
            "startups/deux.md": card("Deux", phase="abandon"),
            "startups/cassé.md": "---\n[",
        }
    )
    where = give(world, admin, second)
    page = text_of(admin, where)
    assert "Mission Aide Aide mieux" in page and "startups/cassé refusée" in page
    assert (
        "1 produit venu d’une fiche n’est pas dans ce fichier" in page
        and "deux : archivé, le produit est abandonné" in page
    )
    admin.post(where, {"archive_gone": "y"})
    work(world)
    assert standing(world) == {"un": False, "deux": True, "trois": True}
    assert "trois : archivé, sa fiche n’est plus là" in text_of(admin, where)
    with world.database.reading() as session:
        assert deadlines.deadlines_of_product(session, world.reload("trois")) == ()
    assert "Trois" not in text_of(admin, "/produits") and "Trois" in text_of(admin, "/produits?archives=1")

    admin.post("/produits/trois/restaurer")
    assert standing(world)["trois"] is False
    give_again = give(world, admin, first)
    assert "n’est plus archivé" in text_of(admin, give_again)  # deux lives again
    admin.post(give_again)
    work(world)
    assert standing(world) == {"un": False, "deux": False, "trois": False}


def test_an_archive_of_one_folder_of_cards_is_read(world, admin):
    admin.post(give(world, admin, zipped({"incubators/fabrique.md": INCUBATOR, "startups/deux.md": card("Deux")})))
    work(world)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("startups/un.md", card("Un"))
    admin.post(give(world, admin, out.getvalue()))
    work(world)
    assert standing(world) == {"un": False, "deux": False}


def test_without_the_box_what_is_absent_stays(world, admin):
    where = give(world, admin, zipped({"incubators/fabrique.md": INCUBATOR, "startups/un.md": card("Un")}))
    admin.post(where)
    work(world)
    where = give(world, admin, zipped({"startups/deux.md": card("Deux")}))
    admin.post(where)
    work(world)
    assert standing(world) == {"un": False, "deux": False}
    assert "Produits dont la fiche n’est plus là (1)" in text_of(admin, where)


def test_a_card_that_cannot_be_read_is_not_gone(world, admin):
    where = give(world, admin, zipped({"incubators/fabrique.md": INCUBATOR, "startups/un.md": card("Un")}))
    admin.post(where)
    work(world)
    where = give(world, admin, zipped({"startups/un.md": "---\ntitle: [\n---", "startups/deux.md": card("Deux")}))
    admin.post(where, {"archive_gone": "y"})
    work(world)
    assert standing(world) == {"un": False, "deux": False}


def test_confirming_twice_writes_once(world, admin):
    where = give(world, admin, zipped({"incubators/fabrique.md": INCUBATOR, "startups/un.md": card("Un")}))
    admin.post(where)
    again = admin.post(where, follow_redirects=True)
    assert "déjà importées" in again.get_data(as_text=True)
    work(world)
    work(world)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Product.id))) == 1


@on_sqlite
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"GIF89a", "archive"),
        (b"{\n  ", "ligne 2, colonne 3"),
        (b"[" * 100_000, "trop imbriqué"),
        (b'{"data": "\xe9"}', "UTF-8"),
        (b"[1]", "JSON"),
        (b'{"data": 3}', "Aucune fiche"),
        (
            b'{"data": [{"type": "startup", "id": {}, "attributes": [], "relationships": {"incubator": 3}}]}',
            "fiches refusées",
        ),
        (zipped({"photos/chat.md": "x"}), "Aucune fiche"),
    ],
)
def test_what_is_not_cards_is_refused_and_changes_nothing(world, admin, content, why):
    where = give(world, admin, content)
    assert why in text_of(admin, where)
    assert standing(world) == {}


@on_sqlite
def test_only_administrators_import_cards(world):
    member = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.incubator()
    with world.database.reading() as session:
        incubator = session.scalar(select(Incubator.id))
    world.give(member, Role.INCUBATOR_MEMBER, incubator_id=incubator)
    visitor = world.visitor(member)
    assert visitor.get("/fiches").status_code in {403, 404}
    assert visitor.post("/fiches/publiques").status_code in {403, 404}


def test_the_public_json_is_fetched(world, admin, app):
    card_file = ROOT / "tests" / "data" / "cards"
    body = public_json(collections.read_folder(card_file))

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Site) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{site.server_port}/startups.json"
        app.config["SETTINGS"] = dataclasses.replace(
            app.config["SETTINGS"], cards_url=address, private_hosts=frozenset({"127.0.0.1"})
        )
        where = admin.post("/fiches/publiques").location
        work(world)
        site.shutdown()
    assert "1 nouveaux produits" in text_of(admin, where)
    admin.post(where)
    work(world)
    assert standing(world) == {"entraide-numerique": False}


@on_sqlite
def test_an_address_that_does_not_answer_is_told(world, admin, app):
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], cards_url="https://127.0.0.1:1/startups.json")
    where = admin.post("/fiches/publiques").location
    work(world)
    assert "ne répond pas" in text_of(admin, where)


def test_folder_archive_and_json_say_the_same_of_real_cards(real_data):
    folder = real_data / "betagouv"
    read = collections.read_folder(folder)
    packed = collections.read_file(tarred(folder), "fiches.tar.gz")
    fetched = collections.read_file(public_json(read), "startups.json")
    assert packed == read and len(read.cards) == 82 and len(read.incubators) == 23
    silent = [
        dataclasses.replace(c, declared_analysis=c.declared_analysis or None, irregularities=()) for c in read.cards
    ]
    assert [dataclasses.replace(c, irregularities=()) for c in fetched.cards] == silent


def test_the_list_shows_the_published_counts_of_real_cards(world, admin, real_data):
    """Those of the data's README, as of 2026-08-20: whatever the incubator, its page agrees."""
    with time_machine.travel("2026-08-20T10:00Z"):
        person = world.person("administration@exemple.test")
        visitor = world.visitor(person)
        where = give(world, visitor, tarred(real_data / "betagouv"), "fiches.tar.gz")
        visitor.post(where)
        work(world)
        with world.database.reading() as session:
            slugs = session.scalars(select(Incubator.slug)).all()
        overdue = {}
        for slug in slugs:
            page = text_of(visitor, f"/incubateurs/{slug}?etat=analysis_overdue&tri=nom")
            found = re.search(r"(\d+) passés six mois sans analyse", page)
            if found and int(found[1]):
                overdue[slug] = int(found[1])
            listed = re.search(r"(\d+) produits? Relancer", page)
            assert (int(listed[1]) if listed else 0) == (int(found[1]) if found else 0), slug
    assert overdue == {
        "mtes": 7,
        "justice": 3,
        "dinum": 3,
        "dinum_produits_interministeriels": 2,
        "agriculture": 2,
        "accelerema": 2,
        "anct": 1,
        "FabNum-MI": 1,
        "francetravail": 1,
        "gip-inclusion": 1,
        "culture": 1,
        "sgmas": 1,
        "ademe": 2,
    }
