"""What a package is called: one form for what an inventory writes and for what an advisory writes.

Each ecosystem says which differences of writing name one package (case, separators, encoding): purl-spec's types, PEP 503, npm's
and NuGet's rules of names. A package of a distribution is that of one release: what an advisory says of Debian 12 says nothing
of Debian 13. Its form keeps the release (`?distro=debian-12`). What it is built from, which advisories may name instead, is told
apart: one scanner says it, another does not, of the same package.
"""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from packageurl import PackageURL


class UnreadableName(ValueError):
    """A purl, or an ecosystem, that cannot be read; the message says which."""


# A purl that needs nothing done to it: the great majority of those in an SBOM.
_PLAIN = re.compile(r"(pkg:(?:maven|gem)/[A-Za-z0-9._\-/]*[A-Za-z0-9._\-])@([A-Za-z0-9._\-]+)")
_PLAIN_LOWER = re.compile(
    r"(pkg:(?:npm|golang|composer|cargo|hex|nuget)/(?:%40)?[a-z0-9._\-/]*[a-z0-9._\-])@([A-Za-z0-9._\-]+)"
)
_PLAIN_SEGMENTS = re.compile(r"pkg:[a-z]+/(?:[^/.][^/]*/)*[^/.][^/]*")
# Of the library of Go itself: `std` by some tools, `stdlib` by the database of flaws.
_GO_LIBRARY = frozenset({"pkg:golang/std", "pkg:golang/stdlib"})


def split_purl(text: str) -> tuple[str, str]:
    """The package, in its one form, and the version of a purl ("" where it has none). Raises `UnreadableName`."""
    plain = _PLAIN.fullmatch(text) or _PLAIN_LOWER.fullmatch(text)
    if plain and _PLAIN_SEGMENTS.fullmatch(plain[1]) and plain[1] not in _GO_LIBRARY:
        return plain[1], plain[2]
    if text.startswith("pkg:npm/@"):  # a scope that was not encoded, whatever follows it
        text = text.replace("@", "%40", 1)
    try:
        purl = PackageURL.from_string(text)
    except (ValueError, TypeError) as error:
        raise UnreadableName(f"{text[:80]!r} is not a purl") from error
    kind, version = purl.type, purl.version or ""
    told = purl.qualifiers if isinstance(purl.qualifiers, dict) else {}
    if kind not in RELEASED:
        name = purl.name
        # syft cuts the path of a module after three parts; of a package within a module, its type says so.
        if kind == "golang" and purl.subpath and told.get("type") != "package":
            name = f"{name}/{purl.subpath}"
        package = name_package(kind, purl.namespace, name)
        return package, version.removeprefix("go") if package in _GO_LIBRARY else version
    epoch = str(told.get("epoch") or "0")
    if epoch != "0" and version and ":" not in version:
        version = f"{epoch}:{version}"
    where = _distribution(str(told.get("distro") or ""), purl.namespace or _USUAL_NAMESPACES[kind])
    return _of_release(kind, purl.namespace or _USUAL_NAMESPACES[kind], purl.name, where), version


def told_version(purl: str, version: str) -> str:
    """The version that somebody writes beside a purl, with the epoch that this one tells; its own where nobody writes any.
    Raises `UnreadableName`."""
    if not purl:
        return version
    package, written = split_purl(purl)
    if package in _GO_LIBRARY:
        version = version.removeprefix("go")
    epoch, colon, _ = written.partition(":")
    return f"{epoch}:{version}" if version and colon and ":" not in version else version or written


def name_package(kind: str, namespace: str | None, name: str) -> str:
    """The one form of a package of a purl type. Raises `UnreadableName`."""
    if kind == "pypi":
        name = re.sub(r"[-_.]+", "-", name).lower()
    elif kind == "npm":
        namespace, name = _npm(namespace, name)
    elif kind in _WITHOUT_CASE:
        namespace, name = (namespace or "").lower() or None, name.lower()
    if kind == "githubactions":  # as GitHub's own export has it
        kind, namespace, name = "github", (namespace or "").lower() or None, name.lower()
    if kind == "github" and namespace and "/" in namespace:  # an action within a repository
        namespace, _, rest = namespace.partition("/")
        name = rest.partition("/")[0]
    if kind == "pub":
        name = name.lower().replace("-", "_")
    if kind == "golang":
        name = "stdlib" if not namespace and name == "std" else name
        namespace, _, name = (f"{namespace}/{name}" if namespace else name).rpartition("/")
    if kind == "swift" and namespace and namespace.endswith(".git"):  # as syft has it, the name after the whole address
        namespace, _, name = namespace.removesuffix(".git").rpartition("/")
    name = name.removesuffix(".git") if kind == "swift" else name
    try:
        return PackageURL(kind, namespace or None, name).to_string()
    except (ValueError, TypeError) as error:
        raise UnreadableName(f"no package is called {name[:80]!r}") from error


_WITHOUT_CASE = frozenset({"golang", "composer", "nuget", "hex", "deb", "apk", "github", "bitbucket", "swift"})


_MOST_ENCODINGS = 3


def _npm(namespace: str | None, name: str) -> tuple[str | None, str]:
    """Scope and name, whatever was encoded once too often, or written within the other."""
    whole = f"{namespace}/{name}" if namespace else name
    for _ in range(_MOST_ENCODINGS):
        whole = unquote(whole)
    whole = whole[whole.rfind("@") :] if "/@" in whole else whole
    scope, _, last = whole.lower().rpartition("/")
    return scope or None, last


def ecosystem_of(package: str) -> str:
    """The purl type of a package."""
    return package[4:].partition("/")[0]


def full_purl(package: str, version: str) -> str:
    """The purl of a version of a package."""
    head, told, rest = package.partition("?")
    return f"{head}@{quote(version, safe='')}{told}{rest}" if version else package


_GO_MAJOR = re.compile(r"(pkg:golang/.+)/v\d+")


def without_major(package: str) -> str:
    """A module of Go without what tells its major version (go.dev/ref/mod): `…/echo` of `…/echo/v4`."""
    found = _GO_MAJOR.fullmatch(package)
    return found[1] if found else package


def plain_name(package: str) -> str:
    """Its last part, without its release nor what tells its major version, as people call it."""
    return without_major(package.partition("?")[0]).rpartition("/")[2]


def whole_name(package: str) -> str:
    """Its name with its group or scope, without its release, as its registry writes it."""
    return unquote(package.partition("?")[0][4:].partition("/")[2])


# How many parts of its version name a release, by distribution; none of what has no releases.
_RELEASE_PARTS = {
    "debian": 1,
    "ubuntu": 2,
    "alpine": 2,
    "rhel": 1,
    "rocky": 1,
    "almalinux": 1,
    "sles": 2,
    "sle-micro": 2,
    "opensuse-leap": 2,
    "fedora": 1,
    "amzn": 1,
    "mageia": 1,
    "openeuler": 2,
    "wolfi": 0,
    "chainguard": 0,
    "opensuse-tumbleweed": 0,
}
_CALLED = {
    "redhat": "rhel",
    "red-hat": "rhel",
    "redhatenterpriselinux": "rhel",
    "suse.linux.enterprise.server": "sles",
    "leap": "opensuse-leap",
    "tumbleweed": "opensuse-tumbleweed",
    "rocky-linux": "rocky",
    "rockylinux": "rocky",
    "alma": "almalinux",
    "suse": "sles",
    **dict.fromkeys(("sled", "sle_hpc", "sle-hpc", "sles_sap", "sles-sap", "sle"), "sles"),
    **dict.fromkeys(("sl-micro", "slem", "sle_micro", "sl_micro", "suse-microos"), "sle-micro"),
    "opensuse": "opensuse-leap",
    "opensuse.leap": "opensuse-leap",
    "opensuse.tumbleweed": "opensuse-tumbleweed",
    "amazon": "amzn",
}
_NAMESPACES = {
    "rhel": "redhat",
    "rocky": "rocky-linux",
    "sles": "suse",
    "sle-micro": "suse",
    "opensuse-leap": "opensuse",
}
_NAMESPACES |= {"opensuse-tumbleweed": "opensuse", "amzn": "amazon"}
_CODENAMES = {
    **dict(
        zip(
            ("buster", "bullseye", "bookworm", "trixie", "forky"),
            ("debian-10", "debian-11", "debian-12", "debian-13", "debian-14"),
            strict=True,
        )
    ),
    **dict(
        zip(
            ("bionic", "focal", "jammy", "noble"),
            ("ubuntu-18.04", "ubuntu-20.04", "ubuntu-22.04", "ubuntu-24.04"),
            strict=True,
        )
    ),
}
# Types of purl whose packages are those of one release of a distribution.
RELEASED = frozenset({"deb", "apk", "rpm"})
# Of what names no distribution, that of which most is told: without release, it is to check.
_USUAL_NAMESPACES = {"deb": "debian", "apk": "alpine", "rpm": "redhat"}
# Made from another, whose releases have other numbers.
_DERIVED = {
    **dict.fromkeys(("raspbian", "kali", "devuan", "parrot", "pureos", "deepin"), "debian"),
    **dict.fromkeys(("linuxmint", "pop", "elementary", "neon", "zorin"), "ubuntu"),
    **dict.fromkeys(
        ("centos", "centos-stream", "ol", "oracle", "oraclelinux", "scientific", "virtuozzo", "circle"), "rhel"
    ),
}


class Distribution(NamedTuple):
    """A distribution, and its release as its packages say it ("" where that is not known, or there are none)."""

    name: str
    release: str

    @property
    def lacks_release(self) -> bool:
        """Whether it has releases, of which none is told."""
        return not self.release and _RELEASE_PARTS.get(self.name, 1) > 0


def _distribution(distro: str, namespace: str) -> Distribution:
    """What a purl says: `debian-12.5`, `bookworm`, `rhel-8.6`, `sles-15-sp5`, `3.18.4` beside its namespace; its namespace alone
    where no distribution is called so."""
    namespace = namespace.lower()
    told = _CODENAMES.get(distro.lower(), distro.lower())
    told = f"{namespace}-{told}" if re.match(r"v?\d", told) else told
    cut = re.match(r"(.{0,60}?)-(v?\d.{0,40})", told)
    for called, version in ((cut[1], cut[2]) if cut else (told, ""), (namespace, "")):
        if called in _DERIVED:
            return Distribution(_DERIVED[called], "")
        name = _CALLED.get(called, called)
        if name in _RELEASE_PARTS:
            return Distribution(name, _release(name, version))
    return Distribution(namespace, "")


def _release(name: str, version: str) -> str:
    parts = _RELEASE_PARTS.get(name, 1)
    numbers = re.findall(r"\d+", version)
    return f"{name}-{'.'.join(numbers[:parts])}" if parts and len(numbers) >= parts else ""


def _of_release(kind: str, namespace: str | None, name: str, where: Distribution) -> str:
    known = where.name in _RELEASE_PARTS
    package = name_package(kind, _NAMESPACES.get(where.name, where.name) if known else namespace, name)
    return f"{package}?distro={where.release}" if where.release else package


class Source(NamedTuple):
    """What a package of a distribution is built from, in its one form, and its version: "" where that is the package's own."""

    package: str
    version: str


def source_of(purl: str) -> Source | None:
    """What a purl says that its package is built from (`upstream`), where that is another. Raises `UnreadableName`."""
    if "upstream=" not in purl:
        return None
    try:
        told = PackageURL.from_string(purl).qualifiers
    except (ValueError, TypeError) as error:
        raise UnreadableName(f"{purl[:80]!r} is not a purl") from error
    return find_source(*split_purl(purl), str(told.get("upstream") or "") if isinstance(told, dict) else "")


# Debian and Ubuntu sign kernels in sources of their own, whose flaws are those of `linux`, with another sign in their version.
_SIGNED_KERNEL = re.compile(r"linux-signed(?:-(?:amd64|arm64|i386))?")


def find_source(package: str, version: str, upstream: str) -> Source | None:
    """The source that `upstream` names, of a package of a distribution: `openssl`, `gcc-defaults@1.203` or
    `openssl-1.1.1k-9.el8.src.rpm`, whose epoch is that of what is built from it in the same version, and not told else."""
    kind = ecosystem_of(package)
    if not upstream or kind not in RELEASED:
        return None
    head, told, release = package.partition("?")
    if rpm := re.fullmatch(r"(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm", upstream):
        name, own = rpm[1], rpm[2]
        own = version if version.rpartition(":")[2] == own else own
    else:
        name, _, own = upstream.partition("@")
    if _SIGNED_KERNEL.fullmatch(name):
        name, own = "linux", re.sub(r"\+(\d+)$", r"-\1", own)
    namespace = head[4:].partition("/")[2].rpartition("/")[0]
    try:
        source = name_package(kind, namespace or None, name.lower())
    except UnreadableName:
        return None
    own = "" if own == version else own
    return Source(source + told + release, own) if source != head or own else None


def without_release(package: str) -> str:
    """The package of whatever release."""
    return package.partition("?")[0]


# OSV's names of ecosystems and purl's types.
_TYPES = {
    "Maven": "maven",
    "npm": "npm",
    "PyPI": "pypi",
    "Packagist": "composer",
    "RubyGems": "gem",
    "Go": "golang",
    "NuGet": "nuget",
    "crates.io": "cargo",
    "Hex": "hex",
    "Pub": "pub",
    "GitHub Actions": "github",
    "SwiftURL": "swift",
    "CRAN": "cran",
    "Hackage": "hackage",
    "Julia": "julia",
    "ConanCenter": "conan",
    "Bitnami": "bitnami",
}
_DISTRIBUTIONS = {
    "Debian": ("deb", "debian"),
    "Ubuntu": ("deb", "ubuntu"),
    "Alpine": ("apk", "alpine"),
    "Wolfi": ("apk", "wolfi"),
    "Chainguard": ("apk", "chainguard"),
    "Red Hat": ("rpm", "rhel"),
    "Rocky Linux": ("rpm", "rocky"),
    "AlmaLinux": ("rpm", "almalinux"),
    "SUSE": ("rpm", "sles"),
    "openSUSE": ("rpm", "opensuse-leap"),
    "Mageia": ("rpm", "mageia"),
    "openEuler": ("rpm", "openeuler"),
}


_LONGEST_NAME = 1_000


def package_of(ecosystem: str, name: str) -> str:
    """The package that OSV calls `name` in `ecosystem`, which names the release of a distribution after a colon
    ("Debian:12"). Raises `UnreadableName` for an ecosystem not known."""
    if len(ecosystem) > _LONGEST_NAME or len(name) > _LONGEST_NAME:
        raise UnreadableName(f"no package is called {name[:80]!r}")
    base, _, release = ecosystem.partition(":")
    if base in _DISTRIBUTIONS and name:
        kind, distribution = _DISTRIBUTIONS[base]
        if "tumbleweed" in release.lower():
            distribution = "opensuse-tumbleweed"
        elif distribution == "sles" and "micro" in release.lower():
            distribution = "sle-micro"
        return _of_release(kind, None, name, Distribution(distribution, _release(distribution, _osv_release(release))))
    kind = _TYPES.get(base, "")
    if not kind or not name:
        raise UnreadableName(f"ecosystem {ecosystem[:40]!r} is not one that purl names")
    if kind == "swift":
        name = re.sub(r"^https?://|(\.git)?/*$", "", name)
    separator = ":" if kind == "maven" else "/"
    namespace, _, last = name.rpartition(separator)
    return name_package(kind, namespace or None, last)


def _osv_release(told: str) -> str:
    """`12`, `Pro:18.04:LTS`, `v3.18`, `enterprise_linux:8::baseos`, `openshift:4.12::el8`, `Linux Enterprise Server 15 SP5`,
    `Leap 15.5`: of a product of Red Hat, the release that it is made for, not its own."""
    if product := re.match(r"(?!enterprise_linux|rhel_(?!software_collections))[a-z_]+:[\d.]+(?::|$)", told):
        made_for = re.search(r"\bel(\d+)", told[product.end() :])
        return made_for[1] if made_for else ""
    if service_pack := re.search(r"(\d+)[ -]SP(\d+)", told):
        return f"{service_pack[1]}.{service_pack[2]}"
    if suse := re.search(r"Enterprise.* (\d+)(?!\S)", told):
        return f"{suse[1]}.0"
    found = re.search(r"\d+(?:\.\d+)*", told)
    return found[0] if found else ""
