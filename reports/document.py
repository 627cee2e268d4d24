"""The dossier as HTML for print: French, one page of synthesis first, everything that was typed after it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from functools import cache
from typing import Any

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports.bounded import ROOT
from reports.figures.graph import draw_graph
from reports.figures.matrix import draw_matrix
from reports.frozen import FrozenDossier, FrozenFindingAcceptance, Page
from reports.frozen_decision import FrozenDoubt
from reports.residual import count_risks, residual_risks
from reports.synthesis import (
    answers_by_component,
    contradictions,
    feared_events_by_severity,
    list_set_aside,
    opinions_gravest_first,
    proposed_scenarios,
    short_pieces,
    split_register,
    unproved_measures,
)
from reports.typography import covered_signs, drawable_copy, drawable_markup, drawable_text, drawable_values
from risk_models import catalogue, product_file
from risk_models.assessment import risks_by_view
from risk_models.catalogue import FindingRule
from risk_models.catalogue.glossary import terms_in_order
from risk_models.ranking.remedies import Remedy, group_by_remedy
from risk_models.rules import proportionality, schedule
from risk_models.scales import Likelihood, LinkKind
from risk_models.study import Study
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
_PIECE_STATES = {
    "filled": "Dans ce document",
    "attached": "Jointe",
    "written": "Rédigée ci-dessous",
    "not_applicable": "Sans objet",
    "later": "Page de décision",
    "missing": "Manquante",
    "absent": "Non fournie",
}
# Where what Jalon writes of a piece stands in the document.
_PIECE_SECTIONS = {
    "map": "perimetre",
    "measures": "mesures",
    "exemptions": "mesures",
    "analysis": "faiblesses",
    "plan": "mesures",
    "decision": "decision",
}
_JUDGED = {
    "in_triage": "À l’étude",
    "exploitable": "Exploitable",
    "not_affected": "Sans effet ici",
    "resolved": "Corrigée",
    "accepted": "Laissée en l’état",
}
_VERDICTS = {"favourable": "favorable", "with_reservations": "favorable avec réserve", "unfavourable": "défavorable"}
_OUTCOMES = {
    "favourable": "Homologation accordée",
    "with_reservations": "Homologation accordée avec réserves",
    "provisional": "Homologation accordée à titre provisoire",
    "refused": "Homologation refusée",
}
_GLOSSARY = tuple((term.name.fr, term.said.fr) for term in terms_in_order("fr") if term.in_dossier)
_FACTORS = {"totp": "un code à usage unique", "webauthn": "une clé de sécurité"}
_ROLES = {"rssi": "RSSI", "dpo": "DPO", "technical": "Expert technique", "users": "Représentant des usagers"}
_DURATIONS = {6: "6 mois", 12: "1 an", 24: "2 ans", 36: "3 ans"}


# What templates call words by.
_TABLES: dict[str, Any] = {
    "verdicts": _VERDICTS,
    "outcomes": _OUTCOMES,
    "factors": _FACTORS,
    "glossary": _GLOSSARY,
    "renewal_months": schedule.RENEWAL_MILESTONES,
    "roles": _ROLES,
    "durations": _DURATIONS,
    "states": _PIECE_STATES,
    "piece_sections": _PIECE_SECTIONS,
    "judged": _JUDGED,
    "likelihoods": tuple(Likelihood),
}


@dataclass(frozen=True, slots=True)
class Attached:
    """A file inside the PDF; `relationship` as PDF/A-3 names it."""

    name: str
    content: bytes
    description: str
    relationship: str


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding as a sentence; `accepted` where somebody accepts it on the day of the dossier."""

    rule: FindingRule
    text: str
    accepted: FrozenFindingAcceptance | None
    unsaid: bool


def attached_files(frozen: FrozenDossier | Page, text: str) -> list[Attached]:
    """What the PDF carries, sorted by name: the content itself, the inventory, the drawing."""
    files = [Attached("dossier.json", text.encode(), "Contenu figé (JSON canonique)", "Source")]
    if not isinstance(frozen, FrozenDossier):
        return files
    if frozen.inventory:
        bom = frozen.inventory.encode()
        files.append(Attached("inventaire.cdx.json", bom, "Inventaire des composants (CycloneDX)", "Data"))
    drawing = draw_graph(frozen.system, frozen.assessment, "fr")
    files.append(Attached("schema.svg", str(drawing).encode(), "Schéma du produit (SVG)", "Supplement"))
    return files


def to_html(frozen: FrozenDossier | Page, digest: str) -> str:
    """The whole document of a frozen content; `digest` is the SHA-256 of its canonical JSON."""
    if not isinstance(frozen, FrozenDossier):
        return _page_to_html(drawable_copy(frozen), digest)
    content: FrozenDossier = drawable_copy(replace(frozen, inventory=None))
    system, remaining = content.system, residual_risks(content)
    template = _environment().get_template("dossier.html")
    return template.render(
        **_TABLES,
        d=content,
        study=content.study or Study(),
        digest=digest,
        graph=drawable_markup(draw_graph(system, content.assessment, "fr")),
        matrix=drawable_markup(draw_matrix(count_risks(content), "fr")),
        names=system.names(),
        system=system,
        most=MOST_ROWS,
        components=_first_components(content),
        accountable=_accountable(frozen.system),
        feared_events=feared_events_by_severity(content),
        opinions=opinions_gravest_first(content),
        register=split_register(content),
        answers=drawable_values(answers_by_component(system, "fr")),
        measures=catalogue.measures(),
        unproved=len(unproved_measures(system)),
        proposed=proposed_scenarios(content),
        residual=remaining,
        contradictions=drawable_values(contradictions(content, "fr")),
        set_aside=drawable_values(list_set_aside(content, "fr")),
        links=_grouped_links(system),
        own=[m for m in system.measures if not m.inherited_from],
        inherited=[m for m in system.measures if m.inherited_from],
        outlooks=risks_by_view(content.views),
        rules=catalogue.finding_rules(),
        findings=_findings(content),
        sentence=lambda group, code, **values: drawable_text(catalogue.sentence(group, code, "fr", **values)),
        attached=_attached_hashes(content),
        title=f"Dossier d’homologation – {content.product}",
        qr=_qr(content.verify_at, digest),
        approach=_approach(content),
        short_pieces=short_pieces(content),
        doubts=[_doubt(found) for found in content.doubts],
        doubt=_doubt,
    )


_PAGES = {
    "withdrawal": "Retrait d’homologation",
    "lifting": "Levée d’une réserve",
    "dispensation": "Dispense d’homologation",
    "dispensation_end": "Fin d’une dispense d’homologation",
}


def _page_to_html(page: Page, digest: str) -> str:
    title, qr = f"{_PAGES[page.kind]} – {page.product}", _qr(page.verify_at, digest)
    return _environment().get_template(f"{page.kind}.html").render(d=page, digest=digest, title=title, qr=qr)


def warm_document() -> None:
    """Reads now what every document needs: what our fonts draw, templates, catalogues."""
    covered_signs()
    for name in _environment().list_templates(extensions=["html"]):
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


def _approach(content: FrozenDossier) -> str:
    level = content.study.level if content.study else None
    return _word(proportionality.approach_of(level.level)).lower() if level else "–"


# Keys of a component in a product file that say who answers for it: nothing reads them but people.
_ACCOUNTABLE = {"owner": "x-owner", "emergency": "x-emergency", "why": "x-patched-by-reason"}


def _accountable(system: System) -> list[dict[str, str]]:
    """Each component of which something is said, with its `name`, `owner`, `emergency` and `why`; – where it is not."""
    rows = []
    for component in system.components:
        extra = product_file.extra_dict(component.extra)
        said = {column: drawable_text(_sentence(extra.get(key))) for column, key in _ACCOUNTABLE.items()}
        if any(said.values()):
            rows.append(
                {"name": drawable_text(component.name)} | {column: text or "–" for column, text in said.items()}
            )
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


def _attached_hashes(content: FrozenDossier) -> list[tuple[str, str]]:
    """What is kept beside the dossier: its name and its whole SHA-256, documents then proofs, each file once."""
    documents = [(f"{x.title} ({x.file_name})", x.sha256) for x in content.documents]
    proofs = [(e.file_name or e.subject, e.sha256) for e in content.evidence if e.sha256 and not e.withdrawn]
    services = content.study.services if content.study else ()
    proofs += [(p.file_name, p.sha256) for service in services for p in service.proofs if p.sha256]
    opinions = [(f"Avis de {o.by}", o.document) for o in content.opinions if o.document]
    return list({sha256: (name, sha256) for name, sha256 in (*documents, *opinions, *proofs)}.values())


def _grouped_links(system: System) -> list[tuple[str, list[tuple[LinkKind, list[str]]]]]:
    """The first links, by the component that they start from, then by what it does: the ids of the others."""
    grouped: dict[str, dict[LinkKind, list[str]]] = {}
    for link in system.links[:MOST_ROWS]:
        grouped.setdefault(link.source, {}).setdefault(link.kind, []).append(link.target)
    return [(source, list(kinds.items())) for source, kinds in grouped.items()]


def _doubt(found: FrozenDoubt) -> str:
    return drawable_text(catalogue.sentence("inconsistencies", found.rule, "fr", what=found.what))


def _first_components(content: FrozenDossier) -> tuple[Component, ...]:
    """The components in their order; of too many for a table, the weakest."""
    components = content.system.components
    if len(components) <= MOST_ROWS:
        return components
    rank = {w.component: w.rank for w in content.assessment.weak_points}
    return tuple(sorted(components, key=lambda c: rank[c.id])[:MOST_ROWS])


def _findings(content: FrozenDossier) -> list[ShownFinding]:
    names = content.system.names()
    held = {a.finding: a for a in content.accepted_findings if a.until >= content.frozen_on}
    accepted = [
        ShownFinding(
            catalogue.rule_of(f), drawable_text(catalogue.finding_text(f, "fr", names)), held[f.key], unsaid=False
        )
        for f in content.assessment.findings
        if f.key in held
    ]
    open_ = group_by_remedy(f for f in content.assessment.findings if f.key not in held)
    return [*(ShownFinding(r.rule, drawable_text(_remedy(r, names)), None, r.unsaid) for r in open_), *accepted]


def _remedy(remedy: Remedy, names: Mapping[str, str]) -> str:
    """What a rule found, in one sentence; of several findings, how many and of what."""
    if remedy.count == 1:
        return catalogue.finding_text(remedy.findings[0], "fr", names)
    of = ", ".join(names[c] for c in remedy.components)
    return f"{remedy.rule.name.fr} : {remedy.count} constats{f' ({of})' if of else ''}"


def _day(day: date | None) -> str:
    return f"{'1er' if day.day == 1 else day.day} {_MONTHS[day.month - 1]} {day.year}" if day else "–"


def _percent(value: float) -> str:
    return f"{round(value * 100)}\u00a0%"


def _decimal(value: float, digits: int = 1) -> str:
    return f"{value:.{digits}f}".replace(".", ",")


def _word(value: Enum) -> str:
    return drawable_text(catalogue.word(value, "fr"))
