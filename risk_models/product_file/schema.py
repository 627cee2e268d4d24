"""The JSON Schema of the product file (draft 2020-12), for editors and outside programs; `jalon schema` prints it.

The loader says more (references, duplicates) and says where; both agree on shape, which a test checks.
"""

from enum import StrEnum
from typing import Any

from risk_models.product_file.component_format import MAX_ID, MOST_ACCOUNTS
from risk_models.product_file.file_format import FORMATS, NEW_FACTS, NEW_KINDS, NEW_LINKS
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

Schema = dict[str, object]

# No control character, nor one that turns the direction of the text; an id is on one line.
_CLEAN = r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$"
_ONE_LINE = _CLEAN.replace(r"\u0008\u000b-", "")
_TEXT: Schema = {"type": ["string", "number", "null"], "maxLength": 2000, "pattern": _CLEAN}
_NEEDED: Schema = _TEXT | {"type": ["string", "number"], "minLength": 1, "allOf": [{"pattern": r"\S"}]}
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_DAY: Schema = {"type": ["string", "null"], "format": "date", "pattern": _DATE}
_FLAG: Schema = {"type": ["boolean", "null"]}
_ID: Schema = _NEEDED | {"maxLength": MAX_ID, "pattern": _ONE_LINE}


def _choice(of: type[StrEnum], *, optional: bool = True) -> Schema:
    return {"enum": [*(member.value for member in of), *([None] if optional else [])]}


def _object(properties: Schema, needed: tuple[str, ...] = (), **more: Any) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(needed),
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
    } | more


def _list(items: Schema) -> Schema:
    return {"type": ["array", "null"], "items": items}


def _number(low: float, high: float) -> Schema:
    return {"type": ["number", "null"], "minimum": low, "maximum": high}


def product_file_schema() -> Schema:
    """The schema as plain values."""
    return _object(
        {
            "jalon": {"enum": list(FORMATS), "description": "The format's number."},
            "product": _product(),
            "components": {"type": "array", "minItems": 1, "items": _component()},
            "links": _list(_link()),
            "assets": _list(_asset()),
            "measures": _list(_measure()),
        },
        ("jalon", "product", "components"),
        **_of_format_1(),
        **{
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Jalon product file, formats 1 and 2",
            "description": "What a digital product is made of, what it protects and what is done about it.",
        },
    )


def _of_format_1() -> Schema:
    """What a file that says that it is of format 1 cannot hold."""
    nothing = {key: {"type": "null"} for key in NEW_FACTS}
    kinds = {"kind": {"enum": [k.value for k in ComponentKind if k not in NEW_KINDS]}}
    links = {"kind": {"enum": [k.value for k in LinkKind if k not in NEW_LINKS]}}
    return {
        "if": {"properties": {"jalon": {"const": 1}}},
        "then": {
            "properties": {
                "components": {"items": {"properties": nothing | kinds}},
                "links": {"items": {"properties": links}},
            }
        },
    }


def _product() -> Schema:
    phase = _object(
        {"name": _choice(PhaseName, optional=False), "start": _DAY | {"type": "string"}, "end": _DAY}, ("name", "start")
    )
    contact = _object({"name": _NEEDED, "role": _TEXT, "email": _TEXT, "phone": _TEXT, "can_suspend": _FLAG}, ("name",))
    return _object(
        {
            "id": _TEXT | {"pattern": "^[A-Za-z0-9._-]+$"},
            "name": _NEEDED,
            "incubator": _TEXT,
            "phases": _list(phase),
            "contacts": _list(contact),
        },
        ("name",),
    )


def _component() -> Schema:
    flaw = _object(
        {
            "id": _ID,
            "cvss": _number(0, 10),
            "epss": _number(0, 1),
            "kev": _FLAG,
            "published": _DAY,
            "fixed_in": _TEXT,
        },
        ("id",),
    )
    end_of_life = _object({"product": _TEXT, "cycle": _TEXT, "date": _DAY, "ended": _FLAG}) | {
        "type": ["object", "null"]
    }
    return _object(
        {
            "id": _ID,
            "name": _TEXT,
            "kind": _choice(ComponentKind, optional=False),
            "hosting": _choice(Hosting),
            "patched_by": _choice(Patcher),
            "supplier": _TEXT,
            "exposure": _choice(Exposure),
            "version": _TEXT,
            "purl": _TEXT,
            "cpe": _TEXT,
            "eol": end_of_life,
            "sbom": _TEXT | {"description": "CycloneDX file, relative to this one."},
            "data": _list(_choice(DataKind, optional=False)),
            "location": _choice(Location),
            "vulnerabilities": _list(flaw),
            **_access(),
        },
        ("id", "kind"),
    )


def _access() -> Schema:
    """What format 2 adds: who signs in, which keys are kept where, whether it still serves."""
    accounts = _object(
        {
            "who": _choice(AccountHolder, optional=False) | {"description": "Who holds these accounts."},
            "count": {"type": ["integer", "null"], "minimum": 0, "maximum": MOST_ACCOUNTS},
            "reach": _choice(AccountReach) | {"description": "What each sees or changes: its own, or everybody's."},
            "second_factor": _choice(AskedFactor) | {"description": "phishable: a code; resistant: a key or passkey."},
        },
        ("who",),
    )
    secret = _object(
        {"name": _TEXT, "opens": _list(_ID) | {"description": "The components that it opens."}},
    )
    token = _object({"name": _TEXT, "lasting": _FLAG, "reach": _choice(AccountReach)})
    return {
        "state": _choice(ComponentState) | {"description": "Format 2. An orphan is one that nobody answers for."},
        "last_tested": _DAY | {"description": "Format 2. When somebody else last tried to break in."},
        "accounts": _list(accounts) | {"description": "Format 2. Who signs in there; [] where nobody does."},
        "secrets": _list(secret) | {"description": "Format 2. Keys and passwords kept there, never their values."},
        "tokens": _list(token) | {"description": "Format 2. Keys and sessions that it gives."},
        "resets": _list(_ID) | {"description": "Format 2. The components that give a lost password again."},
    }


def _link() -> Schema:
    ends: Schema = {"from": _ID | {"description": "It depends on, or acts on, the other."}, "to": _ID}
    kinds = {"kind": _choice(LinkKind, optional=False), "encrypted": _FLAG, "authentication": _choice(Authentication)}
    return _object(ends | kinds, ("from", "to", "kind"))


def _asset() -> Schema:
    need = {"type": "integer", "minimum": 1, "maximum": 4, "description": "EBIOS RM severity of the loss."}
    needs = _object({n.value: need for n in Need}, tuple(n.value for n in Need))
    return _object({"id": _ID, "name": _TEXT, "lives_in": _list(_ID), "needs": needs}, ("id", "needs"))


def _measure() -> Schema:
    return _object(
        {
            "measure": _NEEDED,
            "on": _list(_ID),
            "status": _choice(MeasureStatus, optional=False),
            "due": _DAY,
            "owner": _TEXT,
            "reason": _TEXT,
            "proof": _choice(ProofState),
            "inherited_from": _TEXT,
        },
        ("measure", "status"),
    )
