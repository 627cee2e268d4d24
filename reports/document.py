"""The dossier as HTML for print: French, one page of synthesis first, everything that was typed after it."""

import dataclasses
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

import segno
from fontTools.ttLib import TTFont
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports.answers import answers
from reports.bounded import ROOT
from reports.figures.graph import draw_graph
from reports.figures.matrix import FAMILIES, draw_matrix
from reports.pdf import font_folder
from risk_models import catalogue, product_file, proportionality
from risk_models.assessment import Finding
from risk_models.scales import (
    Aim,
    Approach,
    Audience,
    Check,
    ComponentKind,
    DataSensitivity,
    DataVolume,
    Exposure,
    Hosting,
    Likelihood,
    LinkKind,
    MeasureStatus,
    Need,
    Openness,
    OutageTolerance,
    Patcher,
    PieceNeed,
    ProofState,
    RiskLevel,
    RiskSourceKind,
    SecurityLevel,
    Severity,
    StakeholderKind,
    StakeholderZone,
    Treatment,
)
from risk_models.system import Component, System

# Rows of a table: the document is to be read; everything is in the content attached to it.
MOST_ROWS = 250
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
_MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
_ENUMS: dict[str, type[Enum]] = {
    e.__name__: e
    for e in (
        Aim, Approach, Audience, Check, ComponentKind, DataSensitivity, DataVolume, Exposure, Hosting, LinkKind, Likelihood,
        MeasureStatus, Need, Openness, OutageTolerance, Patcher, PieceNeed, ProofState, RiskLevel, RiskSourceKind, SecurityLevel,
        Severity, StakeholderKind, StakeholderZone, Treatment,
    )
}  # fmt: skip
_CLAIMED = frozenset({MeasureStatus.DONE, MeasureStatus.PARTIAL})
_NO_STUDY: dict[str, Any] = {
    "level": None,
    "stakeholders": [],
    "sources": [],
    "services": [],
    "register": [],
    "comments": [],
}
# What contents of formats 1 to 3 did not hold.
_SINCE: dict[str, Any] = {
    "evidence": [],
    "repository": "",
    "contact": "",
    "judgements": [],
    "documents": [],
    "renewal": None,
    "inventory": None,
    "verify_at": "",
    "pieces": [],
    "doubts": [],
}
_SINCE_DECISION: dict[str, Any] = {
    "to_lift": [],
    "lift_by": None,
    "trial": False,
    "outside": None,
    "asked_sha256": None,
    "doubts": [],
}
_PIECE_STATES = {
    "filled": "Remplie par Jalon",
    "attached": "Jointe",
    "written": "Rédigée ci-dessous",
    "not_applicable": "Sans objet",
    "later": "Page de décision",
    "missing": "Manquante",
    "absent": "Non fournie",
}
_JUDGED = {
    "in_triage": "À l’étude",
    "exploitable": "Exploitable",
    "not_affected": "Sans effet ici",
    "resolved": "Corrigée",
    "accepted": "Acceptée",
}
_VERDICTS = {"favourable": "favorable", "with_reservations": "favorable avec réserve", "unfavourable": "défavorable"}
_OUTCOMES = {
    "favourable": "Homologation accordée",
    "with_reservations": "Homologation accordée avec réserves",
    "provisional": "Homologation accordée à titre provisoire",
    "refused": "Homologation refusée",
}
_ROLES = {"rssi": "RSSI", "dpo": "DPO", "technical": "Expert technique", "users": "Représentant des usagers"}
_DURATIONS = {6: "6 mois", 12: "1 an", 24: "2 ans", 36: "3 ans"}


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
def _covered() -> frozenset[int]:
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


def drawable(text: str) -> str:
    """`text` with what our fonts cannot draw spelt out: a missing glyph would break PDF/A.

    A word without end may break every hundred characters: laying it out whole takes the square of its length.
    """
    parts = []
    for ch in _ENDLESS.sub("\\g<0>\u200b", unicodedata.normalize("NFC", text)):
        if ch in "\n\t" or ord(ch) in _covered():
            parts.append(ch)
        elif ch in "\u202f\u2009\u2007":
            parts.append("\u00a0")
        elif ch == "→":
            parts.append("›")
        elif unicodedata.category(ch)[0] != "C":
            parts.append(f"[U+{ord(ch):04X}]")
    return "".join(parts)


def _drawable(value: Any) -> Any:
    if isinstance(value, str):
        return drawable(value)
    if isinstance(value, dict):
        return {k: _drawable(v) for k, v in value.items()}
    return [_drawable(v) for v in value] if isinstance(value, list) else value


def _drawn(value: Any) -> Any:
    """A value of `risk_models` with its texts drawable: what was checked once is not checked again once rewritten."""
    if isinstance(value, str):
        return value if isinstance(value, Enum) else drawable(value)
    if isinstance(value, tuple):
        return tuple(map(_drawn, value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(value, **{f.name: _drawn(getattr(value, f.name)) for f in dataclasses.fields(value)})
    return value


def stylesheet(html: str, *, draft: bool) -> str:
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


def watermark() -> bytes:
    return (ROOT / "templates" / "dossier" / "projet.svg").read_bytes()


@dataclass(frozen=True, slots=True)
class Attached:
    """A file inside the PDF; `relationship` as PDF/A-3 names it."""

    name: str
    content: bytes
    description: str
    relationship: str


def attached(frozen: Mapping[str, Any], text: str) -> list[Attached]:
    """What the PDF carries, sorted by name: the content itself, the inventory, the drawing."""
    files = [Attached("dossier.json", text.encode(), "Contenu figé (JSON canonique)", "Source")]
    if frozen.get("inventory"):
        bom = json.dumps(frozen["inventory"], ensure_ascii=False, sort_keys=True, indent=1).encode()
        files.append(Attached("inventaire.cdx.json", bom, "Inventaire des composants (CycloneDX)", "Data"))
    if "system" in frozen:
        drawing = draw_graph(product_file.from_dict(frozen["system"]), frozen["assessment"], "fr")
        files.append(Attached("schema.svg", str(drawing).encode(), "Schéma du produit (SVG)", "Supplement"))
    return files


def to_html(frozen: Mapping[str, Any], digest: str) -> str:
    """The whole document of a frozen content; `digest` is the SHA-256 of its canonical JSON."""
    content = _SINCE | _drawable(dict(frozen))
    if content.get("kind") == "withdrawal":
        title = f"Retrait d’homologation – {content['product']}"
        qr = _qr(content["verify_at"], digest)
        return _environment().get_template("withdrawal.html").render(d=content, digest=digest, title=title, qr=qr)
    content["opinions"] = [{"document": ""} | opinion for opinion in content["opinions"]]
    if content["decision"]:
        content["decision"] = _SINCE_DECISION | content["decision"]
        content["decision"]["by"] = {"on_behalf_of": None} | content["decision"]["by"]
    system = _drawn(product_file.from_dict(frozen["system"]))
    return (
        _environment()
        .get_template("dossier.html")
        .render(
            d=content,
            study=content.get("study") or _NO_STUDY,
            digest=digest,
            graph=drawable_markup(draw_graph(system, content["assessment"], "fr")),
            matrix=drawable_markup(draw_matrix(content["assessment"], "fr")),
            names={c.id: c.name for c in system.components} | {a.id: a.name for a in system.assets},
            system=system,
            most=MOST_ROWS,
            components=_first_components(content, system),
            accountable=_accountable(content),
            links=system.links[:MOST_ROWS],
            answers=_drawable(answers(content, "fr")),
            measures=catalogue.measures(),
            unproved=sum(
                m.status in _CLAIMED and m.proof is not ProofState.FRESH and not m.inherited_from
                for m in system.measures
            ),
            own=[m for m in system.measures if not m.inherited_from],
            inherited=[m for m in system.measures if m.inherited_from],
            rules=catalogue.finding_rules(),
            findings=_findings(content, system),
            sentence=lambda group, code, **values: drawable(catalogue.sentence(group, code, "fr", **values)),
            verdicts=_VERDICTS,
            outcomes=_OUTCOMES,
            roles=_ROLES,
            durations=_DURATIONS,
            title=f"Dossier d’homologation – {content['product']}",
            qr=_qr(content["verify_at"], digest),
            approach=_approach(content),
            states=_PIECE_STATES,
            judged=_JUDGED,
            doubts=[_doubt(found) for found in content["doubts"]],
            doubt=_doubt,
        )
    )


def warm() -> None:
    """Reads now what every document needs: what our fonts draw, templates, catalogues."""
    _covered()
    for name in ("dossier.html", "withdrawal.html"):
        _environment().get_template(name)
    catalogue.measures()
    catalogue.finding_rules()
    catalogue.defaults_by_kind()
    catalogue.words("threats")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(ROOT / "templates" / "dossier"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(day=_day, percent=_percent, decimal=_decimal, word=_word)
    return environment


def _qr(address: str, digest: str) -> Markup:
    """The way from a printed page to what the register says of it."""
    if not address:
        return Markup()
    drawn = segno.make(f"{address}?contenu={digest}", error="m")
    return Markup(drawn.svg_inline(border=0, title="Adresse de vérification, avec l’empreinte du contenu"))


def _approach(content: Mapping[str, Any]) -> str:
    level = (content.get("study") or {}).get("level")
    return _word(proportionality.approach(SecurityLevel(level["level"])).value, "Approach").lower() if level else "–"


# Keys of a component in a product file that say who answers for it: nothing reads them but people.
_ACCOUNTABLE = {"owner": "x-owner", "emergency": "x-emergency", "why": "x-patched-by-reason"}


def _accountable(content: Mapping[str, Any]) -> list[dict[str, str]]:
    """Each component of which something is said, with its `name`, `owner`, `emergency` and `why`; – where it is not."""
    rows = []
    for component in content["system"]["components"]:
        said = {column: _sentence(component.get(key)) for column, key in _ACCOUNTABLE.items()}
        if any(said.values()):
            rows.append({"name": component["name"]} | {column: text or "–" for column, text in said.items()})
    return rows


def _sentence(value: Any) -> str:
    """What a key that begins with `x-` holds, which may be anything, as text; empty for what says nothing."""
    if isinstance(value, dict):
        return ", ".join(f"{key} : {text}" for key, v in value.items() if (text := _sentence(v)))
    if isinstance(value, list):
        return ", ".join(text for v in value if (text := _sentence(v)))
    if isinstance(value, bool):
        return "oui" if value else "non"
    return "" if value is None else str(value).strip()


def _doubt(found: Mapping[str, Any]) -> str:
    return drawable(catalogue.sentence("inconsistencies", found["rule"], "fr", what=found["what"]))


def drawable_markup(svg: Any) -> Any:
    return type(svg)(drawable(str(svg)))


def _first_components(content: Mapping[str, Any], system: System) -> tuple[Component, ...]:
    """The components in their order; of too many for a table, the weakest."""
    if len(system.components) <= MOST_ROWS:
        return system.components
    rank = {w["component"]: w["rank"] for w in content["assessment"]["weak_points"]}
    return tuple(sorted(system.components, key=lambda c: rank[c.id])[:MOST_ROWS])


def _findings(content: Mapping[str, Any], system: System) -> list[dict[str, Any]]:
    """Each finding with its sentence, its rule's id and its acceptance where it has one that still holds."""
    names = {c.id: c.name for c in system.components} | {a.id: a.name for a in system.assets}
    held = {a["finding"]: a for a in content["accepted_findings"] if a["until"] >= content["frozen_on"]}
    found = [Finding(**plain) for plain in content["assessment"]["findings"]]
    return [
        {"rule": f.rule, "text": drawable(catalogue.finding_text(f, "fr", names)), "accepted": held.get(f.key)}
        for f in found
    ]


def _day(iso: str | None) -> str:
    if not iso:
        return "–"
    year, month, day = (int(part) for part in str(iso).split("-"))
    return f"{'1er' if day == 1 else day} {_MONTHS[month - 1]} {year}"


def _percent(value: float) -> str:
    return f"{round(value * 100)}\u00a0%"


def _decimal(value: float, digits: int = 1) -> str:
    return f"{value:.{digits}f}".replace(".", ",")


def _word(value: Any, enum: str) -> str:
    kind = _ENUMS[enum]
    return drawable(catalogue.word(kind(value), "fr"))
