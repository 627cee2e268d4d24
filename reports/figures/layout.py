"""Where to put boxes and arrows: Graphviz `dot` when it is there, a layered layout otherwise."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

BOX_W, BOX_H = 176, 58
_POINTS = 72


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions in points, y downwards: centres of boxes, frames of zones, control points of curves."""

    width: float
    height: float
    boxes: dict[str, tuple[float, float]]
    zones: dict[str, tuple[float, float, float, float]]
    curves: dict[tuple[str, str], tuple[tuple[float, float], ...]]


@lru_cache(maxsize=128)
def place_boxes(zones: tuple[tuple[str, tuple[str, ...]], ...], edges: tuple[tuple[str, str], ...]) -> Layout:
    """Lays out boxes grouped by zone (zone id, box ids) and joined by `edges`."""
    dot = shutil.which("dot")
    if dot is None:
        return _layered(zones, edges)
    answer = subprocess.run(  # noqa: S603 - a fixed program, its input is made here from our own ids
        [dot, "-Tjson"], input=_source(zones, edges), capture_output=True, text=True, timeout=20, check=True
    )
    return _read(json.loads(answer.stdout), zones)


def _source(zones: Sequence[tuple[str, tuple[str, ...]]], edges: Sequence[tuple[str, str]]) -> str:
    numbers = {box: f"n{i}" for i, box in enumerate(box for _, boxes in zones for box in boxes)}
    lines = [
        "digraph { rankdir=LR; nodesep=0.45; ranksep=0.8; splines=spline; newrank=true;",
        f'node [shape=box, fixedsize=true, width={BOX_W / _POINTS:.3f}, height={BOX_H / _POINTS:.3f}, label=""];',
    ]
    for index, (_, boxes) in enumerate(zones):
        inside = "; ".join(numbers[b] for b in boxes)
        lines.append(f"subgraph cluster_{index} {{ margin=16; {inside} }}")
    lines += [f"{numbers[a]} -> {numbers[b]};" for a, b in edges]
    return "\n".join([*lines, "}"])


def _read(answer: dict[str, object], zones: Sequence[tuple[str, tuple[str, ...]]]) -> Layout:
    _, _, width, height = (float(v) for v in str(answer["bb"]).split(","))
    names = [box for _, boxes in zones for box in boxes]
    objects: list[dict[str, object]] = answer["objects"]  # type: ignore[assignment]
    boxes, frames = {}, {}
    for item in objects:
        name = str(item["name"])
        if name.startswith("cluster_"):
            x0, y0, x1, y1 = (float(v) for v in str(item["bb"]).split(","))
            frames[zones[int(name.removeprefix("cluster_"))][0]] = (x0, height - y1, x1 - x0, y1 - y0)
        else:
            x, y = (float(v) for v in str(item["pos"]).split(","))
            boxes[names[int(name.removeprefix("n"))]] = (x, height - y)
    ends = [names[int(str(o["name"])[1:])] if str(o["name"]).startswith("n") else "" for o in objects]
    curves = {}
    drawings: list[dict[str, object]] = answer.get("edges", [])  # type: ignore[assignment]
    for drawn in drawings:
        edge = ends[int(str(drawn["tail"]))], ends[int(str(drawn["head"]))]
        points = [p.split(",") for p in str(drawn["pos"]).split() if not p.startswith(("s", "e,"))]
        end = next((p[2:].split(",") for p in str(drawn["pos"]).split() if p.startswith("e,")), points[-1])
        curves[edge] = tuple((float(x), height - float(y)) for x, y in [*points, end])
    return Layout(width, height, boxes, frames, curves)


def _layered(zones: Sequence[tuple[str, tuple[str, ...]]], edges: Sequence[tuple[str, str]]) -> Layout:
    """One column a zone, in order; arrows are straight."""
    gap_x, gap_y, margin = 100, 24, 16
    boxes: dict[str, tuple[float, float]] = {}
    frames: dict[str, tuple[float, float, float, float]] = {}
    height = max(len(inside) for _, inside in zones) * (BOX_H + gap_y) + 2 * margin
    for column, (zone, inside) in enumerate(zones):
        left = margin + column * (BOX_W + gap_x)
        for row, box in enumerate(inside):
            boxes[box] = (left + BOX_W / 2, 2 * margin + row * (BOX_H + gap_y) + BOX_H / 2)
        frames[zone] = (left - margin, margin / 2, BOX_W + 2 * margin, height - margin)
    curves = {(a, b): _straight(boxes[a], boxes[b]) for a, b in edges}
    return Layout(len(zones) * (BOX_W + gap_x), height, boxes, frames, curves)


def _straight(start: tuple[float, float], end: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    side = BOX_W / 2 if end[0] >= start[0] else -BOX_W / 2
    a, b = (start[0] + side, start[1]), (end[0] - side, end[1])
    return a, a, b, b
