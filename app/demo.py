"""The demonstration: three products in three states, two incubators, people of each role. Everything is invented."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyotp
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import demo_study
from app.analysis import services as analysis
from app.analysis.models import FearedEvent
from app.factory import ROOT
from app.homologation import deciding, opinions, sealing
from app.homologation import services as homologation
from app.homologation.kinds import Outcome, ReviewerRole, Verdict
from app.homologation.models import Dossier
from app.homologation.wishes import Wish
from app.identity import directory, factors
from app.identity import services as identity
from app.identity.directory import NamedAuthority
from app.identity.factors import FactorProof, SessionProof
from app.identity.kinds import FactorKind, Role
from app.identity.models import Person
from app.inventory import services as inventory
from app.journal.actions import Action
from app.journal.services import record
from app.mitigations import services as mitigations
from app.platform import clock
from app.platform.database import Database, new_id
from app.platform.extensions import document_storage
from app.products.models import Contact, Incubator, Phase, Product
from reports import dossier as content
from reports import pdf
from risk_models import product_file
from risk_models.rules import schedule
from risk_models.scales import Need
from risk_models.system import System

People = dict[Any, Person]


@dataclass(frozen=True, slots=True)
class DemoPerson:
    email: str
    name: str
    title: str
    role: Role
    what: str


PEOPLE = (
    DemoPerson("equipe@exemple.test", "Camille Martin", "Responsable produit", Role.TEAM_MEMBER, "product team"),
    DemoPerson("rssi@exemple.test", "Dominique Leroy", "RSSI", Role.REVIEWER, "reviewer (RSSI)"),
    DemoPerson("dpo@exemple.test", "Claude Simon", "DPO", Role.REVIEWER, "reviewer (DPO)"),
    DemoPerson(
        "autorite@exemple.test", "Andrée Laurent", "Directrice du programme", Role.AUTHORITY, "homologation authority"
    ),
    DemoPerson(
        "incubateur@exemple.test", "Maxime Garcia", "Responsable d’incubateur", Role.INCUBATOR_MEMBER, "incubator"
    ),
    DemoPerson(
        "administration@exemple.test", "Morgan Roux", "Administration de Jalon", Role.ADMINISTRATOR, "administrator"
    ),
    DemoPerson("audit@exemple.test", "Ariel Fournier", "Audit interne", Role.AUDITOR, "auditor"),
)
INCUBATORS = (("fabrique-exemple", "La Fabrique Exemple"), ("lab-exemple", "Le Lab Exemple"))


def load_demonstration(database: Database) -> bool:
    """Loads everything in one transaction a step; False, and nothing done, where somebody already exists."""
    with database.session(writing=True) as session:
        if session.scalar(select(func.count(Person.id))):
            return False
        people = {p.role if p.email != "dpo@exemple.test" else "dpo": _person(session, p) for p in PEOPLE}
        incubators = [Incubator(id=new_id(), slug=slug, name=name) for slug, name in INCUBATORS]
        session.add_all(incubators)
        session.flush()
        for incubator in incubators:
            identity.give_role(
                session, None, people[Role.INCUBATOR_MEMBER], Role.INCUBATOR_MEMBER, incubator_id=incubator.id
            )
        for role in (Role.ADMINISTRATOR, Role.AUDITOR):
            identity.give_role(session, None, people[role], role)
        today = clock.today()
        secret = _vouch(session, people, incubators, today)
        _overdue(session, people, today)
        _before_authority(session, people, today)
        _about_to_expire(session, people, today, secret)
        session.commit()
    return True


def _person(session: Session, demo: DemoPerson) -> Person:
    person = identity.find_or_create(session, demo.email, demo.name)
    person.title = demo.title
    return person


def _product(
    session: Session, people: People, file: str, mission: str, shift: Callable[[date], date]
) -> tuple[Product, System]:
    """A product of examples/, its dates moved by `shift` so that its state holds on any day."""
    system = product_file.loads((ROOT / "examples" / f"{file}.yaml").read_text(encoding="utf-8"))
    value = system.product
    product = Product(id=new_id(), slug=value.id, name=value.name, mission=mission, created_at=clock.now())
    product.incubators = list(session.scalars(select(Incubator).where(Incubator.slug == value.incubator)))
    product.phases = [
        Phase(position=n, name=p.name, start=shift(p.start), end=shift(p.end) if p.end else None)
        for n, p in enumerate(value.phases)
    ]
    product.contacts = [
        Contact(name=c.name, role=c.role, email=c.email or "", phone=c.phone or "", can_suspend=c.can_suspend)
        for c in value.contacts
    ]
    session.add(product)
    session.flush()
    rows = inventory.write_inventory(session, product.id, system.components, system.links)
    analysis.write_assets(session, product.id, system.assets, rows)
    mitigations.write_measures(session, product.id, system.measures, rows)
    for who, role in (
        (Role.TEAM_MEMBER, Role.TEAM_MEMBER),
        (Role.REVIEWER, Role.REVIEWER),
        ("dpo", Role.REVIEWER),
        (Role.AUTHORITY, Role.AUTHORITY),
    ):
        identity.give_role(session, None, people[who], role, product_id=product.id)
    record(session, None, Action.CREATE_PRODUCT, product.name, product_id=product.id)
    session.flush()
    return product, system


def _moved(system_start: date, wanted: date) -> Callable[[date], date]:
    return lambda day: day + (wanted - system_start)


def _overdue(session: Session, people: People, today: date) -> None:
    """Guichet des aides: ten months of construction, no analysis yet."""
    shift = _moved(date(2025, 7, 1), schedule.add_months(today, -10))
    _product(session, people, "guichet", "Permet à 40 000 usagers par mois de suivre leur demande d’aide", shift)


def _before_authority(session: Session, people: People, today: date) -> None:
    """Parcours insertion: its dossier is before its authority."""
    shift = _moved(date(2026, 3, 2), schedule.add_months(today, -8))
    product, _ = _product(
        session, people, "parcours", "Aide les conseillers à suivre le parcours de 8 000 personnes", shift
    )
    _feared(
        session, product, "parcours", Need.CONFIDENTIALITY, 3, "La liste des personnes suivies est publiée sur internet"
    )
    team = people[Role.TEAM_MEMBER]
    demo_study.common_service(session, people[Role.INCUBATOR_MEMBER], product.incubators[0], product)
    demo_study.give_proofs(session, team, product)
    demo_study.study_parcours(session, team, people[Role.AUTHORITY], product)
    dossier = _composed(session, people, product, months=24)
    opinions.transmit_dossier(session, people[Role.TEAM_MEMBER], product, dossier)


def _about_to_expire(session: Session, people: People, today: date, secret: str) -> None:
    """Agréments sport: homologated for a year, which ends in 45 days."""
    shift = _moved(date(2023, 10, 2), schedule.add_months(today, -37))
    decided_on = schedule.add_months(today + timedelta(days=45), -12)
    with clock.at(datetime.combine(decided_on, time(9, 30), clock.PARIS).astimezone(UTC)):
        product, _ = _product(
            session, people, "agrements", "Instruit les demandes d’agrément des associations sportives", shift
        )
        _feared(session, product, "agrements", Need.INTEGRITY, 4, "Une association obtient un agrément falsifié")
        dossier = _composed(session, people, product, months=12)
        opinions.transmit_dossier(session, people[Role.TEAM_MEMBER], product, dossier)
        sealing.keep_project(session, dossier, document_storage().put(pdf.render(dossier.content or "")))
    with clock.at(datetime.combine(decided_on, time(9, 40), clock.PARIS).astimezone(UTC)):
        _decide(session, people[Role.AUTHORITY], product, dossier, secret)


def _decide(session: Session, authority: Person, product: Product, dossier: Dossier, secret: str) -> None:
    """Signs as a person does: reads what will be signed, then gives a code."""
    wish = Wish(
        Outcome.WITH_RESERVATIONS,
        12,
        "Mettre à jour log4j.\nMettre à jour Keycloak.",
        lift_by=schedule.add_months(clock.today(), 11),
        take_over=True,
        exploited_reason="Keycloak n’est joignable que par le réseau de l’État ; la mise à jour est prévue sous un mois.",
    )
    asked = dossier.content_sha256 or ""
    signed = content.sha256(deciding.prepare_decision(session, authority, dossier, wish, asked, FactorKind.TOTP))
    proof = FactorProof(code=pyotp.TOTP(secret).at(clock.now()))
    deciding.decide_dossier(
        session, authority, product, dossier, wish, asked_sha256=asked, signed_sha256=signed, proof=proof
    )


def _vouch(session: Session, people: People, incubators: Sequence[Incubator], today: date) -> str:
    """Two years ago: who binds registered a second factor, and each incubator vouched for the authority, whose secret
    of codes is given back."""
    morning = datetime.combine(schedule.add_months(today, -24), time(9, 0), clock.PARIS).astimezone(UTC)
    with clock.at(morning):
        secrets = {
            role: _second_factor(session, people[role])
            for role in (Role.AUTHORITY, Role.INCUBATOR_MEMBER, Role.ADMINISTRATOR, Role.AUDITOR)
        }
    authority = people[Role.AUTHORITY]
    named = NamedAuthority(
        authority.email,
        authority.name,
        "Directrice du programme",
        "Ministère Exemple",
        "Arrêté du 2 janvier 2023, article 3",
        date(2023, 1, 2),
    )

    def proof(role: Role) -> FactorProof:
        return FactorProof(code=pyotp.TOTP(secrets[role]).at(clock.now()))

    for number, incubator in enumerate(incubators, 1):
        with clock.at(morning + timedelta(days=number)):
            actor = people[Role.INCUBATOR_MEMBER]
            listed = directory.list_authority(session, actor, incubator.id, named, proof(Role.INCUBATOR_MEMBER))
        with clock.at(morning + timedelta(days=number, minutes=10)):
            listed = directory.listing_of(session, listed.id)
            directory.confirm_authority(session, people[Role.ADMINISTRATOR], listed, proof(Role.ADMINISTRATOR))
    return secrets[Role.AUTHORITY]


def _second_factor(session: Session, authority: Person) -> str:
    """Registered as a person does; the demonstration's mailbox shows its codes."""
    secret = pyotp.random_base32()
    code = pyotp.TOTP(secret).at(clock.now())
    factors.add_codes(session, authority, SessionProof(), name=factors.DEMONSTRATION, secret=secret, code=code)
    return secret


def _feared(session: Session, product: Product, asset: str, need: Need, severity: int, text: str) -> None:
    found = analysis.asset_of(session, product.id, asset)
    if found:
        found.feared_events.append(FearedEvent(need=need, severity=severity, description=text))


def _composed(session: Session, people: People, product: Product, *, months: int) -> Dossier:
    """A dossier with its parts and both opinions, ready for its authority."""
    team, authority = people[Role.TEAM_MEMBER], people[Role.AUTHORITY]
    demo_study.make_ready(session, team, product)
    analysis.finish_analysis(session, team, product)
    dossier = homologation.open_new(session, team, product)
    whole = homologation.dossier_of(session, product.id, dossier.number) or dossier
    homologation.describe_dossier(
        session,
        team,
        product,
        whole,
        perimeter="Le site, son API et leurs données. Hors du périmètre : les systèmes des administrations partenaires.",
        authority_id=authority.id,
        months=months,
    )
    homologation.add_condition(
        session,
        team,
        product,
        whole,
        "Les comptes d’administration sont nominatifs.",
        "Revue des comptes chaque trimestre par la responsable technique.",
    )
    homologation.propose_acceptance(
        session,
        team,
        product,
        whole,
        "Compromission de l’hébergeur : grave, peu vraisemblable.",
        schedule.add_months(clock.today(), months),
    )
    for who, role in ((Role.REVIEWER, ReviewerRole.RSSI), ("dpo", ReviewerRole.DPO)):
        homologation.ask_reviewer(session, team, product, whole, people[who].id, role)
    session.refresh(whole, ["opinions", "authority"])
    demo_study.answer_pieces(session, team, product, whole)
    opinions.ask_opinions(session, team, product, whole)
    words = {
        ReviewerRole.RSSI: (Verdict.FAVOURABLE, ""),
        ReviewerRole.DPO: (Verdict.WITH_RESERVATIONS, "Préciser la durée de conservation des journaux."),
    }
    whole = homologation.dossier_of(session, product.id, whole.number) or whole
    for opinion in whole.opinions:
        verdict, text = words[opinion.role]
        reviewer = people[Role.REVIEWER] if opinion.role is ReviewerRole.RSSI else people["dpo"]
        opinions.give_opinion(
            session, reviewer, product, whole, opinion.id, verdict, text, read_sha256=whole.content_sha256 or ""
        )
    return whole
