"""The platform that a product runs on, where only its pipelines or the domain of its own address tell."""

import re

from risk_models.draft.knowledge import read_signs
from risk_models.draft.repository_facts import Lines, Seen, ToldFact

_DOMAINS = (
    (re.compile(r"[\w-]\.(?:osc-[\w-]+\.)?scalingo\.io\b"), "Scalingo"),
    (re.compile(r"[\w-]\.cleverapps\.io\b"), "Clever Cloud"),
    (re.compile(r"[\w-]\.herokuapp\.com\b"), "Heroku"),
    (re.compile(r"[\w-]\.vercel\.app\b"), "Vercel"),
    (re.compile(r"[\w-]\.netlify\.app\b"), "Netlify"),
)
_COMMANDS = (
    (re.compile(r"scalingo", re.IGNORECASE), "Scalingo"),
    (re.compile(r"clever[\s-]?(?:tools|deploy|cloud)", re.IGNORECASE), "Clever Cloud"),
    (re.compile(r"heroku", re.IGNORECASE), "Heroku"),
    (re.compile(r"\bkubectl\b|helm\s+(?:upgrade|install)|kontinuous|argocd", re.IGNORECASE), "Kubernetes"),
    (re.compile(r"\bvercel\b", re.IGNORECASE), "Vercel"),
    (re.compile(r"\bnetlify\b", re.IGNORECASE), "Netlify"),
)


def note_platforms(path: str, pipeline: str, seen: Seen) -> None:
    """Those that the text of a pipeline, its comments taken off, deploys to or has the domain of."""
    lines = Lines(pipeline)
    for pattern, name in (*_COMMANDS, *_DOMAINS):
        if found := pattern.search(pipeline):
            seen.deployed_to.append(ToldFact(name, f"{path}:{lines.at(found.start())}"))


def note_domain(variable: str, value: str, source: str, seen: Seen) -> None:
    """The platform that the domain of an address tells, where the variable speaks of the product itself."""
    if variable.split("_", maxsplit=1)[0] in read_signs().own:
        seen.deployed_to += [ToldFact(name, source) for pattern, name in _DOMAINS if pattern.search(value)]
