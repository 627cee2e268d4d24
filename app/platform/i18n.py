"""Language of a request, and how dates, numbers and the field's words are shown in it."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from gettext import GNUTranslations

from babel.dates import format_date
from babel.support import Translations
from flask import Flask, current_app, g, has_request_context, request, session
from flask_babel import Babel, format_datetime, get_locale, gettext, ngettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext as _ln
from flask_babel.speaklater import LazyString

from app.platform import clock
from risk_models import catalogue
from risk_models.assessment import Finding, Warning
from risk_models.scales import LinkKind, Need, RiskLevel, SecurityLevel, Severity

LANGUAGES = ("fr", "en")
THREATS = frozenset(catalogue.words("threats"))
EFFORT_WORDS = {
    1: _l("une heure"),
    2: _l("une journée"),
    3: _l("une semaine"),
    4: _l("un mois"),
    5: _l("plus d’un mois"),
}


def init_app(app: Flask) -> None:
    app.config["BABEL_DEFAULT_LOCALE"] = "fr"
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Europe/Paris"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(app.config["ROOT"] / "translations")
    Babel(app, locale_selector=_choose)
    # A text to translate is no markup: without this, what people wrote into its holes would not be escaped.
    if hasattr(LazyString, "__html__"):
        del LazyString.__html__
    # French is what no catalogue translates; in it, zero is singular.
    Translations.ungettext = _plural  # type: ignore[assignment]
    app.jinja_env.filters.update(
        word=word,
        tone=catalogue.tone,
        day=format_day,
        distance=say_distance,
        percent=format_percent,
        decimal=format_decimal,
        odds=say_odds,
        part=say_part,
        gain=say_gain,
        delay=say_delay,
        instant=format_instant,
        name_of=name_of,
    )
    app.jinja_env.globals.update(
        language=language,
        colon=LazyString(lambda: catalogue.colon(language())),
        sentence=sentence,
        severity=Severity,
        risk_level=RiskLevel,
        severities=tuple(Severity),
        security_level=SecurityLevel,
        need_of=Need,
        measures=catalogue.measures(),
        finding_rules=catalogue.finding_rules(),
        finding_text=finding_text,
        rule_of=catalogue.rule_of,
        warning_text=warning_text,
        effort_words=EFFORT_WORDS,
        step_name=step_name,
        action_word=action_word,
        date_of=date.fromisoformat,
    )


def _plural(self: Translations, singular: str, plural: str, num: int) -> str:
    said = GNUTranslations.ngettext(self, singular, plural, num)
    return singular if said == plural and num < 2 and language() == "fr" else said


def _choose() -> str:
    """The person's choice, then the browser's, then French."""
    if current_app.config.get("LANGUAGE_FIXED"):
        return str(current_app.config["LANGUAGE_FIXED"])
    if not has_request_context():
        return "fr"  # the command line, a job that chose none
    person = g.get("person")
    chosen = session.get("language") or (person.language if person else None)
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "fr")


def language() -> str:
    locale = get_locale()
    return str(locale.language) if locale else "fr"


def word(value: Enum) -> str:
    return catalogue.word(value, language())


def sentence(group: str, code: str, **values: str) -> str:
    return catalogue.sentence(group, code, language(), **values)


def action_word(action: str) -> str:
    """How the journal calls an act."""
    known = action in catalogue.words("actions")
    return sentence("actions", action) if known else action


def step_name(step: str) -> str:
    """What a measure acts on: a threat, a link, or what is lost once a store has fallen."""
    if step in {kind.value for kind in LinkKind}:
        return word(LinkKind(step)).lower()
    return sentence("threats" if step in THREATS else "effect_steps", step).lower()


def warning_text(warning: Warning, names: Mapping[str, str]) -> str:
    return catalogue.warning_text(warning, language(), names)


def finding_text(found: Finding, names: Mapping[str, str]) -> str:
    return catalogue.finding_text(found, language(), names)


def format_day(value: date | datetime | None) -> str:
    """ "12 mars 2027", in Paris."""
    if value is None:
        return "—"
    if isinstance(value, datetime):
        value = value.astimezone(clock.PARIS).date()
    return _day_in(value, language())


@lru_cache(maxsize=4096)
def _day_in(value: date, language: str) -> str:
    said = str(format_date(value, "d MMMM y", locale=language))
    return said.replace("1 ", "1er ", 1) if value.day == 1 and language == "fr" else said


def say_distance(value: date) -> str:
    """ "dans 3 mois", "en retard de 8 jours": how far a day is from today."""
    return _distance_in((value - clock.today()).days, language())


@lru_cache(maxsize=4096)
def _distance_in(days: int, _language: str) -> str:
    if days == 0:
        return str(gettext("aujourd’hui"))
    count = abs(days)
    if count < 60:
        amount = ngettext("%(num)d jour", "%(num)d jours", count)
    else:
        amount = ngettext("%(num)d mois", "%(num)d mois", round(count / 30.44))
    return str(
        gettext("dans %(amount)s", amount=amount) if days > 0 else gettext("dépassé de %(amount)s", amount=amount)
    )


def format_decimal(value: float, digits: int = 2) -> str:
    text = f"{value:.{digits}f}"
    return text.replace(".", ",") if language() == "fr" else text


def format_percent(value: float) -> str:
    """ "38 %": a share of one."""
    space = "\u00a0" if language() == "fr" else ""
    return f"{round(value * 100)}{space}%"


# From these odds of a year on; the last four are where levels begin (`thresholds` of probabilities.yaml).
_BANDS = (
    (0.0, _l("moins d’une fois par siècle")),
    (0.01, _l("une fois tous les vingt à cent ans")),
    (0.05, _l("une fois tous les dix à vingt ans")),
    (0.1, _l("une fois tous les trois à dix ans")),
    (0.3333, _l("plus d’une fois tous les trois ans")),
)


def say_odds(value: float) -> str:
    """What a probability of a year means, as a band: the model knows no more than that."""
    return str(next(said for least, said in reversed(_BANDS) if value >= least))


_PARTS = (
    (0.0, _l("presque rien")),
    (0.1, _l("un dixième")),
    (0.2, _l("un cinquième")),
    (0.25, _l("un quart")),
    (0.33, _l("un tiers")),
    (0.5, _l("la moitié")),
    (0.67, _l("les deux tiers")),
    (0.75, _l("les trois quarts")),
    (0.9, _l("les neuf dixièmes")),
    (1.0, _l("presque tout")),
)


def say_part(share: float) -> str:
    """A share between 0 and 1 as the nearest part that has a name: the model knows no more than that."""
    return str(min(_PARTS, key=lambda part: abs(part[0] - share))[1])


def say_gain(share: float) -> str:
    """What doing one thing would take away of today's risk."""
    return str(_l("seule, enlève au moins %(part)s du risque", part=say_part(share)))


_WEEK, _MONTH = 5, 20  # working days


def say_delay(days: int) -> str:
    """Working days as people plan them."""
    if days < _WEEK:
        return str(_ln("%(num)d jour", "%(num)d jours", days))
    if days < 2 * _MONTH:
        return str(_ln("%(num)d semaine", "%(num)d semaines", round(days / _WEEK)))
    return str(_ln("%(num)d mois", "%(num)d mois", round(days / _MONTH)))


def format_instant(value: datetime) -> str:
    """ "12 mars 2027 à 14:05", in Paris."""
    return str(format_datetime(value, "d MMMM y HH:mm"))


def name_of(key: str, names: dict[str, str]) -> str:
    return names.get(key, key)
