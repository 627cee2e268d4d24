"""Product files drawn at random: every optional key absent, empty, ordinary, long or odd, in any order."""

from datetime import date

from hypothesis import strategies as st

from risk_models import catalogue
from risk_models.scales import (
    AccountHolder,
    AccountReach,
    AskedFactor,
    Authentication,
    ComponentKind,
    ComponentState,
    DataKind,
    Exposure,
    Hosting,
    LinkKind,
    Location,
    MeasureStatus,
    Need,
    Patcher,
    PhaseName,
    ProofState,
)

ORDINARY, LONG = "Équipe support", "Une phrase longue, avec des accents. " * 50
ODD = ("🚕 Taxi 👩🏽‍💻🇫🇷", "名前", "a" * 300, "<b>&amp; {{ x }}", "l’œuf → 12 €", "مرحبا", "1️⃣ 2", "0")
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31)).map(date.isoformat)


def texts(*, needed: bool = False):
    """Text that a key may hold; what says nothing too unless `needed`."""
    said = st.one_of(st.just(ORDINARY), st.sampled_from(ODD), st.just(LONG[:1800]))
    return said if needed else st.one_of(said, st.sampled_from([None, "", "  "]))


def whatever():
    """What a key that begins with `x-` may hold: any JSON."""
    leaves = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), texts())
    return st.recursive(
        leaves,
        lambda more: st.lists(more, max_size=2) | st.dictionaries(st.sampled_from("bca"), more, max_size=3),
        max_leaves=4,
    )


_NOTES = {key: whatever() for key in ("x-owner", "x-emergency", "x-patched-by-reason", "x-sources", "x-note")}


@st.composite
def shuffled(draw, needed: dict, optional: dict):
    """A mapping with all of `needed`, some of `optional` and some notes, its keys in any order."""
    kept = draw(st.lists(st.sampled_from(sorted(optional | _NOTES)), unique=True, max_size=4))
    values = {key: draw(what) for key, what in needed.items()}
    values |= {key: draw((optional | _NOTES)[key]) for key in kept}
    return {key: values[key] for key in draw(st.permutations(list(values)))}


def _values(enum, *, needed: bool = True):
    values = [member.value for member in enum]
    return st.sampled_from(values if needed else [*values, None])


_FLAW = shuffled(
    {"id": st.sampled_from(["CVE-2021-44228", "GHSA-1"])},
    {
        "cvss": st.none() | st.floats(0, 10),
        "epss": st.none() | st.floats(0, 1),
        "kev": st.none() | st.booleans(),
        "published": st.none() | DAYS,
        "fixed_in": texts(),
    },
)
_END_OF_LIFE = shuffled({}, {"product": texts(), "cycle": texts(), "date": st.none() | DAYS})
_PHASE = shuffled({"name": _values(PhaseName), "start": DAYS}, {})
_CONTACT = shuffled(
    {"name": texts(needed=True)},
    {"role": texts(), "email": texts(), "phone": texts(), "can_suspend": st.none() | st.booleans()},
)
_PRODUCT = shuffled(
    {"name": texts(needed=True)},
    {
        "incubator": texts(),
        "phases": st.none() | st.lists(_PHASE, max_size=2),
        "contacts": st.none() | st.lists(_CONTACT, max_size=2),
    },
)
_NEEDS = shuffled({need.value: st.integers(1, 4) for need in Need}, {})
_MEASURES = ("waf", "mfa", "unknown-measure", *sorted(catalogue.measures())[:3])


_ACCOUNTS = shuffled(
    {"who": _values(AccountHolder)},
    {
        "count": st.none() | st.integers(0, 10**10),
        "reach": _values(AccountReach, needed=False),
        "second_factor": _values(AskedFactor, needed=False),
    },
)
_TOKEN = shuffled(
    {}, {"name": texts(), "lasting": st.none() | st.booleans(), "reach": _values(AccountReach, needed=False)}
)


def _component(component_id: str, some):
    return shuffled(
        {"id": st.just(component_id), "kind": _values(ComponentKind)},
        {
            "name": texts(),
            "hosting": _values(Hosting, needed=False),
            "patched_by": _values(Patcher, needed=False),
            "exposure": _values(Exposure, needed=False),
            "supplier": texts(),
            "version": texts(),
            "purl": texts(),
            "cpe": texts(),
            "eol": st.none() | _END_OF_LIFE,
            "sbom": texts(),
            "data": st.none() | st.lists(_values(DataKind), unique=True, max_size=2),
            "location": _values(Location, needed=False),
            "vulnerabilities": st.none() | st.lists(_FLAW, max_size=2, unique_by=lambda f: f["id"]),
            "state": _values(ComponentState, needed=False),
            "last_tested": st.none() | DAYS,
            "accounts": st.none() | st.lists(_ACCOUNTS, max_size=2),
            "secrets": st.none() | st.lists(shuffled({}, {"name": texts(), "opens": some}), max_size=2),
            "tokens": st.none() | st.lists(_TOKEN, max_size=2),
            "resets": st.none() | some,
        },
    )


def _links(ids: list[str]):
    """No link where there is nothing to link."""
    pairs = [(a, b) for a in ids for b in ids if a != b]
    if not pairs:
        return st.none()
    optional = {"encrypted": st.none() | st.booleans(), "authentication": _values(Authentication, needed=False)}
    link = st.sampled_from(pairs).flatmap(
        lambda ends: shuffled({"from": st.just(ends[0]), "to": st.just(ends[1]), "kind": _values(LinkKind)}, optional)
    )
    return st.none() | st.lists(link, max_size=3)


def _assets(some):
    asset = shuffled({"id": st.sampled_from(["a1", "é2"]), "needs": _NEEDS}, {"name": texts(), "lives_in": some})
    return st.none() | st.lists(asset, max_size=2, unique_by=lambda a: a["id"])


def _measures(some):
    optional = {
        "on": st.none() | some,
        "due": st.none() | DAYS,
        "owner": texts(),
        "reason": texts(),
        "proof": _values(ProofState, needed=False),
        "inherited_from": texts(),
    }
    measure = shuffled({"measure": st.sampled_from(_MEASURES), "status": _values(MeasureStatus)}, optional)
    return st.none() | st.lists(measure, max_size=3)


@st.composite
def product_files(draw, most: int = 4):
    """The plain values of a product file, as `product_file.from_dict` takes them."""
    names = ["web", "db", "été", "🚕", "a.b", "x-1"]
    ids = draw(st.lists(st.sampled_from(names), min_size=1, max_size=most, unique=True))
    some = st.lists(st.sampled_from(ids), unique=True, max_size=len(ids))
    components = st.tuples(*(_component(i, some) for i in ids)).map(list)
    needed = {"jalon": st.just(2), "product": _PRODUCT, "components": components}
    return draw(shuffled(needed, {"links": _links(ids), "assets": _assets(some), "measures": _measures(some)}))
