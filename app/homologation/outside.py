"""Decisions taken outside Jalon: homologations made elsewhere, and our own dossiers signed by other means."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.homologation import deciding, register, wishes
from app.homologation.kinds import DossierState, Origin, Outcome
from app.homologation.models import ConfirmedElsewhere, Decision, Dossier
from app.homologation.separation import scope_of_product
from app.homologation.wishes import Wish
from app.identity.acts import check_act
from app.identity.models import Person
from app.identity.policy import BindingAct
from app.journal.actions import Action
from app.journal.services import record
from app.platform import attachments, clock, i18n
from app.platform.attachments import Attachment
from app.platform.database import new_id
from app.platform.forms import is_clean
from app.platform.refusals import Refusal
from app.platform.search_text import as_plain_text
from app.platform.transactions import transaction
from app.products.models import Product
from reports import dossier as content
from reports.frozen import FrozenElsewhere
from reports.frozen_decision import FrozenDecision, FrozenSigner
from risk_models.rules import schedule

_Choice = TypeVar("_Choice", Origin, Outcome)
COLUMNS = ("produit", "origine", "autorite", "date", "mois", "decision", "reserves", "au_plus_tard")
# What a row may say, in words; the codes of the enums are understood too.
ORIGINS = {"MonServiceSécurisé": Origin.MSS, "papier": Origin.PAPER, "autre": Origin.OTHER}
OUTCOMES = {
    "favorable": Outcome.FAVOURABLE,
    "avec réserves": Outcome.WITH_RESERVATIONS,
    "provisoire": Outcome.PROVISIONAL,
    "refusée": Outcome.REFUSED,
}
_MOST_ROWS = 2000
_FIRST_YEAR = 2000


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A homologation made elsewhere, and what it decided."""

    origin: Origin
    authority: str
    decided_on: date
    decided: Wish


@transaction
def record_elsewhere(
    session: Session, actor: Person, product: Product, values: Elsewhere, file: Attachment | None
) -> Dossier:
    """Notes a homologation made elsewhere, with its document, so that its deadlines live here. Raises `Refusal`."""
    _check(session, product, values)  # before its document is kept: what is refused is counted no more, and would stay
    if file is None:
        raise Refusal(_l("Joignez le document signé."), "file")
    digest = attachments.keep_attachment(session, file, by=actor.id, of=product.id)
    return _add(session, actor, product, values, digest)


def _add(session: Session, actor: Person, product: Product, values: Elsewhere, digest: str | None) -> Dossier:
    """Raises `Refusal` at the field to mend."""
    _check(session, product, values)
    check_act(session, actor, BindingAct.RECORD_ELSEWHERE, scope_of_product(session, product.id))
    now = clock.now()
    last = session.scalar(select(func.max(Dossier.number)).where(Dossier.product_id == product.id)) or 0
    noted = FrozenElsewhere(
        product=product.name,
        number=last + 1,
        origin=values.origin.value,
        recorded_by=actor.name,
        file_sha256=digest,
        frozen_on=clock.today(),
        decision=_decided(values),
    )
    text = content.dumps(noted)
    dossier = Dossier(
        id=new_id(),
        product_id=product.id,
        number=last + 1,
        state=DossierState.DECISION,
        state_since=now,
        created_at=now,
        origin=values.origin,
        content=text,
        content_sha256=content.sha256(text),
    )
    session.add(dossier)
    session.flush()
    session.add(_decision(actor, dossier, noted))
    session.add_all(deciding.reservations_of(dossier.id, noted.decision))
    session.flush()  # the database takes no decision of a dossier that is decided
    dossier.state = DossierState.DECIDED
    record(
        session,
        actor,
        Action.RECORD_ELSEWHERE,
        f"n° {dossier.number}",
        product_id=product.id,
        origin=values.origin.value,
        sha256=dossier.content_sha256,
    )
    return dossier


def _decision(actor: Person, dossier: Dossier, noted: FrozenElsewhere) -> Decision:
    decided = noted.decision
    return Decision(
        id=new_id(),
        dossier_id=dossier.id,
        outcome=Outcome(decided.outcome),
        months=decided.months,
        reservations=decided.reservations,
        decided_on=decided.decided_on,
        expires_on=decided.expires_on,
        decided_by_id=actor.id,
        decided_by=decided.by.name,
        outside_sha256=noted.file_sha256,
        recorded_by=actor.name,
    )


@transaction
def confirm_elsewhere(
    session: Session, actor: Person, product: Product, dossier: Dossier, file: Attachment | None
) -> None:
    """Somebody of the incubator, who did not note it, takes it for true on its document: it may be public. Raises `Refusal`."""
    decision = dossier.decision
    if dossier.origin is Origin.JALON or decision is None or dossier.confirmed is not None:
        raise Refusal(_l("Il n’y a rien à confirmer ici."))
    _check_follows(session, product, decision.decided_on)
    scope = scope_of_product(session, product.id)
    check_act(session, actor, BindingAct.CONFIRM_ELSEWHERE, scope, about=decision.decided_by_id)
    digest, name = decision.outside_sha256, ""
    if digest is None:
        if file is None:
            raise Refusal(_l("Joignez le document signé."), "file")
        digest, name = attachments.keep_attachment(session, file, by=actor.id, of=product.id), file.name
    dossier.confirmed = ConfirmedElsewhere(
        document_sha256=digest,
        document_name=name,
        confirmed_by_id=actor.id,
        confirmed_by=actor.name,
        confirmed_at=clock.now(),
    )
    record(session, actor, Action.CONFIRM_ELSEWHERE, f"n° {dossier.number}", product_id=product.id, sha256=digest)


def _check(session: Session, product: Product, values: Elsewhere) -> None:
    if values.origin is Origin.JALON:
        raise Refusal(_l("Ce que Jalon a scellé n’est pas à enregistrer."), "origin")
    if values.decided_on > clock.today():
        raise Refusal(_l("Une décision date d’aujourd’hui ou d’avant."), "decided_on")
    if values.decided_on.year < _FIRST_YEAR:
        raise Refusal(_l("Vérifiez l’année : elle vient avant %(year)d.", year=_FIRST_YEAR), "decided_on")
    if values.decided.outcome is Outcome.WITH_RESERVATIONS and not values.decided.reservations:
        raise Refusal(_l("Écrivez les réserves."), "reservations")
    for line in values.decided.reservations.splitlines():
        wishes.check_words(line.strip(), "reservations")
    wishes.check_favourable(values.decided)
    if values.decided.outcome is not Outcome.REFUSED and values.decided.months not in schedule.DURATIONS:
        raise Refusal(_l("Choisissez une durée."), "months")
    wishes.check_lift_by(values.decided, values.decided_on)
    _check_follows(session, product, values.decided_on, "decided_on")
    known = session.scalar(
        select(Decision.id)
        .join(Dossier, Dossier.id == Decision.dossier_id)
        .where(Dossier.product_id == product.id, Decision.decided_on == values.decided_on)
    )
    if known:
        raise Refusal(_l("Une décision de ce jour est déjà enregistrée pour ce produit."), "decided_on")


def _check_follows(session: Session, product: Product, decided_on: date, field: str = "") -> None:
    """Raises `Refusal`, at `field`, for a decision elsewhere that comes after what was decided, or awaits its decision, here."""
    before = session.scalar(
        select(Dossier).where(
            Dossier.product_id == product.id, Dossier.origin == Origin.JALON, Dossier.state == DossierState.DECISION
        )
    )
    if before and decided_on >= before.state_since.astimezone(clock.PARIS).date():
        raise Refusal(
            _l(
                "Le dossier n° %(number)d est devant son autorité : elle en décide, ou l’équipe le reprend.",
                number=before.number,
            ),
            field,
        )
    last = register.last_decided_here(session, product.id)
    if last is None or last.decision is None:
        return
    if (day := _ended_by(last)) and decided_on >= day:
        raise Refusal(
            _l(
                "L’homologation de ce produit a été refusée ou retirée dans Jalon le %(day)s : une décision postérieure se"
                " prend dans Jalon, par un nouveau dossier.",
                day=i18n.format_day(day),
            ),
            field,
        )
    if _holds(last.decision) and decided_on >= last.decision.decided_on:
        raise Refusal(
            _l("Une homologation décidée dans Jalon est en cours : elle se renouvelle par un nouveau dossier."), field
        )


def _holds(decision: Decision) -> bool:
    return decision.expires_on is not None and decision.expires_on >= clock.today()


def _ended_by(dossier: Dossier) -> date | None:
    """The day that a refusal or a withdrawal left its product without homologation."""
    if dossier.withdrawal:
        return dossier.withdrawal.withdrawn_on
    decision = dossier.decision
    return decision.decided_on if decision and decision.outcome is Outcome.REFUSED else None


def _decided(values: Elsewhere) -> FrozenDecision:
    months = None if values.decided.outcome is Outcome.REFUSED else values.decided.months
    return FrozenDecision(
        outcome=values.decided.outcome.value,
        months=months,
        reservations=values.decided.reservations,
        to_lift=tuple(wishes.split_lines(values.decided.reservations)) if months else (),
        lift_by=values.decided.lift_by,
        decided_on=values.decided_on,
        expires_on=schedule.expiry_day(values.decided_on, months) if months else None,
        by=FrozenSigner(values.authority, ""),
    )


@transaction
def import_rows(session: Session, actor: Person, products: Mapping[str, Product], text: str) -> int:
    """Records every row of a CSV, or none. Raises `Refusal` that names each wrong line and its cure; nothing is committed."""
    rows = _rows_of(text)
    wrong = []
    for number, row in enumerate(rows, 2):
        try:
            product = products.get(row["produit"].strip().lower())
            if product is None:
                raise Refusal(_l("« %(name)s » n’est l’identifiant d’aucun de vos produits.", name=row["produit"]))
            _add(session, actor, product, _values(row), None)
        except Refusal as refusal:
            wrong.append(_("ligne %(number)d : %(why)s", number=number, why=str(refusal)))
    if wrong:
        shown = " ".join(wrong[:20])
        rest = _(" Et %(num)d autres.", num=len(wrong) - 20) if len(wrong) > 20 else ""
        raise Refusal(_l("Rien n’est enregistré. %(what)s", what=shown + rest), "file")
    return len(rows)


def _rows_of(text: str) -> list[dict[str, str]]:
    head = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        names = [name.strip().lower() for name in reader.fieldnames or ()]
    except csv.Error as error:
        raise Refusal(_l("Ce fichier n’est pas un CSV lisible : %(why)s.", why=str(error)), "file") from error
    if lacking := [c for c in COLUMNS[:6] if c not in names]:
        raise Refusal(
            _l(
                "Il manque des colonnes : %(lacking)s. La première ligne nomme %(columns)s.",
                lacking=", ".join(lacking),
                columns=", ".join(COLUMNS),
            ),
            "file",
        )
    if unknown := [name for name in names if name and name not in COLUMNS]:
        raise Refusal(
            _l(
                "Des colonnes ne sont pas connues : %(unknown)s. La première ligne nomme %(columns)s.",
                unknown=", ".join(unknown)[:200],
                columns=", ".join(COLUMNS),
            ),
            "file",
        )
    if len(said := [name for name in names if name]) != len(set(said)):
        raise Refusal(_l("Une colonne est nommée deux fois."), "file")
    reader.fieldnames = names
    try:
        rows = []
        for row in reader:
            if any(row.pop(None, ())):
                raise Refusal(
                    _l(
                        "Ligne %(line)d : plus de cases que de colonnes. Mettez entre guillemets ce qui contient un séparateur.",
                        line=reader.line_num,
                    ),
                    "file",
                )
            rows.append({k: (v or "").strip() for k, v in row.items() if k})
    except csv.Error as error:
        raise Refusal(_l("Ce fichier n’est pas un CSV lisible : %(why)s.", why=str(error)), "file") from error
    if not rows or len(rows) > _MOST_ROWS:
        raise Refusal(_l("De 1 à %(most)d lignes par fichier.", most=_MOST_ROWS), "file")
    return rows


def _meant(words: Mapping[str, _Choice], said: str) -> _Choice | None:
    return {as_plain_text(k): v for word, v in words.items() for k in (word, v.value)}.get(as_plain_text(said))


def _values(row: Mapping[str, str]) -> Elsewhere:
    origin, outcome = _meant(ORIGINS, row["origine"]), _meant(OUTCOMES, row["decision"])
    if origin is None or outcome is None:
        raise Refusal(
            _l(
                "« origine » vaut %(origins)s ; « decision » vaut %(outcomes)s.",
                origins=", ".join(ORIGINS),
                outcomes=", ".join(OUTCOMES),
            )
        )
    try:
        decided_on = date.fromisoformat(row["date"])
        lift_by = date.fromisoformat(row["au_plus_tard"]) if row.get("au_plus_tard") else None
        months = int(row["mois"]) if row["mois"] else None
    except ValueError as error:
        raise Refusal(
            _l("« date » et « au_plus_tard » s’écrivent 2026-03-01, et « mois » vaut 6, 12, 24 ou 36.")
        ) from error
    if not row["autorite"]:
        raise Refusal(_l("« autorite » dit qui a décidé."))
    reservations = row.get("reserves", "").replace(" | ", "\n")
    if not (is_clean(row["autorite"], 200) and is_clean(reservations, 4000, lines=True)):
        raise Refusal(_l("« autorite » tient en 200 caractères et « reserves » en 4 000, sans caractère invisible."))
    return Elsewhere(origin, row["autorite"], decided_on, Wish(outcome, months, reservations, lift_by))
