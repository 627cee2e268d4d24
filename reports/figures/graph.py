"""The components, their links and the worst path, drawn as one readable SVG."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from markupsafe import Markup, escape

from reports.figures.layout import BOX_H, BOX_W, Layout, place
from reports.figures.matrix import FONT
from risk_models import catalogue
from risk_models.scales import ComponentKind, Exposure, Hosting, Likelihood, MeasureStatus
from risk_models.system import Component, System

_THREAT = "\x00threat"
_RANKED = 5
# Colour, outline width and dash for each likelihood: never colour alone.
_LOOK = {
    Likelihood.UNLIKELY: ("#e3f4e8", "#18753c", "1.2"),
    Likelihood.LIKELY: ("#fdf3d8", "#716043", "1.2"),
    Likelihood.VERY_LIKELY: ("#fde3d3", "#a94645", "1.8"),
    Likelihood.NEARLY_CERTAIN: ("#fcc9c4", "#b5121b", "2.6"),
}
_WORDS = {
    "fr": {
        "threat": "Menace",
        "exposed": "Exposé à internet",
        "suppliers": "Fournisseurs en ligne",
        "internal": "Interne",
        "team": "Équipe",
        "measures": "{} mesure(s)",
        "legend": "Trait épais : chemin le plus probable · rond : rang du point de faiblesse · V1 à V4 : vraisemblance d’une compromission dans l’année",
        "title": "Schéma de {} : {} composants et {} liens",
    },
    "en": {
        "threat": "Threat",
        "exposed": "Open to the internet",
        "suppliers": "Online suppliers",
        "internal": "Internal",
        "team": "Team",
        "measures": "{} measure(s)",
        "legend": "Thick line: most likely path · disc: rank of the weak point · V1 to V4: likelihood of a compromise within a year",
        "title": "Drawing of {}: {} components and {} links",
    },
}


def draw_graph(system: System, assessment: Mapping[str, Any], language: str) -> Markup:
    """SVG of `system` with the likelihoods, ranks and worst path of `assessment` (an Assessment's dictionary)."""
    words = _WORDS[language]
    worst = assessment["weak_points"][0]["path"] if assessment["weak_points"] else None
    kinds: dict[tuple[str, str], list[str]] = {}
    for link in system.links:
        kinds.setdefault((link.source, link.target), []).append(catalogue.word(link.kind, language))
    zones = [
        (zone, tuple(c.id for c in system.components if _zone(c) == zone))
        for zone in ("exposed", "internal", "suppliers", "team")
    ]
    edges = list(kinds)
    if worst:
        zones.insert(0, ("threat", (_THREAT,)))
        edges.insert(0, (_THREAT, worst["components"][0]))
    layout = place(tuple((z, boxes) for z, boxes in zones if boxes), tuple(edges))
    title = words["title"].format(system.product.name, len(system.components), len(kinds))
    return Markup("").join(
        (
            _open(layout, title),
            Markup("".join(_frame(layout, zone, words[zone]) for zone in layout.zones)),
            Markup(
                "".join(
                    _arrow(layout, edge, ", ".join(kinds.get(edge, ())), strong=_is_worst(edge, worst))
                    for edge in edges
                )
            ),
            Markup("".join(_box(layout, c, system, assessment, language) for c in system.components)),
            _threat(layout, worst["source"], language) if worst else Markup(""),
            Markup(
                f'<text x="8" y="{layout.height + 52:.0f}" font-size="11" fill="#3a3a3a">{escape(words["legend"])}</text></svg>'
            ),
        )
    )


def _zone(c: Component) -> str:
    if c.kind is ComponentKind.WORKSTATION:
        return "team"
    if c.hosting is Hosting.SAAS:
        return "suppliers"
    return "internal" if c.exposure is Exposure.INTERNAL else "exposed"


def _is_worst(edge: tuple[str, str], worst: Mapping[str, Any] | None) -> bool:
    if not worst:
        return False
    steps = [_THREAT, *worst["components"]]
    along = set(pairwise(steps))
    return edge in along or (edge[1], edge[0]) in along


def _open(layout: Layout, title: str) -> Markup:
    width, height = max(layout.width + 16, 640), layout.height + 64
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -8 {width:.0f} {height:.0f}" width="{width:.0f}"'
        f' height="{height:.0f}" role="img" aria-label="{escape(title)}" {FONT}><title>{escape(title)}</title>'
    )


def _frame(layout: Layout, zone: str, label: str) -> str:
    x, y, w, h = layout.zones[zone]
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="8" fill="#f6f6f6" stroke="#929292"'
        f' stroke-dasharray="5 4"/><text x="{x + 30:.1f}" y="{y + 12:.1f}" font-size="10.5" font-weight="700"'
        f' fill="#3a3a3a">{escape(label)}</text>'
    )


def _arrow(layout: Layout, edge: tuple[str, str], label: str, *, strong: bool) -> str:
    points = layout.curves[edge]
    colour, width = ("#b5121b", "3") if strong else ("#666666", "1.2")
    body = " ".join(f"{x:.1f},{y:.1f}" for x, y in points[1:-1])
    (x0, y0), (x1, y1) = points[-2], points[-1]
    text = ""
    if label:
        middle = points[len(points) // 2]
        text = (
            f'<text x="{middle[0]:.1f}" y="{middle[1] - 4:.1f}" font-size="9" text-anchor="middle" fill="{colour}"'
            f' stroke="#ffffff" stroke-width="2.5" paint-order="stroke">{escape(label)}</text>'
        )
    return (
        f'<path d="M{points[0][0]:.1f},{points[0][1]:.1f} C{body}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        f'<path d="{_head(x0, y0, x1, y1)}" fill="{colour}"/>{text}'
    )


def _head(x0: float, y0: float, x1: float, y1: float) -> str:
    """A small triangle whose tip is the end of the arrow."""
    dx, dy = x1 - x0, y1 - y0
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    ux, uy = dx / length, dy / length
    bx, by = x1 - 9 * ux, y1 - 9 * uy
    return f"M{x1:.1f},{y1:.1f} L{bx - 4 * uy:.1f},{by + 4 * ux:.1f} L{bx + 4 * uy:.1f},{by - 4 * ux:.1f} Z"


def _box(layout: Layout, c: Component, system: System, assessment: Mapping[str, Any], language: str) -> str:
    centre_x, centre_y = layout.boxes[c.id]
    x, y = centre_x - BOX_W / 2, centre_y - BOX_H / 2
    level = Likelihood(next(r["level"] for r in assessment["components"] if r["id"] == c.id))
    fill, stroke, width = _LOOK[level]
    detail = catalogue.word(c.kind, language) + (f" · {c.version}" if c.version else "")
    rank = next((w["rank"] for w in assessment["weak_points"] if w["component"] == c.id and w["loss_avoided"] > 0), 99)
    done = sum(m.status is MeasureStatus.DONE and c.id in m.on for m in system.measures)
    parts = [
        f"<g><title>{escape(c.name)} – {escape(catalogue.word(level, language))}</title>",
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{BOX_W}" height="{BOX_H}" rx="5" fill="{fill}" stroke="{stroke}" stroke-width="{width}"/>',
        f'<text x="{x + 12:.1f}" y="{y + 24:.1f}" font-size="12.5" font-weight="700" fill="#161616">{escape(_cut(c.name, 20))}</text>',
        f'<text x="{x + 12:.1f}" y="{y + 42:.1f}" font-size="10" fill="#3a3a3a">{escape(_cut(detail, 30))}</text>',
        f'<text x="{x + BOX_W - 8:.1f}" y="{y + 22:.1f}" font-size="10.5" font-weight="700" text-anchor="end" fill="#161616">V{int(level)}</text>',
    ]
    if rank <= _RANKED:
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="10" fill="#000091"/><text x="{x:.1f}" y="{y + 4:.1f}" font-size="11"'
            f' font-weight="700" text-anchor="middle" fill="#ffffff">{rank}</text>'
        )
    if done:
        pill = _WORDS[language]["measures"].format(done)
        parts.append(
            f'<rect x="{x + BOX_W - 74:.1f}" y="{y + BOX_H - 8:.1f}" width="70" height="15" rx="7" fill="#ffffff" stroke="#666666"/>'
            f'<text x="{x + BOX_W - 39:.1f}" y="{y + BOX_H + 3:.1f}" font-size="9" text-anchor="middle" fill="#161616">{pill}</text>'
        )
    return "".join([*parts, "</g>"])


def _threat(layout: Layout, source: str, language: str) -> Markup:
    x, y = layout.boxes[_THREAT]
    label = catalogue.sentence("threats", source, language)
    return Markup(
        f'<rect x="{x - BOX_W / 2:.1f}" y="{y - BOX_H / 2:.1f}" width="{BOX_W}" height="{BOX_H}" rx="5" fill="#ffffff"'
        f' stroke="#161616"/><text x="{x:.1f}" y="{y + 5:.1f}" font-size="13" font-weight="700" text-anchor="middle"'
        f' fill="#161616">{escape(label)}</text>'
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
