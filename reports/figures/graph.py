"""The components, their links and the worst path, drawn as one readable SVG."""

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from markupsafe import Markup, escape

from reports.figures.layout import BOX_H, BOX_W, Layout, place_boxes
from reports.figures.matrix import FONT
from risk_models import catalogue
from risk_models.assessment import Assessment
from risk_models.scales import ComponentKind, Exposure, Hosting, Likelihood, LinkKind, MeasureStatus
from risk_models.system import Component, System

_THREAT = "\x00threat"
_RANKED, _MOST, _LABELLED = 5, 80, 40
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
        "libraries": "{} biblioth.",
        "left_out": " · {} autres composants ne sont pas dessinés",
        "legend": "Trait épais : chemin le plus probable · rond : rang du point de faiblesse · V1 à V4 : vraisemblance d’une compromission dans l’année · pastille : mesure",
        "title": "Schéma de {} : {} composants et {} liens",
    },
    "en": {
        "threat": "Threat",
        "exposed": "Open to the internet",
        "suppliers": "Online suppliers",
        "internal": "Internal",
        "team": "Team",
        "libraries": "{} libraries",
        "left_out": " · {} other components are not drawn",
        "legend": "Thick line: most likely path · disc: rank of the weak point · V1 to V4: likelihood of a compromise within a year · pill: measure",
        "title": "Drawing of {}: {} components and {} links",
    },
}


def draw_graph(system: System, assessment: Assessment, language: str) -> Markup:
    """SVG of `system` with the likelihoods, ranks and worst path of `assessment`.

    Libraries are folded into what embeds them. Of more than `_MOST` boxes, those that matter most are drawn.
    """
    words = _WORDS[language]
    scene = _Scene(system, assessment, language)
    edges = list(scene.kinds)
    zones = [
        (zone, tuple(c.id for c in scene.drawn if _zone(c) == zone))
        for zone in ("exposed", "internal", "suppliers", "team")
    ]
    if scene.worst:
        zones.insert(0, ("threat", (_THREAT,)))
        edges.insert(0, (_THREAT, scene.worst[0]))
    layout = place_boxes(tuple((z, boxes) for z, boxes in zones if boxes), tuple(edges))
    title = words["title"].format(system.product.name, len(scene.drawn), len(scene.kinds))
    left_out = len(system.components) - len(scene.drawn) - sum(scene.folded.values())
    legend = words["legend"] + (words["left_out"].format(left_out) if left_out > 0 else "")
    lines = _wrapped(legend, layout)
    strong = {frozenset(pair) for pair in pairwise([_THREAT, *scene.worst])} if scene.worst else set()
    return Markup("").join(
        (
            _open(layout, title, len(lines)),
            Markup("".join(_frame(layout, zone, words[zone]) for zone in layout.zones)),
            Markup("".join(_arrow(layout, edge, scene, strong=frozenset(edge) in strong) for edge in edges)),
            Markup("".join(_box(layout, c, scene) for c in scene.drawn)),
            _threat(layout, scene.source, language) if scene.worst else Markup(""),
            Markup(
                "".join(
                    _label(layout, edge, scene, strong=frozenset(edge) in strong)
                    for edge in edges
                    if len(edges) <= _LABELLED or frozenset(edge) in strong
                )
            ),
            Markup(
                "".join(
                    f'<text x="8" y="{layout.height + 52 + 15 * n:.0f}" font-size="11" fill="#3a3a3a">{escape(line)}</text>'
                    for n, line in enumerate(lines)
                )
                + "</svg>"
            ),
        )
    )


class _Scene:
    """What is drawn of a system, and what each box says."""

    def __init__(self, system: System, assessment: Assessment, language: str) -> None:
        self.language = language
        self.level = {r.id: r.level for r in assessment.components}
        self.rank = {w.component: w.rank for w in assessment.weak_points if w.loss_avoided > 0}
        self.folded: Counter[str] = Counter()
        path = assessment.weak_points[0].path if assessment.weak_points else None
        keep = {c for c, rank in self.rank.items() if rank <= _RANKED} | set(path.components if path else ())
        libraries = {c.id for c in system.components if c.kind is ComponentKind.LIBRARY} - keep
        owner: dict[str, str] = {}
        for link in system.links:
            if link.kind is LinkKind.EMBEDS and link.target in libraries:
                owner.setdefault(link.target, link.source)
        folded = {c: top for c in owner if (top := _top(owner, c)) not in libraries}
        self.folded.update(folded.values())
        self.sbom = {c.id: c.libraries for c in system.components if c.libraries}
        boxes = [c for c in system.components if c.id not in folded]
        if len(boxes) > _MOST:
            matters = sorted(boxes, key=lambda c: (c.id not in keep, self.rank.get(c.id, len(boxes)), c.id))
            shown = {c.id for c in matters[:_MOST]}
            boxes = [c for c in boxes if c.id in shown]
        self.drawn = tuple(boxes)
        self.kinds: dict[tuple[str, str], list[str]] = {}
        ids = {c.id for c in boxes}
        for link in system.links:
            if link.source in ids and link.target in ids:
                word = catalogue.word(link.kind, language)
                known = self.kinds.setdefault((link.source, link.target), [])
                known += [] if word in known else [word]
        self.said_at: list[tuple[float, float, float]] = []
        self.source: str = path.source if path else ""
        self.worst = [c for c in (path.components if path else ()) if c in ids]
        self.names = {c.id: c.name for c in system.components}
        self.measures: dict[str, list[str]] = {}
        for m in system.measures:
            known_measure = catalogue.measures().get(m.measure)
            label = known_measure.badge.in_(language) if known_measure else m.measure
            if m.status in _BADGE:
                for c in m.on:
                    self.measures.setdefault(c, []).append(label + _BADGE[m.status][language])

    def said(self, edge: tuple[str, str]) -> str:
        """The sentence of an arrow: who does what to whom."""
        source = (
            catalogue.sentence("threats", self.source, self.language) if edge[0] == _THREAT else self.names[edge[0]]
        )
        return f"{source} {', '.join(self.kinds.get(edge, ('→',)))} {self.names[edge[1]]}"


_BADGE = {
    MeasureStatus.DONE: {"fr": "", "en": ""},
    MeasureStatus.PARTIAL: {"fr": " (en partie)", "en": " (in part)"},
    MeasureStatus.PLANNED: {"fr": " (prévu)", "en": " (planned)"},
}


def _top(owner: Mapping[str, str], library: str) -> str:
    """The component that embeds `library` in the end; cycles of libraries stop at one of them."""
    seen = {library}
    while library in owner and owner[library] not in seen:
        library = owner[library]
        seen.add(library)
    return library


def _zone(c: Component) -> str:
    if c.kind is ComponentKind.WORKSTATION:
        return "team"
    if c.hosting is Hosting.SAAS:
        return "suppliers"
    return "internal" if c.exposure is Exposure.INTERNAL else "exposed"


def _wrapped(legend: str, layout: Layout) -> list[str]:
    """The legend in lines as wide as the drawing, cut between its items."""
    lines, most = [""], int((max(layout.width + 16, 640) - 16) / 5.9)
    for item in legend.split(" · "):
        longer = f"{lines[-1]} · {item}" if lines[-1] else item
        if len(longer) > most and lines[-1]:
            lines.append(item)
        else:
            lines[-1] = longer
    return lines


def _open(layout: Layout, title: str, lines: int) -> Markup:
    width, height = max(layout.width + 16, 640), layout.height + 49 + 15 * lines
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -8 {width:.0f} {height:.0f}" width="{width:.0f}"'
        f' height="{height:.0f}" role="img" aria-label="{escape(title)}" {FONT}><title>{escape(title)}</title>'
    )


def _frame(layout: Layout, zone: str, label: str) -> str:
    x, y, w, h = layout.zones[zone]
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="8" fill="#f6f6f6" stroke="#929292"'
        f' stroke-dasharray="5 4"/><text x="{x + 30:.1f}" y="{y + 12:.1f}" font-size="12.5" font-weight="700"'
        f' fill="#3a3a3a">{escape(label)}</text>'
    )


def _arrow(layout: Layout, edge: tuple[str, str], scene: _Scene, *, strong: bool) -> str:
    """A curve with its head."""
    points = layout.curves[edge]
    colour, width = ("#b5121b", "3") if strong else ("#666666", "1.2")
    body = " ".join(f"{x:.1f},{y:.1f}" for x, y in points[1:-1])
    (x0, y0), (x1, y1) = points[-2], points[-1]
    return (
        f'<g><title>{escape(scene.said(edge))}</title><path d="M{points[0][0]:.1f},{points[0][1]:.1f} C{body}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        f'<path d="{_head(x0, y0, x1, y1)}" fill="{colour}"/></g>'
    )


def _label(layout: Layout, edge: tuple[str, str], scene: _Scene, *, strong: bool) -> str:
    """What the arrow does, on its curve where no box is in the way; where there are many, only the worst path says it."""
    text = ", ".join(scene.kinds.get(edge, ()))
    if not text:
        return ""
    half = (6.3 * len(text) + 6) / 2
    x, y = _clear(layout, edge, half, scene.said_at)
    scene.said_at.append((x, y, half))
    colour = "#b5121b" if strong else "#3a3a3a"
    return (
        f'<rect x="{x - half:.1f}" y="{y - 8:.1f}" width="{2 * half:.1f}" height="14" rx="2" fill="#ffffff" fill-opacity="0.9"/>'
        f'<text x="{x:.1f}" y="{y + 3:.1f}" font-size="12" text-anchor="middle" fill="{colour}">{escape(text)}</text>'
    )


_AWAY = (0, -14, 14, -28, 28, -42, 42)


def _clear(
    layout: Layout, edge: tuple[str, str], half: float, labels: list[tuple[float, float, float]]
) -> tuple[float, float]:
    """The point on a curve or beside it, the nearest to its middle, where a label of this half width hides no box, nor one of
    the labels placed before: their middles, with their half widths."""
    points = layout.curves[edge]
    pieces = [points[n : n + 4] for n in range(0, len(points) - 3, 3)]
    along = [_at(piece, step / 8) for piece in pieces for step in range(9)] or [points[len(points) // 2]]
    middle = len(along) // 2
    nearest = sorted(range(len(along)), key=lambda n: abs(n - middle))
    beside = [(along[n][0], along[n][1] + away) for away in _AWAY for n in nearest]

    def free(x: float, y: float) -> bool:
        return all(
            abs(x - bx) > BOX_W / 2 + half or abs(y - by) > BOX_H / 2 + 10 for bx, by in layout.boxes.values()
        ) and all(abs(x - bx) > half + other or abs(y - by) > 13 for bx, by, other in labels)

    return next((at for at in beside if free(*at)), along[middle])


def _at(piece: Any, t: float) -> tuple[float, float]:
    """A point of a cubic Bézier curve."""
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    return (
        sum(w * p[0] for w, p in zip(weights, piece, strict=True)),
        sum(w * p[1] for w, p in zip(weights, piece, strict=True)),
    )


def _head(x0: float, y0: float, x1: float, y1: float) -> str:
    """A small triangle whose tip is the end of the arrow."""
    dx, dy = x1 - x0, y1 - y0
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    ux, uy = dx / length, dy / length
    bx, by = x1 - 9 * ux, y1 - 9 * uy
    return f"M{x1:.1f},{y1:.1f} L{bx - 4 * uy:.1f},{by + 4 * ux:.1f} L{bx + 4 * uy:.1f},{by - 4 * ux:.1f} Z"


def _box(layout: Layout, c: Component, scene: _Scene) -> str:
    centre_x, centre_y = layout.boxes[c.id]
    x, y = centre_x - BOX_W / 2, centre_y - BOX_H / 2
    level = scene.level[c.id]
    fill, stroke, width = _LOOK[level]
    words = _WORDS[scene.language]
    detail = catalogue.word(c.kind, scene.language) + (f" · {c.version}" if c.version else "")
    libraries = scene.folded[c.id] + scene.sbom.get(c.id, 0)
    if libraries:
        detail = f"{_cut(detail, 12)} · {words['libraries'].format(libraries)}"
    done = scene.measures.get(c.id, [])
    parts = [
        f'<g data-component="{escape(c.id)}"><title>{escape(c.name)} – {escape(catalogue.word(level, scene.language))}'
        f"{escape(' – ' + ', '.join(done) if done else '')}</title>",
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{BOX_W}" height="{BOX_H}" rx="5" fill="{fill}" stroke="{stroke}" stroke-width="{width}"/>',
        f'<text x="{x + 12:.1f}" y="{y + 24:.1f}" font-size="13.5" font-weight="700" fill="#161616">{escape(_cut(c.name, 18))}</text>',
        f'<text x="{x + 12:.1f}" y="{y + 42:.1f}" font-size="12" fill="#3a3a3a">{escape(_cut(detail, 25))}</text>',
        f'<text x="{x + BOX_W - 8:.1f}" y="{y + 22:.1f}" font-size="12" font-weight="700" text-anchor="end" fill="#161616">V{int(level)}</text>',
    ]
    rank = scene.rank.get(c.id, _RANKED + 1)
    if rank <= _RANKED:
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="10" fill="#000091"/><text x="{x:.1f}" y="{y + 4:.1f}" font-size="11"'
            f' font-weight="700" text-anchor="middle" fill="#ffffff">{rank}</text>'
        )
    if done:
        more = f" +{len(done) - 1}" if len(done) > 1 else ""
        pill = _cut(done[0], 23 - len(more)) + more
        wide = 12 + 6.4 * len(pill)
        parts.append(
            f'<rect x="{x + BOX_W - 6 - wide:.1f}" y="{y + BOX_H - 8:.1f}" width="{wide:.1f}" height="16" rx="8" fill="#ffffff" stroke="#666666"/>'
            f'<text x="{x + BOX_W - 6 - wide / 2:.1f}" y="{y + BOX_H + 4:.1f}" font-size="12" text-anchor="middle" fill="#161616">{escape(pill)}</text>'
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
