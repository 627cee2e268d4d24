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
