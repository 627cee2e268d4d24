"""Closed lists of this feature; words in the catalogue."""

from enum import StrEnum


class EvidenceSource(StrEnum):
    """Where a proof comes from."""

    DASHLORD = "dashlord"
    GITHUB = "github"
    UPDOWN = "updown"
    PERSON = "person"


class ConnectorKind(StrEnum):
    DASHLORD = "dashlord"
    GITHUB = "github"
    UPDOWN = "updown"


class SightingKind(StrEnum):
    """What was seen on a site, from outside."""

    TECHNOLOGY = "technology"
    THIRD_PARTY = "third_party"
    BANNER = "banner"
    IMAGE = "image"


class SightingState(StrEnum):
    """What the product's people said of it."""

    NEW = "new"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
