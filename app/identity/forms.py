from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField

from app.identity.factors import FactorProof
from app.identity.kinds import Role
from app.platform.forms import BaseForm, Line, email_address, required

ROLE_WORDS = {
    Role.TEAM_MEMBER: _l("Équipe : remplit et compose le dossier"),
    Role.REVIEWER: _l("Avis : RSSI, DPO, expert technique, usagers"),
    Role.AUTHORITY: _l("Autorité d’homologation : décide et signe, quand un incubateur se porte garant d’elle"),
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
        _l("Rôle"),
        validators=[required()],
        choices=[(r.value, ROLE_WORDS[r]) for r in (Role.TEAM_MEMBER, Role.REVIEWER, Role.AUTHORITY)],
    )


_CODE = {"autocomplete": "one-time-code", "inputmode": "numeric"}


class KeyAnswer(BaseForm):
    """A key's answer to a challenge, which the page's script fills in."""

    challenge_id = HiddenField()
    answer = HiddenField()


class FactorForm(KeyAnswer):
    """A second factor given again: a code, or a key's answer."""

    code = Line(_l("Code à six chiffres de votre application"), most=10, render_kw=_CODE)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.code.flags.required = True  # said to be so: a key's answer takes its place by script alone

    def proof(self) -> FactorProof:
        return FactorProof(self.code.data or "", self.challenge_id.data or "", self.answer.data or "")


class RecoveryForm(BaseForm):
    recovery = Line(
        _l("Code de secours"),
        most=40,
        needed=_l("Saisissez l’un de vos codes de secours."),
        description=_l("Vingt-quatre lettres et chiffres, comme 7KQ2-M9TD-4XWH-ZB61-R8GV-0CEN. Chacun sert une fois."),
        render_kw={"autocomplete": "off"},
    )


class CodesForm(BaseForm):
    name = Line(_l("Nom de ce second facteur"), needed=True, description=_l("Exemple : « Téléphone professionnel »."))
    code = Line(_l("Code à six chiffres que donne l’application"), most=10, needed=True, render_kw=_CODE)


class KeyForm(KeyAnswer):
    name = Line(_l("Nom de cette clé"), needed=True, description=_l("Exemple : « Clé de bureau »."))

    def proof(self) -> FactorProof:
        return FactorProof("", self.challenge_id.data or "", self.answer.data or "")
