"""The lines of what is to do, from every part of a product that asks something of its team."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext as _ln
from sqlalchemy.orm import Session

from app.analysis import findings
from app.analysis.kinds import StudyStep
from app.evidence import sightings
from app.home.journey import Journey
from app.homologation import freezing
from app.homologation import services as dossiers
from app.homologation.kinds import DossierState
from app.plan.services import PlanKind, PlanLine, read_plan
from app.platform import clock
from app.platform.i18n import EFFORT_WORDS, finding_text, format_day, language
from app.products.models import Product
from app.renewals.deadlines import Deadline
from app.renewals.standings import ProductStanding
from risk_models import catalogue
from risk_models.assessment import CONTRADICTED, Assessment, Finding, PlanItem
from risk_models.ranking.remedies import Remedy, group_by_remedy
from risk_models.rules.standing import NextAct, ProductState, Standing
from risk_models.scales import DeadlineKind, PieceState, RiskLevel
from risk_models.system import System

_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class TodoLine:
    """One act or one remedy, for one or several components.

    `page`, `values`, `label`: where its own form is, and what its button says. `measure`: of the catalogue, where the line
    is answered in place by saying where one stands with it on `on`. `share`: of today's expected loss, what doing it avoids
    at least, were nothing else done; `next_share`: after the lines before it; 0 where the ranking gives no figure.
    `findings`: those that it answers, which may be accepted.
    """

    key: str
    title: str
    why: str
    page: str
    label: Any
    values: tuple[tuple[str, Any], ...] = ()
    on: tuple[str, ...] = ()
    effort: Any = ""
    share: float = 0.0
    next_share: float = 0.0
    level: RiskLevel | None = None
    due: date | None = None
    owner: str = ""
    measure: str = ""
    unsaid: bool = False
    findings: tuple[Finding, ...] = ()

    @property
    def late(self) -> bool:
        return self.due is not None and self.due < clock.today()


@dataclass(frozen=True, slots=True)
class TodoContext:
    """What the sources of lines read of a product."""

    session: Session
    product: Product
    system: System
    assessment: Assessment
    stands: ProductStanding
    journey: Journey
    deadlines: tuple[Deadline, ...]


def _acts(known: TodoContext) -> Iterable[TodoLine]:
    """What the product's standing asks of its team."""
    standing = known.stands.standing
    if standing.act is None or standing.act.is_of_others:
        return
    told = _of_act(standing, first=known.stands.last is None)
    if told:
        title, why, minutes, label = told
        effort = _minutes(minutes)
        yield TodoLine("act", str(title), str(why), "homologation.dossier", label, effort=effort, due=standing.act_due)


_FINISH = (
    _l("Terminer le nouveau dossier"),
    _l("Il reprend le dernier : vérifiez ce qui a changé, puis demandez les avis."),
    30,
    _l("Continuer le dossier"),
)
_TRANSMIT = (
    _l("Transmettre le dossier à l’autorité"),
    _l("Tous les avis sont rendus : la décision peut être demandée."),
    2,
    _l("Ouvrir le dossier"),
)
_RENEW = (
    _l("Renouveler l’homologation"),
    _l("Le nouveau dossier reprend le dernier : vérifiez ce qui a changé, puis demandez les avis."),
    30,
    _l("Ouvrir un nouveau dossier"),
)


def _of_act(standing: Standing, *, first: bool) -> tuple[Any, Any, int, Any] | None:
    """Title, why, minutes and label; None for the acts that the steps of the journey lead to."""
    act = standing.act
    if act is NextAct.LIFT_RESERVATIONS and standing.act_due:
        asked_for = _l(
            "L’autorité les a demandées pour le %(day)s : faites-le, puis dites comment.",
            day=format_day(standing.act_due),
        )
        return _l("Lever les réserves"), asked_for, 2, _l("Ouvrir le dossier")
    if standing.state is ProductState.DISPENSED and act in (NextAct.HOMOLOGATE_AGAIN, NextAct.RENEW):
        ends = _l(
            "La dispense se termine le %(day)s : le produit est à homologuer d’ici là.", day=format_day(standing.day)
        )
        return _l("Préparer un nouveau dossier"), ends, 30, _l("Ouvrir un nouveau dossier")
    if act is NextAct.HOMOLOGATE_AGAIN:
        ended = (
            _l("L’homologation a été retirée : répondez à ce qui l’a fait retirer.")
            if standing.state is ProductState.WITHDRAWN
            else _l("L’homologation a été refusée : répondez aux raisons du refus.")
        )
        return _l("Préparer un nouveau dossier"), ended, 30, _l("Ouvrir un nouveau dossier")
    if act is NextAct.FINISH_DOSSIER:
        return None if first else _FINISH
    return {NextAct.TRANSMIT: _TRANSMIT, NextAct.RENEW: _RENEW}.get(act) if act else None


def _steps(known: TodoContext) -> Iterable[TodoLine]:
    """The steps of the journey that ask something; the dossier once nothing else does, unless an act speaks of it."""
    # What is done is asked measure by measure.
    asked = [s for s in known.journey.steps if s.asks and s.key != StudyStep.DO.value]
    due = {_DUE[d.kind]: d.due for d in known.deadlines if d.kind in _DUE}
    told = bool(list(_acts(known)))
    for step in asked:
        if step.key == "dossier" and (told or len(asked) > 1):
            continue
        yield TodoLine(
            f"step:{step.key}",
            str(step.title),
            str(step.why),
            step.pages[0].endpoint,
            _LABELS[step.key],
            effort=_minutes(step.minutes),
            due=due.get(step.key),
        )


# The steps by which what is due by a day is done.
_DUE = {
    DeadlineKind.ANALYSIS: StudyStep.REMAINS.value,
    DeadlineKind.FIRST_HOMOLOGATION: "dossier",
    DeadlineKind.EXPIRY: "dossier",
}
_LABELS = {
    StudyStep.LEVEL: _l("Répondre aux cinq questions"),
    "team": _l("Ajouter un contact"),
    StudyStep.MADE_OF: _l("Ajouter des composants"),
    StudyStep.PROTECT: _l("Nommer une valeur métier"),
    StudyStep.FEAR: _l("Raconter le pire"),
    StudyStep.ATTACKERS: _l("Retenir des sources de risque"),
    StudyStep.REMAINS: _l("Décider de chaque risque"),
    "dossier": _l("Ouvrir le dossier"),
}


def _minutes(minutes: int) -> Any:
    return _ln("%(num)d minute", "%(num)d minutes", minutes)


# Rules that the measure of another name mends: what it asks and what they do is one thing.
_MENDED_BY = {"known_exploited_flaw": "update", "flaw_with_a_fix": "update", "end_of_life": "update"}
# Rules that ask what a step of the journey does, or the line of a measure that is late.
_ASKED_ELSEWHERE = frozenset({"nobody_to_call", "asset_nowhere", "late_measure"})


def _remedies(known: TodoContext) -> Iterable[TodoLine]:
    """Measures to answer, to show again or to keep, and what mends the findings that rest on none; each measure once."""
    accepted = findings.read_acceptances(known.session, known.product.id)
    open_, _ = findings.split_findings(known.assessment.findings, accepted, clock.today())
    asked = [f for f in open_ if f.rule not in _ASKED_ELSEWHERE]
    groups: dict[tuple[str, str], _Group] = {}
    plan_of = {(p.measure, p.on): p for p in known.assessment.action_plan}
    plan = read_plan(known.system, known.assessment)
    planned = {(line.measure, c) for line in plan if line.kind is PlanKind.PLANNED for c in line.on}
    for line in plan:
        soon = line.due and line.due < clock.today() + _SOON
        if line.kind is PlanKind.PLANNED and not soon:
            continue
        on = [c for c in line.on if line.kind is not PlanKind.PROPOSED or (line.measure, c) not in planned]
        if line.on and not on:
            continue
        group = groups.setdefault((_KINDS[line.kind], line.measure), _Group())
        group.add(on, plan_of.get((line.measure, line.on)))
        group.lines.append(line)
    others = []
    for remedy in group_by_remedy(asked):
        measure = remedy.rule.measure or _MENDED_BY.get(remedy.rule.id)
        if measure is None or remedy.rests_on_facts:
            others.append(remedy)
            continue
        kind = "restore" if remedy.findings[0].detail == CONTRADICTED else "answer"
        # A flaw that is open stays in the list, whatever is planned.
        on = [c for c in remedy.answered_on if remedy.rule.measure is None or (measure, c) not in planned]
        if on:
            group = groups.setdefault((kind, measure), _Group())
            group.add(on, None)
            group.findings += remedy.findings
    lines = [_of_measure(known, kind, measure, group) for (kind, measure), group in groups.items()]
    lines += [_of_remedy(r, known) for r in others]
    yield from sorted(lines, key=_by_use)


_KINDS = {
    PlanKind.RESTORE: "restore",
    PlanKind.RENEW_PROOF: "renew",
    PlanKind.PLANNED: "planned",
    PlanKind.PROPOSED: "answer",
}


@dataclass(slots=True)
class _Group:
    """What several parts of Jalon say of one measure."""

    on: list[str] = field(default_factory=list)
    alone: float = 0.0
    in_order: float = 0.0
    findings: tuple[Finding, ...] = ()
    lines: list[PlanLine] = field(default_factory=list)

    def add(self, on: Sequence[str], item: PlanItem | None) -> None:
        self.on += [c for c in on if c not in self.on]
        if item:
            self.alone = max(self.alone, item.loss_avoided_alone)
            self.in_order += item.loss_avoided_in_order


def _by_use(line: TodoLine) -> tuple[bool, bool, float, bool, int, str]:
    """What is late, then what is known to be grave, then what avoids most; what asks to be confirmed after what lacks."""
    grave = line.level is RiskLevel.HIGH and not line.unsaid
    weight = {RiskLevel.HIGH: 0, RiskLevel.MEDIUM: 1, RiskLevel.LOW: 2, None: 3}[line.level]
    return not line.late, not grave, -line.next_share, line.unsaid, weight, line.title


def _of_measure(known: TodoContext, kind: str, measure: str, group: _Group) -> TodoLine:
    about = catalogue.measures().get(measure)
    name = about.name.in_(language()) if about else measure
    why = about.why.in_(language()) if about else ""
    loss, due = known.assessment.loss, min((x.due for x in group.lines if x.due), default=None)
    told = {
        "restore": (_l("Preuve à retrouver : %(name)s", name=name), "evidence.index", _l("Voir les preuves")),
        "renew": (_l("Preuve à renouveler : %(name)s", name=name), "evidence.index", _l("Voir les preuves")),
        "planned": (_l("Prévue : %(name)s", name=name), "mitigations.measures", _l("Dire où elle en est")),
        "answer": (name, "mitigations.new_measure", _l("Répondre en détail")),
    }
    answered = kind == "answer"
    if answered and about and about.mends_flaws:  # what is said of it changes nothing: the version that runs does
        answered, told["answer"] = False, (name, "packages.flaws", _l("Voir les failles"))
    title, page, label = told[kind]
    return TodoLine(
        f"{kind}:{measure}:{'+'.join(sorted(group.on))}"[:300],
        str(title),
        why,
        page,
        label,
        (("mesure", measure), ("sur", tuple(group.on))) if answered else (),
        tuple(group.on),
        EFFORT_WORDS[about.effort] if about and kind == "answer" else "",
        group.alone / loss if loss else 0.0,
        group.in_order / loss if loss else 0.0,
        max((catalogue.rule_of(f).level for f in group.findings), key=list(RiskLevel).index, default=None),
        due,
        ", ".join(dict.fromkeys(x.owner for x in group.lines if x.owner)),
        measure if answered else "",
        answered and _is_unsaid(known, measure, group),
        group.findings,
    )


def _is_unsaid(known: TodoContext, measure: str, group: _Group) -> bool:
    """Whether nobody said anything of a measure on any of these components."""
    said = {c for m in known.system.measures if m.measure == measure for c in m.on}
    return said.isdisjoint(group.on)


def _of_remedy(remedy: Remedy, known: TodoContext) -> TodoLine:
    label, page, values = findings.mended_at(remedy)
    alone = remedy.count == 1
    title = finding_text(remedy.findings[0], known.system.names()) if alone else remedy.rule.name.in_(language())
    return TodoLine(
        f"remedy:{remedy.rule.id}:{'+'.join(f.key for f in remedy.findings)}"[:300],
        title,
        remedy.rule.mend.in_(language()),
        page,
        label,
        tuple(values.items()),
        remedy.components,
        level=remedy.rule.level,
        unsaid=remedy.unsaid,
        findings=remedy.findings,
    )


def _sightings(known: TodoContext) -> Iterable[TodoLine]:
    count = sightings.count_undecided(known.session, known.product.id)
    if count:
        title = _ln("Confirmer ou écarter %(num)d indice", "Confirmer ou écarter %(num)d indices", count)
        why = _l("Des sondes ont vu ce qui n’est pas encore dans la liste des composants.")
        label = _l("Confirmer ou écarter")
        yield TodoLine("sightings", str(title), str(why), "sightings.index", label, effort=_minutes(5))


def _pieces(known: TodoContext) -> Iterable[TodoLine]:
    """The mandatory pieces that a dossier in preparation lacks, of those that its team writes."""
    in_hand = known.stands.in_hand
    if in_hand is None or in_hand.state is not DossierState.DRAFT:
        return
    dossier = dossiers.dossier_of(known.session, known.product.id, in_hand.number)
    if dossier is None:
        return
    lines, _ = freezing.preview_pieces(known.session, known.product, dossier, language())
    for piece in lines:
        if piece.state is PieceState.MISSING and piece.owner == "team":
            values = (("number", dossier.number), ("piece", piece.id))
            title = _l("Pièce du dossier : %(name)s", name=piece.name)
            why = _l("Obligatoire à ce niveau de sécurité.")
            yield TodoLine(f"piece:{piece.id}", str(title), str(why), "pieces.one", _l("Écrire la pièce"), values)


def _remarks(known: TodoContext) -> Iterable[TodoLine]:
    for step in known.journey.steps:
        count = step.study.open_comments if step.study else 0
        if count:
            title = _ln("Régler %(num)d remarque", "Régler %(num)d remarques", count)
            why = _l("Sur l’étape « %(step)s ».", step=step.title)
            page = step.pages[0].endpoint
            yield TodoLine(f"remarks:{step.key}", str(title), str(why), page, _l("Lire les remarques"))


# Each adds its kind of line, in this order: what is owed by a day, what the rest needs, then what lowers the risk.
SOURCES: tuple[Callable[[TodoContext], Iterable[TodoLine]], ...] = (
    _acts,
    _steps,
    _remedies,
    _sightings,
    _pieces,
    _remarks,
)
