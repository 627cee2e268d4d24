"""The one reader of YAML: what YAML allows is read, what it does not is told with its line and what to do, nothing is run."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from risk_models import product_file
from risk_models.product_file.checked_map import ProductFileError
from risk_models.product_file.source_yaml import UnreadableYaml, load_documents, load_yaml
from tests.fuzzing import tries

READ = {
    "ports in a flow list": ("[80:8000, 443:8443]", ["80:8000", "443:8443"]),
    "an image in a flow map": (
        "{image: postgres:16.4, url: http://a.test/b}",
        {"image": "postgres:16.4", "url": "http://a.test/b"},
    ),
    "tags of compose": (
        "a: !override\n  - 80:80\nb: !reset []\nc: !reference [x, y]\n",
        {"a": ["80:80"], "b": [], "c": ["x", "y"]},
    ),
    "a tag on a map": ("a: !Sub {b: c}", {"a": {"b": "c"}}),
    "an anchor": ("a: &x {b: 1}\nc: *x\n", {"a": {"b": 1}, "c": {"b": 1}}),
    "a merge": ("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n", {"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}}),
    "several merges": (
        "a: &x {b: 1}\nc: &y {d: 2}\ne: {<<: [*x, *y]}\n",
        {"a": {"b": 1}, "c": {"d": 2}, "e": {"b": 1, "d": 2}},
    ),
    "a mark of order": ("\ufeffa: 1\n", {"a": 1}),
    "ends of lines of Windows": ("a: 1\r\nb:\r\n  - c\r\n", {"a": 1, "b": ["c"]}),
    "an end of document": ("---\na: 1\n...\n", {"a": 1}),
    "an empty document before": ("---\n---\na: 1\n", {"a": 1}),
    "a day": ("a: 2026-01-02", {"a": "2026-01-02"}),
    "bytes": ("a: !!binary aGVsbG8=", {"a": "aGVsbG8="}),
    "nothing": ("# rien\n", None),
}


@pytest.mark.parametrize("kind", READ)
def test_what_yaml_allows_is_read(kind):
    text, value = READ[kind]
    assert load_yaml(text, 40, 1_000) == value


def test_every_document_is_read():
    assert load_documents("a: 1\n---\n- b\n---\n", 40, 1_000) == [{"a": 1}, ["b"]]


REFUSED = {
    "a: 1\nb: 2\na: 3\n": ("yaml_duplicate", 3),
    "a: 1\nb: *c\n": ("yaml_alias", 2),
    "a: 1\n\tb: 2\n": ("yaml_tab", 2),
    "a: 1\nb: c: d\n": ("yaml_colon", 2),
    "a: 1\nb\n": ("yaml_no_colon", 3),
    'a: 1\nb: "c\n': ("yaml_unclosed", 3),
    "a: [1, 2\nb: 3\n": ("yaml_unclosed", 2),
    "a:\n    b: 1\n  c: 2\n": ("yaml_indent", 3),
    "a: 1\n? {c: d}\n: 3\n": ("yaml_key", 2),
    "a: \x07\n": ("yaml_character", 1),
    "a: 1\n---\nb: 2\n": ("yaml_several", 1),
    'a: !!python/object/apply:os.system ["x"]': ("yaml_code", 1),
    "a: !ruby/object:Gem {}": ("yaml_code", 1),
    "a: !!js/function 'x'": ("yaml_code", 1),
    "a: &a [*a, *a]\n": ("too_nested", 1),
    "[" * 100 + "]" * 100: ("too_nested", 1),
    # Each line has one level, each value one more than that before.
    "a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60)): ("too_nested", 40),
    # A bomb behind what the first parser refuses.
    "z: [80:8000]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]\n" for n in range(9)): (
        "too_nested",
        5,
    ),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_wrong_is_told_with_its_line_in_either_language(text):
    code, line = REFUSED[text]
    with pytest.raises(UnreadableYaml) as error:
        load_yaml(text, 40, 1_000)
    assert (error.value.code, error.value.line) == (code, line)
    said = {language: error.value.placed_text(language) for language in ("fr", "en")}
    assert said["fr"] != said["en"] and not re.search(r"while|expected|found", said["fr"])


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@tries(usual=100, fuzz=2_000)
@given(value=values, flow=st.booleans())
def test_what_is_written_is_read_back(value, flow):
    yaml, out = YAML(typ="safe"), io.StringIO()
    yaml.default_flow_style = flow
    yaml.dump(value, out)
    assert load_yaml(out.getvalue(), 40, 1_000) == value


@tries(usual=200, fuzz=5_000)
@given(text=st.text(alphabet="ab:,[]{}&*!|>-#?\"'%@` \t\n019~.<\x00\ufeff", max_size=40))
def test_any_text_is_read_or_refused_in_words(text):
    try:
        load_documents(text, 40, 1_000)
    except UnreadableYaml as error:
        assert error.placed_text("fr")


# What is no product file is told with its place, by a parser that must read all that the first one did.
@tries(usual=200, fuzz=5_000)
@given(text=st.text(alphabet="ab:,[]{}&*!|>-#?\"'%@` \t\n019~.<\x00\ufeff", max_size=40), value=values)
def test_any_product_file_is_refused_in_words(text, value):
    out = io.StringIO()
    YAML(typ="safe").dump({"product": value}, out)
    for whole in (text, f"product: {{name: 1}}\n---\n{text}", f"---\n{out.getvalue()}---\n", out.getvalue()):
        with pytest.raises(ProductFileError) as error:
            product_file.loads(whole)
        assert error.value.text("fr")


ILL_TAGGED = {
    '!!int ""': "",
    '!!float ""': "",
    "!!bool x": "x",
    "!!int [1]": [1],
    "!!timestamp [x]": ["x"],
    "!!binary {a: x}": {"a": "x"},
    "0x" + "f" * 5_000: "0x" + "f" * 5_000,
}


@pytest.mark.parametrize("text", ILL_TAGGED)
def test_what_a_tag_says_to_be_of_another_kind_is_what_is_written(text):
    assert load_documents(f"a: {text}", 40, 1_000) == [{"a": ILL_TAGGED[text]}]
