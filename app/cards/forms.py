from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField

from app.platform.forms import BaseForm


class CardsForm(BaseForm):
    file = FileField(
        _l("Archive des fiches, ou JSON public"),
        validators=[FileRequired(_l("Choisissez un fichier."))],
        description=_l(
            "Un .zip ou .tar.gz qui contient startups/ et incubators/ (celui du dépôt de beta.gouv.fr convient), ou "
            "startups.json ; 30 Mo au plus."
        ),
    )


class FetchForm(BaseForm):
    """One button: reads the public JSON."""


class ConfirmForm(BaseForm):
    archive_gone = BooleanField(
        _l("Archiver aussi les produits dont la fiche n’est plus là"),
        description=_l(
            "Cochez si ce fichier contient toutes les fiches. Rien n’est effacé : un produit archivé n’a plus d’échéances "
            "et passe parmi les inactifs ; il se remet d’un bouton."
        ),
    )
