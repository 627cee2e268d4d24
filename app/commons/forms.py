from flask_babel import lazy_gettext as _l
from wtforms import SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from app.commons.models import CommonService
from app.platform.editing import ComparedForm, EditForm
from app.platform.forms import BaseForm, Day, Line, Paragraph, web_address


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
        "proof_on": _l("si une adresse de preuve est donnée"),
    }
    measure = SelectField(_l("Mesure"), validate_choice=False)
    proof_link = Line(_l("Adresse de la preuve"), most=500, check=web_address)
    proof_on = Day(_l("Date de la preuve"), description=_l("Sans date, la parole de l’incubateur fait foi."))


class UseForm(ComparedForm):
    components = SelectMultipleField(
        _l("Quels composants protège-t-il ?"),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        validate_choice=False,
    )
