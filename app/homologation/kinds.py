"""Closed lists of this feature; words in the catalogue."""

from enum import StrEnum


class DossierState(StrEnum):
    DRAFT = "draft"  # the team composes it
    OPINIONS = "opinions"  # the reviewers are asked
    DECISION = "decision"  # frozen, before its authority
    DECIDED = "decided"  # for good


class Origin(StrEnum):
    JALON = "jalon"  # composed and sealed here
    MSS = "mon_service_securise"
    PAPER = "paper"
    OTHER = "other"


class Act(StrEnum):
    """What a file that left Jalon tells."""

    PROJECT = "project"  # not sealed: what its authority reads before deciding
    DECISION = "decision"
    WITHDRAWAL = "withdrawal"
    LIFTING = "lifting"
    DISPENSATION = "dispensation"
    DISPENSATION_END = "dispensation_end"


class DispensationState(StrEnum):
    """Where a dispensation stands on a day."""

    ASKED = "asked"
    REFUSED = "refused"
    IN_FORCE = "in_force"
    OVER = "over"  # its last day is past
    ENDED = "ended"  # by the authority, before its day
    CLOSED = "closed"  # by a later decision on the product, or a withdrawal
    CANCELLED = "cancelled"  # by the team, before its authority answered


class PieceAnswer(StrEnum):
    """How a team answers for a piece that Jalon does not fill."""

    WRITTEN = "written"
    NOT_APPLICABLE = "not_applicable"


class Verdict(StrEnum):
    FAVOURABLE = "favourable"
    WITH_RESERVATIONS = "with_reservations"
    UNFAVOURABLE = "unfavourable"


class Outcome(StrEnum):
    FAVOURABLE = "favourable"
    WITH_RESERVATIONS = "with_reservations"
    PROVISIONAL = "provisional"
    REFUSED = "refused"


class ReviewerRole(StrEnum):
    RSSI = "rssi"
    DPO = "dpo"
    TECHNICAL = "technical"
    USERS = "users"


class Heard(StrEnum):
    """An act on a dossier that concerned people are told of."""

    DECIDED = "decided"
    WITHDRAWN = "withdrawn"
    TAKEN_BACK = "taken_back"
    DELEGATED = "delegated"
    RECORDED = "recorded"
    LIFT_ASKED = "lift_asked"
    LIFTED = "lifted"


class DispensationHeard(StrEnum):
    """An act on a dispensation that concerned people are told of."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    ENDED = "ended"
    CANCELLED = "cancelled"


class Called(StrEnum):
    """What a dossier waits for: an opinion, that its team sends it on, a decision."""

    OPINION = "opinion"
    TRANSMIT = "transmit"
    DECISION = "decision"
