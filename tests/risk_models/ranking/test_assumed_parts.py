"""Usual parts that nobody described: assumed as they usually are, shown as assumed, replaced once described."""

from dataclasses import replace
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_models import assess
from risk_models.catalogue import defaults_by_kind
from risk_models.ranking.assumed_parts import USUAL_PARTS, assumed_kinds
from risk_models.scales import ComponentKind, Exposure, LinkKind, Severity
from risk_models.system import Component, EssentialAsset, Link, Product, System
from tests.risk_models.systems import SYSTEMS, component, likelihoods, systems


def usual(kind: ComponentKind, name: str = "z") -> Component:
    hosting, exposure = defaults_by_kind()[kind]
    return component(name, kind, hosting=hosting, exposure=exposure)


@given(systems(), st.sampled_from(USUAL_PARTS))
def test_describing_one_with_nothing_known_changes_no_figure(system, kind):
    described = replace(system, components=(*system.components, usual(kind)))
    before, after = likelihoods(system), likelihoods(described)
    assert all(after[key] == before[key] for key in before)
    assert assess(described).loss == assess(system).loss
    assert assess(described).assumed == assess(system).assumed


SITE = System(
    Product("p", "P"),
    (component("site"), component("base", ComponentKind.DATABASE, exposure=Exposure.INTERNAL)),
    (Link("site", "base", LinkKind.WRITES),),
    (EssentialAsset("a", "A", ("base",), Severity(4), Severity(4), Severity(2)),),
)


def test_what_is_assumed_is_listed_with_what_it_reaches_and_weighs_in():
    found = {p.kind: p for p in assess(SITE).assumed}
    assert set(found) == set(USUAL_PARTS)
    assert found[ComponentKind.HOST].reaches == ("site", "base")
    assert found[ComponentKind.FORGE].reaches == found[ComponentKind.DNS].reaches == ("site",)
    assert all(p.loss > 0 for p in found.values())
    assert [w.component for w in assess(SITE).weak_points] == ["site", "base"]  # what is assumed has no rank


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        (ComponentKind.FORGE, Link("z", "site", LinkKind.DEPLOYS)),
        (ComponentKind.DNS, Link("z", "site", LinkKind.LEADS_TO)),
        (ComponentKind.MAIL, Link("site", "z", LinkKind.CALLS)),
    ],
)
def test_describing_one_with_its_links_takes_its_place(kind, link):
    """The same way in, with what else it can do: as much is lost, within the sampling error and a little more."""
    described = replace(SITE, components=(*SITE.components, usual(kind)), links=(*SITE.links, link))
    assert kind not in assumed_kinds(described)
    assert kind not in {p.kind for p in assess(described).assumed}
    assert assess(described).loss == pytest.approx(assess(SITE).loss, rel=0.1)


def test_a_way_in_by_what_is_assumed_says_so():
    inside = replace(SITE, components=tuple(replace(c, exposure=Exposure.INTERNAL) for c in SITE.components))
    (event,) = [e for e in assess(inside).grave_needs if e.need == "confidentiality"]
    assert event.paths[0].assumed
    assert all(len(p.components) for p in event.paths)
    assert not any("\x1e" in name for p in event.paths for name in p.components)


def test_no_mail_resets_what_nobody_signs_in_to_or_what_nothing_resets():
    for silent in ({"accounts": ()}, {"resets": ()}):
        quiet = replace(SITE, components=(replace(SITE.components[0], **silent), SITE.components[1]))
        assert ComponentKind.MAIL not in {p.kind for p in assess(quiet).assumed}


def test_leaving_one_out_is_hardly_rewarded():
    """Of the demonstrations and the published cases, each usual part taken out with its links: what is left of the loss."""
    left = []
    for system in SYSTEMS.values():
        for kind in USUAL_PARTS:
            ids = [c.id for c in system.components if c.kind is kind]
            without = system
            for one in ids:
                without = without.without(one)
            unknown = tuple(replace(m, on=tuple(c for c in m.on if c not in ids)) for m in system.measures)
            if ids:
                left.append(assess(without).loss / assess(replace(system, measures=unknown)).loss)
    assert len(left) > 30
    assert median(left) > 0.95
