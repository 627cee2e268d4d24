from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, IntegerField, RadioField, SelectField
from wtforms.validators import NumberRange

from app.homologation.dispensation_models import AddedDispensationCase
from app.identity.forms import FactorForm
from app.platform.forms import BaseForm, Day, Line, Paragraph, required
from app.platform.i18n import language
from risk_models.catalogue.dispensations import DispensationCase, longest_months


class AskDispensationForm(BaseForm):
    case = RadioField(_l("Le cas"), [required(_l("Choisissez un cas."))], validate_choice=False)
    reason = Paragraph(
        _l("Pourquoi ce produit est dans ce cas"),
        needed=True,
        description=_l(
            "Exemple : « Le formulaire ouvre lundi après les inondations ; dix agents le tiennent, un seul peut l’éteindre »."
        ),
    )
    ends_on = Day(_l("Jusqu’au"), needed=True, description=_l("Le dernier jour de la dispense ; le plus court suffit."))
    authority = SelectField(_l("Autorité"), [required(_l("Choisissez qui décidera."))], validate_choice=False)
    file = FileField(
        _l("Ce qui l’appuie"),
        description=_l("Une décision, une qualification : PDF, image, document ou texte ; 10 Mo au plus."),
    )

    def offer(self, cases: Sequence[DispensationCase], authorities: Sequence[tuple[str, str]]) -> None:
        """What may be chosen: cases, each with what its reason is to say, and authorities."""
        self.case.choices = [(case.id, _told_case(case)) for case in cases]
        self.authority.choices = authorities


def _told_case(case: DispensationCase) -> Any:
    name, asks = case.name.in_(language()), case.asks.in_(language())
    return _l("%(name)s (%(months)d mois au plus). Dites %(asks)s.", name=name, months=case.months, asks=asks)


class GrantDispensationForm(FactorForm):
    """The second factor of who grants the page named by its hash."""

    signed_sha256 = HiddenField()


class RefuseDispensationForm(FactorForm):
    reason = Paragraph(
        _l("Pourquoi cette dispense est-elle refusée ?"),
        needed=True,
        description=_l("Exemple : « Le service tient des données de santé : faites le dossier »."),
    )


class EndDispensationForm(FactorForm):
    reason = Paragraph(
        _l("Pourquoi cette dispense prend-elle fin ?"),
        needed=True,
        description=_l("Exemple : « L’expérimentation s’est ouverte à tous les usagers »."),
    )


class DispensationCaseForm(BaseForm):
    name_fr = Line(_l("Nom du cas"), needed=True, description=_l("Comme le texte le dit, en quelques mots."))
    name_en = Line(_l("Nom du cas, en anglais"), needed=True)
    asks_fr = Line(
        _l("Ce que la raison doit dire"),
        needed=True,
        description=_l("Exemple : « quelles données, et combien d’agents »."),
    )
    asks_en = Line(_l("Ce que la raison doit dire, en anglais"), needed=True)
    source = Line(
        _l("Source"), needed=True, description=_l("Le texte et son article : « Arrêté du 31 juillet 2025, article 3 ».")
    )
    months = IntegerField(
        _l("Durée la plus longue, en mois"),
        [required(_l("Donnez un nombre de mois.")), NumberRange(1, longest_months(), _l("De 1 à 36 mois."))],
        default=longest_months,
    )
    to_homologate = BooleanField(_l("Le produit est à homologuer avant sa fin"))

    def fill(self) -> AddedDispensationCase:
        """The case that it describes."""
        return AddedDispensationCase(
            name_fr=self.name_fr.data or "",
            name_en=self.name_en.data or "",
            asks_fr=self.asks_fr.data or "",
            asks_en=self.asks_en.data or "",
            source=self.source.data or "",
            months=self.months.data or longest_months(),
            to_homologate=bool(self.to_homologate.data),
        )
