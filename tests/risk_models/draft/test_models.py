"""Models made elsewhere become product files, and what could not be carried over is told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_models import assess, product_file
from risk_models.draft.models import UnreadableModel, convert_model
from risk_models.scales import Authentication, ComponentKind, Exposure, Hosting, LinkKind
from tests.conftest import REAL_DATA

THREAGILE = """
threagile_version: 1.0.0
title: Portail d'exemple
data_assets:
  Dossiers:
    id: dossiers
    confidentiality: strictly-confidential
    integrity: critical
    availability: operational
technical_assets:
  Site:
    id: site
    type: process
    technology: web-application
    internet: true
    communication_links:
      Lecture: {target: base, protocol: jdbc-encrypted, authentication: credentials, readonly: true}
      Connexion: {target: idp, protocol: https, authentication: token}
      Ancien: {target: ancien, protocol: http}
  Base:
    id: base
    type: datastore
    technologies: [database]
    internet: false
    data_assets_stored: [dossiers]
  Fournisseur d'identité: {id: idp, type: process, technology: identity-provider}
  Ancien site: {id: ancien, type: process, technology: web-server, out_of_scope: true}
trust_boundaries:
  Salle: {id: salle, type: network-on-prem, technical_assets_inside: [base]}
risk_tracking:
  sql-injection@site: {status: accepted, justification: x}
"""


def test_a_threagile_model_is_carried_over():
    found = convert_model(THREAGILE)
    kinds = {c.id: c.kind for c in found.system.components}
    inside = {"site": ComponentKind.WEB, "base": ComponentKind.DATABASE, "idp": ComponentKind.IDENTITY_PROVIDER}
    assert kinds == inside | {"ancien": ComponentKind.WEB}
    outside = [c.id for c in found.system.components if dict(c.extra).get("x-out-of-scope")]
    assert outside == ["ancien"]  # kept: it may be a way in
    base = next(c for c in found.system.components if c.id == "base")
    assert (base.hosting, base.exposure) == (Hosting.ON_PREMISE, Exposure.INTERNAL)
    links = {(k.source, k.target, k.kind, k.encrypted) for k in found.system.links}
    assert links == {
        ("site", "base", LinkKind.READS, True),
        ("site", "idp", LinkKind.AUTHENTICATES_WITH, True),
        ("site", "ancien", LinkKind.CALLS, False),
    }
    (asset,) = found.system.assets
    assert (asset.lives_in, asset.confidentiality, asset.integrity, asset.availability) == (("base",), 4, 4, 2)
    assert {code for code, _ in found.left} == {"kept_outside", "risk", "boundary"}
    assert product_file.loads(product_file.dumps(found.system)) == found.system
    assert assess(found.system).loss > 0


def test_a_model_in_several_files_is_whole_and_what_is_missing_is_told():
    head, _, rest = THREAGILE.partition("trust_boundaries:")
    listed = "includes: [limites.yaml, ailleurs.yaml]\n" + head
    found = convert_model(listed, {"limites.yaml": "trust_boundaries:" + rest}.get)
    assert ("not_included", "ailleurs.yaml") in found.left
    whole = convert_model(THREAGILE)
    assert found.system == whole.system and {*whole.left} <= {*found.left}


def test_what_an_included_file_includes_is_found_from_where_it_stands():
    head, _, rest = THREAGILE.partition("trust_boundaries:")
    texts = {"parts/a.yaml": "includes: [b.yaml, ../parts/a.yaml]\n", "parts/b.yaml": "trust_boundaries:" + rest}
    found = convert_model("includes: [parts/a.yaml]\n" + head, texts.get)
    assert found.system == convert_model(THREAGILE).system and "not_included" not in dict(found.left)


REPORTS = REAL_DATA / "field-reports" / "12-threagile"


@pytest.mark.skipif(not REPORTS.is_dir(), reason="the folder of real data is not beside this checkout")
def test_the_models_of_reports_are_read():
    def beside(name: str) -> str | None:
        return (REPORTS / name).read_text() if (REPORTS / name).is_file() else None

    parts = convert_model((REPORTS / "threagile.yaml").read_text(), beside)
    assert {c.id for c in parts.system.components} == {"web", "base"} and parts.system.assets
    for name in ("issue102.yaml", "flow-style.yaml"):
        found = convert_model((REPORTS / name).read_text())
        assert len(found.system.components) == 2 and len(found.system.links) == 1, name


DRAGON = {
    "version": "2.2.0",
    "summary": {"title": "Démo"},
    "detail": {
        "diagrams": [
            {
                "cells": [
                    {
                        "id": "1",
                        "shape": "process",
                        "data": {
                            "type": "tm.Process",
                            "name": "Site web",
                            "threats": [{"title": "XSS", "status": "Open"}],
                        },
                    },
                    {"id": "2", "shape": "store", "data": {"type": "tm.Store", "name": "Base"}},
                    {"id": "3", "shape": "actor", "data": {"type": "tm.Actor", "name": "Usager"}},
                    {"id": "4", "shape": "process", "data": {"type": "tm.Process", "name": "Hors", "outOfScope": True}},
                    {
                        "id": "5",
                        "shape": "flow",
                        "data": {"type": "tm.Flow", "name": "écrit", "isEncrypted": True},
                        "source": {"cell": "1"},
                        "target": {"cell": "2"},
                    },
                    {
                        "id": "6",
                        "shape": "flow",
                        "data": {"type": "tm.Flow", "name": "lit"},
                        "source": {"cell": "2"},
                        "target": {"cell": "1"},
                    },
                    {
                        "id": "7",
                        "shape": "flow",
                        "data": {"type": "tm.Flow", "name": "visite"},
                        "source": {"cell": "3"},
                        "target": {"cell": "1"},
                    },
                    {"id": "8", "shape": "trust-boundary-box", "data": {"type": "tm.BoundaryBox", "name": "DMZ"}},
                ]
            }
        ]
    },
}


def test_a_threat_dragon_model_is_carried_over():
    found = convert_model(json.dumps(DRAGON))
    assert {(c.id, c.kind) for c in found.system.components} == {
        ("site-web", ComponentKind.WEB),
        ("base", ComponentKind.DATABASE),
        ("hors", ComponentKind.WEB),
    }
    assert [c.id for c in found.system.components if c.extra] == ["hors"]
    links = {(k.source, k.target, k.kind, k.encrypted) for k in found.system.links}
    assert links == {("site-web", "base", LinkKind.WRITES, True), ("site-web", "base", LinkKind.READS, None)}
    assert {code for code, _ in found.left} == {"kept_outside", "actor", "link_outside", "threat", "boundary"}


def test_parts_that_bear_one_name_are_called_apart():
    cells = [{"id": str(n), "type": "tm.Store", "attrs": {"text": {"text": name}}} for n, name in enumerate("aab")]
    model = {"summary": {"title": "T"}, "detail": {"diagrams": [{"diagramJson": {"cells": cells}}]}}
    cells[1:1] = [{"id": "x", "type": "tm.Store", "attrs": {"text": {"text": "a-2"}}}]
    assert [c.id for c in convert_model(json.dumps(model)).system.components] == ["a", "a-2", "a-3", "b"]


def test_of_two_links_the_less_protected_is_kept_and_told():
    doubled = THREAGILE.replace(
        "      Connexion:",
        "      Secours: {target: base, protocol: jdbc, authentication: none, readonly: true}\n      Connexion:",
    )
    found = convert_model(doubled)
    (link,) = [k for k in found.system.links if k.target == "base"]
    assert (link.encrypted, link.authentication) == (False, Authentication.NONE)
    assert ("merged", "Site → Secours") in found.left


@pytest.mark.parametrize(
    ("kind", "technology", "expected"),
    [
        ("process", "mainframe", ComponentKind.OTHER),
        ("process", "ai", ComponentKind.AI_SERVICE),
        ("external-entity", "web-service-rest", ComponentKind.EXTERNAL_API),
    ],
)
def test_a_technology_is_read_by_whole_words(kind, technology, expected):
    told = f"technical_assets:\n  Chose: {{id: chose, type: {kind}, technology: {technology}}}\n"
    assert [c.kind for c in convert_model(told).system.components] == [expected]


def test_the_first_version_of_threat_dragon_is_read_too():
    cells = [
        {"id": "a", "type": "tm.Process", "attrs": {"text": {"text": "API\nproduit"}}},
        {"id": "b", "type": "tm.Store", "attrs": {"text": {"text": "Base"}}},
        {"id": "c", "type": "tm.Flow", "source": {"id": "a"}, "target": {"id": "b"}},
    ]
    found = convert_model(
        json.dumps({"summary": {"title": "V1"}, "detail": {"diagrams": [{"diagramJson": {"cells": cells}}]}})
    )
    assert [c.name for c in found.system.components] == ["API produit", "Base"]
    assert [(k.source, k.target) for k in found.system.links] == [("api-produit", "base")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "unknown"),
        ("bonjour", "unknown"),
        ("{", "unreadable"),
        ("a: [", "unreadable"),
        ('{"detail": {"diagrams": []}}', "empty"),
        ("technical_assets: {}", "empty"),
        ("x" * 5_000_001, "too_large"),
    ],
)
def test_what_is_no_model_is_refused(text, code):
    with pytest.raises(UnreadableModel) as error:
        convert_model(text)
    assert error.value.code == code


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(PLAIN, st.sampled_from(["technical_assets", "data_assets", "trust_boundaries", "risk_tracking"]))
def test_a_broken_threagile_model_is_read_or_refused(value, key):
    from risk_models.draft.deployment import yaml_of

    model = {**yaml_of(THREAGILE), key: value}
    try:
        convert_model(json.dumps(model))
    except UnreadableModel as error:
        assert error.text("fr")


@given(PLAIN, st.sampled_from(["data", "source", "target", "id", "shape"]), st.integers(0, 7))
def test_a_broken_threat_dragon_model_is_read_or_refused(value, key, number):
    model = json.loads(json.dumps(DRAGON))
    model["detail"]["diagrams"][0]["cells"][number][key] = value
    try:
        convert_model(json.dumps(model))
    except UnreadableModel as error:
        assert error.text("fr")
