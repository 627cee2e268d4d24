"""How deep the analysis and the dossier must go: the security level of a product, and what threatens it from beside.

Source of the matrices: MonServiceSécurisé, security needs of a service, version 2 (2026-08).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from risk_models.scales import (
    Approach,
    Audience,
    DataSensitivity,
    DataVolume,
    Openness,
    OutageTolerance,
    SecurityLevel,
    StakeholderZone,
)

# Rows: volume of data; columns: criticality of data.
_DATA = ((1, 1, 2, 2), (1, 1, 2, 3), (1, 2, 3, 4), (1, 2, 4, 4))
# Rows: audience; columns: how little an outage is borne.
_SERVICE = ((1, 1, 2, 3), (1, 1, 2, 3), (1, 1, 3, 4), (1, 1, 3, 4))
_EXPOSURE = (1, 2, 2, 3)
# Rows: general criticality; columns: exposure.
_LEVEL = ((1, 1, 1, 2), (1, 1, 2, 2), (2, 2, 3, 3), (2, 3, 3, 3))


@dataclass(frozen=True, slots=True)
class Needs:
    """What a product says of itself, each answer on its scale of four."""

    data: DataSensitivity
    volume: DataVolume
    outage: OutageTolerance
    audience: Audience
    openness: Openness

    @property
    def level(self) -> SecurityLevel:
        return SecurityLevel(security_level(**{name: int(value) for name, value in asdict(self).items()}))


def security_level(*, data: int, volume: int, outage: int, audience: int, openness: int) -> int:
    """The security level 1 (élémentaire), 2 (modéré) or 3 (important) that five answers from 1 to 4 ask for.

    Raises `ValueError` for an answer off its scale.
    """
    for name, value in (("data", data), ("volume", volume), ("outage", outage), ("audience", audience)):
        _on_scale(name, value, 1)
    _on_scale("openness", openness, 1)
    criticality = max(_DATA[volume - 1][data - 1], _SERVICE[audience - 1][outage - 1])
    return _LEVEL[criticality - 1][_EXPOSURE[openness - 1] - 1]


def what_each_answer_changes(needs: Needs) -> Mapping[str, Mapping[int, SecurityLevel]]:
    """By question and answer, the level were that answer given and the four others kept."""
    return {
        name: {int(other): replace(needs, **{name: other}).level for other in type(value)}
        for name, value in ((name, getattr(needs, name)) for name in Needs.__dataclass_fields__)
    }


def approach_of(level: SecurityLevel) -> Approach:
    """How deep the dossier goes at a level (ANSSI's three approaches, checklist of 2025-10)."""
    return (Approach.SIMPLIFIED, Approach.ELABORATE, Approach.ADVANCED)[level - 1]


# Jalon's own bounds: the method leaves them to each organisation.
_WATCH, _CONTROL, _DANGER = 0.25, 1.0, 2.5


def stakeholder_threat(*, dependency: int, penetration: int, maturity: int, trust: int) -> float:
    """How threatening somebody of the ecosystem is: (dependency × penetration) / (maturity × trust), 0 to 16.

    Each from 1 to 4; dependency and penetration may be 0. Raises `ValueError` off those scales.
    Source: EBIOS Risk Manager, workshop 3.
    """
    for name, value, least in (
        ("dependency", dependency, 0),
        ("penetration", penetration, 0),
        ("maturity", maturity, 1),
        ("trust", trust, 1),
    ):
        _on_scale(name, value, least)
    return dependency * penetration / (maturity * trust)


def stakeholder_zone(threat: float) -> StakeholderZone:
    """Where a threat level falls on the map of the ecosystem."""
    if threat >= _DANGER:
        return StakeholderZone.DANGER
    if threat >= _CONTROL:
        return StakeholderZone.CONTROL
    return StakeholderZone.WATCH if threat >= _WATCH else StakeholderZone.OUTSIDE


def _on_scale(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or value != int(value) or not least <= value <= 4:
        raise ValueError(f"{name} goes from {least} to 4, not {value!r}")
