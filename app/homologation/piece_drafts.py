"""What Jalon knows of the pieces that a team writes, in French, for it to complete and take as its own."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from reports.frozen import FrozenDossier
from risk_models import catalogue
from risk_models.rules import proportionality
from risk_models.scales import ComponentKind, DataKind, Hosting, LinkKind, Need, Patcher
from risk_models.system import Component, System

# What only the team knows; a piece that still holds it is not written.
TO_COMPLETE = "[à compléter]"
_MOST_LINES = 60
_ABOUT_PEOPLE = frozenset({DataKind.PERSONAL, DataKind.SENSITIVE})
_HELD_BY_TEAM = frozenset({Hosting.IAAS, Hosting.PAAS, Hosting.ON_PREMISE})
_DELIVERS = frozenset({ComponentKind.FORGE, ComponentKind.CI, ComponentKind.REGISTRY})


def draft_piece(piece: str, content: FrozenDossier) -> str:
    """The beginning of a piece; empty where Jalon knows nothing of it."""
    made = _DRAFTS.get(piece)
    return "\n".join(filter(None, made(content))) if made else ""


def _listed(lines: Iterable[str]) -> list[str]:
    """Each on a line of its own, the first ones where there are many."""
    found = [f"- {line}" for line in lines]
    more = len(found) - _MOST_LINES
    return found if more <= 0 else [*found[:_MOST_LINES], f"- et {more} autres, dans la cartographie"]


def _ask(what: str) -> str:
    return f"{TO_COMPLETE} {what}"


def _named(component: Component) -> str:
    version = f" {component.version}" if component.version else ""
    return f"{component.name}{version} ({catalogue.word(component.kind, 'fr').lower()})"


def _strategy(content: FrozenDossier) -> list[str]:
    level = content.study.level if content.study else None
    approach = proportionality.approach_of(level.level) if level else None
    authority = content.authority
    known = (
        ("Périmètre", content.perimeter),
        ("Autorité d’homologation", ", ".join(filter(None, (authority.name, authority.title))) if authority else ""),
        ("Démarche de l’ANSSI", catalogue.word(approach, "fr").lower() if approach else ""),
        ("Durée demandée", f"{content.requested_months} mois"),
        ("Conditions d’emploi", " ; ".join(c.text for c in content.conditions)),
    )
    return [f"{what} : {text}" for what, text in known if text]


def _architecture(content: FrozenDossier) -> list[str]:
    system, names = content.system, content.system.names()
    links = [f"{names[k.source]} → {names[k.target]} ({catalogue.word(k.kind, 'fr').lower()})" for k in system.links]
    people = [c.name for c in system.components if not _ABOUT_PEOPLE.isdisjoint(c.data)]
    return [
        "Les parties du produit, par hébergement :",
        *_listed(f"{where} : {', '.join(map(_named, held))}" for where, held in _by_host(system)),
        "Ce qu’elles échangent :",
        *(_listed(links) or [_ask("qui appelle, lit ou administre quoi")]),
        f"Données personnelles dans : {', '.join(people)}." if people else _ask("où sont les données personnelles"),
        _ask("par où l’on entre, ce qui filtre, comment les environnements sont séparés"),
    ]


def _by_host(system: System) -> list[tuple[str, list[Component]]]:
    found: dict[str, list[Component]] = defaultdict(list)
    for c in system.components:
        where = catalogue.word(c.hosting, "fr")
        found[f"{where}, {c.supplier}" if c.supplier else where].append(c)
    return sorted(found.items())


def _suppliers(content: FrozenDossier) -> list[str]:
    found: dict[str, list[Component]] = defaultdict(list)
    for c in content.system.components:
        if c.supplier:
            found[c.supplier].append(c)
    lines = []
    for supplier, held in sorted(found.items()):
        places = sorted({catalogue.word(c.location, "fr") for c in held if c.location})
        about = any(not _ABOUT_PEOPLE.isdisjoint(c.data) for c in held)
        lines.append(
            f"{supplier} : {', '.join(c.name for c in held)} ; pays : {', '.join(places) or TO_COMPLETE}"
            f"{' ; données personnelles' if about else ''} ; page de sécurité, certificats, qui appeler :"
            f" {TO_COMPLETE}"
        )
    return ["Chaque fournisseur, ce que l’on en tient, ce qu’il promet :", *_listed(lines)] if lines else []


def _operation(content: FrozenDossier) -> list[str]:
    system = content.system
    delivered = [_named(c) for c in system.components if c.kind in _DELIVERS]
    ours = [c.name for c in system.components if c.patched_by is Patcher.TEAM and c.hosting in _HELD_BY_TEAM]
    admins = {k.source for k in system.links if k.kind in {LinkKind.ADMINISTERS, LinkKind.DEPLOYS}}
    names = system.names()
    return [
        f"Livraison : {', '.join(delivered)}." if delivered else _ask("comment le code arrive en production"),
        f"Mis à jour par l’équipe : {', '.join(ours)}." if ours else _ask("ce que l’équipe met à jour elle-même"),
        f"Ce qui administre ou déploie : {', '.join(names[i] for i in sorted(admins))}."
        if admins
        else _ask("d’où l’on administre"),
        *_of_measures(content, "Sauvegardes", ("daily_backup", "backup_offline", "backup_restore_test")),
        *_of_measures(content, "Accès", ("mfa", "dedicated_admin", "access_review", "token_rotation")),
        _ask("comment on donne et retire un accès, comment on restaure, qui fait quoi hors des heures de bureau"),
    ]


def _of_measures(content: FrozenDossier, title: str, wanted: tuple[str, ...]) -> list[str]:
    """What the team said of some measures, each with where it stands and on what."""
    names, known = content.system.names(), catalogue.measures()
    said = [
        f"{title} : {known[m.measure].name.fr}, {catalogue.word(m.status, 'fr').lower()}"
        f" ({', '.join(names.get(c, c) for c in m.on) or 'tout le produit'})"
        for m in content.system.measures
        if m.measure in wanted and m.measure in known
    ]
    return _listed(said) or [_ask(title.lower())]


def _incidents(content: FrozenDossier) -> list[str]:
    since = "la dernière homologation" if content.renewal else "la mise en ligne"
    return [
        f"Incidents depuis {since}, un par ligne : date ; ce qui est arrivé ; effet ; ce qui a été fait ; date de fin.",
        _ask("la liste, ou « aucun incident connu de l’équipe » avec qui l’a vérifié et comment"),
    ]


def _continuity(content: FrozenDossier) -> list[str]:
    system = content.system
    needs = [
        f"{a.name} : {catalogue.word(a.severity(Need.AVAILABILITY), 'fr').lower()} s’il est inaccessible"
        for a in system.assets
    ]
    outage = content.study.level.answers.outage if content.study and content.study.level else None
    callers = [c.name for c in system.product.contacts if c.can_suspend]
    alone = [system.names().get(s.component, s.component) for s in content.assessment.single_points_of_failure]
    return [
        f"Arrêt supportable, selon les réponses sur le niveau : {catalogue.word(outage, 'fr').lower()}."
        if outage
        else _ask("combien de temps le service peut s’arrêter"),
        *_listed(needs),
        f"Si ceci s’arrête, tout s’arrête : {', '.join(dict.fromkeys(alone))}." if alone else "",
        *_of_measures(content, "Sauvegardes", ("daily_backup", "backup_offline", "backup_restore_test")),
        f"Qui peut suspendre ou remettre en route : {', '.join(callers)}."
        if callers
        else _ask("qui remet le service en route"),
        _ask("en combien de temps on restaure, ce que l’on accepte de perdre, comment on travaille en attendant"),
    ]


def _installation(content: FrozenDossier) -> list[str]:
    parts = [_named(c) for c in content.system.components if c.hosting in _HELD_BY_TEAM]
    if not parts:
        return []
    return [
        f"À installer : {', '.join(parts[:_MOST_LINES])}.",
        f"Code : {content.repository}." if content.repository else _ask("où est le code"),
        _ask("les étapes, les réglages de sécurité, les secrets à créer, ce que l’on vérifie ; ou « sans objet »"),
    ]


_DRAFTS: dict[str, Callable[[FrozenDossier], list[str]]] = {
    "strategy": _strategy,
    "architecture": _architecture,
    "suppliers": _suppliers,
    "operation": _operation,
    "incidents": _incidents,
    "continuity": _continuity,
    "installation": _installation,
}
