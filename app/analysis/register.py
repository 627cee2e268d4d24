"""The risk register: the scenarios of the graph and those that people tell, how people rate them, what is decided."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from app.analysis import results
from app.analysis.acceptance import check_until
from app.analysis.models import EssentialAsset
from app.analysis.study_models import RiskScenario
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import changes_of, record
from app.platform import clock
from app.platform.database import new_id
from app.platform.i18n import language, word
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from risk_models import catalogue
from risk_models.assessment import AttackPath
from risk_models.scales import CLAIMED, Likelihood, MeasureStatus, Need, RiskLevel, Severity, Treatment
from risk_models.study import StudiedScenario
from risk_models.system import System

MOST_TOLD = 500


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One scenario: what the graph gives, what people say, and the rating that counts.

    `gone`: people spoke of a scenario that the graph no longer gives.
    """

    key: str
    asset: str
    need: Need | None
    path: AttackPath | None
    computed_severity: Severity | None
    computed_likelihood: Likelihood | None
    row: RiskScenario | None

    @property
    def told(self) -> bool:
        return bool(self.row and self.row.told)

    @property
    def gone(self) -> bool:
        return self.computed_severity is None and not self.told

    @property
    def deliberate(self) -> bool:
        return self.row is None or self.row.deliberate

    @property
    def kept(self) -> bool:
        return self.row is None or self.row.kept

    @property
    def overridden(self) -> bool:
        return bool(self.row and not self.row.told and (self.row.severity or self.row.likelihood))

    @property
    def severity(self) -> Severity:
        given = self.row.severity if self.row else None
        return Severity(given) if given else self.computed_severity or Severity.MINOR

    @property
    def likelihood(self) -> Likelihood:
        given = self.row.likelihood if self.row else None
        return Likelihood(given) if given else self.computed_likelihood or Likelihood.UNLIKELY

    @property
    def risk(self) -> RiskLevel:
        return catalogue.risk_level(self.severity, self.likelihood)

    @property
    def treatment(self) -> Treatment | None:
        return self.row.treatment if self.row else None

    @property
    def acceptance_over(self) -> bool:
        until = self.row.accepted_until if self.row else None
        return self.treatment is Treatment.ACCEPT and until is not None and until < clock.today()

    @property
    def undecided(self) -> bool:
        return self.kept and not self.gone and (self.treatment is None or self.acceptance_over)


def rows_of(session: Session, product_id: str) -> dict[str, RiskScenario]:
    rows = session.scalars(select(RiskScenario).where(RiskScenario.product_id == product_id))
    return {row.key: row for row in rows}


_ORDER = {RiskLevel.HIGH: 0, RiskLevel.MEDIUM: 1, RiskLevel.LOW: 2}


def read_lines(rows: Mapping[str, RiskScenario], system: System) -> list[RegisterLine]:
    """Every scenario, heaviest first: those kept, then those set aside."""
    found = [
        RegisterLine(s.key, s.risk.id, s.risk.need, s.path, s.risk.severity, s.risk.level, rows.get(s.key))
        for s in results.read_scenarios(system)
    ]
    known = {line.key for line in found}
    found += [
        RegisterLine(row.key, row.asset, row.need, None, None, None, row)
        for key, row in rows.items()
        if key not in known
    ]
    # Python's sort is stable: within a level, the graph's own order by expected loss stays.
    return sorted(found, key=lambda x: (not x.kept, _ORDER[x.risk], -x.severity, -x.likelihood))


def line_of_key(session: Session, product: Product, system: System, key: str) -> RegisterLine | None:
    return next((x for x in read_lines(rows_of(session, product.id), system) if x.key == key), None)


def new_told(story: str = "") -> RiskScenario:
    return RiskScenario(
        id=new_id(),
        key=f"told-{new_id()}",
        told=True,
        kept=True,
        story=story,
        why="",
        treatment_note="",
        proposed_by="",
    )


def _row(line: RegisterLine, product: Product) -> RiskScenario:
    return line.row or RiskScenario(
        id=new_id(),
        product_id=product.id,
        key=line.key,
        told=False,
        asset=line.asset,
        need=line.need,
        kept=True,
        deliberate=True,
        story="",
        why="",
        why_not="",
        treatment_note="",
        proposed_by="",
    )


@transaction
def tell_scenario(session: Session, actor: Person, product: Product, row: RiskScenario, *, new: bool) -> None:
    """Adds or changes a scenario that people tell. Raises `Refusal`."""
    with session.no_autoflush:
        others = [r for r in rows_of(session, product.id).values() if r.told and r.id != row.id]
        if any(r.story == row.story for r in others):
            raise Refusal(_l("Ce scénario est déjà dans la liste."), "story")
        if len(others) >= MOST_TOLD:
            raise Refusal(_l("500 scénarios au plus. Regroupez ceux qui se ressemblent."))
        if not row.kept and not row.why_not:
            raise Refusal(_l("Dites pourquoi vous l’écartez : le dossier garde cette raison."), "why_not")
        row.touched(actor.name)
        if new or any(inspect(row).attrs[name].history.has_changes() for name in _RATING):
            row.rated_by = actor.name[:200]
        if new:
            row.product_id = product.id
            session.add(row)
    record(
        session,
        actor,
        Action.TELL_SCENARIO,
        row.story[:200],
        product_id=product.id,
        severity=row.severity,
        likelihood=row.likelihood,
        kept=row.kept,
    )


# What whoever rates a scenario says of it.
_RATING = ("severity", "likelihood", "why", "kept", "why_not")


@dataclass(frozen=True, slots=True)
class Rating:
    """How people rate a scenario of the graph; None keeps what the graph gives."""

    severity: Severity | None
    likelihood: Likelihood | None
    why: str
    kept: bool
    why_not: str


@transaction
def rate_scenario(session: Session, actor: Person, product: Product, line: RegisterLine, rating: Rating) -> None:
    """A person's rating over the graph's, or a scenario set aside; both values and the reason are kept. Raises `Refusal`."""
    if (rating.severity or rating.likelihood) and not rating.why:
        raise Refusal(
            _l("Dites pourquoi votre cotation diffère de celle du schéma : les deux resteront affichées."), "why"
        )
    if not rating.kept and not rating.why_not:
        raise Refusal(_l("Dites pourquoi vous l’écartez : le dossier garde cette raison."), "why_not")
    row = _row(line, product)
    before = {name: getattr(row, name) for name in _RATING}
    row.severity = int(rating.severity) if rating.severity else None
    row.likelihood = int(rating.likelihood) if rating.likelihood else None
    row.why, row.kept, row.why_not = rating.why, rating.kept, "" if rating.kept else rating.why_not
    if before != {name: getattr(row, name) for name in _RATING}:
        row.rated_by = actor.name[:200]
    row.touched(actor.name)
    session.add(row)
    record(
        session,
        actor,
        Action.RATE_SCENARIO,
        product_id=product.id,
        **_named(session, row),
        before=before,
        severity=row.severity,
        likelihood=row.likelihood,
        computed_severity=line.computed_severity,
        computed_likelihood=line.computed_likelihood,
        why=rating.why,
        kept=rating.kept,
        why_not=row.why_not,
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """What is done of a risk; until when, where the authority is asked to accept it."""

    treatment: Treatment
    note: str
    accepted_until: date | None


def _named(session: Session, row: RiskScenario) -> dict[str, str]:
    """How the journal names a scenario: its story, or what it reaches, as the name of an asset and a need."""
    if row.told or row.need is None:
        return {"what": row.story[:200]}
    named = select(EssentialAsset.name).where(
        EssentialAsset.product_id == row.product_id, EssentialAsset.ref == row.asset
    )
    return {"what": session.scalar(named) or row.asset, "need": row.need.value}


@transaction
def treat_risk(session: Session, actor: Person, product: Product, line: RegisterLine, choice: Choice) -> None:
    """Decides what is done of a risk. Raises `Refusal` at the field that is missing."""
    _treat(session, actor, product, line, choice)


@transaction
def reduce_risks(session: Session, actor: Person, product: Product, system: System, keys: Collection[str]) -> int:
    """Decides to reduce each of these risks by the measures that `proposed_reductions` names; gives how many.

    Raises `Refusal` where one of them is no longer proposed: somebody decided of it, or its measures are others.
    """
    lines = read_lines(rows_of(session, product.id), system)
    proposed = proposed_reductions(lines, system)
    if not keys:
        raise Refusal(_l("Cochez au moins un risque."))
    if not set(keys) <= proposed.keys():
        raise Refusal(_l("Le registre a changé entre-temps : relisez ce qui est proposé."))
    for line in lines:
        if line.key in keys:
            _treat(session, actor, product, line, Choice(Treatment.REDUCE, proposed[line.key], None))
    return len(set(keys))


_REDUCING = CLAIMED | {MeasureStatus.PLANNED}
_MOST_NAMED = 5


def proposed_reductions(lines: Sequence[RegisterLine], system: System) -> dict[str, str]:
    """By key, of each risk without a decision, the measures done or planned on its way that act on such a harm, as the note
    of a decision that a person takes as their own."""
    names, known = system.names(), catalogue.measures()
    found = {}
    for line in lines:
        way = set(line.path.components) if line.path and line.undecided else set()
        acting = [
            m
            for m in system.measures
            if m.status in _REDUCING and way.intersection(m.on) and _acts_on(known.get(m.measure), line.need)
        ]
        said = [
            f"{known[m.measure].name.in_(language())} ({', '.join(names[c] for c in m.on if c in way)},"
            f" {word(m.status).lower()})"
            for m in acting[:_MOST_NAMED]
        ]
        if said:
            found[line.key] = str(_l("Par : %(measures)s.", measures=" ; ".join(said)))
    return found


def _acts_on(kind: catalogue.MeasureKind | None, need: Need | None) -> bool:
    """Whether a measure does anything against such a harm: what only gives data back keeps nobody from reading it."""
    steps = {step for effect in kind.effects for step in effect.steps} if kind else set()
    return bool(steps) and not (need is Need.CONFIDENTIALITY and steps <= {"data"})


def _treat(session: Session, actor: Person, product: Product, line: RegisterLine, choice: Choice) -> None:
    accepted = choice.treatment is Treatment.ACCEPT
    if accepted:
        check_until(choice.accepted_until, "accepted_until")
    if choice.treatment in {Treatment.TRANSFER, Treatment.AVOID} and not choice.note:
        raise Refusal(_l("Comment ? Dites à qui il est transféré, ou ce à quoi vous renoncez."), "note")
    row = _row(line, product)
    row.treatment, row.treatment_note = choice.treatment, choice.note
    row.proposed_by = actor.name[:200] if accepted else ""
    row.accepted_until = choice.accepted_until if accepted else None
    row.touched(actor.name)
    session.add(row)
    changes: dict[str, Any] = changes_of(row)
    record(
        session,
        actor,
        Action.TREAT_RISK,
        product_id=product.id,
        **_named(session, row),
        treatment=choice.treatment.value,
        note=choice.note,
        accepted_until=row.accepted_until.isoformat() if row.accepted_until else None,
        **changes,
    )


@transaction
def remove_scenario(session: Session, actor: Person, product: Product, row: RiskScenario) -> None:
    """Takes away a told scenario, or what people said of one of the graph's."""
    record(
        session,
        actor,
        Action.REMOVE_SCENARIO,
        product_id=product.id,
        **_named(session, row),
        severity=row.severity,
        likelihood=row.likelihood,
    )
    session.delete(row)


def as_studied(line: RegisterLine) -> StudiedScenario:
    """A line as a dossier and a version of the analysis freeze it."""
    row = line.row
    return StudiedScenario(
        key=line.key,
        told=line.told,
        deliberate=line.deliberate,
        story=row.story if row else "",
        asset=line.asset,
        need=line.need,
        severity=line.severity,
        likelihood=line.likelihood,
        computed_severity=line.computed_severity,
        computed_likelihood=line.computed_likelihood,
        why=row.why if row else "",
        rated_by=row.rated_by if row else "",
        kept=line.kept,
        why_not=row.why_not if row else "",
        risk=line.risk,
        treatment=line.treatment,
        treatment_note=row.treatment_note if row else "",
        proposed_by=row.proposed_by if row else "",
        accepted_until=row.accepted_until if row else None,
    )
