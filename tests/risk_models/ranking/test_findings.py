"""Each rule finds what it is for, and is silent once it is mended."""

import copy
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given

from risk_models import assess, catalogue, product_file
from risk_models.assessment import UNSAID, Finding
from risk_models.ranking.findings import find_findings
from risk_models.ranking.remedies import group_by_remedy
from risk_models.scales import RiskLevel
from risk_models.system import Component, System
from tests.risk_models.systems import systems

TODAY = date(2026, 11, 24)
SOUND = {
    "jalon": 2,
    "product": {
        "name": "Produit",
        "contacts": [
            {"name": "A", "role": "dev", "phone": "+33100000000", "can_suspend": True},
            {"name": "B", "role": "dev", "email": "b@example.org", "can_suspend": True},
        ],
    },
    "components": [
        {
            "id": "web",
            "kind": "web",
            "hosting": "paas",
            "exposure": "internet",
            "supplier": "Scalingo",
            "version": "1",
            "sbom": "web.json",
            "patched_by": "team",
        },
        {
            "id": "base",
            "kind": "database",
            "hosting": "paas",
            "exposure": "internal",
            "supplier": "Scalingo",
            "version": "15",
            "data": ["personal"],
            "location": "EU",
        },
    ],
    "links": [{"from": "web", "to": "base", "kind": "writes", "encrypted": True, "authentication": "password"}],
    "assets": [
        {"id": "dossiers", "lives_in": ["base"], "needs": {"confidentiality": 3, "integrity": 3, "availability": 2}}
    ],
    "measures": [
        {"measure": m, "on": ["web"], "status": "done"}
        for m in ("waf", "central_logging", "availability_monitoring", "mfa")
    ]
    + [{"measure": m, "on": ["base"], "status": "done"} for m in ("backup_offline", "backup_restore_test")],
}


def found_in(**changes) -> set[tuple[str, str | None]]:
    """Rules found once `changes` are made, each with its component."""
    return {(f.rule, f.component) for f in findings_of(**changes)}


def findings_of(**changes) -> tuple[Finding, ...]:
    """Findings once `changes` are made: web and base are merged into, lists are added to."""
    plain = copy.deepcopy(SOUND)
    for key, value in changes.items():
        if key in {"web", "base"}:
            component = next(c for c in plain["components"] if c["id"] == key)
            component.update(value)
        elif key == "without":
            plain["measures"] = [m for m in plain["measures"] if m["measure"] not in value]
        elif key == "link":
            plain["links"][0].update(value)
        elif key == "contacts":
            plain["product"]["contacts"] = value
        else:
            plain[key] = [*plain[key], *value]
    return find_findings(product_file.from_dict(plain, as_of=TODAY))


def saas(name: str, kind: str, **more) -> dict:
    return {
        "id": name,
        "kind": kind,
        "hosting": "saas",
        "exposure": "authenticated",
        "supplier": "S",
        "location": "EU",
    } | more


def own(name: str, kind: str, **more) -> dict:
    return {"id": name, "kind": kind, "hosting": "iaas", "exposure": "internal", "version": "1"} | more


LAPTOP = own("laptop", "workstation", hosting="on_premise")
FLAW = {"id": "CVE-1", "epss": 0.1}

CASES = {
    "exposed_store": {"base": {"exposure": "internet"}},
    "known_exploited_flaw": {"web": {"vulnerabilities": [FLAW | {"kev": True}]}},
    "flaw_with_a_fix": {"web": {"vulnerabilities": [FLAW | {"fixed_in": "2"}]}},
    "end_of_life": {"web": {"eol": {"date": "2026-11-23"}}},
    "end_of_life_soon": {"web": {"eol": {"date": "2027-03-01"}}},
    "unknown_version": {"base": {"version": None}},
    "unknown_libraries": {"web": {"sbom": None}},
    "nobody_patches": {"base": {"hosting": "iaas", "patched_by": "publisher"}},
    "no_patch_policy": {"base": {"hosting": "iaas", "patched_by": "team"}},
    "admin_without_second_factor": {
        "components": [saas("admin", "other")],
        "links": [{"from": "admin", "to": "base", "kind": "administers"}],
    },
    "sign_in_without_second_factor": {
        "components": [saas("forge", "forge")],
        "links": [{"from": "forge", "to": "web", "kind": "calls"}],
    },
    "exposed_administration": {
        "components": [own("admin", "other", exposure="internet")],
        "links": [{"from": "admin", "to": "base", "kind": "administers"}],
    },
    "administered_from_a_daily_workstation": {
        "components": [LAPTOP],
        "links": [{"from": "laptop", "to": "base", "kind": "administers"}],
    },
    "workstation_not_encrypted": {
        "components": [LAPTOP],
        "links": [{"from": "laptop", "to": "base", "kind": "administers"}],
    },
    "single_administrator": {"contacts": SOUND["product"]["contacts"][:1]},
    "nobody_to_call": {"contacts": [{"name": "A", "role": "dev", "can_suspend": True}]},
    "unencrypted_crossing": {"link": {"encrypted": False}, "base": {"hosting": "iaas"}},
    "unencrypted_data": {"link": {"encrypted": False}},
    "unauthenticated_store": {"link": {"authentication": "none"}},
    "unauthenticated_call": {
        "components": [own("api", "api")],
        "links": [{"from": "web", "to": "api", "kind": "calls", "authentication": "none"}],
    },
    "many_readers": {
        "components": [own(f"w{n}", "worker") for n in range(5)],
        "links": [{"from": f"w{n}", "to": "base", "kind": "reads"} for n in range(5)],
    },
    "dashboard_on_production": {
        "components": [own("bi", "bi")],
        "links": [{"from": "bi", "to": "base", "kind": "reads"}],
    },
    "supplier_writes": {
        "components": [saas("crm", "low_code")],
        "links": [{"from": "crm", "to": "base", "kind": "writes"}],
    },
    "no_backup": {"without": ["backup_offline", "backup_restore_test"]},
    "backup_never_restored": {"without": ["backup_restore_test"]},
    "deploys_alone": {"components": [saas("ci", "ci")], "links": [{"from": "ci", "to": "web", "kind": "deploys"}]},
    "unpinned_supply": {"components": [saas("ci", "ci")], "links": [{"from": "ci", "to": "web", "kind": "deploys"}]},
    "exposed_build": {
        "components": [own("ci", "ci", exposure="internet")],
        "links": [{"from": "ci", "to": "web", "kind": "deploys"}],
    },
    "supplier_outside_eu": {"base": {"location": "other"}},
    "unknown_location": {
        "components": [saas("crm", "other", location=None, data=["personal"])],
        "links": [{"from": "web", "to": "crm", "kind": "calls"}],
    },
    "unnamed_supplier": {"base": {"supplier": None}},
    "personal_data_in_a_tool": {
        "components": [saas("grist", "low_code", data=["personal"])],
        "links": [{"from": "web", "to": "grist", "kind": "calls"}],
    },
    "secrets_unprotected": {"web": {"data": ["secret"]}},
    "keys_left": {
        "components": [saas("forge", "forge", secrets=[{"opens": ["base"]}])],
        "links": [{"from": "forge", "to": "web", "kind": "deploys"}],
    },
    "no_longer_used": {"web": {"state": "orphan"}},
    "lasting_tokens": {"web": {"tokens": [{"lasting": True}]}},
    "access_given_on_a_call": {"components": [saas("desk", "help_desk")], "web": {"resets": ["desk"]}},
    "exposed_without_firewall": {"without": ["waf"]},
    "protected_by_something_else": {
        "components": [own("proxy", "network")],
        "links": [{"from": "web", "to": "proxy", "kind": "protected_by"}],
    },
    "no_logs": {"without": ["central_logging"]},
    "not_watched": {"without": ["availability_monitoring"]},
    "asset_nowhere": {"assets": [{"id": "x", "needs": {"confidentiality": 1, "integrity": 1, "availability": 1}}]},
    "linked_to_nothing": {"components": [own("island", "cache")]},
    "late_measure": {
        "measures": [{"measure": "codeql", "on": ["web"], "status": "planned", "due": "2026-11-01", "owner": "A"}]
    },
    "measure_without_owner": {
        "measures": [{"measure": "codeql", "on": ["web"], "status": "planned", "due": "2027-11-01"}]
    },
}


def test_a_sound_product_has_no_finding():
    assert found_in() == set()


@pytest.mark.parametrize("rule", CASES)
def test_each_rule_finds_what_it_is_for(rule):
    assert rule in {name for name, _ in found_in(**CASES[rule])}


def test_what_may_be_a_vault_is_not_told_that_it_is_no_place_for_keys():
    kept = {"secrets": [{"opens": ["base"]}]}
    links = [{"from": "web", "to": "safe", "kind": "calls"}]
    assert ("keys_left", "safe") not in found_in(components=[saas("safe", "other", **kept)], links=links)


def test_every_rule_of_the_catalogue_has_its_case_and_its_texts():
    rules = catalogue.finding_rules()
    assert set(CASES) == set(rules)
    for rule in rules.values():
        assert rule.guide and all(1 <= number <= 42 for number in rule.guide)
        for text in (rule.text, rule.why, rule.mend):
            assert text.fr and text.en


@given(systems())
def test_findings_are_each_once_and_can_be_worded(system):
    found = find_findings(system)
    assert len({f.key for f in found}) == len({(f.rule, f.component, f.other, f.asset) for f in found})
    for language in catalogue.LANGUAGES:
        assert all(catalogue.finding_text(f, language, {}) for f in found)


@given(systems())
def test_each_finding_is_in_one_remedy_of_its_rule_and_ground(system):
    found = find_findings(system)
    remedies = group_by_remedy(found)
    assert sorted(f.key for r in remedies for f in r.findings) == sorted(f.key for f in found)
    for remedy in remedies:
        assert len({(f.rule, f.detail == UNSAID) for f in remedy.findings}) == 1
        assert remedy.rule.name.fr and remedy.rule.name.en
    assert len({(r.rule.id, r.unsaid) for r in remedies}) == len(remedies)


# By rule that rests on measures, one of them.
RESTS_ON = {
    "no_patch_policy": "patch_policy",
    "admin_without_second_factor": "mfa",
    "sign_in_without_second_factor": "mfa",
    "administered_from_a_daily_workstation": "dedicated_admin",
    "workstation_not_encrypted": "disk_encryption",
    "no_backup": "daily_backup",
    "backup_never_restored": "backup_restore_test",
    "deploys_alone": "branch_protection",
    "unpinned_supply": "pinned_dependencies",
    "secrets_unprotected": "secrets_manager",
    "exposed_without_firewall": "waf",
    "no_logs": "central_logging",
    "not_watched": "availability_monitoring",
    "access_given_on_a_call": "help_desk_procedure",
}
# Those that rest on a fact of the component: it is told, or there is nothing to find.
TOLD_BY_FACTS = {
    "keys_left": "secrets_manager",
    "no_longer_used": "dormant_removal",
    "lasting_tokens": "token_rotation",
}


def test_each_rule_that_rests_on_a_measure_has_its_sentence_of_what_nobody_said():
    rules = catalogue.finding_rules()
    assert {name for name, rule in rules.items() if rule.unsaid} == set(RESTS_ON)
    assert {name: rule.measure for name, rule in rules.items() if rule.measure} == RESTS_ON | TOLD_BY_FACTS


@pytest.mark.parametrize("rule", RESTS_ON)
def test_what_nobody_said_is_asked_and_what_is_said_to_lack_is_told(rule):
    """Each rule that rests on a measure, with nothing said of it, then with the team saying that it lacks."""
    unsaid = [f for f in findings_of(**CASES[rule]) if f.rule == rule]
    assert unsaid and all(f.detail == UNSAID for f in unsaid)
    shown, plain = catalogue.rule_of(unsaid[0]), catalogue.finding_rules()[rule]
    assert shown.level in {RiskLevel.LOW, RiskLevel.MEDIUM} and shown.mend.fr.startswith("Dites ce qu’il en est")
    for language, nobody in (("fr", "ersonne n’a dit"), ("en", "obody said")):
        assert nobody in catalogue.finding_text(unsaid[0], language, {})
        assert nobody not in plain.text.in_(language)
    on = sorted({c for f in unsaid for c in (f.component, f.other) if c})
    group = {"no_patch_policy": ("patch_policy", "dependabot"), "no_backup": ("daily_backup", "backup_offline")}
    lacking = [{"measure": m, "on": on, "status": "to_do"} for m in group.get(rule, (RESTS_ON[rule],))]
    case = CASES[rule] | {"measures": [*CASES[rule].get("measures", ()), *lacking]}
    said = [f for f in findings_of(**case) if f.rule == rule]
    assert said and all(f.detail == "" for f in said)
    assert catalogue.rule_of(said[0]) == plain


@given(systems())
def test_no_reason_states_as_a_fact_what_nobody_said(system):
    """Without a word on any measure, account or key, nothing is said to lack: neither by a reason nor by a finding."""
    bare = replace(system, measures=(), components=tuple(silent(c) for c in system.components))
    found = assess(bare)
    codes = {r.code for w in found.weak_points for r in w.reasons}
    assert not codes & {"no_waf", "no_second_factor"}
    assert all(f.detail == UNSAID for f in found.findings if f.rule in RESTS_ON)


def silent(c: Component) -> Component:
    return replace(c, state=None, last_tested=None, accounts=None, secrets=None, tokens=None, resets=None)


def codes_of(system: System, component: str) -> dict[str, dict[str, str]]:
    weak = next(w for w in assess(system).weak_points if w.component == component)
    return {r.code: dict(r.values) for r in weak.reasons}


def test_reasons_say_what_is_assumed_deduced_or_done_by_others():
    """Of a file that says little: the default of a kind, the provider's second factor, who updates, what pages lack."""
    system = product_file.from_dict(
        {
            "jalon": 1,
            "product": {"name": "P"},
            "components": [
                {"id": "site", "kind": "web"},
                {"id": "bureau", "kind": "other", "hosting": "on_premise", "exposure": "internet"},
                {
                    "id": "dossier",
                    "kind": "web",
                    "hosting": "on_premise",
                    "exposure": "internal",
                    "patched_by": "publisher",
                },
                {"id": "annuaire", "kind": "identity_provider", "hosting": "on_premise", "exposure": "internal"},
                {"id": "agent", "kind": "external_api", "hosting": "saas", "exposure": "internet"},
                {"id": "paquets", "kind": "library"},
            ],
            "links": [
                {"from": "bureau", "to": "annuaire", "kind": "authenticates_with"},
                {"from": "site", "to": "agent", "kind": "embeds"},
                {"from": "site", "to": "paquets", "kind": "embeds"},
            ],
            "measures": [
                {"measure": "mfa", "on": ["annuaire"], "status": "to_do"},
                {"measure": "third_party_scripts", "on": ["site"], "status": "to_do"},
            ],
        }
    )
    site, bureau, agent = (codes_of(system, c) for c in ("site", "bureau", "agent"))
    assert "internet_assumed" in site and "internet" not in site
    assert bureau["no_second_factor_by"] == {"components": "annuaire"} and "no_second_factor" not in bureau
    assert "self_hosted" not in bureau and "hosted_by_team" in bureau  # nobody said who updates it
    assert "hosted_by_team" in codes_of(system, "dossier") and "self_hosted" not in codes_of(system, "dossier")
    assert agent["lacks_on_page"] == {"measures": "third_party_scripts", "component": "site"}
    assert not {"internet", "internet_assumed"} & codes_of(system, "paquets").keys()


def told(measures: list[dict], **forge) -> tuple[dict[str, dict[str, str]], list[str]]:
    """The reasons of a forge that signs in through a directory, and what findings say of its second factor."""
    system = product_file.from_dict(
        {
            "jalon": 1,
            "product": {"name": "P"},
            "components": [
                {"id": "forge", "kind": "forge", "hosting": "saas", "exposure": "authenticated"} | forge,
                {"id": "annuaire", "kind": "identity_provider", "hosting": "on_premise", "exposure": "internal"},
            ],
            "links": [{"from": "forge", "to": "annuaire", "kind": "authenticates_with"}],
            "measures": measures,
        }
    )
    found = [f for f in find_findings(system) if f.component == "forge" and f.rule == "sign_in_without_second_factor"]
    return codes_of(system, "forge"), [catalogue.finding_text(f, "fr", {}) for f in found]


def test_reasons_and_findings_say_the_same_of_one_measure():
    """Said done and shown not to be; lacking by the provider; not for it; nothing said."""
    claimed = {"measure": "mfa", "on": ["forge"], "status": "done", "proof": "contradicted"}
    reasons, findings = told([claimed])
    assert reasons["contradicted"] == {"measures": "mfa"} and not {"no_second_factor", "lacks"} & reasons.keys()
    assert len(findings) == 1 and "une preuve montre le contraire" in findings[0]
    reasons, findings = told([{"measure": "mfa", "on": ["annuaire"], "status": "to_do"}])
    assert "no_second_factor_by" in reasons and findings == ["On entre dans forge avec un seul mot de passe"]
    reasons, findings = told([{"measure": "mfa", "on": ["forge"], "status": "not_applicable", "reason": "clé"}])
    assert not {"second_factor_unknown", "no_second_factor"} & reasons.keys() and findings == []
    reasons, findings = told([])
    assert "second_factor_unknown" in reasons and findings[0].startswith("Personne n’a dit")
    reasons, findings = told([], id="forge", name="Portail ProConnect des agents", kind="forge")
    assert "second_factor_unknown" not in reasons and findings == []


def test_a_group_of_measures_lacks_only_where_each_is_said_to():
    for alone in ("dependabot", "patch_policy"):
        measures = [{"measure": alone, "on": ["web"], "status": "to_do"}]
        found = [
            f for f in findings_of(**CASES["no_patch_policy"] | {"measures": measures}) if f.rule == "no_patch_policy"
        ]
        assert found and all(f.detail == UNSAID for f in found if f.component == "web")


def test_every_reason_has_its_words_in_both_languages():
    for code in catalogue.words("reasons"):
        values = dict.fromkeys(("ids", "days", "date", "assets", "components", "component", "count"), "2026-01-01")
        for language in catalogue.LANGUAGES:
            assert catalogue.sentence("reasons", code, language, **values, measures="mfa, waf")
