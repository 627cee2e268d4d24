"""Flaws that a team wrote on a component, beside the version that runs."""

from dataclasses import replace

from risk_models.exposure.package_names import UnreadableName, ecosystem_of, split_purl
from risk_models.exposure.versions import read_version
from risk_models.system import Component


def is_past_fix(version: str | None, purl: str | None, fixed_in: str | None) -> bool:
    """Whether the version that runs is the one said to mend a flaw, or comes after it: that of another branch may be mended
    elsewhere, so that only its team can say that the flaw is gone."""
    try:
        ecosystem = ecosystem_of(split_purl(purl)[0]) if purl else "generic"
    except UnreadableName:
        ecosystem = "generic"
    runs, mends = (read_version(ecosystem, text) if text else None for text in (version, fixed_in))
    return runs is not None and mends is not None and bool(runs >= mends)


def without_judged(c: Component, harmless: set[tuple[str, str]]) -> Component:
    """`c` without the flaws that its team wrote once and judged harmless since, nor a version to move to that it is past."""
    kept = tuple(
        replace(v, fixed_in=None) if is_past_fix(c.version, c.purl, v.fixed_in) else v
        for v in c.vulnerabilities
        if (c.id, v.id) not in harmless
    )
    return c if kept == c.vulnerabilities else replace(c, vulnerabilities=kept)
