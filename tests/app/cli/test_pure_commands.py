"""The pure commands: what they print, their exit codes, what they do not load."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from app.cli import main
from tests.world import EXAMPLES

GUICHET = str(EXAMPLES / "guichet.yaml")


def run(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


def test_the_ranking_as_a_table_and_as_json():
    assert "Metabase" in run("assess", GUICHET).output.splitlines()[3]
    found = json.loads(run("assess", GUICHET, "--json", "--date", "2026-11-23").output)
    assert found["jalon"] == 1
    assert found["weak_points"][0]["component"] == "metabase"
    assert found["weak_points"][0]["path"] == ["internet", "metabase", "base"]
    assert len(found["weak_points"]) == len(found["components"]) == 11
    assert found["residual_loss"] < found["loss"]


@pytest.mark.parametrize("name", [r"a\0b.yaml", "a" * 1000 + ".yaml", "../ailleurs.yaml"])
def test_a_model_that_includes_what_no_file_can_be_called_is_converted_without_it(tmp_path, name):
    model = tmp_path / "modele.yaml"
    asset = "{id: site, type: process, technology: web-server, internet: true}"
    model.write_text(f'title: Essai\nincludes: ["{name}"]\ntechnical_assets: {{Site: {asset}}}\n')
    found = run("convert", str(model))
    assert found.exit_code == 0 and "id: site" in found.output, found.output


def test_a_threshold_passed_is_exit_code_1():
    assert run("assess", GUICHET, "--fail-above", "V3G3").exit_code == 1
    assert run("assess", GUICHET, "--fail-above", "V4G4").exit_code == 0
    assert run("assess", GUICHET, "--fail-above", "fort").exit_code == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "list of keys"),
        ("jalon: [", "not closed"),
        ("jalon: 1\nproduct: {name: X}\ncomponents: [{id: a, kind: b}]\n", "line 3"),
        (
            "jalon: 1\nproduct: {name: X}\ncomponents: [{id: a, kind: web}]\nlinks: [{from: a, to: b, kind: calls}]\n",
            "line 4",
        ),
    ],
)
@pytest.mark.parametrize("command", ["assess", "dossier"])
def test_a_wrong_file_is_exit_code_2_and_prints_nothing(tmp_path, content, message, command):
    path = tmp_path / "jalon.yaml"
    path.write_text(content)
    output = ["--json"] if command == "assess" else ["-o", str(tmp_path / "d.pdf")]
    result = run(command, str(path), *output)
    assert not (tmp_path / "d.pdf").exists()
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr


def test_the_json_holds_everything_the_format_names():
    found = json.loads(run("assess", GUICHET, "--json", "--lang", "en").output)
    assert set(found["views"]) == {"raw", "current", "target"}
    assert found["weak_points"][0]["stability"] >= 0.9
    assert {"rule", "component", "text", "mend"} <= set(found["findings"][0])
    assert "known to be exploited" in found["findings"][0]["text"]
    assert all(w["text"] for w in found["warnings"])


def test_the_schema_is_printed_as_json():
    assert json.loads(run("schema").output)["title"] == "Jalon product file, formats 1 and 2"


def test_products_that_share_a_third_party_are_ranked_together():
    files = [str(path) for path in sorted(EXAMPLES.glob("*.yaml"))]
    assert "GitHub" in run("systemic", *files).output
    assert json.loads(run("systemic", *files, "--json").output)[0]["name"] == "GitHub"


def test_an_output_that_cannot_be_written_is_said_in_one_line(tmp_path):
    result = run("dossier", GUICHET, "-o", str(tmp_path / "no" / "d.pdf"))
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_libraries_are_read_from_the_sbom_beside_the_file(tmp_path):
    flaw = {"id": "CVE-2021-44228", "affects": [{"ref": "1"}]}
    bom = {"bomFormat": "CycloneDX", "components": [{"bom-ref": "1", "name": "log4j-core"}], "vulnerabilities": [flaw]}
    (tmp_path / "web.cdx.json").write_text(json.dumps(bom))
    file = tmp_path / "jalon.yaml"
    file.write_text("jalon: 1\nproduct: {name: P}\ncomponents: [{id: web, kind: web, sbom: web.cdx.json}]\n")
    assert "log4j-core@" in run("assess", str(file), "--json").output
    (tmp_path / "web.cdx.json").write_text("{")
    result = run("assess", str(file))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "web.cdx.json" in result.stderr


def test_a_dossier_from_a_file_verifies(tmp_path):
    path = tmp_path / "d.pdf"
    assert run("dossier", GUICHET, "-o", str(path), "--date", "2026-11-23").exit_code == 0
    result = run("verify", str(path))
    assert result.exit_code == 3  # it agrees with itself, and nobody vouches for it
    assert "Guichet des aides" in result.output and "Aucun cachet" in result.stderr
    assert "Ce fichier prétend : Dossier n° 1 de « Guichet des aides »" in result.stdout
    assert "Aucun certificat de confiance" in result.stdout and "attendue" not in result.output
    path.write_bytes(b"%PDF-1.7 pas un dossier")
    assert run("verify", str(path)).exit_code == 2


def test_a_stranger_makes_every_figure_again_from_the_file_alone(tmp_path):
    """The three commands that the annex of the PDF and docs/verifying.md give."""
    made = tmp_path / "dossier.pdf"
    assert run("dossier", GUICHET, "-o", str(made), "--date", "2026-11-23").exit_code == 0
    subprocess.run(["pdfdetach", "-savefile", "dossier.json", made.name], cwd=tmp_path, check=True)
    content = json.loads((tmp_path / "dossier.json").read_bytes())
    taken = "import json; print(json.dumps(json.load(open('dossier.json'))['system']))"
    product = subprocess.run([sys.executable, "-c", taken], cwd=tmp_path, capture_output=True, text=True, check=True)
    (tmp_path / "produit.yaml").write_text(product.stdout)
    done = run("assess", str(tmp_path / "produit.yaml"), "--json", "--date", content["frozen_on"])
    again, frozen = json.loads(done.output), content["assessment"]
    assert (again["model"], again["loss"], again["residual_loss"]) == (
        frozen["model"],
        frozen["loss"],
        frozen["residual_loss"],
    )
    assert [(w["component"], w["loss_avoided"]) for w in again["weak_points"]] == [
        (w["component"], w["loss_avoided"]) for w in frozen["weak_points"]
    ]
    assert [a["likelihood"] for a in again["assets"]] == [a["likelihood"] for a in frozen["assets"]]
    guide = (EXAMPLES.parent / "docs" / "verifying.md").read_text()
    assert "pdfdetach -savefile dossier.json dossier.pdf" in guide and taken in guide


FORGED = "Homologation accordée avec réserves par Andrée Laurent"


@pytest.fixture(scope="module")
def forged(tmp_path_factory):
    """A decision that a stranger sealed with a certificate of their own, beside that certificate in its usual place."""
    from asn1crypto import pem

    from reports import dossier as content
    from reports import pdf, seal
    from tests.certificates import chain
    from tests.factories.documents import full_today

    folder = tmp_path_factory.mktemp("forged")
    (folder / "instance" / "seal").mkdir(parents=True)
    held = b"".join(pem.armor("CERTIFICATE", known.dump()) for known in chain().sealer().trust.seals)
    (folder / "instance" / "seal" / "certificate.pem").write_bytes(held)
    (folder / "d.pdf").write_bytes(seal.seal_document(pdf.render(content.canonical(full_today())), chain().sealer()))
    return folder


@pytest.mark.parametrize(
    "environment",
    [{}, {"JALON_INSTANCE": "instance"}, {"JALON_SEAL_CERTIFICATE": "instance/seal/certificate.pem"}],
    ids=str,
)
def test_nothing_is_trusted_for_lying_in_the_current_folder(forged, monkeypatch, environment):
    monkeypatch.chdir(forged)
    for name in ("JALON_INSTANCE", "JALON_SEAL_CERTIFICATE", "JALON_SEAL_FORMER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = run("verify", "d.pdf")
    assert done.exit_code == 3 and "Authentique" not in done.output and "attendue" not in done.output
    assert f"Ce fichier prétend : {FORGED}" in done.stdout
    plain = json.loads(run("verify", "d.pdf", "--json").stdout)
    assert plain["status"] == "unvouched" and plain["facts"] == [] and plain["trusted"] == [] and plain["claims"]


@pytest.mark.parametrize("way", ["option", "environment"])
def test_what_is_trusted_is_named_with_its_origin(forged, monkeypatch, way):
    certificate = forged / "instance" / "seal" / "certificate.pem"
    options = ["--seal", str(certificate)] if way == "option" else []
    if way == "environment":
        monkeypatch.setenv("JALON_SEAL_CERTIFICATE", str(certificate))
    done = run("verify", str(forged / "d.pdf"), *options)
    assert done.exit_code == 0 and FORGED in done.stdout and "prétend" not in done.stdout
    origin = "--seal" if way == "option" else "JALON_SEAL_CERTIFICATE"
    assert f"lu dans {certificate} ({origin})" in done.stdout
    assert (
        len(json.loads(run("verify", str(forged / "d.pdf"), *options, "--json").stdout)["trusted"][0]["fingerprint"])
        == 64
    )
    again = run("verify", str(forged / "d.pdf"), *options, "--draw-again")
    assert again.exit_code == 0 and "les mêmes, octet pour octet" in again.stdout


@pytest.mark.parametrize("command", ["assess", "dossier", "verify"])
def test_pure_commands_load_neither_flask_nor_the_database(command):
    code = f"import sys; from app.cli import main; main.get_command(None, {command!r}); print([m for m in ('flask', 'sqlalchemy', 'weasyprint', 'networkx') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


@pytest.mark.parametrize("sbom", ["../elsewhere.json", "/etc/passwd", "sub/../../x.json"])
def test_an_sbom_outside_the_folder_of_its_file_is_refused(tmp_path, sbom):
    file = tmp_path / "jalon.yaml"
    file.write_text(f"jalon: 1\nproduct: {{name: P}}\ncomponents: [{{id: web, kind: web, sbom: {sbom}}}]\n")
    result = run("assess", str(file))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "leaves the folder" in result.stderr


def test_a_file_that_is_not_utf8_says_where(tmp_path):
    file = tmp_path / "jalon.yaml"
    file.write_bytes("jalon: 1\nproduct: {name: Démarche}\n".encode("latin-1"))
    result = run("assess", str(file))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "line 2, column 18" in result.stderr


def test_the_table_tells_what_to_complete(tmp_path):
    file = tmp_path / "jalon.yaml"
    file.write_text(
        "jalon: 1\nproduct: {name: Démarche Exemple}\ncomponents: [{id: web, kind: web, sbom: absent.json}]\n"
        "measures: [{measure: wafff, on: [web], status: done}, {measure: mfa, on: [], status: done}]\n"
    )
    told = run("assess", str(file)).stdout
    assert "« wafff »" in told
    assert "n’est posée sur aucun composant" in told
    assert "n’a pas été trouvé" in told
    assert run("dossier", str(file), "-o", str(tmp_path / "d.pdf")).exit_code == 0


def test_the_same_product_twice_is_not_shared(tmp_path):
    assert run("systemic", GUICHET, GUICHET).exit_code == 2


# Denies what the base dependencies of the project do not bring, then does what an auditor does.
_ALONE = """
import re, sys
from importlib.metadata import packages_distributions, requires
def plain(name): return re.sub(r"[-_.]+", "-", name).lower()
brought, pending = {"jalon"}, ["jalon"]
while pending:
    for line in requires(pending.pop()) or ():
        name = plain(re.match(r"[A-Za-z0-9._-]+", line)[0])
        if "extra ==" not in line and name not in brought:
            brought.add(name)
            try:
                requires(name)
            except Exception:
                continue  # for another system or version of Python
            pending.append(name)
owners = packages_distributions()
class Alone:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in owners and not {plain(owner) for owner in owners[top]} & brought:
            raise ImportError(f"{name} is not of the base dependencies")
sys.meta_path.insert(0, Alone())
from datetime import date
from pathlib import Path
from app.cli import main
from reports import verification
from reports.certificates import Trust, read_certificates
file, certificate, product = map(Path, sys.argv[1:])
trust = Trust(read_certificates(certificate.read_bytes()))
verdict = verification.verify_document(file.read_bytes(), trust, today=date.today())
assert verdict.status is verification.Status.GENUINE, verdict
sys.argv = ["jalon", "assess", str(product), "--json"]
main()
"""


def test_an_auditor_needs_the_base_dependencies_alone(forged):
    """`pip install ./jalon` without the extra of the server: it checks a dossier and makes its figures again."""
    certificate = forged / "instance" / "seal" / "certificate.pem"
    words = [sys.executable, "-c", _ALONE, str(forged / "d.pdf"), str(certificate), str(EXAMPLES / "guichet.yaml")]
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=EXAMPLES.parent)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["loss"] > 0
