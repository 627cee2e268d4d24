"""One name a package, whatever writes it; a package of a distribution is that of one release."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

from risk_models.exposure.package_names import (
    UnreadableName,
    package_of,
    plain_name,
    source_of,
    split_purl,
    without_release,
)
from risk_models.exposure.ranges import match_verdict, read_osv
from tests.factories.advisories import ends, osv

# What two inventories and an advisory write of one package; sources: purl-spec, npm, NuGet, PEP 503, go.dev/ref/mod.
ONE = [
    ("pkg:PyPI/Foo_Bar.baz@1.0", "PyPI", "foo-bar-baz", "1.0"),
    ("pkg:npm/%40Angular/core@17.0.0?x=y#z", "npm", "@angular/core", "17.0.0"),
    ("pkg:npm/@hapi/hoek@8.2.0", "npm", "@hapi/hoek", "8.2.0"),
    ("pkg:npm/@angular%2Fcore@1.0.0", "npm", "@angular/core", "1.0.0"),
    ("pkg:npm/%2540vue/compiler-sfc@3.3.4", "npm", "@vue/compiler-sfc", "3.3.4"),
    ("pkg:npm/%40ai-sdk%2Freact@3.0.136", "npm", "@ai-sdk/react", "3.0.136"),
    ("pkg:npm/angular/%40angular%2Fanimations@9.1.4", "npm", "@angular/animations", "9.1.4"),
    ("pkg:maven/Org.Exemple/Nom@1", "Maven", "Org.Exemple:Nom", "1"),
    ("pkg:nuget/Newtonsoft.Json@12.0.3", "NuGet", "newtonsoft.json", "12.0.3"),
    ("pkg:golang/std@1.23.4?type=module", "Go", "stdlib", "1.23.4"),
    ("pkg:golang/stdlib@go1.23.4", "Go", "stdlib", "1.23.4"),
    ("pkg:golang/GitHub.com/Exemple/Outil@v1.2.3", "Go", "github.com/exemple/outil", "v1.2.3"),
    ("pkg:composer/Laravel/Framework@v10.0.0", "Packagist", "laravel/framework", "v10.0.0"),
    ("pkg:pub/build-runner@2.0.0", "Pub", "build_runner", "2.0.0"),
    ("pkg:hex/Phoenix@1.7.0", "Hex", "phoenix", "1.7.0"),
    ("pkg:github/Actions/Checkout@v4", "GitHub Actions", "actions/checkout", "v4"),
    ("pkg:githubactions/tj-actions/changed-files@45.0.3", "GitHub Actions", "tj-actions/changed-files", "45.0.3"),
    ("pkg:github/github/codeql-action/init@3.1.0", "GitHub Actions", "github/codeql-action", "3.1.0"),
    ("pkg:swift/github.com/Vapor/vapor@4.50.0", "SwiftURL", "github.com/vapor/vapor", "4.50.0"),
    ("pkg:swift/github.com/vapor/vapor.git/vapor@4.50.0", "SwiftURL", "github.com/vapor/vapor", "4.50.0"),
    ("pkg:swift/github.com/vapor/vapor.git@4.50.0", "SwiftURL", "github.com/vapor/vapor", "4.50.0"),
    ("pkg:golang/github.com/jackc/pgx@v4.18.1#v4", "Go", "github.com/jackc/pgx/v4", "v4.18.1"),
    ("pkg:golang/github.com/jackc/pgx/v4@v4.18.1?type=package#pgtype", "Go", "github.com/jackc/pgx/v4", "v4.18.1"),
    ("pkg:swift/github.com/vapor/vapor@4.50.0", "SwiftURL", "https://github.com/vapor/vapor.git", "4.50.0"),
    ("pkg:deb/debian/expat@2.5.0-1%2Bdeb12u1?arch=amd64&distro=debian-12", "Debian:12", "expat", "2.5.0-1+deb12u1"),
    ("pkg:deb/Debian/Curl@7.1?distro=debian-12.5", "Debian:12", "curl", "7.1"),
    ("pkg:deb/debian/expat@2.5.0-1?distro=bookworm", "Debian:12", "expat", "2.5.0-1"),
    ("pkg:deb/ubuntu/openssl@3.0.2-0ubuntu1?distro=ubuntu-22.04", "Ubuntu:22.04:LTS", "openssl", "3.0.2-0ubuntu1"),
    ("pkg:deb/ubuntu/openssl@1.1?distro=ubuntu-18.04", "Ubuntu:Pro:18.04:LTS", "openssl", "1.1"),
    ("pkg:apk/alpine/Curl@8.5.0-r0?distro=3.18.4", "Alpine:v3.18", "curl", "8.5.0-r0"),
    ("pkg:apk/alpine/curl@8.5.0-r0?distro=alpine-3.18.4", "Alpine:v3.18", "curl", "8.5.0-r0"),
    ("pkg:apk/wolfi/curl@8.5.0-r0?distro=wolfi-20230201", "Wolfi", "curl", "8.5.0-r0"),
    ("pkg:apk/chainguard/curl@8.5.0-r0?distro=chainguard-20230214", "Chainguard", "curl", "8.5.0-r0"),
    (
        "pkg:rpm/redhat/openssl@1.1.1k-9.el8?epoch=1&distro=rhel-8.6",
        "Red Hat:enterprise_linux:8::baseos",
        "openssl",
        "1:1.1.1k-9.el8",
    ),
    ("pkg:rpm/rocky/curl@7.61.1-33.el8?distro=rocky-8.9", "Rocky Linux:8", "curl", "7.61.1-33.el8"),
    ("pkg:rpm/almalinux/curl@7.76.1-26.el9?epoch=0&distro=almalinux-9.3", "AlmaLinux:9", "curl", "7.76.1-26.el9"),
    ("pkg:rpm/sles/curl@8.0.1?distro=sles-15.5", "SUSE:Linux Enterprise Server 15 SP5", "curl", "8.0.1"),
    ("pkg:rpm/suse/curl@8.0.1?distro=sles-15-sp5", "SUSE:Linux Enterprise Server 15 SP5", "curl", "8.0.1"),
    (
        "pkg:rpm/suse/curl@8.0.1?distro=suse.linux.enterprise.server-15.5",
        "SUSE:Linux Enterprise Server 15 SP5",
        "curl",
        "8.0.1",
    ),
    (
        "pkg:rpm/redhat/curl@7.6?distro=redhatenterpriselinux-9.2",
        "Red Hat:enterprise_linux:9::baseos",
        "curl",
        "7.6",
    ),
    ("pkg:rpm/redhat/docker@1.13?distro=rhel-7.9", "Red Hat:rhel_extras:7", "docker", "1.13"),
    ("pkg:rpm/opensuse/curl@8.0.1?distro=leap-15.5", "openSUSE:Leap 15.5", "curl", "8.0.1"),
    ("pkg:rpm/opensuse/curl@8.0.1?distro=opensuse-leap-15.5", "openSUSE:Leap 15.5", "curl", "8.0.1"),
    ("pkg:rpm/opensuse/curl@8.0.1?distro=opensuse-tumbleweed-20240101", "openSUSE:Tumbleweed", "curl", "8.0.1"),
]


@pytest.mark.parametrize(("purl", "ecosystem", "name", "version"), ONE)
def test_an_inventory_and_an_advisory_name_one_package_alike(purl, ecosystem, name, version):
    package, read = split_purl(purl)
    assert (package, read) == (package_of(ecosystem, name), version)
    assert split_purl(f"{package.partition('?')[0]}@1" if "?" not in package else purl)[0] == package


APART = [
    ("pkg:deb/debian/expat@1?distro=debian-12", "Debian:11", "expat"),
    ("pkg:deb/debian/expat@1", "Debian:12", "expat"),
    ("pkg:deb/ubuntu/expat@1?distro=ubuntu-22.04", "Debian:12", "expat"),
    ("pkg:apk/alpine/curl@1?distro=alpine-3.18.4", "Alpine:v3.19", "curl"),
    ("pkg:rpm/redhat/curl@1?distro=rhel-9.2", "Red Hat:enterprise_linux:8::baseos", "curl"),
    ("pkg:rpm/rocky/curl@1?distro=rocky-8.9", "AlmaLinux:8", "curl"),
    ("pkg:maven/org.exemple/Nom@1", "Maven", "org.exemple:nom"),
]


@pytest.mark.parametrize(("purl", "ecosystem", "name"), APART)
def test_what_is_not_one_package_stays_apart(purl, ecosystem, name):
    assert split_purl(purl)[0] != package_of(ecosystem, name)


SOURCES = {
    "pkg:deb/debian/perl-base@5.40.1-6?distro=debian-13&upstream=perl": ("pkg:deb/debian/perl?distro=debian-13", ""),
    "pkg:deb/debian/gcc@4:12.2.0-3?distro=debian-12&upstream=gcc-defaults@1.203": (
        "pkg:deb/debian/gcc-defaults?distro=debian-12",
        "1.203",
    ),
    "pkg:rpm/redhat/openssl-libs@1.1.1k-9.el8?distro=rhel-8.6&upstream=openssl-1.1.1k-9.el8.src.rpm": (
        "pkg:rpm/redhat/openssl?distro=rhel-8",
        "",
    ),
    "pkg:apk/alpine/libcrypto3@3.1.4-r1?distro=alpine-3.18.4&upstream=openssl": (
        "pkg:apk/alpine/openssl?distro=alpine-3.18",
        "",
    ),
    "pkg:deb/debian/curl@7.1?distro=debian-12&upstream=curl": None,
    "pkg:deb/debian/curl@7.1?distro=debian-12&upstream=%2F": None,
    "pkg:deb/debian/curl@7.1?distro=debian-12&upstream=@": None,
    "pkg:deb/debian/linux-image@6.1.55-1?distro=debian-12&upstream=linux-signed-amd64%406.1.55%2B1": (
        "pkg:deb/debian/linux?distro=debian-12",
        "",
    ),
    "pkg:deb/debian/libgtk-3-0@3.24.38-2?distro=debian-12&upstream=gtk%2B3.0": (
        package_of("Debian:12", "gtk+3.0"),
        "",
    ),
    "pkg:rpm/rocky/rubygem-rdoc@6.0.1.1-110.el8?distro=rocky-8.9&upstream=ruby-2.5.9-110.el8.src.rpm": (
        "pkg:rpm/rocky-linux/ruby?distro=rocky-8",
        "2.5.9-110.el8",
    ),
    "pkg:rpm/redhat/perl-Errno@1.28-421.el8?epoch=4&distro=rhel-8.9&upstream=perl-5.26.3-421.el8.src.rpm": (
        "pkg:rpm/redhat/perl?distro=rhel-8",
        "5.26.3-421.el8",
    ),
}


@pytest.mark.parametrize("purl", SOURCES)
def test_a_package_is_known_by_the_source_it_is_built_from(purl):
    package = split_purl(purl)[0]
    assert source_of(purl) == SOURCES[purl]
    assert "upstream" not in package
    assert without_release(package) == package.partition("?")[0]
    assert plain_name(package) == purl.partition("@")[0].rpartition("/")[2]


DEBIAN = {
    "id": "DEBIAN-CVE-2024-45491",
    "upstream": ["CVE-2024-45491"],
    "affected": [
        {
            "package": {
                "ecosystem": f"Debian:{n}",
                "name": "expat",
                "purl": f"pkg:deb/debian/expat?arch=source&distro={code}",
            },
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
        }
        for n, code, fixed in (("12", "bookworm", "2.5.0-1+deb12u1"), ("13", "trixie", "2.6.2-2"))
    ],
}
RELEASES = {
    "pkg:deb/debian/expat@2.5.0-1%2Bdeb12u1?distro=debian-12": "not_exposed",
    "pkg:deb/debian/expat@2.5.0-1?distro=debian-12": "exposed",
    "pkg:deb/debian/expat@2.5.0-1%2Bdeb12u1?distro=debian-13": "exposed",
    "pkg:deb/debian/expat@2.5.0-1%2Bdeb12u1?distro=debian-11": "not_exposed",
    "pkg:deb/debian/expat@2.5.0-1%2Bdeb12u1": "unknown",
    "pkg:deb/debian/libexpat1@2.5.0-1?distro=debian-12&upstream=expat": "exposed",
    "pkg:deb/debian/libexpat1@9?distro=debian-12&upstream=expat@2.5.0-1": "exposed",
    "pkg:deb/debian/libexpat1@2.5.0-1?distro=debian-12": "not_exposed",
}


@pytest.mark.parametrize("purl", RELEASES)
def test_only_what_is_said_of_its_release_decides(purl):
    advisory = read_osv(DEBIAN)
    assert advisory.cve == "CVE-2024-45491"
    assert match_verdict(*split_purl(purl), advisory.affected, source_of(purl)) == RELEASES[purl]


def fixed(ecosystem: str, name: str, version: str):
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": version}]}]
    return {"package": {"ecosystem": ecosystem, "name": name}, "ranges": ranges}


BINARIES = [
    # An advisory that names the very package, whatever source its purl tells.
    (
        "pkg:rpm/almalinux/python3-libs@3.6.8-51.el8?distro=almalinux-8.9&upstream=python3-3.6.8-51.el8.src.rpm",
        fixed("AlmaLinux:8", "python3-libs", "3.6.8-56.el8"),
        "exposed",
    ),
    # The source's own version is what is compared; without its epoch, where the fix has one, nobody knows.
    (
        "pkg:rpm/rocky/rubygem-rdoc@6.0.1.1-110.el8?distro=rocky-8.9&upstream=ruby-2.5.9-110.el8.src.rpm",
        fixed("Rocky Linux:8", "ruby", "0:2.5.9-111.el8"),
        "exposed",
    ),
    (
        "pkg:rpm/rocky/perl-Errno@1.28-421.el8?distro=rocky-8.9&upstream=perl-5.26.3-421.el8.src.rpm",
        fixed("Rocky Linux:8", "perl", "4:5.26.3-421.el8"),
        "unknown",
    ),
    (
        "pkg:rpm/suse/openssl@3.0.8-1?distro=sled-15.5",
        fixed("SUSE:Linux Enterprise Desktop 15 SP5", "openssl", "3.0.8-2"),
        "exposed",
    ),
    (
        "pkg:rpm/suse/openssl@3.0.8-1?distro=sl-micro-6.0",
        fixed("SUSE:Linux Micro 6.0", "openssl", "3.0.8-2"),
        "exposed",
    ),
    (
        "pkg:rpm/suse/openssl@3.0.8-1?distro=sle-micro-5.3",
        fixed("SUSE:Linux Enterprise Micro 5.3", "openssl", "3.0.8-2"),
        "exposed",
    ),
    # Made from another: its releases have other numbers.
    ("pkg:deb/raspbian/openssl@1?distro=raspbian-12", fixed("Debian:12", "openssl", "3"), "unknown"),
    ("pkg:deb/linuxmint/openssl@1?distro=linuxmint-21", fixed("Ubuntu:22.04:LTS", "openssl", "3"), "unknown"),
    (
        "pkg:rpm/centos/openssl@1?distro=centos-7",
        fixed("Red Hat:enterprise_linux:7::server", "openssl", "3"),
        "unknown",
    ),
    ("pkg:deb/openssl@1", fixed("Debian:12", "openssl", "3"), "unknown"),
    ("pkg:apk/openssl@1", fixed("Alpine:v3.18", "openssl", "3"), "unknown"),
    ("pkg:rpm/openssl@1", fixed("Red Hat:enterprise_linux:8::baseos", "openssl", "3"), "unknown"),
    ("pkg:rpm/centos/openssl@1?distro=centos-stream-9", fixed("Red Hat:enterprise_linux:9", "openssl", "3"), "unknown"),
    ("pkg:rpm/redhat/openssl@1?distro=maison-9", fixed("Red Hat:enterprise_linux:9", "openssl", "3"), "unknown"),
    # Streams of one module go on side by side.
    *(
        (
            f"pkg:rpm/redhat/nodejs@{version}?epoch=1&distro=rhel-8.9",
            fixed("Red Hat:enterprise_linux:8::appstream", "nodejs", "1:18.14.2-2.module+el8.7.0+1"),
            answer,
        )
        for version, answer in (
            ("16.20.2-4.module+el8.9.0+2", "unknown"),
            ("20.1.0-1.module+el8.9.0+2", "unknown"),
            ("18.14.1-1.module+el8.6.0+2", "exposed"),
            ("18.14.2-3.module+el8.9.0+2", "not_exposed"),
            ("16.20.2-4.el8", "unknown"),
        )
    ),
    # What is maintained for those who pay for it has versions of its own.
    ("pkg:deb/ubuntu/a@1.0-1~esm1?distro=ubuntu-22.04", fixed("Ubuntu:22.04:LTS", "a", "2.0"), "unknown"),
    # Python leaves out what tells a build, in a comparison with versions that tell none.
    *(
        (f"pkg:pypi/torch@{version}", fixed("PyPI", "torch", "2.6.0"), answer)
        for version, answer in (("2.5.1+cu118", "exposed"), ("2.6.0+cu118", "not_exposed"))
    ),
    ("pkg:pypi/torch@2.6.0+cu118", {**fixed("PyPI", "torch", "2.0"), "versions": ["2.6.0"]}, "exposed"),
    ("pkg:pypi/torch@2.6.0+cu118", {**fixed("PyPI", "torch", "2.0"), "versions": ["2.6.0+cpu"]}, "not_exposed"),
    # A tag of an action that moves along the versions that begin so.
    *(
        (
            f"pkg:github/actions/download-artifact@{tag}",
            fixed("GitHub Actions", "actions/download-artifact", "4.1.3"),
            answer,
        )
        for tag, answer in (
            ("v4", "unknown"),
            ("v4.1", "unknown"),
            ("v3", "exposed"),
            ("v5", "not_exposed"),
            ("v4.0", "exposed"),
        )
    ),
    *(
        (f"pkg:gem/nokogiri@1.15.4{platform}", fixed("RubyGems", "nokogiri", "1.15.4"), "not_exposed")
        for platform in ("-arm64-darwin", "-x86_64-linux", "-java", "-aarch64-linux-gnu", "")
    ),
    # The version of a product of Red Hat is not that of the system it runs on.
    (
        "pkg:rpm/redhat/openshift-clients@4.12.0-1.el8?distro=rhel-8.6",
        fixed("Red Hat:openshift:4.12::el8", "openshift-clients", "4.12.0-9.el8"),
        "exposed",
    ),
    (
        "pkg:rpm/redhat/httpd@2.4.6-99.el7_9?distro=rhel-7.9",
        fixed("Red Hat:jboss_enterprise_application_platform:7.4::el8", "httpd", "0:2.4.37-9.el8"),
        "not_exposed",
    ),
    (
        "pkg:rpm/redhat/httpd@2.4.6-99.el7_9?distro=rhel-7.9",
        fixed("Red Hat:rhel_eus:7.7::server", "httpd", "0:2.4.37-9.el7"),
        "exposed",
    ),
]


@pytest.mark.parametrize(("purl", "affected", "answer"), BINARIES)
def test_each_distribution_speaks_of_its_packages(purl, affected, answer):
    advisory = read_osv({"id": "X-1", "affected": [affected]})
    assert match_verdict(*split_purl(purl), advisory.affected, source_of(purl)) == answer


def test_another_stream_of_a_module_is_no_advice():
    [node] = [a for a in read_osv({"id": "X", "affected": [MODULAR]}).affected if a.package.endswith("rhel-8")]
    assert node.fixed_in("1:16.20.2-4.module+el8.9.0+2") == ()
    assert node.fixed_in("1:18.14.1-1.module+el8.6.0+2") == ("1:18.14.2-2.module+el8.7.0+1",)


MODULAR = fixed("Red Hat:enterprise_linux:8::appstream", "nodejs", "1:18.14.2-2.module+el8.7.0+1")


@pytest.mark.parametrize("name", ["/", "//", "/" * 100_000 + "a", "a" * 100_000])
def test_a_name_that_names_nothing_is_refused_at_once(name):
    for ecosystem in ("Maven", "SwiftURL", f"SUSE:{name}"):
        with pytest.raises(UnreadableName):
            package_of(ecosystem, name)


def test_a_module_of_go_is_called_without_its_major_version():
    packages = ("pkg:golang/github.com/labstack/echo/v4", "pkg:golang/gopkg.in/yaml.v3", "pkg:npm/v8", "pkg:golang/v2")
    assert [plain_name(package) for package in packages] == ["echo", "yaml.v3", "v8", "v2"]


def test_what_is_paid_for_says_nothing_of_the_release_itself():
    name, plain = "openssl", "1.1.1f-1ubuntu2.23"
    affected = [
        fixed("Ubuntu:Pro:FIPS-updates:20.04:LTS", name, "1.1.1f-1ubuntu2.fips.23.1"),
        fixed("Ubuntu:Pro:20.04:LTS", name, f"{plain}+esm1"),
    ]
    of_release = fixed("Ubuntu:20.04:LTS", name, plain)
    asked = split_purl(f"pkg:deb/ubuntu/{name}@{plain}?distro=ubuntu-20.04")
    assert match_verdict(*asked, read_osv({"id": "U", "affected": [of_release, *affected]}).affected) == "not_exposed"
    assert match_verdict(*asked, read_osv({"id": "U", "affected": affected}).affected) == "exposed"


def test_a_record_of_almalinux_is_about_the_flaws_that_it_says_related():
    record = {"id": "ALSA-2023:5455", "related": ["CVE-2023-4911"], "affected": []}
    assert read_osv(record).upstream == ("CVE-2023-4911",)
    assert read_osv(record | {"id": "GHSA-1"}).upstream == ()


def test_advice_is_never_a_downgrade_nor_exposed_itself():
    record = osv(({"introduced": "15.5.1"},), ends("15.6.0-canary.0", "15.6.0-canary.61"), name="next", ecosystem="npm")
    [next_js] = read_osv(record).affected
    assert next_js.fixed_in("16.2.1") == () and next_js.fixed_in("15.6.0-canary.3") == ()
    twice = osv(ends("1.0", "1.5"), ends("1.4", "1.6"), ends("2.0", "2.3"), name="x", ecosystem="npm")
    [package] = read_osv(twice).affected
    assert package.fixed_in("1.4.2") == ("1.6",)
    assert package.fixed_in("2.1") == ("2.3",)
    twice["affected"][0]["versions"] = ["3.0.0"]
    assert read_osv(twice).affected[0].fixed_in("3.0.0") == ()


@given(
    st.sampled_from(["maven", "gem", "npm", "golang", "composer", "pypi", "nuget", "cargo", "hex"]),
    st.lists(st.from_regex(r"\A[A-Za-z0-9._-]{1,8}\Z"), min_size=1, max_size=3),
    st.from_regex(r"\A[0-9A-Za-z.+~-]{1,8}\Z"),
)
def test_the_short_way_of_reading_a_purl_gives_what_the_long_one_gives(kind, parts, version):
    written = f"pkg:{kind}/{'/'.join(parts)}@{version}"
    try:
        purl = PackageURL.from_string(written)
    except ValueError:
        return
    name, namespace = purl.name, purl.namespace
    if kind == "pypi":
        name = re.sub(r"[-_.]+", "-", name).lower()
    elif kind in {"npm", "golang", "composer", "nuget", "hex"}:
        name, namespace = name.lower(), namespace and namespace.lower()
    library = kind == "golang" and not namespace and name in {"std", "stdlib"}
    wanted = "pkg:golang/stdlib" if library else PackageURL(kind, namespace, name).to_string()
    read = purl.version or ""
    assert split_purl(written) == (wanted, read.removeprefix("go") if library else read)


@given(st.sampled_from([purl for purl, *_ in ONE]), st.integers(0, 80), st.text(max_size=3))
def test_a_damaged_purl_is_read_or_refused(purl, at, text):
    try:
        package, _ = split_purl(purl[:at] + text + purl[at:])
    except UnreadableName as error:
        assert str(error)
    else:
        assert package.startswith("pkg:")


@pytest.mark.parametrize("events", [[], [{"fixed": "2.0.0"}]])
def test_a_range_that_does_not_say_where_it_begins_is_to_check(events):
    affected = [{"package": {"ecosystem": "npm", "name": "a"}, "ranges": [{"type": "SEMVER", "events": events}]}]
    assert match_verdict("pkg:npm/a", "1.0.0", read_osv({"id": "X", "affected": affected}).affected) == "unknown"
