"""What an authority is about to decide: what it may, what it must answer, what the controls find in it."""

from dataclasses import dataclass, replace
from datetime import date

from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from app.homologation import consistency
from app.homologation.kinds import Outcome, ReviewerRole, Verdict
from app.platform import clock
from app.platform.i18n import format_day
from app.platform.refusals import Refusal
from reports.frozen import FrozenDossier, FrozenOpinion
from reports.frozen_decision import FrozenDoubt
from risk_models import catalogue
from risk_models.rules import limits, schedule
from risk_models.scales import PieceState

# Whose reservations an authority takes over or answers; an unfavourable opinion is answered whoever gives it.
_HEARD = frozenset({ReviewerRole.RSSI, ReviewerRole.DPO})


@dataclass(frozen=True, slots=True)
class Wish:
    """What an authority is about to decide; `months` is none for a refusal, `lift_by` where it sets no date.

    `take_over`: the reservations of the RSSI and the DPO become its own; `reply`: what it answers to opinions that are not
    favourable; `exploited_reason`: why it decides while a flaw known to be exploited is open.
    """

    outcome: Outcome
    months: int | None
    reservations: str
    lift_by: date | None = None
    take_over: bool = False
    reply: str = ""
    exploited_reason: str = ""


def to_take_over(frozen: FrozenDossier) -> list[FrozenOpinion]:
    """The opinions with reservations of the RSSI and the DPO."""
    return [o for o in frozen.opinions if o.verdict == Verdict.WITH_RESERVATIONS and o.role in _HEARD]


def against(frozen: FrozenDossier) -> list[FrozenOpinion]:
    """The unfavourable opinions."""
    return [o for o in frozen.opinions if o.verdict == Verdict.UNFAVOURABLE]


@dataclass(frozen=True, slots=True)
class AskedOfDecider:
    """What a dossier asks of who decides: opinions to answer, flaws known to be exploited (component and id)."""

    reserved: list[FrozenOpinion]
    unfavourable: list[FrozenOpinion]
    exploited: tuple[str, ...]


def complete_wish(frozen: FrozenDossier, wish: Wish) -> Wish:
    """The wish, with the reservations of the opinions that it takes over written among its own, each with whose it is."""
    if not wish.take_over or wish.outcome is Outcome.REFUSED:
        return wish
    own = split_lines(wish.reservations)
    others = [
        f"{catalogue.word(ReviewerRole(o.role), 'fr')} : {line}"
        for o in to_take_over(frozen)
        for line in split_lines(o.text)
    ]
    return replace(wish, reservations="\n".join(dict.fromkeys([*own, *others])))


# Fewer letters or digits than this are no word.
_FEWEST_LETTERS = 2


def check_words(text: str, field: str) -> None:
    """Raises `Refusal` at `field` for a text of an act that says nothing, such as "-"; an empty one is for others to refuse."""
    if text and sum(ch.isalnum() for ch in text) < _FEWEST_LETTERS:
        raise Refusal(_l("« %(text)s » ne dit rien : écrivez-le en quelques mots.", text=text.strip()[:20]), field)


def _check_words(wish: Wish) -> None:
    for line in wish.reservations.splitlines():
        check_words(line.strip(), "reservations")
    check_words(wish.reply, "reply")
    check_words(wish.exploited_reason, "exploited_reason")


def check_wish(frozen: FrozenDossier, wish: Wish, exploited: tuple[str, ...]) -> None:
    """Raises `Refusal` for what no authority may decide on this content; `exploited`: flaws open and known to be exploited."""
    if clock.today() < frozen.frozen_on:
        raise Refusal(_l("L’horloge du serveur retarde sur la date du dossier : faites-la régler avant de décider."))
    if lacks := [p.name for p in frozen.pieces if p.state is PieceState.MISSING]:
        raise Refusal(
            _l(
                "Des pièces obligatoires manquent : %(what)s. L’équipe doit reprendre le dossier.",
                what=", ".join(lacks),
            )
        )
    if wish.outcome is not Outcome.REFUSED and wish.months not in schedule.DURATIONS:
        raise Refusal(_l("Choisissez une durée."), "months")
    _check_words(wish)
    check_favourable(wish)
    if wish.outcome is Outcome.PROVISIONAL and (wish.months or 0) > limits.LONGEST_PROVISIONAL_MONTHS:
        raise Refusal(_l("Une homologation provisoire dure un an au plus."), "months")
    if wish.outcome in {Outcome.WITH_RESERVATIONS, Outcome.REFUSED} and not split_lines(wish.reservations):
        raise Refusal(_l("Écrivez les réserves ou les raisons du refus."), "reservations")
    if wish.outcome is not Outcome.REFUSED:
        _check_answers(frozen, wish)
        if exploited and not wish.exploited_reason:
            raise Refusal(
                _l(
                    "Des failles que l’on sait exploitées sont ouvertes : %(what)s. Écrivez pourquoi vous homologuez"
                    " quand même, ou refusez.",
                    what=" ; ".join(exploited),
                ),
                "exploited_reason",
            )


def _check_answers(frozen: FrozenDossier, wish: Wish) -> None:
    if wish.reply:
        return
    if unfavourable := against(frozen):
        raise Refusal(
            _l(
                "L’avis de %(names)s est défavorable : écrivez pourquoi vous passez outre.",
                names=", ".join(o.by for o in unfavourable),
            ),
            "reply",
        )
    if (reserved := to_take_over(frozen)) and not wish.take_over:
        raise Refusal(
            _l(
                "L’avis de %(names)s a des réserves : reprenez-les dans les vôtres, ou répondez-y.",
                names=", ".join(o.by for o in reserved),
            ),
            "reply",
        )


def check_favourable(wish: Wish) -> None:
    """Raises `Refusal` for reservations of a decision that says it has none."""
    if wish.outcome is Outcome.FAVOURABLE and wish.reservations:
        raise Refusal(_l("Choisissez « avec réserves », ou effacez les réserves."), "reservations")


def check_lift_by(wish: Wish, decided_on: date) -> None:
    """Raises `Refusal` for a date at which no reservation of `wish` can be lifted."""
    if wish.lift_by is None:
        return
    if wish.outcome is Outcome.REFUSED or wish.months is None or not split_lines(wish.reservations):
        raise Refusal(_l("Il n’y a pas de réserve à lever : effacez cette date."), "lift_by")
    until = schedule.expiry_day(decided_on, wish.months)
    if not decided_on < wish.lift_by <= until:
        raise Refusal(
            _l(
                "Une réserve se lève après la décision et avant la fin de l’homologation, le %(until)s.",
                until=format_day(until),
            ),
            "lift_by",
        )


def doubts_of(granted: FrozenDossier) -> tuple[FrozenDoubt, ...]:
    """What the controls find in what is granted and did not in what was asked: another duration, signatory or date."""
    if not granted.pieces or granted.decision is None or not granted.decision.months:
        return ()
    known = {(_rule(d), d.what) for d in granted.doubts}
    with force_locale("fr"):
        found = [i.as_doubt() for i in consistency.check_content(granted)]
    return tuple(d for d in found if (_rule(d), d.what) not in known)


def _rule(doubt: FrozenDoubt) -> str:
    """Contents frozen until 2026-11 knew one rule for the acceptances of the dossier and of the register."""
    return doubt.rule.removeprefix("register_")


def split_lines(text: str) -> list[str]:
    """One reservation a line."""
    return [line.strip(" -–•\t") for line in text.splitlines() if line.strip(" -–•\t")]
