"""What mending takes off the steps of an attack graph: one measure put in place, or all that lacks on one component."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache

from risk_models import catalogue
from risk_models.catalogue import MeasureKind, Rates
from risk_models.ranking.chances import SCRIPTS, is_script, past_end_of_life
from risk_models.ranking.knowledge import acts_on, change_by, concerns, held_measures, share_held, team_can_set
from risk_models.scales import ComponentKind, LinkKind, MeasureStatus, View
from risk_models.system import System

Factors = Mapping[tuple[str, str], float]
"""By (component, effect), what mending multiplies the steps by."""


@cache
def _usual_measures(kind: ComponentKind) -> tuple[MeasureKind, ...]:
    """The measures that apply to a kind of component; updating apart, which closes what is known that day."""
    return tuple(m for m in catalogue.measures().values() if m.applies_to(kind) and not m.mends_flaws)


def _acts_on_scripts(kind: MeasureKind) -> bool:
    return any(SCRIPTS & {*effect.steps} for effect in kind.effects)


class Mending:
    """What mending changes in one system, in one view."""

    def __init__(self, system: System, view: View, rates: Rates | None = None) -> None:
        self._rates = rates or catalogue.rates()
        self._held = held_measures(system, view)
        self._components = {c.id: c for c in system.components}
        self._excluded = {
            (m.measure, c) for m in system.measures if m.status is MeasureStatus.NOT_APPLICABLE for c in m.on
        }
        self._spoken_of: dict[str, list[str]] = defaultdict(list)
        for measure, c in sorted(self._held):
            self._spoken_of[c].append(measure)
        self._partial = {(m.measure, c) for m in system.measures if m.status is MeasureStatus.PARTIAL for c in m.on}
        self._flaws = {c.id for c in system.components if c.vulnerabilities}
        self._aged = {c.id for c in system.components if past_end_of_life(system, c)}
        self._changes: dict[tuple[str, float], dict[str, float]] = {}
        self._known: dict[tuple[str, bool], Factors] = {}
        self._pages: dict[str, list[str]] = defaultdict(list)
        self._providers: dict[str, list[str]] = defaultdict(list)
        for link in system.links:
            if link.kind is LinkKind.AUTHENTICATES_WITH:
                self._providers[link.source].append(link.target)
            if is_script(self._components[link.source], self._components[link.target], link.kind):
                self._pages[link.target].append(link.source)

    def of_measure(self, measure: str, on: Iterable[str]) -> Factors:
        """What putting `measure` wholly in place on these components takes off, beside what it does there already."""
        kind = catalogue.measures().get(measure)
        found: dict[tuple[str, str], float] = {}
        for component in on if kind else ():
            if kind and acts_on(kind, self._components[component]):
                self._add(found, kind, component)
        return found

    def of_component(self, component: str, *, unsaid: bool) -> Factors:
        """What takes off the weaknesses of a component that the team has in hand.

        They are its known flaws, its end of life, and the measures known to lack there, in part or whole. With `unsaid`,
        also those of which nobody said anything, or whose proof is lost. What backups save closes no way in: it is not among
        them. Of what pages of others' embed, what lacks on those pages is its own too, on its own step.
        """
        known = self._known.get((component, unsaid))
        if known is None:
            known = self._known[component, unsaid] = self._found_on(component, unsaid=unsaid)
        return known

    def _found_on(self, component: str, *, unsaid: bool) -> Factors:
        found: dict[tuple[str, str], float] = {}
        if team_can_set(catalogue.measures()["update"], self._components[component]):
            found |= {(component, "flaws"): 0.0} if component in self._flaws else {}
            found |= {(component, "end_of_life"): 0.0} if component in self._aged else {}
        for kind in self._lasting_measures(component):
            if self.to_mend(kind, component, unsaid=unsaid):
                self._add(found, kind, component)
        for page in dict.fromkeys(self._pages.get(component, ())):
            for kind in self._lasting_measures(page):
                if _acts_on_scripts(kind) and self.to_mend(kind, page, unsaid=unsaid):
                    self._add_of_page(found, kind, page, component)
        return {key: factor for key, factor in found.items() if key[1] != "data"}

    def lacks(self, measure: str, component: str) -> bool:
        """Whether a measure is known to lack there: said so, or shown to be gone."""
        return self._held.get((measure, component)) == 0

    def lacking(self, component: str) -> list[MeasureKind]:
        """The measures known to lack, in part or whole, on a component where the team has them in hand."""
        kinds = self._lasting_measures(component)
        return [kind for kind in kinds if self.to_mend(kind, component, unsaid=False)]

    def _lasting_measures(self, component: str) -> list[MeasureKind]:
        """Those of its kind, and those that somebody spoke of there."""
        c, known = self._components[component], catalogue.measures()
        spoken_of = (known[m] for m in self._spoken_of.get(component, ()) if m in known)
        more = (m for m in spoken_of if not m.applies_to(c.kind) and not m.mends_flaws and acts_on(m, c))
        return [*_usual_measures(c.kind), *more]

    def lacking_on_pages(self, component: str) -> dict[str, list[str]]:
        """By page that embeds what others serve, the measures about such scripts known to lack on that page."""
        found = {
            page: [m.id for m in self.lacking(page) if _acts_on_scripts(m) and self.lacks(m.id, page)]
            for page in self._pages.get(component, ())
        }
        return {page: measures for page, measures in found.items() if measures}

    def to_mend(self, kind: MeasureKind, component: str, *, unsaid: bool) -> bool:
        """Whether the team can put a measure in place there that lacks or, `unsaid`, that may."""
        c, key = self._components[component], (kind.id, component)
        if key in self._excluded or not team_can_set(kind, c):
            return False
        if kind.mends_flaws:
            return component in self._aged or any(v.fixed_in for v in c.vulnerabilities)
        if key not in self._held:
            return (
                unsaid
                and kind.asks(c.kind)
                and concerns(kind, c)
                and not (kind.id == "mfa" and self._nobody_signs_in(component))
            )
        known = self.lacks(*key) or key in self._partial
        return self._held[key] < 1 and (unsaid or known)

    def _nobody_signs_in(self, component: str) -> bool:
        """Whether nobody does, or people do through providers each of which has its second factor."""
        if self._components[component].accounts == ():
            return True
        providers = self._providers.get(component, ())
        return bool(providers) and all(self._held.get(("mfa", p)) == 1 for p in providers)

    def _add(
        self,
        found: dict[tuple[str, str], float],
        kind: MeasureKind,
        component: str,
    ) -> None:
        for step, factor in self._change(kind, component).items():
            found[component, step] = found.get((component, step), 1.0) * factor

    def _add_of_page(self, found: dict[tuple[str, str], float], kind: MeasureKind, page: str, script: str) -> None:
        """What a measure on `page` takes off the steps of one script there, and of no other."""
        for step, factor in self._change(kind, page).items():
            if step in SCRIPTS:
                key = script, f"{step}:{page}"
                found[key] = found.get(key, 1.0) * factor

    def _change(self, kind: MeasureKind, component: str) -> dict[str, float]:
        """By step, what putting a measure wholly in place there multiplies it by."""
        before = share_held(self._held, self._rates, kind.id, component)
        changes = self._changes.get((kind.id, before))
        if changes is None:
            changes = self._changes[kind.id, before] = change_by(kind, self._rates, before, 1.0)
        return changes
