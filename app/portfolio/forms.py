from flask_babel import lazy_gettext as _l

from app.platform.forms import BaseForm, Line, Paragraph


class SaveViewForm(BaseForm):
    name = Line(_l("Nom de cette vue"), needed=True, most=60)


class RelaunchForm(BaseForm):
    note = Paragraph(
        _l("Votre mot à l’équipe"),
        most=1000,
        description=_l("Il vient après ce que Jalon demande ; laissez vide si tout est dit."),
    )
