"""Systems that hypothesis draws, and what tests compare on them."""

from dataclasses import replace
from datetime import date
from itertools import product as every
from pathlib import Path

from hypothesis import assume
from hypothesis import strategies as st
from ruamel.yaml import YAML

from risk_models import assess, product_file
from risk_models.ranking.assumed_parts import USUAL_PARTS, assumed_kinds
from risk_models.scales import (
    AccountHolder,
    AccountReach,
    AskedFactor,
    ComponentKind,
    ComponentState,
    Exposure,
    Hosting,
    LinkKind,
    MeasureStatus,
    Patcher,
    Severity,
    View,
)
from risk_models.system import (
    Accounts,
    Component,
    EssentialAsset,
    Link,
    Measure,
    Product,
    Secret,
    System,
    Token,
    Vulnerability,
)

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"


def example(name: str) -> System:
    return product_file.loads((EXAMPLES / f"{name}.yaml").read_text(), as_of=date(2026, 11, 23))


# The three demonstrations and the eight published cases.
TRIAL = Path(__file__).parents[1] / "data" / "trial"
ANSWERS = YAML(typ="safe").load((TRIAL / "answers.yaml").read_text())
SYSTEMS = {name: example(name) for name in ("guichet", "parcours", "agrements")} | {
    a["file"].removesuffix(".yaml"): product_file.loads(
        (TRIAL / a["file"]).read_text(), as_of=date.fromisoformat(str(a["date"]))
    )
    for a in ANSWERS
}


def component(name: str, kind: ComponentKind = ComponentKind.WEB, **more) -> Component:
    return Component(
        **{
            "id": name,
            "name": name,
            "kind": kind,
            "hosting": Hosting.PAAS,
            "exposure": Exposure.INTERNET,
            "patched_by": Patcher.TEAM,
            **more,
        }
    )


@st.composite
def systems(draw, most: int = 6) -> System:
    """Small systems of every kind of component, link and measure, islands and cycles among them."""
    ids = [f"c{i}" for i in range(draw(st.integers(1, most)))]
    flaws = st.lists(st.builds(Vulnerability, st.just("CVE-1"), epss=st.floats(0, 1), kev=st.booleans()), max_size=1)
    components = tuple(
        component(
            i,
            draw(st.sampled_from(ComponentKind)),
            hosting=draw(st.sampled_from(Hosting)),
            exposure=draw(st.sampled_from(Exposure)),
            vulnerabilities=tuple(draw(flaws)),
            **draw(access(ids)),
        )
        for i in ids
    )
    pairs = [(a, b) for a, b in every(ids, ids) if a != b]
    ends = st.tuples(st.sampled_from(pairs), st.sampled_from(LinkKind))
    links = tuple(Link(a, b, kind) for (a, b), kind in draw(st.lists(ends, max_size=8))) if pairs else ()
    severity = st.sampled_from(Severity)
    assets = tuple(
        EssentialAsset(
            f"a{n}",
            f"a{n}",
            tuple(sorted(draw(st.sets(st.sampled_from(ids), max_size=2)))),
            *draw(st.tuples(severity, severity, severity)),
        )
        for n in range(draw(st.integers(0, 2)))
    )
    measures = tuple(draw(st.lists(measures_on(ids), max_size=2)))
    return System(Product("p", "P"), components, links, assets, measures)


def with_usual_parts_apart(system: System) -> System:
    """`system` beside the usual parts of another product: described, so that none is assumed, and reaching nothing here."""
    parts = {kind: component(f"their-{kind}", kind, exposure=Exposure.INTERNAL) for kind in USUAL_PARTS}
    first, *others = parts.values()
    links = tuple(Link(first.id, other.id, LinkKind.PROTECTED_BY) for other in others)
    return replace(system, components=(*system.components, *parts.values()), links=(*system.links, *links))


def assume_nothing_is_replaced(before: System, after: System) -> None:
    """Leaves out what describes a usual part for the first time, which takes the place of what was assumed of it."""
    assume(assumed_kinds(before) == assumed_kinds(after))


def access(ids):
    """Who signs in, which keys are kept and given, whether it still serves: said of one component in three."""
    reach = st.none() | st.sampled_from(AccountReach)
    accounts = st.builds(
        Accounts,
        st.sampled_from(AccountHolder),
        st.none() | st.integers(0, 10_000),
        reach,
        st.none() | st.sampled_from(AskedFactor),
    )
    secrets = st.builds(Secret, st.lists(st.sampled_from(ids), max_size=2, unique=True).map(tuple))
    tokens = st.builds(Token, st.none() | st.booleans(), reach)
    said = st.fixed_dictionaries(
        {},
        optional={
            "state": st.sampled_from(ComponentState),
            "last_tested": st.dates(date(2015, 1, 1), date(2026, 11, 23)),
            "accounts": st.lists(accounts, max_size=2).map(tuple),
            "secrets": st.lists(secrets, max_size=2).map(tuple),
            "tokens": st.lists(tokens, max_size=2).map(tuple),
            "resets": st.lists(st.sampled_from(ids), max_size=2, unique=True).map(tuple),
        },
    )
    return st.one_of(st.just({}), st.just({}), said)


HELD = (MeasureStatus.DONE, MeasureStatus.PARTIAL)
LACKING = (MeasureStatus.TO_DO, MeasureStatus.PLANNED)


def measures_on(ids, states=(*HELD, *LACKING)):
    from risk_models import catalogue

    return st.builds(
        Measure,
        st.sampled_from(sorted(catalogue.measures())),
        st.tuples(st.sampled_from(ids)),
        st.sampled_from(states),
    )


def likelihoods(system: System, view: View = View.CURRENT) -> dict:
    found = assess(system, view=view)
    return {c.id: c.likelihood for c in found.components} | {(a.id, a.need): a.likelihood for a in found.assets}


def never_lower(before: System, after: System) -> None:
    """No likelihood, no risk and no loss is lower in `after`."""
    old, new = likelihoods(before), likelihoods(after)
    assert all(new[key] >= old[key] for key in old)
    assert assess(after).loss >= assess(before).loss
