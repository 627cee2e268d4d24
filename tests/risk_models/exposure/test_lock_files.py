"""Lock files in use: each gives its packages with their versions, development apart; nothing of a folder or an archive."""

import contextlib
from xml.etree.ElementTree import ParseError

import pytest
from defusedxml.common import DefusedXmlException
from hypothesis import given
from hypothesis import strategies as st

from risk_models.exposure.lock_files import reader_of
from tests.conftest import REAL_DATA
from tests.fuzzing import tries

REPORTS = REAL_DATA / "field-reports"

# By name, its text, and what it holds: package, version, development.
LOCKS = {
    "bun.lock": (
        """{
  "lockfileVersion": 1, // un commentaire
  "packages": {
    "is-odd": ["is-odd@3.0.1", "", { "dependencies": { "is-number": "^6.0.0" } }, "sha512-BB=="],
    "@vue/core": ["@vue/core@1.2.3", "", {}, "sha512-//=="],
    "alias": ["lodash@npm:lodash@4.17.15", "", {}, ""],
    "depot": ["depot@github:a/b#c", {}, ""],
    "chez-nous": ["chez-nous@workspace:paquets/a"],
  },
}""",
        {("npm/is-odd", "3.0.1"), ("npm/%40vue/core", "1.2.3"), ("npm/lodash", "4.17.15"), ("npm/depot", "")},
    ),
    "yarn.lock": (
        """# yarn lockfile v1
"jquery@^3.4.0":
  "integrity" "sha512-AA=="
  "version" "3.4.0"

a@^1.0.0, "autre-a@npm:a@^1.0.0":
  version "1.4.5"
  dependencies:
    version "9"

"b@npm:@portee/vrai@6.0.0":
  version "6.0.0"
""",
        {("npm/jquery", "3.4.0"), ("npm/a", "1.4.5"), ("npm/%40portee/vrai", "6.0.0")},
    ),
    "package-lock.json": (
        """{"lockfileVersion": 1, "dependencies": {
  "alias": {"version": "npm:lodash@4.17.15"}, "depot": {"version": "git+ssh://git@a.test/b.git#c"},
  "dossier": {"version": "file:../b"}, "essai": {"version": "1.0.0", "dev": true,
  "dependencies": {"dedans": {"version": "2.0.0"}}}}}""",
        {
            ("npm/lodash", "4.17.15"),
            ("npm/depot", ""),
            ("npm/dossier", ""),
            ("npm/essai", "1.0.0", True),
            ("npm/dedans", "2.0.0"),
        },
    ),
    "pnpm-lock.yaml": (
        """---
packages:
  pnpm@12.0.0: {resolution: {integrity: sha512-AA}}
---
packages:
  lib@https://codeload.a.test/lib/tar.gz/0848: {resolution: {tarball: https://codeload.a.test/x}, version: 2.0.1}
  '@a/prive@git+ssh://git@a.test/b.git#c': {resolution: {repo: git@a.test:b.git, type: git}, version: 1.0.0}
  /ancien/1.1.0_pair@2.0.0: {resolution: {integrity: sha512-BB}, dev: true}
  registre.exemple.test/autre/1.3.0: {resolution: {integrity: sha512-CC}}
  '@b/c@3.0.0(d@4.0.0)': {resolution: {integrity: sha512-DD}}
  file:../dossier: {name: dossier, version: 0.0.0}
""",
        {
            ("npm/pnpm", "12.0.0"),
            ("npm/lib", "2.0.1"),
            ("npm/%40a/prive", "1.0.0"),
            ("npm/ancien", "1.1.0", True),
            ("npm/autre", "1.3.0"),
            ("npm/%40b/c", "3.0.0"),
            ("npm/dossier", "0.0.0"),
        },
    ),
    "Pipfile.lock": (
        """{"default": {"django": {"version": "==4.2.1"}, "depot": {"git": "https://a.test/b"}},
 "develop": {"pytest": {"version": "==8.0.0"}}, "prod": {"gunicorn": {"version": "==20.1.0"}}, "_meta": {}}""",
        {("pypi/django", "4.2.1"), ("pypi/depot", ""), ("pypi/pytest", "8.0.0", True), ("pypi/gunicorn", "20.1.0")},
    ),
    "pylock.toml": (
        """lock-version = "1.0"
[[packages]]
name = "django"
version = "4.2.1"
[[packages]]
name = "chez-nous"
directory = { path = "." }
""",
        {("pypi/django", "4.2.1")},
    ),
    "requirements-essai.txt": (
        """Jinja2==3.0.0#un commentaire
foo==1.0 --config-settings "a=b"
bar==2.0 -C x
-r autre.txt
baz>=1
""",
        {("pypi/Jinja2", "3.0.0"), ("pypi/foo", "1.0"), ("pypi/bar", "2.0"), ("pypi/baz", "")},
    ),
    "packages.lock.json": (
        """{"version": 2, "dependencies": {"net8.0": {"Newtonsoft.Json": {"type": "Direct", "resolved": "12.0.3"},
 "chez.nous": {"type": "Project"}}}}""",
        {("nuget/Newtonsoft.Json", "12.0.3")},
    ),
    "gradle.lockfile": (
        """# un commentaire
org.apache.logging.log4j:log4j-core:2.14.1=compileClasspath,runtimeClasspath
org.junit:junit:5.0=testCompileClasspath,testRuntimeClasspath
empty=annotationProcessor
""",
        {("maven/org.apache.logging.log4j/log4j-core", "2.14.1"), ("maven/org.junit/junit", "5.0", True)},
    ),
    "pom.xml": (
        """<project xmlns="http://maven.apache.org/POM/4.0.0"><parent><groupId>fr.exemple</groupId><version>2.0</version></parent>
<artifactId>guichet</artifactId><properties><v>1.7.25</v></properties>
<dependencyManagement><dependencies>
<dependency><groupId>log4j</groupId><artifactId>log4j-core</artifactId><version>2.14.1</version></dependency>
<dependency><groupId>org.postgresql</groupId><artifactId>postgresql</artifactId><version>42.2.10</version></dependency>
</dependencies></dependencyManagement><dependencies>
<dependency><groupId>org.postgresql</groupId><artifactId>postgresql</artifactId></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId><version>${v}</version></dependency>
<dependency><groupId>${project.groupId}</groupId><artifactId>commun</artifactId><version>${project.version}</version></dependency>
<dependency><groupId>a</groupId><artifactId>plage</artifactId><version>[1.0,2.0)</version></dependency>
<dependency><groupId>a</groupId><artifactId>essai</artifactId><version>1</version><scope>test</scope></dependency>
</dependencies><build><plugins><plugin><dependencies><dependency><groupId>a</groupId><artifactId>outil</artifactId>
<version>1</version></dependency></dependencies></plugin></plugins></build></project>""",
        {
            ("maven/org.postgresql/postgresql", "42.2.10"),
            ("maven/org.slf4j/slf4j-api", "1.7.25"),
            ("maven/fr.exemple/commun", "2.0"),
            ("maven/a/plage", ""),
            ("maven/a/essai", "1", True),
        },
    ),
    "go.sum": (
        """golang.org/x/crypto v0.0.0-20200622213623-75b288015ac9 h1:BB=
golang.org/x/crypto v0.45.0 h1:DD=
golang.org/x/crypto v0.46.0/go.mod h1:EE=
golang.org/x/net v0.9.0 h1:FF=
golang.org/x/net v0.10.0 h1:GG=
""",
        {("golang/golang.org/x/crypto", "v0.45.0"), ("golang/golang.org/x/net", "v0.10.0")},
    ),
    "go.mod": (
        """module exemple.fr/guichet
go 1.26
require golang.org/x/crypto v0.45.0 // indirect
require (
	a.test/b v1.0.0
	a.test/c v1.0.0
	a.test/d v1.0.0
	a.test/e v1.0.0
)
replace (
	a.test/b => a.test/fourche v1.0.1
	a.test/c v9.9.9 => a.test/autre v2.0.0
	a.test/d v1.0.0 => a.test/d v1.0.2
)
replace a.test/e => ../e
exclude a.test/b v0.9.0
""",
        {
            ("golang/golang.org/x/crypto", "v0.45.0"),
            ("golang/a.test/fourche", "v1.0.1"),
            ("golang/a.test/c", "v1.0.0"),
            ("golang/a.test/d", "v1.0.2"),
        },
    ),
    "mix.lock": (
        """%{"ancien": {:hex, :ancien, "0.0.1", "36a9", [:rebar], []},
  "phoenix": {:hex, :phoenix, "1.7.0", "hash", [:mix], [{:plug, "~> 1.0"}], "hexpm", "hash"},
  "a_nous": {:hex, :"autre-nom", "2.0.0", "hash", [:mix], [], "hexpm"},
  "depot": {:git, "https://a.test/b.git", "0123abc", []},
}
""",
        {("hex/ancien", "0.0.1"), ("hex/phoenix", "1.7.0"), ("hex/autre-nom", "2.0.0"), ("hex/depot", "")},
    ),
    "pubspec.lock": (
        """packages:
  camera_android: {dependency: "direct main", source: hosted, version: "0.10.8+15"}
  lints: {dependency: "direct dev", source: hosted, version: "3.0.0"}
  flutter: {dependency: "direct main", source: sdk, version: "0.0.0"}
""",
        {("pub/camera_android", "0.10.8+15"), ("pub/lints", "3.0.0", True)},
    ),
    "Podfile.lock": (
        """PODS:
  - Alamofire (5.4.3)
  - Pin/Core (3.0.3):
    - Pin/Autre (= 3.0.3)
  - Pin/Autre (3.0.3)
DEPENDENCIES:
  - Alamofire
""",
        {("cocoapods/Alamofire", "5.4.3"), ("cocoapods/Pin", "3.0.3")},
    ),
    "Package.resolved": (
        """{"version": 2, "pins": [
 {"identity": "alamofire", "location": "https://github.com/Alamofire/Alamofire.git", "state": {"version": "5.4.3"}},
 {"identity": "b", "location": "git@github.com:a/b.git", "state": {"branch": "main"}}]}""",
        {("swift/github.com/Alamofire/Alamofire", "5.4.3"), ("swift/github.com/a/b", "")},
    ),
    "conan.lock": (
        """{"version": "0.5", "requires": ["zlib/1.2.11#rev%1.0"], "build_requires": [["cmake/3.20#rev", {"id": ["prev"]}]]}""",
        {("conan/zlib", "1.2.11"), ("conan/cmake", "3.20", True)},
    ),
    "composer.lock": (
        """{"packages": [{"name": "laravel/framework", "version": "v10.0.0"}],
 "packages-dev": [{"name": "phpunit/phpunit", "version": "10.1"}]}""",
        {("composer/laravel/framework", "v10.0.0"), ("composer/phpunit/phpunit", "10.1", True)},
    ),
}


def read(name: str, text: str):
    return {
        (locked.purl.removeprefix("pkg:"), str(locked.version or ""), *([True] if locked.development else []))
        for locked in reader_of(name)(text, lambda *_: None)
    }


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_gives_its_packages(name):
    text, expected = LOCKS[name]
    assert read(name, text) == expected


def test_what_is_no_lock_file_has_no_reader():
    assert {reader_of(name) for name in ("package.json", "Gemfile", "pylock.txt", "x.requirements.md")} == {None}


IN_REPORTS = {
    "16-locks/Pipfile.lock": {("pypi/django", "4.2.1"), ("pypi/pytest", "8.0.0", True)},
    "16-locks/bun.lock": {("npm/is-number", "6.0.0"), ("npm/is-odd", "3.0.1"), ("npm/lodash", "4.17.15")},
    "16-locks/gradle.lockfile": {("maven/org.apache.logging.log4j/log4j-core", "2.14.1")},
    "16-locks/packages.lock.json": {("nuget/Newtonsoft.Json", "12.0.3")},
    "16-locks/pylock.toml": {("pypi/django", "4.2.1")},
    "02-pnpm-git/pnpm-lock.yaml": {("npm/libsignal", "2.0.1"), ("npm/outil-prive", "2.0.1"), ("npm/lodash", "4.17.15")},
    "02-pnpm12/pnpm-lock.yaml": {
        ("npm/%40pnpm/exe", "12.0.0"),
        ("npm/pnpm", "12.0.0"),
        ("npm/is-number", "6.0.0"),
        ("npm/is-odd", "3.0.1"),
        ("npm/lodash", "4.17.15"),
    },
    "20-go/go.sum": {("golang/golang.org/x/crypto", "v0.45.0")},
    "20-go/go.mod": {("golang/golang.org/x/crypto", "v0.45.0")},
    "29-yarn-quoted/yarn.lock": {("npm/jquery", "3.4.0"), ("npm/lodash", "4.17.15")},
    "30-pom-managed/pom.xml": {("maven/org.postgresql/postgresql", "42.2.10"), ("maven/org.slf4j/slf4j-api", "1.7.25")},
    "32-npm-alias-v1/package-lock.json": {("npm/lodash", "4.17.15")},
}


PROFILES = """<project><groupId>fr.exemple</groupId><artifactId>a</artifactId><version>1.0</version>
<properties><v>2.14.1</v></properties>
<dependencyManagement><dependencies><dependency><groupId>m</groupId><artifactId>m</artifactId><version>1.0</version></dependency>
<dependency><groupId>m</groupId><artifactId>m</artifactId><type>test-jar</type><version>9</version></dependency>
</dependencies></dependencyManagement>
<dependencies><dependency><groupId>l</groupId><artifactId>l</artifactId><version>${v}</version></dependency>
<dependency><groupId>m</groupId><artifactId>m</artifactId></dependency>
<dependency><groupId>s</groupId><artifactId>s</artifactId><version>${ailleurs}</version></dependency></dependencies>
<build><plugins><plugin><configuration><properties><v>9.9.9</v></properties></configuration></plugin></plugins></build>
<profiles><profile><properties><v>2.20.0</v><ailleurs>3</ailleurs></properties>
<dependencyManagement><dependencies><dependency><groupId>m</groupId><artifactId>m</artifactId><version>2.0</version></dependency>
</dependencies></dependencyManagement>
<dependencies><dependency><groupId>p</groupId><artifactId>p</artifactId><version>${v}</version></dependency></dependencies>
</profile>MORE</profiles></project>"""
ALWAYS = "<profile><activation><activeByDefault>true</activeByDefault></activation><properties><v>2.17.1</v></properties></profile>"


def test_what_a_profile_says_is_not_said_of_the_project():
    of_profile = {("maven/s/s", ""), ("maven/m/m", "1.0"), ("maven/p/p", "2.20.0")}
    assert read("pom.xml", PROFILES.replace("MORE", "")) == {("maven/l/l", "2.14.1"), *of_profile}
    assert read("pom.xml", PROFILES.replace("MORE", ALWAYS)) == {("maven/l/l", "2.17.1"), *of_profile}


def test_an_archive_within_the_repository_is_what_others_made():
    told = """__metadata: {version: 8}
"xlsx@file:./vendor/xlsx-0.18.5.tgz::locator=app%40workspace%3A.": {version: 0.18.5}
"ici@file:./libs/ici#./libs/ici::hash=1&locator=app%40workspace%3A.": {version: 0.0.0}
"""
    assert read("yarn.lock", told) == {("npm/xlsx", "0.18.5")}


def test_a_module_in_quotes_is_read_and_an_old_list_told_as_partial():
    noted = []
    told = 'module m\ngo 1.15\nrequire "a.test/b" v1.2.3\n'
    (found,) = reader_of("go.mod")(told, lambda *said: noted.append(said))
    assert (found.purl, found.version, noted) == ("pkg:golang/a.test/b", "v1.2.3", [("direct_only", "a.test/b")])


@pytest.mark.skipif(not REPORTS.is_dir(), reason="the folder of real data is not beside this checkout")
@pytest.mark.parametrize("path", IN_REPORTS)
def test_a_lock_file_of_a_report_gives_its_packages(path):
    assert read(path.rpartition("/")[2], (REPORTS / path).read_text()) == IN_REPORTS[path]


# What a reader may raise, as `Pairs` says.
REFUSALS = (ValueError, KeyError, TypeError, AttributeError, RecursionError, ParseError, DefusedXmlException)


@tries(usual=200, fuzz=5_000)
@given(st.sampled_from(sorted(LOCKS)), st.integers(0, 900), st.text(max_size=6), st.integers(0, 40))
def test_a_damaged_lock_file_is_read_or_refused(name, at, text, without):
    whole = LOCKS[name][0]
    damaged = whole[:at] + text + whole[at + without :]
    with contextlib.suppress(*REFUSALS):
        read(name, damaged)


# Files that tell development apart by what the team imports for it: what that alone leads to.
ASIDE = {
    "pnpm-lock.yaml": (
        """importers:
  .: {dependencies: {a: {version: 1.0.0}}, devDependencies: {d: {version: 1.0.0(e@1.0.0)}}}
packages: {a@1.0.0: {}, b@1.0.0: {}, d@1.0.0: {peerDependenciesMeta: {a: {optional: true}}}, e@1.0.0: {}}
snapshots:
  a@1.0.0: {dependencies: {b: 1.0.0}}
  d@1.0.0(e@1.0.0): {dependencies: {b: 1.0.0, e: 1.0.0, a: 1.0.0}}
""",
        {"npm/d", "npm/e"},
    ),
    "bun.lock": (
        """{"workspaces": {"": {"dependencies": {"a": "1"}, "devDependencies": {"d": "1"}}}, "packages": {
 "a": ["a@1.0.0", "", {"dependencies": {"b": "1"}}], "b": ["b@1.0.0", "", {}],
 "d": ["d@1.0.0", "", {"dependencies": {"b": "1", "e": "1"}}], "e": ["e@1.0.0", "", {}]}}""",
        {"npm/d", "npm/e"},
    ),
    "uv.lock": (
        """[manifest.dependency-groups]
outils = [{ name = "ruff" }]
[[package]]
name = "guichet"
version = "0.1"
source = { editable = "." }
dependencies = [{ name = "a" }]
[package.optional-dependencies]
plus = [{ name = "p" }]
[package.dev-dependencies]
dev = [{ name = "d" }]
prod = [{ name = "g" }]
[[package]]
name = "chez-nous"
version = "0.1"
source = { directory = "libs/chez-nous" }
"""
        + "".join(f'[[package]]\nname = "{name}"\nversion = "1.0"\n' for name in ("a", "d", "g", "p", "ruff")),
        {"pypi/d", "pypi/ruff"},
    ),
    "poetry.lock": (
        "".join(
            f'[[package]]\nname = "{name}"\nversion = "1"\ngroups = {groups}\n'
            for name, groups in (
                ("a", '["main", "dev"]'),
                ("d", '["dev"]'),
                ("w", '["worker"]'),
                ("t", '["dev", "test"]'),
            )
        ),
        {"pypi/d", "pypi/t"},
    ),
    "gradle.lockfile": (
        "a:b:1=runtimeClasspath,testRuntimeClasspath\na:c:1=jacocoAgent,jacocoAnt\na:d:1=integrationTestRuntimeClasspath\n",
        {"maven/a/c", "maven/a/d"},
    ),
}


@pytest.mark.parametrize("name", ASIDE)
def test_what_development_alone_wants_is_told_apart(name):
    text, expected = ASIDE[name]
    found = list(reader_of(name)(text, lambda *_: None))
    assert {one.purl.removeprefix("pkg:") for one in found if one.development} == expected
    assert "pkg:pypi/chez-nous" not in {one.purl for one in found}
