from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField
from wtforms.validators import Optional

from app.analysis.study_models import RiskScenario, RiskSource, Stakeholder
from app.platform.editing import EditForm
from app.platform.forms import BaseForm, Day, EnumRadio, EnumSelect, Line, Paragraph, required
from risk_models.rules.proportionality import Needs
from risk_models.scales import (
    Aim,
    Audience,
    DataSensitivity,
    DataVolume,
    Degree,
    Likelihood,
    Need,
    Openness,
    OutageTolerance,
    RiskSourceKind,
    SecurityLevel,
    Severity,
    StakeholderKind,
    Treatment,
)


class LevelForm(EditForm):
    data = EnumRadio(_l("Les données les plus sensibles que vous gardez sont…"), DataSensitivity)
    volume = EnumRadio(_l("Elles concernent…"), DataVolume)
    outage = EnumRadio(_l("Le service peut s’arrêter sans dommage pendant…"), OutageTolerance)
    audience = EnumRadio(_l("Il sert…"), Audience)
    openness = EnumRadio(_l("On y accède depuis…"), Openness)

    def needs(self) -> Needs:
        """The five answers of a form that was validated."""
        return Needs(self["data"].data, self.volume.data, self.outage.data, self.audience.data, self.openness.data)


class WantedLevelForm(BaseForm):
    needed_when = {
        "why": _l("si le niveau est plus bas"),
    }
    level = EnumRadio(_l("Quel niveau retenir ?"), SecurityLevel)
    why = Paragraph(_l("Pourquoi ?"), most=1000, description=_l("Obligatoire pour un niveau plus bas."))


def _scale(label: Any, *, least: int, ends: Any) -> SelectField:
    choices = [(str(n), str(n)) for n in range(least, 5)]
    return SelectField(label, [required(_l("Choisissez une réponse."))], choices=choices, description=ends)


class StakeholderForm(EditForm):
    name = Line(_l("Qui ?"), needed=_l("Nommez cette partie prenante."), description=_l("Exemple : Scalingo"))
    kind = EnumSelect(_l("Quel lien avec vous ?"), StakeholderKind)
    dependency = _scale(_l("Dépendance"), least=0, ends=_l("0 : on s’en passe ; 4 : sans elle, tout s’arrête"))
    penetration = _scale(_l("Accès à vos systèmes"), least=0, ends=_l("0 : aucun accès ; 4 : administre vos serveurs"))
    maturity = _scale(_l("Maturité en sécurité"), least=1, ends=_l("1 : aucune règle connue ; 4 : certifiée, auditée"))
    trust = _scale(_l("Confiance"), least=1, ends=_l("1 : intentions inconnues ; 4 : mêmes intérêts que vous"))
    note = Paragraph(_l("Ce que l’on attend d’elle"), most=1000)

    def fill(self, row: Stakeholder) -> Stakeholder:
        row.name, row.kind, row.note = self.name.data or "", self.kind.data, self.note.data or ""
        for name in ("dependency", "penetration", "maturity", "trust"):
            setattr(row, name, int(self[name].data))
        return row


class SourceForm(EditForm):
    needed_when = {
        "why": _l("si vous l’écartez"),
    }
    kind = EnumRadio(_l("Qui pourrait attaquer ?"), RiskSourceKind)
    name = Line(_l("Plus précisément"), description=_l("Exemple : un ancien prestataire"))
    aim = EnumSelect(_l("Pour quoi faire ?"), Aim)
    motivation = EnumSelect(_l("Sa motivation"), Degree)
    resources = EnumSelect(_l("Ses moyens"), Degree)
    kept = BooleanField(_l("Nous la gardons dans l’analyse"))
    why = Paragraph(_l("Pourquoi la garder, ou l’écarter ?"), most=1000)

    def fill(self, row: RiskSource) -> RiskSource:
        row.kind, row.name, row.aim = self.kind.data, self.name.data or "", self.aim.data
        row.motivation, row.resources = int(self.motivation.data), int(self.resources.data)
        row.kept, row.why = bool(self.kept.data), self.why.data or ""
        return row


class StoryForm(EditForm):
    needed_when = {
        "why_not": _l("si vous l’écartez"),
    }
    story = Paragraph(
        _l("Racontez en une phrase"),
        most=1000,
        needed=True,
        description=_l("Attaque : « En tant que…, je… ». Accident : « Une migration efface… »."),
    )
    deliberate = BooleanField(_l("C’est une attaque, et non un accident ou une négligence"))
    asset = SelectField(_l("Ce qui est touché"), validators=[Optional()], validate_choice=False)
    need = EnumSelect(_l("Atteinte"), Need)
    severity = EnumSelect(_l("Gravité"), Severity)
    likelihood = EnumSelect(_l("Vraisemblance"), Likelihood)
    kept = BooleanField(_l("Nous le gardons dans l’analyse"))
    why_not = Paragraph(_l("Si vous l’écartez, pourquoi ?"), most=1000)

    def fill(self, row: RiskScenario) -> RiskScenario:
        row.story, row.deliberate = self.story.data or "", bool(self.deliberate.data)
        row.asset, row.need = self.asset.data or "", self.need.data
        row.severity, row.likelihood = int(self.severity.data), int(self.likelihood.data)
        row.kept, row.why_not = bool(self.kept.data), "" if self.kept.data else self.why_not.data or ""
        return row


class RatingForm(EditForm):
    needed_when = {
        "why": _l("si votre cotation diffère"),
        "why_not": _l("si vous l’écartez"),
    }
    severity = EnumSelect(_l("Gravité, selon vous"), Severity, needed=False)
    likelihood = EnumSelect(_l("Vraisemblance, selon vous"), Likelihood, needed=False)
    why = Paragraph(_l("Pourquoi une autre cotation ?"), most=1000)
    kept = BooleanField(_l("Nous gardons ce scénario"))
    why_not = Paragraph(_l("Si vous l’écartez, pourquoi ?"), most=1000)


class TreatmentForm(EditForm):
    needed_when = {
        "note": _l("si le risque est transféré ou évité"),
        "accepted_until": _l("si vous proposez de l’accepter"),
    }
    treatment = EnumRadio(_l("Que faites-vous de ce risque ?"), Treatment)
    note = Paragraph(_l("Comment ?"), most=1000, description=_l("Exemple : « Par le second facteur, prévu en mars »."))
    accepted_until = Day(
        _l("Si vous proposez de l’accepter : jusqu’au"),
        description=_l("Trois ans au plus. Seule la décision de l’autorité l’accepte, et pas au-delà de sa durée."),
    )


class CommentForm(BaseForm):
    text = Paragraph(_l("Une remarque, une question"), most=2000, needed=True)
