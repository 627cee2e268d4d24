"""Settings written in code (Django, Rails, Symfony, Spring, Node): the variables that they ask for, the stores they name."""

import re

from risk_models.draft.page_scripts import note_policy
from risk_models.draft.repository_facts import Lines, Seen, ToldFact, Variable

# cable.yml is left out: Rails writes Redis in it for everyone.
SETTINGS = re.compile(
    r"(.*/)?(settings(\.py|/[\w.-]+\.py)|config/((initializers|environments|packages|settings)/)?(?!cable\.)[\w.-]+\.(rb|exs|php|py|ya?ml)"
    r"|application[\w.-]*\.(ya?ml|properties))"
)
_FOR_DEVELOPERS = re.compile(r"(^|[._-])(tests?|dev|development|local|ci|e2e)([._-]|$)")
_COMMENT = re.compile(r"(^|\s)(#|//).*")
_ASKED = re.compile(
    r"(?:environ(?:\.get)?|getenv|\benv(?:\.\w+)?|\bENV(?:\.fetch)?|[gf]et\w*_env!?|\bconfig)\s*[\[(]\s*[\"']([A-Z][A-Z0-9_]{2,80})[\"']"
    r"|process\.env\.([A-Z][A-Z0-9_]{2,80})|%env\((?:\w+:)*([A-Z][A-Z0-9_]{2,80})\)|\$\{([A-Z][A-Z0-9_]{2,80})[:}]"
)
_NAMES = "redis|elasticsearch|opensearch|meilisearch|typesense|memcached?|rabbitmq"
# Whole words, or those of a name in capitals of camels: "ScoreDispatcher" names none.
_STORES = re.compile(
    rf"(?<![A-Za-z])(?P<lower>{_NAMES})s?(?![a-z])|(?<![A-Z])(?P<upper>{_NAMES.upper()})(?![A-Z])"
    r"|(?P<camel>Redis|Elastic[Ss]earch|Open[Ss]earch|Meili[Ss]earch|Typesense|Memcached?|RabbitM[Qq])(?![a-z])"
)
_MOST_LINE = 2_000


def is_of_developers(path: str) -> bool:
    """Whether settings are those of a developer's machine or of tests."""
    return bool(_FOR_DEVELOPERS.search(path.rpartition("/")[2].lower()))


def read_settings(path: str, text: str, seen: Seen) -> None:
    """What settings ask of the environment, and the stores that they name outside of comments."""
    bare = "\n".join(_COMMENT.sub("", line[:_MOST_LINE]) for line in text.splitlines())
    lines = Lines(bare)
    for found in _ASKED.finditer(bare):
        name = next(filter(None, found.groups()))
        seen.variables.append(Variable(name, f"{path}:{lines.at(found.start())}"))
    first: dict[str, int] = {}
    for found in _STORES.finditer(bare):
        first.setdefault((found["lower"] or found["upper"] or found["camel"]).lower(), found.start())
    note_policy(path, bare, seen)
    seen.settings += [ToldFact(word, f"{path}:{lines.at(at)}") for word, at in first.items()]
