"""The sixteen pieces, the documents attached to them, and what a dossier says against itself."""

import copy
import io
import json
import subprocess

import pytest
from lxml import html
from sqlalchemy import delete, func, select

from app.homologation import consistency, freezing, pieces, services
from app.homologation.consistency import RULES
from app.homologation.kinds import DossierState
from app.homologation.models import AttachedOpinion, Dossier, DossierDocument, Piece
from reports import dossier as content
from reports import pdf
from risk_models import catalogue
from risk_models.catalogue.pieces import pieces as checklist
from risk_models.scales import (
    Approach,
    PieceNeed,
    PieceState,
)
from tests.factories.dossiers import sound_content
from tests.factories.homologation import run_jobs

PAGE = "/produits/exemple/dossier/1"


@pytest.fixture
def draft(world):
    """A dossier in preparation, its product fully described."""
    owner = world.person()
    product = world.filled(owner)
    world.cast(product)
    with world.app.test_request_context(), world.session() as session:
        from app.analysis import services as analysis
        from app.demo_study import make_ready

        make_ready(session, owner, world.reload())
        analysis.finish_analysis(session, owner, world.reload())
        services.open_new(session, owner, world.reload())
    return world, owner


def lines(world):
    with world.app.test_request_context(), world.session(writing=False) as session:
        product = world.reload()
        row = services.dossier_of(session, product.id, 1)
        return {line.id: line for line in freezing.preview_pieces(session, product, row, "fr")[0]}


def test_jalon_fills_what_it_knows_and_says_who_owes_the_rest(draft):
    world, owner = draft
    found = lines(world)
    assert len(found) == 16
    assert {k for k, line in found.items() if line.state is PieceState.FILLED} >= {
        "map",
        "measures",
        "analysis",
        "plan",
    }
    assert found["suppliers"].state is PieceState.MISSING and found["suppliers"].owner == "team"
    assert found["aipd"].need is PieceNeed.MANDATORY and found["aipd"].owner == "dpo"  # personal data
    assert found["decision"].state is PieceState.LATER
    page = world.visitor(owner).get(f"{PAGE}/pieces").get_data(as_text=True)
    assert "Il manque" in page and "le DPO" in page


def test_each_approach_asks_what_the_checklist_says():
    asked = {a: [p.need for p in checklist(a, "fr")] for a in Approach}
    count = {a: sum(n is PieceNeed.MANDATORY for n in needs) for a, needs in asked.items()}
    assert count == {Approach.SIMPLIFIED: 5, Approach.ELABORATE: 13, Approach.ADVANCED: 15}
    assert all(len(needs) == 16 for needs in asked.values())


def test_a_piece_is_attached_written_or_set_aside_with_a_reason(draft):
    world, owner = draft
    team = world.visitor(owner)
    page = f"{PAGE}/pieces/suppliers"
    assert "obligatoire" in team.edit(page, {"answer": "not_applicable", "text": ""}).get_data(as_text=True)
    assert team.edit(page, {"answer": "not_applicable", "text": "Aucun fournisseur"}).status_code == 302
    assert lines(world)["suppliers"].state is PieceState.NOT_APPLICABLE
    team.edit(page, {"answer": "written", "text": "Contrats au format de l’ANSSI, relus chaque année"})
    assert lines(world)["suppliers"].state is PieceState.WRITTEN
    document = {"title": "Plan", "dated_on": "2026-01-01", "file": (io.BytesIO(b"%PDF-1.4 plan"), "../plan.pdf")}
    assert team.post(f"{page}/document", document).status_code == 302
    assert lines(world)["suppliers"].state is PieceState.ATTACHED
    with world.database.reading() as session:
        kept = session.scalar(select(DossierDocument))
    assert kept.file_name == "plan.pdf"
    answer = team.get(f"{PAGE}/documents/{kept.sha256}")
    assert answer.data == b"%PDF-1.4 plan" and "attachment" in answer.headers["Content-Disposition"]
    assert team.post(f"{PAGE}/retirer/{kept.id}").status_code == 302
    assert team.get(f"{PAGE}/documents/{kept.sha256}").status_code == 404
    for path in (f"{PAGE}/pieces/decision", f"{PAGE}/pieces/inconnue"):
        assert team.get(path).status_code == 404


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dated_on": "2099-01-01"}, "aujourd’hui ou d’avant"),
        ({"file": None}, "Choisissez un fichier"),
        ({"file": ("page.html", b"<script>")}, "Joignez un PDF"),
        ({"file": ("gros.pdf", b"%PDF-" + b"0" * 10_000_001)}, "10 Mo au plus"),
        ({"title": ""}, "obligatoire"),
    ],
)
def test_a_wrong_document_is_refused_at_its_field(draft, changes, message):
    world, owner = draft
    given = {"title": "Plan", "dated_on": "2026-01-01", "file": ("plan.pdf", b"%PDF-1.4")} | changes
    if given["file"]:
        given["file"] = (io.BytesIO(given["file"][1]), given["file"][0])
    else:
        given.pop("file")
    answer = world.visitor(owner).post(f"{PAGE}/pieces/suppliers/document", given)
    assert message in answer.get_data(as_text=True)
    with world.database.reading() as session:
        assert session.scalar(select(func.count(DossierDocument.id))) == 0


def test_an_opinion_given_on_paper_is_attached_and_frozen(draft):
    world, owner = draft
    team = world.visitor(owner)
    given = {"role": "dpo", "by": "Claude Simon, DPO", "verdict": "with_reservations", "given_on": "2026-01-10"}
    file = {"file": (io.BytesIO(b"%PDF-1.4 avis"), "avis.pdf")}
    assert "Recopiez les réserves" in team.post(f"{PAGE}/avis-joint", given | file).get_data(as_text=True)
    file = {"file": (io.BytesIO(b"%PDF-1.4 avis"), "avis.pdf"), "text": "Durée de conservation"}
    assert team.post(f"{PAGE}/avis-joint", given | file).status_code == 302
    with world.database.reading() as session:
        kept = session.scalar(select(AttachedOpinion))
    authority, product = world.person("autorite@exemple.test"), world.reload()
    with world.app.test_request_context(), world.session() as session:
        row = services.dossier_of(session, product.id, 1)
        row.perimeter, row.authority = "Le site", authority
        freezing.freeze_dossier(session, product, row)
        opinion = content.loads(row.content).opinions[0]
    assert (opinion.by, opinion.document) == ("Claude Simon, DPO", kept.sha256)


def test_a_dossier_does_not_go_out_while_a_mandatory_piece_is_missing(draft):
    world, owner = draft
    team = world.visitor(owner)
    answer = team.post(f"{PAGE}/demander-les-avis")
    assert answer.status_code == 409 and "Plans d’assurance sécurité" in answer.get_data(as_text=True)


def test_nothing_is_decided_on_a_dossier_that_lacks_a_piece(world):
    """Even if the content was frozen without it, by an older Jalon for instance."""
    owner = world.person()
    product = world.filled(owner)
    people = world.cast(product)
    dossier = world.before_authority(owner, product, people)
    with world.database.writing() as session:
        row = session.get_one(Dossier, dossier.id)
        frozen = json.loads(row.content)
        frozen["pieces"][4]["state"] = "missing"
        row.state = DossierState.DRAFT  # under its authority's eyes, the database lets nothing be rewritten
        session.flush()
        freezing.write_content(row, content.canonical(frozen))
        session.flush()
        row.state = DossierState.DECISION
        dossier = row
    with pytest.raises(Exception, match="pièces obligatoires manquent"):
        world.decide(dossier, people["authority"])


@pytest.fixture(scope="module")
def sound() -> dict:
    """A content that no rule finds fault with."""
    base = sound_content()
    assert consistency.check_content(content.loads(content.canonical(base))) == []
    return base


def _line(**changes):
    def change(c):
        c["study"]["register"][0] |= changes

    return change


def _set(path: str, value):
    def change(c):
        *parents, last = path.split(".")
        for key in parents:
            c = c[int(key)] if key.isdigit() else c[key]
        c[int(last) if last.isdigit() else last] = value

    return change


_GRANTED = {
    "outcome": "with_reservations",
    "months": 12,
    "reservations": "Metabase",
    "to_lift": ["Metabase"],
    "decided_on": "2026-11-23",
    "expires_on": "2027-11-23",
    "by": {"name": "Andrée Laurent", "title": ""},
}
BROKEN = {
    "acceptance_expired": _set("accepted_risks.0.until", "2026-11-22"),
    "register_acceptance_expired": _line(treatment="accept", accepted_by="A", accepted_until="2026-11-22"),
    "acceptance_undated": _line(treatment="accept", accepted_by="A"),
    "residual_above_current": _set("assessment.residual_loss", 2.1),
    "residual_asset_above_current": _set("assessment.residual_assets.0.likelihood", 0.6),
    "high_undecided": _line(risk="high", treatment=None),
    "set_aside_without_reason": _line(kept=False),
    "plan_without_owner": _set("system.measures.1.owner", None),
    "plan_without_date": _set("system.measures.1.due", None),
    "measure_refused_without_reason": _set("system.measures.2.reason", ""),
    "asset_nowhere": _set("system.assets.0.lives_in", []),
    "level_pending": _set("study.level.wanted", 1),
    "document_in_future": _set("documents.0.dated_on", "2026-11-24"),
    "opinion_in_future": _set("opinions.0.given_on", "2026-11-24"),
    "done_without_proof": _set("system.measures.0.proof", None),
    "proof_not_fresh": _set("system.measures.0.proof", "stale"),
    "plan_late": _set("system.measures.1.due", "2026-11-22"),
    "plan_after_end": _set("system.measures.1.due", "2027-11-24"),
    "plan_after_reservations": lambda c: (
        _set("system.measures.1.due", "2027-06-01")(c),
        _set("decision", _GRANTED | {"lift_by": "2027-05-31"})(c),
    ),
    "proof_denies": _set("system.measures.0.proof", "disabled"),
    "acceptance_before_end": _set("accepted_risks.0.until", "2027-11-22"),
    "register_acceptance_before_end": _line(treatment="accept", accepted_by="A", accepted_until="2027-11-22"),
    "finding_acceptance_expired": _set("accepted_findings.0.until", "2026-11-22"),
    "asset_without_fear": _set("feared_events", []),
    "component_alone": _set("system.links", []),
    "nothing_exposed": _set("system.components.0.exposure", "internal"),
    "version_unknown": _set("system.components.0.version", None),
    "support_ended": _set("system.components.0.eol", {"date": "2026-11-22"}),
    "known_exploited": _set("system.components.0.vulnerabilities", [{"id": "CVE-1", "kev": True}]),
    "reduced_without_plan": lambda c: (_line(risk="high")(c), _set("system.measures.1.status", "done")(c)),
    "high_for_long": lambda c: (_line(risk="high")(c), _set("requested_months", 24)(c)),
    "analysis_old": _set("analysis.done_on", "2025-11-22"),
    "analysis_overtaken": _set("analysis.changes_since", 3),
    "nobody_suspends": _set("system.product.contacts", []),
    "personal_without_dpo": _set("opinions.0.role", "rssi"),
    "data_understated": lambda c: (
        _set("study.level.answers.data", 1)(c),
        _set("system.components.1.data", ["personal"])(c),
    ),
    "document_old": _set("documents.0.dated_on", "2023-11-22"),
    "judge_and_party": _set("opinions.0.by", "Andrée Laurent"),
    "unfavourable": _set("opinions.0.verdict", "unfavourable"),
    "remark_open": _set("study.comments.0.settled_by", ""),
    "mission_missing": _set("mission", ""),
    "reservation_not_lifted": _set("renewal.reservations.0.lifted_on", None),
}


def test_every_rule_is_tried_here():
    assert set(BROKEN) == set(RULES) == set(catalogue.words("inconsistencies"))
    assert len(RULES) >= 20


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_finds_its_fault_and_leads_to_where_it_is_mended(sound, rule, app):
    broken = copy.deepcopy(sound)
    BROKEN[rule](broken)
    found = {i.rule: i for i in consistency.check_content(content.loads(content.canonical(broken)))}
    assert rule in found
    assert found[rule].stops is RULES[rule][0]
    assert found[rule].page in app.view_functions
    for language in ("fr", "en"):
        assert "{" not in found[rule].sentence(language)


def test_what_is_left_in_doubt_is_before_the_authority_and_in_the_pdf(world):
    owner = world.person()
    product = world.filled(owner)
    dossier = world.before_authority(owner, product, world.cast(product))
    frozen = content.loads(dossier.content)
    assert frozen.doubts and not any(d.stops for d in frozen.doubts)
    assert all(p.state is not PieceState.MISSING for p in frozen.pieces)
    assert pieces.is_known_piece("audits") and not pieces.is_known_piece("decision")
    run_jobs(world)
    page = world.visitor(owner).get(PAGE).get_data(as_text=True)
    assert "contrôles de cohérence" in page


@pytest.mark.parametrize(
    ("piece", "answer", "said", "why"),
    [
        ("suppliers", "written", "x", "trop court"),
        ("suppliers", "not_applicable", "non", "trop court"),
        ("audits", "written", "Un audit a eu lieu en mars, tout va bien depuis lors.", "Cette pièce est un document"),
        ("aipd", "written", "L’analyse d’impact a été faite par la DPO en mars.", "Cette pièce est un document"),
    ],
)
def test_a_word_is_no_piece_and_a_document_is_not_told(world, piece, answer, said, why):
    owner = world.person()
    world.filled(owner)
    team = world.visitor(owner)
    team.post("/produits/exemple/dossier/nouveau")
    page = f"{PAGE}/pieces/{piece}"
    assert why in team.edit(page, {"answer": answer, "text": said}).get_data(as_text=True)
    assert world.dossier().pieces == []
    reason = {"answer": "not_applicable", "text": "Pas encore : prévu en mars avec l’incubateur."}
    assert team.edit(page, reason).status_code == 302


def test_jalon_fills_what_stands_in_the_document_and_says_on_which_page(world, tmp_path):
    owner = world.person()
    product = world.filled(owner)
    dossier = world.before_authority(owner, product, world.cast(product))
    frozen = content.loads(dossier.content)
    filled = {p.id for p in frozen.pieces if p.state is PieceState.FILLED}
    assert filled & {"strategy", "commission"} == set()
    file = tmp_path / "projet.pdf"
    file.write_bytes(pdf.render(dossier.content))
    text = " ".join(subprocess.run(["pdftotext", file, "-"], capture_output=True, text=True, check=True).stdout.split())
    assert text.count("Dans ce document, page ") == len(filled) > 0 and "Remplie par Jalon" not in text
    assert "pièces d’une phrase" in text


def test_a_piece_begins_with_what_jalon_knows_and_is_not_written_while_something_is_asked(draft):
    world, owner = draft
    team = world.visitor(owner)
    for piece, known in (
        ("architecture", "Ce qu’elles échangent :"),
        ("suppliers", "Chaque fournisseur"),
        ("operation", "Mis à jour par l’équipe"),
        ("continuity", "Arrêt supportable"),
        ("incidents", "date ; ce qui est arrivé"),
        ("installation", "À installer"),
    ):
        shown = html.fromstring(team.get(f"{PAGE}/pieces/{piece}").get_data(as_text=True))
        (text,) = shown.xpath("//textarea[@name='text']")
        assert known in text.text_content(), piece
        assert "Qui l’écrit" in shown.text_content() and "[à compléter]" in text.text_content(), piece
        kept = {"answer": "written", "text": text.text_content()}
        refused = team.edit(f"{PAGE}/pieces/{piece}", kept)
        assert refused.status_code == 200 and "Il reste « [à compléter] »" in refused.get_data(as_text=True), piece
        done = kept | {"text": text.text_content().replace("[à compléter]", "dit :")}
        assert team.edit(f"{PAGE}/pieces/{piece}", done).status_code == 302, piece


def test_each_piece_says_what_it_is_who_writes_it_and_in_how_long():
    for language in ("fr", "en"):
        for piece in pieces.checklist(language).values():
            assert piece.about.endswith(".") and piece.writer and piece.days >= 0, piece
    assert {p.id for p in pieces.checklist("fr").values() if p.filled} == set(pieces._FILLED)


def test_the_strategy_is_the_team_s_own_text_that_jalon_begins(world):
    owner = world.person()
    product = world.filled(owner)
    world.before_authority(owner, product, world.cast(product), reviewed=False)
    team = world.visitor(owner)
    team.post(f"{PAGE}/reprendre")
    with world.database.writing() as session:
        session.execute(delete(Piece).where(Piece.piece == "strategy"))
    shown = team.get(f"{PAGE}/pieces/strategy").get_data(as_text=True)
    assert "Périmètre : Le site et son API" in shown and "Durée demandée : 24 mois" in shown
    assert "la pièce « Stratégie d’homologation »" in team.get(f"{PAGE}/composer").get_data(as_text=True)
