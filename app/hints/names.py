"""What a hint may be about, and what became of it."""

from enum import StrEnum


class HintKind(StrEnum):
    TECHNOLOGY = "technology"
    THIRD_PARTY = "third_party"
    BANNER = "banner"
    IMAGE = "image"


class HintState(StrEnum):
    NEW = "new"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
