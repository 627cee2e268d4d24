"""Closed lists of this feature; words in the catalogue."""

from enum import StrEnum


class StudyStep(StrEnum):
    """The short pages of the guided analysis, in order."""

    LEVEL = "level"
    MADE_OF = "made_of"
    PROTECT = "protect"
    FEAR = "fear"
    ATTACKERS = "attackers"
    WEAK = "weak"
    DO = "do"
    REMAINS = "remains"


class StepState(StrEnum):
    """How far a step of a product's journey is; `STARTED`: it holds something, and nothing says that it holds all; `DEDUCED`:
    Jalon makes it of the others, and nobody is asked anything."""

    DONE = "done"
    STARTED = "started"
    TODO = "todo"
    SKIPPED = "skipped"
    DEDUCED = "deduced"
    WAITING = "waiting"
