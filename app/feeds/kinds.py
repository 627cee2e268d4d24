"""The feeds of public knowledge, and after how many days each is too old to be trusted in silence."""

from enum import StrEnum


class FeedName(StrEnum):
    OSV = "osv"
    KEV = "kev"
    EPSS = "epss"
    EOL = "eol"


# KEV and EPSS change every working day, OSV every hour; endoflife.date follows releases.
STALE_AFTER_DAYS = {FeedName.OSV: 7, FeedName.KEV: 7, FeedName.EPSS: 7, FeedName.EOL: 60}
