"""What anybody sees: the verification page, the public register, badges; and what was decided outside Jalon."""

import io
import json
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from sqlalchemy import func, select

from app.homologation.kinds import Act, Origin, Outcome
from app.homologation.models import Decision, Dossier, Reservation
from app.identity.kinds import Role
from app.platform import clock
from app.renewals import deadlines as renewals
from reports import seal
from reports.certificates import read_certificates
from risk_models.scales import DeadlineKind
from tests.certificates import chain
from tests.conftest import on_sqlite
from tests.factories.homologation import SHOWN, WHY, choices, run_jobs, sealed_file

PAGE = "/produits/exemple/dossier/1"


def drop(world, data: bytes, name="d.pdf") -> str:
    return world.visitor().post("/verifier", {"file": (io.BytesIO(data), name)}).get_data(as_text=True)


@on_sqlite
def test_anybody_checks_a_pdf_and_nothing_is_kept(decided):
    world, *_, dossier = decided
    data = sealed_file(world, dossier.id)
    before = sorted(p for p in world.app.config["SETTINGS"].instance.rglob("*") if p.is_file())
    page = drop(world, data)
    for text in (
        "Intact, mais scellé avec un certificat d’essai",
        "ESSAI",
        "Émis par ce service",
        "Homologation en cours",
        "avec réserves",
    ):
        assert text in page, text
    assert sorted(p for p in world.app.config["SETTINGS"].instance.rglob("*") if p.is_file()) == before
    for changed in (data[:-1], data + b"\n", data.replace(b"/Lang", b"/Lamg", 1)):
        assert "Altéré" in drop(world, changed) or "Rien à vérifier" in drop(world, changed)


@on_sqlite
def test_a_withdrawn_or_replaced_homologation_is_said_to_be_so(decided):
    world, owner, people, dossier = decided
    data = sealed_file(world, dossier.id)
    given = {"reason": "Intrusion", "code": world.code(people["authority"])}
    world.visitor(people["authority"]).post(f"{PAGE}/retirer-homologation", given)
    run_jobs(world)
    assert "ne tient plus" in drop(world, data) and "retirée depuis par l’autorité" in drop(world, data)
    assert "Intrusion" in drop(world, sealed_file(world, dossier.id, Act.WITHDRAWAL))
    renewed = world.before_authority(owner, world.reload(), people)
    world.decide(renewed, people["authority"])
    run_jobs(world)
    assert "Homologation en cours" in drop(world, sealed_file(world, renewed.id))


@on_sqlite
def test_a_file_that_this_service_never_issued_is_not_vouched_for(decided):
    """Sealed with the right key, yet not the bytes that were issued: somebody copied the key, or another Jalon."""
    world, _, _, dossier = decided
    data = sealed_file(world, dossier.id)
    with world.database.reading() as session:
        from app.homologation.models import IssuedFile

        assert session.scalar(select(func.count(IssuedFile.id)).where(IssuedFile.act == Act.DECISION)) == 1
    original = data[: data.index(b"%%EOF\n") + 6]
    again = seal.seal_document(original, world.app.extensions["sealer"])
    page = drop(world, again)
    assert "jamais émis ce fichier" in page and "Personne que vous connaissez" in page


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "Choisissez un fichier"),
        (b"GIF89a", "n’est pas un PDF"),
        (b"%PDF-1.7\n" + b"\0" * 4000, "n’est pas un dossier de Jalon"),
        (b"%PDF-1.7\n1 0 obj<</Length 9999999999>>stream\n", "n’est pas un dossier de Jalon"),
    ],
)
def test_what_is_no_dossier_is_said_to_be_none(world, data, message):
    if not data:
        assert message in world.visitor().post("/verifier").get_data(as_text=True)
        return
    assert message in drop(world, data)


@on_sqlite
def test_a_draft_is_said_to_be_one(transmitted):
    world, owner, _, _ = transmitted
    run_jobs(world)
    page = drop(world, world.visitor(owner).get(f"{PAGE}/pdf").data)
    assert "Projet émis par ce service : il ne décide rien" in page and "Altéré" not in page
    _, _, people, dossier = transmitted
    world.decide(dossier, people["authority"])
    draft = world.visitor(owner)
    held = page.split("contenu (SHA-256) : ")[1][:64]
    assert "La décision a été prise depuis" in world.visitor().get(f"/verifier?contenu={held}").get_data(as_text=True)
    assert draft.get(f"{PAGE}/pdf").status_code == 404  # its seal is on its way


@on_sqlite
def test_a_draft_taken_back_is_said_to_be_so(transmitted):
    world, owner, _, _ = transmitted
    run_jobs(world)
    draft = world.visitor(owner).get(f"{PAGE}/pdf").data
    world.visitor(owner).post(f"{PAGE}/reprendre")
    assert "a repris ce projet depuis" in drop(world, draft)


@on_sqlite
def test_an_encrypted_a_scripted_and_a_huge_file(world, decided):
    import pikepdf

    world, *_, dossier = decided
    data = sealed_file(world, dossier.id)
    out, scripted = io.BytesIO(), io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
        document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
        document.save(scripted)
    assert "chiffré" in drop(world, out.getvalue())
    assert "Altéré" in drop(world, scripted.getvalue())
    huge = world.visitor().post("/verifier", {"file": (io.BytesIO(b"%PDF-" + b"0" * 50_000_000), "g.pdf")})
    assert huge.status_code == 413


@on_sqlite
def test_the_drawing_on_the_page_leads_to_what_the_register_knows(decided):
    world, *_ = decided
    with world.database.reading() as session:
        digest = session.scalar(select(Dossier.content_sha256))
    page = world.visitor().get(f"/verifier?contenu={digest}").get_data(as_text=True)
    assert "Homologation en cours" in page and "Exemple" in page
    assert "jamais émis" in world.visitor().get(f"/verifier?contenu={'0' * 64}").get_data(as_text=True)


def test_the_certificates_to_trust_are_published(world):
    ours = world.app.extensions["sealer"].trust
    for path, expected in (("/verifier/cachet.pem", ours.seals), ("/verifier/horodatage.pem", ours.clocks)):
        pem = world.visitor().get(path).data
        assert [c.dump() for c in read_certificates(pem)] == [c.dump() for c in expected]


def test_nothing_is_public_until_the_team_says_so(decided):
    world, owner, _, _ = decided
    nobody = world.visitor()
    assert "Exemple" not in nobody.get("/registre").get_data(as_text=True)
    for path in ("/registre/exemple.svg", "/registre/exemple.json", "/registre/inconnu.json"):
        assert nobody.get(path).status_code == 404
    world.visitor(owner).submits("/produits/exemple/dossier", "/produits/exemple/dossier/registre-public")
    assert "Exemple" in nobody.get("/registre").get_data(as_text=True)
    until = clock.today().replace(year=clock.today().year + 1).isoformat()
    answer = nobody.get("/registre/exemple.json")
    assert answer.get_json()["homologated_until"] == until
    assert answer.headers["Access-Control-Allow-Origin"] == "*" and "max-age=300" in answer.headers["Cache-Control"]
    badge = ElementTree.fromstring(nobody.get("/registre/exemple.svg").data)
    assert "jusqu’au" in badge.get("aria-label")
    world.visitor(owner).submits("/produits/exemple/dossier", "/produits/exemple/dossier/registre-public")
    assert nobody.get("/registre/exemple.svg").status_code == 404


def test_the_badge_follows_the_register(decided):
    world, owner, people, _ = decided
    world.visitor(owner).submits("/produits/exemple/dossier", "/produits/exemple/dossier/registre-public")
    given = {"reason": "Intrusion", "code": world.code(people["authority"])}
    world.visitor(people["authority"]).post(f"{PAGE}/retirer-homologation", given)
    said = world.visitor().get("/registre/exemple.json").get_json()
    assert (said["standing"], said["homologated_until"]) == ("withdrawn", None)
    assert "retirée" in world.visitor().get("/registre/exemple.svg").get_data(as_text=True)


def test_the_register_of_the_signed_in_holds_what_they_may_read(decided):
    world, owner, _, _ = decided
    assert "Exemple, dossier n° 1" in world.visitor(owner).get("/homologations").get_data(as_text=True)
    assert "Aucune décision ici" in world.visitor(owner).get("/homologations?etat=expired").get_data(as_text=True)
    stranger = world.visitor(world.person("autre@exemple.test", "Autre"))
    assert "Exemple" not in stranger.get("/homologations").get_data(as_text=True)


ELSEWHERE = {
    "origin": "mon_service_securise",
    "authority": "Andrée Laurent, directrice",
    "outcome": "with_reservations",
    "months": "12",
    "reservations": "Mettre à jour Metabase",
}


def test_a_homologation_made_elsewhere_lives_here_from_the_first_day(world):
    owner = world.person()
    world.filled(owner)
    team = world.visitor(owner)
    day = clock.today() - timedelta(days=100)
    given = ELSEWHERE | {"decided_on": day.isoformat(), "file": (io.BytesIO(b"%PDF-1.4 signed"), "décision.pdf")}
    answer = team.post("/produits/exemple/dossier/ailleurs", given)
    assert answer.status_code == 302
    page = team.get(answer.location).get_data(as_text=True)
    assert "Non scellée par Jalon" in page and "Mettre à jour Metabase" in page
    with world.database.reading() as session:
        decision = session.scalar(select(Decision))
        assert session.scalar(select(Dossier.origin)) is Origin.MSS
    assert team.get(f"{PAGE}/documents/{decision.outside_sha256}").data == b"%PDF-1.4 signed"
    assert "signé hors de Jalon" not in drop(world, b"%PDF-1.4 signed")  # whatever a team attaches is not vouched for
    with world.session(writing=False) as session, world.app.test_request_context():
        found = {d.kind: d.due for d in renewals.deadlines_of_product(session, world.reload())}
    assert found[DeadlineKind.EXPIRY] == decision.expires_on
    assert team.get(f"{PAGE}/depuis").status_code == 404
    again = team.post("/produits/exemple/dossier/ailleurs", given | {"file": (io.BytesIO(b"%PDF-1.4 b"), "d.pdf")})
    assert "déjà enregistrée" in again.get_data(as_text=True)
    assert team.post("/produits/exemple/dossier/nouveau").location.endswith("/dossier/2/composer")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decided_on": "2099-01-01"}, "aujourd’hui ou d’avant"),
        ({"months": ""}, "Choisissez une durée"),
        ({"authority": ""}, "obligatoire"),
        ({"file": b"MZ"}, "malgré son nom"),
        ({"outcome": "favourable", "reservations": "Lever le doute"}, "Choisissez « avec réserves »"),
    ],
)
def test_a_wrong_record_is_refused_at_its_field(world, changes, message):
    owner = world.person()
    world.product(owner)
    given = ELSEWHERE | {"decided_on": "2026-01-01"} | changes
    given["file"] = (io.BytesIO(given.get("file", SHOWN.content)), "d.pdf")
    answer = world.visitor(owner).post("/produits/exemple/dossier/ailleurs", given)
    assert message in answer.get_data(as_text=True)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Dossier.id))) == 0


def test_one_made_elsewhere_then_withdrawn_is_valid_no_more(scene):
    world, owner, people, _ = scene
    world.product(owner, "Autre produit")
    world.give(people["authority"], Role.AUTHORITY, product_id=world.reload("autre-produit").id)
    given = ELSEWHERE | {"decided_on": clock.today().isoformat(), "file": (io.BytesIO(SHOWN.content), "d.pdf")}
    where = world.visitor(owner).post("/produits/autre-produit/dossier/ailleurs", given).location
    authority = world.visitor(people["authority"])
    assert "Valable jusqu’au" in authority.get(where).get_data(as_text=True)
    given = {"reason": "Arrêt du service", "code": world.code(people["authority"])}
    assert authority.post(f"{where}/retirer-homologation", given).status_code == 302
    run_jobs(world)
    page = authority.get(where).get_data(as_text=True)
    assert "Arrêt du service" in page and f"{where}/retrait.pdf" in page
    assert "Valable jusqu’au" not in page and "Réserves à lever" not in page


HEAD = "produit;origine;autorite;date;mois;decision;reserves\n"


def upload(world, person, text: str):
    given = {"file": (io.BytesIO(text.encode()), "homologations.csv")}
    return world.visitor(person).post("/homologations/importer", given)


@pytest.fixture
def lead(world):
    world.product(world.person())
    world.product(world.person(), "Autre produit")
    lead = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.give(lead, Role.INCUBATOR_MEMBER, incubator_id=world.incubator().id)
    return lead


def test_many_come_from_a_csv_all_or_none(world, lead):
    good = "exemple;paper;Andrée Laurent;2026-03-01;24;favourable;\nautre-produit;other;Sam;2026-02-01;;refused;Trop de risques\n"
    wrong = "ailleurs;paper;A;2026-03-01;12;favourable;\nexemple;nulle-part;A;2026-03-01;12;favourable;\nexemple;paper;;2026-03-01;12;favourable;\nexemple;paper;A;hier;12;favourable;\nexemple;paper;A;2026-03-01;13;favourable;\n"
    page = upload(world, lead, HEAD + good + wrong).get_data(as_text=True)
    for number, message in ((4, "identifiant"), (5, "origine"), (6, "autorite"), (7, "2026-03-01"), (8, "durée")):
        assert f"ligne {number} :" in page and message in page
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Decision.id))) == 0
    assert upload(world, lead, HEAD + good).status_code == 302
    dated = "autre-produit;Papier;Sam;2026-03-01;12;Avec reserves;Metabase | Keycloak;2026-09-01\n"
    head = HEAD.strip() + ";au_plus_tard\n"
    assert "avant la fin" in upload(world, lead, head + dated.replace("2026-09", "2027-09")).get_data(as_text=True)
    assert "ne sont pas connues : au-plus" in upload(world, lead, head.replace("au_p", "au-p") + dated).get_data(
        as_text=True
    )
    assert upload(world, lead, head + dated).status_code == 302
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Decision.id))) == 3
        assert session.scalars(select(Reservation.lift_by)).all() == [date(2026, 9, 1)] * 2
    assert "Il manque des colonnes" in upload(world, lead, "a;b\n1;2\n").get_data(as_text=True)
    twice = HEAD.strip() + ";Date\nexemple;paper;A;2026-03-02;12;favourable;;2026-03-03\n"
    assert "nommée deux fois" in upload(world, lead, twice).get_data(as_text=True)
    unquoted = HEAD + "exemple;paper;A;2026-03-02;12;with_reservations;Une;et deux\n"
    assert "Ligne 2 : plus de cases que de colonnes" in upload(world, lead, unquoted).get_data(as_text=True)
    assert "CSV lisible" in upload(world, lead, HEAD + '"' + "x" * 200_000).get_data(as_text=True)
    for row, message in (
        ("exemple;paper;A\x1b;2026-03-02;12;favourable;", "invisible"),
        ("exemple;paper;A;0001-03-02;12;favourable;", "année"),
        ("exemple;paper;A;2026-03-02;12;with_reservations;", "réserves"),
    ):
        assert message in upload(world, lead, HEAD + row + "\n").get_data(as_text=True)
    assert "non scellée par Jalon" in world.visitor(lead).get("/homologations").get_data(as_text=True)


@on_sqlite
def test_an_authority_that_signs_with_its_own_certificate(transmitted):
    world, _, people, dossier = transmitted
    run_jobs(world)
    authority = world.visitor(people["authority"])
    draft = authority.get(f"{PAGE}/pdf").data
    from io import BytesIO

    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers

    own = chain().sealer()
    signer = signers.SimpleSigner(own.certificate, own.key, None)
    signed = signers.sign_pdf(
        IncrementalPdfFileWriter(BytesIO(draft)), signers.PdfSignatureMetadata(field_name="Autorité"), signer=signer
    ).getvalue()
    given = {"decided_on": clock.today().isoformat(), "outcome": "favourable", "months": "24"} | WHY

    def post(data: bytes, **more):
        file = {"file": (io.BytesIO(data), "signe.pdf")}
        return authority.post(f"{PAGE}/signe-ailleurs", given | file | more | {"code": world.code(people["authority"])})

    assert "ni un PDF, ni une image" in post(b"GIF").get_data(as_text=True)
    assert "sa signature est abîmée" in post(signed[:-9] + b"X" * 9).get_data(as_text=True)
    assert "n’est pas ce dossier" in post(signed[:5000] + b"XX" + signed[5002:]).get_data(as_text=True)
    assert post(signed).status_code == 302
    run_jobs(world)
    with world.database.reading() as session:
        frozen = json.loads(session.scalar(select(Dossier.content)))
        decision = session.scalar(select(Decision))
    assert frozen["decision"]["outside"]["signers"] == ["Cachet de test"]
    assert authority.get(f"{PAGE}/documents/{decision.outside_sha256}").data == signed
    assert "C’est le fichier signé hors de Jalon" in drop(world, signed)
    assert "Homologation en cours" in drop(world, sealed_file(world, dossier.id))


def test_an_authority_not_named_in_the_dossier_records_no_signature(scene):
    """A scan and eight characters shown on the screen would let it sign for another."""
    world, _, _people, dossier = scene
    run_jobs(world)
    other = world.person("autre@exemple.test", "Alix Petit")
    world.give(other, Role.AUTHORITY, product_id=dossier.product_id)
    given = {"decided_on": clock.today().isoformat(), "outcome": "favourable", "months": "12"} | WHY
    file = {"file": (io.BytesIO(b"%PDF-1.4 scan"), "scan.pdf")}
    answer = world.visitor(other).post(f"{PAGE}/signe-ailleurs", given | file | {"code": world.code(other)})
    assert "autorité nommée dans le dossier" in answer.get_data(as_text=True)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Decision.id))) == 0


def test_what_was_refused_here_is_not_made_good_by_a_record(scene):
    world, owner, people, dossier = scene
    world.decide(dossier, people["authority"], Outcome.REFUSED, None, "Trop tôt")
    given = {"origin": "paper", "authority": "Andrée Laurent", "outcome": "favourable", "months": "12"}
    given |= {"decided_on": clock.today().isoformat(), "file": (io.BytesIO(SHOWN.content), "d.pdf")}
    page = world.visitor(owner).post("/produits/exemple/dossier/ailleurs", given).get_data(as_text=True)
    assert "refusée ou retirée dans Jalon" in page


def test_a_dossier_decided_inside_is_not_recorded_outside(decided):
    world, _, people, _ = decided
    given = {"decided_on": clock.today().isoformat(), "outcome": "favourable", "months": "12"}
    file = {"file": (io.BytesIO(b"%PDF-1.4 scan"), "scan.pdf"), "code": world.code(people["authority"])}
    assert world.visitor(people["authority"]).post(f"{PAGE}/signe-ailleurs", given | file).status_code == 409


def test_two_authorities_at_once_leave_one_decision(scene):
    """Two tabs: both read the page, both sign; the second learns that it is done."""
    world, _, people, dossier = scene
    assert world.signs(people["authority"], PAGE, **choices(dossier)).status_code == 302
    assert world.signs(people["authority"], PAGE, **choices(dossier)).status_code == 409
