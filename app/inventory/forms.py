from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, FloatField, Form, SelectField, SelectMultipleField, ValidationError
from wtforms.validators import NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.inventory.models import Component, Vulnerability
from app.inventory.services import derived_patcher
from app.platform.forms import BaseForm, Day, EnumRadio, EnumSelect, Line, required
from risk_models.exposure import UnreadableRange, split_purl
from risk_models.scales import ComponentKind, DataKind, Exposure, Hosting, LinkKind, Location, Patcher


def package_identifier(form: Form, field: Field) -> None:
    try:
        if field.data:
            split_purl(field.data)
    except UnreadableRange:
        raise ValidationError(_l("Ce n’est pas un purl. Exemple : pkg:npm/next@15.1.0")) from None


class ComponentForm(BaseForm):
    name = Line(
        _l("Nom du composant"),
        needed=_l("Donnez un nom à ce composant."),
        description=_l("Tel que l’équipe l’appelle. Exemple : « Base des usagers »."),
    )
    kind = EnumSelect(_l("Nature"), ComponentKind)
    hosting = EnumRadio(_l("Qui l’héberge ?"), Hosting)
    exposure = EnumRadio(_l("Qui peut le joindre ?"), Exposure)
    patched_by = EnumSelect(
        _l("Qui le met à jour ?"), Patcher, needed=False, description=_l("Laissez vide : déduit de l’hébergement.")
    )
    supplier = Line(_l("Fournisseur"), description=_l("Exemple : Scalingo"))
    version = Line(
        _l("Version"),
        most=100,
        description=_l("Exemple : 15.4. Sans version, on ne saura pas si une faille le touche."),
    )
    data = SelectMultipleField(
        _l("Données qu’il détient"),
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        choices=[(d.value, d) for d in DataKind if d is not DataKind.NONE],
    )
    location = EnumSelect(_l("Où sont les données ?"), Location, needed=False)
    eol_date = Day(
        _l("Fin de vie de cette version"),
        description=_l("Date après laquelle l’éditeur ne corrige plus (endoflife.date)."),
    )
    patched_reason = Line(
        _l("Pourquoi, si ce n’est pas ce que l’hébergement laisse penser ?"),
        most=500,
        description=_l("Exemple : « notre hébergeur applique aussi les correctifs, d’après le contrat »."),
    )
    owner = Line(_l("Qui en répond dans l’équipe"), description=_l("Exemple : Camille Martin"))
    emergency = Line(
        _l("Qui appeler en urgence"), description=_l("Un nom et un numéro, ou l’astreinte du fournisseur.")
    )
    purl = Line(
        _l("Identifiant de paquet (purl)"),
        most=500,
        check=package_identifier,
        description=_l("Exemple : pkg:gem/rails@7.0.4"),
    )
    cpe = Line(_l("Identifiant CPE"), most=500)

    def fill(self, component: Component) -> Component:
        """Copies the form into `component`."""
        component.name = self.name.data or ""
        component.kind, component.hosting, component.exposure = self.kind.data, self.hosting.data, self.exposure.data
        component.patched_by = self.patched_by.data or derived_patcher(self.hosting.data)
        component.patched_reason = self.patched_reason.data or ""
        component.owner, component.emergency = self.owner.data or "", self.emergency.data or ""
        component.supplier, component.version = self.supplier.data or "", self.version.data or ""
        component.data = list(self.data.data or ())
        component.location = self.location.data
        component.eol_date = self.eol_date.data
        component.purl, component.cpe = self.purl.data or "", self.cpe.data or ""
        component.assumed = []
        return component


class VulnerabilityForm(BaseForm):
    vulnerability = Line(_l("Identifiant public"), most=60, needed=True, description=_l("Exemple : CVE-2021-44228"))
    cvss = FloatField(_l("Gravité (CVSS, 0 à 10)"), [Optional(), NumberRange(0, 10, _l("Un nombre de 0 à 10."))])
    epss = FloatField(
        _l("Probabilité d’exploitation (EPSS, 0 à 1)"), [Optional(), NumberRange(0, 1, _l("Un nombre de 0 à 1."))]
    )
    kev = BooleanField(_l("Exploitation constatée (catalogue KEV de la CISA)"))
    fixed_in = Line(_l("Corrigée dans la version"), most=60)

    def flaw(self) -> Vulnerability:
        return Vulnerability(
            name=self.vulnerability.data or "",
            cvss=self.cvss.data,
            epss=self.epss.data,
            kev=bool(self.kev.data),
            fixed_in=self.fixed_in.data or "",
        )


class LinkForm(BaseForm):
    source = SelectField(_l("Ce composant"), [required(_l("Choisissez un composant."))], validate_choice=False)
    kind = EnumSelect(_l("fait quoi"), LinkKind)
    target = SelectField(_l("à cet autre"), [required(_l("Choisissez un composant."))], validate_choice=False)
    encrypted = SelectField(
        _l("Échange chiffré"),
        choices=[("", _l("Je ne sais pas")), ("yes", _l("Oui")), ("no", _l("Non"))],
        validators=[Optional()],
    )

    @property
    def is_encrypted(self) -> bool | None:
        answers: dict[Any, bool] = {"yes": True, "no": False}
        return answers.get(self.encrypted.data)
