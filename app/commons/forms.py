from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from app.commons.models import CommonService
from app.commons.services import ServiceEvidence
from app.platform.attachments import read_given
from app.platform.editing import ComparedForm, EditForm
from app.platform.forms import BaseForm, Day, Line, Paragraph, web_address
from app.platform.refusals import Refusal


class ServiceForm(EditForm):
    name = Line(
        _l("Nom du service"), needed=_l("Nommez le service."), description=_l("Exemple : Scalingo de l’incubateur")
    )
    description = Paragraph(_l("Ce qu’il offre aux produits"), most=1000)
    contact = Line(_l("Qui appeler"), description=_l("Exemple : astreinte@exemple.gouv.fr"))
    homologated_until = Day(_l("Homologué jusqu’au"), description=_l("Sa propre homologation, si elle existe."))
    homologation_note = Paragraph(_l("Par qui, sous quelles réserves"), most=1000)

    def fill(self, row: CommonService) -> CommonService:
        row.name, row.description = self.name.data or "", self.description.data or ""
        row.contact, row.homologated_until = self.contact.data or "", self.homologated_until.data
        row.homologation_note = self.homologation_note.data or ""
        return row


class BringForm(BaseForm):
    needed_when = {
        "proof_on": _l("si une preuve est jointe"),
        "file": _l("si une adresse ou une date est donnée"),
    }
    measure = SelectField(_l("Mesure"), validate_choice=False)
    file = FileField(
        _l("Preuve"),
        description=_l(
            "Le document, ou une copie de la page ; PDF, image, document ou texte ; 10 Mo au plus. Sans elle, c’est la "
            "parole de l’incubateur."
        ),
    )
    proof_on = Day(_l("Date de la preuve"))
    proof_link = Line(_l("Adresse où elle se lit"), most=500, check=web_address)

    def shown(self) -> ServiceEvidence | None:
        """What is shown; none where the incubator gives its word alone. Raises `Refusal` where a part is missing."""
        file, on, link = read_given(self.file.data), self.proof_on.data, self.proof_link.data or ""
        if file and on:
            return ServiceEvidence(file, on, link)
        if file:
            raise Refusal(_l("De quel jour date cette preuve ?"), "proof_on")
        if on or link:
            raise Refusal(
                _l("Joignez-en une copie : une adresse change ou disparaît, et ne prouve rien seule."), "file"
            )
        return None


class UseForm(ComparedForm):
    components = SelectMultipleField(
        _l("Quels composants protège-t-il ?"),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        validate_choice=False,
    )
