"""By which import a flawed package came: from each format, to the flaws, the search of all products and the export."""

import json

import pytest
from sqlalchemy import delete, select

from app.identity.kinds import Role
from app.packages import exports, matching, queries
from app.packages.models import PackageUse, SbomGraph
from app.packages.ways import ways_to
from risk_models.exposure.package_names import plain_name
from tests.factories.boms import bom
from tests.factories.inventory import component
from tests.factories.packages import bring, feed

NOKOGIRI = "pkg:gem/nokogiri"
FLAW = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "modified": "2026-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"ecosystem": "RubyGems", "name": "nokogiri"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.11"}]}],
        }
    ],
}
# The file is about "guichet", which imports rails and puma.
GEMS = {"rails": "6.0.0", "loofah": "2.0.0", "nokogiri": "1.10.0", "puma": "5.0"}
NEEDS = {"guichet": ["rails", "puma"], "rails": ["loofah"], "loofah": ["nokogiri"]}


def library(name: str, version: str, **more) -> dict:
    return {"type": "library", "bom-ref": name, "name": name, "purl": f"pkg:gem/{name}@{version}", **more}


def cyclonedx(needs=None, components=()) -> bytes:
    return bom(
        metadata={"component": {"type": "application", "bom-ref": "guichet", "name": "guichet"}},
        components=[*(library(*gem) for gem in GEMS.items()), *components],
        dependencies=[{"ref": ref, "dependsOn": of} for ref, of in (NEEDS if needs is None else needs).items()],
    )


def xml() -> bytes:
    inner = "".join(
        f'<component type="library" bom-ref="{n}"><name>{n}</name><version>{v}</version><purl>pkg:gem/{n}@{v}</purl></component>'
        for n, v in GEMS.items()
    )
    needs = "".join(
        f'<dependency ref="{ref}">{"".join(f"""<dependency ref="{one}"/>""" for one in of)}</dependency>'
        for ref, of in NEEDS.items()
    )
    return (
        '<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><metadata><component type="application" bom-ref="guichet">'
        f"<name>guichet</name></component></metadata><components>{inner}</components><dependencies>{needs}</dependencies></bom>"
    ).encode()


def spdx(**more) -> bytes:
    packages = [
        {
            "SPDXID": f"SPDXRef-{name}",
            "name": name,
            "versionInfo": version,
            "externalRefs": [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": f"pkg:gem/{name}@{version}",
                }
            ],
        }
        for name, version in {"guichet": "0", **GEMS}.items()
    ]
    relations = [
        {"spdxElementId": f"SPDXRef-{a}", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": f"SPDXRef-{b}"}
        for a, b in [("guichet", "rails"), ("guichet", "puma"), ("rails", "loofah")]
    ]
    # The same said backwards, and what is only contained.
    relations += [
        {
            "spdxElementId": "SPDXRef-nokogiri",
            "relationshipType": "RUNTIME_DEPENDENCY_OF",
            "relatedSpdxElement": "SPDXRef-loofah",
        },
        {
            "spdxElementId": "SPDXRef-guichet",
            "relationshipType": "CONTAINS",
            "relatedSpdxElement": "SPDXRef-nokogiri",
        },
        {
            "spdxElementId": "SPDXRef-DOCUMENT",
            "relationshipType": "DESCRIBES",
            "relatedSpdxElement": "SPDXRef-guichet",
        },
    ]
    head = {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "name": "guichet", "creationInfo": {}}
    return json.dumps(head | {"packages": packages, "relationships": relations} | more).encode()


def tags() -> bytes:
    told = [
        "SPDXVersion: SPDX-2.3",
        "DocumentName: guichet",
        "Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-guichet",
    ]
    for name, version in {"guichet": "0", **GEMS}.items():
        told += [f"PackageName: {name}", f"SPDXID: SPDXRef-{name}", f"PackageVersion: {version}"]
        told += [f"ExternalRef: PACKAGE-MANAGER purl pkg:gem/{name}@{version}"]
        told += [f"Relationship: SPDXRef-{name} DEPENDS_ON SPDXRef-{one}" for one in NEEDS.get(name, ())]
    return "\n".join(told).encode()


def spdx3() -> bytes:
    graph: list[dict] = [{"type": "SpdxDocument", "spdxId": "d", "rootElement": ["s"]}]
    graph += [{"type": "software_Sbom", "spdxId": "s", "rootElement": ["guichet"]}]
    # Whose order says nothing.
    for name, of in NEEDS.items():
        graph.append({"type": "Relationship", "from": name, "relationshipType": "dependsOn", "to": of})
    for name, version in {"guichet": "0", **GEMS}.items():
        purl = f"pkg:gem/{name}@{version}"
        graph.append({"type": "software_Package", "spdxId": name, "name": name, "software_packageUrl": purl})
    return json.dumps({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph}).encode()


GEMFILE_LOCK = b"""GEM
  specs:
    loofah (2.0.0)
      nokogiri (>= 1.5.9)
    nokogiri (1.10.0)
    puma (5.0)
    rails (6.0.0)
      loofah (~> 2.0)

DEPENDENCIES
  puma
  rails (~> 6.0)
"""
YARN_LOCK = b"""# yarn lockfile v1
rails@6:
  version "6.0.0"
  dependencies:
    loofah "2"

loofah@2:
  version "2.0.0"
  dependencies:
    nokogiri "1"

nokogiri@1:
  version "1.10.0"
"""

FORMATS = {
    "CycloneDX": (cyclonedx(), "bom.json"),
    "CycloneDX XML": (xml(), "bom.xml"),
    "SPDX": (spdx(), "bom.spdx.json"),
    "SPDX of GitHub": (json.dumps({"sbom": json.loads(spdx())}).encode(), "github.json"),
    "SPDX, described apart": (spdx(documentDescribes=["SPDXRef-guichet"]), "bom.spdx.json"),
    "SPDX tag-value": (tags(), "bom.spdx"),
    "SPDX 3": (spdx3(), "bom.jsonld"),
    "Gemfile.lock": (GEMFILE_LOCK, "Gemfile.lock"),
    # A scanner lists the lock file itself, between what it looked at and what it found.
    "CycloneDX of trivy": (
        cyclonedx(
            {"guichet": ["lock"], "lock": ["rails", "puma"], "rails": ["loofah"], "loofah": ["nokogiri"]},
            [{"type": "application", "bom-ref": "lock", "name": "Gemfile.lock"}],
        ),
        "bom.json",
    ),
}


@pytest.fixture
def product(world, tmp_path):
    feed(world, tmp_path, FLAW)
    return world.filled(name="Guichet")


def read(world, product, content: bytes, name: str):
    """The ways to nokogiri, and by what each package came, once the file is the SBOM of the product's web component."""
    web = component(world, product, "web")
    bring(world, product, web, content, name)
    with world.session(writing=False) as session:
        found = ways_to(session, matching.matches_of(session, [product.id])[product.id])
        bringers = {
            plain_name(use.package): use.brought_by
            for package in ("rails", "loofah", "nokogiri", "puma")
            for use in queries.find_users(session, f"pkg:gem/{package}")
            if use.embedded
        }
    return list(found.values()), bringers


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_tells_by_which_import_a_package_came(world, product, kind):
    ((shown, others),), bringers = read(world, product, *FORMATS[kind])
    assert (shown, others) == ((("rails", "loofah", "nokogiri"),), 0)
    assert bringers == {"rails": "rails", "loofah": "rails", "nokogiri": "rails", "puma": "puma"}


def test_what_only_development_imports_is_for_development(world, product):
    told = json.loads(spdx())
    for one in told["relationships"]:
        if one["relationshipType"] == "DEPENDS_ON" and one["relatedSpdxElement"] == "SPDXRef-rails":
            one |= {
                "spdxElementId": "SPDXRef-rails",
                "relationshipType": "DEV_DEPENDENCY_OF",
                "relatedSpdxElement": "SPDXRef-guichet",
            }
    read(world, product, json.dumps(told).encode(), "bom.spdx.json")
    with world.session(writing=False) as session:
        (match,) = matching.matches_of(session, [product.id])[product.id]
        aside = {
            use.package: use.development
            for name in ("rails", "loofah", "puma")
            for use in queries.find_users(session, f"pkg:gem/{name}")
            if use.embedded
        }
    assert match.development
    assert aside == {"pkg:gem/rails": True, "pkg:gem/loofah": True, "pkg:gem/puma": False}


def test_what_runs_stays_so_in_a_list_that_tells_no_imports(world, product):
    """Nothing is imported for sure where the whole needs all that is needed; what it needs to run is held all the same."""
    told = json.loads(spdx())
    pairs = [("rails", "loofah"), ("rails", "nokogiri")]
    told["relationships"] = [
        {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-guichet"},
        *(
            {
                "spdxElementId": "SPDXRef-guichet",
                "relationshipType": "DEPENDS_ON",
                "relatedSpdxElement": f"SPDXRef-{to}",
            }
            for to in ("loofah", "nokogiri", "puma")
        ),
        {
            "spdxElementId": "SPDXRef-rails",
            "relationshipType": "DEV_DEPENDENCY_OF",
            "relatedSpdxElement": "SPDXRef-guichet",
        },
        *(
            {"spdxElementId": f"SPDXRef-{a}", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": f"SPDXRef-{b}"}
            for a, b in pairs
        ),
    ]
    _, bringers = read(world, product, json.dumps(told).encode(), "bom.spdx.json")
    assert bringers["puma"] == ""
    with world.session(writing=False) as session:
        (match,) = matching.matches_of(session, [product.id])[product.id]
    assert match.counts, "it runs, whatever development needs too"


def test_what_a_lock_holds_and_nothing_needs_is_imported(world, product):
    web = component(world, product, "web")
    bring(world, product, web, YARN_LOCK, "yarn.lock")
    with world.session(writing=False) as session:
        told = {
            name: (use.imported, use.brought_by)
            for name in ("rails", "nokogiri")
            for use in queries.find_users(session, f"pkg:npm/{name}")
        }
    assert told == {"rails": (True, "rails"), "nokogiri": (False, "rails")}


# Files that list what they hold: nobody knows what is imported, nor by what the rest came.
FLAT = {
    "nothing told": cyclonedx({}),
    "all under the whole": cyclonedx({"guichet": list(GEMS)}),
    "all under the whole, and more": cyclonedx({"guichet": list(GEMS), "rails": ["loofah"], "loofah": ["nokogiri"]}),
    "a flat lock file beside a system": cyclonedx(
        {"guichet": ["os", *GEMS], "os": ["glibc"], "glibc": ["zlib"]},
        [library("glibc", "2"), library("zlib", "1"), {"type": "operating-system", "bom-ref": "os", "name": "debian"}],
    ),
    "a flat lock file beside another": cyclonedx(
        {"guichet": ["a", "b"], "a": list(GEMS), "b": ["django"], "django": ["asgiref"]},
        [
            *({"type": "application", "bom-ref": name, "name": f"{name}.lock"} for name in "ab"),
            library("django", "5"),
            library("asgiref", "3"),
        ],
    ),
    "of what nobody knows": cyclonedx({"guichet": ["autre"], "encore": ["nokogiri"]}),
}


@pytest.mark.parametrize("kind", FLAT)
def test_a_list_says_nothing_of_imports(world, product, kind):
    ways, bringers = read(world, product, FLAT[kind], "bom.json")
    assert not any(brought == name for name, brought in bringers.items())
    assert not bringers["rails"]
    if kind != "all under the whole, and more":
        assert (ways, set(bringers.values())) == ([], {""})


def test_what_no_import_leads_to_came_by_the_first_of_its_chain(world, product):
    needs = {"guichet": ["puma"], "puma": ["rack"], "rails": ["loofah"], "loofah": ["nokogiri"]}
    ((shown, _),), bringers = read(world, product, cyclonedx(needs, [library("rack", "3.0")]), "bom.json")
    assert shown == (("rails", "loofah", "nokogiri"),)
    assert bringers == {"rails": "", "loofah": "rails", "nokogiri": "rails", "puma": "puma"}


def test_what_a_system_holds_is_no_import(world, product):
    needs = {"guichet": ["os"], "os": ["rails"], "rails": ["nokogiri"]}
    system = {"type": "operating-system", "bom-ref": "os", "name": "debian", "version": "12"}
    _, bringers = read(world, product, cyclonedx(needs, [system]), "bom.json")
    assert bringers == {"rails": "", "loofah": "", "nokogiri": "rails", "puma": ""}


def test_the_pages_tell_it(world, product):
    read(world, product, *FORMATS["CycloneDX"])
    team = world.visitor(world.person())
    page = team.get(f"/produits/{product.slug}/failles")
    assert "par : rails → loofah → nokogiri" in page.text
    person = world.person("incubateur@exemple.test", "Maxime Garcia")
    world.give(person, Role.INCUBATOR_MEMBER, incubator_id=world.reload(product.slug).incubators[0].id)
    member = world.visitor(person)

    def found(package: str) -> str:
        return " ".join(member.get(f"/qui-utilise?q={package}").text.split())

    assert "notamment par rails" in found(NOKOGIRI)
    assert "importé directement" in found("pkg:gem/puma")
    bring(world, product, component(world, product, "web"), FLAT["nothing told"])
    assert "on ne sait pas par quel import" in found(NOKOGIRI)
    assert "par : rails" not in team.get(f"/produits/{product.slug}/failles").text


def test_many_ways_are_counted(world, product):
    gems = {f"gem-{n}": "1" for n in range(5)}
    needs = {"guichet": [*gems], **{name: ["nokogiri"] for name in gems}}
    web = component(world, product, "web")
    bring(world, product, web, cyclonedx(needs, [library(*gem) for gem in gems.items()]))
    with world.session(writing=False) as session:
        ((_, ways),) = ways_to(session, matching.matches_of(session, [product.id])[product.id]).items()
    assert (len(ways.shown), ways.others) == (3, 2)
    page = world.visitor(world.person()).get(f"/produits/{product.slug}/failles")
    assert "et par 2 autres imports" in page.text


def test_the_export_says_who_needs_whom(world, product):
    read(world, product, *FORMATS["CycloneDX"])
    with world.session(writing=False) as session:
        written = json.loads(exports.inventory_bom(session, product))
    told = {one["ref"]: one["dependsOn"] for one in written["dependencies"]}
    assert {"web/pkg:gem/puma@5.0", "web/pkg:gem/rails@6.0.0"} <= set(told["web"])
    assert told["web/pkg:gem/loofah@2.0.0"] == ["web/pkg:gem/nokogiri@1.10.0"]
    refs = {c["bom-ref"] for top in written["components"] for c in (top, *top.get("components", ()))}
    refs |= {s["bom-ref"] for s in written.get("services", ())}
    assert {ref for one in written["dependencies"] for ref in (one["ref"], *one["dependsOn"])} <= refs


def test_a_file_imported_before_its_needs_were_kept_is_read_again(world, product):
    read(world, product, *FORMATS["CycloneDX"])
    with world.database.writing() as session:
        session.execute(delete(SbomGraph))
        session.execute(PackageUse.__table__.update().values(bringer_id=None))
    _, bringers = read(world, product, *FORMATS["CycloneDX"])
    assert bringers["nokogiri"] == "rails"
    assert bring(world, product, component(world, product, "web"), FORMATS["CycloneDX"][0]).unchanged
    with world.session(writing=False) as session:
        assert len(session.scalars(select(SbomGraph.sbom_id)).all()) == 1
