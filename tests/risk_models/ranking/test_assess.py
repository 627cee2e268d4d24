"""What people expect of the ranking, as properties of every system and as verdicts on known ones."""

from dataclasses import replace
from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from risk_models import assess
from risk_models.catalogue import measures as measures_of_catalogue
from risk_models.catalogue import words
from risk_models.ranking.assess import harden_each
from risk_models.ranking.attack_graph import MISUSE, attack_graph
from risk_models.ranking.chances import effective_exposure
from risk_models.ranking.explanation import risk_vector
from risk_models.ranking.knowledge import concerns, team_can_set
from risk_models.ranking.propagation import Spread
from risk_models.ranking.sensitivity import drawn_figures, measure_stability
from risk_models.ranking.systemic import shared_third_parties
from risk_models.scales import ComponentKind, Exposure, Hosting, LinkKind, MeasureStatus, Need, Severity, View
from risk_models.system import Component, EssentialAsset, Link, Measure, Product, System, Vulnerability
from tests.benchmarks.products import product_of
from tests.risk_models.systems import (
    HELD,
    LACKING,
    assume_nothing_is_replaced,
    component,
    example,
    likelihoods,
    measures_on,
    never_lower,
    systems,
    with_usual_parts_apart,
)


@given(systems(), st.data())
def test_saying_that_a_measure_holds_never_raises_anything(system, data):
    measure = data.draw(measures_on([c.id for c in system.components], HELD))
    never_lower(replace(system, measures=(*system.measures, measure)), system)


@given(systems(), st.data())
def test_saying_that_a_measure_lacks_never_lowers_anything(system, data):
    measure = data.draw(measures_on([c.id for c in system.components], LACKING))
    never_lower(system, replace(system, measures=(*system.measures, measure)))


@given(systems(), st.data())
def test_what_is_done_is_worth_at_least_what_is_half_done_and_that_what_nobody_said(system, data):
    """Of one measure on one component: done ≤ partly done ≤ unknown ≤ lacking."""
    measure = data.draw(measures_on([c.id for c in system.components], HELD[:1]))
    others = tuple(m for m in system.measures if (m.measure, m.on) != (measure.measure, measure.on))
    in_order = [(replace(measure, status=s),) for s in HELD] + [(), (replace(measure, status=LACKING[0]),)]
    for better, worse in pairwise(replace(system, measures=(*others, *said)) for said in in_order):
        never_lower(better, worse)


@given(systems())
def test_without_any_measure_is_the_same_whatever_is_said(system):
    """All that the team could do lacks there: at least what is lost today, and no answer moves it."""
    bare = replace(system, measures=())
    of = {c.id: c for c in system.components}
    mine = all(
        concerns(kind := measures_of_catalogue()[m.measure], of[c]) and team_can_set(kind, of[c])
        for m in system.measures
        for c in m.on
    )
    assert assess(system, view=View.RAW).loss >= assess(system).loss
    if mine:
        assert likelihoods(system, View.RAW) == likelihoods(bare, View.RAW)


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
    linked = replace(system, links=(*system.links, Link(source, target, kind)))
    assume_nothing_is_replaced(system, linked)
    never_lower(system, linked)


@given(systems(), st.data())
def test_an_unrelated_component_changes_no_other_figure(system, data):
    other = data.draw(systems(most=1)).components[0].naming({})
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


def shares_of(spread: Spread, node) -> tuple[float, float]:
    """The share of worlds of many years, and of one, in which a node is reached."""
    long, short = spread._count(spread._index.get(node))
    return long / spread.worlds, short / (spread._short or 1)


@given(systems())
def test_changing_ids_moves_figures_within_the_sampling_error(system):
    new = {c.id: f"autre-{c.id}" for c in system.components}
    renamed = replace(
        system,
        components=tuple(replace(c, id=new[c.id]).naming(new) for c in system.components),
        links=tuple(replace(k, source=new[k.source], target=new[k.target]) for k in system.links),
        assets=tuple(replace(a, lives_in=tuple(new[c] for c in a.lives_in)) for a in system.assets),
        measures=tuple(replace(m, on=tuple(new[c] for c in m.on)) for m in system.measures),
    )
    before, after = (Spread(attack_graph(one, View.CURRENT), {}) for one in (system, renamed))
    nodes = [("taken", c.id) for c in system.components] + [("lost", a.id, n) for a in system.assets for n in Need]
    for node in nodes:
        other = (node[0], new.get(node[1], node[1]), *node[2:])
        for worlds, p, q in zip(
            (before.worlds, before._short), *map(shares_of, (before, after), (node, other)), strict=True
        ):
            error = (2 * max(p, q, 1 / (worlds or 1)) * (1 - min(p, q)) / (worlds or 1)) ** 0.5
            assert abs(p - q) <= 4 * error + 8 / (worlds or 1)


@given(systems())
def test_every_path_exists_starts_at_a_threat_and_ends_at_its_asset(system):
    linked = {frozenset((k.source, k.target)) for k in system.links}
    for c in system.components:  # a key opens, whoever gives a lost password again signs in
        linked |= {frozenset((c.id, other)) for other in (*c.opened, *c.reset_by)}
    assets = {a.id: a for a in system.assets}
    for weak in assess(system).weak_points:
        assert (weak.path is None) == (weak.loss_avoided == 0)
        if weak.path:
            assert weak.component in weak.path.components
            assert all(frozenset(pair) in linked for pair in pairwise(weak.path.components))
            assert weak.path.components[-1] in assets[weak.path.asset].lives_in
            assert 0 < weak.path.likelihood <= 1


@given(systems())
def test_each_grave_need_has_its_own_weak_points_and_ways(system):
    found = assess(system)
    losses = {(r.id, r.need): r.loss for r in found.assets}
    graves = {(a.id, n) for a in system.assets for n in Need if a.severity(n) >= Severity.SERIOUS}
    assert {(e.asset, e.need) for e in found.grave_needs} == graves
    for event in found.grave_needs:
        loss = losses[event.asset, event.need]
        assert all(0 <= w.lacking <= w.loss_avoided + 1e-9 <= loss + 2e-9 for w in event.weak_points)
        assert all((p.asset, p.need) == (event.asset, event.need) for p in event.paths)
        assert len({p.components[0] for p in event.paths}) == len(event.paths) <= 2
        assert bool(event.paths) or loss == 0
        if event.need is not Need.AVAILABILITY:  # a flood never explains a leak
            assert all(p.source != "flood" for p in event.paths)


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


def test_a_firewall_in_front_of_what_embeds_a_flaw_or_passes_requests_to_it_lowers_it():
    system = example("agrements")
    behind = replace(system, measures=(*system.measures, Measure("waf", ("java",), MeasureStatus.DONE)))
    flawed = {
        a: next(c.likelihood for c in assess(s).components if c.id == "log4j")
        for a, s in (("open", system), ("behind", behind))
    }
    assert flawed["behind"] < 0.75 * flawed["open"]
    flaw = (Vulnerability("CVE-2021-44228", epss=0.94, kev=True, fixed_in="2.17.1"),)
    parts = (
        component("front", hosting=Hosting.IAAS),
        component("app", ComponentKind.API, exposure=Exposure.INTERNAL),
        component("log4j", ComponentKind.LIBRARY, exposure=Exposure.INTERNAL, vulnerabilities=flaw),
        component("host", ComponentKind.HOST, exposure=Exposure.AUTHENTICATED),
    )
    links = (
        Link("front", "app", LinkKind.CALLS),
        Link("app", "log4j", LinkKind.EMBEDS),
        Link("app", "host", LinkKind.RUNS_ON),
    )
    asset = EssentialAsset("a", "A", ("app",), Severity(4), Severity(3), Severity(2))
    relayed = System(Product("p", "P"), parts, links, (asset,))
    assert assess(relayed).weak_points[0].component == "log4j"
    assert assess(relayed).action_plan[0].measure == "update"
    filtered = replace(relayed, measures=(Measure("waf", ("front",), MeasureStatus.DONE),))
    assert assess(filtered).weak_points[0].loss_avoided < 0.75 * assess(relayed).weak_points[0].loss_avoided


def test_the_same_flaw_twice_counts_once():
    flaw = Vulnerability("CVE-1", epss=0.3)
    once, twice = (System(Product("p", "P"), (component("web", vulnerabilities=(flaw,) * n),)) for n in (1, 2))
    assert assess(once).components == assess(twice).components


@given(systems())
def test_a_component_that_weighs_has_a_path_by_its_own_weakness(system):
    for weak in assess(system).weak_points:
        if weak.loss_avoided:
            assert weak.path is not None
            assert weak.component in weak.path.components


@given(systems(), st.randoms())
def test_the_order_of_links_and_components_changes_nothing(system, random):
    links, components = list(system.links), list(system.components)
    random.shuffle(links)
    random.shuffle(components)
    mixed = replace(system, links=tuple(links), components=tuple(components))
    before, after = assess(system), assess(mixed)
    assert (before.weak_points, before.assets, before.action_plan) == (
        after.weak_points,
        after.assets,
        after.action_plan,
    )


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


def test_five_thousand_components_get_an_answer():
    found = assess(product_of(5000))
    assert len(found.weak_points) == 5000
    assert found.loss > 0


def test_each_of_the_fourteen_risk_vectors_is_an_entry_point():
    kinds = (ComponentKind.WEB, ComponentKind.HOST, ComponentKind.FORGE, ComponentKind.BI, ComponentKind.WORKSTATION)
    components = tuple(
        component(f"{kind}-{hosting}", kind, hosting=hosting, exposure=Exposure.AUTHENTICATED)
        for kind in kinds
        for hosting in Hosting
    )
    graph = attack_graph(System(Product("p", "P"), components), View.CURRENT)
    by_id = {c.id: c for c in components}
    entries = [s for s in graph.steps if s.source[0] == "source"]
    described = [s for s in entries if s.target[1] in by_id]
    assert {risk_vector(s.source[1], by_id[s.target[1]]) for s in described} == set(words("vectors"))


def test_a_flawed_library_is_blamed_inside_what_nobody_reaches_from_outside():
    """log4j behind a front end that holds: what strangers send is passed on to the search engine and its library."""
    flaw = (Vulnerability("CVE-2021-44228", epss=0.94, kev=True),)
    system = System(
        Product("p", "P"),
        (
            component("web"),
            component("search", ComponentKind.SEARCH, exposure=Exposure.INTERNAL),
            component("log4j", ComponentKind.LIBRARY, exposure=Exposure.INTERNAL, vulnerabilities=flaw),
        ),
        (Link("web", "search", LinkKind.CALLS), Link("search", "log4j", LinkKind.EMBEDS)),
        (EssentialAsset("a", "A", ("search",), Severity(4), Severity(2), Severity(1)),),
    )
    first = assess(system).weak_points[:2]
    assert [w.component for w in first] == ["log4j", "web"]
    assert first[0].path.components == ("web", "search", "log4j", "search")
    assert first[1].path.components == ("web", "search", "log4j", "search")


def test_reading_far_from_the_first_weak_points_changes_no_figure():
    """An unreachable asset has a likelihood of zero, not an error."""
    lonely = EssentialAsset("a", "A", ("island",), Severity(4), Severity(4), Severity(4))
    island = component("island", ComponentKind.CACHE, exposure=Exposure.INTERNAL)
    found = assess(with_usual_parts_apart(System(Product("p", "P"), (component("web"), island), (), (lonely,))))
    assert found.loss == 0
    assert all(w.path is None and w.loss_avoided == 0 for w in found.weak_points)


@given(systems(), st.data())
def test_rank_and_share_agree_with_the_loss_avoided(system, data):
    found = assess(system, view=data.draw(st.sampled_from(View)))
    avoided = [(w.lacking, w.loss_avoided) for w in found.weak_points]
    assert avoided == sorted(avoided, reverse=True)
    assert all(0 <= known <= whole + 1e-9 <= found.loss + 2e-9 for known, whole in avoided)
    hardened = harden_each(system, found.view)
    assert all(0 <= hardened[c.component] <= c.loss_avoided + 1e-9 for c in found.choke_points)


def test_stability_is_the_same_each_time_and_counts_draws():
    system = example("guichet")
    found = measure_stability(system)
    assert found.draws == 100
    assert found.kept["metabase"] >= 95
    assert found == measure_stability.__wrapped__(system)
    assert found.share("metabase") == found.kept["metabase"] / 100
    assert found.share("inconnu") is None


@given(st.integers(0, 99))
def test_each_draw_stays_within_the_intervals(draw):
    from risk_models import catalogue

    drawn = drawn_figures(draw)
    assert all(f.low <= drawn[f.id] <= f.high for f in catalogue.figures().values())


def test_shared_third_parties_are_ranked_by_what_their_fall_would_cost():
    guichet, parcours, agrements = (example(n) for n in ("guichet", "parcours", "agrements"))
    found = shared_third_parties([guichet, parcours, agrements])
    assert [t.name for t in found] == ["GitHub"]
    assert found[0].products == ("Guichet des aides", "Parcours insertion")
    assert found[0].cost_if_taken > found[0].loss_avoided > 0
    assert shared_third_parties([guichet]) == ()
