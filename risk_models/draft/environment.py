"""Environment files: the names of variables. A value is never kept: its scheme is looked at, or whether it is a secret."""

import re
from math import log2

from risk_models.draft.platforms import note_domain
from risk_models.draft.repository_facts import Lines, Seen, ToldFact, Variable

# A variable that is commented out is named too; a sentence in a comment is not one.
_LINE = re.compile(r"(?:export\s+)?([A-Z][A-Z0-9_]{1,80})\s*[=:]\s*(.*)|#\s*([A-Z][A-Z0-9_]{1,80})=(.*)")
_MOST_LINE = 2_000
_SCHEME = re.compile(
    r"[\"']?(postgres(?:ql)?|postgis|mysql2?|mongodb(?:\+srv)?|rediss?|amqps?|sqlite3?|elasticsearch)://"
)
_SECRET_NAME = re.compile(r"SECRET|TOKEN|PASSW|PASWORD|API_?KEY|PRIVATE|CREDENTIAL|_KEY$|_PASS$|_PWD$|SALT$")
_PLACEHOLDER = re.compile(
    r"change|exemple|example|sample|dummy|fake|placeholder|your|xxx|\.\.\.|todo|secret$|password|passwd|test|local|<|\{|\$"
    r"|voir |see |http://localhost|127\.0\.0\.1|0123456|123456|abcdef|aaaa|none|null",
    re.IGNORECASE,
)
_KNOWN_SECRETS = re.compile(
    r"(ghp|gho|ghs|github_pat|glpat|xox[abp]|[sr]k_(?:live|test)|AKIA|ASIA|xkeysib|AIza|-----BEGIN)[-_A-Za-z0-9 ]"
)
# An address with a password, on a machine of the network: one without a dot is a developer's own container.
_IN_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s:/@]*:([^\s/@]+)@[\w-]+\.[\w.-]+")
_ENOUGH_BITS, _SHORTEST, _SHORTEST_IN_ADDRESS = 3.5, 20, 10


def read_environment(path: str, text: str, seen: Seen) -> None:
    """The variables that a file of environment names."""
    name = path.rpartition("/")[2]
    test = bool(re.search(r"\.(test|ci|e2e)\b", name))
    for number, line in enumerate(text.splitlines(), start=1):
        found = _LINE.fullmatch(line[:_MOST_LINE].strip())
        if not found:
            continue
        variable, value = (found[1], found[2]) if found[1] else (found[3], found[4])
        source = f"{path}:{number}"
        scheme = _SCHEME.match(value)
        note_domain(variable, value, source, seen)
        seen.variables.append(Variable(variable, source, scheme[1] if scheme else "", test))
        if looks_secret(variable, value):
            seen.secrets.append(ToldFact(variable, source))


def variable_names(path: str, text: str, variables: object, seen: Seen) -> None:
    """The variables that a map or a list of another file names."""
    listed = variables if isinstance(variables, list) else list(variables) if isinstance(variables, dict) else []
    lines, first = Lines(text), dict[str, int]()
    for found in re.finditer(r"\b[A-Z][A-Z0-9_]+\b", text):
        first.setdefault(found[0], found.start())
    for item in listed:
        name = str(item).partition("=")[0] if not isinstance(item, dict) else str(item.get("name", ""))
        if re.fullmatch(r"[A-Z][A-Z0-9_]{1,80}", name):
            seen.variables.append(Variable(name, f"{path}:{lines.at(first.get(name, 0))}"))


def names_a_secret(name: str) -> bool:
    """Whether a variable of this name holds a key or a password."""
    return bool(_SECRET_NAME.search(name))


def looks_secret(name: str, value: str) -> bool:
    """Whether a value seems to be a real secret rather than a place for one."""
    value = value.split(" #", maxsplit=1)[0].strip().strip("\"'")
    if _KNOWN_SECRETS.match(value):
        return True
    address = _IN_ADDRESS.match(value)
    if address and len(address[1]) >= _SHORTEST_IN_ADDRESS and not _PLACEHOLDER.search(address[0]):
        return True
    if not _SECRET_NAME.search(name) or len(value) < _SHORTEST or " " in value or _PLACEHOLDER.search(value):
        return False
    if re.match(r"\w+://[^@]*$", value) or re.fullmatch(r"[A-Za-z_./-]+", value):
        return False
    counts = [value.count(ch) / len(value) for ch in set(value)]
    return -sum(p * log2(p) for p in counts) >= _ENOUGH_BITS
