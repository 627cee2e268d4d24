"""What people expect of the ranking, as properties of every system and as verdicts on known ones."""

from dataclasses import replace
from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from risk_models import assess
from risk_models.attack_graph import MISUSE, effective_exposure
from risk_models.scales import Exposure, LinkKind, MeasureStatus, View
from risk_models.system import Component, Link, Measure, Product, System, Vulnerability
from tests.risk_models.systems import component, example, likelihoods, measures_on, never_lower, systems


@given(systems(), st.data())
def test_a_measure_never_raises_anything(system, data):
    measure = data.draw(measures_on([c.id for c in system.components]))
    never_lower(replace(system, measures=(*system.measures, measure)), system)


@given(systems(), st.data())
def test_a_flaw_never_lowers_anything(system, data):
    flaw = Vulnerability("CVE-2", epss=data.draw(st.none() | st.floats(0, 1)), kev=data.draw(st.booleans()))
    never_lower(
        system, with_one_changed(system, data, lambda c: replace(c, vulnerabilities=(*c.vulnerabilities, flaw)))
    )


@given(systems(), st.data())
def test_an_exposure_never_lowers_anything(system, data):
    order = [Exposure.INTERNAL, Exposure.AUTHENTICATED, Exposure.INTERNET]
    to = data.draw(st.sampled_from(order))
    assume(any(order.index(c.exposure) <= order.index(to) for c in system.components))
    more_open = lambda c: replace(c, exposure=max(c.exposure, to, key=order.index))  # noqa: E731
    never_lower(system, with_one_changed(system, data, more_open))


@given(systems(), st.data())
def test_a_link_never_lowers_anything_unless_it_protects(system, data):
    ids = [c.id for c in system.components]
    assume(len(ids) > 1)
    source, target = data.draw(st.permutations(ids))[:2]
    kind = data.draw(st.sampled_from([k for k in LinkKind if k is not LinkKind.PROTECTED_BY]))
    never_lower(system, replace(system, links=(*system.links, Link(source, target, kind))))


@given(systems(), st.data())
def test_an_unrelated_component_changes_no_other_figure(system, data):
    other = data.draw(systems(most=1)).components[0]
    with_other = replace(system, components=(*system.components, replace(other, id="z", name="Z")))
    before, after = likelihoods(system), likelihoods(with_other)
    assert all(after[key] == before[key] for key in before)
    avoided = {w.component: w.loss_avoided for w in assess(with_other).weak_points}
    assert all(avoided[w.component] == w.loss_avoided for w in assess(system).weak_points)


@given(systems())
def test_order_and_display_names_change_nothing(system):
    renamed = replace(
        system,
        components=tuple(replace(c, name=f"Autre {c.id}") for c in reversed(system.components)),
        links=tuple(reversed(system.links)),
        assets=tuple(replace(a, name=f"Autre {a.id}") for a in reversed(system.assets)),
        measures=tuple(reversed(system.measures)),
    )
    assert likelihoods(renamed) == likelihoods(system)
    was, now = assess(system), assess(renamed)
    assert [(w.component, w.loss_avoided) for w in now.weak_points] == [
        (w.component, w.loss_avoided) for w in was.weak_points
    ]


@given(systems())
def test_changing_ids_moves_figures_within_the_sampling_error(system):
    new = {c.id: f"autre-{c.id}" for c in system.components}
    renamed = replace(
        system,
        components=tuple(replace(c, id=new[c.id]) for c in system.components),
        links=tuple(replace(k, source=new[k.source], target=new[k.target]) for k in system.links),
        assets=tuple(replace(a, lives_in=tuple(new[c] for c in a.lives_in)) for a in system.assets),
        measures=tuple(replace(m, on=tuple(new[c] for c in m.on)) for m in system.measures),
    )
    before, after = likelihoods(system), likelihoods(renamed)
    worlds = assess(system).worlds
    for key, p in before.items():
        q = after[new.get(key, key)]
        error = (2 * max(p, q, 1 / worlds) * (1 - min(p, q)) / worlds) ** 0.5
        assert abs(p - q) <= 4 * error + 8 / worlds


@given(systems())
def test_every_path_exists_starts_at_a_threat_and_ends_at_its_asset(system):
    linked = {frozenset((k.source, k.target)) for k in system.links}
    assets = {a.id: a for a in system.assets}
    for weak in assess(system).weak_points:
        assert (weak.path is None) == (weak.loss_avoided == 0)
        if weak.path:
            assert weak.component in weak.path.components
            assert all(frozenset(pair) in linked for pair in pairwise(weak.path.components))
            assert weak.path.components[-1] in assets[weak.path.asset].lives_in
            assert 0 < weak.path.likelihood <= 1


@given(systems())
def test_single_points_of_failure_are_those_whose_removal_cuts_every_way(system):
    """Dominators against the plain question: without it, is any store of the asset still reached by users?"""
    exposure = effective_exposure(system)
    single = {(s.component, a) for s in assess(system).single_points_of_failure for a in s.assets}
    uses = nx.DiGraph()
    uses.add_nodes_from(c.id for c in system.components)
    uses.add_edges_from((k.source, k.target) for k in system.links if k.kind in MISUSE)
    for asset in system.assets:
        doors = {}
        for store in asset.lives_in:
            found = {c for c in nx.ancestors(uses, store) if exposure[c] is not Exposure.INTERNAL}
            doors[store] = found | ({store} if exposure[store] is not Exposure.INTERNAL or not found else set())
        for c in system.components:
            left = uses.subgraph(n for n in uses if n != c.id)
            reached = any(
                door != c.id and store != c.id and (door == store or nx.has_path(left, door, store))
                for store, ways in doors.items()
                for door in ways
            )
            hosts_all = (c.id, asset.id) in single and any(
                k.target == c.id and k.kind is LinkKind.RUNS_ON for k in system.links
            )
            if asset.lives_in and not hosts_all:
                assert ((c.id, asset.id) in single) == (not reached)


def with_one_changed(system: System, data, change) -> System:
    at = data.draw(st.integers(0, len(system.components) - 1))
    changed: list[Component] = [change(c) if n == at else c for n, c in enumerate(system.components)]
    return replace(system, components=tuple(changed))


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
    links = (Link("a", "b", LinkKind.CALLS), Link("b", "a", LinkKind.CALLS))
    found = assess(System(Product("p", "P"), (component("a"), component("b"), component("island")), links))
    assert found.loss == 0
    assert [w.rank for w in found.weak_points] == [1, 2, 3]


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
