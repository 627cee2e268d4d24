"""What moved since a decision: the living product beside the picture that was signed, each change by what it costs."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.analysis import results, versions
from app.analysis import services as analysis
from app.analysis.comparison import Change
from app.platform.i18n import language
from app.products.models import Product
from reports.frozen import FrozenDossier
from risk_models import catalogue, product_file
from risk_models.ranking.assess import expected_loss
from risk_models.study import Study
from risk_models.system import System

# The picture is no longer true once the loss has grown by this share of what was signed, and by a point at least.
THRESHOLD = 0.25
LEAST = 1.0
_MOST_WEIGHED = 40


@dataclass(frozen=True, slots=True)
class Weight:
    """One change and what it adds to the loss, in expected points a year; negative where it lowers it."""

    what: str
    kind: str
    loss: float


@dataclass(frozen=True, slots=True)
class Drift:
    """Losses are expected points a year, both under today's model; `signed_by`: the model of the signed picture.

    `height` counts the thresholds passed: 0 while the signed picture still holds; a security level `raised` is one.
    """

    changes: list[Change]
    weights: list[Weight]
    loss_then: float
    loss_now: float
    raised: bool
    signed_by: str

    @property
    def reweighed(self) -> bool:
        """Whether the signed picture was weighed again, under another model than the one it was signed with."""
        return self.signed_by != catalogue.model().version

    @property
    def height(self) -> int:
        return count_steps(self.loss_then, self.loss_now, raised=self.raised)


def level_of_study(study: Study | None) -> int:
    """The security level of a frozen study, 0 while nobody said."""
    return int(study.level.level) if study and study.level else 0


def count_steps(loss_then: float, loss_now: float, *, raised: bool = False) -> int:
    """How many times the threshold the loss has grown since the signature; once at least for a level `raised`."""
    grown, step = loss_now - loss_then, max(loss_then * THRESHOLD, LEAST)
    return max(int(grown / step) if grown > 0 else 0, int(raised))


def since_decision(session: Session, product: Product, frozen: FrozenDossier, *, weighed: bool = False) -> Drift:
    """Compares `frozen`, the content of a decided dossier, with the product as it is now."""
    living = analysis.read_system(session, product)
    then = frozen.system
    # Through the plain values of the file, as `then` was: what they do not carry is no change.
    now = product_file.from_dict(product_file.to_dict(living, complete=True))
    assets = analysis.assets_of(session, product.id)
    study = versions.study_of(session, product, living, assets)
    return Drift(
        changes=versions.compare_pictures(then, frozen.study or Study(), now, study),
        weights=weigh_changes(then, living) if weighed and not results.is_large(living) else [],
        loss_then=loss_signed(frozen),
        loss_now=analysis.assess_system(living).loss,
        raised=level_of_study(study) > level_of_study(frozen.study),
        signed_by=frozen.assessment.model,
    )


def loss_signed(frozen: FrozenDossier) -> float:
    """What was signed weighs under today's model."""
    signed = frozen.assessment
    return signed.loss if signed.model == catalogue.model().version else expected_loss(frozen.system)


def weigh_changes(then: System, now: System) -> list[Weight]:
    """Each change undone alone in the living product: the loss that it added, the greatest first.

    Of very many changes the first forty in the order of the file are weighed.
    """
    loss = expected_loss(now)
    found = [
        Weight(what, kind, loss - expected_loss(undone))
        for (what, kind, undone), _ in zip(_undone(then, now), range(_MOST_WEIGHED), strict=False)
    ]
    return sorted(found, key=lambda w: -abs(w.loss))


def _undone(then: System, now: System) -> Iterator[tuple[str, str, System]]:
    """Each difference with the living system as it would be without it."""
    old = {c.id: c for c in then.components}
    for component in now.components:
        before = old.get(component.id)
        if before is None:
            yield component.name, "added", now.without(component.id)
        elif _plain(before) != _plain(component):
            undone = before.naming({c.id: c.id for c in now.components})
            kept = tuple(undone if c.id == component.id else c for c in now.components)
            yield component.name, "changed", dataclasses.replace(now, components=kept)
    ids = {c.id for c in now.components}
    known = {(m.measure, m.on): m for m in then.measures}
    living = {(m.measure, m.on): m for m in now.measures}
    for key, measure in living.items():
        was = known.get(key)
        if was is None or (was.status, was.proof) != (measure.status, measure.proof):
            others = tuple(m for m in now.measures if m is not measure) + ((was,) if was else ())
            yield _named(measure.measure), "changed" if was else "added", dataclasses.replace(now, measures=others)
    for key, measure in known.items():
        if key not in living and set(measure.on) <= ids:
            yield (
                _named(measure.measure),
                "gone",
                dataclasses.replace(now, measures=(*now.measures, measure)),
            )
    assets = {a.id: a for a in then.assets}
    for asset in now.assets:
        first = assets.get(asset.id)
        if first is not None and first != asset and set(first.lives_in) <= ids:
            kept_assets = tuple(first if a.id == asset.id else a for a in now.assets)
            yield asset.name, "changed", dataclasses.replace(now, assets=kept_assets)
        elif first is None:
            rest = tuple(a for a in now.assets if a.id != asset.id)
            yield asset.name, "added", dataclasses.replace(now, assets=rest)


def _plain(component: Any) -> Any:
    """A component but for what only says where a value comes from."""
    return dataclasses.replace(component, assumed=(), extra=(), libraries=None, sbom=None)


def _named(measure: str) -> str:
    kind = catalogue.measures().get(measure)
    return kind.name.in_(language()) if kind else measure
