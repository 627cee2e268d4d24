"""A draft beside what a product holds: looked at, chosen, taken in one transaction; a second one shows what changed."""

import io
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select

from app.drafts import forges, proposals, reading, services
from app.drafts.models import RepositoryDraft
from app.inventory import services as inventory
from app.journal.models import JournalEntry
from app.platform.places import only_place
from app.platform.refusals import Refusal
from risk_models.draft import UnreadableTree
from tests.factories.repositories import SECRET, tarred, zipped

FILES = {
    "p/Procfile": b"web: bin/start\n",
    "p/Gemfile": b'gem "rails", "7.1.4"\ngem "pg"\ngem "sentry-rails"\n',
    "p/scalingo.json": b'{"addons": ["postgresql:x"]}',
    "p/.env.example": b"BREVO_API_KEY=\nTRUC_API_URL=\nTRUC_API_TOKEN=" + SECRET.encode() + b"\n",
    "p/.github/dependabot.yml": b"version: 2\nupdates:\n- package-ecosystem: bundler\n",
}


def archive(**changes: bytes | None) -> bytes:
    members = {path: content for path, content in {**FILES, **changes}.items() if content is not None}
    return zipped(members).getvalue()


@pytest.fixture
def product(world):
    return world.product(name="Neuf")


def keep(world, product, content: bytes):
    actor = world.person()
    with world.session() as session:
        return services.keep_draft(session, actor, product, content, "p.zip", field="archive")


def proposed(world, product, row):
    from app.analysis import services as analysis

    with world.session(writing=False) as session:
        return proposals.make_proposals(
            analysis.described_system(session, world.reload("neuf")), services.system_of(row)
        )


def take(world, product, row, keys):
    actor, held = world.person(), world.reload("neuf")
    with world.session() as session:
        return services.take_draft(session, actor, session.merge(held), session.merge(row), keys)


def components(world, product):
    with world.session(writing=False) as session:
        return {c.name: c for c in inventory.read_inventory(session, product.id).components}


def test_a_draft_is_proposed_by_confidence_and_nothing_is_written(world, product):
    row = keep(world, product, archive())
    found = proposed(world, product, row)
    assert {p.name for p in found.of("sure")} == {"Application Rails", "PostgreSQL", "Scalingo", "GitHub", "dependabot"}
    assert {p.name for p in found.of("likely")} == {"Sentry", "Brevo"}
    assert {p.name for p in found.of("guess")} == {"TRUC (API)"}
    assert found.of("sure")[0].sources == ("Gemfile:1", "Procfile:1")
    assert components(world, product) == {}


def test_what_was_chosen_is_taken_with_its_links_and_measures(world, product):
    row = keep(world, product, archive())
    sure = {p.key for p in proposed(world, product, row).of("sure")}
    assert take(world, product, row, sure | {"c:inconnu"}) == len(sure)
    found = components(world, product)
    assert set(found) == {"Application Rails", "PostgreSQL", "Scalingo", "GitHub"}
    assert found["PostgreSQL"].extra["x-sources"][0] == "scalingo.json:1"
    with world.session(writing=False) as session:
        links = inventory.read_inventory(session, product.id).links
        entry = session.scalar(select(JournalEntry).where(JournalEntry.action == "take_draft"))
    assert {k.kind.value for k in links} >= {"reads", "writes", "runs_on"}
    assert entry.details["count"] == len(sure)


def test_keys_that_the_repository_names_are_proposed_of_what_is_already_described(world, product):
    settings = {"p/.env.example": b"SENTRY_DSN=\nSENDINBLUE_API_KEY=\n"}
    row = keep(world, product, archive(**settings))
    take(world, product, row, {p.key for p in proposed(world, product, row).found})
    with world.session() as session:
        mine = inventory.component_of(session, product.id, "web")
        assert mine.access == {"secrets": [{"opens": ["brevo"], "name": "SENDINBLUE_API_KEY"}]}
        mine.access = {}
        session.commit()
    again = keep(world, product, archive(**settings))
    (found,) = proposed(world, product, again).found
    assert (found.key, found.state, found.keys[0].name) == ("k:web", "changed", "SENDINBLUE_API_KEY")
    visitor = world.visitor(world.person())
    page = visitor.get(f"/produits/neuf/brouillon/{again.id}").get_data(as_text=True)
    assert "Garde la clé SENDINBLUE_API_KEY, qui ouvre Brevo" in page
    take(world, product, again, {"k:web"})
    assert components(world, product)["Application Rails"].access["secrets"][0]["opens"] == ["brevo"]


def test_a_second_draft_shows_only_what_changed(world, product):
    row = keep(world, product, archive())
    take(world, product, row, {p.key for p in proposed(world, product, row).found})
    with world.session() as session:
        mine = inventory.component_of(session, product.id, "brevo")
        mine.owner, mine.supplier = "Camille", "Brevo SAS"
        session.commit()
    same = proposed(world, product, keep(world, product, archive()))
    assert (same.found, len(same.same)) == ((), 7)
    changed = archive(**{"p/Gemfile": b'gem "rails", "7.2.1"\ngem "pg"\ngem "redis"\n'})
    again = keep(world, product, changed)
    found = proposed(world, product, again)
    assert {(p.name, p.state) for p in found.found} == {
        ("Application Rails", "changed"),
        ("Redis", "new"),
        ("Sentry", "gone"),
    }
    take(world, product, again, {p.key for p in found.found})
    now = components(world, product)
    assert (now["Application Rails"].version, "Sentry" in now, "Redis" in now) == ("7.2.1", False, True)
    assert (now["Brevo"].owner, now["Brevo"].supplier) == ("Camille", "Brevo SAS")


def test_a_second_draft_proposes_new_links_and_new_cycles_but_no_vaguer_version(world, product):
    compose = b"services:\n  s:\n    image: elasticsearch:7.17.9\n  r:\n    image: redis:7.2.4\n"
    row = keep(
        world,
        product,
        archive(**{"p/compose.yaml": compose, "p/b/package.json": b'{"dependencies": {"express": "4"}}'}),
    )
    take(world, product, row, {p.key for p in proposed(world, product, row).found})
    compose = b"services:\n  s:\n    image: elasticsearch:8.11.3\n  r:\n    image: redis:7\n"
    uses = b'{"dependencies": {"express": "4", "pg": "8"}}'
    again = keep(world, product, archive(**{"p/compose.yaml": compose, "p/b/package.json": uses}))
    found = proposed(world, product, again).found
    assert {(p.name, p.state) for p in found if p.component} == {("Elasticsearch", "changed")}
    assert {p.name for p in found if p.link} == {"Application Express (b) → PostgreSQL"}
    take(world, product, again, {p.key for p in found})
    assert proposed(world, product, again).found == ()
    now = components(world, product)
    assert (now["Elasticsearch"].eol_cycle, now["Redis"].version) == ("8", "7.2.4")


def test_an_archive_that_asks_too_much_is_refused(world, product, monkeypatch):
    monkeypatch.setattr(reading, "_BOUNDS", replace(reading._BOUNDS, seconds=0))
    with pytest.raises(Refusal) as refusal:
        keep(world, product, archive())
    assert (refusal.value.field, "mémoire" in str(refusal.value)) == ("archive", True)


def test_taking_nothing_is_refused_and_changes_nothing(world, product):
    row = keep(world, product, archive())
    with pytest.raises(Refusal):
        take(world, product, row, {"c:inconnu"})
    assert components(world, product) == {}


@pytest.mark.parametrize("content", [b"", b"<html>", zipped({"README.md": b"x"}).getvalue(), b"PK\x03\x04"])
def test_what_is_no_product_is_refused_at_its_field(world, product, content):
    with pytest.raises(Refusal) as refusal:
        keep(world, product, content)
    assert refusal.value.field == "archive"
    with world.session(writing=False) as session:
        assert session.scalars(select(RepositoryDraft)).all() == []


def test_no_secret_reaches_the_database_the_page_or_the_journal(world, product):
    visitor = world.visitor(world.person())
    answer = visitor.post(
        "/produits/neuf/brouillon",
        {"archive": (io.BytesIO(archive()), "p.zip"), "address": ""},
        content_type="multipart/form-data",
    )
    page = visitor.get(answer.location).get_data(as_text=True)
    assert "TRUC_API_TOKEN" in page
    assert ".env.example:3" in page
    with world.session(writing=False) as session:
        rows = [r.content for r in session.scalars(select(RepositoryDraft))]
        entries = [f"{e.what} {e.details}" for e in session.scalars(select(JournalEntry))]
    assert not any(SECRET in text for text in (page, *rows, *entries))


def test_others_write_while_an_archive_is_read(world, product, monkeypatch):
    visitor, read = world.visitor(world.person()), reading.product_file_of

    def slow(content, name, language):
        world.product(name="Autre")
        return read(content, name, language)

    monkeypatch.setattr(reading, "product_file_of", slow)
    answer = visitor.post(
        "/produits/neuf/brouillon",
        {"archive": (io.BytesIO(archive()), "p.zip"), "address": ""},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 302
    assert world.reload("autre").name == "Autre"


def test_one_repository_is_read_at_a_time_and_nobody_waits(world, product):
    visitor = world.visitor(world.person())
    with world.app.app_context(), only_place("draft") as ours:
        assert ours
        answer = visitor.post("/produits/neuf/brouillon", {"address": "https://github.com/a/b"})
    assert "Un autre dépôt est en cours de lecture" in answer.get_data(as_text=True)


def test_a_stranger_sees_no_draft_and_a_draft_stays_with_its_product(world, product):
    row = keep(world, product, archive())
    world.product(name="Autre")
    team, stranger = world.visitor(world.person()), world.visitor(world.person("x@exemple.test", "X"))
    assert stranger.get(f"/produits/neuf/brouillon/{row.id}").status_code == 404
    assert team.get(f"/produits/autre/brouillon/{row.id}").status_code == 404
    assert team.post(f"/produits/autre/brouillon/{row.id}/reprendre", {"choix": "c:web"}).status_code == 404
    drawn = team.post(f"/produits/neuf/brouillon/{row.id}/schema", {"choix": ["c:web", "c:brevo"]}).get_data(
        as_text=True
    )
    assert drawn.startswith("<svg")
    assert "Brevo" in drawn
    assert "PostgreSQL" not in drawn


@pytest.fixture
def forge():
    """A GitLab of our own: one public repository, one that sends elsewhere."""
    content = tarred(FILES).getvalue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/api/v4/projects/equipe%2Fproduit/repository/archive.tar.gz":
                self.send_response(200)
                self.end_headers()
                self.wfile.write(content)
            elif "ailleurs" in self.path:
                self.send_response(302)
                self.send_header("Location", "http://127.0.0.1:9/secret")
                self.end_headers()
            else:
                self.send_response(404)
                self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_public_repository_is_read_through_its_forge(forge):
    assert forges.archive_of(f"{forge}/equipe/produit.git", [forge], {"127.0.0.1"})[:2] == b"\x1f\x8b"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/equipe/prive", "not_reachable"),
        ("/ailleurs/x", "not_reachable"),
        ("/seul", "not_a_forge"),
        ("/a/../b", "not_a_forge"),
        ("", "not_a_forge"),
    ],
)
def test_what_is_not_a_public_repository_is_refused(forge, path, code):
    with pytest.raises(UnreadableTree) as error:
        forges.archive_of(forge + path, [forge], {"127.0.0.1"})
    assert error.value.code == code


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/a/b",
        "file:///etc/passwd",
        "https://github.com@127.0.0.1/a/b",
        "ftp://github.com/a/b",
        "https://evil.test/a/b",
    ],
)
def test_only_allowed_forges_are_asked(address):
    with pytest.raises(UnreadableTree) as error:
        forges.archive_of(address, ["https://github.com"], ())
    assert error.value.code == "not_a_forge"
