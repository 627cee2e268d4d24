from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, SelectField
from wtforms.validators import Optional

from app.homologation.models import Outcome, ReviewerRole, Verdict
from app.platform.forms import BaseForm, Day, EnumRadio, EnumSelect, Line, Paragraph, required
from risk_models.schedule import DURATIONS

MONTHS = {6: _l("6 mois"), 12: _l("1 an"), 24: _l("2 ans"), 36: _l("3 ans")}


class DescribeForm(BaseForm):
    perimeter = Paragraph(
        _l("Périmètre"),
        needed=True,
        description=_l(
            "Ce qui est homologué, et ce qui ne l’est pas. Exemple : « Le site et son API ; hors du périmètre : le système d’information de la CAF »."
        ),
    )
    authority = SelectField(
        _l("Autorité d’homologation"), [required(_l("Choisissez qui décidera."))], validate_choice=False
    )
    months = SelectField(_l("Durée demandée"), coerce=int, choices=[(m, MONTHS[m]) for m in DURATIONS])


class ConditionForm(BaseForm):
    text = Paragraph(
        _l("Condition d’emploi"),
        most=1000,
        needed=True,
        description=_l("Exemple : « Aucune donnée de santé n’est saisie dans le service »."),
    )
    check = Paragraph(
        _l("Comment elle est vérifiée"),
        most=1000,
        needed=True,
        description=_l("Exemple : « Revue de dix dossiers tirés au sort, chaque trimestre »."),
    )


class AcceptedRiskForm(BaseForm):
    text = Paragraph(
        _l("Risque qui reste"),
        most=1000,
        needed=True,
        description=_l("Exemple : « Compromission de l’hébergeur : grave, peu vraisemblable »."),
    )
    accepted_by = Line(_l("Accepté par"), needed=True, description=_l("Prénom, nom et fonction"))
    until = Day(_l("Jusqu’au"), needed=True)


class ReviewerForm(BaseForm):
    reviewer = SelectField(
        _l("À qui demander un avis ?"), [required(_l("Choisissez une personne."))], validate_choice=False
    )
    role = EnumSelect(_l("En quelle qualité ?"), ReviewerRole)


class OpinionForm(BaseForm):
    verdict = EnumRadio(_l("Votre avis"), Verdict)
    text = Paragraph(_l("Vos réserves, vos raisons"), description=_l("Obligatoire si l’avis n’est pas favorable."))


class DecisionForm(BaseForm):
    outcome = EnumRadio(_l("Votre décision"), Outcome)
    months = RadioField(
        _l("Durée, à compter d’aujourd’hui"),
        [Optional()],
        coerce=int,
        choices=[(m, MONTHS[m]) for m in DURATIONS],
        validate_choice=False,
    )
    reservations = Paragraph(_l("Réserves et conditions pour les lever, ou raisons du refus"))
    shown_sha256 = HiddenField()
