import pytest

from risk_models import product_file
from risk_models.checked_map import ProductFileError
from tests.world import EXAMPLES

SMALL = """jalon: 1
product: {name: Essai}
components:
  - {id: web, kind: web}
"""


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda p: p.stem)
def test_dumping_loses_nothing(path):
    system = product_file.loads(path.read_text())
    assert product_file.loads(product_file.dumps(system)) == system
    assert product_file.from_dict(product_file.to_dict(system)) == system


def test_what_is_not_said_defaults_by_kind():
    web = product_file.loads(SMALL).components[0]
    assert (web.name, web.hosting.value, web.exposure.value, web.patched_by.value) == (
        "web",
        "paas",
        "internet",
        "team",
    )


def test_keys_that_begin_with_x_are_ignored():
    assert product_file.loads(SMALL + "x-note: libre\n") == product_file.loads(SMALL)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "list of keys"),
        ("jalon: [", None, "not YAML"),
        ("jalon: 2\n", 1, "'jalon' must be 1"),
        (SMALL.replace("kind: web", "kind: wbe"), 4, "'wbe' is not one of"),
        (SMALL.replace("kind: web", "knd: web"), 4, "'kind' is missing"),
        (SMALL + "compnents: []\n", 5, "unknown key 'compnents'"),
        (SMALL + "links:\n  - {from: web, to: web, kind: calls}\n", None, "cannot be linked to itself"),
        (SMALL + "links:\n  - {from: web, to: base, kind: calls}\n", None, "unknown component 'base'"),
        (SMALL + "  - {id: web, kind: api}\n", None, "described 2 times"),
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
