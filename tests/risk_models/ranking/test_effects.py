"""Each measure that claims an effect lowers the loss of some small system, and by how much."""

from dataclasses import replace

import pytest

from risk_models import assess, catalogue
from risk_models.scales import (
    AccountHolder,
    Authentication,
    ComponentKind,
    ComponentState,
    DataKind,
    Exposure,
    Hosting,
    LinkKind,
    MeasureStatus,
    Severity,
    View,
)
from risk_models.system import Accounts, Component, EssentialAsset, Link, Measure, Product, System, Token, Vulnerability
from tests.risk_models.systems import component, with_usual_parts_apart

ACTING = {m.id: m for m in catalogue.measures().values() if m.effects}
# Of kinds that a measure applies to, one on which its effect is easiest to see; the others follow the same steps.
SEEN_ON = {
    "supplier_assurance": ComponentKind.MAIL,
    "qualified_hosting": ComponentKind.HOST,
    "upload_scan": ComponentKind.STORAGE,
    "pinned_dependencies": ComponentKind.LIBRARY,
    "signed_releases": ComponentKind.CI,
    "update": ComponentKind.WEB,
    "patch_policy": ComponentKind.API,
    "access_review": ComponentKind.FORGE,
}


def around(kind: ComponentKind, measure: str) -> System:
    """A component that holds what matters, with all that can reach it: strangers, a front, people, a supplier, its mails."""
    mine = (Hosting.ON_PREMISE, Hosting.IAAS, Hosting.PAAS, Hosting.SAAS)
    in_order = mine[::-1] if measure == "supplier_assurance" else mine
    hosting = next(h for h in in_order if h in ACTING[measure].hostings)
    flaw = (Vulnerability("CVE-1", epss=0.1, fixed_in="2"),) if measure == "update" else ()
    it = component("it", kind, hosting=hosting, vulnerabilities=flaw, data=(DataKind.SECRET,))
    about: dict[str, Component] = {
        "accounts": replace(it, accounts=(Accounts(AccountHolder.TEAM),)),
        "tokens": replace(it, tokens=(Token(lasting=True),)),
        "state": replace(it, state=ComponentState.DORMANT),
    }
    it = about.get(ACTING[measure].about or "", it)
    if kind is ComponentKind.WORKSTATION:
        it = replace(it, exposure=Exposure.INTERNAL)
    others: tuple[Component, ...] = (
        component("front"),
        component("people", ComponentKind.WORKSTATION, hosting=Hosting.ON_PREMISE, exposure=Exposure.INTERNAL),
        component("widget", ComponentKind.EXTERNAL_API, hosting=Hosting.SAAS),
        component("mail", ComponentKind.MAIL, hosting=Hosting.SAAS, exposure=Exposure.AUTHENTICATED),
        component("store", ComponentKind.STORAGE, hosting=Hosting.SAAS, exposure=Exposure.AUTHENTICATED),
    )
    links = (
        Link("front", "it", LinkKind.CALLS),
        Link("front", "it", LinkKind.READS),
        Link("front", "it", LinkKind.WRITES),
        Link("people", "it", LinkKind.ADMINISTERS),
        Link("it", "widget", LinkKind.EMBEDS),
        Link("it", "mail", LinkKind.CALLS),
        Link("front", "store", LinkKind.WRITES, authentication=Authentication.TOKEN),
    )
    severities = (Severity.CRITICAL, Severity.CRITICAL, Severity.CRITICAL)
    assets = (EssentialAsset("a", "A", ("it",), *severities), EssentialAsset("b", "B", ("store",), *severities))
    return with_usual_parts_apart(System(Product("p", "P"), (it, *others), links, assets))


@pytest.mark.parametrize("name", ACTING)
def test_putting_it_in_place_where_it_lacks_lowers_the_loss(name):
    """By half a thousandth at least, and by no more than three quarters: no measure does everything."""
    kind = SEEN_ON.get(name) or sorted(ACTING[name].kinds or ComponentKind)[0]
    system = around(kind, name)
    lacking, done = (
        assess(replace(system, measures=(Measure(name, ("it",), status),))).loss
        for status in (MeasureStatus.TO_DO, MeasureStatus.DONE)
    )
    if name == "update":  # done once the flaw is out of the inventory
        mended = tuple(replace(c, vulnerabilities=()) for c in system.components)
        done = assess(replace(system, components=mended)).loss
    if ACTING[name].about in {
        "state",
        "tokens",
    }:  # what is said of it binds until it is changed there: seen in the plan
        planned = replace(system, measures=(Measure(name, ("it",), MeasureStatus.PLANNED),))
        done = assess(planned, view=View.TARGET).loss
    assert 0.0005 < 1 - done / lacking < 0.75
