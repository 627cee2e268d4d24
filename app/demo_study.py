"""The analysis of the demonstration: a level, an ecosystem, decisions, proofs, and a common service. All is invented."""

from datetime import timedelta

from sqlalchemy.orm import Session

from app.analysis import guide, register, services, study
from app.analysis.kinds import StudyStep
from app.analysis.register import Choice, Rating
from app.analysis.study_models import RiskSource, SecurityProfile, Stakeholder
from app.commons import services as commons
from app.commons.models import CommonService
from app.evidence import services as evidence
from app.evidence.importers import Reading
from app.evidence.kinds import EvidenceSource
from app.evidence.services import Arrival, Shown
from app.homologation import documents, freezing, pieces
from app.homologation.kinds import PieceAnswer
from app.homologation.models import Dossier
from app.identity.models import Person
from app.inventory import services as inventory
from app.mitigations import services as mitigations
from app.platform import clock
from app.platform.attachments import Attachment
from app.platform.database import new_id
from app.products.models import Incubator, Product
from risk_models.catalogue.study import examples
from risk_models.scales import (
    Check,
    Likelihood,
    ObservationState,
    PieceState,
    RiskLevel,
    SecurityLevel,
    Treatment,
)


def make_ready(session: Session, team: Person, product: Product) -> None:
    """What an analysis needs before it can be finished: a level, and a decision on each strong risk."""
    if study.profile_of(session, product.id) is None:
        study.answer_level(
            session,
            team,
            product,
            None,
            study.needs_of(SecurityProfile(data=3, volume=2, outage=1, audience=2, openness=4)),
        )
    lines = register.read_lines(register.rows_of(session, product.id), services.read_system(session, product))
    for line in lines:
        if line.undecided and line.risk is RiskLevel.HIGH:
            choice = Choice(Treatment.REDUCE, "Par les mesures du plan d’action.", None)
            register.treat_risk(session, team, product, line, choice)


def answer_pieces(session: Session, team: Person, product: Product, dossier: Dossier) -> None:
    """A short answer for each mandatory piece that Jalon does not fill."""
    for line in freezing.preview_pieces(session, product, dossier, "fr")[0]:
        if line.state is PieceState.MISSING:
            documents.answer_piece(
                session,
                team,
                product,
                dossier,
                line.id,
                PieceAnswer.NOT_APPLICABLE if pieces.is_document(line.id) else PieceAnswer.WRITTEN,
                "Pas encore : prévu avant la fin de l’année, avec l’incubateur."
                if pieces.is_document(line.id)
                else f"{line.name} : relue en équipe, tenue à jour dans le dépôt du produit.",
            )


def study_parcours(session: Session, team: Person, authority: Person, product: Product) -> None:
    """Everything that a team writes beside its drawing before it declares its analysis done."""
    needs = study.needs_of(SecurityProfile(data=3, volume=2, outage=2, audience=3, openness=3))
    study.answer_level(session, team, product, None, needs)
    profile = study.profile_of(session, product.id)
    study.want_level(
        session,
        team,
        product,
        SecurityLevel.HIGH,
        "Des personnes protégées figurent parmi les suivies.",
        revision=str(profile.revision if profile else ""),
    )
    for example in examples("stakeholders", "fr")[:3]:
        row = Stakeholder(id=new_id(), name=example.text, note="", **example.values)
        study.save_stakeholder(session, team, product, row, new=True)
    for example in (*examples("sources", "fr")[:2], examples("sources", "fr")[-1]):
        source = RiskSource(id=new_id(), name="", why=example.text, **example.values)
        study.save_source(session, team, product, source, new=True)
    _register(session, team, authority, product)
    guide.add_comment(
        session, team, product, StudyStep.WEAK, "Le conseil départemental a-t-il un accès direct à la base ?"
    )


def _register(session: Session, team: Person, authority: Person, product: Product) -> None:
    for example in examples("stories", "fr")[1:5:3]:
        row = register.new_told(example.text)
        row.asset, row.why_not = "", ""
        for name, value in example.values.items():
            setattr(row, name, value)
        register.tell_scenario(session, team, product, row, new=True)
    lines = register.read_lines(register.rows_of(session, product.id), services.read_system(session, product))
    drawn = [line for line in lines if not line.told]
    rating = Rating(
        None, Likelihood.LIKELY, "Le pare-feu de l’incubateur a déjà arrêté cette attaque.", kept=True, why_not=""
    )
    register.rate_scenario(session, team, product, drawn[0], rating)
    until = clock.today() + timedelta(days=365)
    register.treat_risk(session, team, product, drawn[-1], Choice(Treatment.ACCEPT, "", until))
    rated = register.line_of_key(session, product, services.read_system(session, product), drawn[0].key)
    if rated:
        reduce = Choice(Treatment.REDUCE, "Second facteur partout, puis cloisonnement de la base.", None)
        register.treat_risk(session, team, product, rated, reduce)


def common_service(session: Session, lead: Person, incubator: Incubator, product: Product) -> None:
    """What the incubator offers to all, which one product uses."""
    row = CommonService(
        id=new_id(),
        name="Plateforme de la Fabrique",
        contact="astreinte@exemple.test",
        description="Hébergement, protection contre la saturation, canal de crise.",
        homologated_until=clock.today() + timedelta(days=400),
        homologation_note="Par la secrétaire générale, sans réserve.",
    )
    commons.save_service(session, lead, incubator, row, new=True)
    loaded = commons.service_of(session, [incubator.id], row.id)
    if loaded is None:
        return
    shown = commons.ServiceEvidence(
        Attachment("anti-ddos.txt", b"Attestation de l'hebergeur : protection active sur toutes les adresses."),
        clock.today() - timedelta(days=60),
        "https://exemple.test/plateforme/anti-ddos",
    )
    commons.bring_measure(session, lead, loaded, "anti_ddos", shown)
    commons.bring_measure(session, lead, loaded, "crisis_channel", None)
    known = [c.ref for c in inventory.read_inventory(session, product.id).components]
    commons.use_service(session, lead, product, loaded, known[:3], known)


def give_proofs(session: Session, team: Person, product: Product) -> None:
    """A tool's readings of this week, and a person's proof."""
    site, today = f"https://{product.slug}.exemple.test", clock.today()
    readings = [
        Reading(
            Check.HTTP_HEADERS,
            site,
            ObservationState.SEEN,
            holds=True,
            grade="B",
            observed_on=today - timedelta(days=2),
        ),
        Reading(
            Check.TLS,
            site,
            ObservationState.SEEN,
            holds=True,
            grade="A",
            until=today + timedelta(days=50),
            detail={"certificate_end": (today + timedelta(days=50)).isoformat()},
        ),
        Reading(Check.DEPENDABOT, site, ObservationState.DISABLED),
        Reading(Check.DYNAMIC_SCAN, site, ObservationState.ABSENT),
    ]
    arrival = Arrival(EvidenceSource.DASHLORD, "dashlord", "", today - timedelta(days=2))
    evidence.write_readings(session, product, readings, arrival)
    for measure in mitigations.measures_of(session, product.id):
        if measure.status.value == "done":
            shown = Shown(
                today - timedelta(days=30),
                "Relu avec la responsable technique.",
                "https://exemple.test/preuve",
                Attachment("relecture.txt", b"Relu avec la responsable technique : tout est en place."),
            )
            evidence.attest_measure(session, team, product, measure, shown)
            return
