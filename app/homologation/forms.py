from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, HiddenField, RadioField, SelectField
from wtforms.validators import Optional

from app.homologation.kinds import Origin, Outcome, PieceAnswer, ReviewerRole, Verdict
from app.homologation.wishes import Wish
from app.identity.forms import FactorForm
from app.platform.editing import ComparedForm
from app.platform.forms import BaseForm, CleanText, Day, EnumRadio, EnumSelect, Line, Paragraph, required
from risk_models.rules.schedule import DURATIONS

MONTHS = {6: _l("6 mois"), 12: _l("1 an"), 24: _l("2 ans"), 36: _l("3 ans")}


class DescribeForm(ComparedForm):
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
    months = SelectField(_l("Durée demandée"), [required()], coerce=int, choices=[(m, MONTHS[m]) for m in DURATIONS])


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


class ProposedRiskForm(BaseForm):
    text = Paragraph(
        _l("Risque qui reste"),
        most=1000,
        needed=True,
        description=_l("Exemple : « Compromission de l’hébergeur : grave, peu vraisemblable »."),
    )
    until = Day(_l("Jusqu’au"), needed=True, description=_l("Trois ans au plus."))


class ReviewerForm(BaseForm):
    reviewer = SelectField(
        _l("À qui demander un avis ?"), [required(_l("Choisissez une personne."))], validate_choice=False
    )
    role = EnumSelect(_l("En quelle qualité ?"), ReviewerRole)


class PieceForm(ComparedForm):
    answer = EnumRadio(_l("Votre réponse"), PieceAnswer)
    text = Paragraph(
        _l("Le texte de la pièce, ou pourquoi elle est sans objet"),
        most=20_000,
        needed=True,
        description=_l(
            "Exemple : « Sans objet : le service n’est installé nulle part ailleurs que chez son hébergeur »."
        ),
        render_kw={"rows": "10"},
    )


class DocumentForm(BaseForm):
    title = Line(_l("Titre"), needed=True, description=_l("Exemple : « Test d’intrusion de mars 2026, synthèse »."))
    dated_on = Day(_l("Date du document"), needed=True, description=_l("La sienne, pas celle où vous le joignez."))
    file = FileField(
        _l("Fichier"),
        [FileRequired(_l("Choisissez un fichier."))],
        description=_l("PDF, image, document ou texte ; 10 Mo au plus."),
    )


class AttachedOpinionForm(BaseForm):
    needed_when = {
        "text": _l("si l’avis n’est pas favorable"),
    }
    role = EnumSelect(_l("En quelle qualité ?"), ReviewerRole)
    by = Line(_l("Qui l’a donné"), needed=True, description=_l("Prénom, nom et fonction"))
    verdict = EnumRadio(_l("Cet avis est"), Verdict)
    text = Paragraph(_l("Réserves ou raisons, recopiées"), description=_l("Obligatoire si l’avis n’est pas favorable."))
    given_on = Day(_l("Date de l’avis"), needed=True)
    file = FileField(
        _l("Document qui le porte"),
        [FileRequired(_l("Choisissez un fichier."))],
        description=_l("PDF, image, document ou texte ; 10 Mo au plus."),
    )


class OpinionForm(BaseForm):
    needed_when = {
        "text": _l("si l’avis n’est pas favorable"),
    }
    verdict = EnumRadio(_l("Votre avis"), Verdict)
    text = Paragraph(_l("Vos réserves, vos raisons"), description=_l("Obligatoire si l’avis n’est pas favorable."))
    shown_sha256 = HiddenField()


class WishForm(BaseForm):
    """What was decided, as whoever writes it down copies it."""

    needed_when = {
        "reservations": _l("si la décision est un refus ou a des réserves"),
    }

    outcome = EnumRadio(_l("Décision"), Outcome)
    months = RadioField(
        _l("Durée"), [Optional()], coerce=int, choices=[(m, MONTHS[m]) for m in DURATIONS], validate_choice=False
    )
    reservations = Paragraph(_l("Réserves à lever, une par ligne, ou raisons du refus"))
    lift_by = Day(
        _l("Réserves à lever au plus tard le"),
        description=_l("La date que l’autorité a écrite, s’il y en a une : l’équipe en sera prévenue, puis relancée."),
    )

    def wish(self) -> Wish:
        return Wish(self.outcome.data, self.months.data, self.reservations.data or "", self.lift_by.data)


class OwnWishForm(WishForm):
    """What is decided of a dossier of ours, and what its opinions and its open flaws ask of who decides."""

    needed_when = WishForm.needed_when | {
        "reply": _l("pour passer outre un avis défavorable, ou des réserves que vous ne reprenez pas"),
        "exploited_reason": _l("sauf pour refuser"),
    }
    take_over = BooleanField(_l("Reprendre dans les réserves celles du RSSI et du DPO"))
    reply = Paragraph(
        _l("Réponse aux avis qui ne sont pas favorables"),
        description=_l("Elle est écrite sur la page de décision, à côté de l’avis."),
    )
    exploited_reason = Paragraph(
        _l("Pourquoi homologuer alors qu’une faille que l’on sait exploitée est ouverte"),
        description=_l("Exemple : « Le composant est coupé d’internet depuis hier, mise à jour demain »."),
    )

    def wish(self) -> Wish:
        return replace(
            super().wish(),
            take_over=bool(self.take_over.data),
            reply=self.reply.data or "",
            exploited_reason=self.exploited_reason.data or "",
        )


class DecisionForm(OwnWishForm):
    outcome = EnumRadio(_l("Votre décision"), Outcome)
    months = RadioField(
        _l("Durée, à compter d’aujourd’hui"),
        [Optional()],
        coerce=int,
        choices=[(m, MONTHS[m]) for m in DURATIONS],
        validate_choice=False,
    )
    lift_by = Day(
        _l("Réserves à lever au plus tard le"),
        description=_l("Si vous leur fixez une date : l’équipe en sera prévenue un mois avant, puis relancée."),
    )
    shown_sha256 = HiddenField()


class VerifyForm(BaseForm):
    file = FileField(
        _l("Le PDF à vérifier"),
        [FileRequired(_l("Choisissez un fichier."))],
        description=_l("30 Mo au plus. Il n’est pas gardé."),
    )


class SignForm(FactorForm):
    """The decision as it will be, its hash, and the second factor of who signs."""

    outcome = HiddenField()
    months = HiddenField()
    reservations = HiddenField(validators=[CleanText(4000, lines=True)])
    lift_by = HiddenField()
    take_over = HiddenField()
    reply = HiddenField(validators=[CleanText(4000, lines=True)])
    exploited_reason = HiddenField(validators=[CleanText(4000, lines=True)])
    asked_sha256 = HiddenField()
    signed_sha256 = HiddenField()
    signed_with_key = HiddenField()


class SignedOutsideForm(OwnWishForm, FactorForm):
    file = FileField(
        _l("Le fichier signé"),
        [FileRequired(_l("Choisissez le fichier signé."))],
        description=_l(
            "Le PDF signé avec un certificat, ou la page de décision signée à la main : numérisée ou photographiée, entière,"
            " le code sous la signature bien visible (PDF, PNG ou JPEG)."
        ),
    )
    decided_on = Day(_l("Date de la décision"), needed=True)


class ConfirmSignedForm(FactorForm):
    """The second factor of who confirms what another recorded."""


class ElsewhereForm(WishForm):
    origin = EnumRadio(_l("Où a-t-elle été faite ?"), Origin)
    authority = Line(_l("Qui a décidé"), needed=True, description=_l("Prénom, nom et fonction"))
    decided_on = Day(_l("Date de la décision"), needed=True)
    file = FileField(
        _l("Le document signé"),
        [FileRequired(_l("Joignez le document signé."))],
        description=_l("PDF, image, document ou texte ; 10 Mo au plus."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.origin.choices = [(o.value, o) for o in Origin if o is not Origin.JALON]


class ConfirmElsewhereForm(BaseForm):
    file = FileField(_l("Le document signé"), description=_l("PDF, image, document ou texte ; 10 Mo au plus."))


class ElsewhereRowsForm(BaseForm):
    file = FileField(_l("Fichier CSV"), [FileRequired(_l("Choisissez un fichier."))])


class WithdrawForm(FactorForm):
    reason = Paragraph(
        _l("Pourquoi cette homologation est-elle retirée ?"),
        needed=True,
        description=_l("Exemple : « Intrusion constatée le 3 mars ; le service est suspendu »."),
    )


class DelegateForm(FactorForm):
    delegate = SelectField(_l("À qui ?"), [required(_l("Choisissez une personne."))], validate_choice=False)
    starts_on = Day(_l("Du"), needed=True)
    ends_on = Day(_l("Au"), needed=True)
    deed = Line(
        _l("Acte de délégation"), needed=True, description=_l("Exemple : « Arrêté du 3 mars 2026, article 2 ».")
    )


class LiftForm(FactorForm):
    """The second factor of who lifts a reservation."""


class AskLiftingForm(BaseForm):
    how = Paragraph(
        _l("Comment a-t-elle été levée ?"),
        most=1000,
        needed=True,
        description=_l("Exemple : « Metabase mis à jour le 12 mars, vérifié par la RSSI »."),
    )
    file = FileField(
        _l("Ce qui le montre"),
        [FileRequired(_l("Choisissez un fichier."))],
        description=_l("Une capture, un rapport, un compte rendu : PDF, image, document ou texte ; 10 Mo au plus."),
    )
