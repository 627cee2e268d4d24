"""Two pictures of a product side by side: what is new, what changed and how, what is gone."""

import dataclasses
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l

from app.platform.i18n import format_decimal, language, word
from risk_models import catalogue
from risk_models.scales import (
    Authentication,
)
from risk_models.study import LevelAnswers, ServiceProof
from risk_models.system import Accounts, Component, EndOfLife, EssentialAsset, Measure, Secret, System, Token

V = TypeVar("V")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Change:
    """What differs in one part: names added, changed and gone."""

    part: Any
    added: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]


def _measure_name(m: Measure) -> str:
    kind = catalogue.measures().get(m.measure)
    return kind.name.in_(language()) if kind else m.measure


def compare_systems(old: System, new: System) -> list[Change]:
    """Part by part; parts that stay the same are left out."""
    names = {c.id: c.name for c in (*old.components, *new.components)}

    def link(k: Any) -> str:
        return f"{names[k.source]} → {names[k.target]} ({word(k.kind).lower()})"

    changes = [
        compare_part(_l("Composants"), old.components, new.components, lambda c: c.id, lambda c: c.name),
        compare_part(_l("Liens"), old.links, new.links, lambda k: (k.source, k.target, k.kind), link),
        compare_part(_l("Valeurs métier"), old.assets, new.assets, lambda a: a.id, lambda a: a.name),
        compare_part(_l("Mesures"), old.measures, new.measures, lambda m: (m.measure, m.on), _measure_name),
        compare_part(_l("Contacts"), old.product.contacts, new.product.contacts, lambda c: c.name, lambda c: c.name),
        compare_part(
            _l("Phases"), old.product.phases, new.product.phases, lambda p: (p.name, p.start), lambda p: p.name
        ),
    ]
    return [c for c in changes if c.added or c.changed or c.gone]


def compare_part(
    part: Any, old: Iterable[V], new: Iterable[V], key: Callable[[V], object], name: Callable[[V], str]
) -> Change:
    """One part; `key` names a thing from one picture to the other."""
    before, after = ({key(v): v for v in map(_unordered, values)} for values in (old, new))
    return Change(
        part,
        added=tuple(name(v) for k, v in after.items() if k not in before),
        changed=tuple(
            f"{name(v)} ({_differences(before[k], v)})" for k, v in after.items() if k in before and before[k] != v
        ),
        gone=tuple(name(v) for k, v in before.items() if k not in after),
    )


def _differences(before: Any, after: Any) -> str:
    """The fields that differ, with what they lose and win."""
    old, new = _told_fields(before), _told_fields(after)
    return " ; ".join(
        _difference(name, old.get(name), new.get(name)) for name in old | new if old.get(name) != new.get(name)
    )


def _difference(name: str, old: Any, new: Any) -> str:
    if name == "notes":
        return str(_l("les indications gardées avec lui"))
    if isinstance(old, LevelAnswers) and isinstance(new, LevelAnswers):
        return _differences(old, new)
    return f"{field_word(name)}{catalogue.colon(language())} {_shown(old, name)} → {_shown(new, name)}"


def _told_fields(value: Any) -> dict[str, object]:
    """What a picture says of one thing, by name of field; what only programs keep with it is one field, `notes`."""
    fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    extra = dict(fields.pop("extra", ()))
    return fields | {key: json.loads(extra.pop(key, '""')) for key in _WORDED_KEYS} | {"notes": tuple(extra.values())}


# Keys x- of a product file that people fill by a form of ours.
_WORDED_KEYS = ("x-owner", "x-emergency", "x-patched-by-reason")
# How people call what differs, and the closed lists whose codes they never see.
_FIELDS: dict[str, object] = {
    "dependency": _l("dépendance"),
    "penetration": _l("accès"),
    "maturity": _l("maturité"),
    "trust": _l("confiance"),
    "threat": _l("menace"),
    "zone": _l("zone"),
    "note": _l("attentes"),
    "severity": _l("gravité"),
    "likelihood": _l("vraisemblance"),
    "computed_severity": _l("gravité selon le schéma"),
    "computed_likelihood": _l("vraisemblance selon le schéma"),
    "risk": _l("risque"),
    "treatment": _l("décision"),
    "treatment_note": _l("comment"),
    "accepted_by": _l("accepté par"),
    "proposed_by": _l("acceptation proposée par"),
    "accepted_until": _l("accepté jusqu’au"),
    "kept": _l("retenu"),
    "why": _l("raison"),
    "why_not": _l("raison de l’écart"),
    "status": _l("état"),
    "due": _l("échéance"),
    "owner": _l("responsable"),
    "reason": _l("raison"),
    "description": _l("texte"),
    "story": _l("texte"),
    "need": _l("atteinte"),
    "level": _l("niveau"),
    "motivation": _l("motivation"),
    "resources": _l("moyens"),
    "aim": _l("but"),
    "proof": _l("preuve"),
    "can_suspend": _l("peut suspendre"),
    "phone": _l("téléphone"),
    "email": _l("adresse"),
    "role": _l("rôle"),
    "computed": _l("niveau calculé"),
    "wanted": _l("niveau voulu"),
    "data": _l("données"),
    "volume": _l("volume"),
    "outage": _l("arrêt supportable"),
    "audience": _l("public"),
    "openness": _l("ouverture"),
    "proofs": _l("preuves"),
    "exposure": _l("exposition"),
    "hosting": _l("hébergement"),
    "version": _l("version"),
    "name": _l("nom"),
    "on": _l("composants"),
    "id": _l("nom"),
    "kind": _l("nature"),
    "patched_by": _l("mis à jour par"),
    "supplier": _l("fournisseur"),
    "purl": _l("identifiant de paquet"),
    "cpe": _l("identifiant CPE"),
    "eol": _l("fin de vie"),
    "sbom": _l("inventaire joint"),
    "location": _l("lieu des données"),
    "vulnerabilities": _l("failles connues"),
    "libraries": _l("nombre de bibliothèques"),
    "state": _l("service rendu"),
    "last_tested": _l("dernier essai d’intrusion"),
    "accounts": _l("comptes"),
    "secrets": _l("clés gardées"),
    "tokens": _l("jetons donnés"),
    "resets": _l("ce qui redonne un mot de passe"),
    "assumed": _l("ce qui est supposé"),
    "source": _l("de"),
    "target": _l("vers"),
    "encrypted": _l("chiffré"),
    "authentication": _l("authentification"),
    "lives_in": _l("composants"),
    "confidentiality": _l("confidentialité"),
    "integrity": _l("intégrité"),
    "availability": _l("disponibilité"),
    "measure": _l("mesure"),
    "inherited_from": _l("service commun"),
    "start": _l("début"),
    "end": _l("fin"),
    "asset": _l("valeur métier"),
    "relevance": _l("pertinence"),
    "answers": _l("réponses"),
    "wanted_by": _l("niveau voulu par"),
    "approved_by": _l("niveau approuvé par"),
    "since": _l("depuis"),
    "contact": _l("contact"),
    "components": _l("composants"),
    "homologation_note": _l("homologation du service"),
    "homologated_until": _l("homologué jusqu’au"),
    "declared_by": _l("déclaré par"),
    "key": _l("scénario"),
    "told": _l("scénario"),
    "deliberate": _l("volontaire"),
    "rated_by": _l("coté par"),
    "x-owner": _l("responsable"),
    "x-emergency": _l("qui appeler en urgence"),
    "x-patched-by-reason": _l("pourquoi cette mise à jour"),
}
# Fields of which an empty list says that there is none, where silence says nothing.
_SAID_TO_BE_NONE = frozenset({"accounts", "secrets", "tokens", "resets"})
_AUTHENTICATIONS: dict[Authentication, Any] = {
    Authentication.NONE: _l("aucune"),
    Authentication.PASSWORD: _l("mot de passe"),
    Authentication.TOKEN: _l("jeton"),
    Authentication.CERTIFICATE: _l("certificat"),
    Authentication.SSO: _l("connexion unique"),
}


def field_word(name: str) -> str:
    """How people call a field of a picture."""
    return str(_FIELDS.get(name, _l("autre indication")))


def _shown(value: Any, name: str = "") -> str:
    match value:
        case bool():
            text = str(_l("oui") if value else _l("non"))
        case () if name in _SAID_TO_BE_NONE:
            text = str(_l("aucun"))
        case None | "" | () | []:
            text = "∅"
        case Authentication():
            text = str(_AUTHENTICATIONS[value])
        case Enum():
            text = word(value)
        case float():
            text = format_decimal(value)
        case EndOfLife():
            text = " ".join(str(v) for v in (value.product, value.cycle, value.date) if v) or "∅"
        case Accounts() | Secret() | Token():
            said = (getattr(value, f.name) for f in dataclasses.fields(value) if f.name != "extra")
            text = " ".join(_shown(part) for part in said if part not in (None, ())) or "∅"
        case tuple() if value and isinstance(value[0], Accounts | Secret | Token):
            text = ", ".join(map(_shown, value))
        case tuple() | list():
            text = ", ".join(_shown(getattr(v, "id", getattr(v, "name", v))) for v in value)
        case ServiceProof():
            text = ", ".join(part for part in (value.measure, value.file_name, value.link) if part)
        case _:
            text = str(value)
    return _short(text)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _unordered(value: V) -> V:
    """Neither the order of components, where it says nothing, nor who gave a value is a change."""
    match value:
        case Component():
            return dataclasses.replace(value, assumed=())
        case Measure():
            return dataclasses.replace(value, on=tuple(sorted(value.on)))
        case EssentialAsset():
            return dataclasses.replace(value, lives_in=tuple(sorted(value.lives_in)))
    return value
