"""A "?" beside the first use of each word of the field in a page, by keyboard and touch, without script.

One rule for every page, so that none is left bare: where a word stands only in a link, a label or a title, which hold no button,
it is explained under the page.
"""

import re
from collections.abc import Iterator
from functools import cache

from flask import Flask, Response, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.platform.i18n import language
from risk_models.catalogue import colon
from risk_models.catalogue.glossary import Term, glossary

_GLOSSARY = "home.glossary"
_PIECES = re.compile(r"(<[^>]*>)")
_TAG = re.compile(r"<(/?)([a-z0-9]+)")
# Where a button may not stand, or what is no text of the page.
_CLOSED = frozenset(
    (
        "a",
        "button",
        "code",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "label",
        "legend",
        "option",
        "pre",
        "script",
        "select",
        "style",
    )
) | {"summary", "svg", "textarea", "title"}


def init_app(app: Flask) -> None:
    app.after_request(_explain)


def _explain(response: Response) -> Response:
    is_page = response.mimetype == "text/html" and response.status_code < 500 and not response.direct_passthrough
    if is_page and request.endpoint != _GLOSSARY:
        content = response.get_data(as_text=True)
        # From the title on: what was just done is said above it, and explained by the page.
        begins, ends = content.find("<h1", content.find("<main")), content.rfind("</main>")
        if 0 <= begins < ends:
            explained = explain_terms(content[begins:ends], language())
            response.set_data(content[:begins] + explained + content[ends:])
    return response


def explain_terms(html: str, told_in: str) -> str:
    """The same page with each word of the field explained once."""
    pattern, terms = _marked(told_in)
    left, seen = dict(terms), dict[str, Term]()
    pieces = []
    for text, is_open in _texts(html):
        if text.startswith("<"):
            pieces.append(text)
            continue
        at, written = 0, []
        for found in pattern.finditer(text):
            key = str(found.lastgroup)
            if key in left and is_open:
                written += [text[at : found.end()], _button(left.pop(key), told_in)]
                at = found.end()
            elif key in left:
                seen[key] = left[key]
        pieces += [*written, text[at:]]
    bare = [term for key, term in seen.items() if key in left]
    return "".join([*pieces, _beneath(bare, told_in) if bare else ""])


def _texts(html: str) -> Iterator[tuple[str, bool]]:
    """Tags and texts in turn, and whether a button may stand there."""
    closed = 0
    for piece in _PIECES.split(html):
        if (tag := _TAG.match(piece)) and tag[2] in _CLOSED and not piece.endswith("/>"):
            closed = max(closed + (-1 if tag[1] else 1), 0)
        yield piece, not closed


@cache
def _marked(told_in: str) -> tuple[re.Pattern[str], dict[str, Term]]:
    """What finds the words of a language, each under the key of its term."""
    terms = {key.replace("-", "_"): term for key, term in glossary().items() if term.marked}
    forms = "|".join(f"(?P<{key}>{term.marked.in_(told_in)})" for key, term in terms.items() if term.marked)
    return re.compile(rf"(?<![\w/.-])(?:{forms})(?![\w/-])"), terms


def _button(term: Term, told_in: str) -> str:
    name, place = term.name.in_(told_in), f"mot-{term.key}"
    label = _("%(name)s : qu’est-ce que c’est ?", name=name)
    return Markup(
        ' <button type="button" class="jalon-term" popovertarget="{place}" aria-label="{label}">?</button>'
        '<span class="jalon-term__said" id="{place}" popover>{said} <a href="{page}#{key}">{more}</a></span>'
    ).format(
        place=place,
        label=label,
        said=Markup("<strong>{}</strong>{} {}").format(name, colon(told_in), term.said.in_(told_in)),
        page=url_for(_GLOSSARY),
        key=term.key,
        more=_("Tout le lexique"),
    )


def _beneath(terms: list[Term], told_in: str) -> str:
    told = Markup(" ").join(
        Markup("<li>{}{}</li>").format(term.name.in_(told_in), Markup(_button(term, told_in))) for term in terms
    )
    return Markup('<aside class="jalon-terms"><p>{}</p><ul>{}</ul></aside>').format(
        escape(_("Mots de cette page")), told
    )
