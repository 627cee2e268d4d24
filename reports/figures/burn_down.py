"""Loss over time as SVG: what it was, what it is, what the plan promises. A table of the same figures stands beside it."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from markupsafe import Markup, escape

from reports.figures.matrix import FONT
from risk_models import catalogue
from risk_models.ranking.burn_down import LossOn

_WIDTH, _HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 16, 28, 40
_TEXT = {
    "fr": ("Perte attendue, en points par an", "constatée", "une fois chaque mesure faite à sa date", "aujourd’hui"),
    "en": ("Expected loss, in points a year", "observed", "once each measure is done on its day", "today"),
}


def draw_burn_down(past: Sequence[LossOn], future: Sequence[LossOn], language: str) -> Markup:
    """`past` ends today; `future` are the promises of the plan, soonest first."""
    title, observed, promised, today = _TEXT[language]
    days = [p.day.toordinal() for p in (*past, *future)]
    first, last = min(days), max(*days, min(days) + 1)
    top = max(1.0, *(p.loss for p in (*past, *future))) * 1.1

    def at(point: LossOn) -> tuple[float, float]:
        x = _LEFT + (point.day.toordinal() - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)
        y = _TOP + (1 - point.loss / top) * (_HEIGHT - _TOP - _BOTTOM)
        return round(x, 1), round(y, 1)

    here = at(past[-1])
    where = "start" if here[0] < 2 * _LEFT else "end" if here[0] > _WIDTH - 2 * _LEFT else "middle"
    colon = catalogue.colon(language)
    described = f"{title}. {observed}{colon} {_said(past)}. {promised}{colon} {_said(future)}."
    parts = [
        f'<line x1="{_LEFT}" y1="{_HEIGHT - _BOTTOM}" x2="{_WIDTH - _RIGHT}" y2="{_HEIGHT - _BOTTOM}" stroke="#929292"/>',
        f'<text x="{_LEFT}" y="16" font-size="13" font-weight="700" fill="#161616">{escape(title)}</text>',
        *(_grid(top, share, language) for share in (0.0, 0.5, 1.0)),
        _line([at(p) for p in past], "#000091", ""),
        _steps([here, *(at(p) for p in future)], "#18753c"),
        *(_dot(at(p), "#000091", p, language) for p in past[-1:]),
        *(_dot(at(p), "#18753c", p, language) for p in future),
        f'<text x="{here[0]}" y="{_HEIGHT - _BOTTOM + 16}" font-size="12" text-anchor="{where}" fill="#3a3a3a">{escape(today)}</text>',
        *_ends(past, future, language),
        f'<text x="{_LEFT}" y="{_HEIGHT - 4}" font-size="12" fill="#000091">— {escape(observed)}</text>',
        f'<text x="{_LEFT + 130}" y="{_HEIGHT - 4}" font-size="12" fill="#18753c">- - {escape(promised)}</text>',
    ]
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
        f' role="img" aria-label="{escape(described)}" {FONT}><title>{escape(described)}</title>{"".join(parts)}</svg>'
    )


def _grid(top: float, share: float, language: str) -> str:
    y = round(_TOP + (1 - share / 1.1) * (_HEIGHT - _TOP - _BOTTOM), 1)
    value = _number(top / 1.1 * share, language)
    return (
        f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}" stroke="#dddddd"/>'
        f'<text x="{_LEFT - 6}" y="{y + 4}" font-size="12" text-anchor="end" fill="#3a3a3a">{value}</text>'
    )


def _line(points: Sequence[tuple[float, float]], colour: str, dash: str) -> str:
    path = " ".join(f"{x},{y}" for x, y in points)
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"{dash}/>' if len(points) > 1 else ""
    )


def _steps(points: Sequence[tuple[float, float]], colour: str) -> str:
    """A promise holds from its day on: the line goes level, then down."""
    found = list(points[:1])
    for (_, before), (x, y) in pairwise(points):
        found += [(x, before), (x, y)]
    return _line(found, colour, ' stroke-dasharray="6 4"')


def _dot(place: tuple[float, float], colour: str, point: LossOn, language: str) -> str:
    """A day and its figure, which stays within the frame."""
    x, y = place
    anchor = "start" if x < 2 * _LEFT else "end" if x > _WIDTH - 2 * _LEFT else "middle"
    return (
        f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>'
        f'<text x="{x}" y="{y - 8}" font-size="12" text-anchor="{anchor}" fill="#161616">{_number(point.loss, language)}</text>'
    )


def _ends(past: Sequence[LossOn], future: Sequence[LossOn], language: str) -> list[str]:
    """The first and the last day under the axis, where they are not today."""
    found = []
    if len(past) > 1:
        found.append(
            f'<text x="{_LEFT}" y="{_HEIGHT - _BOTTOM + 16}" font-size="12" fill="#3a3a3a">{_day(past[0].day, language)}</text>'
        )
    if future and future[-1].day > past[-1].day:
        x = _WIDTH - _RIGHT
        found.append(
            f'<text x="{x}" y="{_HEIGHT - _BOTTOM + 16}" font-size="12" text-anchor="end" fill="#3a3a3a">{_day(future[-1].day, language)}</text>'
        )
    return found


def _number(value: float, language: str) -> str:
    text = f"{value:.1f}"
    return text.replace(".", ",") if language == "fr" else text


def _day(day: date, language: str) -> str:
    return day.strftime("%d/%m/%Y") if language == "fr" else day.isoformat()


def _said(points: Sequence[LossOn]) -> str:
    return ", ".join(f"{p.day.isoformat()} {p.loss:.1f}" for p in points) or "–"
