import json
from itertools import pairwise

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator, FormatChecker
from ruamel.yaml import YAML

from risk_models import assess, product_file
from risk_models.exposure import cyclonedx
from risk_models.product_file.checked_map import ProductFileError
from risk_models.product_file.schema import product_file_schema
from risk_models.scales import LinkKind
from risk_models.system import Link
from tests.risk_models.systems import systems
from tests.world import EXAMPLES

SMALL = """jalon: 1
product: {name: Essai}
components:
  - {id: web, kind: web}
"""


# Ten aliases of ten aliases of ten…: a thousand million elements once written out.
BOMB = "x-a: &a [1]\n" + "".join(f"x-{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in pairwise("abcdefghij"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SMALL + BOMB, "too often repeated"),
        (SMALL + "x-a: &a [*a]\n", "too often repeated"),
        ("[" * 100_000, "too deep"),
        (SMALL + "x-a: " + "[" * 5000 + "]" * 5000, "too deep"),
        (SMALL + "x-a: .nan\n", "JSON cannot write"),
        (SMALL + "jalon: 1\n", "given twice"),
        (SMALL + "true: 1\n", "unknown key"),
        (SMALL + "? [1, 2]\n: 3\n", "unknown key"),
        (SMALL + "x-a: *zz\n", "leads nowhere"),
    ],
    ids=["bomb", "endless", "deep", "deep-closed", "nan", "twice", "boolean-key", "list-key", "no-anchor"],
)
def test_a_file_made_to_exhaust_or_to_confuse_is_refused(text, words):
    with pytest.raises(ProductFileError, match=words):
        product_file.loads(text)


def test_anchors_and_merged_keys_are_understood():
    text = SMALL.replace("{id: web, kind: web}", "&web {id: web, kind: web}\n  - {<<: *web, id: other}")
    assert [c.id for c in product_file.loads(text).components] == ["web", "other"]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda p: p.stem)
def test_dumping_loses_nothing(path):
    system = product_file.loads(path.read_text())
    assert product_file.loads(product_file.dumps(system)) == system
    assert product_file.from_dict(product_file.to_dict(system)) == system


def test_what_is_not_said_defaults_by_kind_with_a_warning():
    web = product_file.loads(SMALL).components[0]
    assert (web.name, web.hosting.value, web.exposure.value, web.patched_by.value) == (
        "web",
        "paas",
        "internet",
        "team",
    )
    codes = [w.code for w in assess(product_file.loads(SMALL)).warnings]
    assert codes == ["hosting_assumed", "exposure_assumed", "patched_by_assumed", "no_version"]
    assert product_file.to_dict(product_file.loads(SMALL))["components"] == [{"id": "web", "kind": "web"}]


def test_keys_that_begin_with_x_are_kept_and_change_nothing():
    noted = product_file.loads(SMALL.replace("kind: web}", "kind: web, x-sources: ['.env:7']}") + "x-note: {a: 1}\n")
    assert assess(noted) == assess(product_file.loads(SMALL))
    assert "x-note:\n  a: 1" in product_file.dumps(noted)
    assert product_file.loads(product_file.dumps(noted)) == noted


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "list of keys"),
        ("jalon: [", None, "not closed"),
        ("jalon: 3\n", 1, "'jalon' must be 1"),
        (SMALL.replace("kind: web", "kind: wbe"), 4, "'wbe' is not one of"),
        (SMALL.replace("kind: web", "knd: web"), 4, "'kind' is missing"),
        (SMALL + "compnents: []\n", 5, "unknown key 'compnents'"),
        (SMALL + "links:\n  - {from: web, to: web, kind: calls}\n", 6, "cannot be linked to itself"),
        (SMALL + "links:\n  - {from: web, to: base, kind: calls}\n", 6, "unknown component 'base'"),
        (
            SMALL
            + "assets:\n  - id: a\n    lives_in: [web,\n      wbe]\n    needs: {confidentiality: 1, integrity: 1, availability: 1}\n",
            8,
            "did you mean 'web'",
        ),
        (SMALL.replace("jalon: 1", "jalon: true"), 1, "'jalon' must be 1"),
        (SMALL.replace("{name: Essai}", "{name: Essai, id: a b}"), 2, "letters, digits"),
        (SMALL + "  - {id: web, kind: api}\n", 5, "described twice"),
        (SMALL.replace("components:\n  - {id: web, kind: web}\n", ""), None, "'components' is missing or empty"),
        (SMALL + "measures:\n  - {measure: waf, on: [web], status: done, due: demain}\n", 6, "must be a date"),
        (SMALL.replace("Essai", '"Es\\u0007sai"'), 2, "control characters"),
    ],
)
def test_a_wrong_file_says_where_and_what(text, line, words):
    with pytest.raises(ProductFileError, match=words) as error:
        product_file.loads(text)
    if line is not None:
        assert error.value.line == line


@pytest.mark.parametrize(
    "text", ["1.10", "0612345678", "+33100000000", "0o17", "1e3", "2024-01-02", "1_000", "9" * 5000]
)
def test_a_number_keeps_the_text_that_was_written(text):
    system = product_file.loads(SMALL.replace("kind: web}", f"kind: web, supplier: {text[:100]}}}"))
    assert system.components[0].supplier == text[:100]
    assert product_file.loads(product_file.dumps(system)) == system


def test_a_name_without_id_gives_one_and_comes_back():
    system = product_file.loads(SMALL.replace("{name: Essai}", "{name: Démarches « Exemple »}"))
    assert system.product.id == "demarches-exemple"
    assert product_file.loads(product_file.dumps(system)) == system


def test_keys_x_of_needs_come_back_there():
    asset = (
        "assets:\n  - {id: a, lives_in: [web], needs: {confidentiality: 1, integrity: 1, availability: 1, x-by: dpo}}\n"
    )
    system = product_file.loads(SMALL + asset)
    assert product_file.to_dict(system)["assets"][0]["needs"]["x-by"] == "dpo"
    assert product_file.loads(product_file.dumps(system)) == system


CVE = "{id: CVE-1, epss: 0.3}"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (SMALL + "links: []\n\nlinkz: []\n", (7, 1), "unknown key 'linkz'"),
        (SMALL.replace("id: web", 'id: "we\\x85b"'), (4, 10), "control characters"),
        (SMALL.replace("id: web", 'id: "we\\u202Eb"'), (4, 10), "control characters"),
        (SMALL.replace("id: web", 'id: "we\\ud800b"'), (4, 10), "control characters"),
        (SMALL.replace("kind: web}", f"kind: web, vulnerabilities: [{CVE}, {CVE}]}}"), None, "described twice"),
        (SMALL.replace("kind: web", "kind: ' web '"), (4, 21), "is not one of"),
        (SMALL.replace("kind: web", "kind: web, hosting: ''"), (4, 35), "is not one of"),
        (
            SMALL.replace(
                "{name: Essai}", "{name: E, phases: [{name: construction, start: 2025-02-01, end: 2025-01-01}]}"
            ),
            (2, 74),
            "comes before the start",
        ),
        (
            SMALL.replace("{name: Essai}", "{name: E, phases: [{name: construction, start: 2025-02-30}]}"),
            (2, 57),
            "must be a date",
        ),
        (
            SMALL.replace("{name: Essai}", "{name: E, phases: [{name: construction, start: 20250201}]}"),
            (2, 57),
            "must be a date",
        ),
        (SMALL + "x-a: \x07\n", (5, 6), "invisible character"),
    ],
)
def test_the_place_is_that_of_the_fault(text, place, words):
    with pytest.raises(ProductFileError, match=words) as error:
        product_file.loads(text)
    assert place is None or error.value.place == place
    assert "\n" not in str(error.value)


def test_the_schema_accepts_what_the_loader_accepts():
    validator = Draft202012Validator(product_file_schema(), format_checker=FormatChecker())
    for path in EXAMPLES.glob("*.yaml"):
        plain = json.loads(json.dumps(YAML(typ="safe").load(path.read_text()), default=str))
        assert not list(validator.iter_errors(plain))


@given(systems())
def test_the_schema_accepts_what_is_dumped_and_loading_gives_it_back(system):
    plain = json.loads(json.dumps(product_file.to_dict(system), default=str))
    assert not list(Draft202012Validator(product_file_schema()).iter_errors(plain))
    assert product_file.from_dict(product_file.to_dict(system)) == system


@pytest.mark.parametrize(
    "wrong",
    [
        {"jalon": 3},
        {"components": [{"id": "web", "kind": "dns"}]},
        {"components": [{"id": "web", "kind": "web", "state": "dormant"}]},
        {"components": [{"id": "web", "kind": "web", "accounts": []}]},
        {"components": []},
        {"unknown": 1},
        {"links": [{"from": "web", "to": "web", "kind": "call"}]},
        {"product": {"name": None}},
        {"product": {"name": "  "}},
        {"product": {"name": "P", "id": ""}},
        {"product": {"name": "P", "contacts": [{"name": None}]}},
        {"product": {"name": "P", "phases": [{"name": "construction", "start": None}]}},
        {"product": {"name": "P", "phases": [{"name": "construction", "start": "20250401"}]}},
        {"components": [{"id": " ", "kind": "web"}]},
        {"components": [{"id": "a\u0085b", "kind": "web"}]},
        {"components": [{"id": "a", "kind": " web "}]},
        {"components": [{"id": "a", "kind": "web", "hosting": ""}]},
        {"components": [{"id": "a", "kind": "web", "vulnerabilities": [{"id": None}]}]},
        {"measures": [{"measure": None, "status": "done"}]},
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(wrong):
    plain = {"jalon": 1, "product": {"name": "P"}, "components": [{"id": "web", "kind": "web"}]} | wrong
    assert list(Draft202012Validator(product_file_schema()).iter_errors(plain))
    with pytest.raises(ProductFileError):
        product_file.from_dict(plain)


def test_libraries_come_from_the_cyclonedx_file_beside():
    bom = {
        "bomFormat": "CycloneDX",
        "components": [
            {
                "bom-ref": "1",
                "name": "log4j-core",
                "group": "org.apache.logging.log4j",
                "version": "2.14.1",
                "purl": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
            },
            {"bom-ref": "2", "name": "guava"},
        ],
        "vulnerabilities": [
            {
                "id": "CVE-2021-44228",
                "published": "2021-12-10T00:00:00Z",
                "ratings": [{"score": 10.0, "method": "CVSSv31"}],
                "affects": [{"ref": "1"}],
            }
        ],
    }
    system = cyclonedx.with_libraries(product_file.loads(SMALL), {"web": json.dumps(bom)})
    web, library = system.components
    assert (web.libraries, library.name, library.vulnerabilities[0].cvss) == (
        2,
        "org.apache.logging.log4j:log4j-core",
        10.0,
    )
    assert system.links == (Link("web", library.id, LinkKind.EMBEDS),)
    harmless = json.dumps(bom).replace('"CVE-2021-44228"', '"CVE-2021-44228", "analysis": {"state": "not_affected"}')
    assert len(cyclonedx.with_libraries(product_file.loads(SMALL), {"web": harmless}).components) == 1
    clash = json.dumps(bom).replace("pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", "web")
    assert [c.id for c in cyclonedx.with_libraries(product_file.loads(SMALL), {"web": clash}).components] == [
        "web",
        "web/web",
    ]
    evil = json.dumps(bom).replace("log4j-core", "\\u001b[2J\\ud800log4j")
    assert "\x1b" not in cyclonedx.with_libraries(product_file.loads(SMALL), {"web": evil}).components[1].name
    for text in (
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"bomFormat": "CycloneDX", "specVersion": "9.9"}',
        '{"bomFormat": "CycloneDX", "components": 3}',
    ):
        with pytest.raises(cyclonedx.UnreadableInventory):
            cyclonedx.with_libraries(system, {"web": text})
