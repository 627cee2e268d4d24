"""Each word of the field is explained once on each page that uses it, where a button may stand."""

import re

import pytest

from app.platform.terms import explain_terms
from risk_models.catalogue.glossary import glossary, terms_in_order


@pytest.fixture
def explained(world):
    def of(html: str, language: str = "fr") -> str:
        with world.app.test_request_context("/"):
            return explain_terms(html, language)

    return of


def buttons(html: str) -> list[str]:
    return re.findall(r'popovertarget="mot-([a-z-]+)"', html)


def test_the_first_use_of_a_word_is_explained_beside_it(explained):
    told = explained("<p>Un SBOM, puis un SBOM.</p><p>Deux valeurs métier et des points de faiblesse</p>")
    assert buttons(told) == ["sbom", "valeur-metier", "point-de-faiblesse"]
    assert told.startswith("<p>Un SBOM <button") and told.count("<button") == 3
    assert all(told.count(f'id="mot-{key}"') == 1 for key in buttons(told))


def test_a_word_that_no_button_can_follow_is_explained_beneath(explained):
    page = '<h1>Le SBOM</h1><a href="/x">EPSS</a><label>IaaS</label><p data-x="KEV">Un mot</p>'
    before, beneath = explained(page).split("<aside")
    assert before == page and buttons(beneath) == ["sbom", "epss", "iaas"]


def test_what_is_no_word_is_left(explained):
    for html in ("<p>pkg:npm/SBOM</p>", "<p>xSBOM SBOMs VEX-3</p>", "<code>SBOM</code>", "<p>rien</p>"):
        assert buttons(explained(html).split("<aside")[0]) == []
    assert explained("<p>&lt;b&gt; 1 &lt; 2</p>") == "<p>&lt;b&gt; 1 &lt; 2</p>"


def test_each_language_has_its_words(explained):
    assert buttons(explained("<p>an essential asset, its feared events</p>", "en")) == [
        "valeur-metier",
        "evenement-redoute",
    ]


def test_the_glossary_tells_every_word(world):
    page = world.app.test_client().get("/lexique").text
    for key, term in glossary().items():
        assert f'<dt id="{key}">' in page and term.said.fr in page.replace("&#39;", "'")
    names = [term.name.fr for term in terms_in_order("fr")]
    assert names.index("événement redouté") < names.index("fin de vie") and len(names) == len(set(names))


def test_what_was_just_done_is_left_as_it_is_said(world):
    with world.app.test_request_context("/"):
        page = "<main><p>Le SBOM est importé</p><h1>Titre</h1><p>Un SBOM</p></main>"
        answer = world.app.process_response(world.app.response_class(page, mimetype="text/html"))
    assert answer.get_data(as_text=True).startswith("<main><p>Le SBOM est importé</p><h1>Titre</h1><p>Un SBOM <button")
