"""SBOM and lock files as they are read: what each gives, what is odd, what is refused."""

import io
import json

import pytest

from app.packages.importers import open_reading
from app.packages.importers.reading import UnreadableSbom
from tests.conftest import REAL_DATA
from tests.factories.advisories import LOG4J
from tests.factories.boms import BOMS, LIBRARY, REFUSED, bom
from tests.fuzzing import damaged

CORE = (LOG4J, "2.14.1")
EXPECTED = {
    "application.cdx.json": {
        CORE,
        ("pkg:maven/org.apache.logging.log4j/log4j-api", "2.14.1"),
        ("pkg:maven/log4j/log4j", "1.2.17"),
        ("pkg:generic/maison", "3"),
    },
    "application.cdx.xml": {CORE, ("pkg:generic/maison", "3")},
    "application.spdx.json": {CORE, ("pkg:generic/maison", "3")},
    "package-lock.json": {
        ("pkg:npm/lodash", "4.17.20"),
        ("pkg:npm/lodash", "3.10.1"),
        ("pkg:npm/%40angular/core", "17.0.1"),
    },
    "yarn.lock": {("pkg:npm/lodash", "4.17.20"), ("pkg:npm/%40angular/core", "17.0.1")},
    "pnpm-lock.yaml": {("pkg:npm/lodash", "4.17.20"), ("pkg:npm/%40angular/core", "17.0.1")},
    "poetry.lock": {("pkg:pypi/django", "4.0.5"), ("pkg:pypi/psycopg2-binary", "2.9.9")},
    "uv.lock": {("pkg:pypi/django", "4.0.5")},
    "requirements.txt": {
        ("pkg:pypi/django", "4.0.5"),
        ("pkg:pypi/psycopg2-binary", "2.9.9"),
        ("pkg:pypi/requests", ""),
    },
    "Gemfile.lock": {("pkg:gem/nokogiri", "1.15.4"), ("pkg:gem/rails", "7.0.4")},
    "composer.lock": {("pkg:composer/symfony/http-kernel", "v5.4.19"), ("pkg:composer/phpunit/phpunit", "9.6.0")},
    "pom.xml": {CORE, ("pkg:maven/org.springframework/spring-beans", "")},
    "go.sum": {("pkg:golang/golang.org/x/net", "v0.6.0")},
    "Cargo.lock": {("pkg:cargo/serde", "1.0.190")},
}


def read(content: bytes, name: str):
    reading = open_reading(io.BytesIO(content), name)
    return reading, {(carried.package, carried.version) for carried in reading.packages}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_format_gives_its_packages(name):
    assert read((BOMS / name).read_bytes(), name)[1] == EXPECTED[name]


PACKAGES = [
    {"name": "log4j-core", "version": "2.14.1", "purl": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"},
    {"name": "maison", "version": "1.0"},
]
LOG4J_OF_SPDX = {
    "referenceCategory": "PACKAGE-MANAGER",
    "referenceType": "purl",
    "referenceLocator": PACKAGES[0]["purl"],
}
SPDX = {
    "SPDXID": "SPDXRef-DOCUMENT",
    "name": "guichet",
    "packages": [
        {"SPDXID": "a", "name": "log4j-core", "versionInfo": "2.14.1", "externalRefs": [LOG4J_OF_SPDX]},
        {"SPDXID": "b", "name": "maison", "versionInfo": "1.0"},
    ],
}
CYCLONEDX = {"specVersion": "1.6", "components": PACKAGES}
SPDX3 = [
    {"type": "CreationInfo", "specVersion": "3.0.1", "created": "2026-11-02T08:00:00Z"},
    {"type": "software_File", "name": "a.jar"},
    {"type": "software_Package", "name": "log4j-core", "software_packageVersion": "2.14.1"}
    | {"software_packageUrl": PACKAGES[0]["purl"]},
    {"type": "software_Package", "name": "maison", "software_packageVersion": "1.0", "externalIdentifier": []},
]
TAGS = f"""SPDXVersion: SPDX-2.3
DocumentName: guichet
Created: 2026-11-02T08:00:00Z
PackageName: log4j-core
PackageVersion: 2.14.1
PackageComment: <text>sur
PackageName: deux lignes</text>
ExternalRef: PACKAGE-MANAGER purl {PACKAGES[0]["purl"]}
PackageName: maison
PackageVersion: 1.0
FileName: ./a.jar
"""
# Whatever stands first, and whatever surrounds it: GitHub's export, Microsoft's order of keys, an attestation.
WRITTEN = {
    "spdx, its version last": json.dumps(SPDX | {"spdxVersion": "SPDX-2.3"}),
    "spdx, wrapped": json.dumps({"sbom": SPDX | {"spdxVersion": "SPDX-2.3"}}),
    "spdx, attested": json.dumps({"predicateType": "x", "predicate": SPDX | {"spdxVersion": "SPDX-2.2"}}),
    "spdx, far from its beginning": json.dumps({"comment": "x" * 200_000} | SPDX | {"spdxVersion": "SPDX-2.2"}),
    "cyclonedx, its name last": json.dumps(CYCLONEDX | {"bomFormat": "CycloneDX"}),
    "cyclonedx, attested": json.dumps({"predicate": CYCLONEDX | {"bomFormat": "CycloneDX"}}),
    "cyclonedx that speaks of spdx": json.dumps(
        CYCLONEDX | {"bomFormat": "CycloneDX", "properties": [{"name": "spdxVersion", "value": "SPDX-2.3"}]}
    ),
    "cyclonedx, made of parts": json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "metadata": {"component": {"name": "g", "components": PACKAGES}},
        }
    ),
    "spdx 3": json.dumps({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": SPDX3}),
    "spdx, tags": TAGS,
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_format_is_told_from_the_whole_file(kind):
    reading, found = read(WRITTEN[kind].encode(), "sbom.json")
    assert found == {CORE, ("pkg:generic/maison", "1.0")}
    assert reading.format.startswith(
        kind.partition(",")[0].partition(" ")[0].replace("cyclonedx", "CycloneDX").replace("spdx", "SPDX")
    )


def test_files_and_the_system_are_no_packages():
    listed = [
        {"type": "file", "name": "/etc/passwd"},
        {"type": "operating-system", "name": "debian", "version": "12"},
        {"type": "library", "name": "maison", "version": "1.0"},
    ]
    content = json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": listed})
    reading, found = read(content.encode(), "sbom.json")
    assert found == {("pkg:generic/maison", "1.0")} and reading.odd["no_package"] == (2, "/etc/passwd")
    xml = "".join(
        f'<component type="{c["type"]}"><name>{c["name"]}</name><version>{c.get("version", "")}</version></component>'
        for c in listed
    )
    whole = f'<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><metadata><component type="application"><name>g</name><components>{xml}</components></component></metadata></bom>'
    reading, found = read(whole.encode(), "sbom.xml")
    assert found == {("pkg:generic/maison", "1.0")} and reading.odd["no_package"] == (2, "/etc/passwd")


def test_a_bom_tells_its_date_its_services_and_what_was_odd():
    reading, _ = read((BOMS / "application.cdx.json").read_bytes(), "x.json")
    assert (reading.format, reading.describes) == ("CycloneDX 1.6 JSON", "guichet")
    assert reading.dated.isoformat() == "2026-03-02T10:00:00+00:00"
    assert [(s.name, s.provider, s.authenticated, s.data) for s in reading.services] == [
        ("Paiement", "Banque Exemple", True, ("PII",)),
        ("Antifraude", "", None, ()),
    ]
    assert reading.service_links == [("s1", "s2")]
    assert reading.odd == {"no_purl": (1, "maison")}


@pytest.mark.parametrize("code", REFUSED)
def test_what_cannot_be_read_is_refused_by_its_name(code):
    with pytest.raises(UnreadableSbom) as error:
        read(REFUSED[code], "fichier.json")
    assert error.value.code == code
    assert error.value.text("fr") != error.value.text("en")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("yarn.lock", b"__metadata:\n  version: 6\na: " + b"[" * 60_000 + b"]" * 60_000),
        (
            "yarn.lock",
            b"__metadata: {}\na: &a [x,x,x,x,x,x,x,x,x]\n"
            + b"".join(b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9)) for c in range(98, 108)),
        ),
        ("poetry.lock", b"a." * 200_000 + b"a=1"),
    ],
    ids=["deep", "aliases", "dotted"],
)
def test_a_lock_file_made_to_exhaust_is_refused(name, content):
    with pytest.raises(UnreadableSbom):
        read(content, name)


def test_what_would_grow_without_end_stays_small():
    pom = (
        b"<project><properties><a>"
        + b"x" * 100_000
        + b"</a></properties><dependencies><dependency><groupId>g</groupId><artifactId>b</artifactId><version>"
        + b"${a}" * 20_000
        + b"</version></dependency></dependencies></project>"
    )
    assert all(len(v) <= 500 for _, v in read(pom, "pom.xml")[1])
    endless = b"a==1\nb " + b"==1," * 200_000 + b"\n"
    assert read(endless, "requirements.txt")[0].odd["not_a_requirement"][0] == 1
    many = bom(services=[{"name": f"s{n}"} for n in range(2_000)])
    reading, _ = read(many, "x.json")
    assert (len(reading.services), reading.odd["too_many_services"][0]) == (500, 1_500)


def test_aliases_and_old_formats_name_the_real_package():
    assert read(b'mylodash@npm:lodash@^4:\n  version "4.17.21"\n', "yarn.lock")[1] == {("pkg:npm/lodash", "4.17.21")}
    old = b"packages:\n  /lodash/4.17.20: {}\n  /@babel/core/7.1.0: {}\n  /react-dom/17.0.2_react@17.0.2: {}\n"
    assert read(old, "pnpm-lock.yaml")[1] == {
        ("pkg:npm/lodash", "4.17.20"),
        ("pkg:npm/%40babel/core", "7.1.0"),
        ("pkg:npm/react-dom", "17.0.2"),
    }


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16-le"])
def test_xml_in_another_encoding_never_breaks_the_page(encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components/></bom>'
    try:
        read(text.encode(encoding), "x.xml")
    except UnreadableSbom as error:
        assert error.text("fr")


def test_a_date_that_no_calendar_shows_is_noted():
    assert "wrong_date" in read(bom(metadata={"timestamp": "9999-12-31T23:59:59Z"}), "x.json")[0].odd


ODD = {
    "wrong_purl": bom(components=[{**LIBRARY, "purl": "ceci n'est pas"}]),
    "duplicate_ref": bom(components=[LIBRARY, LIBRARY]),
    "unknown_ref": bom(components=[LIBRARY], dependencies=[{"ref": "a", "dependsOn": ["z"]}]),
    "date_without_zone": bom(metadata={"timestamp": "2026-03-02T10:00:00"}),
    "wrong_date": bom(metadata={"timestamp": "hier"}),
    "version_not_text": bom(components=[{**LIBRARY, "purl": None, "version": 1.5}]),
    "not_a_component": bom(components=[None, 3]),
    "no_name": bom(components=[{"type": "library"}]),
    "unknown_spec_version": bom(specVersion="9.9"),
    "not_a_boolean": bom(services=[{"name": "s", "authenticated": "false"}]),
    "not_a_service": bom(services=[{"description": "?"}]),
    "too_long": bom(components=[{**LIBRARY, "purl": "pkg:npm/" + "a" * 600 + "@1"}]),
}


@pytest.mark.parametrize("code", ODD)
def test_what_is_odd_is_counted_and_listed(code):
    reading, _ = read(ODD[code], "x.json")
    assert reading.odd[code][0] >= 1


def test_null_lists_cycles_and_a_byte_order_mark_are_read():
    cycle = [{"ref": "a", "dependsOn": ["b"]}, {"ref": "b", "dependsOn": ["a"]}]
    assert read(bom(components=None, services=None, dependencies=None), "x.json")[1] == set()
    both = bom(components=[LIBRARY, {**LIBRARY, "bom-ref": "b"}], dependencies=cycle)
    reading, packages = read(b"\xef\xbb\xbf" + both, "x.json")
    assert (packages, reading.odd) == ({("pkg:npm/a", "1")}, {})


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the folder of real data is not beside this checkout")
def test_the_specification_s_own_valid_files_all_import():
    files = sorted((REAL_DATA / "cyclonedx" / "specification").glob("*/valid-*"))
    assert len(files) > 100
    for file in files:
        read(file.read_bytes(), file.name)


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the folder of real data is not beside this checkout")
def test_the_specification_s_own_invalid_files_are_refused_or_say_so():
    files = sorted((REAL_DATA / "cyclonedx" / "specification").glob("*/invalid-*"))
    assert len(files) > 50
    for file in files:
        try:
            reading, _ = read(file.read_bytes(), file.name)
        except UnreadableSbom:
            continue
        assert {"not_in_schema", "unknown_spec_version"} & reading.odd.keys(), file.name


def test_a_file_outside_its_schema_is_read_and_says_what_is_wrong():
    reading, packages = read(bom(components=[{**LIBRARY, "type": "inconnu"}]), "x.json")
    assert packages == {("pkg:npm/a", "1")}
    assert reading.odd["not_in_schema"][0] == 1
    large = bom(components=[{**LIBRARY, "bom-ref": f"{n:0>1200}"} for n in range(5000)])
    assert read(large, "x.json")[0].odd.keys() == {"not_compared"}


@pytest.mark.parametrize("name", EXPECTED)
def test_damaged_files_are_read_or_refused_never_worse(name):
    for content in damaged((BOMS / name).read_bytes(), usual=400, fuzz=10_000):
        try:
            _, packages = read(content, name)
        except UnreadableSbom as error:
            assert error.text("fr")
        else:
            assert all(len(p) <= 500 and len(v) <= 100 and "\0" not in p + v for p, v in packages)


def test_requirements_are_known_by_what_they_hold():
    reading = open_reading(
        io.BytesIO(b"# de la base\nDjango==5.0\nasgiref[x]==3.8 \\\n    --hash=sha256:aa\n"), "base.txt"
    )
    assert [p.package for p in reading.packages] == ["pkg:pypi/django", "pkg:pypi/asgiref"]
    with pytest.raises(UnreadableSbom):
        open_reading(io.BytesIO(b"Bonjour ==\nDemandez la liste.\n"), "lettre.txt")


def test_a_lock_file_that_a_scanner_lists_is_no_package():
    lines = [{"type": "application", "bom-ref": "l", "name": "front/package-lock.json"}, LIBRARY]
    reading = open_reading(io.BytesIO(bom(components=lines)), "x.json")
    assert [p.package for p in reading.packages] == ["pkg:npm/a"]
    assert reading.odd["no_package"] == (1, "front/package-lock.json")


def test_xml_says_its_own_encoding():
    told = '<?xml version="1.0" encoding="UTF-16"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components>'
    told += '<component type="library"><name>é</name><purl>pkg:npm/a@1</purl></component></components></bom>'
    reading = open_reading(io.BytesIO(told.encode("utf-16")), "bom.xml")
    assert [one.package for one in reading.packages] == ["pkg:npm/a"]


@pytest.mark.parametrize("form", ["json", "tags"])
def test_a_system_and_a_lock_file_are_no_packages_in_spdx(form):
    parts = (("debian", "OPERATING-SYSTEM"), ("web/package-lock.json", "APPLICATION"), ("chez-nous", "APPLICATION"))
    if form == "json":
        packages = [{"SPDXID": f"SPDXRef-{n}", "name": n, "primaryPackagePurpose": p} for n, p in parts]
        content = json.dumps({"spdxVersion": "SPDX-2.3", "packages": packages})
    else:
        content = "SPDXVersion: SPDX-2.3\n" + "".join(
            f"PackageName: {n}\nSPDXID: SPDXRef-{n}\nPrimaryPackagePurpose: {p}\n" for n, p in parts
        )
    reading = open_reading(io.BytesIO(content.encode()), "bom")
    assert [one.package for one in reading.packages] == ["pkg:generic/chez-nous"]
    assert reading.odd["no_package"][0] == 2
