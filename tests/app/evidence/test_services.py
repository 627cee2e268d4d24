"""Proofs in the application: given, relevés by tools, lost; and what that does to the risk the same minute."""

import io
import json
import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from app.evidence import proofs, scans
from app.evidence.models import Evidence
from app.identity.kinds import Role
from app.journal.models import JournalEntry
from app.platform import attachments, clock
from app.products import changes
from app.renewals import deadlines, feeds, planning
from risk_models.rules import schedule
from risk_models.scales import Check, DeadlineKind, ObservationState, ProofState
from tests.factories.evidence import give, proof, reading, send, with_measure, write


def shown(page: str) -> float:
    """The expected loss of today that a page shows."""
    return float(re.search(r"([\d,]+) aujourd’hui", page)[1].replace(",", "."))


def loss(visitor) -> float:
    return shown(visitor.get("/produits/exemple/mesures").get_data(as_text=True))


def pdf(name: str = "essai.pdf", content: bytes = b"%PDF-1.7 essai"):
    """A file, to be opened when it is sent."""
    return name, content


def test_a_proof_that_expires_raises_the_risk_of_the_page_at_once(world):
    visitor, path = with_measure(world, "waf", "metabase")
    declared = loss(visitor)
    assert give(visitor, path, clock.today(), file=pdf(), note="Règle n° 12").status_code == 302
    assert loss(visitor) == declared
    with time_machine.travel(clock.now() + timedelta(days=366), tick=False):
        colleague = world.person("sacha@exemple.test", "Sacha Bernard")
        world.give(colleague, Role.TEAM_MEMBER, product_id=world.reload().id)
        later = world.visitor(colleague)
        page = later.get("/produits/exemple/preuves").get_data(as_text=True)
        assert "Périmée" in page
        assert loss(later) > declared
        listed = later.get("/produits/exemple/a-faire").get_data(as_text=True)
        assert "ne compte plus en entier" in later.get("/produits/exemple/points-de-faiblesse").get_data(as_text=True)
        assert "Preuve à renouveler : Pare-feu applicatif" in listed


def test_an_address_of_which_no_copy_was_kept_shows_nothing(world):
    """As people could give until 2026-12."""
    visitor, path = with_measure(world, "waf", "metabase")
    declared = loss(visitor)
    give(visitor, path, clock.today(), file=pdf(), link="https://exemple.test/preuve")
    with world.database.writing() as session:
        session.execute(update(Evidence).values(sha256="", file_name=""))
        changes.note_change(session, [world.reload().id])
    assert loss(visitor) > declared
    page = visitor.get("/produits/exemple/preuves").get_data(as_text=True)
    assert "aucune copie n’en est gardée" in page and "Absente" in page


def test_withdrawing_a_proof_lowers_the_measure_and_keeps_the_record(world):
    visitor, path = with_measure(world, "waf", "metabase")
    declared = loss(visitor)
    give(visitor, path, clock.today(), file=pdf())
    page = visitor.get("/produits/exemple/preuves").get_data(as_text=True)
    visitor.post(re.search(r'action="(/produits/exemple/preuves/\w+/retirer)"', page)[1])
    assert loss(visitor) > declared
    assert "retirée par Camille Martin" in visitor.get("/produits/exemple/preuves").get_data(as_text=True)


def test_the_date_of_the_proof_is_not_that_of_its_arrival(world):
    visitor, path = with_measure(world, "backup_restore_test", "base")
    give(visitor, path, date(2026, 1, 10), file=pdf())
    with world.session(writing=False) as session:
        row = session.scalar(select(Evidence))
    assert (row.observed_on, row.good_until) == (date(2026, 1, 10), date(2027, 1, 10))
    assert row.recorded_at.date() == clock.now().date()
    assert len(row.sha256) == 64


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "Joignez-en une copie"),
        ({"link": "https://exemple.test/preuve"}, "une adresse change ou disparaît"),
        ({"file": pdf("photo.png")}, "n’est pas un « .png »"),
        ({"file": pdf("programme.exe")}, "Joignez un PDF, une image"),
        ({"file": pdf("page.html", b"<script>")}, "Joignez un PDF, une image"),
        ({"file": pdf("image.svg", b"<svg/>")}, "Joignez un PDF, une image"),
        ({"file": pdf("note.txt", b"\xff\xfe\x00")}, "n’est pas en UTF-8"),
        ({"file": pdf("gros.pdf", b"%PDF-" + b"0" * attachments.MAX_FILE)}, "10 Mo au plus"),
        ({"file": pdf(), "link": "javascript:alert(1)"}, "doit commencer par https"),
        ({"file": pdf(), "observed_on": "2030-01-01"}, "date d’aujourd’hui ou d’avant"),
        ({"file": pdf(), "observed_on": "2026-02-31"}, "Cette date n’existe pas"),
    ],
)
def test_a_bad_proof_is_refused_and_changes_nothing(world, data, said):
    visitor, path = with_measure(world, "waf", "metabase")
    answer = send(visitor, path, {"observed_on": "2026-11-01", **data})
    assert answer.status_code == 200
    assert said in answer.get_data(as_text=True)
    with world.session(writing=False) as session:
        assert session.scalar(select(Evidence)) is None


def test_a_file_is_only_ever_downloaded_and_only_by_who_reads_the_product(world):
    visitor, path = with_measure(world, "waf", "metabase")
    give(visitor, path, clock.today(), file=pdf("é;X=1.pdf"))
    page = visitor.get("/produits/exemple/preuves").get_data(as_text=True)
    address = re.search(r'href="(/produits/exemple/preuves/\w+/fichier)"', page)[1]
    answer = visitor.get(address)
    assert answer.data == b"%PDF-1.7 essai"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.mimetype == "application/octet-stream"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    stranger = world.visitor(world.person("etranger@exemple.test", "Quelqu’un"))
    assert stranger.get(address).status_code == 404
    world.product(world.person(), "Autre")
    assert visitor.get(address.replace("exemple", "autre", 1)).status_code == 404


def test_what_a_tool_never_saw_says_nothing_and_what_it_lost_does(world):
    owner = world.person()
    product = world.filled(owner)  # its file says that Dependabot and updown.io are in place
    assert proof(world, product, "dependabot") is None
    write(world, product, [reading(Check.DEPENDABOT, ObservationState.ABSENT, holds=False)])
    assert proof(world, product, "dependabot") is None
    write(world, product, [reading(Check.DEPENDABOT, ObservationState.DISABLED, holds=False)])
    assert proof(world, product, "dependabot") is None  # dashlord does not look: it says nothing of Dependabot
    write(world, product, [reading(Check.DEPENDABOT)])
    assert proof(world, product, "dependabot") is ProofState.FRESH
    write(world, product, [reading(Check.DEPENDABOT, ObservationState.ABSENT, holds=False)])
    assert proof(world, product, "dependabot") is ProofState.ABSENT
    write(world, product, [reading(Check.DEPENDABOT, ObservationState.DISABLED, holds=False, subject="o/r")], "github")
    assert proof(world, product, "dependabot") is ProofState.DISABLED


def test_an_older_reading_changes_nothing_and_a_change_is_journalled(world):
    product = world.filled(world.person())
    assert write(world, product, [reading(Check.AVAILABILITY)]) == 1
    assert write(world, product, [reading(Check.AVAILABILITY, holds=False, on=date(2026, 1, 1))]) == 0
    assert proof(world, product, "availability_monitoring") is ProofState.FRESH
    assert write(world, product, [reading(Check.AVAILABILITY, holds=False)]) == 1
    with world.session(writing=False) as session:
        lines = session.scalars(select(JournalEntry).where(JournalEntry.action == "evidence_changed")).all()
    assert [line.details["changes"][0] for line in lines][-1].endswith("fresh → contradicted")


def certificate(url: str, end: date | str, on: date | None = None):
    """What a tool read of a site's certificate."""
    return replace(reading(Check.TLS, subject=url, on=on), detail={"certificate_end": str(end)})


def certificates_due(world) -> dict[str, int]:
    """By site, in how many days its certificate is to be renewed."""
    with world.session(writing=False) as session, world.app.test_request_context():
        owed = [
            d for d in deadlines.deadlines_of_product(session, world.reload()) if d.kind is DeadlineKind.CERTIFICATE
        ]
        assert len({d.ref for d in owed}) == len(owed) and all(len(d.ref) <= 64 for d in owed)
        assert all(d.milestones[0] == schedule.Milestone(d.due, 0) for d in owed)
        return {str(d.rule).split(",")[0]: (d.due - clock.today()).days for d in owed}


def test_a_certificate_is_to_renew_before_the_end_that_was_last_seen(world):
    product, today = world.filled(world.person()), clock.today()

    def at(days: int) -> date:
        return today + timedelta(days=days)

    write(
        world, product, [certificate("https://A.test/", at(60), at(-3)), certificate("https://b.test", at(21), at(-3))]
    )
    assert certificates_due(world) == {"a.test": 46, "b.test": 15}
    write(world, product, [certificate("https://a.test", at(89), at(-1))], source="updown")
    write(
        world, product, [certificate("https://www.a.test", at(80), at(-1)), certificate("https://a.test:8443", at(9))]
    )
    assert certificates_due(world) == {"a.test": 75, "www.a.test": 66, "a.test:8443": 7, "b.test": 15}
    page = world.visitor(world.person()).get("/produits/exemple/echeances").get_data(as_text=True)
    assert "Certificat à renouveler" in page and "b.test, vu le" in page
    write(world, product, [reading(Check.TLS, ObservationState.ABSENT, subject="https://b.test")])
    assert "b.test" not in certificates_due(world)
    with time_machine.travel(f"{at(40)}T09:00Z"):
        assert certificates_due(world) == {}, "nobody has read these sites for more than a month"


def test_since_when_a_certificate_is_known_outlives_a_bad_day_and_is_the_first_of_two_tools(world):
    product, start = world.filled(world.person()), clock.today()
    end = start + timedelta(days=40)
    for day in range(32):
        with time_machine.travel(f"{start + timedelta(days=day)}T09:00Z"):
            unread = [reading(Check.TLS, ObservationState.UNREADABLE, subject="https://a.test")]
            write(world, product, unread if day == 15 else [certificate("https://a.test", end)])
            if day >= 20:
                write(world, product, [certificate("https://a.test:443/x", end)], source="updown")
            if day != 15:
                assert certificates_due(world) == {"a.test": 30 - day}


@pytest.mark.parametrize("detail", [[], "x", None, {"certificate_end": 3}, {"certificate_since": "x"}])
def test_a_damaged_row_is_no_certificate_and_is_mended_by_the_next_reading(world, detail):
    product, end = world.filled(world.person()), clock.today() + timedelta(days=80)
    write(world, product, [certificate("https://a.test", end)])
    with world.database.writing() as session:
        session.execute(update(Evidence).values(detail=detail))
    assert certificates_due(world) == {}
    write(world, product, [certificate("https://camille:secret@a.test", end), certificate("https://a.test", end)])
    assert certificates_due(world) == {"a.test": 66}


@pytest.mark.parametrize("end", ["9999-12-31", "0001-01-05", "pas une date", ""])
def test_a_certificate_without_a_plausible_end_is_no_deadline(world, end):
    product = world.filled(world.person())
    write(world, product, [certificate("https://a.test", end)])
    assert certificates_due(world) == {}


def test_a_certificate_of_a_few_days_that_renews_by_itself_tells_nobody(world):
    product, start = world.filled(world.person()), clock.today()
    for day in range(40):
        with time_machine.travel(f"{start + timedelta(days=day)}T09:00Z"):
            write(world, product, [certificate("https://a.test", start + timedelta(days=day // 3 * 3 + 6))])
            assert certificates_due(world)["a.test"] > 0


def test_sites_of_one_certificate_are_told_once_in_words_of_their_own(world):
    product = world.filled(world.person())
    last = clock.today() + timedelta(days=1)
    long = f"{'a' * 60}.{'b' * 40}.test"
    write(world, product, [certificate(f"https://{n}.{long}", last) for n in ("un", "deux")])
    assert len(certificates_due(world)) == 2
    with time_machine.travel(f"{last + timedelta(days=1)}T09:00Z"):
        with world.database.writing() as session:
            assert planning.plan_day(session, clock.today()) >= 2
        world.jobs.run_within(world.app.test_request_context)
        world.jobs.run_due()
    mail = next(m for m in world.mails() if "certificat" in m.lower())
    assert mail.count("Des certificats des sites de « Exemple » sont à renouveler au plus tard le") >= 1
    assert "La première homologation" not in mail and "/produits/exemple/preuves" in mail


def test_a_certificate_renewed_moves_its_event(world):
    product, today = world.filled(world.person()), clock.today()

    def revision() -> int:
        with world.session(writing=False) as session:
            return feeds.read_revisions(session, [product.id])[product.id]

    write(world, product, [certificate("https://a.test", today + timedelta(days=30), today - timedelta(days=1))])
    before = revision()
    write(world, product, [certificate("https://a.test", today + timedelta(days=30))])
    assert revision() == before
    write(world, product, [certificate("https://a.test", today + timedelta(days=90))])
    assert revision() == before + 1


def test_upkeep_is_contradicted_by_an_exploited_flaw_left_open(world):
    visitor, _ = with_measure(world, "third_party_mco", "metabase")
    product = world.reload()
    assert proof(world, product, "third_party_mco") is ProofState.CONTRADICTED  # the example's Metabase is in KEV
    assert "Démentie" in visitor.get("/produits/exemple/preuves").get_data(as_text=True)


def test_dashlord_is_shown_as_a_table_of_states_then_kept(world, real_data):
    admin = world.person("admin@exemple.test", "Admin")
    world.give(admin, Role.ADMINISTRATOR)
    world.product(admin, "api gouv fr", address="https://api.gouv.fr")
    content = (real_data / "dashlord" / "report.json").read_bytes()
    visitor = world.visitor(admin)
    answer = visitor.post(
        "/incubateurs/dashlord", {"file": (io.BytesIO(content), "report.json")}, content_type="multipart/form-data"
    )
    page = answer.get_data(as_text=True)
    table = page.split("Ce que le rapport prouve, site par site")[1].split("</table>")[0]
    assert table.count("<tr>") == 18
    assert "https://api.trackdechets.beta.gouv.fr" in table
    assert "À jour" not in table  # the report is more than a year old: nothing in it is fresh
    upload = re.search(r'name="upload"[^>]*value="(\w+)"', page)[1]
    assert visitor.post("/incubateurs/dashlord/importer", {"upload": upload}).status_code == 302
    rows = visitor.get("/produits/api-gouv-fr/preuves").get_data(as_text=True)
    assert "En-têtes HTTP" in rows and "20 février 2025" in rows


def test_a_site_that_dashlord_no_longer_follows_is_a_proof_lost(world):
    product = world.filled(world.person())
    item = {"betaId": "exemple", "updownio": {"enabled": True, "uptime": 100, "last_check_at": clock.now().isoformat()}}
    for urls, expected in (
        (["https://a.test", "https://b.test"], ProofState.FRESH),
        (["https://b.test"], ProofState.FRESH),
        ([], ProofState.FRESH),  # no site of the product at all: nothing is said of it, its proofs grow old
    ):
        content = json.dumps(
            [item | {"url": u} for u in urls] or [{"url": "https://c.test", "updownio": None}]
        ).encode()
        with world.session() as session:
            scans.import_report(session, None, content, "report.json", products=None)
        assert proof(world, product, "availability_monitoring") is expected
    with world.session(writing=False) as session:
        rows = session.scalars(select(Evidence).where(Evidence.check == Check.AVAILABILITY)).all()
    assert {r.subject: r.withdrawn_at is None for r in rows} == {"https://a.test": False, "https://b.test": True}


def test_every_site_counts_and_of_one_that_stands_twice_the_worst(world):
    product = world.filled(world.person())
    day = {"response_headers": {"date": clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")}}
    up, down = ({"betaId": "exemple", "http": {"grade": grade, **day}} for grade in ("A", "F"))
    many = [up | {"url": f"https://a{n}.test"} for n in range(60)]
    twice = [down | {"url": "https://a.test"}, up | {"url": "https://a.test"}]
    for items, failing in (([*many, down | {"url": "https://zz.test"}], "https://zz.test"), (twice, "https://a.test")):
        with world.session() as session:
            scans.import_report(session, None, json.dumps(items).encode(), "report.json", products=None)
            rows = session.scalars(select(Evidence).where(Evidence.check == Check.HTTP_HEADERS)).all()
            assert {r.subject: r.holds for r in rows if r.withdrawn_at is None}[failing] is False
            assert product.id in {r.product_id for r in rows}


def test_the_state_shown_of_a_row_is_that_of_the_rules(world):
    product = world.filled(world.person())
    write(world, product, [reading(Check.TLS, on=clock.today() - timedelta(days=40))])
    with world.session(writing=False) as session:
        assert proofs.shown_state(session.scalar(select(Evidence))) is ProofState.STALE
