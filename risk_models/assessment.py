"""The result of the ranking: what the page, the PDF and the command line all show."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from risk_models.scales import ComponentKind, Likelihood, Need, RiskLevel, Severity, View


@dataclass(frozen=True, slots=True)
class ComponentRisk:
    """`likelihood`: probability within a year that the component is taken; `dependents`: how many reach it."""

    id: str
    likelihood: float
    level: Likelihood
    dependents: int


@dataclass(frozen=True, slots=True)
class AssetRisk:
    """The risk on one need of one essential asset; `loss` in points a year."""

    id: str
    need: Need
    severity: Severity
    likelihood: float
    level: Likelihood
    risk: RiskLevel
    loss: float


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a component is weak: a code of catalogue/reasons.yaml and the values its sentence needs."""

    code: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AttackPath:
    """The most likely way through a component: threat source, components, asset; `likelihood` of the whole.

    `assumed`: the kinds of the usual parts by which it begins, where nobody described one.
    """

    source: str
    vector: str
    components: tuple[str, ...]
    asset: str
    need: Need
    likelihood: float
    assumed: tuple[ComponentKind, ...] = ()


@dataclass(frozen=True, slots=True)
class WeakPoint:
    """What mending a component avoids, in points a year; `share` of the system's loss.

    `loss_avoided`: were all that the team has in hand there mended, which may have to be confirmed first; `lacking`: were
    only what is known to lack mended, backups apart, None in what was assessed before model 2026.4 (there, `loss_avoided` is that of the
    component hardened). Ranked by what is known to lack, then by the whole.
    """

    rank: int
    component: str
    loss_avoided: float
    share: float
    reasons: tuple[Reason, ...]
    path: AttackPath | None
    lacking: float | None = None

    @property
    def lacking_share(self) -> float | None:
        """The share of the system's loss that mending what is known to lack avoids; None where it was not counted."""
        if self.lacking is None or not self.loss_avoided:
            return None if self.lacking is None else 0.0
        return self.share * self.lacking / self.loss_avoided


@dataclass(frozen=True, slots=True)
class NeedWeakPoint:
    """What mending a component avoids of one need's loss, in points a year; see `WeakPoint`."""

    component: str
    loss_avoided: float
    lacking: float


@dataclass(frozen=True, slots=True)
class GraveNeed:
    """The loss of one need, of G3 or more: what is weak for it alone, weakest first, and its likeliest ways.

    `paths`: two at most, that do not begin by the same component.
    """

    asset: str
    need: Need
    severity: Severity
    weak_points: tuple[NeedWeakPoint, ...]
    paths: tuple[AttackPath, ...]


@dataclass(frozen=True, slots=True)
class ChokePoint:
    """Where segmentation and monitoring pay: loss avoided were the component unbreakable."""

    component: str
    loss_avoided: float


@dataclass(frozen=True, slots=True)
class SinglePointOfFailure:
    component: str
    assets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanItem:
    """A measure not yet in place; losses avoided in points a year, alone and in the best order.

    `to_confirm`: nobody said that it lacks; it may be in place already.
    """

    measure: str
    on: tuple[str, ...]
    loss_avoided_alone: float
    loss_avoided_in_order: float
    effort: int
    to_confirm: bool = False


# The detail of a finding that rests on a measure of which nobody said anything; or that is said done and shown not to be.
UNSAID = "unsaid"
CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule of catalogue/findings.yaml found, and where; `other` and `detail` fill its sentence.

    `detail` is `UNSAID` or `CONTRADICTED` where that is what is known of the measure it rests on.
    """

    rule: str
    component: str | None = None
    other: str | None = None
    asset: str | None = None
    detail: str = ""

    @property
    def key(self) -> str:
        """What names it from one day to the next: an acceptance holds for the same key."""
        return ":".join((self.rule, self.component or "", self.other or "", self.asset or ""))


@dataclass(frozen=True, slots=True)
class Warning:
    """`detail`: what was assumed of the component, or the measure that is spoken of."""

    code: str
    component: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """One view in short: what is lost with the measures that count in it."""

    loss: float
    assets: tuple[AssetRisk, ...]


def risks_by_view(views: Mapping[View, Outlook]) -> list[tuple[AssetRisk, list[AssetRisk | None]]]:
    """Each risk of today, beside itself without measure, today and once the plan is kept; None where not computed."""
    by_view = [{(r.id, r.need): r for r in views[view].assets} for view in (View.RAW, View.CURRENT, View.TARGET)]
    return [(now, [found.get(key) for found in by_view]) for key, now in by_view[1].items()]


@dataclass(frozen=True, slots=True)
class Stability:
    """By component, in how many of `draws` it stands at its rank or above: "first in 96 of 100 draws"."""

    draws: int
    kept: Mapping[str, int]

    def share(self, component: str) -> float | None:
        """None when nothing was drawn, or when the component avoids nothing."""
        kept = self.kept.get(component)
        return None if kept is None else kept / self.draws


@dataclass(frozen=True, slots=True)
class AssumedPart:
    """A usual part that nobody described: the components it is assumed to reach, and what is lost by it in a year."""

    kind: ComponentKind
    reaches: tuple[str, ...]
    loss: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """The whole picture of one view; probabilities are for one year, losses in points a year."""

    model: str
    worlds: int
    view: View
    product: str
    loss: float
    residual_loss: float
    components: tuple[ComponentRisk, ...]
    assets: tuple[AssetRisk, ...]
    residual_assets: tuple[AssetRisk, ...]
    weak_points: tuple[WeakPoint, ...]
    choke_points: tuple[ChokePoint, ...]
    single_points_of_failure: tuple[SinglePointOfFailure, ...]
    action_plan: tuple[PlanItem, ...]
    findings: tuple[Finding, ...]
    warnings: tuple[Warning, ...]
    grave_needs: tuple[GraveNeed, ...] = ()
    assumed: tuple[AssumedPart, ...] = ()

    @property
    def costing_weak_points(self) -> tuple[WeakPoint, ...]:
        """Those whose hardening avoids a loss, weakest first; the others are ranked, and cost nothing."""
        return tuple(w for w in self.weak_points if w.loss_avoided > 0)

    def to_dict(self) -> dict[str, object]:
        """Plain values, as a dossier freezes them."""
        return asdict(self)
