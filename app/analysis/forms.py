from flask_babel import lazy_gettext as _l
from wtforms import SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from app.analysis.models import EssentialAsset, FearedEvent
from app.platform.editing import EditForm
from app.platform.forms import BaseForm, Day, EnumRadio, EnumSelect, Line, Paragraph
from risk_models.scales import Need, Severity


class AssetForm(EditForm):
    name = Line(
        _l("Ce que l’on protège"),
        needed=_l("Nommez ce que le produit doit protéger."),
        description=_l(
            "Une information ou une fonction, du point de vue des usagers. Exemple : « Dossiers d’aide des usagers »."
        ),
    )
    lives_in = SelectMultipleField(
        _l("Dans quels composants ?"),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        validate_choice=False,
    )
    confidentiality = EnumSelect(_l("Si des inconnus la lisent, c’est…"), Severity)
    integrity = EnumSelect(_l("Si elle est modifiée ou falsifiée, c’est…"), Severity)
    availability = EnumSelect(_l("Si on ne peut plus y accéder, c’est…"), Severity)

    def fill(self, asset: EssentialAsset) -> EssentialAsset:
        asset.name = self.name.data or ""
        asset.confidentiality = int(self.confidentiality.data)
        asset.integrity = int(self.integrity.data)
        asset.availability = int(self.availability.data)
        return asset


class AcceptFindingForm(BaseForm):
    reason = Paragraph(
        _l("Pourquoi le laisser en l’état ?"),
        most=1000,
        needed=True,
        description=_l("Exemple : « Remplacé en mars ; d’ici là il n’est joignable que par l’équipe »."),
    )
    until = Day(_l("Jusqu’au"), needed=True, description=_l("Trois ans au plus."))


class FearedEventForm(EditForm):
    description = Paragraph(
        _l("Que craint-on ?"),
        most=500,
        needed=True,
        description=_l("Exemple : « La liste des allocataires est publiée sur internet »."),
    )
    need = EnumRadio(_l("Ce qui serait atteint"), Need)
    severity = EnumRadio(_l("Gravité pour les personnes et pour la mission"), Severity)

    def fill(self, event: FearedEvent) -> FearedEvent:
        event.description, event.need = self.description.data or "", self.need.data
        event.severity = int(self.severity.data)
        return event
