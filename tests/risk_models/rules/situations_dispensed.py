"""What was never asked to be homologated for a while, and says so: an authority dispensed it."""

from datetime import date

from risk_models.rules.standing import PastDispensation
from tests.risk_models.rules.situation_parts import (
    DRAFT,
    ENDING,
    EXPIRED,
    FIRST,
    LATE,
    NEW,
    OLD,
    VALID,
    WITHDRAWN,
    granted,
    lift,
    put_off,
    refused,
)


def dispensed(granted_on: str, until: str, *, to_homologate: bool = False) -> PastDispensation:
    return PastDispensation(date.fromisoformat(granted_on), date.fromisoformat(until), to_homologate)


LONG = dispensed("2026-06-01", "2028-06-01")
URGENT = dispensed("2026-11-01", "2027-05-01", to_homologate=True)
OVER = dispensed("2026-05-20", "2026-11-20", to_homologate=True)
DISPENSED = [
    (
        "dispensed for long, never analysed: nothing is asked",
        {"phases": OLD, "dispensation": LONG},
        "DISPENSED 2028-06-01",
        "",
        "dispensation 2028-06-01",
    ),
    (
        "dispensed in an emergency: to be homologated by its end",
        {"phases": OLD, "analysed": True, "dispensation": URGENT},
        "DISPENSED 2027-05-01",
        "HOMOLOGATE 2027-05-01",
        "dispensation 2027-05-01",
    ),
    (
        "dispensed in an emergency, its dossier begun",
        {"phases": OLD, "analysed": True, "dispensation": URGENT, "in_hand": DRAFT},
        "DISPENSED 2027-05-01",
        "FINISH_DOSSIER 2027-05-01",
        "dispensation 2027-05-01",
    ),
    (
        "dispensed, what comes due after its end stays due then",
        {"phases": NEW, "analysed": True, "dispensation": URGENT},
        "DISPENSED 2027-05-01",
        "HOMOLOGATE 2027-05-01",
        "dispensation 2027-05-01, first_homologation 2027-07-01",
    ),
    (
        "dispensed on its last day",
        {"phases": OLD, "dispensation": dispensed("2026-05-29", "2026-11-29")},
        "DISPENSED 2026-11-29",
        "ANALYSE 2026-11-29",
        "dispensation 2026-11-29",
    ),
    (
        "dispensed until lately, never analysed: late since its end",
        {"phases": OLD, "dispensation": OVER},
        "ANALYSIS_OVERDUE 2026-11-20",
        "ANALYSE 2026-11-20",
        "analysis 2026-11-20",
    ),
    (
        "dispensed until lately, analysed: late since its end",
        {"phases": OLD, "analysed": True, "dispensation": OVER},
        "HOMOLOGATION_OVERDUE 2026-11-20",
        "HOMOLOGATE 2026-11-20",
        "first_homologation 2026-11-20",
    ),
    (
        "dispensed until lately, then put off",
        {"phases": OLD, "analysed": True, "dispensation": OVER, "put_off": put_off(FIRST, "2027-01-20")},
        "NOT_HOMOLOGATED 2027-01-20",
        "HOMOLOGATE 2027-01-20",
        "first_homologation 2027-01-20 put off",
    ),
    (
        "dispensed until a day before it would have been late",
        {"phases": LATE, "analysed": True, "dispensation": OVER},
        "NOT_HOMOLOGATED 2027-01-29",
        "HOMOLOGATE 2027-01-29",
        "first_homologation 2027-01-29",
    ),
    (
        "a minor change dispensed: the homologation holds on",
        {"phases": OLD, "analysed": True, "last": VALID, "dispensation": LONG},
        "HOMOLOGATED 2028-06-01",
        "",
        "dispensation 2028-06-01, expiry 2028-06-01",
    ),
    (
        "a minor change dispensed: a reservation that is late stays late",
        {
            "phases": OLD,
            "analysed": True,
            "last": VALID,
            "dispensation": LONG,
            "reservations": lift("2026-11-01"),
        },
        "HOMOLOGATED 2028-06-01",
        "LIFT_RESERVATIONS 2026-11-01",
        "reservation 2026-11-01, dispensation 2028-06-01, expiry 2028-06-01",
    ),
    (
        "the homologation soon ends, the dispensation does not",
        {"phases": OLD, "analysed": True, "last": ENDING, "dispensation": LONG},
        "EXPIRES_SOON 2027-02-01",
        "RENEW 2027-02-01",
        "expiry 2027-02-01, dispensation 2028-06-01",
    ),
    (
        "expired while dispensed: late nowhere",
        {"phases": OLD, "analysed": True, "last": EXPIRED, "dispensation": LONG, "reservations": lift("2026-10-01")},
        "DISPENSED 2028-06-01",
        "",
        "dispensation 2028-06-01",
    ),
    (
        "expired, dispensed in an emergency: to be renewed",
        {"phases": OLD, "analysed": True, "last": EXPIRED, "dispensation": URGENT},
        "DISPENSED 2027-05-01",
        "RENEW 2027-05-01",
        "dispensation 2027-05-01",
    ),
    (
        "refused, then dispensed",
        {"phases": OLD, "analysed": True, "last": refused("2026-10-01"), "dispensation": URGENT},
        "DISPENSED 2027-05-01",
        "HOMOLOGATE_AGAIN 2027-05-01",
        "dispensation 2027-05-01",
    ),
    (
        "dispensed, then refused: the refusal holds",
        {"phases": OLD, "analysed": True, "last": refused("2026-11-15"), "dispensation": URGENT},
        "REFUSED 2026-11-15",
        "HOMOLOGATE_AGAIN",
        "first_homologation 2026-11-14",
    ),
    (
        "dispensed, then its homologation withdrawn: the withdrawal holds",
        {"phases": OLD, "analysed": True, "last": WITHDRAWN, "dispensation": LONG},
        "WITHDRAWN 2026-11-20",
        "HOMOLOGATE_AGAIN",
        "first_homologation 2026-11-19",
    ),
    (
        "homologated after its dispensation",
        {"phases": OLD, "analysed": True, "last": granted("2026-11-25", 12, "2027-11-25"), "dispensation": OVER},
        "HOMOLOGATED 2027-11-25",
        "",
        "expiry 2027-11-25",
    ),
    (
        "archived while dispensed",
        {"phases": OLD, "archived": True, "dispensation": LONG},
        "INACTIVE",
        "",
        "",
    ),
]
