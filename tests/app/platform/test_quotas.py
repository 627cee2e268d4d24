"""What one person or one product may leave here, and what is forgotten once it serves nobody."""

import io
import json
import re
from datetime import timedelta

import time_machine
from sqlalchemy import func, select

from app.analysis.models import AnalysisVersion
from app.identity import signing_in
from app.identity.jobs import SendSignInLink
from app.identity.models import SignInLink, WebSession
from app.journal.models import JournalDay
from app.platform import attachments, clock, jobs, uploads
from app.platform.jobs import Job
from app.platform.rates import Rate
from app.platform.uploads import Upload
from tests.conftest import on_sqlite


def count(world, kind) -> int:
    with world.database.reading() as session:
        return session.scalar(select(func.count()).select_from(kind))


def test_a_person_has_ten_files_to_confirm_at_most(world):
    person = world.person()
    with world.app.test_request_context(), world.session() as session:
        ids = [uploads.keep_upload(session, person.id, "sbom", b"x", f"{n}.json") for n in range(13)]
        other = uploads.keep_upload(session, world.person("b@exemple.test").id, "sbom", b"y", "y.json")
    with world.database.reading() as session:
        kept = set(session.scalars(select(Upload.id)))
    assert kept == {*ids[3:], other}
    storage = world.app.extensions["storage"]
    assert storage.get_upload(ids[-1]) == b"x"
    assert set(storage.uploads_before(clock.now() + timedelta(minutes=1))) == kept


def test_files_are_few_a_day_by_person_and_by_product(world, monkeypatch):
    monkeypatch.setattr(attachments, "_FILES_A_DAY", Rate(3, timedelta(days=1)))
    owner = world.person()
    world.filled(owner)
    team = world.visitor(owner)
    page = team.get("/produits/exemple/preuves").get_data(as_text=True)
    prove = re.search(r'href="(/produits/exemple/mesures/\w+/preuve)"', page)[1]
    shown = []
    for number in range(4):
        given = {
            "observed_on": clock.today().isoformat(),
            "note": "Vue",
            "file": (io.BytesIO(b"a,b\n%d" % number), f"{number}.csv"),
        }
        shown.append(team.post(prove, given, content_type="multipart/form-data"))
    assert [answer.status_code for answer in shown] == [302, 302, 302, 200]
    assert "Deux cents fichiers par jour" in shown[-1].get_data(as_text=True)


@on_sqlite
def test_a_refused_form_leaves_no_file(world):
    owner = world.person()
    world.filled(owner)
    form = {"origin": "paper", "authority": "A", "decided_on": clock.today().isoformat(), "months": "12"}
    sent = form | {"outcome": "with_reservations", "reservations": "", "file": (io.BytesIO(b"%PDF-1.7 x"), "d.pdf")}
    page = "/produits/exemple/dossier/ailleurs"
    answer = world.visitor(owner).post(page, sent, content_type="multipart/form-data")
    assert "Écrivez les réserves" in answer.get_data(as_text=True)
    with world.app.app_context():
        assert list(world.app.extensions["storage"].documents_before(clock.now() + timedelta(days=1))) == []


@on_sqlite
def test_what_serves_nobody_any_more_is_forgotten(world):
    person = world.person()
    world.visitor(person)
    with world.database.writing() as session:
        signing_in.issue_link(session, person.email, "/")
        jobs.enqueue(session, SendSignInLink("nobody@exemple.test", "/"))
    world.jobs.run_within(world.app.test_request_context)
    world.jobs.run_due()
    with world.app.app_context():
        world.app.extensions["storage"].put_upload("orphan", b"x")
    world.jobs.ring = lambda *_: None
    world.jobs.sweep()
    assert (count(world, SignInLink), count(world, WebSession), count(world, Job)) == (1, 1, 1)
    with time_machine.travel(clock.now() + timedelta(days=31)):
        world.jobs.sweep()
        assert (count(world, SignInLink), count(world, WebSession), count(world, Job)) == (0, 0, 0)
        assert world.app.extensions["storage"].uploads_before(clock.now()) == []


def test_a_database_that_is_not_that_of_the_documents_forgets_none(world):
    with world.app.app_context():
        held = {world.app.extensions["storage"].put(f"%PDF-1.7 {n}".encode()) for n in range(3)}
    world.jobs.run_within(world.app.test_request_context)
    later = clock.now() + timedelta(days=8)
    with time_machine.travel(later):
        world.jobs.sweep()
    assert held <= set(world.app.extensions["storage"].documents_before(later))


def test_documents_that_nothing_names_are_forgotten_after_a_week_and_no_other(decided):
    world, owner, _, _ = decided
    visitor = world.visitor(owner)
    visitor.post("/produits/exemple/mesures/nouvelle?mesure=waf", {"status": "done", "on": "metabase"})
    measure = re.findall(r"/mesures/(\w+)/preuve", visitor.get("/produits/exemple/preuves").get_data(as_text=True))[-1]
    proof = {"observed_on": clock.today().isoformat(), "file": (io.BytesIO(b"%PDF-1.7 proof"), "waf.pdf")}
    visitor.post(f"/produits/exemple/mesures/{measure}/preuve", proof, content_type="multipart/form-data")
    store, later = world.app.extensions["storage"], clock.now() + timedelta(days=8)
    held = set(store.documents_before(later))
    assert len(held) == 3, "the file to sign, the sealed one, the proof"
    with world.app.app_context():
        orphan, quoted = store.put(b"nobody's"), store.put(b"%PDF-1.7 of a row that was removed")
    with world.database.writing() as session:
        note = json.dumps({"documents": [quoted]})
        session.add(
            AnalysisVersion(product_id=world.reload().id, number=9, done_at=clock.now(), done_by="x", content=note)
        )
    world.jobs.run_within(world.app.test_request_context)
    world.jobs.sweep()

    def kept() -> set[str]:
        """But for the heads of the journal, one a day."""
        with world.database.reading() as session:
            return set(store.documents_before(later)) - set(session.scalars(select(JournalDay.sha256)))

    assert kept() == held | {orphan, quoted}  # of today
    with time_machine.travel(later):
        world.jobs.sweep()
        assert kept() == held | {quoted}
        with world.database.reading() as session:
            assert all(store.get(sha256) for sha256 in session.scalars(select(JournalDay.sha256)))
