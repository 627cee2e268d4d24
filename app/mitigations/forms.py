from flask_babel import lazy_gettext as _l
from wtforms import SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from app.mitigations.models import Measure
from app.platform.editing import EditForm
from app.platform.forms import Day, EnumRadio, Line, Paragraph
from risk_models.scales import MeasureStatus


class MeasureForm(EditForm):
    needed_when = {
        "due": _l("si la mesure est prévue"),
        "owner": _l("si la mesure est prévue"),
        "reason": _l("si la mesure est sans objet, ou offerte par un service commun"),
    }
    status = EnumRadio(_l("Où en êtes-vous ?"), MeasureStatus)
    on = SelectMultipleField(
        _l("Sur quels composants ?"),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        validate_choice=False,
    )
    due = Day(_l("Prévue pour le"))
    owner = Line(_l("Par qui"), description=_l("Exemple : la responsable technique"))
    reason = Paragraph(_l("Raison ou précision"), most=1000, description=_l("Obligatoire si la mesure est sans objet."))

    def fill(self, measure: Measure) -> Measure:
        measure.status = self.status.data
        measure.due = self.due.data
        measure.owner, measure.reason = self.owner.data or "", self.reason.data or ""
        return measure
