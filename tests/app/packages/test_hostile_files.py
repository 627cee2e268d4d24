"""Files made to cost much more than they weigh: each is read, or refused, in a time and a memory like its size."""

import io
import json
import re

import pytest

from app.feeds import services as feeds
from app.feeds.loading import UnreadableFeed, read_feed
from app.packages import matching, sboms, vex
from app.packages.importers import open_reading
from app.packages.importers.reading import UnreadableSbom
from app.packages.ways import ways_to
from risk_models.exposure.package_names import UnreadableName, split_purl
from tests.factories.boms import bom
from tests.factories.inventory import component
from tests.factories.packages import bring, feed

MANY = 200_000
SOME = 10_000


def nested_lock() -> str:
    inner = {f"a{n}": {"version": "1"} for n in range(SOME)}
    return json.dumps({"lockfileVersion": 1, "dependencies": {"x" * 800_000: {"version": "1", "dependencies": inner}}})


# By file, what it holds: packages, and pairs of who needs whom.
READ = {
    "package-lock.json": (nested_lock(), SOME, 0),
    "poetry.lock": ('[[package]]\nname="a"\nversion="1"\ndependencies=["a"]\n' * SOME, SOME, 1),
    "requirements.txt": ("a==1\n" * SOME + "b==1\n" + "    # via a\n" * SOME, SOME + 1, 1),
    "Gemfile.lock": ("GEM\n  specs:\n" + "    a (1)\n" * SOME + "      b\n" * SOME, SOME, 1),
    "pnpm-lock.yaml": (
        "packages:\n" + "".join(f"  a@1(x{n}): {{dependencies: {{a: '1'}}}}\n" for n in range(SOME)),
        SOME,
        1,
    ),
    "yarn.lock": (
        "# yarn lockfile v1\n" + 'a@1:\n  version "1"\n\n' * SOME + "  dependencies:\n" + '    a "1"\n' * SOME,
        SOME,
        1,
    ),
    "go.mod": ("module x\nreplace " + "=>" * MANY + " x y z\nrequire a.b/c v1.0.0\n", 1, 0),
}


@pytest.mark.parametrize("name", READ)
def test_what_repeats_itself_is_read_once(name):
    content, count, pairs = READ[name]
    reading = open_reading(io.BytesIO(content.encode()), name)
    found = list(reading.packages)
    assert len(found) == count
    assert len(set(zip(reading.needs.sources, reading.needs.targets, strict=True))) in {
        pairs,
        pairs - 1 if pairs else 0,
    }
    assert len(reading.needs.sources) <= pairs


REFUSED = {
    "poetry.lock": "".join(".".join(letter * 9_990) + "=1\n" for letter in "abcdefgh"),
    "bun.lock": '{"' + '\\"' * MANY,
    "gradle.lockfile": "a:b:" + "c" * MANY + " x\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_tried_again_and_again_is_refused(name):
    with pytest.raises(UnreadableSbom):
        list(open_reading(io.BytesIO(REFUSED[name].encode()), name).packages)


def test_comments_that_never_end_are_refused():
    with pytest.raises(UnreadableSbom):
        list(open_reading(io.BytesIO(b"{" + b"/* " * MANY), "bun.lock").packages)


def test_a_name_encoded_many_times_is_read_or_refused():
    try:
        split_purl("pkg:npm/%" + "25" * MANY + "41@1")
    except UnreadableName as error:
        assert str(error)


POMS = {
    "declared and written so": ('<?xml version="1.0" encoding="ISO-8859-1"?>', "latin-1"),
    "declared as another": ('<?xml version="1.0" encoding="UTF-16"?>', "utf-8"),
    "declared as none": ('<?xml version="1.0" encoding="rot13"?>', "utf-8"),
}


@pytest.mark.parametrize("how", POMS)
def test_a_pom_is_read_in_the_encoding_it_is_written_in(how):
    declared, encoding = POMS[how]
    body = (
        f"{declared}<project><!-- Sécurité --><dependencies><dependency><groupId>a</groupId><artifactId>b</artifactId>"
        "<version>1</version></dependency></dependencies></project>"
    )
    (found,) = open_reading(io.BytesIO(body.encode(encoding)), "pom.xml").packages
    assert found.package == "pkg:maven/a/b"


@pytest.fixture
def product(world):
    return world.filled(name="Guichet")


def test_a_long_way_is_told_by_its_ends(world, product, tmp_path):
    ranges = [{"type": "SEMVER", "events": [{"introduced": "0"}]}]
    feed(
        world, tmp_path, {"id": "X-1", "affected": [{"package": {"ecosystem": "npm", "name": "p99"}, "ranges": ranges}]}
    )
    lines = [
        {"type": "library", "bom-ref": f"p{n}", "name": f"p{n}", "purl": f"pkg:npm/p{n}@1.0.0"} for n in range(100)
    ]
    needs = [{"ref": "nous", "dependsOn": ["p0"]}, *({"ref": f"p{n}", "dependsOn": [f"p{n + 1}"]} for n in range(99))]
    whole = {"component": {"type": "application", "bom-ref": "nous", "name": "nous"}}
    bring(world, product, component(world, product, "web"), bom(components=lines, dependencies=needs, metadata=whole))
    with world.session(writing=False) as session:
        (ways,) = ways_to(session, matching.matches_of(session, [product.id])[product.id]).values()
    assert ways.shown == (("p0", "p1", "p2", "p3", "p4", "…", "p95", "p96", "p97", "p98", "p99"),)


HALVES = [
    {
        "@context": "https://openvex.dev/ns",
        "statements": [{"vulnerability": "GHSA-a", "status": "fixed", "products": ["x\ud800"]}],
    },
    {"bomFormat": "CycloneDX", "vulnerabilities": ["\ud800"]},
    {
        "bomFormat": "CycloneDX",
        "vulnerabilities": [
            {
                "id": "CVE-1",
                "analysis": {"state": "resolved", "detail": "x"},
                "affects": [{"ref": "pkg:npm/a@1", "versions": [{"range": "vers:npm/\ud800"}]}],
            }
        ],
    },
]


@pytest.mark.parametrize("document", HALVES)
def test_half_a_character_in_a_statement_is_shown_as_another(world, product, document):
    with world.session(writing=False) as session:
        preview = vex.preview_vex(session, product, json.dumps(document).encode())
        assert "\ud800" not in repr(preview).encode("utf-8", "strict").decode()


FEEDS = [
    {"catalogVersion": 1, "vulnerabilities": [{"cveID": "\ud800"}]},
    {"result": [{"name": "\ud800", "releases": [{"name": "1"}]}]},
    [{"cycle": "\ud800"}],
    [{"id": "\ud800", "withdrawn": "x"}],
]


@pytest.mark.parametrize("document", FEEDS)
def test_half_a_character_in_a_feed_is_kept_as_another(world, tmp_path, document):
    file = tmp_path / "feed.json"
    file.write_text(json.dumps(document))
    with world.session() as session:
        feeds.load_feed(session, None, read_feed(file))


def test_a_damaged_archive_is_refused_in_words(tmp_path):
    import gzip
    import zipfile

    zipped = tmp_path / "osv.zip"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", json.dumps({"id": "X", "affected": [], "details": "x" * 5_000}))
    content = bytearray(zipped.read_bytes())
    content[40:60] = b"\xff" * 20
    zipped.write_bytes(content)
    with pytest.raises(UnreadableFeed):
        read_feed(zipped)
    scores = tmp_path / "epss.csv.gz"
    content = bytearray(gzip.compress(b"cve,epss,percentile\n" + b"CVE-1,0.5,0.5\n" * 100))
    content[12] ^= 0xFF
    scores.write_bytes(content)
    with pytest.raises(UnreadableFeed):
        read_feed(scores)


def test_the_name_of_a_service_is_one_that_a_product_file_can_hold(world, product):
    lines = [{"name": "a\0b\u202ec\n", "provider": {"name": "x\0y"}}, {"name": "\u202e"}]
    bring(world, product, component(world, product, "web"), bom(services=lines))
    written = world.visitor(world.person()).get(f"/produits/{product.slug}/fichier.yaml").text
    assert "name: abc" in written and "supplier: xy" in written


def test_a_tag_of_a_million_characters_is_passed_over():
    long = b"PackageComment: " + b"a" * (1_000_000 - 17) + "éé".encode() + b"PackageName: fantome\n"
    text = b"SPDXVersion: SPDX-2.3\nPackageName: vrai\n" + long + b"PackageVersion: 1\n"
    (found,) = open_reading(io.BytesIO(text), "x.spdx").packages
    assert (found.package, found.version) == ("pkg:generic/vrai", "1")


def test_scores_that_begin_with_a_mark_are_read(tmp_path):
    (tmp_path / "epss.csv").write_text("\ufeffcve,epss,percentile\nCVE-2021-1,0.5,0.5\n", encoding="utf-8")
    assert read_feed(tmp_path / "epss.csv").rows == [{"cve": "CVE-2021-1", "score": 0.5}]


OTHERS = {
    "package-lock (1).json": (b'{"name": "a", "lockfileVersion": 3, "packages": {}}', "renamed_lock"),
    "package.json": (b'{"name": "a", "version": "1", "dependencies": {"b": "^1"}}', "package_json"),
    "syft.json": (b'{"artifacts": [], "artifactRelationships": [], "source": {}, "descriptor": {}}', "syft_json"),
    "trivy.json": (b'{"SchemaVersion": 2, "ArtifactName": "a", "Results": []}', "trivy_json"),
    "attestation.json": (b'{"payloadType": "application/vnd.in-toto+json", "payload": "e30="}', "envelope"),
    "autre.json": (b'{"bonjour": 1}', "unknown_format"),
    "poetry.lock": (b'[[package]]\nname = "a"\nversion = "1"\n[[package\n', "broken_lock"),
    "go.sum": (b"bonjour\n" * 9, "other_lock"),
    "pom.xml": (b"<project>\n<a>\n</project>", "broken_lock"),
    "package-lock.json": (b'{"a": 1,\n "b": }', "broken_lock"),
    "requirements.txt": (b"un mot\nun autre\ndes mots encore\nrien de tel ici\n", "other_lock"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_given_in_the_place_of_an_inventory_is_told_what_to_give(name):
    content, code = OTHERS[name]
    with pytest.raises(UnreadableSbom) as refusal:
        list(open_reading(io.BytesIO(content), name).packages)
    assert refusal.value.code == code
    said = refusal.value.text("fr")
    assert "None" not in said and not re.search(r"\b(line|expected|error|of)\b", said)


@pytest.mark.parametrize("path", ["composants/web/sbom", "failles/vex"])
def test_others_write_while_a_file_is_read(world, monkeypatch, path):
    product = world.filled(name="Guichet")
    team = world.visitor(world.person())
    written = []

    def reading(read):
        def read_while_others_write(*args):
            written.append(world.person("autre@exemple.test", "Camille Autre"))
            return read(*args)

        return read_while_others_write

    monkeypatch.setattr(sboms, "open_reading", reading(sboms.open_reading))
    monkeypatch.setattr(vex, "read_vex", reading(vex.read_vex))
    content = bom(components=[{"type": "library", "name": "a", "purl": "pkg:npm/a@1"}])
    answer = team.post(
        f"/produits/{product.slug}/{path}",
        {"file": (io.BytesIO(content), "bom.json")},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 200 and len(written) == 1
