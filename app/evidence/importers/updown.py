"""updown.io's API: the list of checks of an account. Source: https://updown.io/api"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from app.evidence.importers import CERTIFICATE_END, Reading, UnreadablePayload
from app.evidence.importers.dashlord import host_of
from app.evidence.importers.dashlord_checks import updown_reading
from risk_models.scales import Check, ObservationState


def _certificate(check: Mapping[str, Any]) -> list[Reading]:
    """The certificate that the probe met, where it looked at one."""
    seen = check.get("ssl")
    if not isinstance(seen, Mapping) or not isinstance(seen.get("tested_at"), str):
        return []
    try:
        end = date.fromisoformat(str(seen["expires_at"])[:10])
        tested = date.fromisoformat(seen["tested_at"][:10])
    except (KeyError, ValueError):
        return [Reading(Check.TLS, check["url"], ObservationState.UNREADABLE)]
    detail = {CERTIFICATE_END: end.isoformat()}
    return [
        Reading(
            Check.TLS, check["url"], ObservationState.SEEN, seen.get("valid") is True, "", tested, end, detail=detail
        )
    ]


def read_checks(payload: Any, hosts: Collection[str]) -> list[Reading]:
    """The readings of the checks that watch one of `hosts`; absent where none does. Raises `Unreadable`."""
    if not isinstance(payload, list) or not all(isinstance(c, dict) and isinstance(c.get("url"), str) for c in payload):
        raise UnreadablePayload("not_its_shape")
    found = []
    for check in payload:
        host = host_of(check["url"])
        if host in hosts:
            try:
                reading = updown_reading(check, check["url"])
            except (ValueError, TypeError, KeyError, OverflowError):
                reading = Reading(Check.AVAILABILITY, check["url"], ObservationState.UNREADABLE)
            found += [reading] if reading else []
            found += _certificate(check)
    watched = {host_of(r.subject) for r in found}
    return found + [
        Reading(Check.AVAILABILITY, f"https://{h}", ObservationState.ABSENT) for h in sorted(set(hosts) - watched)
    ]
