"""Environment files: the names of variables. A value is never kept: its scheme is looked at, or whether it is a secret."""

import re
from math import log2

from risk_models.draft.seen import Seen, Told, Variable

_LINE = re.compile(r"\s*(?:export\s+)?#?\s*([A-Za-z][A-Za-z0-9_]{1,80})\s*[=:]\s*(.*)")
_SCHEME = re.compile(
    r"[\"']?(postgres(?:ql)?|postgis|mysql2?|mongodb(?:\+srv)?|rediss?|amqps?|sqlite3?|elasticsearch)://"
)
_SECRET_NAME = re.compile(r"SECRET|TOKEN|PASSW|PASWORD|API_?KEY|PRIVATE|CREDENTIAL|_KEY$|_PASS$|DSN$")
_PLACEHOLDER = re.compile(
    r"change|exemple|example|sample|dummy|fake|placeholder|your|xxx|\.\.\.|todo|secret$|password|passw|test|local|<|\{|\$"
    r"|voir |see |http://localhost|127\.0\.0\.1|0123456|123456|abcdef|aaaa|none|null",
    re.IGNORECASE,
)
_KNOWN_SECRETS = re.compile(
    r"(ghp|gho|ghs|github_pat|glpat|xox[abp]|sk_live|rk_live|AKIA|ASIA|xkeysib|AIza|-----BEGIN)[-_A-Za-z0-9]"
)
_ENOUGH_BITS, _SHORTEST = 3.5, 20


def environment(path: str, text: str, seen: Seen) -> None:
    """The variables that a file of environment names."""
    name = path.rpartition("/")[2]
    test = bool(re.search(r"\.(test|ci|e2e)\b", name))
    for number, line in enumerate(text.splitlines(), start=1):
        found = _LINE.fullmatch(line)
        if not found or found[1] != found[1].upper() or " " in found[1]:
            continue
        source = f"{path}:{number}"
        scheme = _SCHEME.match(found[2])
        seen.variables.append(Variable(found[1], source, scheme[1] if scheme else "", test))
        if looks_secret(found[1], found[2]):
            seen.secrets.append(Told(found[1], source))


def names(path: str, text: str, variables: object, seen: Seen) -> None:
    """The variables that a map or a list of another file names."""
    listed = variables if isinstance(variables, list) else list(variables) if isinstance(variables, dict) else []
    for item in listed:
        name = str(item).partition("=")[0] if not isinstance(item, dict) else str(item.get("name", ""))
        if re.fullmatch(r"[A-Z][A-Z0-9_]{1,80}", name):
            at = re.search(rf"\b{re.escape(name)}\b", text)
            line = text.count("\n", 0, at.start()) + 1 if at else 1
            seen.variables.append(Variable(name, f"{path}:{line}"))


def looks_secret(name: str, value: str) -> bool:
    """Whether a value seems to be a real secret rather than a place for one."""
    value = value.split(" #", maxsplit=1)[0].strip().strip("\"'")
    if _KNOWN_SECRETS.match(value):
        return True
    if not _SECRET_NAME.search(name) or len(value) < _SHORTEST or " " in value or _PLACEHOLDER.search(value):
        return False
    if re.match(r"https?://[^@]*$", value) or re.fullmatch(r"[A-Za-z_./-]+", value):
        return False
    counts = [value.count(ch) / len(value) for ch in set(value)]
    return -sum(p * log2(p) for p in counts) >= _ENOUGH_BITS
