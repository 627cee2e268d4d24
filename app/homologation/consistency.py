"""What a dossier says against itself, found before it is frozen: contradictions stop it, doubts go to its authority."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.homologation.pieces import PERSONAL, is_personal
from app.platform.i18n import language
from risk_models import catalogue
from risk_models.rules import limits, schedule
from risk_models.scales import DataSensitivity, Need

Content = Mapping[str, Any]
_CLAIMED = {"done", "partial"}
_FRESH = {"fresh"}
# What bears no version of its own.
_NO_VERSION = {"host", "network", "workstation", "forge", "ci", "registry", "cdn", "other"}


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """`what` names the thing; `page` is the endpoint where it is mended; one that `stops` must be mended first."""

    rule: str
    what: str
    page: str
    stops: bool

    def sentence(self, language: str) -> str:
        return catalogue.sentence("inconsistencies", self.rule, language, what=self.what)

    def as_plain(self) -> dict[str, Any]:
        return {"rule": self.rule, "what": self.what, "stops": self.stops}


def check(content: Content) -> list[Inconsistency]:
    """Every rule on `content`, as it would be frozen on its own date: what stops it first."""
    found = [
        Inconsistency(rule, what.rstrip("."), page, stops)  # it ends a sentence of ours
        for rule, (stops, page, look) in RULES.items()
        for what in dict.fromkeys(look(content))
    ]
    return sorted(found, key=lambda i: not i.stops)


def _today(c: Content) -> str:
    return str(c["frozen_on"])


def _end(c: Content) -> str:
    return schedule.expiry(date.fromisoformat(_today(c)), c["requested_months"]).isoformat()


def _before(c: Content, months: int) -> str:
    return schedule.add_months(date.fromisoformat(_today(c)), -months).isoformat()


def _register(c: Content, **wanted: Any) -> Iterator[dict[str, Any]]:
    for line in (c["study"] or {}).get("register", ()):
        if all(line[key] == value for key, value in wanted.items()):
            yield line


def _told(c: Content, line: Mapping[str, Any]) -> str:
    names = {a["id"]: a["name"] for a in c["system"].get("assets", ())}
    need = catalogue.word(Need(line["need"]), language()).lower() if line["need"] else ""
    return str(line["story"] or f"{names.get(line['asset'], line['asset'])} ({need})")


def _measures(c: Content, *statuses: str) -> Iterator[dict[str, Any]]:
    """The team's own measures; what a common service brings is its business."""
    for measure in c["system"].get("measures", ()):
        if measure["status"] in statuses and not measure.get("inherited_from"):
            yield measure


def _named(measure: Mapping[str, Any]) -> str:
    kind = catalogue.measures().get(measure["measure"])
    return kind.name.in_(language()) if kind else str(measure["measure"])


def _components(c: Content) -> list[dict[str, Any]]:
    return list(c["system"].get("components", ()))


def _worse_views(c: Content) -> Iterator[str]:
    names = {a["id"]: a["name"] for a in c["system"].get("assets", ())}
    now = {(a["id"], a["need"]): a["likelihood"] for a in c["assessment"]["assets"]}
    for after in c["assessment"]["residual_assets"]:
        if after["likelihood"] > now.get((after["id"], after["need"]), 1.0) + 1e-9:
            yield names.get(after["id"], after["id"])


def _alone(c: Content) -> Iterator[str]:
    linked = {end for link in c["system"].get("links", ()) for end in (link["from"], link["to"])}
    return (x["name"] for x in _components(c) if x["id"] not in linked)


def _unfeared(c: Content) -> Iterator[str]:
    feared = {e["asset"] for e in c["feared_events"]}
    return (a["name"] for a in c["system"].get("assets", ()) if a["id"] not in feared)


def _plan_for_high(c: Content) -> Iterator[str]:
    if not any(_measures(c, "planned", "partial")):
        yield from (_told(c, x) for x in _register(c, kept=True, risk="high", treatment="reduce"))


def _level(c: Content) -> Mapping[str, Any]:
    return (c["study"] or {}).get("level") or {}


def _personal_without_dpo(c: Content) -> Iterator[str]:
    if is_personal(c) and not any(o["role"] == "dpo" for o in c["opinions"]):
        yield "DPO"


def _more_personal_than_said(c: Content) -> Iterator[str]:
    """Components that hold personal data where the questionnaire says that there is none."""
    if _level(c).get("answers") and _level(c)["answers"].get("data", 0) < DataSensitivity.PERSONAL:
        for component in _components(c):
            if not PERSONAL.isdisjoint(component.get("data", ())):
                yield component["name"]


def _ended(c: Content) -> Iterator[str]:
    for component in _components(c):
        end = (component.get("eol") or {}).get("date")
        if end and end < _today(c):
            yield f"{component['name']}, {end}"


def _exploited(c: Content) -> Iterator[str]:
    for component in _components(c):
        for flaw in component.get("vulnerabilities", ()):
            if flaw.get("kev"):
                yield f"{component['name']}, {flaw['id']}"


def _high_for_long(c: Content) -> Iterator[str]:
    if c["requested_months"] > limits.LONG_WITH_STRONG_RISK_MONTHS:
        yield from (
            _told(c, x) for x in _register(c, kept=True, risk="high") if x["treatment"] not in {"avoid", "transfer"}
        )


def _of_dossier(c: Content) -> Iterator[tuple[str, str]]:
    """The risks accepted in the dossier, each with its last day."""
    for risk in c["accepted_risks"]:
        yield risk["text"], risk["until"]


def _of_register(c: Content) -> Iterator[tuple[str, str]]:
    """Those accepted in the register of scenarios."""
    for line in _register(c, kept=True, treatment="accept"):
        if line["accepted_until"]:
            yield _told(c, line), line["accepted_until"]


def _expired(accepted: Iterator[tuple[str, str]], c: Content) -> list[str]:
    return [text for text, until in accepted if until < _today(c)]


def _ends_before(accepted: Iterator[tuple[str, str]], c: Content) -> list[str]:
    return [text for text, until in accepted if _today(c) <= until < _end(c)]


def _when(condition: object, what: str = "") -> list[str]:
    return [what] if condition else []


Look = Callable[[Content], Any]
_COMPOSE, _REGISTER, _MEASURES = "homologation.compose", "register.scenarios", "mitigations.measures"
_PIECES, _COMPONENTS, _STUDY = "pieces.index", "inventory.components", "study.overview"
# rule: does it stop the dossier, where it is mended, what it finds
RULES: dict[str, tuple[bool, str, Look]] = {
    "acceptance_expired": (True, _COMPOSE, lambda c: _expired(_of_dossier(c), c)),
    "register_acceptance_expired": (True, _REGISTER, lambda c: _expired(_of_register(c), c)),
    "acceptance_undated": (
        True,
        _REGISTER,
        lambda c: [_told(c, x) for x in _register(c, kept=True, treatment="accept") if not x["accepted_until"]],
    ),
    "acceptance_unnamed": (
        True,
        _REGISTER,
        lambda c: [_told(c, x) for x in _register(c, kept=True, treatment="accept") if not x["accepted_by"]],
    ),
    "residual_above_current": (
        True,
        _MEASURES,
        lambda c: _when(c["assessment"]["residual_loss"] > c["assessment"]["loss"] + 1e-9),
    ),
    "residual_asset_above_current": (True, _MEASURES, _worse_views),
    "high_undecided": (
        True,
        _REGISTER,
        lambda c: [_told(c, x) for x in _register(c, kept=True, risk="high", treatment=None)],
    ),
    "set_aside_without_reason": (
        True,
        _REGISTER,
        lambda c: [_told(c, x) for x in _register(c, kept=False) if not x["why_not"]],
    ),
    "plan_without_owner": (
        True,
        _MEASURES,
        lambda c: [_named(m) for m in _measures(c, "planned") if not m.get("owner")],
    ),
    "plan_without_date": (True, _MEASURES, lambda c: [_named(m) for m in _measures(c, "planned") if not m.get("due")]),
    "measure_refused_without_reason": (
        True,
        _MEASURES,
        lambda c: [_named(m) for m in _measures(c, "not_applicable") if not m.get("reason")],
    ),
    "asset_nowhere": (
        True,
        "analysis.assets",
        lambda c: [a["name"] for a in c["system"].get("assets", ()) if not a.get("lives_in")],
    ),
    "level_pending": (True, "study.level", lambda c: _when(_level(c).get("wanted"))),
    "document_in_future": (
        True,
        _PIECES,
        lambda c: [d["title"] for d in c["documents"] if d["dated_on"] > _today(c)],
    ),
    "opinion_in_future": (True, _COMPOSE, lambda c: [o["by"] for o in c["opinions"] if o["given_on"] > _today(c)]),
    "done_without_proof": (
        False,
        "evidence.index",
        lambda c: [_named(m) for m in _measures(c, *_CLAIMED) if not m.get("proof")],
    ),
    "proof_not_fresh": (
        False,
        "evidence.index",
        lambda c: [_named(m) for m in _measures(c, *_CLAIMED) if m.get("proof") and m["proof"] not in _FRESH],
    ),
    "plan_late": (
        False,
        _MEASURES,
        lambda c: [_named(m) for m in _measures(c, "planned", "partial") if m.get("due") and m["due"] < _today(c)],
    ),
    "plan_after_end": (
        False,
        _MEASURES,
        lambda c: [_named(m) for m in _measures(c, "planned", "partial") if m.get("due") and m["due"] > _end(c)],
    ),
    "acceptance_before_end": (False, _COMPOSE, lambda c: _ends_before(_of_dossier(c), c)),
    "register_acceptance_before_end": (False, _REGISTER, lambda c: _ends_before(_of_register(c), c)),
    "finding_acceptance_expired": (
        False,
        "analysis.findings",
        lambda c: [f["finding"] for f in c["accepted_findings"] if f["until"] < _today(c)],
    ),
    "asset_without_fear": (False, "study.fears", _unfeared),
    "component_alone": (False, _COMPONENTS, _alone),
    "nothing_exposed": (
        False,
        _COMPONENTS,
        lambda c: _when(_components(c) and all(x["exposure"] == "internal" for x in _components(c))),
    ),
    "version_unknown": (
        False,
        _COMPONENTS,
        lambda c: [
            x["name"]
            for x in _components(c)
            if x["patched_by"] == "team" and not x.get("version") and x["kind"] not in _NO_VERSION
        ],
    ),
    "support_ended": (False, _COMPONENTS, _ended),
    "known_exploited": (False, "packages.flaws", _exploited),
    "reduced_without_plan": (False, _MEASURES, _plan_for_high),
    "high_for_long": (False, _COMPOSE, _high_for_long),
    "analysis_old": (
        False,
        _STUDY,
        lambda c: _when(c["analysis"] and c["analysis"]["done_on"] < _before(c, limits.OLD_ANALYSIS_MONTHS)),
    ),
    "analysis_overtaken": (
        False,
        _STUDY,
        lambda c: _when(
            c["analysis"] and c["analysis"].get("changes_since"), str((c["analysis"] or {}).get("changes_since"))
        ),
    ),
    "nobody_suspends": (
        False,
        "products.team",
        lambda c: _when(not any(p.get("can_suspend") for p in c["system"]["product"].get("contacts", ()))),
    ),
    "personal_without_dpo": (False, _COMPOSE, _personal_without_dpo),
    "data_understated": (False, "study.level", _more_personal_than_said),
    "document_old": (
        False,
        _PIECES,
        lambda c: [d["title"] for d in c["documents"] if d["dated_on"] < _before(c, limits.OLD_DOCUMENT_MONTHS)],
    ),
    "judge_and_party": (
        False,
        _COMPOSE,
        lambda c: [o["by"] for o in c["opinions"] if c["authority"] and o["by"] == c["authority"]["name"]],
    ),
    "unfavourable": (False, _COMPOSE, lambda c: [o["by"] for o in c["opinions"] if o["verdict"] == "unfavourable"]),
    "remark_open": (
        False,
        _STUDY,
        lambda c: [x["text"][:80] for x in (c["study"] or {}).get("comments", ()) if not x["settled_by"]],
    ),
    "mission_missing": (False, "products.card", lambda c: _when(not c["mission"])),
    "reservation_not_lifted": (
        False,
        "homologation.dossier",
        lambda c: [r["text"] for r in (c["renewal"] or {}).get("reservations", ()) if not r["lifted_on"]],
    ),
}
