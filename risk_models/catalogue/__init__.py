"""The field's knowledge as data: probabilities, measures, usual components, words shown to people."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from typing import Any

from risk_models.assessment import CONTRADICTED, UNSAID, Finding, Warning
from risk_models.catalogue.figures import Figure, Rates, figures, model, rates, rates_with, source_text
from risk_models.catalogue.reading import read_yaml
from risk_models.scales import (
    Check,
    ComponentKind,
    DataKind,
    Exposure,
    Hosting,
    Likelihood,
    Location,
    Patcher,
    ProofState,
    RiskLevel,
    Severity,
)

__all__ = [
    "LANGUAGES",
    "Effect",
    "Figure",
    "FindingRule",
    "MeasureKind",
    "Rates",
    "Text",
    "UsualComponent",
    "defaults_by_kind",
    "figures",
    "finding_rules",
    "finding_text",
    "full_cpe",
    "help_of",
    "likelihood_level",
    "loss_weight",
    "measures",
    "model",
    "names_kept_by_others",
    "proof_weight",
    "rates",
    "rates_with",
    "risk_level",
    "rule_of",
    "sentence",
    "source_text",
    "usual_components",
    "warning_text",
    "word",
    "words",
    "yearly",
]

LANGUAGES = ("fr", "en")


@dataclass(frozen=True, slots=True)
class Text:
    """The same sentence in each language."""

    fr: str
    en: str

    def in_(self, language: str) -> str:
        return self.en if language == "en" else self.fr


def likelihood_level(probability: float) -> Likelihood:
    """The EBIOS RM word for a probability of a year."""
    return Likelihood(1 + sum(probability >= bound for bound in model().likelihood_bounds))


def yearly(share: float) -> float:
    """The odds of one year, of what happens in this share of worlds, each of which lasts `model().years`. Worlds that nothing
    touches are too few to be told apart near 1: a share of 1 is no more than 0.37 a year."""
    unsure = model().unsure
    return math.pow(1 + unsure, 1 / model().years) - math.pow(1 - share + unsure, 1 / model().years)


def proof_weight(proof: ProofState | None) -> float:
    """What is left of a measure's effect; its team's word is taken where nothing was ever shown."""
    return 1.0 if proof is None else model().proofs[proof]


def loss_weight(severity: Severity) -> int:
    return model().weights[severity - 1]


_HIGH = {(3, 3), (3, 4), (4, 3), (4, 4), (2, 4)}
_MEDIUM = {(1, 3), (1, 4), (2, 3), (3, 2), (4, 1), (4, 2)}


def risk_level(severity: Severity, likelihood: Likelihood) -> RiskLevel:
    """The level of a cell of the 4 × 4 grid, as MonServiceSécurisé reads it (2026-08)."""
    cell = (int(severity), int(likelihood))
    return RiskLevel.HIGH if cell in _HIGH else RiskLevel.MEDIUM if cell in _MEDIUM else RiskLevel.LOW


@dataclass(frozen=True, slots=True)
class Effect:
    """Multiplies the steps of these kinds into its component by (1 − effectiveness of `figure`)."""

    steps: tuple[str, ...]
    figure: str


@dataclass(frozen=True, slots=True)
class MeasureKind:
    """A mitigation of the catalogue; `kinds` empty means any component; `effort` from 1 to 5.

    `hostings`: by whom a component must be hosted for the team to be able to do it there; `proposed_for`: the kinds it
    is proposed for. `guide`: measures of ANSSI's "Guide d'hygiène informatique" (2017). `proof`: what shows it in place,
    good for `proof_months`; `proven_by`: outside checks that show it. `about`: the fact without which nobody is asked of it.
    """

    id: str
    name: Text
    badge: Text
    why: Text
    kinds: frozenset[ComponentKind]
    hostings: frozenset[Hosting]
    proposed_for: frozenset[ComponentKind]
    effort: int
    effects: tuple[Effect, ...]
    organisational: bool
    guide: tuple[int, ...]
    proof: Text
    proof_months: int
    proven_by: tuple[Check, ...]
    about: str | None = None

    @property
    def mends_flaws(self) -> bool:
        """Whether it acts on known flaws: of use only where a flaw has its fix, or support has ended."""
        return any("flaws" in effect.steps for effect in self.effects)

    def applies_to(self, kind: ComponentKind) -> bool:
        return not self.organisational and (not self.kinds or kind in self.kinds)

    def asks(self, kind: ComponentKind) -> bool:
        """Whether a team that said nothing of it is asked about it on a component of this kind."""
        return self.applies_to(kind) and (not self.proposed_for or kind in self.proposed_for)


@cache
def measures() -> dict[str, MeasureKind]:
    return {
        m["id"]: MeasureKind(
            id=m["id"],
            name=Text(**m["name"]),
            badge=Text(**m.get("badge", m["name"])),
            why=Text(**m["why"]),
            kinds=frozenset(ComponentKind(k) for k in m.get("kinds", ())),
            hostings=frozenset(Hosting(h) for h in m.get("in_hand", Hosting)),
            proposed_for=frozenset(ComponentKind(k) for k in m.get("proposed_for", ())),
            effort=m["effort"],
            effects=tuple(
                Effect(tuple(e["steps"]), f"measures.{m['id']}.{n}") for n, e in enumerate(m.get("effects", ()))
            ),
            organisational=not m.get("effects"),
            guide=tuple(m["guide"]),
            proof=Text(m["proof"]["fr"], m["proof"]["en"]),
            proof_months=m["proof"]["months"],
            proven_by=tuple(Check(c) for c in m["proof"].get("by", ())),
            about=m.get("about"),
        )
        for m in read_yaml("measures.yaml")["measures"]
    }


@dataclass(frozen=True, slots=True)
class FindingRule:
    """A rule on the graph; `guide`: measures of ANSSI's "Guide d'hygiène informatique" (2017).

    `name` heads several findings of the rule. `measure`: the one it rests on, None where it rests on none; `unsaid`: its
    sentence where nobody said anything of that measure.
    """

    id: str
    name: Text
    level: RiskLevel
    guide: tuple[int, ...]
    text: Text
    why: Text
    mend: Text
    unsaid: Text | None = None
    measure: str | None = None


@cache
def finding_rules() -> dict[str, FindingRule]:
    return {
        r["id"]: FindingRule(
            id=r["id"],
            name=Text(**r["name"]),
            level=RiskLevel(r["level"]),
            guide=tuple(r["guide"]),
            text=Text(**r["text"]),
            why=Text(**r["why"]),
            mend=Text(**r["mend"]),
            unsaid=Text(**r["unsaid"]) if "unsaid" in r else None,
            measure=r.get("measure"),
        )
        for r in read_yaml("findings.yaml")["findings"]
    }


_LIGHTER = {RiskLevel.HIGH: RiskLevel.MEDIUM, RiskLevel.MEDIUM: RiskLevel.LOW, RiskLevel.LOW: RiskLevel.LOW}


def rule_of(found: Finding) -> FindingRule:
    """The rule of a finding as it is to be shown: where nobody said anything, it asks, and is one level lighter."""
    rule = finding_rules()[found.rule]
    if found.detail == CONTRADICTED:
        return replace(
            rule,
            text=Text(
                f"{rule.name.fr}, sur « {{component}} » : l’équipe le dit en place, une preuve montre le contraire",
                f"{rule.name.en}, on {{component}}: the team says it is in place, a proof shows otherwise",
            ),
        )
    if found.detail != UNSAID or rule.unsaid is None:
        return rule
    asks = Text(
        f"Dites ce qu’il en est dans vos mesures. Sinon : {rule.mend.fr}",
        f"Say what is so among your measures. Otherwise: {rule.mend.en}",
    )
    return replace(rule, level=_LIGHTER[rule.level], text=rule.unsaid, mend=asks)


@dataclass(frozen=True, slots=True)
class UsualComponent:
    """A component that many products use, proposed while a person types its name.

    `hostings`: the usual mode first. `embeds`: packages (purls without version) known to be inside; `flawed`: by flaw of these,
    its own versions that have it; `numbered`: the versions that its makers give, empty for any. `kept_by_others`: a public
    service, of which its users set nothing.
    """

    name: str
    aliases: tuple[str, ...]
    kind: ComponentKind
    hostings: tuple[Hosting, ...]
    exposure: Exposure
    supplier: str
    location: Location | None
    purl: str
    cpe: str
    eol_product: str
    data: tuple[DataKind, ...]
    embeds: tuple[str, ...]
    flawed: tuple[tuple[str, str], ...] = ()
    numbered: str = ""
    kept_by_others: bool = False

    @property
    def hosting(self) -> Hosting:
        return self.hostings[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that people give it, in lower case."""
        return tuple(name.lower() for name in (self.name, *self.aliases))

    @property
    def in_cpe(self) -> str:
        """`:vendor:product:`, which the CPE of any of its versions holds; empty where it has none."""
        return f":{':'.join(self.cpe.lower().split(':')[3:5])}:" if self.cpe else ""


def _usual(c: Mapping[str, Any]) -> UsualComponent:
    return UsualComponent(
        name=c["name"],
        aliases=tuple(c.get("aka", ())),
        kind=ComponentKind(c["kind"]),
        hostings=tuple(Hosting(h) for h in (c["hosting"], *c.get("also", ()))),
        exposure=Exposure(c["exposure"]),
        supplier=c.get("supplier", ""),
        location=Location(c["location"]) if "location" in c else None,
        purl=c.get("purl", ""),
        cpe=full_cpe(c["cpe"]) if "cpe" in c else "",
        eol_product=c.get("eol", ""),
        data=tuple(DataKind(d) for d in c.get("data", ())),
        embeds=tuple(c.get("embeds", ())),
        flawed=tuple(c.get("flawed", {}).items()),
        numbered=c.get("numbered", ""),
        kept_by_others=c.get("kept_by_others", False),
    )


def full_cpe(vendor_product: str) -> str:
    """The CPE 2.3 name of any version of "vendor:product"."""
    return f"cpe:2.3:a:{vendor_product}:*:*:*:*:*:*:*:*"


@cache
def usual_components() -> tuple[UsualComponent, ...]:
    return tuple(_usual(c) for c in read_yaml("components.yaml")["components"])


@cache
def names_kept_by_others() -> frozenset[str]:
    """The names, in lower case, of public services in which a team has no setting to change."""
    return frozenset(name for c in usual_components() if c.kept_by_others for name in c.names)


@cache
def defaults_by_kind() -> dict[ComponentKind, tuple[Hosting, Exposure]]:
    """What a component of a kind usually is, where nobody said."""
    return {
        ComponentKind(kind): (Hosting(d["hosting"]), Exposure(d["exposure"]))
        for kind, d in read_yaml("components.yaml")["defaults"].items()
    }


@cache
def _words() -> dict[str, dict[str, Any]]:
    words: dict[str, dict[str, Any]] = read_yaml("words.yaml")
    return words


def words(group: str) -> tuple[str, ...]:
    """The codes of a group of words.yaml."""
    return tuple(_words()[group])


def word(value: Enum, language: str) -> str:
    """How people call a member of a closed list."""
    text: str = _words()[type(value).__name__][str(value.value)]["label"][language]
    return text


def tone(value: Enum) -> str:
    """The colour of a state, by its meaning: success, info, warning or error."""
    return str(_words()[type(value).__name__][str(value.value)]["tone"])


def help_of(value: Enum, language: str) -> str:
    """One sentence that describes a member of a closed list; empty where the label says it all."""
    entry = _words()[type(value).__name__][str(value.value)]
    return str(entry.get("help", {}).get(language, ""))


def sentence(group: str, code: str, language: str, **values: str) -> str:
    """A sentence of words.yaml by group and code, its holes filled; `date` takes an ISO day, `measures` their ids."""
    if "measures" in values:
        named = [measures()[m].name.in_(language) if m in measures() else m for m in values["measures"].split(", ")]
        values["measures"] = ", ".join(named)
    if language == "fr" and "date" in values:
        values["date"] = "/".join(reversed(values["date"].split("-")))
    text: str = _words()[group][code][language]
    return text.format(**values)


def colon(language: str) -> str:
    """French puts a space before it."""
    return " :" if language == "fr" else ":"


_ASSUMED: dict[str, type[Enum]] = {
    "hosting_assumed": Hosting,
    "exposure_assumed": Exposure,
    "patched_by_assumed": Patcher,
}


def warning_text(warning: Warning, language: str, names: Mapping[str, str]) -> str:
    """The sentence of a warning; `names` by id of component and asset."""
    detail = warning.detail
    if warning.code in _ASSUMED:
        detail = word(_ASSUMED[warning.code](detail), language)
    elif detail in measures():
        detail = measures()[detail].name.in_(language)
    component = names.get(warning.component, warning.component)
    return sentence("warnings", warning.code, language, component=component, detail=detail)


def finding_text(found: Finding, language: str, names: Mapping[str, str]) -> str:
    """The sentence of a finding; `names` by id of component and asset."""
    detail = found.detail
    if found.rule.startswith("end_of_life") and language == "fr":
        detail = "/".join(reversed(detail.split("-")))
    if detail in measures():
        detail = measures()[detail].name.in_(language)
    everything = {"fr": "tout le produit", "en": "the whole product"}[language]

    def name(of: str | None) -> str:
        return names.get(of, of) if of else everything

    told = rule_of(found).text.in_(language)
    return told.format(
        component=name(found.component), other=name(found.other or found.asset), asset=name(found.asset), detail=detail
    )
