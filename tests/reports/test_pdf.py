"""The dossier's PDF: what people read in it, what archivists ask of it, what an attacker tries."""

import json
import subprocess
from importlib.metadata import version

import page
import pikepdf
import pytest

from reports import dossier as content
from reports import pdf, verification
from reports.certificates import Trust
from reports.typography import drawable_text
from reports.verification import Status
from risk_models import assess, catalogue, product_file
from tests.factories.documents import DAY, full
from tests.world import EXAMPLES


@pytest.fixture(scope="session")
def rendered() -> bytes:
    return pdf.render(content.canonical(full()))


@pytest.fixture(scope="session")
def text(rendered, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("pdf") / "d.pdf"
    path.write_bytes(rendered)
    out = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout
    return letters(out)


def letters(text: str) -> str:
    """Letters and figures only: hyphens and line ends of a printed page do not count."""
    return "".join(ch for ch in text if ch.isalnum())


def test_everything_a_reader_needs_is_in_it(text):
    for words in (
        "Guichet des aides",
        "Andrée Laurent",
        "Homologation accordée avec réserves",
        "23 novembre 2027",
        "Comptes nominatifs",
        "Chute de l’hébergeur",
        "Fermer Metabase",
        "La base est publiée",
    ):
        assert letters(words) in text, words


def test_every_weak_point_and_every_measure_is_in_it(text):
    system = product_file.loads((EXAMPLES / "guichet.yaml").read_text(), as_of=DAY)
    names = {c.id: c.name for c in system.components}
    for weak in assess(system).weak_points:
        if weak.loss_avoided > 0:
            assert letters(names[weak.component]) in text
            assert letters(f"{weak.loss_avoided:.2f}") in text
    for measure in system.measures:
        assert letters(catalogue.measures()[measure.measure].name.fr) in text


def test_it_names_the_release_that_made_its_figures_and_what_is_assumed(text):
    assert letters(f"Modèle {catalogue.model().version}, celui de Jalon {version('jalon')}") in text
    (assumed,) = assess(product_file.loads((EXAMPLES / "guichet.yaml").read_text(), as_of=DAY)).assumed
    assert letters(catalogue.word(assumed.kind, "fr")) in text
    assert letters(f"{assumed.loss:.1f}".replace(".", ",") + " points de perte attendue passent par là") in text


@pytest.mark.parametrize("profile", ["3a", "ua1"])
@pytest.mark.parametrize("file", ["guichet", "parcours", "agrements"])
def test_it_is_archivable_and_accessible(profile, file):
    result = page.validate_pdf_bytes(pdf.render(content.canonical(full(file) | {"feared_events": []})), profile=profile)
    assert result.is_compliant, [f.message for f in result.failures]


def test_its_language_title_and_level_are_declared(rendered):
    import io

    with pikepdf.open(io.BytesIO(rendered)) as document:
        assert document.Root.Lang == "fr"
        assert document.Root.ViewerPreferences.DisplayDocTitle
        with document.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"], metadata["pdfuaid:part"]) == (
                "3",
                "A",
                "1",
            )
        assert (
            json.loads(document.attachments["dossier.json"].get_file().read_bytes())["product"] == "Guichet des aides"
        )


def test_the_synthesis_fits_one_page_even_with_long_texts(tmp_path):
    long = full() | {"mission": "Une mission longue. " * 30, "perimeter": "Un périmètre long. " * 60}
    long["accepted_risks"] *= 6
    long["opinions"] = [
        long["opinions"][0] | {"text": "Réserve. " * 80, "role": r} for r in ("rssi", "dpo", "technical", "users")
    ]
    long["feared_events"] = [long["feared_events"][0] | {"description": "La base des usagers est publiée. " * 9}] * 3
    long["decision"] |= {"to_lift": ["Un second facteur pour tous les comptes d’administration. " * 4] * 6}
    path = tmp_path / "long.pdf"
    path.write_bytes(pdf.render(content.canonical(long)))
    pages = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout.split("\f")
    synthesis = next(n for n, page in enumerate(pages) if "le détail suit." in page)
    assert "\nLa décision, en une page\nHomologation" in pages[synthesis]
    assert "\nDécision\n" in pages[synthesis + 1]


def test_a_decision_of_many_reservations_begins_under_its_heading(tmp_path):
    long = full()
    long["decision"] |= {"to_lift": ["Un second facteur pour tous les comptes d’administration. " * 6] * 14}
    path = tmp_path / "long.pdf"
    path.write_bytes(pdf.render(content.canonical(long)))
    pages = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True, check=True).stdout.split("\f")
    decision = next(p for p in pages if "Réserves à lever" in p and p.partition("\nDécision\n")[1])
    assert "Un second facteur" in decision and "Signature de l’autorité" not in decision


def synthesis_of(value: dict, tmp_path) -> str:
    path = tmp_path / "synthesis.pdf"
    path.write_bytes(pdf.render(content.canonical(value)))
    text = ["pdftotext", "-f", "2", "-l", "2", str(path), "-"]
    return " ".join(subprocess.run(text, capture_output=True, text=True, check=True).stdout.split())


def test_the_synthesis_says_the_worst_path_and_what_the_team_sets_aside(tmp_path):
    judged = {
        "component": "Metabase",
        "package": "",
        "version": "",
        "flaw": "CVE-2021-41277",
        "state": "accepted",
        "reason": "Coupé d’internet",
        "until": None,
        "judged_by": "Camille Martin",
    }
    text = synthesis_of(full() | {"judgements": [judged]}, tmp_path)
    assert "Pire chemin : Internet › Metabase" in text
    assert "Faille laissée en l’état : CVE-2021-41277, Metabase (Coupé d’internet)" in text


def test_the_synthesis_begins_with_who_disagrees_and_counts_the_rest(tmp_path):
    value = full()
    agreed = value["opinions"][0] | {"verdict": "favourable", "text": ""}
    value["opinions"] = [agreed] * 5 + [agreed | {"role": "dpo", "verdict": "unfavourable", "text": "Trop tôt"}]
    text = synthesis_of(value, tmp_path)
    assert "DPO : défavorable (Trop tôt)" in text and "Et 3 autres" in text


def test_the_synthesis_says_what_a_lone_reviewer_reserves(tmp_path):
    value = full()
    value["opinions"][0]["text"] = "Préciser la durée de conservation des journaux."
    assert "Préciser la durée de conservation des journaux." in synthesis_of(value, tmp_path)


@pytest.mark.parametrize(
    "hostile", ["<img src=http://127.0.0.1:1/x>", "<script>x</script>", "]]>&<b>", "中文 😀 Ω Ж →", "a" * 3000]
)
def test_what_people_type_is_text_and_nothing_is_fetched(hostile):
    frozen = full() | {"perimeter": hostile, "product": hostile[:150]}
    result = pdf.render(content.canonical(frozen))
    assert page.validate_pdf_bytes(result, profile="3a").is_compliant


def test_a_character_our_fonts_lack_is_spelt_out():
    assert drawable_text("Métro 中 Ω") == "Métro [U+4E2D] Ω"


def test_broken_content_is_an_error_never_a_partial_file():
    with pytest.raises(pdf.RenderingFailed):
        pdf.render("{}")


def test_verification_tells_an_intact_file_from_an_altered_one(rendered):
    import io

    assert verification.verify_document(rendered, Trust(), today=DAY).status is Status.UNVOUCHED  # nobody sealed it
    changed = full()
    changed["decision"]["months"] = 36
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(rendered)) as document:
        del document.attachments["dossier.json"]
        document.attachments["dossier.json"] = content.canonical(changed).encode()
        document.save(out, static_id=False)
    assert verification.verify_document(out.getvalue(), Trust(), today=DAY).status is Status.ALTERED
    for junk in (b"", b"%PDF-1.7\n", b"\x00" * 100, rendered[:5000]):
        with pytest.raises(verification.UnreadableDocument):
            verification.verify_document(junk, Trust(), today=DAY)
