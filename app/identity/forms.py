from flask_babel import lazy_gettext as _l
from wtforms import SelectField

from app.identity.models import Role
from app.platform.forms import BaseForm, Line, email_address

ROLE_WORDS = {
    Role.TEAM_MEMBER: _l("Équipe : remplit et compose le dossier"),
    Role.REVIEWER: _l("Avis : RSSI, DPO, expert technique, usagers"),
    Role.AUTHORITY: _l("Autorité d’homologation : décide et signe"),
    Role.INCUBATOR_MEMBER: _l("Incubateur : suit les échéances"),
    Role.ADMINISTRATOR: _l("Administration de la plateforme"),
    Role.AUDITOR: _l("Audit : lit tout, ne change rien"),
}


class SignInForm(BaseForm):
    email = Line(
        _l("Adresse électronique"),
        most=254,
        needed=_l("Saisissez votre adresse électronique."),
        check=email_address,
        description=_l("Format attendu : prenom.nom@exemple.gouv.fr"),
        render_kw={"autocomplete": "email", "type": "email"},
    )


class InviteForm(BaseForm):
    name = Line(_l("Prénom et nom"), needed=True, render_kw={"autocomplete": "off"})
    email = Line(
        _l("Adresse électronique"),
        most=254,
        needed=True,
        check=email_address,
        description=_l("La personne y recevra un lien pour se connecter."),
        render_kw={"autocomplete": "off"},
    )
    role = SelectField(
        _l("Rôle"), choices=[(r.value, ROLE_WORDS[r]) for r in (Role.TEAM_MEMBER, Role.REVIEWER, Role.AUTHORITY)]
    )
