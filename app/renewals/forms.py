from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField
from wtforms.validators import InputRequired, NumberRange

from app.platform.editing import ComparedForm
from app.platform.forms import BaseForm, Day, Line, Paragraph


class PostponeForm(BaseForm):
    until = Day(_l("Reporter au"), needed=True)
    reason = Paragraph(
        _l("Pourquoi ?"),
        needed=True,
        most=1000,
        description=_l("Cette raison se lit à côté de l’échéance, avec votre nom."),
    )


class RemindersForm(BaseForm):
    early = BooleanField(
        _l("Me prévenir aussi longtemps d’avance"),
        description=_l(
            "Les rappels du dernier mois, du jour même et d’après viennent toujours : quelqu’un doit les recevoir."
        ),
    )
    mail = BooleanField(
        _l("Me prévenir par courriel"),
        description=_l("Se décoche quand un canal ci-dessous prend le relais ; s’il tombe, le courriel revient."),
    )


class ChannelForm(BaseForm):
    address = Line(
        _l("Adresse du webhook"),
        needed=True,
        most=500,
        description=_l(
            "Celle d’un webhook entrant, telle que le service la donne : Mattermost, Slack, Rocket.Chat, Teams, Discord. "
            "Ou matrixs://jeton@serveur/!salon:serveur (Tchap), ntfys://serveur/sujet, gotifys://serveur/jeton, "
            "tgram://robot:jeton/salon, zulip://robot@organisation/jeton/canal. Un premier message y part aussitôt."
        ),
    )


def _weeks(label: Any) -> IntegerField:
    return IntegerField(
        label, [InputRequired(_l("Ce champ est obligatoire.")), NumberRange(0, 52, _l("De 0 à 52 semaines."))]
    )


class EscalationForm(ComparedForm):
    told = _weeks(_l("Semaines de retard avant de prévenir l’incubateur"))
    authority = _weeks(_l("Semaines de retard avant de prévenir l’autorité"))
