"""Advisories in the form of OSV, and the package that everybody looked for in December 2021."""

LOG4J = "pkg:maven/org.apache.logging.log4j/log4j-core"


def osv(*ranges, name="org.apache.logging.log4j:log4j-core", ecosystem="Maven", **more):
    affected = [
        {"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": list(r)}]}
        for r in ranges
    ]
    return {"id": "TEST-1", "modified": "2022-01-01T00:00:00Z", "affected": affected, **more}


def ends(introduced, fixed):
    return {"introduced": introduced}, {"fixed": fixed}


LOG4SHELL = osv(ends("2.13.0", "2.15.0"), ends("0", "2.3.1"), ends("2.4", "2.12.2"), aliases=["CVE-2021-44228"])
