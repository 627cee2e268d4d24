"""How a dossier is set in type: the fonts that we ship, text with nothing that they cannot draw, the print stylesheet."""

import dataclasses
import re
import unicodedata
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any

from fontTools.ttLib import TTFont

from reports.bounded import ROOT
from reports.figures.matrix import FAMILIES
from reports.pdf import font_folder

FONT_BASE = "jalon:/fonts/"
WATERMARK = "jalon:/projet.svg"
_FONTS = (
    "ibm-plex-sans-latin",
    "ibm-plex-sans-latin-ext",
    "ibm-plex-sans-greek",
    "ibm-plex-sans-cyrillic",
    "ibm-plex-sans-cyrillic-ext",
    "ibm-plex-sans-vietnamese",
    "noto-emoji",
)
_STYLES = ((400, "normal"), (500, "normal"), (700, "normal"), (400, "italic"))


@cache
def font_files() -> frozenset[str]:
    return frozenset(f.name for f in font_folder().iterdir() if f.suffix in {".woff2", ".ttf"})


def _font_file(font: str, weight: int, style: str) -> str | None:
    """The name of its file, None where `font` has no such style: letters come packed, the emoji unpacked."""
    names = (f"{font}-{weight}-{style}{suffix}" for suffix in (".woff2", ".ttf"))
    return next((name for name in names if name in font_files()), None)


@cache
def _drawn_by(font: str) -> frozenset[int]:
    return frozenset(TTFont(font_folder() / str(_font_file(font, 400, "normal"))).getBestCmap())


@cache
def covered_signs() -> frozenset[int]:
    """The characters that our fonts can draw."""
    return frozenset().union(*map(_drawn_by, _FONTS))


def _fonts_for(text: str) -> list[str]:
    """The fonts that draw `text`, in their order: opening one takes 40 ms."""
    left, needed = {ord(sign) for sign in text}, list[str]()
    for font in _FONTS:
        if left & _drawn_by(font) or not needed:
            needed.append(font)
        left -= _drawn_by(font)
    return needed


_ENDLESS = re.compile(r"\S{100}(?=\S)")


def drawable_text(text: str) -> str:
    """`text` with what our fonts cannot draw spelt out: a missing glyph would break PDF/A.

    A word without end may break every hundred characters: laying it out whole takes the square of its length.
    """
    parts = []
    for ch in _ENDLESS.sub("\\g<0>\u200b", unicodedata.normalize("NFC", text)):
        if ch in "\n\t" or ord(ch) in covered_signs():
            parts.append(ch)
        elif ch in "\u202f\u2009\u2007":
            parts.append("\u00a0")
        elif ch == "→":
            parts.append("›")
        elif unicodedata.category(ch)[0] != "C":
            parts.append(f"[U+{ord(ch):04X}]")
    return "".join(parts)


def drawable_values(value: Any) -> Any:
    if isinstance(value, str):
        return drawable_text(value)
    if isinstance(value, dict):
        return {k: drawable_values(v) for k, v in value.items()}
    return [drawable_values(v) for v in value] if isinstance(value, list) else value


def drawable_copy(value: Any) -> Any:
    """A value of `risk_models` with its texts drawable: what was checked once is not checked again once rewritten."""
    if isinstance(value, str):
        return value if isinstance(value, Enum) else drawable_text(value)
    if isinstance(value, tuple):
        return tuple(map(drawable_copy, value))
    if isinstance(value, Mapping):
        return {key: drawable_copy(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(
            value, **{f.name: drawable_copy(getattr(value, f.name)) for f in dataclasses.fields(value)}
        )
    return value


def print_stylesheet(html: str, *, draft: bool) -> str:
    """The print stylesheet of `html`, its pages marked as a draft's where asked.

    Each font is a family of its own: WeasyPrint mixes the widths of files that share one.
    """
    css = (ROOT / "templates" / "dossier" / "dossier.css").read_text(encoding="utf-8")
    needed = _fonts_for(html + css)
    faces = [
        f"@font-face {{ font-family: '{family}'; font-weight: {weight}; font-style: {style};"
        f" src: url({FONT_BASE}{name}); }}"
        for font, family in zip(_FONTS, FAMILIES, strict=True)
        for weight, style in _STYLES
        if font in needed and (name := _font_file(font, weight, style))
    ]
    stack = ", ".join(f'"{family}"' for font, family in zip(_FONTS, FAMILIES, strict=True) if font in needed)
    if draft:
        css += f"@page {{ background: url({WATERMARK}) no-repeat center / 100% auto; }}"
    return "\n".join(faces) + css.replace('"IBM Plex Sans"', stack)


def draw_watermark() -> bytes:
    return (ROOT / "templates" / "dossier" / "projet.svg").read_bytes()


def drawable_markup(svg: Any) -> Any:
    return type(svg)(drawable_text(str(svg)))
