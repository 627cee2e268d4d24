"""The figures of the ranking: base rates, steps and effects of measures, each with interval, reason and source."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from risk_models.catalogue.reading import read_yaml
from risk_models.scales import ComponentKind, ComponentState


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the model, and the interval within which an expert would still accept it."""

    id: str
    value: float
    low: float
    high: float
    reason: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepRate:
    forward: float
    back: float


@dataclass(frozen=True, slots=True)
class InternetRates:
    rates: Mapping[str, float]
    targeted_factor: float
    targeted_kinds: frozenset[ComponentKind]
    authenticated_factor: float
    open_store: float
    open_store_kinds: frozenset[ComponentKind]
    end_of_life: float
    kev_floor: float
    relay: float
    epss_here: float
    epss_unknown: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class AccountRates:
    """What the accounts said of a component multiply stolen ones by; `many` is the exponent of how many see everything."""

    own_only: float
    suppliers: float
    machines: float
    users: float
    many: float


@dataclass(frozen=True, slots=True)
class Rates:
    """Probabilities over the years of a world, ready to be used; `effectiveness` by figure id of a measure's effect.

    `usual`: by measure, the share of components that have it among those it applies to; 0 where it is not listed.
    """

    internet: InternetRates
    credentials: Mapping[ComponentKind, float]
    phishing: Mapping[ComponentKind, float]
    supply: Mapping[ComponentKind, float]
    supply_saas: float
    supply_package_set: float
    insider: Mapping[ComponentKind, float]
    physical: Mapping[ComponentKind, float]
    physical_on_premise: float
    leak: Mapping[ComponentKind, float]
    leak_running: float
    lasting_token: float
    accounts: AccountRates
    states: Mapping[ComponentState, float]
    flood: Mapping[str, float]
    steps: Mapping[str, StepRate]
    effectiveness: Mapping[str, float]
    usual: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Model:
    """What identifies the model and its scales; a world lasts `years`; `numbers` keys the fixed numbers of its worlds and draws."""

    version: str
    numbers: str
    worlds: int
    years: int
    unsure: float
    draws: int
    draw_worlds: int
    likelihood_bounds: tuple[float, ...]
    weights: tuple[int, ...]
    proofs: Mapping[str, float]


@cache
def model() -> Model:
    raw = _probabilities()
    return Model(
        version=raw["model"],
        numbers=raw["numbers"],
        worlds=raw["worlds"],
        years=raw["years"],
        unsure=raw["unsure"],
        draws=raw["draws"],
        draw_worlds=raw["draw_worlds"],
        likelihood_bounds=tuple(raw["thresholds"]["values"]),
        weights=tuple(raw["weights"]["values"]),
        proofs=raw["proofs"]["values"],
    )


@cache
def figures() -> dict[str, Figure]:
    """Every figure by id: `entry.internet.rates.paas`, `steps.calls.forward`, `measures.waf.0`, `usual.waf`…"""
    raw = _probabilities()
    found = [*_walk("entry", raw["entry"]), *_walk("steps", raw["steps"])]
    for measure in read_yaml("measures.yaml")["measures"]:
        for number, effect in enumerate(measure.get("effects", ())):
            reason = f"effect on {', '.join(effect['steps'])}"
            sources = measure.get("source", ["judged"])
            found.append((f"measures.{measure['id']}.{number}", {**effect, "reason": reason, "source": sources}))
        if "usual" in measure:
            share = {**measure["usual"], "reason": "share of the components it applies to that have it"}
            found.append((f"usual.{measure['id']}", share))
    return {
        figure_id: Figure(
            figure_id,
            float(raw["value"]),
            float(raw["low"]),
            float(raw["high"]),
            raw["reason"],
            tuple(source_text(s) for s in raw["source"]),
        )
        for figure_id, raw in found
    }


def source_text(key: str) -> str:
    """The full reference of a source that the catalogue names by a short key."""
    text: str = _probabilities()["sources"][key]
    return text


@cache
def rates() -> Rates:
    """The rates with every figure at its value."""
    return rates_with({f.id: f.value for f in figures().values()})


@lru_cache(maxsize=256)
def _by_kind(group: str) -> tuple[tuple[str, ComponentKind], ...]:
    lines = _probabilities()["entry"][group].items()
    return tuple((f"entry.{group}.{name}", ComponentKind(k)) for name, line in lines for k in line.get("kinds", ()))


def rates_with(values: Mapping[str, float]) -> Rates:
    """The rates with these values by figure id."""

    def by_kind(group: str) -> dict[ComponentKind, float]:
        return {kind: values[figure] for figure, kind in _by_kind(group)}

    raw, internet = _probabilities(), "entry.internet"
    return Rates(
        internet=InternetRates(
            rates={tier: values[f"{internet}.rates.{tier}"] for tier in raw["entry"]["internet"]["rates"]},
            targeted_factor=values[f"{internet}.factors.targeted_kind"],
            targeted_kinds=frozenset(
                ComponentKind(k) for k in raw["entry"]["internet"]["factors"]["targeted_kind"]["kinds"]
            ),
            authenticated_factor=values[f"{internet}.factors.authenticated"],
            open_store=values[f"{internet}.open_store"],
            open_store_kinds=frozenset(ComponentKind(k) for k in raw["entry"]["internet"]["open_store"]["kinds"]),
            end_of_life=values[f"{internet}.end_of_life"],
            kev_floor=values[f"{internet}.kev_floor"],
            relay=values[f"{internet}.relay"],
            epss_here=values[f"{internet}.epss_here"],
            epss_unknown={
                band: values[f"{internet}.epss_unknown.{band}"] for band in raw["entry"]["internet"]["epss_unknown"]
            },
        ),
        credentials=by_kind("credentials"),
        phishing=by_kind("phishing"),
        supply=by_kind("supply"),
        supply_saas=values["entry.supply.saas"],
        supply_package_set=values["entry.supply.package_set"],
        insider=by_kind("insider"),
        physical=by_kind("physical"),
        physical_on_premise=values["entry.physical.on_premise"],
        leak=by_kind("leak"),
        leak_running=values["entry.leak.running"],
        lasting_token=values["entry.leak.lasting_token"],
        accounts=AccountRates(**{f: values[f"entry.account_factors.{f}"] for f in raw["entry"]["account_factors"]}),
        states={
            ComponentState(state): values[f"entry.state_factors.{state}"] for state in raw["entry"]["state_factors"]
        },
        flood={tier: values[f"entry.flood.{tier}"] for tier in raw["entry"]["flood"]},
        steps={kind: StepRate(values[f"steps.{kind}.forward"], values[f"steps.{kind}.back"]) for kind in raw["steps"]},
        effectiveness={figure: value for figure, value in values.items() if figure.startswith("measures.")},
        usual={m: values[f"usual.{m}"] for m in _usual_measures()},
    )


@cache
def _usual_measures() -> tuple[str, ...]:
    return tuple(m["id"] for m in read_yaml("measures.yaml")["measures"] if "usual" in m)


@cache
def _probabilities() -> dict[str, Any]:
    raw: dict[str, Any] = read_yaml("probabilities.yaml")
    return raw


def _walk(path: str, node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if "value" in node:
        yield path, node
        return
    for key, below in node.items():
        yield from _walk(f"{path}.{key}", below)
