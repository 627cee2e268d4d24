"""Until when a risk, a finding or what remains of a dossier may be accepted: one bound for all of them."""

from datetime import date

from flask_babel import lazy_gettext as _l

from app.platform import clock
from app.platform.refusals import Refusal
from risk_models.rules import schedule


def check_until(until: date | None, field: str) -> None:
    """Raises `Refusal` at `field` for an end that is missing, past, or beyond the longest homologation."""
    if until is None:
        raise Refusal(_l("Jusqu’à quand ? Une acceptation a une fin."), field)
    if until <= clock.today():
        raise Refusal(_l("Choisissez une date à venir : une acceptation porte sur l’avenir."), field)
    if until > schedule.latest_acceptance(clock.today()):
        raise Refusal(_l("Trois ans au plus : au-delà, il faut le décider à nouveau."), field)
