"""Closed lists of this feature; words in the catalogue."""

from enum import StrEnum


class ImportState(StrEnum):
    """A set of cards is read, looked at, then written; or it could not be."""

    READING = "reading"
    READ = "read"
    WRITING = "writing"
    WRITTEN = "written"
    REFUSED = "refused"
