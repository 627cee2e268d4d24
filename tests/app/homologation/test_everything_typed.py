"""Whatever people typed is in the PDF: a marked word in every text column, but for a stated list."""

import re
import subprocess

import sqlalchemy as sa
from sqlalchemy import Enum, String, Text, func, select

from app.analysis import services as analysis
from app.homologation import freezing, services
from app.homologation.models import Dossier
from app.packages.kinds import FlawState
from app.packages.models import Judgement
from app.platform import clock
from app.platform.database import Base
from reports import pdf
from tests.conftest import on_sqlite
from tests.factories.frozen_study import _decide_and_prove, _write_study

# Not in the pages, and why. What is not named here must be.
LEFT_OUT = {
    "product.slug": "identifier",
    "product.stamp": "identifier of a state",
    "accepted_finding.finding": "key of a rule: its sentence is shown",
    "analysis_version.*": "kept whole beside the dossier; its number, day and author are shown",
    "component.ref": "identifier",
    "component.purl": "in the attached inventory",
    "component.package": "derived from purl",
    "component.source": "derived from purl",
    "component.cpe": "in the attached inventory",
    "component.eol_product": "name of a feed's entry; the date is used by the assessment",
    "component.eol_cycle": "as above",
    "component.sbom": "path of a file",
    "connector.*": "settings of a tool, a secret among them; what it proved is shown",
    "confirmed_repository.*": "settings of a tool, who confirmed it is in the journal; what it proved is shown",
    "delegation.*": "shown once somebody signs by it",
    "dossier.content": "the content itself",
    "dossier.content_sha256": "printed as the hash",
    "dossier.pdf_sha256": "the file cannot hold its own hash",
    "dossier.pdf_of": "as above",
    "dossier.seal_fault": "comes after the file",
    "opinion.former_text": "of a version that was taken back: its reviewer gives it again or not",
    "essential_asset.ref": "identifier",
    "evidence.measure": "key of a measure: its name is shown",
    "evidence.grade": "of tools alone",
    "evidence.sha256": "its first characters are printed",
    "evidence.file_name": "the subject of what a person attached",
    "evidence.withdrawn_by": "the state says withdrawn; who is in the journal",
    "sighting.*": "proposals that nobody confirmed",
    "measure.measure": "key of a measure: its name is shown",
    "reminder.*": "mails",
    "digest.*": "mails",
    "postponement.*": "of a deadline; its reason is beside it and in the journal",
    "calendar_feed.*": "addresses of one's own calendar",
    "card_import.*": "cards of many products, before they are in any",
    "glance.*": "derived, for lists",
    "loss_point.*": "derived, for the burn-down",
    "repository_draft.*": "proposals that nobody confirmed",
    "risk_scenario.key": "identifier",
    "risk_scenario.asset": "identifier",
    "todo_aside.*": "nobody’s answer yet: what a line asks is in the findings and in the plan",
    "step_mark.*": "who did a page of the analysis; the analysis names who finished it",
    "attached_opinion.sha256": "checked in test_pieces",
    "attached_opinion.file_name": "its hash is shown",
    "dossier_document.piece": "identifier",
    "dossier_document.sha256": "its first characters are printed",
    "dossier_document.added_by": "in the journal",
    "dossier_piece.piece": "identifier",
    "judgement.ranges": "hash of what was judged",
    "link.authentication": "a closed list",
    "sbom.*": "what it holds is in the attached inventory",
    "service_use.declared_by": "in the journal",
    "vulnerability.name": "shown by the finding it makes, when its rule fires",
    "vulnerability.fixed_in": "as above",
    "drift_notice.model": "the model that counted it",
    "confirmed_elsewhere.*": "of what was made elsewhere, which has no PDF of ours",
    "lifting.*": "a page of its own, sealed after the dossier",
    "dispensation.*": "a page of its own, checked in test_dispensations",
    "dispensation_end.*": "as above",
    "recorded_signature.*": "gone once it is confirmed: the decision holds it",
    "signed_loss.*": "what was signed, weighed again when the model changes",
    "decision.*": "checked in test_deciding: the decision comes after the freeze",
    "reservation.*": "as above",
    "issued_file.*": "comes after the file",
    "withdrawal.*": "has a page of its own, checked in test_deciding",
}
EDITED_BY = re.compile(r"\.(edited_by)$")


def text_columns():
    for table in Base.metadata.sorted_tables:
        about = {fk.column.table.name for c in table.columns for fk in c.foreign_keys}
        if table.name not in {"product", "common_service"} and not about & {
            "product",
            "dossier",
            "component",
            "essential_asset",
            "common_service",
        }:
            continue
        for column in table.columns:
            plain = isinstance(column.type, (String, Text)) and not isinstance(column.type, Enum)
            name = f"{table.name}.{column.name}"
            if not plain or column.foreign_keys or column.primary_key or EDITED_BY.search(name):
                continue
            if name not in LEFT_OUT and f"{table.name}.*" not in LEFT_OUT:
                yield name, table, column


def mark(number: int) -> str:
    return f"Mq{number:03d}z"


@on_sqlite
def test_a_marked_word_in_every_text_is_found_in_the_pdf(world, tmp_path):
    owner = world.person()
    product = world.filled(owner)
    people = world.cast(product)
    team = world.visitor(owner)
    _write_study(team)
    _decide_and_prove(team)
    world.before_authority(owner, world.reload(), people)
    with world.app.test_request_context(), world.session() as session:
        row = services.dossier_of(session, product.id, 1)
        services.take_back(session, owner, world.reload(), row)
    _one_of_each(world, product)
    columns = list(text_columns())
    with world.database.writing() as session:
        empty = [n for n, table, _ in columns if not session.scalar(select(func.count()).select_from(table))]
        for number, (_, table, column) in enumerate(columns):
            marked = sa.literal(mark(number)) + func.coalesce(column, "")  # names stay distinct
            session.execute(table.update().values({column: marked}))
    assert empty == []  # a table without a row would prove nothing
    assert _shown(world, product, columns, tmp_path) == []


def _one_of_each(world, product) -> None:
    """Rows that the scene does not make: a finding accepted, a contact, a judgement, an attached opinion, a document."""
    from app.analysis.kinds import StudyStep
    from app.analysis.models import EssentialAsset, FearedEvent
    from app.analysis.study_models import StepComment
    from app.commons.models import CommonMeasure, CommonService, ServiceUse
    from app.inventory.models import Component
    from app.products.models import Contact
    from risk_models.scales import Need

    today = clock.today()
    service = CommonService(
        incubator_id=product.incubators[0].id,
        name="x",
        description="x",
        contact="x",
        homologation_note="x",
        homologated_until=today,
        measures=[CommonMeasure(measure="ddos_protection", proof_link="x", proof_sha256="x" * 64, proof_name="x")],
    )
    with world.app.test_request_context(), world.database.writing() as session:
        dossier_id = session.scalar(select(Dossier.id))
        component = session.scalar(select(Component.id).where(Component.product_id == product.id))
        asset = session.scalar(select(EssentialAsset.id).where(EssentialAsset.product_id == product.id))
        finding = analysis.assess_system(analysis.read_system(session, world.reload())).findings[0]
        session.add_all(
            [
                ServiceUse(product_id=product.id, service=service, since=today, components=[], declared_by="x"),
                StepComment(
                    product_id=product.id, step=StudyStep.WEAK, text="x", by="x", at=clock.now(), settled_by="x"
                ),
                FearedEvent(asset_id=asset, need=Need.INTEGRITY, severity=3, description="x"),
                Contact(product_id=product.id, name="x", role="x", email="x", phone="x", can_suspend=True),
                *_judged(product, component, finding.key),
                *_attached(dossier_id),
            ]
        )
        session.execute(sa.text("UPDATE opinion SET verdict = 'unfavourable', given_at = :now"), {"now": clock.now()})


def _judged(product, component: str, finding: str) -> list:
    """A finding accepted, a flaw judged."""
    from app.analysis.models import AcceptedFinding

    today = clock.today()
    return [
        AcceptedFinding(
            product_id=product.id,
            finding=finding,
            reason="x",
            accepted_by="x",
            accepted_on=today,
            until=today.replace(year=today.year + 1),
        ),
        Judgement(
            component_id=component,
            package="pkg:npm/x",
            flaw="CVE-1",
            version="1",
            ranges="0" * 64,
            state=FlawState.ACCEPTED,
            justification=None,
            reason="x",
            until=None,
            judged_by="x",
            judged_at=clock.now(),
        ),
    ]


def _attached(dossier_id: str) -> list:
    """An opinion and a document given outside Jalon."""
    from app.homologation.kinds import ReviewerRole, Verdict
    from app.homologation.models import AttachedOpinion, DossierDocument

    today = clock.today()
    return [
        AttachedOpinion(
            dossier_id=dossier_id,
            role=ReviewerRole.DPO,
            by="x",
            verdict=Verdict.UNFAVOURABLE,
            text="x",
            given_on=today,
            sha256="0" * 64,
            file_name="x.pdf",
        ),
        DossierDocument(
            dossier_id=dossier_id,
            piece="audits",
            title="x",
            dated_on=today,
            file_name="x.pdf",
            sha256="0" * 64,
            size=1,
            added_at=clock.now(),
            added_by="x",
        ),
    ]


def _shown(world, product, columns, folder) -> list[str]:
    """The columns whose mark is not in the PDF."""
    with world.app.test_request_context(), world.session() as session:
        row = services.dossier_of(session, product.id, 1)
        freezing.freeze_dossier(session, world.reload(), row)
        content = row.content
    file = folder / "d.pdf"
    file.write_bytes(pdf.render(content))
    text = subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True).stdout
    plain = "".join(text.replace("-\n", "").split())
    return [name for number, (name, _, _) in enumerate(columns) if mark(number) not in plain]
