"""How a product runs: compose files, platforms' descriptions, images, manifests of Kubernetes and Terraform."""

import json
import re
from collections.abc import Mapping
from typing import Any

from risk_models.draft.environment import variable_names
from risk_models.draft.repository_facts import (
    BaseImage,
    Lines,
    Process,
    Seen,
    SeenService,
    ToldFact,
    folder_of,
    image_and_tag,
    line_number_of,
)
from risk_models.product_file import source_yaml

_IMAGE = re.compile(r"^[ \t]*(?:-[ \t]*)?image:[ \t]*[\"']?([^\s\"'#{]+)", re.MULTILINE)
# Helm's usual values: the name of an image and, within the three lines that follow, its tag.
_HELM_IMAGE = re.compile(
    r"^[ \t]*repository:[ \t]*[\"']?([\w./-]++)[\"']?[ \t]*(?:#.*)?\n"
    r"(?:(?:[ \t]*(?!tag)\w+:.*\n){0,2}[ \t]*tag:[ \t]*[\"']?([\w.-]+))?",
    re.MULTILINE,
)
_NAME = re.compile(r"^[ \t]*(?:-[ \t]*)?(?:name|key):[ \t]*[\"']?([A-Z][A-Z0-9_]{3,80})[\"']?[ \t]*$", re.MULTILINE)
_DEPTH, _NODES = 40, 200_000
_MOST_TOLD, _MOST_LINE = 200, 2_000


class Unread(ValueError):
    """A file that is not what its name says, or a template; the message is a code of `draft_skipped`; `line` 0 where it is
    not known."""

    def __init__(self, code: str, line: int = 0) -> None:
        super().__init__(code)
        self.line = line


def yaml_of(text: str) -> Mapping[str, object]:
    """The map of a YAML text; of several documents, what each adds to those before. Raises `Unread`."""
    try:
        documents = source_yaml.load_documents(text, _DEPTH, _NODES)
    except source_yaml.UnreadableYaml as error:
        code = "too_nested" if error.code == "too_nested" else "template" if "{{" in text else "broken"
        raise Unread(code, error.line) from error
    whole: dict[str, object] = {}
    for document in documents:
        whole = _with_added(whole, a_map(document))
    return whole


def _with_added(known: Mapping[str, object], added: Mapping[str, object]) -> dict[str, object]:
    """A map with what another adds to it, map by map."""
    both = dict(known)
    for key, value in added.items():
        held = both.get(key)
        both[key] = _with_added(held, value) if isinstance(held, Mapping) and isinstance(value, Mapping) else value
    return both


def json_of(text: str) -> Mapping[str, object]:
    """The map of a JSON text. Raises `Unread`."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unread("template" if "{{" in text else "broken") from error
    return a_map(found)


def a_map(value: Any) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def a_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def read_compose(path: str, text: str, seen: Seen) -> None:
    """Services, their images and what they are built from; `include` and `extends` of other files are noted, to be read too."""
    top = yaml_of(text)
    lines = _lines_of_services(text)
    variables: list[Any] = []
    services = {str(name): a_map(told) for name, told in a_map(top.get("services")).items()}
    for named in a_list(top.get("include")):
        paths = a_map(named).get("path") if isinstance(named, Mapping) else named
        seen.included += [(path, _beside(path, str(one))) for one in (a_list(paths) or [paths]) if one]
    for name, told in services.items():
        service = _extended(told, services)
        extended = a_map(service.get("extends"))
        base = (
            (_beside(path, str(extended["file"])), str(extended.get("service"))) if extended.get("file") else ("", "")
        )
        seen.included += [(path, base[0])] if extended.get("file") else []
        image, version = image_and_tag(str(service.get("image") or ""))
        build = service.get("build")
        context = build if isinstance(build, str) else str(a_map(build).get("context") or "." if build else "")
        command = service.get("command") or service.get("entrypoint") or ""
        depends = service.get("depends_on")
        seen.services.append(
            SeenService(
                name=name[:100],
                image=image,
                version=version,
                builds=build is not None,
                folder=_beside(path, context),
                command=" ".join(map(str, command)) if isinstance(command, list) else str(command),
                depends_on=tuple(str(d) for d in (depends if isinstance(depends, list) else a_map(depends))),
                source=f"{path}:{lines.get(name, 1)}",
                extends=base,
            )
        )
        environment = service.get("environment")
        variables += environment if isinstance(environment, list) else a_map(environment)
    variable_names(path, text, variables, seen)


def _extended(service: Mapping[str, object], services: Mapping[str, Mapping[str, object]]) -> Mapping[str, object]:
    """A service with what it takes from another of the same file; one that goes round in circles takes nothing."""
    met: list[Mapping[str, object]] = []
    while service not in met:
        met.append(service)
        told = service.get("extends")
        name = told if isinstance(told, str) else a_map(told).get("service")
        if not isinstance(name, str) or name not in services or a_map(told).get("file"):
            break
        base = {k: v for k, v in services[name].items() if k != "depends_on"}  # which compose does not pass on
        service = base | {k: v for k, v in service.items() if k != "extends"}
    return service


def _beside(path: str, other: str) -> str:
    """The path of a file that another names; empty where it leaves the repository or stands elsewhere."""
    if "://" in other or other.startswith(("/", "oci:", "git@")):
        return ""
    parts: list[str] = []
    for part in f"{folder_of(path)}/{other}".split("/"):
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _lines_of_services(text: str) -> dict[str, int]:
    """By the name of a service, its line: as deep as the first of them."""
    found: dict[str, int] = {}
    depth, inside = "", False
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(r"services\s*:", line):
            inside = True
        elif inside and (key := re.match(r"([ \t]+)[\"']?([\w.-]+)[\"']?\s*:", line)):
            depth = depth or key[1]
            if key[1] == depth:
                found.setdefault(key[2], number)
        elif inside and line[:1].strip() and not line.startswith("#"):
            inside = False
    return found


def read_procfile(path: str, text: str, seen: Seen) -> None:
    if path.endswith((".dev", ".test", ".development", ".debug")):
        return
    for number, line in enumerate(text.splitlines(), start=1):
        name, colon, command = line.partition(":")
        if colon and re.fullmatch(r"[A-Za-z][\w-]{0,40}", name.strip()):
            seen.processes.append(Process(name.strip().lower(), command.strip(), f"{path}:{number}"))


def read_scalingo(path: str, text: str, seen: Seen) -> None:
    """scalingo.json, and app.json of the same shape."""
    found = json_of(text)
    if path.endswith("scalingo.json"):
        seen.hosts.append(ToldFact("Scalingo", f"{path}:1"))
    for addon in a_list(found.get("addons"))[:_MOST_TOLD]:
        plan = str(addon if isinstance(addon, str) else a_map(addon).get("plan") or "")
        if plan:
            told = re.sub(r"^(scalingo|heroku)-", "", plan.partition(":")[0])
            seen.addons.append(ToldFact(told, f"{path}:{line_number_of(text, plan)}"))
    variable_names(path, text, found.get("env"), seen)
    title = found.get("name")
    if isinstance(title, str):
        seen.titles.insert(0, ToldFact(title, f"{path}:{line_number_of(text, title)}"))


def read_clevercloud(path: str, text: str, seen: Seen) -> None:
    seen.hosts.append(ToldFact("Clever Cloud", f"{path}:1"))


def read_vercel(path: str, text: str, seen: Seen) -> None:
    seen.hosts.append(ToldFact("Vercel" if path.endswith("vercel.json") else "Netlify", f"{path}:1"))


def read_cron(path: str, text: str, seen: Seen) -> None:
    for job in a_list(json_of(text).get("jobs"))[:_MOST_TOLD]:
        command = job if isinstance(job, str) else str(a_map(job).get("command") or "")
        if command:
            seen.jobs.append(Process("cron", command, f"{path}:{line_number_of(text, command[:40])}"))


def read_dockerfile(path: str, text: str, seen: Seen) -> None:
    """What the last stage stands on."""
    stages: dict[str, tuple[str, int]] = {}
    arguments: dict[str, str] = {}
    last: tuple[str, int] | None = None
    for number, whole in enumerate(text.splitlines(), start=1):
        line = whole[:_MOST_LINE]
        if found := re.match(r"\s*ARG\s+(\w+)=(\S+)", line, re.IGNORECASE):
            arguments[found[1]] = found[2].strip("\"'")
        if found := re.match(r"\s*FROM\s+(?:--\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?", line, re.IGNORECASE):
            image = re.sub(r"\$\{?(\w+)(?::-([^}]*))?\}?", lambda m: arguments.get(m[1], m[2] or ""), found[1])
            last = stages.get(image.lower(), (image, number))
            if found[2]:
                stages[found[2].lower()] = last
    if last:
        image, tag = image_and_tag(last[0])
        seen.bases.append(BaseImage(image, tag, folder_of(path), f"{path}:{last[1]}"))


def read_manifest(path: str, text: str, seen: Seen) -> None:
    """Kubernetes manifests, Helm values and charts: images that run, whether or not templates surround them."""
    if re.search(r"^(apiVersion|kind):", text, re.MULTILINE):
        seen.hosts.append(ToldFact("Kubernetes", f"{path}:{line_number_of(text, 'apiVersion')}"))
    lines = Lines(text)
    for found in (*_IMAGE.finditer(text), *_HELM_IMAGE.finditer(text)):
        image, version = image_and_tag(":".join(part for part in found.groups() if part))
        seen.services.append(
            SeenService(
                name=image.rpartition("/")[2],
                image=image,
                version=version,
                builds=False,
                folder="",
                command="",
                depends_on=(),
                source=f"{path}:{lines.at(found.start(1))}",
                deployed=True,
            )
        )
    variable_names(path, text, [found[1] for found in _NAME.finditer(text)], seen)


def read_terraform(path: str, text: str, seen: Seen) -> None:
    lines = Lines(text)
    for found in re.finditer(r"^[ \t]*resource[ \t]+\"([a-z0-9_]+)\"", text, re.MULTILINE):
        seen.resources.append(ToldFact(found[1], f"{path}:{lines.at(found.start(1))}"))
