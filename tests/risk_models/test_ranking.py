from dataclasses import replace
from datetime import date
from itertools import product as every
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_models import assess, catalogue, product_file
from risk_models.attack_graph import attack_graph
from risk_models.propagation import Spread
from risk_models.scales import ComponentKind, Exposure, Hosting, LinkKind, MeasureStatus, Patcher, Severity, View
from risk_models.system import Component, EssentialAsset, Link, Measure, Product, System, Vulnerability

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"


def example(name: str) -> System:
    return product_file.loads((EXAMPLES / f"{name}.yaml").read_text(), as_of=date(2026, 11, 23))


@st.composite
def systems(draw) -> System:
    count = draw(st.integers(1, 6))
    ids = [f"c{i}" for i in range(count)]
    components = tuple(
        Component(
            id=i,
            name=i,
            kind=draw(st.sampled_from(list(ComponentKind))),
            hosting=draw(st.sampled_from(list(Hosting))),
            exposure=draw(st.sampled_from(list(Exposure))),
            patched_by=Patcher.TEAM,
        )
        for i in ids
    )
    pairs = [(a, b) for a, b in every(ids, ids) if a != b]
    chosen = (
        draw(st.lists(st.tuples(st.sampled_from(pairs), st.sampled_from(list(LinkKind))), max_size=8)) if pairs else []
    )
    links = tuple(Link(a, b, kind) for (a, b), kind in chosen)
    assets = tuple(
        EssentialAsset(
            f"a{n}",
            f"a{n}",
            tuple(draw(st.sets(st.sampled_from(ids), max_size=2))),
            Severity(3),
            Severity(2),
            Severity(4),
        )
        for n in range(draw(st.integers(0, 2)))
    )
    return System(Product("p", "P"), components, links, assets)


def likelihoods(system: System) -> dict:
    found = assess(system)
    return {c.id: c.likelihood for c in found.components} | {(a.id, a.need): a.likelihood for a in found.assets}


def never_lower(before: System, after: System) -> None:
    old, new = likelihoods(before), likelihoods(after)
    assert all(new[key] >= old[key] for key in old)


@settings(max_examples=60, deadline=None)
@given(systems(), st.data())
def test_a_measure_never_raises_anything(system, data):
    component = data.draw(st.sampled_from([c.id for c in system.components]))
    measure = data.draw(st.sampled_from(sorted(catalogue.measures())))
    with_measure = replace(system, measures=(Measure(measure, (component,), MeasureStatus.DONE),))
    never_lower(with_measure, system)
    assert assess(with_measure).loss <= assess(system).loss


@settings(max_examples=60, deadline=None)
@given(systems(), st.data())
def test_a_flaw_an_exposure_or_a_link_never_lowers_anything(system, data):
    c = data.draw(st.sampled_from(system.components))
    others = tuple(x for x in system.components if x.id != c.id)
    flawed = replace(c, vulnerabilities=(Vulnerability("CVE-1", epss=0.3),))
    never_lower(system, replace(system, components=(*others, flawed)))
    never_lower(system, replace(system, components=(*others, replace(c, exposure=Exposure.INTERNET))))
    if others:
        kind = data.draw(st.sampled_from([k for k in LinkKind if k is not LinkKind.PROTECTED_BY]))
        never_lower(system, replace(system, links=(*system.links, Link(c.id, others[0].id, kind))))


@settings(max_examples=40, deadline=None)
@given(systems())
def test_order_and_display_names_change_nothing(system):
    renamed = replace(
        system,
        components=tuple(replace(c, name=f"Autre {c.id}") for c in reversed(system.components)),
        links=tuple(reversed(system.links)),
    )
    assert likelihoods(renamed) == likelihoods(system)


@settings(max_examples=40, deadline=None)
@given(systems())
def test_hardening_equals_recomputing_on_the_graph_without_the_closed_steps(system):
    graph = attack_graph(system, View.CURRENT)
    spread = Spread(graph)
    for c in system.components:
        pruned = nx.DiGraph()
        pruned.add_nodes_from(graph.nodes)
        for u, v, data in graph.edges(data=True):
            kept = [s for s in data["steps"] if not (s.exploits and v in {("taken", c.id), ("down", c.id)})]
            if kept:
                pruned.add_edge(u, v, steps=kept)
        assert spread.hardened(c.id) == Spread(pruned).reached


@settings(max_examples=40, deadline=None)
@given(systems())
def test_every_path_exists_starts_at_a_threat_and_ends_at_its_asset(system):
    graph = attack_graph(system, View.CURRENT)
    for weak in assess(system).weak_points:
        if weak.path is None:
            continue
        assert ("source", weak.path.source) in graph
        assert weak.path.asset in {a.id for a in system.assets}
        assert set(weak.path.components) <= {c.id for c in system.components}


def test_likelihoods_agree_with_the_exact_sum_over_all_worlds():
    system = System(
        Product("p", "P"),
        (
            Component("web", "Web", ComponentKind.WEB, Hosting.IAAS, Exposure.INTERNET, Patcher.TEAM),
            Component("db", "Base", ComponentKind.DATABASE, Hosting.PAAS, Exposure.INTERNAL, Patcher.TEAM),
        ),
        (Link("web", "db", LinkKind.READS),),
        (EssentialAsset("a", "A", ("db",), Severity(4), Severity(4), Severity(4)),),
    )
    graph = attack_graph(system, View.CURRENT)
    steps = [s for _, _, data in graph.edges(data=True) for s in data["steps"]]
    exact = dict.fromkeys(graph, 0.0)
    for worlds in every((False, True), repeat=len(steps)):
        weight = 1.0
        for step, is_open in zip(steps, worlds, strict=True):
            weight *= step.probability if is_open else 1 - step.probability
        if weight == 0:
            continue
        reached = {n for n in graph if n[0] == "source"}
        grew = True
        while grew:
            grew = False
            for step, is_open in zip(steps, worlds, strict=True):
                if is_open and step.source in reached and step.target not in reached:
                    reached.add(step.target)
                    grew = True
        for node in reached:
            exact[node] += weight
    spread = Spread(graph)
    for node, p in exact.items():
        error = (p * (1 - p) / spread.worlds) ** 0.5
        assert abs(spread.likelihood(node) - p) <= 4 * error + 1e-9


@pytest.mark.parametrize(
    ("name", "first", "why"),
    [
        ("guichet", "metabase", "self-hosted, an exploited flaw, open to the internet, reads the users' database"),
        ("agrements", "log4j", "an exploited flaw in a library that an exposed application embeds"),
    ],
)
def test_an_expert_agrees_with_the_first_weak_point(name, first, why):
    weak = assess(example(name)).weak_points[0]
    assert weak.component == first, why
    assert weak.reasons[0].code == "known_exploited"


def test_the_same_flaw_behind_a_firewall_weighs_less():
    system = example("guichet")
    behind = replace(system, measures=(*system.measures, Measure("waf", ("metabase",), MeasureStatus.DONE)))
    assert assess(behind).weak_points[0].loss_avoided < assess(system).weak_points[0].loss_avoided


@pytest.mark.parametrize("name", ["guichet", "parcours", "agrements"])
def test_views_go_down_from_raw_to_target(name):
    system = example(name)
    raw, now, target = (assess(system, view=v).loss for v in View)
    assert raw >= now >= target == assess(system).residual_loss


def test_cycles_islands_and_nothing_to_protect_give_an_answer():
    def box(name):
        return Component(name, name, ComponentKind.WEB, Hosting.PAAS, Exposure.INTERNAL, Patcher.TEAM)

    links = (Link("a", "b", LinkKind.CALLS), Link("b", "a", LinkKind.CALLS))
    found = assess(System(Product("p", "P"), (box("a"), box("b"), box("island")), links))
    assert found.loss == 0
    assert [w.rank for w in found.weak_points] == [1, 2, 3]


def test_the_same_system_always_gives_the_same_figures():
    """Known figures: another machine, another day or another Python must give these very numbers."""
    spread = Spread(attack_graph(example("guichet"), View.CURRENT))
    assert spread.reached[spread._index["taken", "metabase"]].bit_count() == 15701


def test_the_plan_tells_what_each_measure_really_avoids():
    """The figure of the plan equals assessing the system again with the measure in place."""
    system = example("guichet")
    before = assess(system)
    for item in before.action_plan[:4]:
        after = assess(replace(system, measures=(*system.measures, Measure(item.measure, item.on, MeasureStatus.DONE))))
        assert before.loss - after.loss == pytest.approx(item.loss_avoided_alone)


def test_the_plan_never_proposes_what_is_already_in_place():
    proposed = {(p.measure, c) for p in assess(example("parcours")).action_plan for c in p.on}
    assert not proposed & {("waf", "api"), ("waf", "site"), ("dependabot", "api")}
