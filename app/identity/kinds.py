"""Closed lists of this feature; words in the catalogue."""

from enum import StrEnum


class Role(StrEnum):
    TEAM_MEMBER = "team_member"
    REVIEWER = "reviewer"
    AUTHORITY = "authority"
    INCUBATOR_MEMBER = "incubator_member"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class FactorKind(StrEnum):
    WEBAUTHN = "webauthn"
    TOTP = "totp"
