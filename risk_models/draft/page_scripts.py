"""Scripts that pages load from others: the hosts that templates name, those of the pages' own addresses apart."""

import re

from risk_models.draft.repository_facts import Lines, Seen, ToldFact

# The frames of pages, where scripts of every page are; other templates are too many to be read.
FRAMES = re.compile(
    r"(.*/)?(index\.(html?|php)|(application|layout|base|_?head|header|_?scripts?|_document|root|default|master)"
    r"(\.html)?\.(html?|erb|haml|slim|twig|njk|ejs|pug|vue|tsx|jsx|php|svelte|astro|jinja2?|j2|liquid|hbs))"
)
_SCRIPT = re.compile(
    r"<script\b[^>]{0,500}?\bsrc\s*=\s*[{\"'`\s]{0,3}(?:https?:)?//([a-z0-9-]+(?:\.[a-z0-9-]+)+)", re.IGNORECASE
)
_OWN = re.compile(r"localhost|127\.0\.0\.1|(^|\.)example\.(com|org|net)$")


def read_frame(path: str, text: str, seen: Seen) -> None:
    """The hosts whose scripts a frame of pages loads."""
    lines = Lines(text)
    for found in _SCRIPT.finditer(text):
        host = found[1].lower()
        if not _OWN.search(host):
            seen.scripts.append(ToldFact(host, f"{path}:{lines.at(found.start())}"))
