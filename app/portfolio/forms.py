from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField

from app.identity.directory import NamedAuthority
from app.identity.forms import ROLE_WORDS, FactorForm
from app.identity.kinds import Role
from app.platform import clock
from app.platform.forms import BaseForm, Day, Line, Paragraph, email_address, required


class SaveViewForm(BaseForm):
    name = Line(_l("Nom de cette vue"), needed=True, most=60)


class RelaunchForm(BaseForm):
    note = Paragraph(
        _l("Votre mot à l’équipe"),
        most=1000,
        description=_l("Il vient après ce que Jalon demande ; laissez vide si tout est dit."),
    )


class AuthorityForm(FactorForm):
    name = Line(_l("Prénom et nom"), needed=True, render_kw={"autocomplete": "off"})
    email = Line(
        _l("Adresse électronique"), most=254, needed=True, check=email_address, render_kw={"autocomplete": "off"}
    )
    function = Line(_l("Fonction"), needed=True, description=_l("Exemple : « Directrice du numérique »."))
    entity = Line(_l("Entité"), needed=True, description=_l("Exemple : « Ministère de l’Intérieur »."))
    deed = Line(
        _l("Acte qui la nomme autorité d’homologation"),
        most=300,
        needed=True,
        description=_l("Exemple : « Arrêté du 3 mars 2026, article 2 ». Il sera imprimé sur ses décisions."),
    )
    deed_on = Day(_l("Date de cet acte"), needed=True)

    def named(self) -> NamedAuthority:
        return NamedAuthority(
            self.email.data or "",
            self.name.data or "",
            self.function.data or "",
            self.entity.data or "",
            self.deed.data or "",
            self.deed_on.data or clock.today(),
        )


class RoleForm(FactorForm):
    """`roles`: those that may be given here."""

    name = Line(_l("Prénom et nom"), needed=True, render_kw={"autocomplete": "off"})
    email = Line(
        _l("Adresse électronique"), most=254, needed=True, check=email_address, render_kw={"autocomplete": "off"}
    )
    role = SelectField(_l("Rôle"), validators=[required()])

    def __init__(self, *args: Any, roles: Sequence[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.role.choices = [(role.value, ROLE_WORDS[role]) for role in roles]
