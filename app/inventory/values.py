"""A component as a row and as the value that the ranking and the product file know."""

from collections.abc import Collection

from app.inventory.models import Component, Vulnerability
from app.platform import clock
from risk_models import product_file
from risk_models.product_file import component_format
from risk_models.product_file.checked_map import CheckedMap
from risk_models.scales import DataKind
from risk_models.system import Component as ComponentValue
from risk_models.system import EndOfLife, extra_of
from risk_models.system import Vulnerability as VulnerabilityValue

# What the product file has no key for.
_OURS = ("x-patched-by-reason", "x-owner", "x-emergency")


def _ours(c: Component) -> tuple[str, str, str]:
    return c.patched_reason, c.owner, c.emergency


def fill_component(row: Component, value: ComponentValue) -> None:
    """Makes a row what a value says; flaws known before keep their rows."""
    row.name, row.kind, row.hosting, row.exposure = value.name, value.kind, value.hosting, value.exposure
    row.patched_by, row.location = value.patched_by, value.location
    row.supplier, row.version = value.supplier or "", value.version or ""
    row.purl, row.cpe, row.sbom = value.purl or "", value.cpe or "", value.sbom or ""
    row.data = [d.value for d in value.data]
    extra = product_file.extra_dict(value.extra)
    row.patched_reason, row.owner, row.emergency = (
        str(extra.pop(key)) if isinstance(extra.get(key), str) else "" for key in _OURS
    )
    row.assumed, row.extra = list(value.assumed), extra
    row.state, row.last_tested, row.access = value.state, value.last_tested, component_format.access_dict(value)
    eol = value.eol or EndOfLife()
    row.eol_product, row.eol_cycle, row.eol_date = eol.product or "", eol.cycle or "", eol.date
    row.eol_extra = product_file.extra_dict(eol.extra)
    row.confirmed_at = clock.now()
    flaws = {v.name: v for v in row.vulnerabilities}
    kept = []
    for v in value.vulnerabilities:
        flaw = flaws.get(v.id) or Vulnerability(name=v.id)
        flaw.cvss, flaw.epss, flaw.kev, flaw.published = v.cvss, v.epss, v.kev, v.published
        flaw.fixed_in, flaw.extra = v.fixed_in or "", product_file.extra_dict(v.extra)
        kept.append(flaw)
    row.vulnerabilities = kept


def component_value(c: Component, refs: Collection[str]) -> ComponentValue:
    """`refs`: those of all components of its product; what it names that is not among them makes a `ProductFileError`."""
    return ComponentValue(
        id=c.ref,
        name=c.name,
        kind=c.kind,
        hosting=c.hosting,
        exposure=c.exposure,
        patched_by=c.patched_by,
        supplier=c.supplier or None,
        version=c.version or None,
        purl=c.purl or None,
        cpe=c.cpe or None,
        eol=EndOfLife(c.eol_product or None, c.eol_cycle or None, c.eol_date, extra_of(c.eol_extra))
        if c.eol_product or c.eol_cycle or c.eol_date or c.eol_extra
        else None,
        sbom=c.sbom or None,
        data=tuple(DataKind(d) for d in c.data or ()),
        location=c.location,
        vulnerabilities=tuple(
            VulnerabilityValue(v.name, v.cvss, v.epss, v.kev, v.published, v.fixed_in or None, extra_of(v.extra))
            for v in c.vulnerabilities
        ),
        assumed=tuple(c.assumed),
        extra=extra_of(c.extra | {k: v for k, v in zip(_OURS, _ours(c), strict=True) if v}),
        state=c.state,
        last_tested=c.last_tested,
        **component_format.read_access(CheckedMap(c.access, "component", c.ref), refs),
    )
