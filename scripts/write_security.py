"""Writes docs/security.md from the tables that the application itself asks: permissions, acts, and docs/asvs.yaml.

Run by `make security`; a test compares.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML

from app.identity.kinds import Role
from app.identity.policy import ACTS, MAY_GIVE, MAY_WITHDRAW, PRIVILEGED, TABLE

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "security.md"
CHAPTERS = {
    "1": "Architecture",
    "2": "Authentication",
    "3": "Sessions",
    "4": "Access control",
    "5": "Validation and encoding",
    "6": "Stored cryptography",
    "7": "Errors and logs",
    "8": "Data protection",
    "9": "Communications",
    "10": "Malicious code",
    "11": "Business logic",
    "12": "Files",
    "13": "API",
    "14": "Configuration",
}
STATES = ("holds", "partly", "fails", "not_applicable")
_BEGINNING = """# What protects Jalon

Written by `make security` from the tables that the application asks (`app/identity/policy.py`) and from `docs/asvs.yaml`:
change those, never this page. Report a flaw as [SECURITY.md](../SECURITY.md) says. Jalon's own threat model is a product file
that it reads itself, [examples/jalon.yaml](../examples/jalon.yaml) (`jalon assess examples/jalon.yaml`); what it is made of,
`make sbom`; what it keeps of people and for how long, [data.md](data.md).
"""


def main() -> None:
    PAGE.write_text(compose_page(), encoding="utf-8")


def compose_page() -> str:
    """The whole page."""
    return "\n".join([_BEGINNING, *_permissions(), *_roles(), *_acts(), *_asvs()]) + "\n"


def _permissions() -> Iterator[str]:
    yield "## Permissions\n"
    yield "A route states one; a grant on a product holds there, on an incubator on its products, on the platform everywhere."
    yield "`anyone` and `signed_in` are open. Route by route and role by role: `tests/data/doors.txt`.\n"
    yield f"| Permission | {' | '.join(role.value for role in Role)} |"
    yield f"| --- |{' --- |' * len(Role)}"
    for permission, roles in sorted(TABLE.items()):
        yield f"| `{permission.value}` | {' | '.join('x' if role in roles else '' for role in Role)} |"
    yield ""


def _roles() -> Iterator[str]:
    yield "## Roles given and taken back\n"
    yield "Within one's own scope, never to oneself.\n"
    yield "| Who | gives | takes back |"
    yield "| --- | --- | --- |"
    for role, given in MAY_GIVE.items():
        yield f"| {role.value} | {_named(given)} | {_named(MAY_WITHDRAW[role])} |"
    yield f"\nA second factor to come in, and thirty minutes without use: {_named(PRIVILEGED)}.\n"


def _named(roles: frozenset[Role]) -> str:
    return ", ".join(role.value for role in Role if role in roles)


def _acts() -> Iterator[str]:
    yield "## Acts that bind\n"
    yield "`never by`: `prepares`, of the team or of who may write for it; `wrote`, wrote in the product since its last decision;"
    yield "`reviewed`, gave an opinion on this dossier; `oneself`, the act would be about its author. A factor younger than a day"
    yield "binds nobody, but added with one that does, in a strong session of ProConnect, or confirmed by another person.\n"
    yield "| Act | Permission | Factor again | Never by | Second person |"
    yield "| --- | --- | --- | --- | --- |"
    for act, rule in sorted(ACTS.items()):
        bars = ", ".join(sorted(bar.value for bar in rule.never_by))
        second = "yes" if rule.second_person else ""
        yield f"| `{act.value}` | `{rule.permission.value}` | {'yes' if rule.factor else ''} | {bars} | {second} |"
    yield ""


def _asvs() -> Iterator[str]:
    lines = YAML(typ="safe").load((ROOT / "docs" / "asvs.yaml").read_text(encoding="utf-8"))
    yield "## OWASP ASVS 4.0.3, levels 1 and 2\n"
    yield "Read line by line by people who wrote Jalon: no one else has audited it. A line that holds names the test that shows it,"
    yield "or says why there is none.\n"
    counted = Counter((line["id"].partition(".")[0], line["state"]) for line in lines)
    yield f"| Chapter | {' | '.join(state.replace('_', ' ') for state in STATES)} |"
    yield f"| --- |{' ---: |' * len(STATES)}"
    for number, name in CHAPTERS.items():
        yield f"| V{number} {name} | {' | '.join(str(counted[number, state]) for state in STATES)} |"
    for number, name in CHAPTERS.items():
        yield f"\n### V{number} {name}\n"
        yield "| | Asks | State | Why | Test |"
        yield "| --- | --- | --- | --- | --- |"
        for line in lines:
            if line["id"].partition(".")[0] == number:
                test = f"`{line['test']}`" if line["test"] else ""
                yield f"| {line['id']} | {line['asks']} | {line['state'].replace('_', ' ')} | {line['why']} | {test} |"


if __name__ == "__main__":
    main()
