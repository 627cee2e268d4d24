"""The dossier: composed by the team, reviewed, frozen before its authority, decided once and for all."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from app.analysis import study
from app.analysis.acceptance import check_until
from app.homologation import freezing, notifications
from app.homologation.jobs import CallReader
from app.homologation.kinds import Called, DossierState, Heard, Origin, ReviewerRole, Verdict
from app.homologation.models import AcceptedRisk, ConditionOfUse, Dossier, DossierDocument, Opinion, Piece, Reservation
from app.homologation.separation import check_apart
from app.identity import services as identity
from app.identity.kinds import Role
from app.identity.models import Person
from app.identity.policy import BindingAct
from app.journal.actions import Action
from app.journal.services import changes_of, record
from app.platform import clock, jobs
from app.platform.database import new_id
from app.platform.i18n import language
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from risk_models.rules import proportionality, schedule
from risk_models.scales import Approach, PieceState, SecurityLevel

_GLANCE = (
    joinedload(Dossier.authority),
    joinedload(Dossier.decision),
    selectinload(Dossier.opinions).joinedload(Opinion.reviewer),
    selectinload(Dossier.set_aside_opinions).joinedload(Opinion.reviewer),
)
_WHOLE = (
    *_GLANCE,
    joinedload(Dossier.withdrawal),
    joinedload(Dossier.recorded),
    joinedload(Dossier.confirmed),
    selectinload(Dossier.conditions),
    selectinload(Dossier.accepted_risks),
    selectinload(Dossier.attached_opinions),
    selectinload(Dossier.pieces),
    selectinload(Dossier.documents),
    selectinload(Dossier.reservations).joinedload(Reservation.lifting),
)


def latest_dossier(session: Session, product_id: str, *, whole: bool = False) -> Dossier | None:
    """The dossier in hand, or the last decided one; with all its parts when `whole`."""
    return session.scalar(
        select(Dossier)
        .where(Dossier.product_id == product_id)
        .options(*(_WHOLE if whole else _GLANCE))
        .order_by(Dossier.state == DossierState.DECIDED, Dossier.number.desc())
        .limit(1)
    )


def in_hand(session: Session, product_id: str) -> Dossier | None:
    """The dossier that is not decided yet."""
    last = latest_dossier(session, product_id)
    return last if last and last.state is not DossierState.DECIDED else None


def dossiers_of(session: Session, product_id: str) -> Sequence[Dossier]:
    return session.scalars(
        select(Dossier).where(Dossier.product_id == product_id).options(*_GLANCE).order_by(Dossier.number.desc())
    ).all()


def dossier_of(session: Session, product_id: str, number: int, *, lock: bool = False) -> Dossier | None:
    """A dossier with all its parts; with `lock`, whoever else would move it waits until this transaction ends."""
    statement = select(Dossier).where(Dossier.product_id == product_id, Dossier.number == number).options(*_WHOLE)
    return session.scalar(statement.with_for_update(of=Dossier) if lock else statement)


@transaction
def open_new(session: Session, actor: Person, product: Product) -> Dossier:
    """Begins a dossier; what was written in the last one is taken up. Raises `Refusal` when one is in hand."""
    last = latest_dossier(session, product.id, whole=True)
    if last and last.state is not DossierState.DECIDED:
        raise Refusal(_l("Un dossier est déjà en cours : continuez-le."))
    now = clock.now()
    dossier = Dossier(
        id=new_id(),
        product_id=product.id,
        number=last.number + 1 if last else 1,
        state=DossierState.DRAFT,
        state_since=now,
        created_at=now,
    )
    written = last if last is None or last.origin is Origin.JALON else _last_written(session, product.id)
    if written:
        dossier.perimeter, dossier.requested_months = written.perimeter, written.requested_months
        dossier.authority_id = written.authority_id
        _take_up(dossier, written)
    session.add(dossier)
    record(session, actor, Action.OPEN_DOSSIER, f"n° {dossier.number}", product_id=product.id)
    return dossier


def _last_written(session: Session, product_id: str) -> Dossier | None:
    """The last dossier composed here: one made elsewhere holds nothing to take up."""
    return session.scalar(
        select(Dossier)
        .where(Dossier.product_id == product_id, Dossier.origin == Origin.JALON)
        .options(*_WHOLE)
        .order_by(Dossier.number.desc())
        .limit(1)
    )


def _take_up(dossier: Dossier, last: Dossier) -> None:
    """What stays true until somebody changes it; opinions, and acceptances that end too soon, are asked anew."""
    dossier.conditions = [ConditionOfUse(created_at=c.created_at, text=c.text, check=c.check) for c in last.conditions]
    dossier.accepted_risks = [
        AcceptedRisk(created_at=r.created_at, text=r.text, proposed_by=r.proposed_by, until=r.until)
        for r in last.accepted_risks
        if clock.today() < r.until <= schedule.latest_acceptance(clock.today())
    ]
    dossier.pieces = [
        Piece(piece=p.piece, answer=p.answer, text=p.text) for p in last.pieces if p.piece not in _TOLD_ANEW
    ]
    dossier.documents = [
        DossierDocument(
            piece=d.piece,
            title=d.title,
            dated_on=d.dated_on,
            file_name=d.file_name,
            sha256=d.sha256,
            size=d.size,
            added_at=d.added_at,
            added_by=d.added_by,
        )
        for d in last.documents
    ]


# Of a renewal, these speak of the time since the last one.
_TOLD_ANEW = frozenset({"incidents"})


def must_be(dossier: Dossier, *states: DossierState) -> None:
    """Raises `Refusal`, with the reason, for a dossier in another state."""
    if dossier.state not in states:
        raise Refusal(
            {
                DossierState.DRAFT: _l(
                    "L’équipe a ce dossier en main, ou vient de le reprendre : il reviendra une fois terminé."
                ),
                DossierState.OPINIONS: _l("Le dossier attend des avis. Reprenez-le pour le modifier."),
                DossierState.DECISION: _l("Le dossier est devant l’autorité. Reprenez-le pour le modifier."),
                DossierState.DECIDED: _l("La décision est prise : ce dossier ne change plus. Ouvrez-en un nouveau."),
            }[dossier.state]
        )


@transaction
def describe_dossier(
    session: Session,
    actor: Person,
    product: Product,
    dossier: Dossier,
    *,
    perimeter: str,
    authority_id: str,
    months: int,
) -> None:
    """Writes perimeter, authority and duration asked for."""
    must_be(dossier, DossierState.DRAFT)
    authority = _holder(session, Role.AUTHORITY, product, authority_id)
    if authority is None:
        raise Refusal(
            _l("Cette personne n’a pas le rôle d’autorité sur ce produit. Invitez-la depuis la page Équipe."),
            "authority",
        )
    check_apart(session, BindingAct.DECIDE, authority, dossier, "authority")
    dossier.perimeter, dossier.authority_id, dossier.requested_months = perimeter, authority_id, months
    what, changes = f"n° {dossier.number}", changes_of(dossier)
    record(session, actor, Action.DESCRIBE_DOSSIER, what, product_id=product.id, **changes)


def _holder(session: Session, role: Role, product: Product, person_id: str) -> Person | None:
    people = identity.people_with_role(session, role, product.id, [i.id for i in product.incubators])
    return next((p for p in people if p.id == person_id), None)


@transaction
def add_condition(session: Session, actor: Person, product: Product, dossier: Dossier, text: str, check: str) -> None:
    must_be(dossier, DossierState.DRAFT)
    if any(c.text == text for c in dossier.conditions):
        raise Refusal(_l("Cette condition est déjà dans la liste."), "text")
    dossier.conditions.append(ConditionOfUse(created_at=clock.now(), text=text, check=check))
    record(session, actor, Action.ADD_CONDITION, text, product_id=product.id)


@transaction
def propose_acceptance(
    session: Session, actor: Person, product: Product, dossier: Dossier, text: str, until: date
) -> None:
    """Asks the authority to accept a risk that stays; its decision alone does."""
    must_be(dossier, DossierState.DRAFT)
    check_until(until, "until")
    dossier.accepted_risks.append(AcceptedRisk(created_at=clock.now(), text=text, proposed_by=actor.name, until=until))
    record(session, actor, Action.ACCEPT_RISK, text, product_id=product.id, until=until.isoformat())


@transaction
def remove_part(session: Session, actor: Person, product: Product, dossier: Dossier, part_id: str) -> None:
    """Removes one part of a dossier in preparation."""
    must_be(dossier, DossierState.DRAFT)
    held: tuple[list[Any], ...] = (
        dossier.conditions,
        dossier.accepted_risks,
        dossier.opinions,
        dossier.attached_opinions,
        dossier.documents,
        dossier.pieces,
    )
    for parts in held:
        part = next((p for p in parts if p.id == part_id), None)
        if part is not None:
            if isinstance(part, Opinion) and part.former_verdict not in {None, Verdict.FAVOURABLE}:
                part.set_aside_on = clock.today()  # its words stay before the authority
            else:
                parts.remove(part)
            record(session, actor, Action.REMOVE_DOSSIER_PART, type(part).__name__, product_id=product.id)
            return
    raise Refusal(_l("Cette ligne a déjà été retirée."))


@transaction
def ask_reviewer(
    session: Session, actor: Person, product: Product, dossier: Dossier, reviewer_id: str, role: ReviewerRole
) -> None:
    """Names who must give an opinion, and as what."""
    must_be(dossier, DossierState.DRAFT)
    reviewer = _holder(session, Role.REVIEWER, product, reviewer_id)
    if reviewer is None:
        raise Refusal(
            _l("Cette personne n’a pas le rôle d’avis sur ce produit. Invitez-la depuis la page Équipe."), "reviewer"
        )
    check_apart(session, BindingAct.GIVE_OPINION, reviewer, dossier, "reviewer")
    if any(o.reviewer_id == reviewer_id and o.role is role for o in dossier.opinions):
        raise Refusal(_l("Cet avis est déjà demandé."), "reviewer")
    again = next((o for o in dossier.set_aside_opinions if (o.reviewer_id, o.role) == (reviewer_id, role)), None)
    if again:
        again.set_aside_on = None
    else:
        dossier.opinions.append(Opinion(reviewer_id=reviewer_id, role=role, asked_at=clock.now()))
    record(session, actor, Action.ASK_REVIEWER, role.value, product_id=product.id)


def approach_of_product(session: Session, product: Product) -> Approach | None:
    """How deep this product's dossier goes; None while its security level is not known."""
    profile = study.profile_of(session, product.id)
    return proportionality.approach_of(SecurityLevel(profile.level)) if profile else None


def missing_parts(session: Session, product: Product, dossier: Dossier) -> list[object]:
    """What the team must still write or mend before others are asked; empty when nothing."""
    lacks = freezing.missing_analysis(session, product)
    if approach_of_product(session, product) is None:
        lacks.append(_l("le niveau de sécurité (page Démarche)"))
    if not dossier.perimeter:
        lacks.append(_l("le périmètre"))
    if dossier.authority_id is None:
        lacks.append(_l("l’autorité d’homologation"))
    if not dossier.conditions:
        lacks.append(_l("au moins une condition d’emploi, et comment elle est vérifiée"))
    if not dossier.opinions and not dossier.attached_opinions:
        lacks.append(_l("au moins une personne dont l’avis est demandé"))
    lacks += _gone(session, product, dossier)
    lines, found = freezing.preview_pieces(session, product, dossier, language())
    lacks += [_l("la pièce « %(name)s »", name=line.name) for line in lines if line.state is PieceState.MISSING]
    return [*lacks, *(i.sentence(language()).rstrip(".") for i in found if i.stops)]


def _gone(session: Session, product: Product, dossier: Dossier) -> list[object]:
    """Who is named in the dossier and no longer holds their role: they would be asked for what they cannot do."""
    incubators = [i.id for i in product.incubators]
    held = {
        role: {p.id for p in identity.people_with_role(session, role, product.id, incubators)}
        for role in (Role.AUTHORITY, Role.REVIEWER)
    }
    names = [
        o.reviewer.name for o in dossier.opinions if o.given_at is None and o.reviewer_id not in held[Role.REVIEWER]
    ]
    if dossier.authority and dossier.authority_id not in held[Role.AUTHORITY]:
        names.append(dossier.authority.name)
    return [_l("une autre personne que %(name)s, qui n’a plus ce rôle", name=name) for name in names]


RELAUNCH_EVERY = timedelta(days=1)


def waited_people(dossier: Dossier) -> list[Person]:
    """Whom the dossier waits for outside its team; an authority that was called, once the PDF to sign is made."""
    if dossier.state is DossierState.DECISION:
        return [dossier.authority] if dossier.authority and dossier.has_pdf else []
    if dossier.state is DossierState.OPINIONS:
        return [o.reviewer for o in dossier.opinions if o.given_at is None]
    return []


@transaction
def remind_waited(session: Session, actor: Person, product: Product, dossier: Dossier) -> list[str]:
    """Writes again to whom the dossier waits for, at most once a day; their names. Raises `Refusal`."""
    people, now = waited_people(dossier), clock.now()
    if dossier.state is DossierState.DECISION and not dossier.has_pdf:
        raise Refusal(_l("L’autorité sera prévenue dès que le PDF sera fait : il n’y a encore rien à relancer."))
    if not people:
        raise Refusal(_l("Ce dossier n’attend personne : il est entre vos mains."))
    if dossier.relaunched_at and now - dossier.relaunched_at < RELAUNCH_EVERY:
        raise Refusal(_l("Une relance est déjà partie aujourd’hui : attendez demain, ou appelez."))
    dossier.relaunched_at = now
    what = Called.DECISION if dossier.state is DossierState.DECISION else Called.OPINION
    for person in people:
        jobs.enqueue(session, CallReader(dossier.id, person.id, what, again=now.isoformat()))
    names = [person.name for person in people]
    record(session, actor, Action.RELAUNCH, ", ".join(names), product_id=product.id)
    return names


@transaction
def take_back(session: Session, actor: Person, product: Product, dossier: Dossier) -> None:
    """OPINIONS or DECISION → DRAFT: opinions are asked anew, for they spoke of another text; each reviewer finds their own."""
    must_be(dossier, DossierState.OPINIONS, DossierState.DECISION)
    if dossier.recorded is not None:
        raise Refusal(
            _l("Une signature enregistrée attend d’être confirmée ou écartée : le dossier ne se reprend pas avant.")
        )
    told = [o.reviewer for o in dossier.opinions]
    if dossier.state is DossierState.DECISION and dossier.authority:
        told.append(dossier.authority)
    notifications.tell_people(session, actor, product, Heard.TAKEN_BACK, told, number=dossier.number)
    move_dossier(dossier, DossierState.DRAFT)
    dossier.content = dossier.content_sha256 = dossier.pdf_sha256 = dossier.pdf_of = None
    dossier.seal_fault, dossier.recorded = "", None
    forget_opinions(dossier)
    record(session, actor, Action.TAKE_BACK_DOSSIER, f"n° {dossier.number}", product_id=product.id)


def move_dossier(dossier: Dossier, state: DossierState) -> None:
    """To `state`, since now."""
    dossier.state, dossier.state_since = state, clock.now()


def forget_opinions(dossier: Dossier) -> None:
    """Opinions are asked anew, for they spoke of another text: each reviewer finds their own, to confirm or change."""
    for opinion in dossier.opinions:
        if opinion.given_at:
            opinion.former_verdict, opinion.former_text = opinion.verdict, opinion.text
            opinion.former_given_at = opinion.given_at
        opinion.verdict, opinion.text, opinion.given_at, opinion.content_sha256 = None, "", None, None
