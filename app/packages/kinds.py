"""What may be said of a match; the words are those of CycloneDX VEX (specification 1.6, vulnerability analysis)."""

from enum import StrEnum


class FlawState(StrEnum):
    IN_TRIAGE = "in_triage"
    EXPLOITABLE = "exploitable"
    NOT_AFFECTED = "not_affected"
    RESOLVED = "resolved"
    ACCEPTED = "accepted"  # until a date; "exploitable" with response "will_not_fix" in VEX


class Justification(StrEnum):
    CODE_NOT_PRESENT = "code_not_present"
    CODE_NOT_REACHABLE = "code_not_reachable"
    REQUIRES_CONFIGURATION = "requires_configuration"
    REQUIRES_DEPENDENCY = "requires_dependency"
    REQUIRES_ENVIRONMENT = "requires_environment"
    PROTECTED_BY_COMPILER = "protected_by_compiler"
    PROTECTED_AT_RUNTIME = "protected_at_runtime"
    PROTECTED_AT_PERIMETER = "protected_at_perimeter"
    PROTECTED_BY_MITIGATING_CONTROL = "protected_by_mitigating_control"


# What CycloneDX has no place for, in the documents that Jalon writes and reads back.
COMPONENT, STATE, UNTIL, JUDGED_BY = "jalon:component", "jalon:state", "jalon:until", "jalon:judged_by"
