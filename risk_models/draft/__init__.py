"""A first draft of a product's file from its repository: what it is made of, with the lines that say so.

Pure: nothing of the repository is run, nothing is asked of the network, no value of a variable is kept.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from risk_models.draft import code_settings, deployment, environment, packages, page_scripts, practices
from risk_models.draft.assembly import assemble_system, plain_aside
from risk_models.draft.deployment import Unread
from risk_models.draft.gathered_components import Aside
from risk_models.draft.knowledge import Signs, read_signs
from risk_models.draft.repository_facts import Seen, SeenService, ToldFact
from risk_models.draft.tree import SECONDS, Tree, UnreadableTree
from risk_models.exposure.lock_files import reader_of
from risk_models.system import System

__all__ = ["Aside", "Draft", "Tree", "UnreadableTree", "draft_product"]

Reader = Callable[[str, str, Seen], None]

_READERS: tuple[tuple[str, Reader], ...] = (
    (r"(.*/)?(docker-)?compose[\w.-]*\.ya?ml", deployment.read_compose),
    (r"(.*/)?Procfile[\w.-]*", deployment.read_procfile),
    (r"(scalingo|app)\.json", deployment.read_scalingo),
    (r"(.*/)?clevercloud/[^/]+", deployment.read_clevercloud),
    (r"vercel\.json|netlify\.toml", deployment.read_vercel),
    (r"(.*/)?cron\.json", deployment.read_cron),
    (r"(.*/)?(([\w.-]*\.)?Dockerfile[\w.-]*|Containerfile)", deployment.read_dockerfile),
    (r".*\.tf", deployment.read_terraform),
    (r"\.github/workflows/.*", practices.read_workflow),
    (r"(\.github/)?dependabot\.ya?ml", practices.read_dependabot),
    (r"(.*/)?(renovate\.json5?|\.renovaterc(\.json)?)", practices.read_renovate),
    (r"\.gitlab-ci\.yml", practices.gitlab_ci),
    (r"\.circleci/.*", practices.read_circleci),
    (r"Jenkinsfile", practices.read_jenkins),
    (r"publiccode\.ya?ml", practices.read_publiccode),
    (r"sonar-project\.properties", practices.read_sonar),
    (r"((docs|\.github)/)?(SECURITY|security)\.md", practices.security_policy),
    (r"\.sops\.yaml", practices.read_sops),
    (r"(.*/)?package\.json", packages.package_json),
    (r"(.*/)?Gemfile", packages.read_gemfile),
    (r"(.*/)?pyproject\.toml", packages.read_pyproject),
    (r"(.*/)?Pipfile", packages.read_pipfile),
    (r"(.*/)?composer\.json", packages.composer_json),
    (r"(.*/)?go\.mod", packages.go_mod),
    (r"(.*/)?build\.gradle(\.kts)?", packages.read_gradle),
    (r"(.*/)?mix\.exs", packages.read_mix),
    (r"(.*/)?(\.env[\w.-]*|[\w-]+\.env[\w.-]*|env\.[\w.-]+)", environment.read_environment),
    (page_scripts.FRAMES.pattern, page_scripts.read_frame),
    (page_scripts.PAGES.pattern, page_scripts.note_sites),
    (code_settings.SETTINGS.pattern, code_settings.read_settings),
    (r".*\.(ya?ml|json)", deployment.read_manifest),
)
_COMPILED = tuple((re.compile(pattern), reader) for pattern, reader in _READERS)


@dataclass(frozen=True, slots=True)
class Draft:
    """`aside`: seen and left out, with the reason; `skipped`: files not read, and why; `secrets`: variables, with their
    line, whose value seems to be a real secret."""

    system: System
    aside: tuple[Aside, ...]
    skipped: tuple[tuple[str, str], ...]
    secrets: tuple[ToldFact, ...]

    def with_notes(self) -> System:
        """The system, what was left out told in `x-` keys."""
        notes = {
            "x-set-aside": plain_aside(self.aside),
            "x-skipped": [{"path": path, "why": why} for path, why in self.skipped],
            "x-secrets": [{"variable": s.name, "source": s.source} for s in self.secrets],
        }
        told = tuple((key, json.dumps(value, ensure_ascii=False)) for key, value in notes.items() if value)
        return replace(self.system, extra=told)


def draft_product(tree: Tree) -> Draft:
    """What the texts of `tree` say of a product. Raises `UnreadableTree` where they say nothing."""
    seen, known = Seen(), read_signs()
    until = time.monotonic() + SECONDS
    for path in sorted(tree.texts):
        if time.monotonic() > until:
            tree.skip(path, "too_long")
            break
        if not known.test_folders.isdisjoint(part.lower() for part in path.split("/")[:-1]):
            continue
        _read(path, tree.texts[path], seen, known)
    _read_included(tree, seen)
    assembled = assemble_system(seen, known, tree.name)
    if not assembled.system.components:
        raise UnreadableTree("no_product")
    return Draft(assembled.system, assembled.aside, (*tree.skipped, *seen.unread), tuple(seen.secrets))


def _read_included(tree: Tree, seen: Seen) -> None:
    """The compose files that others name, each once; what cannot be followed, and what depends on nobody, are told."""
    read = {service.source.partition(":")[0] for service in seen.services}
    at = 0
    while at < len(seen.included):
        by, path = seen.included[at]
        at += 1
        if path in read:
            continue
        read.add(path)
        if path not in tree.texts:
            seen.unread.append((path or by, "not_followed"))
            continue
        try:
            deployment.read_compose(path, tree.texts[path], seen)
        except Unread as error:
            seen.unread.append((f"{path}:{error.line}" if error.line else path, str(error)))
    _extend_services(seen)
    names = {service.name for service in seen.services}
    lost = [(s.source, name) for s in seen.services for name in s.depends_on if name not in names]
    seen.unread += [(f"{source} ({name[:60]})", "depends_on_nobody") for source, name in lost]


def _extend_services(seen: Seen) -> None:
    """Gives each service what it takes from one of another file, which by itself is no service."""
    known = {(s.source.rpartition(":")[0], s.name): s for s in seen.services}
    bases = {s.extends for s in seen.services} & known.keys()
    extended = []
    for service in seen.services:
        if (service.source.rpartition(":")[0], service.name) in bases:
            continue
        chain = _bases_of(service, known)
        made = next((s for s in chain if s.image or s.builds), service)
        extended.append(
            replace(
                made,
                name=service.name,
                command=next((s.command for s in chain if s.command), ""),
                depends_on=service.depends_on,
                source=service.source,
            )
        )
    seen.services[:] = extended


def _bases_of(service: SeenService, known: Mapping[tuple[str, str], SeenService]) -> list[SeenService]:
    """A service, the one that it extends, and so on; one that goes round in circles ends there."""
    chain = [service]
    while (base := known.get(chain[-1].extends)) is not None and base not in chain:
        chain.append(base)
    return chain


def _read(path: str, text: str, seen: Seen, known: Signs) -> None:
    name = path.rpartition("/")[2]
    # go.mod is a manifest first: it tells what the code asks for apart from what that brings.
    reader: Reader | None = packages.read_lock if reader_of(name) and name != "go.mod" else None
    reader = reader or next((r for pattern, r in _COMPILED if pattern.fullmatch(path)), None)
    if reader is None:
        return
    try:
        reader(path, text, seen)
    except Unread as error:
        seen.unread.append((f"{path}:{error.line}" if error.line else path, str(error)))
