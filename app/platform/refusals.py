"""Refusals that people understand: the message they see, and the field it belongs to where there is one."""

from json import JSONDecodeError

from flask_babel import lazy_gettext as _l


class Refusal(Exception):
    """A rule says no. `field` names the form field to mend, when one can be."""

    def __init__(self, message: object, field: str | None = None) -> None:
        super().__init__(message)  # a lazy translation stays lazy until shown
        self.field = field


def unreadable_json(error: ValueError | RecursionError) -> Refusal:
    """Says where an uploaded file stops being JSON, as far as its reader knows."""
    if isinstance(error, JSONDecodeError):
        place = {"line": error.lineno, "column": error.colno}
        return Refusal(_l("Ce JSON n’est pas lisible, ligne %(line)d, colonne %(column)d.", **place), "file")
    return Refusal(_l("Ce JSON n’est pas lisible : il n’est pas en UTF-8, ou trop imbriqué."), "file")
