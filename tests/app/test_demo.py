import io
import subprocess

import page
import pikepdf
from sqlalchemy import func, select

from app.demo import PEOPLE, load_demonstration
from app.homologation.kinds import DossierState
from app.homologation.models import Dossier
from app.identity.kinds import Role
from app.identity.models import Person
from app.platform import clock
from app.portfolio import services as portfolio
from reports import pdf
from risk_models.rules.standing import ProductState
from tests.conftest import on_sqlite


def test_the_demonstration_loads_once_with_its_three_states(world):
    with world.app.app_context():
        assert load_demonstration(world.database)
        assert not load_demonstration(world.database)
    assert {p.role for p in PEOPLE} == set(Role)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(Person.id))) == len(PEOPLE)
        rows = portfolio.products_by_urgency(session, portfolio.products_of(session, None))
    assert {r.product.name: r.standing.state for r in rows} == {
        "Guichet des aides": ProductState.ANALYSIS_OVERDUE,
        "Parcours insertion": ProductState.NOT_HOMOLOGATED,
        "Agréments sport": ProductState.EXPIRES_SOON,
    }
    expiring = next(r for r in rows if r.standing.state is ProductState.EXPIRES_SOON)
    assert (expiring.standing.day - clock.today()).days == 45


def test_the_figures_of_an_incubator_count_what_its_page_shows(world):
    with world.app.app_context():
        load_demonstration(world.database)
    member = world.person("incubateur@exemple.test")
    page = world.visitor(member).get("/incubateurs/fabrique-exemple").get_data(as_text=True)
    assert "Analyse en retard" in page
    assert "Agréments sport" not in page
    assert world.visitor(member).get("/incubateurs").status_code == 200


ORDER = (
    "Sommaire",
    "Le service",
    "Le pire qui puisse arriver",
    "Les trois premiers points de faiblesse",
    "Hors du périmètre",
    "Vérifier cette page sans compte",
    "Trait épais",
    "Composants (",
    "Liens (",
    "Valeurs métier",
    "Points de faiblesse, classés",
    "Constats",
    "Mesures et plan d’action",
    "Risques, avant et après le plan",
    "Registre des risques et décisions",
    "Conditions d’emploi, risques qui restent",
    "Pièces du dossier et cohérence",
    "Refaire les calculs",
    "Glossaire",
)


@on_sqlite
def test_the_files_of_the_demonstration_are_archivable_accessible_and_in_order(world, tmp_path):
    """Before the seal and after it: a dossier before its authority, a decided one."""
    with world.app.app_context():
        load_demonstration(world.database)
    with world.app.test_request_context():
        world.jobs.run_due()
    storage = world.app.extensions["storage"]
    with world.database.reading() as session:
        dossiers = session.scalars(select(Dossier)).all()
        files = {f"{d.state.value}-{d.number}": storage.get(d.pdf_sha256) for d in dossiers}
        decided = next(d for d in dossiers if d.state is DossierState.DECIDED)
    files["before its seal"] = pdf.render(decided.content)
    assert len(files) == 3 and b"/ByteRange" in files["decided-1"]
    for name, data in files.items():
        for profile in ("3a", "ua1"):
            found = page.validate_pdf_bytes(data, profile=profile)
            assert found.is_compliant, (name, profile, [f.message for f in found.failures])
        with pikepdf.open(io.BytesIO(data)) as document:
            assert document.check_pdf_syntax() == [], name
        file = tmp_path / "d.pdf"
        file.write_bytes(data)
        text = subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True).stdout
        at = 0
        for heading in ORDER:
            at = text.find(heading, at)
            assert at >= 0, (name, heading)
