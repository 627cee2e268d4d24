"""How grave what code scanning tools find is."""

from collections.abc import Mapping

_BY_SECURITY = {"critical": "ERROR", "high": "ERROR", "medium": "WARNING", "low": "NOTE"}
_SEVERITIES = ("ERROR", "WARNING", "NOTE")  # the gravest first


def code_severity(rule: Mapping[str, object]) -> str:
    """The severity of a code scanning rule, the graver of the two that it tells; one that tells none is of the gravest."""
    told = [str(rule.get("severity") or "").upper()]
    told.append(_BY_SECURITY.get(str(rule.get("security_severity_level") or "").lower(), ""))
    return next((severity for severity in _SEVERITIES if severity in told), next(filter(None, told), "ERROR"))
