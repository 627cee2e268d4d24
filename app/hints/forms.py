from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired

from app.platform.forms import BaseForm


class ScanForm(BaseForm):
    file = FileField(
        _l("Rapport ou configuration de dashlord"),
        validators=[FileRequired(_l("Choisissez un fichier."))],
        description=_l("report.json, dashlord.yml ou dashlord.yaml ; 30 Mo au plus."),
    )
