"""Lock files that tell who needs whom: what the team imports, and what each of its imports brings."""

import pytest

from risk_models.exposure.lock_files import reader_of

# By name and format: its text, what it says to be imported, and who needs whom.
TOLD = {
    "package-lock.json, 3": (
        """{"lockfileVersion": 3, "packages": {
 "": {"dependencies": {"rails-ujs": "7"}, "devDependencies": {"essai": "1"}, "peerDependencies": {"pair": "1"}},
 "paquets/a": {"name": "chez-nous", "dependencies": {"haut": "1", "propre": "1"}},
 "paquets/a/node_modules/propre": {"version": "1.0.0"},
 "node_modules/chez-nous": {"resolved": "paquets/a", "link": true},
 "node_modules/pair": {"version": "1.0.0"},
 "node_modules/essai": {"version": "1.0.0", "dev": true},
 "node_modules/rails-ujs": {"version": "7.0.0", "dependencies": {"bas": "2", "@a/b": "1", "absent": "1"}},
 "node_modules/rails-ujs/node_modules/bas": {"version": "2.0.0", "optionalDependencies": {"@a/b": "1"}},
 "node_modules/bas": {"version": "1.0.0"},
 "node_modules/@a/b": {"version": "1.0.0", "dependencies": {"bas": "1"}},
 "node_modules/haut": {"version": "1.0.0", "peerDependencies": {"bas": "*"}}}}""",
        {"rails-ujs 7.0.0", "essai 1.0.0", "pair 1.0.0", "haut 1.0.0", "propre 1.0.0"},
        {
            ("rails-ujs 7.0.0", "bas 2.0.0"),
            ("rails-ujs 7.0.0", "@a/b 1.0.0"),
            ("bas 2.0.0", "@a/b 1.0.0"),
            ("@a/b 1.0.0", "bas 1.0.0"),
            ("haut 1.0.0", "bas 1.0.0"),
        },
    ),
    "package-lock.json, 1": (
        """{"lockfileVersion": 1, "dependencies": {
 "a": {"version": "1.0.0", "requires": {"b": "2"}, "dependencies": {"b": {"version": "2.0.0", "requires": {"c": "1"}}}},
 "b": {"version": "1.0.0"}, "c": {"version": "1.0.0", "requires": {"b": "1"}}}}""",
        set(),
        {("a 1.0.0", "b 2.0.0"), ("b 2.0.0", "c 1.0.0"), ("c 1.0.0", "b 1.0.0")},
    ),
    "yarn.lock, 1": (
        """# yarn lockfile v1
"@a/b@^1.0.0":
  version "1.4.5"
  dependencies:
    c "^1.0.0"
    "@d/e" "~2"
  optionalDependencies:
    absent "1"

c@^1.0.0, c@^1.1.0:
  version "1.2.0"

"chez-nous@file:./chez-nous":
  version "1.0.0"
  dependencies:
    c "^1.0.0"

"@d/e@~2":
  version "2.0.1"
  "dependencies":
    "c" "^1.1.0"
""",
        set(),
        {("@a/b 1.4.5", "c 1.2.0"), ("@a/b 1.4.5", "@d/e 2.0.1"), ("@d/e 2.0.1", "c 1.2.0")},
    ),
    "yarn.lock, 4": (
        """__metadata:
  version: 8
"guichet@workspace:.":
  version: 0.0.0-use.local
  resolution: "guichet@workspace:."
  dependencies:
    a: "npm:^1.0.0"
    d: "catalog:"
    commun: "workspace:*"
"commun@*, commun@workspace:*, commun@workspace:paquets/commun":
  version: 0.0.0-use.local
  dependencies:
    b: "npm:^2.0.0"
"a@npm:^1.0.0":
  version: 1.0.1
  dependencies:
    b: "npm:^2.0.0"
    c: ^3
"b@npm:^2.0.0":
  version: 2.0.1
"c@npm:^3":
  version: 3.0.0
"chez-nous@link:./chez-nous::locator=guichet%40workspace%3A.":
  version: 0.0.0-use.local
  dependencies:
    e: "npm:^5"
"d@npm:4.0.1":
  version: 4.0.1
"e@npm:^5":
  version: 5.0.0
"archive@file:./archive-1.0.0.tgz#./archive-1.0.0.tgz::hash=a":
  version: 1.0.0
""",
        {"a 1.0.1", "b 2.0.1", "d 4.0.1", "e 5.0.0"},
        {("a 1.0.1", "b 2.0.1"), ("a 1.0.1", "c 3.0.0")},
    ),
    "pnpm-lock.yaml, 9": (
        """lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      a: {specifier: ^1, version: 1.0.0(b@2.0.0)}
      alias: {specifier: 'npm:c@3', version: c@3.0.0}
      commun: {specifier: 'workspace:*', version: link:paquets/commun}
  paquets/commun:
    devDependencies: {'@d/e': {specifier: ^4, version: 4.0.0}}
packages:
  a@1.0.0: {resolution: {integrity: x}}
  b@2.0.0: {resolution: {integrity: x}}
  c@3.0.0: {resolution: {integrity: x}}
  '@d/e@4.0.0': {resolution: {integrity: x}}
snapshots:
  a@1.0.0(b@2.0.0): {dependencies: {b: 2.0.0}}
  b@2.0.0: {}
  c@3.0.0: {optionalDependencies: {'@d/e': 4.0.0}}
  '@d/e@4.0.0': {}
""",
        {"a 1.0.0", "c 3.0.0", "@d/e 4.0.0"},
        {("a 1.0.0", "b 2.0.0"), ("c 3.0.0", "@d/e 4.0.0")},
    ),
    "pnpm-lock.yaml, 5": (
        """lockfileVersion: 5.4
specifiers: {a: ^1}
dependencies: {a: 1.0.0_b@2.0.0}
packages:
  /a/1.0.0_b@2.0.0: {resolution: {integrity: x}, dependencies: {b: 2.0.0, alias: /@c/d/3.0.0}}
  /b/2.0.0: {resolution: {integrity: x}}
  /@c/d/3.0.0: {resolution: {integrity: x}}
""",
        {"a 1.0.0"},
        {("a 1.0.0", "b 2.0.0"), ("a 1.0.0", "@c/d 3.0.0")},
    ),
    "bun.lock, 1": (
        """{"workspaces": {"": {"name": "guichet", "dependencies": {"a": "1"}}, "p/c": {"name": "commun", "devDependencies": {"b": "2"}}},
 "packages": {
  "a": ["a@1.0.0", "", {"dependencies": {"b": "1", "@c/d": "1"}}, "sha512-A"],
  "a/b": ["b@1.0.0", "", {}, "sha512-A"],
  "@c/b": ["@c/b@9.0.0", "", {}, "sha512-A"],
  "b": ["b@2.0.0", "", {"dependencies": {"@c/d": "1"}}, "sha512-A"],
  "@c/d": ["@c/d@1.0.0", "", {"dependencies": {"b": "2"}}, "sha512-A"],
  "commun": ["commun@workspace:p/c"]}}""",
        {"a 1.0.0", "b 2.0.0"},
        {
            ("a 1.0.0", "b 1.0.0"),
            ("a 1.0.0", "@c/d 1.0.0"),
            ("b 2.0.0", "@c/d 1.0.0"),
            ("@c/d 1.0.0", "b 2.0.0"),
        },
    ),
    "poetry.lock, 2": (
        """[[package]]
name = "Django"
version = "5.0"
[package.dependencies]
asgiref = ">=3"
tzdata = {version = "*", markers = "sys_platform == 'win32'"}
[[package]]
name = "asgiref"
version = "3.8"
""",
        set(),
        {("Django 5.0", "asgiref 3.8")},
    ),
    "pdm.lock, 4": (
        """[[package]]
name = "django-rest"
version = "3.0"
dependencies = ["Django>=4.2", "zope.interface[test]==6; python_version > '3'"]
[[package]]
name = "django"
version = "5.0"
[[package]]
name = "zope-interface"
version = "6"
""",
        set(),
        {("django-rest 3.0", "django 5.0"), ("django-rest 3.0", "zope-interface 6")},
    ),
    "uv.lock, 1": (
        """[[package]]
name = "guichet"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "django" }]
[package.dev-dependencies]
dev = [{ name = "numpy", version = "1.0" }]
[[package]]
name = "django"
version = "5.0"
dependencies = [{ name = "numpy", version = "2.0", marker = "x" }]
[[package]]
name = "numpy"
version = "1.0"
[[package]]
name = "numpy"
version = "2.0"
""",
        {"django 5.0", "numpy 1.0"},
        {("django 5.0", "numpy 2.0")},
    ),
    "pylock.toml, 1": (
        """lock-version = "1.0"
[[packages]]
name = "django"
version = "5.0"
dependencies = [{name = "asgiref"}]
[[packages]]
name = "asgiref"
version = "3.8"
""",
        set(),
        {("django 5.0", "asgiref 3.8")},
    ),
    "requirements.txt, of pip-compile": (
        """# This file is autogenerated by pip-compile
asgiref==3.8 \\
    --hash=sha256:aa
    # via
    #   -c autre.txt
    #   Django
Django==5.0 ; python_version > "3"
    # via
    #   -r requirements.in
    #   django-rest
django-rest==3.0  # via guichet (pyproject.toml)
seul==1.0
    # une remarque
""",
        {"Django 5.0", "django-rest 3.0"},
        {("Django 5.0", "asgiref 3.8"), ("django-rest 3.0", "Django 5.0")},
    ),
    "requirements.txt, for several Pythons, of uv, with hashes": (
        f"""cffi==2.0
    # via cryptography
lxml==5.0 {" ".join(f"--hash=sha256:{n:064x}" for n in range(400))}
    # via guichet
numpy==1.26.4 ; python_full_version < '3.12'
    # via
    #   guichet
    #   pandas
numpy==2.1.0 ; python_full_version >= '3.12'
    # via
    #   guichet
    #   pandas
cryptography==42.0
    # via guichet
pandas==2.0
    # via guichet
-e git+https://exemple.test/x.git@v1#egg=Depot
    # via guichet
""",
        {"lxml 5.0", "numpy 1.26.4", "numpy 2.1.0", "cryptography 42.0", "pandas 2.0", "Depot "},
        {("cryptography 42.0", "cffi 2.0"), ("pandas 2.0", "numpy 1.26.4"), ("pandas 2.0", "numpy 2.1.0")},
    ),
    "Cargo.lock, 3": (
        """[[package]]
name = "guichet"
version = "0.1.0"
dependencies = ["commun", "libc 0.2.0", "serde"]
[[package]]
name = "commun"
version = "0.1.0"
[[package]]
name = "libc"
version = "0.1.0"
source = "registry+x"
[[package]]
name = "libc"
version = "0.2.0"
source = "registry+x"
[[package]]
name = "serde"
version = "1.0.0"
source = "registry+x"
dependencies = ["libc 0.1.0 (registry+x)"]
""",
        {"libc 0.2.0", "serde 1.0.0"},
        {("serde 1.0.0", "libc 0.1.0")},
    ),
    "Gemfile.lock, 2": (
        """GIT
  remote: https://exemple.test/x.git
  specs:
    prive (0.1.0)
      rails (>= 6)

GEM
  remote: https://rubygems.org/
  specs:
    loofah (2.0.0)
      nokogiri (>= 1.5.9)
    nokogiri (1.10.0-x86_64-linux)
    rails (6.0.0)
      loofah (~> 2.0)

PLATFORMS
  ruby

DEPENDENCIES
  prive!
  rails (~> 6.0)

BUNDLED WITH
   2.1.4
""",
        {"prive 0.1.0", "rails 6.0.0"},
        {("prive 0.1.0", "rails 6.0.0"), ("rails 6.0.0", "loofah 2.0.0"), ("loofah 2.0.0", "nokogiri 1.10.0")},
    ),
    "composer.lock, 2": (
        """{"packages": [
 {"name": "laravel/framework", "version": "v10.0.0", "replace": {"illuminate/support": "self.version"}},
 {"name": "a/b", "version": "1.0", "require": {"php": ">=8", "illuminate/support": "^10"}}],
 "packages-dev": []}""",
        set(),
        {("a/b 1.0", "laravel/framework v10.0.0")},
    ),
    "go.mod, 1.17": (
        """module exemple.fr/guichet
require a.test/direct v1.0.0
require (
	a.test/b v1.0.0 // indirect
	a.test/c v1.0.0 // une remarque
)
replace a.test/direct => a.test/fourche v1.0.1
""",
        {"a.test/fourche v1.0.1", "a.test/c v1.0.0"},
        set(),
    ),
    "pom.xml, 4": (
        """<project><dependencies><dependency><groupId>a</groupId><artifactId>b</artifactId><version>1</version></dependency>
</dependencies></project>""",
        {"a/b 1"},
        set(),
    ),
    "packages.lock.json, 2": (
        """{"version": 2, "dependencies": {"net8.0": {
 "Un": {"type": "Direct", "resolved": "1.0", "dependencies": {"deux": "2.0", "Absent": "1.0"}},
 "Deux": {"type": "Transitive", "resolved": "2.0"},
 "Trois": {"type": "Transitive", "resolved": "3.0"},
 "chez.nous": {"type": "Project", "dependencies": {"Trois": "3.0"}}}}}""",
        {"Un 1.0", "Trois 3.0"},
        {("Un 1.0", "Deux 2.0")},
    ),
    "mix.lock, 1": (
        """%{
  "phoenix": {:hex, :phoenix, "1.7.0", "hash", [:mix], [{:plug, "~> 1.0", [hex: :plug, repo: "hexpm", optional: false]}, {:jason, "~> 1.0", [hex: :jason, optional: true]}], "hexpm", "hash"},
  "jason": {:hex, :jason, "1.4.0", "hash", [:mix], [], "hexpm", "hash"},
  "plug": {:hex, :plug, "1.14.0", "hash", [:mix], [], "hexpm", "hash"},
}
""",
        set(),
        {("phoenix 1.7.0", "plug 1.14.0")},
    ),
    "pubspec.lock, 1": (
        """packages:
  camera: {dependency: "direct main", source: hosted, version: "1.0"}
  lints: {dependency: "direct dev", source: hosted, version: "3.0.0"}
  meta: {dependency: transitive, source: hosted, version: "2.0"}
""",
        {"camera 1.0", "lints 3.0.0"},
        set(),
    ),
    "Podfile.lock, 1": (
        """PODS:
  - Pin/Core (3.0.3):
    - Pin/Autre (= 3.0.3)
    - Socle
  - Pin/Autre (3.0.3)
  - Socle (1.0)
DEPENDENCIES:
  - Pin/Core (~> 3)
""",
        {"Pin 3.0.3"},
        {("Pin 3.0.3", "Socle 1.0")},
    ),
    "conan.lock, 0.4": (
        """{"version": "0.4", "graph_lock": {"nodes": {"0": {"requires": ["1"]},
 "1": {"ref": "openssl/1.1.1", "requires": ["2"]}, "2": {"ref": "zlib/1.2.11"}}}}""",
        {"openssl 1.1.1"},
        {("openssl 1.1.1", "zlib 1.2.11")},
    ),
}


@pytest.mark.parametrize("kind", TOLD)
def test_a_lock_file_tells_who_needs_whom(kind):
    text, imports, edges = TOLD[kind]
    found = list(reader_of(kind.partition(",")[0])(text, lambda *_: None))
    called = {
        one.ref: f"{one.purl.partition('/')[2].replace('%40', '@')} {one.version or ''}" for one in reversed(found)
    }
    assert {called[one.ref] for one in found if one.imported} == imports
    told = {(called[one.ref], called[need]) for one in found for need in one.needs if need in called}
    assert {(a, b) for a, b in told if a != b} == edges
