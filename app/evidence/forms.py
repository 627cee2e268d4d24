from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField

from app.evidence.kinds import ConnectorKind
from app.platform.editing import ComparedForm
from app.platform.forms import BaseForm, Day, EnumRadio, Line, Paragraph, web_address


class EvidenceForm(BaseForm):
    observed_on = Day(
        _l("Date de la preuve"), needed=True, description=_l("Le jour dont elle parle, pas celui où vous la joignez.")
    )
    file = FileField(
        _l("Fichier"),
        [FileRequired(_l("Joignez-en une copie : une adresse change ou disparaît, et ne prouve rien seule."))],
        description=_l("Le document, ou une copie de la page ; PDF, image, document ou texte ; 10 Mo au plus."),
    )
    link = Line(
        _l("Adresse où elle se lit"), most=500, check=web_address, description=_l("Exemple : https://updown.io/p/8c6x8")
    )
    note = Paragraph(_l("Ce qu’elle montre"), most=1000)


class ConnectorForm(BaseForm):
    needed_when = {
        "address": _l("sauf pour updown.io"),
        "token": _l("sauf pour dashlord"),
    }
    kind = EnumRadio(_l("Quel outil ?"), ConnectorKind)
    address = Line(
        _l("Dépôt, ou adresse du rapport"),
        most=500,
        description=_l(
            "GitHub : organisation/depot (un incubateur donne la seule organisation). dashlord : https://…/report.json. updown.io : rien."
        ),
    )
    token = Line(
        _l("Jeton en lecture seule"),
        most=500,
        render_kw={"type": "password", "autocomplete": "off"},
        description=_l(
            "GitHub : « fine-grained », lecture de Dependabot, code et secret scanning, administration. Gardé chiffré, jamais montré."
        ),
    )


class TokenForm(BaseForm):
    token = Line(
        _l("Nouveau jeton en lecture seule"),
        most=500,
        needed=_l("Collez ici un jeton en lecture seule."),
        render_kw={"type": "password", "autocomplete": "off"},
    )


class AsideForm(ComparedForm):
    needed_when = {
        "reason": _l("si des alertes ne comptent pas"),
    }
    paths = Paragraph(
        _l("Fichiers dont les alertes ne comptent pas"),
        most=10_000,
        description=_l("Un par ligne, * pour plusieurs lettres. Exemple : tests/fixtures/*"),
    )
    development = BooleanField(_l("Les dépendances de développement ne comptent pas"))
    reason = Paragraph(_l("Pourquoi ?"), most=1000, description=_l("Exemple : jeux d’essai jamais déployés."))


class ScanForm(BaseForm):
    file = FileField(
        _l("Rapport ou configuration de dashlord"),
        validators=[FileRequired(_l("Choisissez un fichier."))],
        description=_l("report.json, dashlord.yml ou dashlord.yaml ; 30 Mo au plus."),
    )
