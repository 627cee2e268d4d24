"""The platform that a product runs on, where only its pipelines or the domain of its own address tell."""

import re

from risk_models.draft.knowledge import read_signs
from risk_models.draft.repository_facts import Lines, Seen, ToldFact

# Tools that deploy to whatever place.
_DEPLOYS = re.compile(r"flyctl|dokku|ansible-playbook|terraform\s+apply|docker/build-push-action|deploy", re.IGNORECASE)


def note_platforms(path: str, pipeline: str, seen: Seen) -> None:
    """Whether the text of a pipeline, its comments taken off, deploys, and the platforms that it deploys to or has a domain
    of."""
    signs, lines = read_signs(), Lines(pipeline)
    told = [(found, name) for pattern, name in signs.pipelines if (found := pattern.search(pipeline))]
    deploying = [found for found in (*(found for found, _ in told), _DEPLOYS.search(pipeline)) if found]
    if deploying:
        first = min(deploying, key=lambda found: found.start())
        seen.deploying.append(ToldFact(first[0], f"{path}:{lines.at(first.start())}"))
    told += [(found, name) for pattern, name in signs.domains if (found := pattern.search(pipeline))]
    seen.deployed_to += [ToldFact(name, f"{path}:{lines.at(found.start())}") for found, name in told]


def note_domain(variable: str, value: str, source: str, seen: Seen) -> None:
    """The platform that the domain of an address tells, where the variable speaks of the product itself."""
    signs = read_signs()
    if variable.split("_", maxsplit=1)[0] in signs.own:
        seen.deployed_to += [ToldFact(name, source) for pattern, name in signs.domains if pattern.search(value)]
