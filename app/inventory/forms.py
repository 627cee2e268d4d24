from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, FloatField, Form, SelectField, SelectMultipleField, ValidationError
from wtforms.validators import NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.inventory.models import Component, UsualEntry, Vulnerability
from app.inventory.services import derived_patcher
from app.platform.editing import ComparedForm
from app.platform.forms import BaseForm, Day, EnumRadio, EnumSelect, Line, Paragraph, required
from risk_models.exposure.package_names import UnreadableName, split_purl
from risk_models.scales import ComponentKind, DataKind, Exposure, Hosting, LinkKind, Location, Patcher


def package_identifier(form: Form, field: Field) -> None:
    try:
        if field.data:
            split_purl(field.data)
    except UnreadableName:
        raise ValidationError(_l("Ce n’est pas un purl. Exemple : pkg:npm/next@15.1.0")) from None


def data_field(label: Any) -> SelectMultipleField:
    return SelectMultipleField(
        label,
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
        choices=[(d.value, d) for d in DataKind if d is not DataKind.NONE],
    )


class ComponentForm(ComparedForm):
    needed_when = {
        "patched_reason": _l("si ce n’est pas ce que l’hébergement laisse penser"),
    }
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
    data = data_field(_l("Données qu’il détient"))
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
    eol_product = Line(
        _l("Identifiant endoflife.date"), most=100, description=_l("Exemple : postgresql. La fin de vie en vient.")
    )
    eol_cycle = Line(_l("Branche maintenue"), most=50, description=_l("Exemple : 15"))

    def validate_patched_by(self, field: Field) -> None:
        derived = derived_patcher(self.hosting.data) if self.hosting.data else None
        said_before = field.data is field.object_data  # by its product file, which asks for no reason
        if field.data and derived and field.data is not derived and not said_before and not self.patched_reason.data:
            raise ValidationError(
                _l("L’hébergement laisse penser le contraire : dites pourquoi, un peu plus bas, ou laissez vide.")
            )

    def fill(self, component: Component) -> Component:
        """Copies the form into `component`."""
        component.name = self.name.data or ""
        component.kind, component.hosting, component.exposure = self.kind.data, self.hosting.data, self.exposure.data
        component.patched_by = self.patched_by.data or derived_patcher(self.hosting.data)
        component.patched_reason = self.patched_reason.data or ""
        component.owner, component.emergency = self.owner.data or "", self.emergency.data or ""
        component.supplier, component.version = self.supplier.data or "", self.version.data or ""
        none_was_said = [DataKind.NONE.value] if component.data == [DataKind.NONE.value] else []
        component.data = list(self.data.data or none_was_said)
        component.location = self.location.data
        component.eol_date = self.eol_date.data
        component.purl, component.cpe = self.purl.data or "", self.cpe.data or ""
        component.eol_product, component.eol_cycle = self.eol_product.data or "", self.eol_cycle.data or ""
        component.assumed = []
        return component


def package_identifiers(form: Form, field: Field) -> None:
    for line in (field.data or "").split():
        try:
            package, version = split_purl(line)
        except UnreadableName:
            package, version = "", ""
        if not package or version:
            raise ValidationError(
                _l("« %(line)s » n’est pas un purl sans version. Exemple : pkg:npm/next", line=line[:60])
            )


class Listed(Line):
    """Several short texts on one line, between commas."""

    def process_data(self, value: Any) -> None:
        self.data = ", ".join(value or ())

    @property
    def items(self) -> list[str]:
        return [item.strip() for item in (self.data or "").split(",") if item.strip()]


class Purls(Paragraph):
    """Packages without version, one a line."""

    def process_data(self, value: Any) -> None:
        self.data = "\n".join(value or ())

    @property
    def items(self) -> list[str]:
        return list(dict.fromkeys(split_purl(line)[0] for line in (self.data or "").split()))


class UsualForm(ComparedForm):
    """An administrator's entry of the catalogue."""

    name = Line(_l("Nom"), needed=_l("Donnez un nom à cette entrée."), description=_l("Exemple : Metabase"))
    aliases = Listed(_l("Autres noms, séparés par des virgules"), description=_l("Exemple : Sendinblue, SIB"))
    kind = EnumSelect(_l("Nature"), ComponentKind)
    hosting = EnumRadio(_l("Le plus souvent, qui l’héberge ?"), Hosting)
    exposure = EnumRadio(_l("Qui peut le joindre ?"), Exposure)
    supplier = Line(_l("Fournisseur"))
    location = EnumSelect(_l("Où sont les données ?"), Location, needed=False)
    purl = Line(_l("Identifiant de paquet (purl)"), most=500, check=package_identifier)
    cpe = Line(_l("Identifiant CPE"), most=500)
    eol_product = Line(_l("Identifiant endoflife.date"), most=100)
    data = data_field(_l("Données qu’il détient d’ordinaire"))
    embeds = Purls(
        _l("Paquets qu’il embarque, un par ligne"),
        check=package_identifiers,
        description=_l("Exemple : pkg:maven/org.apache.logging.log4j/log4j-core"),
    )

    def fill(self, entry: UsualEntry) -> UsualEntry:
        """Copies the form into `entry`."""
        entry.name, entry.aliases = self.name.data or "", self.aliases.items
        entry.kind, entry.hosting, entry.exposure = self.kind.data, self.hosting.data, self.exposure.data
        entry.supplier, entry.location = self.supplier.data or "", self.location.data
        entry.purl, entry.cpe, entry.eol_product = (
            self.purl.data or "",
            self.cpe.data or "",
            self.eol_product.data or "",
        )
        entry.data, entry.embeds = list(self.data.data or ()), self.embeds.items
        return entry


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
