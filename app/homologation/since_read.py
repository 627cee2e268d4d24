"""What a dossier says otherwise than what its reviewers read, and what of it asks for their opinion again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask_babel import lazy_gettext as _l

from app.analysis import versions
from app.analysis.comparison import Change
from reports.frozen import FrozenDossier
from risk_models import product_file
from risk_models.scales import MeasureStatus, Treatment
from risk_models.study import StudiedLevel, StudiedScenario, Study
from risk_models.system import Component, EssentialAsset, Measure, System


@dataclass(frozen=True, slots=True)
class SinceRead:
    """In sentences: `weighty` asks for the opinions again; `light`, the rest, is said beside them."""

    weighty: tuple[str, ...]
    light: tuple[str, ...]


def compare_with_read(read: FrozenDossier, now: FrozenDossier) -> SinceRead:
    """What changed from the content that reviewers read to that of now, in the language in use.

    Weighty are: a component, link or asset added, removed or changed, a measure in place; the level, the perimeter, the
    conditions, the duration, the risks to accept; a flaw known to be exploited that appeared. The spelling of a name is not.
    """
    # Through the plain values of the file, as what was read: what they do not carry is no change.
    now = replace(now, system=product_file.from_dict(product_file.to_dict(now.system, complete=True)))
    names = {c.id: c.name for c in now.system.components} | {a.id: a.name for a in now.system.assets}
    weighty = [
        *_sentences(
            versions.compare_pictures(
                _weighty_system(read.system, names),
                _weighty_study(read.study),
                _weighty_system(now.system, names),
                _weighty_study(now.study),
            )
        ),
        *(str(part) for part, before, after in _texts(read, now) if before != after),
        *_newly_exploited(read.system, now.system),
    ]
    everything = versions.compare_pictures(read.system, read.study or Study(), now.system, now.study or Study())
    light = [
        *(s for s in _sentences(everything) if s not in weighty),
        *(str(part) for part, before, after in _light_texts(read, now) if before != after),
    ]
    return SinceRead(tuple(weighty), tuple(light))


def _texts(read: FrozenDossier, now: FrozenDossier) -> list[tuple[object, object, object]]:
    return [
        (_l("Périmètre changé"), read.perimeter, now.perimeter),
        (_l("Durée demandée changée"), read.requested_months, now.requested_months),
        (_l("Conditions d’emploi changées"), read.conditions, now.conditions),
        (_l("Risques à accepter changés"), read.accepted_risks, now.accepted_risks),
        (_l("Constats laissés en l’état changés"), _left(read), _left(now)),
        (_l("Failles acceptées changées"), _accepted_flaws(read), _accepted_flaws(now)),
    ]


def _left(dossier: FrozenDossier) -> set[tuple[str, object]]:
    return {(a.finding, a.until) for a in dossier.accepted_findings}


def _accepted_flaws(dossier: FrozenDossier) -> set[tuple[str, ...]]:
    return {(j.component, j.package, j.version, j.flaw) for j in dossier.judgements if j.state == "accepted"}


def _light_texts(read: FrozenDossier, now: FrozenDossier) -> list[tuple[object, object, object]]:
    return [
        (_l("Mission changée"), read.mission, now.mission),
        (_l("Adresse changée"), read.address, now.address),
        (_l("Dépôt changé"), read.repository, now.repository),
        (_l("Contact changé"), read.contact, now.contact),
        (_l("Événements redoutés changés"), read.feared_events, now.feared_events),
        (_l("Réponses sur des failles changées"), _answers(read), _answers(now)),
        (_l("Preuves changées"), _proofs(read), _proofs(now)),
    ]


def _answers(dossier: FrozenDossier) -> set[tuple[str, ...]]:
    return {(j.component, j.package, j.version, j.flaw, j.state) for j in dossier.judgements}


def _proofs(dossier: FrozenDossier) -> set[tuple[object, ...]]:
    """What is shown of what, not the day it was last seen."""
    return {(e.source, e.check, e.measure, e.subject, e.state, e.sha256, e.withdrawn) for e in dossier.evidence}


def _sentences(changes: Sequence[Change]) -> list[str]:
    return [
        f"{change.part} : {what}"
        for change in changes
        for what in (
            *(str(_l("%(name)s ajouté", name=name)) for name in change.added),
            *change.changed,
            *(str(_l("%(name)s retiré", name=name)) for name in change.gone),
        )
    ]


def _weighty_system(system: System, names: dict[str, str]) -> System:
    """The system without what asks nobody's opinion again, its things under the names that they bear now."""
    product = replace(system.product, contacts=(), phases=())
    return replace(
        system,
        product=product,
        components=tuple(_weighty_component(c, names) for c in system.components),
        links=tuple(replace(k, extra=()) for k in system.links),
        assets=tuple(_weighty_asset(a, names) for a in system.assets),
        measures=tuple(Measure(m.measure, m.on, m.status) for m in system.measures if m.status is MeasureStatus.DONE),
    )


def _weighty_component(c: Component, names: dict[str, str]) -> Component:
    """Known flaws come and go by themselves: those known to be exploited are told apart."""
    name = names.get(c.id, c.name)
    return replace(c, name=name, assumed=(), extra=(), libraries=None, sbom=None, vulnerabilities=(), eol=None)


def _weighty_asset(a: EssentialAsset, names: dict[str, str]) -> EssentialAsset:
    return replace(a, name=names.get(a.id, a.name), extra=())


def _weighty_study(study: Study | None) -> Study:
    """The level, and the risks that the team proposes to accept or sets aside."""
    if study is None:
        return Study()
    level = study.level
    kept = tuple(_weighty_scenario(x) for x in study.register if x.treatment is Treatment.ACCEPT or not x.kept)
    return Study(
        level=StudiedLevel(level.level, level.answers, level.level) if level else None,
        register=kept,
    )


def _weighty_scenario(x: StudiedScenario) -> StudiedScenario:
    return replace(x, computed_severity=None, computed_likelihood=None, rated_by="", treatment_note="")


def _newly_exploited(read: System, now: System) -> list[str]:
    known = {(c.id, v.id) for c in read.components for v in c.vulnerabilities if v.kev}
    return [
        str(_l("%(name)s : faille que l’on sait exploitée, %(flaw)s", name=c.name, flaw=v.id))
        for c in now.components
        for v in c.vulnerabilities
        if v.kev and (c.id, v.id) not in known
    ]
