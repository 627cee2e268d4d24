"""Refusals that people understand: the message they see, and the field it belongs to where there is one."""


class Refusal(Exception):
    """A rule says no. `field` names the form field to mend, when one can be."""

    def __init__(self, message: object, field: str | None = None) -> None:
        super().__init__(message)  # a lazy translation stays lazy until shown
        self.field = field
