"""Who may do what: one table. A grant on an incubator holds on its products, one on the platform everywhere."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.identity.kinds import Role

TEAM, REVIEWER, AUTHORITY = Role.TEAM_MEMBER, Role.REVIEWER, Role.AUTHORITY
INCUBATOR, ADMIN, AUDITOR = Role.INCUBATOR_MEMBER, Role.ADMINISTRATOR, Role.AUDITOR


class Permission(StrEnum):
    ANYONE = "anyone"
    SIGNED_IN = "signed_in"
    CREATE_PRODUCT = "create_product"
    READ_PRODUCT = "read_product"
    EDIT_PRODUCT = "edit_product"
    INVITE = "invite"
    COMPOSE_DOSSIER = "compose_dossier"
    GIVE_OPINION = "give_opinion"
    DECIDE = "decide"
    RECORD_ELSEWHERE = "record_elsewhere"
    RECORD_SIGNED = "record_signed"
    LIFT_RESERVATION = "lift_reservation"
    READ_JOURNAL = "read_journal"
    READ_WHOLE_JOURNAL = "read_whole_journal"
    READ_INCUBATOR = "read_incubator"
    COMPARE_INCUBATORS = "compare_incubators"
    IMPORT_SCANS = "import_scans"
    IMPORT_CARDS = "import_cards"
    VOUCH = "vouch"
    GIVE_ROLES = "give_roles"
    ADMINISTER = "administer"
    EDIT_CATALOGUE = "edit_catalogue"
    EDIT_SERVICES = "edit_services"
    APPROVE_LEVEL = "approve_level"
    REMARK = "remark"
    POSTPONE = "postpone"
    SET_ESCALATION = "set_escalation"
    RELAUNCH = "relaunch"


# What gives power or binds is done in one sitting: its form is never kept for a next session.
NEVER_KEPT = frozenset(
    {
        Permission.SIGNED_IN,  # one's own account: factors, channels
        Permission.INVITE,
        Permission.DECIDE,
        Permission.RECORD_SIGNED,
        Permission.LIFT_RESERVATION,
        Permission.RECORD_ELSEWHERE,
        Permission.APPROVE_LEVEL,
        Permission.SET_ESCALATION,
        Permission.RELAUNCH,
        Permission.VOUCH,
        Permission.GIVE_ROLES,
        Permission.ADMINISTER,
    }
)

EVERY_ROLE = frozenset(Role)

TABLE: dict[Permission, frozenset[Role]] = {
    #                                     TEAM  REVIEWER  AUTHORITY  INCUBATOR  ADMIN  AUDITOR
    Permission.CREATE_PRODUCT: frozenset({TEAM, INCUBATOR, ADMIN}),
    Permission.READ_PRODUCT: EVERY_ROLE,
    Permission.EDIT_PRODUCT: frozenset({TEAM, INCUBATOR, ADMIN}),
    Permission.INVITE: frozenset({TEAM, INCUBATOR, ADMIN}),
    Permission.COMPOSE_DOSSIER: frozenset({TEAM, ADMIN}),
    Permission.GIVE_OPINION: frozenset({REVIEWER}),
    Permission.DECIDE: frozenset({AUTHORITY}),
    Permission.RECORD_ELSEWHERE: frozenset({TEAM, INCUBATOR, ADMIN}),
    Permission.RECORD_SIGNED: frozenset({AUTHORITY, INCUBATOR, ADMIN}),
    Permission.LIFT_RESERVATION: frozenset({AUTHORITY, REVIEWER}),
    Permission.READ_JOURNAL: frozenset({TEAM, INCUBATOR, ADMIN, AUDITOR}),
    Permission.READ_WHOLE_JOURNAL: frozenset({ADMIN, AUDITOR}),
    Permission.READ_INCUBATOR: frozenset({INCUBATOR, ADMIN, AUDITOR}),
    Permission.COMPARE_INCUBATORS: frozenset({ADMIN}),
    Permission.IMPORT_SCANS: frozenset({INCUBATOR, ADMIN}),
    Permission.IMPORT_CARDS: frozenset({ADMIN}),
    Permission.VOUCH: frozenset({INCUBATOR, ADMIN}),
    Permission.GIVE_ROLES: frozenset({INCUBATOR, ADMIN}),
    Permission.ADMINISTER: frozenset({ADMIN}),
    Permission.EDIT_CATALOGUE: frozenset({ADMIN}),
    Permission.EDIT_SERVICES: frozenset({INCUBATOR, ADMIN}),
    Permission.APPROVE_LEVEL: frozenset({REVIEWER}),
    Permission.REMARK: frozenset({TEAM, REVIEWER, AUTHORITY, INCUBATOR, ADMIN}),
    Permission.POSTPONE: frozenset({INCUBATOR, ADMIN}),
    Permission.SET_ESCALATION: frozenset({INCUBATOR, ADMIN}),
    Permission.RELAUNCH: frozenset({INCUBATOR, ADMIN}),
}

# Which roles may be handed on by whom, always within one's own scope.
MAY_GIVE: dict[Role, frozenset[Role]] = {
    TEAM: frozenset({TEAM, REVIEWER, AUTHORITY}),
    INCUBATOR: frozenset({TEAM, REVIEWER, AUTHORITY, INCUBATOR}),
    ADMIN: EVERY_ROLE,
}


# A team names its authority, and does not dismiss it.
MAY_WITHDRAW: dict[Role, frozenset[Role]] = MAY_GIVE | {TEAM: frozenset({TEAM, REVIEWER})}
# Who prepares a dossier neither judges nor decides it.
APART = {TEAM: frozenset({REVIEWER, AUTHORITY}), REVIEWER: frozenset({TEAM}), AUTHORITY: frozenset({TEAM})}


class BindingAct(StrEnum):
    """What engages the State, or gives the power to."""

    GIVE_OPINION = "give_opinion"
    TRANSMIT = "transmit"
    DECIDE = "decide"
    RECORD_ELSEWHERE = "record_elsewhere"
    CONFIRM_ELSEWHERE = "confirm_elsewhere"
    ASK_LIFTING = "ask_lifting"
    LIFT_RESERVATION = "lift_reservation"
    WITHDRAW = "withdraw"
    DELEGATE = "delegate"
    RECORD_SIGNED = "record_signed"
    CONFIRM_SIGNED = "confirm_signed"
    DISCARD_SIGNED = "discard_signed"
    GIVE_ROLE = "give_role"
    GIVE_WIDE_ROLE = "give_wide_role"
    TAKE_BACK_ROLE = "take_back_role"
    CONFIRM_FACTOR = "confirm_factor"
    RESET_FACTORS = "reset_factors"
    CLOSE_ACCOUNT = "close_account"
    ERASE_PERSON = "erase_person"
    VOUCH = "vouch"
    ANSWER_MOVE = "answer_move"
    ASK_DISPENSATION = "ask_dispensation"
    DISPENSE = "dispense"
    END_DISPENSATION = "end_dispensation"


class Bar(StrEnum):
    """What keeps somebody from an act, whatever their role."""

    PREPARES = "prepares"  # is of the team, or of those who may write for it
    WROTE = "wrote"  # wrote in the product since its last decision
    REVIEWED = "reviewed"  # gave an opinion on this dossier
    ONESELF = "oneself"  # the act would be about its author


@dataclass(frozen=True, slots=True)
class ActRule:
    """Who may do an act, whether a second factor is given again for it, by whom it is never done, whether another confirms."""

    permission: Permission
    factor: bool
    never_by: frozenset[Bar] = frozenset()
    second_person: bool = False


ACTS: dict[BindingAct, ActRule] = {
    BindingAct.GIVE_OPINION: ActRule(Permission.GIVE_OPINION, factor=False, never_by=frozenset({Bar.WROTE})),
    BindingAct.DECIDE: ActRule(
        Permission.DECIDE, factor=True, never_by=frozenset({Bar.PREPARES, Bar.WROTE, Bar.REVIEWED})
    ),
    BindingAct.TRANSMIT: ActRule(Permission.COMPOSE_DOSSIER, factor=False),
    BindingAct.RECORD_ELSEWHERE: ActRule(Permission.RECORD_ELSEWHERE, factor=False, second_person=True),
    BindingAct.CONFIRM_ELSEWHERE: ActRule(Permission.VOUCH, factor=False, never_by=frozenset({Bar.ONESELF})),
    BindingAct.ASK_LIFTING: ActRule(Permission.COMPOSE_DOSSIER, factor=False),
    BindingAct.LIFT_RESERVATION: ActRule(
        Permission.LIFT_RESERVATION, factor=True, never_by=frozenset({Bar.PREPARES, Bar.ONESELF})
    ),
    BindingAct.ANSWER_MOVE: ActRule(Permission.GIVE_ROLES, factor=False, second_person=True),
    BindingAct.WITHDRAW: ActRule(Permission.DECIDE, factor=True),
    BindingAct.ASK_DISPENSATION: ActRule(Permission.COMPOSE_DOSSIER, factor=False),
    BindingAct.DISPENSE: ActRule(Permission.DECIDE, factor=True, never_by=frozenset({Bar.PREPARES, Bar.WROTE})),
    BindingAct.END_DISPENSATION: ActRule(Permission.DECIDE, factor=True),
    BindingAct.DELEGATE: ActRule(Permission.DECIDE, factor=True, never_by=frozenset({Bar.ONESELF})),
    BindingAct.RECORD_SIGNED: ActRule(
        Permission.RECORD_SIGNED, factor=True, never_by=frozenset({Bar.WROTE}), second_person=True
    ),
    BindingAct.CONFIRM_SIGNED: ActRule(
        Permission.RECORD_SIGNED, factor=True, never_by=frozenset({Bar.WROTE, Bar.ONESELF})
    ),
    BindingAct.DISCARD_SIGNED: ActRule(Permission.RECORD_SIGNED, factor=False),
    BindingAct.VOUCH: ActRule(Permission.VOUCH, factor=True, never_by=frozenset({Bar.ONESELF}), second_person=True),
    BindingAct.GIVE_WIDE_ROLE: ActRule(Permission.GIVE_ROLES, factor=True, never_by=frozenset({Bar.ONESELF})),
    BindingAct.TAKE_BACK_ROLE: ActRule(Permission.GIVE_ROLES, factor=True, never_by=frozenset({Bar.ONESELF})),
    BindingAct.CONFIRM_FACTOR: ActRule(Permission.GIVE_ROLES, factor=True, never_by=frozenset({Bar.ONESELF})),
    BindingAct.RESET_FACTORS: ActRule(Permission.ADMINISTER, factor=True, never_by=frozenset({Bar.ONESELF})),
    BindingAct.CLOSE_ACCOUNT: ActRule(Permission.ADMINISTER, factor=True, never_by=frozenset({Bar.ONESELF})),
    BindingAct.ERASE_PERSON: ActRule(Permission.ADMINISTER, factor=True, never_by=frozenset({Bar.ONESELF})),
    BindingAct.GIVE_ROLE: ActRule(Permission.INVITE, factor=False, never_by=frozenset({Bar.ONESELF})),
}

# Whose session is short: roles that bind, that give power, or that read beyond a team's own products.
PRIVILEGED = frozenset({AUTHORITY, INCUBATOR, ADMIN, AUDITOR})

# Whoever may write for a team prepares what it asks.
PREPARERS = frozenset({TEAM, INCUBATOR, ADMIN})


class GrantLike(Protocol):
    """What the policy reads of a grant."""

    role: Role
    product_id: str | None
    incubator_id: str | None


def roles_on(grants: Iterable[GrantLike], *, product_id: str | None, incubator_ids: Collection[str]) -> frozenset[Role]:
    """The roles that `grants` give on a product of these incubators (or on an incubator alone)."""
    return frozenset(
        grant.role
        for grant in grants
        if (grant.product_id is None and grant.incubator_id is None)
        or (product_id is not None and grant.product_id == product_id)
        or grant.incubator_id in incubator_ids
    )


def roles_everywhere(grants: Iterable[GrantLike]) -> frozenset[Role]:
    """The roles that `grants` give on the whole platform."""
    return roles_on(grants, product_id=None, incubator_ids=())


def allows(permission: Permission, roles: Collection[Role]) -> bool:
    """Whether one of `roles` has `permission`; the two open permissions are not asked here."""
    return not TABLE[permission].isdisjoint(roles)


def may_withdraw_role(roles: Collection[Role], taken: Role) -> bool:
    """Whether somebody with `roles` on a scope may take `taken` back there."""
    return any(taken in MAY_WITHDRAW.get(role, ()) for role in roles)


def may_give(roles: Collection[Role], given: Role) -> bool:
    """Whether somebody with `roles` on a scope may give `given` on that scope."""
    return any(given in MAY_GIVE.get(role, ()) for role in roles)
