"""The next months of several products as SVG: how long each is homologated, what falls due. A table stands beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup, escape

from reports.figures.matrix import FONT
from risk_models.rules.schedule import add_months

MONTHS = 25  # what is decided today for two years ends within the last
_INITIALS = "JFMAMJJASOND"  # in French as in English
_LEFT, _MONTH, _ROW, _TOP = 210, 31, 26, 34
_WIDTH = _LEFT + MONTHS * _MONTH + 12
_LONGEST = 28
_KEY = 20  # each line of the key
_TEXT = {
    "fr": ("Échéances des 24 prochains mois", "homologué", "en retard", "mesure, preuve, certificat ou délégation"),
    "en": ("Deadlines of the next 24 months", "homologated", "late", "measure, proof, certificate or delegation"),
}
# Each kind has a shape of its own: colour alone would not do.
_SHAPES = {
    "analysis": ("M0-7 7 6H-7Z", "#b34000"),
    "first_homologation": ("M0-8 8 0 0 8-8 0Z", "#000091"),
    "expiry": ("M-6-6H6V6H-6Z", "#161616"),
    "reservation": ("M-3-8H3V-3H8V3H3V8H-3V3H-8V-3H-3Z", "#6e445a"),
}
_DOT = ("M-4 0A4 4 0 1 1 4 0A4 4 0 1 1-4 0Z", "#6a6af4")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something due on `day`; `kind` a value of the deadlines' kinds, `word` how it is called."""

    kind: str
    day: date
    word: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One product: its name, the day its homologation ends, what it owes."""

    name: str
    until: date | None
    marks: tuple[Mark, ...]


def draw_timeline(lanes: Sequence[Lane], today: date, language: str) -> Markup:
    """What is late stands on the left edge; what comes after the last month is left to the table."""
    title, homologated, late, other = _TEXT[language]
    start, height = today.replace(day=1), _TOP + len(lanes) * _ROW + 30 + _KEY
    parts = [*_months(start, height)]
    for row, lane in enumerate(lanes):
        parts += _lane(lane, _TOP + row * _ROW, start, today)
    parts.append(_key(height - 10 - _KEY, homologated, late, other, lanes))
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        f' role="img" aria-label="{escape(title)}" {FONT}><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )


def _months(start: date, height: int) -> list[str]:
    parts = []
    for n in range(MONTHS + 1):
        day, x = add_months(start, n), _LEFT + n * _MONTH
        stroke = "#929292" if day.month == 1 or n == 0 else "#e5e5e5"
        parts.append(f'<line x1="{x}" y1="{_TOP - 6}" x2="{x}" y2="{height - 28 - _KEY}" stroke="{stroke}"/>')
        if n < MONTHS:
            letter = _INITIALS[day.month - 1]
            parts.append(
                f'<text x="{x + _MONTH / 2}" y="{_TOP - 10}" font-size="11" text-anchor="middle" fill="#3a3a3a">{letter}</text>'
            )
        if day.month == 1 or n == 0:
            parts.append(f'<text x="{x + 2}" y="12" font-size="12" font-weight="700" fill="#161616">{day.year}</text>')
    return parts


def _lane(lane: Lane, y: int, start: date, today: date) -> list[str]:
    middle = y + _ROW / 2
    name = lane.name if len(lane.name) <= _LONGEST else lane.name[: _LONGEST - 1] + "…"
    parts = [
        f'<text x="{_LEFT - 16}" y="{middle + 4}" font-size="12" text-anchor="end" fill="#161616">{escape(name)}</text>'
    ]
    if lane.until and lane.until > today:
        left, right = _x(today, start), _x(lane.until, start)
        parts.append(
            f'<rect x="{left}" y="{middle - 4}" width="{max(1, right - left):.1f}" height="8" fill="#b8fec9" stroke="#18753c"/>'
        )
    for mark in lane.marks:
        if mark.day < add_months(start, MONTHS):
            path, colour = _SHAPES.get(mark.kind, _DOT)
            edge = ' stroke="#ce0500" stroke-width="2.5"' if mark.day < today else ""
            said = escape(f"{mark.word}, {mark.day:%d/%m/%Y}")
            parts.append(
                f'<path d="{path}" transform="translate({_x(max(mark.day, start), start):.1f} {middle})" fill="{colour}"{edge}><title>{said}</title></path>'
            )
    return parts


def _x(day: date, start: date) -> float:
    months = (day.year - start.year) * 12 + day.month - start.month + (day.day - 1) / 31
    return _LEFT + min(months, MONTHS) * _MONTH


def _key(y: int, homologated: str, late: str, other: str, lanes: Sequence[Lane]) -> str:
    words = {mark.kind: mark.word for lane in lanes for mark in lane.marks if mark.kind in _SHAPES}
    parts, x = (
        [
            f'<rect x="8" y="{y - 8}" width="18" height="8" fill="#b8fec9" stroke="#18753c"/><text x="32" y="{y}" font-size="12" fill="#161616">{escape(homologated)}</text>'
        ],
        130,
    )
    for kind, word in words.items():
        path, colour = _SHAPES[kind]
        parts.append(
            f'<path d="{path}" transform="translate({x} {y - 4})" fill="{colour}"/><text x="{x + 14}" y="{y}" font-size="12" fill="#161616">{escape(word)}</text>'
        )
        x += 40 + 7 * len(word)
    path, colour = _DOT
    y, x = y + _KEY, 50 + 7 * len(other)
    parts.append(
        f'<path d="{path}" transform="translate(17 {y - 4})" fill="{colour}"/><text x="32" y="{y}" font-size="12" fill="#161616">{escape(other)}</text>'
    )
    parts.append(
        f'<path d="M-5-5H5V5H-5Z" transform="translate({x} {y - 4})" fill="#fff" stroke="#ce0500" stroke-width="2.5"/><text x="{x + 14}" y="{y}" font-size="12" fill="#161616">{escape(late)}</text>'
    )
    return "".join(parts)
