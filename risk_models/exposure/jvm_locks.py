"""Lock files of the JVM: Maven's pom.xml, which is the list of what is wanted, and Gradle's."""

import re
from collections.abc import Iterator
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
    properties = _properties(root)
    holders = [root, *root.findall("profiles/profile")]
    managed = {}
    for holder in holders:
        for entry in holder.findall("dependencyManagement/dependencies/dependency"):
            group, name, version = _coordinates(entry, properties)
            managed[group, name] = version
    for holder in holders:
        for entry in holder.findall("dependencies/dependency"):
            group, name, version = _coordinates(entry, properties)
            version = version or managed.get((group, name), "")
            if not version or re.search(r"\$\{|@", version) or not plain_version(version):
                note("not_exact", f"{group}:{name}")
                version = ""
            if group and name:
                scope = (entry.findtext("scope") or "").strip()
                purl = _purl(group, name)
                yield Locked(purl, version, scope == "test", ref=purl, imported=True)


def _purl(group: str, name: str) -> str:
    return f"pkg:maven/{quote(group)}/{quote(name)}"


def _properties(root: Element) -> dict[str, str]:
    found = {e.tag: (e.text or "").strip() for holder in root.iter("properties") for e in holder}
    for key in ("groupId", "version"):
        parent = (root.findtext(f"parent/{key}") or "").strip()
        own = (root.findtext(key) or "").strip() or parent
        found |= {f"project.{key}": own, f"pom.{key}": own, key: own, f"project.parent.{key}": parent}
    return found


def _coordinates(entry: Element, properties: dict[str, str]) -> tuple[str, str, str]:
    parts = [(entry.findtext(tag) or "").strip() for tag in ("groupId", "artifactId", "version")]
    group, name, version = (_filled(part, properties) for part in parts)
    return group, name, version


def _filled(text: str, properties: dict[str, str]) -> str:
    """With its properties filled in, those of properties too; nothing is left of what grows without end."""
    for _ in range(5):
        if "${" not in text:
            break
        text = re.sub(r"\$\{([^}]+)\}", lambda m: properties.get(m[1], m[0])[:200], text[:500])
    return text[:500]


_GRADLE_LINE = re.compile(r"(?:empty|([\w.+-]++):([\w.+-]++):([\w.+-]++))=?(\S*)")
_GRADLE_TESTS = re.compile(
    r"((test\w*|\w*[a-z]Test\w*|(?i:jacoco|checkstyle|pmd|spotbugs|detekt|ktlint|spotless)\w*)(?:,|$))+"
)


def gradle_lockfile(text: str, note: Note) -> Iterator[Locked]:
    """Lines `group:name:version=configurations`, after them the configurations that are `empty`."""
    for found in lines_of(text, _GRADLE_LINE, note):
        group, name, version, configurations = found.groups()
        if group:
            development = bool(_GRADLE_TESTS.fullmatch(configurations))
            yield Locked(_purl(group, name), version, development)
