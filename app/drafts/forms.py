from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField

from app.platform.forms import BaseForm, Line, web_address


class DraftForm(BaseForm):
    """An archive, or the address of a public repository."""

    needed_when = {"address": _l("l’adresse ou l’archive"), "archive": _l("l’adresse ou l’archive")}

    address = Line(
        _l("Adresse d’un dépôt public"),
        most=500,
        check=web_address,
        description=_l("Exemple : https://github.com/betagouv/mon-produit. Lu une fois, rien n’y est exécuté."),
    )
    archive = FileField(
        _l("Ou une archive du dépôt (zip, tar.gz)"),
        description=_l("Les fichiers qui disent de quoi le produit est fait suffisent. 30 Mo au plus."),
    )

    def validate(self, extra_validators: Any = None) -> bool:
        valid = bool(super().validate(extra_validators))
        if valid and not self.archive.data and not self.address.data:
            self.archive.errors = [_l("Donnez une archive, ou l’adresse d’un dépôt public.")]
            return False
        return valid
