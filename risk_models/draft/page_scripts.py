"""What pages load from others: the scripts of their frames, the sites that they show within themselves.

The hosts that templates name, those of the pages' own addresses apart.
"""

import re

from risk_models.draft.repository_facts import Lines, Seen, ToldFact

_TEMPLATES = (
    "html?|erb|haml|slim|twig|njk|ejs|pug|vue|tsx|jsx|php|svelte|astro|jinja2?|j2|liquid|hbs|cshtml|jsp|ftl|heex|eex"
)
# The frames of pages, where scripts of every page are.
FRAMES = re.compile(
    r"(.*/)?(index\.(html?|php)|(application|layout|base|_?head|header|_?scripts?|_document|root|default|master)"
    rf"(\.html)?\.({_TEMPLATES}))"
)
PAGES = re.compile(rf".*\.({_TEMPLATES})")
_SCRIPT = re.compile(
    r"<script\b[^>]{0,500}?\bsrc\s*=\s*[{\"'`\s]{0,3}(?:https?:)?//([a-z0-9-]+(?:\.[a-z0-9-]+)+)", re.IGNORECASE
)
_OWN = re.compile(r"localhost|127\.0\.0\.1|(^|\.)example\.(com|org|net)$")
_SITE = re.compile(r"(?:<|%|^[ \t]*)iframe\b([^>]{0,1000})", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(
    r"\bsrc\s*[=:]\s*[{\"'`\s]{0,3}(?:https?:)?//([a-z0-9-]+(?:\.[a-z0-9-]+)+)([^\s\"'`}]*)", re.IGNORECASE
)
# Of a policy of contents: the sites that pages may show.
_POLICY = re.compile(r"(?<![a-z])(?:frame|child)[-_]?src\b([^\]);]{0,1500})", re.IGNORECASE)
_ALLOWED = re.compile(r"(?:https?://|[\"'\s]\*\.)([a-z0-9-]+(?:\.[a-z0-9-]+)+)", re.IGNORECASE)


def shows_sites(content: bytes) -> bool:
    """Whether a template may show a site within its page: few do, and the others are too many to be kept."""
    return b"iframe" in content.lower()


def read_frame(path: str, text: str, seen: Seen) -> None:
    """The hosts whose scripts a frame of pages loads, and the sites that it shows."""
    lines = Lines(text)
    for found in _SCRIPT.finditer(text):
        host = found[1].lower()
        if not _OWN.search(host):
            seen.scripts.append(ToldFact(host, f"{path}:{lines.at(found.start())}"))
    note_sites(path, text, seen)


def note_sites(path: str, text: str, seen: Seen) -> None:
    """The sites that a page shows: by address, else by what its tag says of them, such as "Statistiques sur Metabase"."""
    lines = Lines(text)
    for found in _SITE.finditer(text):
        source = f"{path}:{lines.at(found.start())}"
        address = _ADDRESS.search(found[1])
        if address is None:
            seen.shown.append(ToldFact(found[1].lower(), source))
        elif not _OWN.search(address[1].lower()):
            seen.shown_sites.append(ToldFact(f"{address[1]}{address[2]}".lower(), source))


def note_policy(path: str, bare: str, seen: Seen) -> None:
    """The sites that the settings allow pages to show, comments taken off."""
    lines = Lines(bare)
    for policy in _POLICY.finditer(bare):
        for found in _ALLOWED.finditer(policy[1]):
            host = found[1].lower()
            if not _OWN.search(host):
                seen.allowed_sites.append(ToldFact(host, f"{path}:{lines.at(policy.start(1) + found.start(1))}"))
