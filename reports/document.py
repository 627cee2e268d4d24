"""The dossier as HTML for print: French, one page of synthesis first, everything that was typed after it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports.answers import answers
from reports.bounded import ROOT
from reports.figures.graph import draw_graph
from reports.figures.matrix import draw_matrix
from reports.typography import covered, drawable, drawable_markup, drawable_values, drawn
from risk_models import catalogue, product_file
from risk_models.assessment import Finding
from risk_models.rules import proportionality
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
    content = _complete(drawable_values(dict(frozen)))
    if content.get("kind") == "withdrawal":
        title = f"Retrait d’homologation – {content['product']}"
        qr = _qr(content["verify_at"], digest)
        return _environment().get_template("withdrawal.html").render(d=content, digest=digest, title=title, qr=qr)
    system = drawn(product_file.from_dict(frozen["system"]))
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
            answers=drawable_values(answers(content, "fr")),
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


def _complete(content: dict[str, Any]) -> dict[str, Any]:
    """A content of any format ever frozen, with the parts that its format had not."""
    content = _SINCE | content
    if content.get("kind") == "withdrawal":
        return content
    content["opinions"] = [{"document": ""} | opinion for opinion in content["opinions"]]
    if content["decision"]:
        content["decision"] = _SINCE_DECISION | content["decision"]
        content["decision"]["by"] = {"on_behalf_of": None} | content["decision"]["by"]
    return content


def warm() -> None:
    """Reads now what every document needs: what our fonts draw, templates, catalogues."""
    covered()
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
