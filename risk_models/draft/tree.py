"""The files of a repository that say what a product is made of, from a folder or an archive; nothing of it is run.

Bounded whatever it is made of: links are not followed, what is too large, too numerous or outside is left out and
listed, an archive is read on the way without being unpacked.
"""

import lzma
import os
import re
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Self

from risk_models import catalogue
from risk_models.draft.code_settings import SETTINGS, is_of_developers
from risk_models.draft.page_scripts import FRAMES, PAGES, shows_sites
from risk_models.exposure.lock_files import reader_of

MOST_FILE, MOST_LOCK, MOST_TOTAL = 1_000_000, 20_000_000, 100_000_000
MOST_FILES, MOST_KEPT = 500_000, 3_000
MOST_UNPACKED = 4_000_000_000
SECONDS = 20.0
_MOST_HEADER = 1_000_000
_SKIPPED_SHOWN = 50
_UTF8 = 0x800  # PKWARE APPNOTE 4.4.4, bit 11: the name is in UTF-8
_LONG_HEADERS = frozenset(
    [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK]
)

_NOT_LOOKED_INTO = frozenset(
    {
        ".git",
        "node_modules",
        "vendor",
        ".venv",
        "venv",
        "site-packages",
        "dist",
        "build",
        "target",
        "tmp",
        "log",
        "logs",
    }
    | {"coverage", ".next", ".nuxt", ".cache", "__pycache__", ".tox", ".terraform", "bower_components", "public"}
)
_NAMES = frozenset(
    [
        "scalingo.json",
        "app.json",
        "cron.json",
        "vercel.json",
        "netlify.toml",
        "fly.toml",
        "render.yaml",
        "package.json",
        "Gemfile",
        "pyproject.toml",
        "Pipfile",
        "composer.json",
        "pom.xml",
        "go.mod",
        "build.gradle",
        "build.gradle.kts",
        "mix.exs",
        ".gitlab-ci.yml",
        "Jenkinsfile",
        "publiccode.yml",
        "sonar-project.properties",
        "SECURITY.md",
        "security.md",
        ".sops.yaml",
        "Chart.yaml",
        "dependabot.yml",
        "dependabot.yaml",
        "renovate.json",
        "renovate.json5",
        ".renovaterc",
        ".renovaterc.json",
    ]
)
_PATTERNS = re.compile(
    r"(docker-)?compose[\w.-]*\.ya?ml|Procfile[\w.-]*|([\w.-]*\.)?Dockerfile[\w.-]*|Containerfile|[\w.-]+\.tf"
    r"|\.env[\w.-]*|[\w-]+\.env([.-](sample|example|template|dist))?|env[.-](sample|example|template|dist)[\w.]*"
    r"|values[\w.-]*\.ya?ml"
)
_FOLDERS = re.compile(
    r"(^|/)(infra(structure)?|compose|docker|ops|devops|stacks?|environments?|\.github/workflows|\.circleci|clevercloud|k8s|kubernetes|kube|\.kube|\.kontinuous|helm|charts?|manifests"
    r"|kustomize|deploy(ment)?s?|openshift)/(.*/)?[^/]+\.(ya?ml|json)$"
)


class UnreadableTree(ValueError):
    """What cannot be drafted from: `code` among the `draft_errors` of words.yaml."""

    def __init__(self, code: str, **values: object) -> None:
        self.code, self.values = code, {hole: str(value)[:200] for hole, value in values.items()}
        super().__init__(self.text("en"))

    def text(self, language: str) -> str:
        return catalogue.sentence("draft_errors", self.code, language, **self.values)


@dataclass
class Tree:
    """Texts by path, `/` between folders. `skipped`: what was left out, and why (a code of `draft_skipped`).

    Not `whole` where something may have been left out that `skipped` does not name.
    """

    name: str
    texts: dict[str, str] = field(default_factory=dict)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    whole: bool = True
    _total: int = 0

    def skip(self, path: str, why: str) -> None:
        named = len(self.skipped) < _SKIPPED_SHOWN
        if named:
            self.skipped.append((readable_text(path), why))
        if not named or why == "too_long":
            self.whole = False

    def keep(self, path: str, content: bytes) -> None:
        """Keeps the text of a file, or lists why not; a page that shows no site says nothing."""
        if PAGES.fullmatch(path) and not FRAMES.fullmatch(path) and not shows_sites(content):
            return
        if self._total + len(content) > MOST_TOTAL or len(self.texts) >= MOST_KEPT:
            self.skip(path, "too_many")
            return
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.skip(path, "not_text")
            return
        if "\0" in text:
            self.skip(path, "not_text")
            return
        self._total += len(content)
        self.texts[path] = text


def readable_text(text: str) -> str:
    """A path or a name fit for a message: on one line, nothing hidden, not too long."""
    return "".join(ch if ch.isprintable() else "·" for ch in text)[:200]


def is_wanted(path: str) -> bool:
    """Whether a file of this path may say what the product is made of."""
    name = path.rpartition("/")[2]
    if not _NOT_LOOKED_INTO.isdisjoint(path.split("/")[:-1]):
        return False
    named = name in _NAMES or reader_of(name) or _PATTERNS.fullmatch(name) or PAGES.fullmatch(name)
    return bool(named or _FOLDERS.search(path) or (SETTINGS.fullmatch(path) and not is_of_developers(path)))


def _most(path: str) -> int:
    return MOST_LOCK if reader_of(path.rpartition("/")[2]) else MOST_FILE


def from_folder(folder: Path) -> Tree:
    """The tree of a folder on this machine. Raises `UnreadableTree`."""
    if not folder.is_dir():
        raise UnreadableTree("not_a_folder", path=folder)
    tree = Tree(folder.resolve().name)
    until, count = time.monotonic() + SECONDS, 0
    pending = [""]
    while pending:
        at = pending.pop()
        try:
            entries = sorted(os.scandir(folder / at), key=lambda e: e.name)
        except OSError:
            tree.skip(at, "not_readable")
            continue
        for entry in entries:
            path = f"{at}/{entry.name}".lstrip("/")
            count += 1
            if count > MOST_FILES or time.monotonic() > until:
                tree.skip(path, "too_long")
                return tree
            if entry.is_symlink():
                if is_wanted(path):
                    tree.skip(path, "link")
            elif entry.is_dir(follow_symlinks=False):
                if entry.name not in _NOT_LOOKED_INTO:
                    pending.append(path)
            elif is_wanted(path):
                _keep_file(tree, folder / path, path)
    return tree


def _keep_file(tree: Tree, file: Path, path: str) -> None:
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            content = opened.read(_most(path) + 1)
    except OSError:
        tree.skip(path, "not_readable")
        return
    if len(content) > _most(path):
        tree.skip(path, "too_large")
    else:
        tree.keep(path, content)


def from_archive(file: IO[bytes], name: str, wants: Callable[[str], bool] = is_wanted) -> Tree:
    """The tree of the files whose path it `wants` in a zip or tar archive (gz, bz2, xz). Raises `UnreadableTree`."""
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    tree = Tree(re.sub(r"\.(zip|tar|tgz|tar\.\w+)$", "", PurePosixPath(name).name))
    try:
        for path, content in (_zipped if head.startswith(b"PK") else _tarred)(file, tree, wants):
            tree.keep(path, content)
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        EOFError,
        OSError,
        zlib.error,
        lzma.LZMAError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise UnreadableTree("not_an_archive") from error
    _strip_top(tree, wants)
    return tree


def _inside(path: str) -> str | None:
    """The path of a member within the archive; None when it would leave it."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in {"", "."}]
    if path.startswith(("/", "\\")) or ".." in parts or re.match(r"[A-Za-z]:", path):
        return None
    return "/".join(parts)


class _Member(tarfile.TarInfo):
    """A header that cannot announce an endless name: tarfile reads those whole, before anyone may look at them."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        found = super().frombuf(buf, encoding, errors)
        if found.type in _LONG_HEADERS and found.size > _MOST_HEADER:
            raise UnreadableTree("too_large", files=MOST_FILES, most=MOST_UNPACKED // 1_000_000_000)
        return found


def _zipped(file: IO[bytes], tree: Tree, wants: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    until = time.monotonic() + SECONDS
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        _bounded(len(members), sum(m.file_size for m in members))
        for member in members:
            if time.monotonic() > until:
                tree.skip(member.filename, "too_long")
                return
            link = (member.external_attr >> 16) & 0o170000 == 0o120000
            path = _checked(_name_of(member), tree, wants, link=link, directory=member.is_dir())
            if path:
                with archive.open(member) as opened:
                    content = opened.read(_most(path) + 1)
                if len(content) > _most(path):
                    tree.skip(path, "too_large")
                else:
                    yield path, content


def _name_of(member: zipfile.ZipInfo) -> str:
    """Its name in UTF-8: most programs write it so, and some forget to flag it (the default is then cp437)."""
    if member.flag_bits & _UTF8:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.filename


def _tarred(file: IO[bytes], tree: Tree, wants: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    until, count, total = time.monotonic() + SECONDS, 0, 0
    with tarfile.open(fileobj=file, mode="r|*", tarinfo=_Member) as archive:
        for member in archive:
            count, total = count + 1, total + max(0, member.size)
            _bounded(count, total)
            if time.monotonic() > until:
                tree.skip(member.name, "too_long")
                return
            path = _checked(
                member.name, tree, wants, link=not (member.isfile() or member.isdir()), directory=member.isdir()
            )
            if path and member.size > _most(path):
                tree.skip(path, "too_large")
            elif path and (opened := archive.extractfile(member)):
                yield path, opened.read(_most(path))


def _bounded(count: int, size: int) -> None:
    if count > MOST_FILES or size > MOST_UNPACKED:
        raise UnreadableTree("too_large", files=MOST_FILES, most=MOST_UNPACKED // 1_000_000_000)


def _checked(name: str, tree: Tree, wants: Callable[[str], bool], *, link: bool, directory: bool) -> str | None:
    """The path of a member to read; None for one that is of no use, or not to be trusted."""
    path = _inside(name)
    if path is None:
        tree.skip(name, "outside")
        return None
    if directory or not wants(path):
        return None
    if link:
        tree.skip(path, "link")
        return None
    return path


def _strip_top(tree: Tree, wants: Callable[[str], bool]) -> None:
    """Forges put everything in one folder: it says nothing, unless a file is wanted for it."""
    tops = {path.partition("/")[0] for path in tree.texts}
    if len(tops) == 1 and all("/" in path and wants(path.partition("/")[2]) for path in tree.texts):
        (top,) = tops
        if not top.startswith("."):
            tree.name = re.sub(r"-[0-9a-f]{7,40}$|-(main|master)$", "", top)
            tree.texts = dict(_stripped(tree.texts.items()))


def _stripped(items: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for path, text in items:
        yield path.partition("/")[2], text
