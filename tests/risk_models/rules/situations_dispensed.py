"""What was never asked to be homologated for a while, and says so: an authority dispensed it."""

from datetime import date

from risk_models.rules.standing import PastDispensation
from risk_models.scales import PhaseName
from risk_models.system import Phase
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
    day,
    granted,
    lift,
    put_off,
    refused,
)


def dispensed(
    granted_on: str, until: str, *, to_homologate: bool = False, closed_on: str | None = None
) -> PastDispensation:
    return PastDispensation(date.fromisoformat(granted_on), date.fromisoformat(until), to_homologate, day(closed_on))


LONG = dispensed("2026-06-01", "2028-06-01")
URGENT = dispensed("2026-11-01", "2027-05-01", to_homologate=True)
OVER = dispensed("2026-05-20", "2026-11-20", to_homologate=True)
PAST = dispensed("2025-05-20", "2026-11-20")
OPERATED = (Phase(PhaseName.OPERE, date(2026, 1, 1)),)
DISPENSED = [
    (
        "dispensed for long, never analysed: nothing is asked",
        {"phases": OLD, "dispensations": (LONG,)},
        "DISPENSED 2028-06-01",
        "",
        "dispensation 2028-06-01",
    ),
    (
        "dispensed in an emergency: to be homologated by its end",
        {"phases": OLD, "analysed": True, "dispensations": (URGENT,)},
        "DISPENSED 2027-05-01",
        "HOMOLOGATE 2027-05-01",
        "dispensation 2027-05-01",
    ),
    (
        "dispensed in an emergency, its dossier begun",
        {"phases": OLD, "analysed": True, "dispensations": (URGENT,), "in_hand": DRAFT},
        "DISPENSED 2027-05-01",
        "FINISH_DOSSIER 2027-05-01",
        "dispensation 2027-05-01",
    ),
    (
        "dispensed, what comes due after its end stays due then",
        {"phases": NEW, "analysed": True, "dispensations": (URGENT,)},
        "DISPENSED 2027-05-01",
        "HOMOLOGATE 2027-05-01",
        "dispensation 2027-05-01, first_homologation 2027-07-01",
    ),
    (
        "dispensed on its last day",
        {"phases": OLD, "dispensations": (dispensed("2026-05-29", "2026-11-29"),)},
        "DISPENSED 2026-11-29",
        "ANALYSE 2026-11-29",
        "dispensation 2026-11-29",
    ),
    (
        "dispensed until lately, never analysed: late since its end",
        {"phases": OLD, "dispensations": (OVER,)},
        "ANALYSIS_OVERDUE 2026-11-20",
        "ANALYSE 2026-11-20",
        "analysis 2026-11-20",
    ),
    (
        "dispensed until lately, analysed: late since its end",
        {"phases": OLD, "analysed": True, "dispensations": (OVER,)},
        "HOMOLOGATION_OVERDUE 2026-11-20",
        "HOMOLOGATE 2026-11-20",
        "first_homologation 2026-11-20",
    ),
    (
        "dispensed until lately, then put off",
        {"phases": OLD, "analysed": True, "dispensations": (OVER,), "put_off": put_off(FIRST, "2027-01-20")},
        "NOT_HOMOLOGATED 2027-01-20",
        "HOMOLOGATE 2027-01-20",
        "first_homologation 2027-01-20 put off",
    ),
    (
        "dispensed until a day before it would have been late",
        {"phases": LATE, "analysed": True, "dispensations": (OVER,)},
        "NOT_HOMOLOGATED 2027-01-29",
        "HOMOLOGATE 2027-01-29",
        "first_homologation 2027-01-29",
    ),
    (
        "a minor change dispensed: the homologation holds on",
        {"phases": OLD, "analysed": True, "last": VALID, "dispensations": (LONG,)},
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
            "dispensations": (LONG,),
            "reservations": lift("2026-11-01"),
        },
        "HOMOLOGATED 2028-06-01",
        "LIFT_RESERVATIONS 2026-11-01",
        "reservation 2026-11-01, dispensation 2028-06-01, expiry 2028-06-01",
    ),
    (
        "the homologation soon ends, the dispensation does not",
        {"phases": OLD, "analysed": True, "last": ENDING, "dispensations": (LONG,)},
        "EXPIRES_SOON 2027-02-01",
        "RENEW 2027-02-01",
        "expiry 2027-02-01, dispensation 2028-06-01",
    ),
    (
        "expired while dispensed: late nowhere",
        {
            "phases": OLD,
            "analysed": True,
            "last": EXPIRED,
            "dispensations": (LONG,),
            "reservations": lift("2026-10-01"),
        },
        "DISPENSED 2028-06-01",
        "",
        "dispensation 2028-06-01",
    ),
    (
        "expired, dispensed in an emergency: to be renewed",
        {"phases": OLD, "analysed": True, "last": EXPIRED, "dispensations": (URGENT,)},
        "DISPENSED 2027-05-01",
        "RENEW 2027-05-01",
        "dispensation 2027-05-01",
    ),
    (
        "refused, then dispensed",
        {"phases": OLD, "analysed": True, "last": refused("2026-10-01"), "dispensations": (URGENT,)},
        "DISPENSED 2027-05-01",
        "HOMOLOGATE_AGAIN 2027-05-01",
        "dispensation 2027-05-01",
    ),
    (
        "dispensed, then refused: the refusal holds",
        {
            "phases": OLD,
            "analysed": True,
            "last": refused("2026-11-15"),
            "dispensations": (dispensed("2026-11-01", "2027-05-01", to_homologate=True, closed_on="2026-11-15"),),
        },
        "REFUSED 2026-11-15",
        "HOMOLOGATE_AGAIN",
        "first_homologation 2026-11-14",
    ),
    (
        "dispensed, then its homologation withdrawn: the withdrawal holds",
        {
            "phases": OLD,
            "analysed": True,
            "last": WITHDRAWN,
            "dispensations": (dispensed("2026-06-01", "2028-06-01", closed_on="2026-11-20"),),
        },
        "WITHDRAWN 2026-11-20",
        "HOMOLOGATE_AGAIN",
        "first_homologation 2026-11-19",
    ),
    (
        "dispensed for long, refused, then dispensed again: the second holds",
        {
            "phases": OLD,
            "analysed": True,
            "last": refused("2026-10-01"),
            "dispensations": (dispensed("2026-09-01", "2029-09-01", closed_on="2026-10-01"), URGENT),
        },
        "DISPENSED 2027-05-01",
        "HOMOLOGATE_AGAIN 2027-05-01",
        "dispensation 2027-05-01",
    ),
    (
        "an emergency under a longer dispensation: each end is owed",
        {"phases": OLD, "analysed": True, "dispensations": (LONG, URGENT)},
        "DISPENSED 2028-06-01",
        "HOMOLOGATE 2027-05-01",
        "dispensation 2027-05-01, dispensation 2028-06-01",
    ),
    (
        "an emergency never homologated, under a longer dispensation: it is late",
        {"phases": OLD, "analysed": True, "dispensations": (LONG, OVER)},
        "DISPENSED 2028-06-01",
        "HOMOLOGATE 2026-11-20",
        "dispensation 2026-11-20, dispensation 2028-06-01",
    ),
    (
        "an urgent change of what is homologated: to be homologated in its turn",
        {"phases": OLD, "analysed": True, "last": VALID, "dispensations": (URGENT,)},
        "HOMOLOGATED 2028-06-01",
        "RENEW 2027-05-01",
        "dispensation 2027-05-01, expiry 2028-06-01",
    ),
    (
        "an urgent change of what is homologated, and nothing since: it is late",
        {"phases": OLD, "analysed": True, "last": granted("2026-05-01", 24, "2028-05-01"), "dispensations": (OVER,)},
        "HOMOLOGATED 2028-05-01",
        "RENEW 2026-11-20",
        "dispensation 2026-11-20, expiry 2028-05-01",
    ),
    (
        "homologated after its dispensation",
        {
            "phases": OLD,
            "analysed": True,
            "last": granted("2026-11-25", 12, "2027-11-25"),
            "dispensations": (
                dispensed("2026-05-20", "2026-11-20", to_homologate=True, closed_on="2026-11-25"),
                dispensed("2026-05-20", "2027-05-20", to_homologate=True, closed_on="2026-11-25"),
            ),
        },
        "HOMOLOGATED 2027-11-25",
        "",
        "expiry 2027-11-25",
    ),
    (
        "expired, dispensed until lately: late since its end",
        {"phases": OLD, "analysed": True, "last": granted("2024-05-01", 24, "2026-05-01"), "dispensations": (PAST,)},
        "EXPIRED 2026-05-01",
        "RENEW 2026-05-01",
        "expiry 2026-11-20",
    ),
    (
        "granted and ended the same day: as if never",
        {"phases": OLD, "dispensations": (dispensed("2026-11-20", "2026-11-19"),)},
        "ANALYSIS_OVERDUE 2024-07-29",
        "ANALYSE 2024-07-29",
        "analysis 2024-07-29",
    ),
    (
        "never asked to be homologated, dispensed until lately: nothing is owed",
        {"phases": OPERATED, "dispensations": (PAST,)},
        "NOT_HOMOLOGATED",
        "ANALYSE",
        "",
    ),
    (
        "never asked to be homologated but for an emergency",
        {"phases": OPERATED, "dispensations": (OVER,)},
        "ANALYSIS_OVERDUE 2026-11-20",
        "ANALYSE 2026-11-20",
        "analysis 2026-11-20",
    ),
    (
        "archived while dispensed",
        {"phases": OLD, "archived": True, "dispensations": (LONG,)},
        "INACTIVE",
        "",
        "",
    ),
]
