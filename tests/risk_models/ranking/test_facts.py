"""What accounts, keys, lost passwords and the state of a component change: laws of every system, verdicts on small ones."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from risk_models import assess, product_file
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
    Severity,
)
from risk_models.system import Accounts, Component, EssentialAsset, Link, Measure, Product, Secret, System, Token
from tests.risk_models.systems import assume_nothing_is_replaced, component, never_lower, systems

DAY = date(2026, 11, 30)


def with_one(system: System, data, change) -> System:
    """`system` with one of its components, drawn, changed."""
    at = data.draw(st.integers(0, len(system.components) - 1))
    return replace(system, components=tuple(change(c) if n == at else c for n, c in enumerate(system.components)))


def in_order(system: System, data, changes) -> None:
    """Of one component, each of `changes` makes things no better than the one before."""
    at = data.draw(st.integers(0, len(system.components) - 1))
    versions = [
        replace(system, components=tuple(change(c) if n == at else c for n, c in enumerate(system.components)))
        for change in changes
    ]
    for better, worse in pairwise(versions):
        never_lower(better, worse)


@given(systems(), st.data())
def test_a_secret_never_lowers_anything(system, data):
    opened = (data.draw(st.sampled_from([c.id for c in system.components])),)
    keeping = with_one(system, data, lambda c: replace(c, secrets=(*(c.secrets or ()), Secret(opened))))
    assume_nothing_is_replaced(system, keeping)
    never_lower(system, keeping)


@given(systems(), st.data())
def test_a_lasting_token_never_lowers_anything_and_one_that_sees_all_least(system, data):
    reaches = (AccountReach.OWN, AccountReach.ALL)
    tokens = [(Token(lasting=False),), *((Token(lasting=True, reach=reach),) for reach in reaches)]
    in_order(system, data, [lambda c, t=t: replace(c, tokens=t) for t in tokens])
    never_lower(system, with_one(system, data, lambda c: replace(c, tokens=(*(c.tokens or ()), Token(lasting=True)))))


@given(systems(), st.data())
def test_whoever_gives_a_password_again_never_lowers_anything(system, data):
    giver = data.draw(st.sampled_from([c.id for c in system.components]))
    reset = with_one(system, data, lambda c: replace(c, resets=(*(c.resets or ()), giver)))
    assume_nothing_is_replaced(system, reset)
    never_lower(system, reset)


@given(systems(), st.data())
def test_what_nobody_looks_at_is_never_safer(system, data):
    states = (None, ComponentState.IN_USE, ComponentState.TEST, ComponentState.DORMANT, ComponentState.ORPHAN)
    in_order(system, data, [lambda c, s=s: replace(c, state=s) for s in states])


@given(systems(), st.data())
def test_a_wider_reach_and_more_accounts_never_lower_anything(system, data):
    who, factor = data.draw(st.sampled_from(AccountHolder)), data.draw(st.none() | st.sampled_from(AskedFactor))
    others = data.draw(st.sampled_from([c.accounts or () for c in system.components]))
    reaches = [(AccountReach.OWN, 3), (None, 3), (AccountReach.ALL, 3), (AccountReach.ALL, 300)]
    groups = [(*others, Accounts(who, count, reach, factor)) for reach, count in reaches]
    in_order(system, data, [lambda c, g=g: replace(c, accounts=g) for g in groups])


@given(systems(), st.data())
def test_a_sign_in_never_lowers_what_nobody_signs_in_to(system, data):
    in_order(system, data, [lambda c, a=a: replace(c, accounts=a) for a in ((), None)])


@given(systems(), st.data())
def test_of_a_second_factor_resistant_is_best_and_none_is_worst(system, data):
    """Resistant ≤ a code ≤ nobody said ≤ none."""
    who, reach = data.draw(st.sampled_from(AccountHolder)), data.draw(st.none() | st.sampled_from(AccountReach))
    factors = (AskedFactor.RESISTANT, AskedFactor.PHISHABLE, None, AskedFactor.NONE)
    groups = [(Accounts(who, 3, reach, factor),) for factor in factors]
    in_order(system, data, [lambda c, g=g: replace(c, accounts=g) for g in groups])


@given(systems(), st.data())
def test_a_test_is_worth_less_the_older_it_is(system, data):
    dated = replace(system, as_of=DAY)
    days = [date(2026, 6, 1), date(2024, 6, 1), date(2020, 6, 1)]
    in_order(dated, data, [lambda c, d=d: replace(c, last_tested=d) for d in days])


def product(*parts: Component, links=(), measures=()) -> System:
    """`parts` beside a site that writes to a store of grave data."""
    kept = (component("site"), component("store", ComponentKind.STORAGE, exposure=Exposure.AUTHENTICATED))
    asset = EssentialAsset("a", "A", ("store",), Severity(4), Severity(3), Severity(2))
    return System(
        Product("p", "P"), (*kept, *parts), (Link("site", "store", LinkKind.WRITES), *links), (asset,), measures, DAY
    )


def first_of(system: System) -> str:
    return assess(system).weak_points[0].component


FORGE = component("forge", ComponentKind.FORGE, hosting=Hosting.SAAS, exposure=Exposure.AUTHENTICATED)


@pytest.mark.parametrize(
    ("system", "first"),
    [
        (product(replace(FORGE, secrets=(Secret(("store",)),))), "forge"),
        (
            product(
                component(
                    "vpn",
                    ComponentKind.REMOTE_ACCESS,
                    accounts=(Accounts(AccountHolder.SUPPLIERS, 3, AccountReach.ALL),),
                ),
                links=(Link("vpn", "store", LinkKind.CALLS),),
            ),
            "vpn",
        ),
        (product(component("old", state=ComponentState.ORPHAN), links=(Link("old", "store", LinkKind.READS),)), "old"),
    ],
    ids=["a key left in the forge", "suppliers who see everything from afar", "an orphan that still reads"],
)
def test_what_is_said_of_it_makes_it_first(system, first):
    assert first_of(system) == first


def test_a_lost_password_given_again_opens_what_it_resets():
    desk = component("desk", ComponentKind.HELP_DESK)
    alone, resetting = (
        product(desk, replace(FORGE, resets=resets), links=(Link("forge", "site", LinkKind.DEPLOYS),))
        for resets in ((), ("desk",))
    )
    path = next(w.path for w in assess(resetting).weak_points if w.component == "desk")
    assert path is not None and path.components[:2] == ("desk", "forge")
    assert assess(resetting).loss > assess(alone).loss


def test_resets_in_a_circle_and_a_key_to_itself_give_an_answer():
    around = tuple(
        replace(FORGE, id=i, name=i, resets=(other, i), secrets=(Secret((i,)),))
        for i, other in (("x", "y"), ("y", "x"))
    )
    assert assess(product(*around)).loss == assess(product(*(replace(c, secrets=None) for c in around))).loss


def test_where_nobody_signs_in_no_account_is_stolen():
    quiet = product(component("old", accounts=()), links=(Link("old", "store", LinkKind.READS),))
    usual = replace(quiet, components=tuple(replace(c, accounts=None) for c in quiet.components))
    assert assess(quiet).loss < assess(usual).loss
    assert "second_factor_unknown" not in {
        r.code for w in assess(quiet).weak_points if w.component == "old" for r in w.reasons
    }


@pytest.mark.parametrize(
    ("facts", "measure", "code"),
    [
        ("accounts: [{who: team, second_factor: none}]", "mfa", "measure_denied"),
        ("tokens: [{lasting: true}]", "token_rotation", "measure_denied"),
        ("secrets: [{name: KEY}]", None, "secret_opens_nothing"),
        ("kind: database, accounts: [{who: team, second_factor: resistant}]", None, "accounts_where_nobody_signs_in"),
        ("kind: library, hosting: saas", None, "script_called_a_library"),
        ("kind: forge", None, "forge_without_power"),
        ("last_tested: 2099-01-01", None, "tested_in_the_future"),
    ],
)
def test_facts_that_cannot_serve_as_they_are_said_get_a_word(facts, measure, code):
    kind = "" if "kind:" in facts else "kind: web, "
    measures = f"measures: [{{measure: {measure}, on: [x], status: done}}]\n" if measure else ""
    text = f"""jalon: 2
product: {{name: P}}
components:
  - {{id: x, {kind}{facts}}}
  - {{id: y, kind: web}}
links: [{{from: y, to: x, kind: administers}}]
{measures}"""
    found = assess(product_file.loads(text, as_of=DAY))
    assert code in {w.code for w in found.warnings if w.component == "x"}


def test_accounts_that_do_not_exist_and_programs_say_nothing_of_second_factors():
    none = {"who": AccountHolder.TEAM, "reach": AccountReach.ALL, "second_factor": AskedFactor.NONE}
    for accounts in ((Accounts(count=0, **none),), (Accounts(**{**none, "who": AccountHolder.MACHINES}),)):
        found = assess(product(replace(FORGE, accounts=accounts), links=(Link("forge", "site", LinkKind.DEPLOYS),)))
        codes = {r.code for w in found.weak_points if w.component == "forge" for r in w.reasons}
        assert "no_second_factor" not in codes
        assert ("seen_by_machines" in codes) == (accounts[0].who is AccountHolder.MACHINES)


def test_a_measure_said_in_two_ways_and_a_link_of_no_name_get_a_word():
    twice = tuple(Measure("waf", ("site",), status) for status in (MeasureStatus.DONE, MeasureStatus.TO_DO))
    found = assess(product(links=(Link("store", "site", LinkKind.LEADS_TO),), measures=twice))
    assert {("said_twice", "site"), ("leads_to_of_no_name", "store")} <= {(w.code, w.component) for w in found.warnings}


def test_each_script_of_a_page_answers_for_its_own_step_alone():
    """What lacks on the page is weighed on each script by what comes through it, not by all that comes through others."""
    scripts = tuple(component(i, ComponentKind.PAGE_SCRIPT, hosting=Hosting.SAAS) for i in ("one", "two"))
    links = tuple(Link("site", s.id, LinkKind.EMBEDS) for s in scripts)
    lacking = (Measure("third_party_scripts", ("site",), MeasureStatus.TO_DO),)
    found = {w.component: w.lacking for w in assess(product(*scripts, links=links, measures=lacking)).weak_points}
    assert 0 < found["one"] < 0.75 * found["site"] and 0 < found["two"] < 0.75 * found["site"]


def test_what_a_pipeline_runs_of_others_is_weak_by_what_lacks_on_it():
    tool = component("uploader", ComponentKind.EXTERNAL_API, hosting=Hosting.SAAS)
    ci = component("ci", ComponentKind.CI, hosting=Hosting.SAAS, exposure=Exposure.AUTHENTICATED)
    links = (Link("ci", "uploader", LinkKind.EMBEDS), Link("ci", "site", LinkKind.DEPLOYS))
    lacking = (Measure("pinned_dependencies", ("ci",), MeasureStatus.TO_DO),)
    weak = next(
        w for w in assess(product(tool, ci, links=links, measures=lacking)).weak_points if w.component == "uploader"
    )
    assert weak.lacking > 0 and "lacks_on_page" in {r.code for r in weak.reasons}


def test_the_other_part_of_what_is_partly_in_place_is_known_to_lack():
    said = {
        status: next(
            w
            for w in assess(
                product(
                    FORGE,
                    links=(Link("forge", "site", LinkKind.DEPLOYS),),
                    measures=(Measure("mfa", ("forge",), status),),
                )
            ).weak_points
            if w.component == "forge"
        )
        for status in (MeasureStatus.DONE, MeasureStatus.PARTIAL, MeasureStatus.TO_DO)
    }
    assert (
        0 == said[MeasureStatus.DONE].lacking < said[MeasureStatus.PARTIAL].lacking < said[MeasureStatus.TO_DO].lacking
    )
    assert {r.code for r in said[MeasureStatus.PARTIAL].reasons} >= {"partly"}
    assert "lacks" not in {r.code for r in said[MeasureStatus.PARTIAL].reasons}


def test_a_measure_said_partly_in_place_where_a_fact_says_more_raises_nothing():
    own = replace(FORGE, kind=ComponentKind.API, accounts=(Accounts(AccountHolder.USERS, reach=AccountReach.OWN),))
    partial = (Measure("account_reach", ("forge",), MeasureStatus.PARTIAL),)
    links = (Link("forge", "store", LinkKind.READS),)
    assert assess(product(own, links=links, measures=partial)).loss == assess(product(own, links=links)).loss


def test_what_is_said_in_place_and_denied_by_the_facts_counts_as_the_worse():
    accounts = (Accounts(AccountHolder.TEAM, 3, AccountReach.ALL, AskedFactor.NONE),)
    said = (Measure("mfa", ("forge",), MeasureStatus.DONE),)
    bare, denied = (
        product(replace(FORGE, accounts=accounts), links=(Link("forge", "site", LinkKind.DEPLOYS),), measures=m)
        for m in ((), said)
    )
    assert assess(bare).loss == assess(denied).loss
    codes = {r.code for w in assess(denied).weak_points if w.component == "forge" for r in w.reasons}
    assert "no_second_factor" in codes and "contradicted" not in codes


def test_format_1_says_what_it_lacks_and_old_programs_read_what_they_know():
    text = "jalon: 1\nproduct: {name: P}\ncomponents: [{id: x, kind: web}]\n"
    assert product_file.to_dict(product_file.loads(text))["jalon"] == 1
    assert product_file.to_dict(product_file.loads(text.replace("1", "2", 1)))["jalon"] == 1
    with pytest.raises(ValueError, match="write 'jalon: 2'"):
        product_file.loads(text.replace("kind: web", "kind: web, accounts: []"))
    said = product_file.loads(text.replace("1", "2", 1).replace("kind: web", "kind: web, accounts: []"))
    assert product_file.to_dict(said)["components"][0]["accounts"] == []
    assert said.components[0].accounts == () and product_file.loads(text).components[0].accounts is None


@given(systems())
def test_a_component_that_goes_is_named_nowhere(system):
    assume(len(system.components) > 1)
    gone = system.components[0].id
    left = system.without(gone)
    named = {o for c in left.components for s in c.secrets or () for o in s.opens}
    named |= {g for c in left.components for g in c.resets or ()}
    assert gone not in named | {c.id for c in left.components}


def test_the_order_of_components_changes_no_reason_that_names_others():
    giver = component("c0", ComponentKind.MAIL)
    others = [component(f"c{n}", resets=("c0",), secrets=(Secret(opens=("c0",)),)) for n in range(1, 5)]
    told = [
        {w.component: w.reasons for w in assess(System(Product("p", "p"), tuple(some), (), (), ())).weak_points}
        for some in ([giver, *others], [*reversed(others), giver])
    ]
    assert told[0] == told[1]
