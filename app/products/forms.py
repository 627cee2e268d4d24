from itertools import pairwise

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, FieldList, Form, FormField, HiddenField, SelectMultipleField
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from app.platform.editing import ComparedForm
from app.platform.forms import (
    BaseForm,
    Day,
    EnumSelect,
    Line,
    NeededWhen,
    Paragraph,
    choice_label,
    email_address,
    phone_number,
    web_address,
)
from app.products.models import Contact
from app.products.services import CardValues
from risk_models.scales import PhaseName
from risk_models.system import Phase


class PhaseForm(NeededWhen, Form):
    needed_when = {"name": _l("si elle a un début"), "start": _l("au moins pour une phase")}
    name = EnumSelect(_l("Phase"), PhaseName, needed=False)
    start = Day(_l("Début"))
    end = Day(_l("Fin"))

    def validate(self, extra_validators: object = None) -> bool:
        """A phase that is begun to be filled needs a name and a start, and cannot end before it starts."""
        good = super().validate()
        name, start, end = self.name.data, self.start.data, self.end.data
        if (name or end) and not start and not self.start.errors:
            self.start.errors = [_l("Indiquez le jour où cette phase commence.")]
            good = False
        if start and not name:
            self.name.errors = [_l("Choisissez le nom de cette phase.")]
            good = False
        if start and end and end < start:
            self.end.errors = [_l("La fin ne peut pas précéder le début.")]
            good = False
        return good


class CardForm(ComparedForm):
    name = Line(_l("Nom du produit"), needed=_l("Donnez un nom au produit."))
    mission = Paragraph(
        _l("Mission"),
        most=2000,
        description=_l(
            "En une phrase : pour qui, pour quoi faire. Exemple : « Permet aux allocataires de suivre leur demande d’aide »."
        ),
    )
    incubators = SelectMultipleField(
        _l("Incubateur"),
        validators=[InputRequired(_l("Choisissez au moins un incubateur."))],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        validate_choice=False,
    )
    address = Line(
        _l("Adresse du service"), most=500, check=web_address, description=_l("Exemple : https://aides.exemple.gouv.fr")
    )
    repository = Line(
        _l("Dépôt de code"),
        most=500,
        check=web_address,
        description=_l("Exemple : https://github.com/betagouv/exemple"),
    )
    contact = Line(_l("Adresse électronique de l’équipe"), most=254, check=email_address)
    phases = FieldList(FormField(PhaseForm), min_entries=1, max_entries=20)

    def validate(self, extra_validators: object = None) -> bool:
        good = bool(super().validate(extra_validators))
        filled = [p for p in self.phases if p.form.start.data]
        if good and not filled:
            first = self.phases[0].form.start
            first.errors = [_l("Indiquez au moins la phase en cours et son début : la date de l’analyse en dépend.")]
            return False
        for before, after in pairwise(filled):
            if after.form.start.data and before.form.start.data and after.form.start.data < before.form.start.data:
                message = _l("Cette phase commence avant la précédente : remettez-les dans l’ordre.")
                after.form.start.errors = [*after.form.start.errors, message]
                good = False
        return good

    def shown(self) -> dict[str, str]:
        filled = [p.form for p in self.phases if p.form.start.data]
        phases = "; ".join(f"{choice_label(p.name.data)} {p.start.data} {p.end.data or ''}".strip() for p in filled)
        return super().shown() | {"phases": phases}

    def values(self) -> CardValues:
        return CardValues(
            name=self.name.data or "",
            mission=self.mission.data or "",
            address=self.address.data or "",
            repository=self.repository.data or "",
            contact=self.contact.data or "",
            incubators=tuple(self.incubators.data or ()),
            phases=tuple(
                Phase(p.form.name.data, p.form.start.data, p.form.end.data) for p in self.phases if p.form.start.data
            ),
        )


class CardFileForm(BaseForm):
    card = FileField(
        _l("Fiche du produit (fichier .md)"),
        validators=[FileRequired(_l("Choisissez le fichier de la fiche."))],
        description=_l("Le fichier du dépôt beta.gouv.fr, par exemple « mon-produit.md »."),
    )


class ProductFileForm(BaseForm):
    file = FileField(
        _l("Fichier produit (jalon.yaml)"),
        validators=[FileRequired(_l("Choisissez le fichier produit."))],
        description=_l("Le fichier YAML que l’équipe garde dans son dépôt : composants, liens, valeurs, mesures."),
    )


class InventoryFileForm(ProductFileForm):
    """Also takes the CSV of an existing product's components."""

    file = FileField(
        _l("Fichier produit (jalon.yaml) ou tableur (CSV)"),
        validators=[FileRequired(_l("Choisissez le fichier produit."))],
        description=_l(
            "Le fichier YAML dit tout : ce qu’il ne dit pas est retiré. Le CSV ne change que les composants qu’il nomme."
        ),
    )


class ConfirmFileForm(BaseForm):
    """The file as it was looked at, and what it was compared with, sent back when its changes are agreed to."""

    file = HiddenField()
    compared_with = HiddenField()


class ContactForm(ComparedForm):
    needed_when = {
        "email": _l("l’adresse ou le téléphone"),
        "phone": _l("l’adresse ou le téléphone"),
    }
    name = Line(_l("Prénom et nom"), needed=True)
    role = Line(_l("Rôle"), description=_l("Exemple : responsable technique"))
    email = Line(_l("Adresse électronique"), most=254, check=email_address)
    phone = Line(_l("Téléphone"), most=40, check=phone_number, description=_l("Exemple : +33 1 23 45 67 89"))
    can_suspend = BooleanField(_l("Peut suspendre le service en urgence"))

    def fill(self, contact: Contact) -> Contact:
        """Copies the form into `contact`."""
        contact.name, contact.role = self.name.data or "", self.role.data or ""
        contact.email, contact.phone = self.email.data or "", self.phone.data or ""
        contact.can_suspend = bool(self.can_suspend.data)
        return contact
