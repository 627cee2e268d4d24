"""Closed lists of this feature; words in the catalogue."""

from enum import StrEnum


class StudyStep(StrEnum):
    """The short pages of the guided analysis, in order."""

    LEVEL = "level"
    PROTECT = "protect"
    FEAR = "fear"
    MADE_OF = "made_of"
    ATTACKERS = "attackers"
    WEAK = "weak"
    DO = "do"
    REMAINS = "remains"
