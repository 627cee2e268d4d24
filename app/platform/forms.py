"""Form fields that refuse what cannot be kept, with a message at the field; all forms build on these."""

import re
import unicodedata
from datetime import date
from enum import Enum
from types import TracebackType
from typing import Any, ClassVar

from flask import g
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.form import _Auto
from wtforms import (
    DateField,
    Field,
    FieldList,
    Form,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.form import BaseForm as WtForm
from wtforms.validators import InputRequired, Optional, StopValidation

from app.platform import clock
from app.platform.http import discard_changes
from app.platform.i18n import language, word
from app.platform.refusals import Refusal
from risk_models import catalogue
from risk_models.product_file.checked_map import is_hidden

_KEPT_CONTROLS = {"\n", "\r", "\t"}
MOST_LINES = 500  # of a text: a page holds fifty, and each is laid out
EMAIL = re.compile(r"[^@\s<>\"',;]{1,64}@[^@\s<>\"',;]+\.[^@\s<>\"',;.]{2,}")
PHONE = re.compile(r"\+?[0-9][0-9 .()-]{5,24}")


class NeededWhen:
    """A form of which some fields may stay empty but for some answers: `needed_when` says which, beside their label."""

    needed_when: ClassVar[dict[str, object]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, when in self.needed_when.items():
            getattr(self, name).needed_when = when


class BaseForm(NeededWhen, FlaskForm):
    """A form that can show the refusal of a service at the field it belongs to, and what was typed before signing in again."""

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form: Form, formdata: Any) -> Any:
            found = super().wrap_formdata(form, formdata)
            return g.get("kept_form") if found is None and formdata is _Auto else found

    def refuse(self, refusal: Refusal) -> None:
        """Shows `refusal` at its field; raises it again when it belongs to none of this form's."""
        if refusal.field is None or refusal.field not in self._fields:
            raise refusal
        field = self._fields[refusal.field]
        field.errors = [*field.errors, str(refusal)]

    def showing_refusal(self) -> "_ShowingRefusal":
        """`with` it, a refused use case leaves nothing changed and its refusal at its field; what follows shows the form."""
        return _ShowingRefusal(self)


class _ShowingRefusal:
    """A class, not a generator: its type says that it swallows what is raised, so that checkers see what follows."""

    def __init__(self, form: BaseForm) -> None:
        self.form = form

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, _kind: type[BaseException] | None, raised: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        if not isinstance(raised, Refusal):
            return False
        discard_changes()
        self.form.refuse(raised)
        return True


class ConfirmUploadForm(BaseForm):
    """A file that was looked at, and is confirmed (see uploads.py)."""

    upload = HiddenField()


class Required(InputRequired):
    """Something was sent, and something is left of it once what nobody sees is taken away."""

    def __call__(self, form: WtForm, field: Field) -> None:
        super().__call__(form, field)
        if isinstance(field.data, str) and not field.data:
            raise StopValidation(self.message or "")


def required(message: Any = None) -> Required:
    return Required(message or _l("Ce champ est obligatoire."))


def is_clean(text: str, most: int, *, lines: bool = False) -> bool:
    """Whether `text` is no longer than `most` and has no control character, but for the ends of its lines if `lines`."""
    allowed = _KEPT_CONTROLS if lines else set()
    return len(text) <= most and not any(is_hidden(ch) and ch not in allowed for ch in text)


_JOINERS = "\u200c\u200d"  # Persian and emoji need them


def without_hidden_marks(text: str) -> str:
    """`text` without the marks that pasting brings and nobody sees: no name is made of them alone."""
    return "".join(ch for ch in text if unicodedata.category(ch) != "Cf" or ch in _JOINERS)


class CleanText:
    """Refuses control characters and texts longer than `most`; spaces around are dropped by the field."""

    def __init__(self, most: int, *, lines: bool = False) -> None:
        self.most = most
        self.lines = lines

    def __call__(self, form: Form, field: Field) -> None:
        text: str = field.data or ""
        if len(text) > self.most:
            raise ValidationError(
                _l(
                    "%(most)d caractères au plus ; vous en avez saisi %(count)d. Raccourcissez le texte.",
                    most=self.most,
                    count=len(text),
                )
            )
        if text.count("\n") >= MOST_LINES:
            raise ValidationError(_l("%(most)d lignes au plus : raccourcissez le texte.", most=MOST_LINES))
        if not is_clean(text, self.most, lines=self.lines):
            raise ValidationError(_l("Ce texte contient un caractère invisible. Effacez-le et saisissez-le à la main."))


def _strip(value: str | None) -> str | None:
    return without_hidden_marks(value).strip() if value else value


class Line(StringField):
    """One line of text."""

    def __init__(self, label: Any, *, most: int = 200, needed: Any = False, check: Any = None, **kwargs: Any) -> None:
        presence = [required(None if needed is True else needed)] if needed else [Optional()]
        super().__init__(label, [*presence, CleanText(most), *([check] if check else [])], filters=[_strip], **kwargs)
        self.render_kw = {"maxlength": str(most), **(kwargs.get("render_kw") or {})}


def _lines(value: str | None) -> str | None:
    """Browsers send line ends as CRLF; one form is kept, so that the same text has the same hash."""
    return without_hidden_marks(value).replace("\r\n", "\n").strip() if value else value


class Paragraph(TextAreaField):
    """Several lines of text."""

    def __init__(self, label: Any, *, most: int = 4000, needed: bool = False, check: Any = None, **kwargs: Any) -> None:
        presence = [required()] if needed else [Optional()]
        checks = [CleanText(most, lines=True), *([check] if check else [])]
        super().__init__(label, [*presence, *checks], filters=[_lines], **kwargs)
        self.render_kw = {"rows": "4", **(kwargs.get("render_kw") or {})}


class Day(DateField):
    """A calendar date, typed or picked."""

    def __init__(self, label: Any, *, needed: bool = False, **kwargs: Any) -> None:
        super().__init__(label, [required() if needed else Optional()], **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not text:
            return
        try:
            self.data = date.fromisoformat(text)
        except ValueError:
            raise ValueError(_l("Cette date n’existe pas. Écrivez-la ainsi : 2026-03-01.")) from None
        if self.data.year not in clock.YEARS:
            raise ValueError(_l("L’année doit être comprise entre 1990 et 2100."))

    def _value(self) -> str:
        if self.raw_data:
            return " ".join(self.raw_data)
        return self.data.isoformat() if self.data else ""


def _coercer(enum: type[Enum]) -> Any:
    """Text to member; None for what is no member, which `_known` then refuses."""
    by_text = {str(member.value): member for member in enum}

    def coerce(value: Any) -> Any:
        return value if isinstance(value, enum) else by_text.get(str(value))

    return coerce


def _known(form: Form, field: Field) -> None:
    if field.data is None and any(field.raw_data or ()):
        raise ValidationError(_l("Choisissez une des réponses proposées."))


def _validators(*, needed: Any) -> list[Any]:
    return [required(_l("Choisissez une réponse.")) if needed else Optional(), _known]


def _members(enum: type[Enum]) -> Any:
    """Values and members: the template turns a member into its word, in the reader's language."""
    return [(member.value, member) for member in enum]


class EnumRadio(RadioField):
    """Rich radio buttons over an enum: each choice with its word and one sentence of help."""

    def __init__(self, label: Any, enum: type[Enum], *, needed: Any = True, **kwargs: Any) -> None:
        super().__init__(
            label,
            _validators(needed=needed),
            choices=_members(enum),
            coerce=_coercer(enum),
            validate_choice=False,
            **kwargs,
        )
        self.enum = enum


class EnumSelect(SelectField):
    """A list over an enum, with an empty first line when nothing need be chosen."""

    def __init__(self, label: Any, enum: type[Enum], *, needed: bool = True, **kwargs: Any) -> None:
        super().__init__(
            label,
            _validators(needed=needed),
            choices=_members(enum),
            coerce=_coercer(enum),
            validate_choice=False,
            **kwargs,
        )
        self.enum = enum


def email_address(form: Form, field: Field) -> None:
    if field.data and not EMAIL.fullmatch(field.data):
        raise ValidationError(_l("Cette adresse n’est pas complète. Exemple : prenom.nom@exemple.gouv.fr."))


def phone_number(form: Form, field: Field) -> None:
    if field.data and not PHONE.fullmatch(field.data):
        raise ValidationError(_l("Ce numéro n’est pas lisible. Exemple : +33 1 23 45 67 89."))


def web_address(form: Form, field: Field) -> None:
    if field.data and not re.fullmatch(r"https?://[^\s<>\"']+", field.data):
        raise ValidationError(_l("Cette adresse doit commencer par https://."))


def error_messages(form: Form) -> list[tuple[str, str, str]]:
    """Every error of a form and of the forms inside it, as (id to go to, label, message)."""
    found: list[tuple[str, str, str]] = []
    for field in form:
        if isinstance(field, FormField):
            found += error_messages(field.form)
        elif isinstance(field, FieldList):
            for entry in field:
                found += error_messages(entry.form) if isinstance(entry, FormField) else []
        elif field.errors:
            found.append((field.id, str(field.label.text), " ".join(str(e) for e in field.errors)))
    return found


def is_chosen(field: Field, value: object) -> bool:
    """Whether a choice of `field` is the one typed or stored."""
    data = field.data if field.data is not None else (field.raw_data or [None])[0]
    return str(data.value if isinstance(data, Enum) else data) == str(value) if data not in (None, "") else False


def choice_label(member: object) -> str:
    return word(member) if isinstance(member, Enum) else str(member)


def choice_help(member: object) -> str:
    """The sentence that describes a choice, where its list has one."""
    return catalogue.help_of(member, language()) if isinstance(member, Enum) else ""
