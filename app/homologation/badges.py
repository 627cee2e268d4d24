"""The "homologated until" badge: a small SVG, always drawn from the register."""

from datetime import date
from html import escape

from flask_babel import format_date
from flask_babel import gettext as _

from app.homologation.kinds import Origin, Outcome
from app.homologation.register import Entry
from risk_models import catalogue
from risk_models.rules.standing import DecisionState

# White on these passes WCAG AA.
_COLOURS = {"success": "#18753c", "warning": "#8a4b00"}
_OTHER, _DISPENSED = "#6a2a1a", "#0063cb"
_CHARACTER = 6.9
_PADDING = 10


def draw_badge(entry: Entry | None, dispensed_until: date | None, language: str) -> str:
    """Two boxes of text; the words are in its title too, for who does not see them."""
    dispensed = dispensed_until is not None and not (entry and entry.state.in_force)
    left = _("homologation de sécurité")
    right = _("dispensé jusqu’au %(day)s", day=_day(dispensed_until)) if dispensed else _words(entry)
    widths = [round(len(text) * _CHARACTER) + 2 * _PADDING for text in (left, right)]
    colour = _DISPENSED if dispensed else _COLOURS.get(catalogue.tone(entry.state), _OTHER) if entry else _OTHER
    total = sum(widths)
    title = escape(_("%(what)s : %(state)s", what=left, state=right))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="24" viewBox="0 0 {total} 24" role="img"'
        f' lang="{language}" aria-label="{title}"><title>{title}</title>'
        f'<rect width="{widths[0]}" height="24" fill="#3a3a3a"/>'
        f'<rect x="{widths[0]}" width="{widths[1]}" height="24" fill="{colour}"/>'
        '<g fill="#fff" font-family="Arial, Helvetica, sans-serif" font-size="12">'
        f'<text x="{_PADDING}" y="16" textLength="{widths[0] - 2 * _PADDING}">{escape(left)}</text>'
        f'<text x="{widths[0] + _PADDING}" y="16" textLength="{widths[1] - 2 * _PADDING}">{escape(right)}</text>'
        "</g></svg>"
    )


def _day(day: date | None) -> str:
    return format_date(day, "d MMMM yyyy") if day else ""


def _words(entry: Entry | None) -> str:
    if entry is None:
        return str(_("aucune"))
    day = _day(entry.decision.expires_on)
    until = _("jusqu’au %(day)s", day=day)
    if entry.decision.outcome is Outcome.PROVISIONAL:
        until = _("provisoire, %(until)s", until=until)
    if entry.reserved:
        until = _("%(until)s, avec réserves", until=until)
    words: dict[DecisionState, str] = {
        DecisionState.CURRENT: until,
        DecisionState.SOON: until,
        DecisionState.EXPIRED: _("expirée le %(day)s", day=day),
        DecisionState.WITHDRAWN: _("retirée"),
        DecisionState.REFUSED: _("refusée"),
        DecisionState.REPLACED: _("remplacée"),
        DecisionState.CLOSED: _("close par un refus"),
    }
    said = words[entry.state]
    if entry.dossier.origin is not Origin.JALON:
        return str(_("%(said)s (déclarée)", said=said))
    return str(_("%(said)s (signature enregistrée)", said=said) if entry.decision.recorded_by else said)
