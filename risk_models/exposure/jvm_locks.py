"""Lock files of the JVM: Maven's pom.xml, which is the list of what is wanted, and Gradle's."""

import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from urllib.parse import quote
from xml.etree.ElementTree import Element

from defusedxml.ElementTree import parse

from risk_models.exposure.lock_text import Locked, Note, lines_of, plain_version


def pom(text: str, note: Note) -> Iterator[Locked]:
    """Dependencies, of the project and of its profiles, that give their version or have it from `dependencyManagement`;
    properties of the same file filled in. What is only managed is no dependency."""
    # What it says of its encoding was of its bytes: a text has none.
    written = re.sub(r"\A\s*<\?xml[^>]*\?>", "", text)
    root = parse(BytesIO(written.encode()), forbid_dtd=True).getroot()
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    if root.tag != "project":
        raise ValueError("its root is not <project>")
    profiles = root.findall("profiles/profile")
    always = [p for p in profiles if (p.findtext("activation/activeByDefault") or "").strip() == "true"]
    project = _coordinates(root)
    common = ChainMap(project, _properties([root, *always]))
    managed = _managed([root, *always], common)
    for holder in [root, *profiles]:
        # Maven takes a profile where it is active: what one says is not said of the project, nor of another.
        own = [holder] if holder is not root else []
        properties = ChainMap(project, _properties(own), common)
        versions = ChainMap(_managed(own, properties), managed)
        for entry in holder.findall("dependencies/dependency"):
            kind = group, name, *_ = _kind_of(entry, properties)
            version = _filled(_text(entry, "version") or versions.get(kind, ""), properties)
            if not version or re.search(r"\$\{|@", version) or not plain_version(version):
                note("not_exact", f"{group}:{name}")
                version = ""
            if group and name:
                purl = _purl(group, name)
                yield Locked(purl, version, _text(entry, "scope") == "test", ref=purl, imported=True)


def _purl(group: str, name: str) -> str:
    return f"pkg:maven/{quote(group)}/{quote(name)}"


def _properties(holders: Iterable[Element]) -> dict[str, str]:
    return {e.tag: (e.text or "").strip() for holder in holders for e in holder.findall("properties/*")}


def _coordinates(root: Element) -> dict[str, str]:
    """The properties that a project has by what it is, and its parent."""
    found: dict[str, str] = {}
    for key in ("groupId", "version"):
        parent = (root.findtext(f"parent/{key}") or "").strip()
        own = (root.findtext(key) or "").strip() or parent
        found |= {f"project.{key}": own, f"pom.{key}": own, key: own, f"project.parent.{key}": parent}
    return found


_Kind = tuple[str, str, str, str]


def _managed(holders: Iterable[Element], properties: Mapping[str, str]) -> dict[_Kind, str]:
    """By dependency, the version that these manage, as written."""
    return {
        _kind_of(entry, properties): _text(entry, "version")
        for holder in holders
        for entry in holder.findall("dependencyManagement/dependencies/dependency")
    }


def _text(entry: Element, tag: str) -> str:
    return (entry.findtext(tag) or "").strip()


def _kind_of(entry: Element, properties: Mapping[str, str]) -> _Kind:
    """What tells a dependency from others: its group, name, type and classifier."""
    group, name, kind, classifier = (
        _filled(_text(entry, tag), properties) for tag in ("groupId", "artifactId", "type", "classifier")
    )
    return group, name, kind or "jar", classifier


def _filled(text: str, properties: Mapping[str, str]) -> str:
    """With its properties filled in, those of properties too; nothing is left of what grows without end."""
    for _ in range(5):
        if "${" not in text:
            break
        text = re.sub(r"\$\{([^}]+)\}", lambda m: properties.get(m[1], m[0])[:200], text[:500])
    return text[:500]


_GRADLE_LINE = re.compile(r"(?:empty|([\w.+-]++):([\w.+-]++):([\w.+-]++))=?(\S*)")
_GRADLE_TESTS = re.compile(r"test\w*|\w*[a-z]Test\w*|(?i:jacoco|checkstyle|pmd|spotbugs|detekt|ktlint|spotless)\w*")


def gradle_lockfile(text: str, note: Note) -> Iterator[Locked]:
    """Lines `group:name:version=configurations`, after them the configurations that are `empty`."""
    for found in lines_of(text, _GRADLE_LINE, note):
        group, name, version, configurations = found.groups()
        if group:
            development = all(map(_GRADLE_TESTS.fullmatch, configurations.rstrip(",").split(",")))
            yield Locked(_purl(group, name), version, development)
