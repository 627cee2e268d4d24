"""Risks on the EBIOS RM grid, today and once the plan is kept, side by side."""

from collections import Counter
from typing import NamedTuple

from markupsafe import Markup, escape

from risk_models import catalogue
from risk_models.assessment import Assessment
from risk_models.scales import Likelihood, RiskLevel, Severity

FILL = {RiskLevel.LOW: "#c9ecd3", RiskLevel.MEDIUM: "#fde2a8", RiskLevel.HIGH: "#f6b0a6"}
# One family a subset of characters; the site knows them all by the name its design system uses.
FAMILIES = (
    "IBM Plex Sans",
    "Plex Latin Ext",
    "Plex Greek",
    "Plex Cyrillic",
    "Plex Cyrillic Ext",
    "Plex Vietnamese",
    "Noto Emoji",
)
FONT = f'font-family="{", ".join(FAMILIES)}, Marianne, sans-serif"'
_CELL_W, _CELL_H, _LEFT, _TOP, _GAP = 50, 36, 104, 28, 14
_TEXT = {
    "fr": ("Aujourd’hui", "Une fois le plan tenu", "Risques par gravité et vraisemblance"),
    "en": ("Today", "Once the plan is kept", "Risks by severity and likelihood"),
}


Cell = tuple[Severity, Likelihood]


class GridCounts(NamedTuple):
    """How many risks stand in each cell, today and once the plan is kept."""

    today: Counter[Cell]
    later: Counter[Cell]


def count_needs(assessment: Assessment) -> GridCounts:
    """The needs of assets by where they stand."""
    return GridCounts(
        *(Counter((r.severity, r.level) for r in needs) for needs in (assessment.assets, assessment.residual_assets))
    )


def draw_matrix(counts: GridCounts, language: str) -> Markup:
    """Both grids as SVG, a number in each cell where risks stand.

    Narrow, so that its words can be read in half a page: severities are named once, likelihoods under both.
    """
    before, after = counts
    today, later, title = _TEXT[language]
    grid = 4 * _CELL_W
    width, height = _LEFT + 2 * grid + _GAP, _TOP + 4 * _CELL_H + 58
    colon = catalogue.colon(language)
    described = f"{title}. {today}{colon} {_sentence(before, language)}. {later}{colon} {_sentence(after, language)}."
    key = [f"V{int(v)} {catalogue.word(v, language).lower()}" for v in Likelihood]
    lines = (" · ".join(key[:2]), " · ".join(key[2:]))
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label="{escape(described)}" {FONT}>'
        f"<title>{escape(described)}</title>{_severities(language)}"
        f"{_grid(_LEFT, today, before)}{_grid(_LEFT + grid + _GAP, later, after)}"
        + "".join(
            f'<text x="{_LEFT}" y="{height - 22 + 16 * n}" font-size="13" fill="#3a3a3a">{escape(line)}</text>'
            for n, line in enumerate(lines)
        )
        + "</svg>"
    )


def _severities(language: str) -> str:
    return "".join(
        f'<text x="{_LEFT - 8}" y="{_TOP + row * _CELL_H + 22}" font-size="13" text-anchor="end" fill="#3a3a3a">'
        f"{escape(catalogue.word(severity, language))} G{int(severity)}</text>"
        for row, severity in enumerate(reversed(Severity))
    )


def _grid(x: int, title: str, counts: Counter[Cell]) -> str:
    parts = [f'<text x="{x}" y="16" font-size="14" font-weight="700" fill="#161616">{escape(title)}</text>']
    for row, severity in enumerate(reversed(Severity)):
        for column, likelihood in enumerate(Likelihood):
            parts.append(_cell(x + column * _CELL_W, _TOP + row * _CELL_H, severity, likelihood, counts))
    for column, likelihood in enumerate(Likelihood):
        middle, y = x + column * _CELL_W + _CELL_W / 2, _TOP + 4 * _CELL_H + 14
        parts.append(
            f'<text x="{middle}" y="{y}" font-size="13" text-anchor="middle" fill="#3a3a3a">V{int(likelihood)}</text>'
        )
    return "".join(parts)


def _cell(x: float, y: float, severity: Severity, likelihood: Likelihood, counts: Counter[Cell]) -> str:
    fill = FILL[catalogue.risk_level(severity, likelihood)]
    count = counts[severity, likelihood]
    number = (
        f'<text x="{x + _CELL_W / 2}" y="{y + 23}" font-size="16" font-weight="700" text-anchor="middle" fill="#161616">{count}</text>'
        if count
        else ""
    )
    return f'<rect x="{x}" y="{y}" width="{_CELL_W - 3}" height="{_CELL_H - 3}" fill="{fill}"/>{number}'


def _sentence(counts: Counter[Cell], language: str) -> str:
    levels: Counter[RiskLevel] = Counter()
    for (severity, likelihood), count in counts.items():
        levels[catalogue.risk_level(severity, likelihood)] += count
    return ", ".join(f"{levels[level]} {catalogue.word(level, language).lower()}" for level in reversed(RiskLevel))
