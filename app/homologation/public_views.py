"""What anybody may see without an account: checking a PDF, the public register, live badges."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, Response, abort, render_template, request
from sqlalchemy import or_, select, union_all
from sqlalchemy.orm import contains_eager, joinedload

from app.homologation import dispensation_register, register, sealing
from app.homologation.badges import draw_badge
from app.homologation.dispensation_models import Dispensation, DispensationEnd
from app.homologation.dispensation_register import ShownDispensation
from app.homologation.forms import VerifyForm
from app.homologation.kinds import Act, DispensationState, Origin, Outcome
from app.homologation.models import Decision, Dossier, IssuedFile, Lifting, Withdrawal
from app.homologation.register import Entry
from app.identity import policy
from app.identity.access import current_person, requires
from app.identity.policy import Permission
from app.platform import clock
from app.platform.extensions import limit_posts
from app.platform.http import db_session, discard_changes
from app.platform.i18n import language
from app.platform.links import link_to
from app.platform.places import only_place
from app.products import services as products
from app.products.access import Product
from reports import dossier as content
from reports import verification
from reports.verification import DocumentVerdict, Said, Status
from risk_models.rules.standing import DecisionState

blueprint = Blueprint("register_pages", __name__)

_STATE_WORDS = {
    DecisionState.CURRENT: "current",
    DecisionState.SOON: "soon",
    DecisionState.REPLACED: "replaced",
    DecisionState.CLOSED: "closed",
    DecisionState.WITHDRAWN: "withdrawn",
    DecisionState.REFUSED: "refused",
}
_OVER = frozenset({DecisionState.EXPIRED, DecisionState.REPLACED, DecisionState.CLOSED, DecisionState.WITHDRAWN})


# By whether the dispensation holds, then by whether its seal is a trial.
_TITLES = {
    (True, False): "genuine_dispensed",
    (True, True): "genuine_trial",
    (False, False): "genuine_dispensed_no_more",
    (False, True): "trial_dispensed_no_more",
}


@dataclass(frozen=True, slots=True)
class VerificationAnswer:
    """What the file says, and what this service knows of it."""

    status: Status | None
    facts: tuple[Said, ...]
    doubts: tuple[Said, ...]
    file: str = ""
    content: str = ""
    state: DecisionState | None = None
    dispensation: DispensationState | None = None
    known: str = ""  # a file of this service that is not sealed, by its code

    def told(self, language: str) -> list[str]:
        """What the register knows as facts; what a file says that nobody vouches for as its claims."""
        return verification.say_facts(self.status or Status.GENUINE, self.facts, language)

    @property
    def title(self) -> str:
        """The sentence that says it all, by its code."""
        if self.known or self.status is not Status.GENUINE:
            return self.known or (self.status.value if self.status else "")
        trial = any(fact.code == "trial" for fact in self.facts)
        if self.dispensation:
            return _TITLES[self.dispensation is DispensationState.IN_FORCE, trial]
        if self.state in _OVER:
            return "trial_but" if trial else "genuine_but"
        if trial:
            return "genuine_trial"
        return "genuine_current" if self.state and self.state.in_force else "genuine"


@blueprint.route("/verifier", methods=["GET", "POST"])
@requires(Permission.ANYONE)
@limit_posts(20)
def verify() -> str:
    """Checks a PDF that is dropped here; nothing of it is kept."""
    form, answer = VerifyForm(), None
    if form.validate_on_submit():
        answer = _judge(form.file.data.stream.read())
    elif request.method == "GET" and "contenu" in request.args:
        answer = _known_content(request.args["contenu"])
    return render_template("homologation/verify.html", form=form, answer=answer, trial=sealing.is_trial())


def _judge(data: bytes) -> VerificationAnswer:
    if kept := _signed_outside(hashlib.sha256(data).hexdigest()):
        return kept
    discard_changes()  # a check may take long: no transaction is held meanwhile
    with only_place("verify") as ours:
        if not ours:
            return VerificationAnswer(None, (), (Said("busy"),))
        try:
            verdict = verification.verify_apart(data, sealing.seals_pem(), sealing.clocks_pem(), today=clock.today())
        except verification.UnreadableDocument as error:
            return VerificationAnswer(None, (), (Said(str(error)),))
    issued = db_session().scalar(select(IssuedFile).where(IssuedFile.sha256 == verdict.file))
    return _of_ours(verdict, issued) if issued else _stranger(verdict)


def _of_ours(verdict: DocumentVerdict, issued: IssuedFile) -> VerificationAnswer:
    """A file that this service issued, and what became of it since."""
    facts = (*verdict.facts, _issued_on(issued))
    if issued.dispensation_id:
        return _of_dispensation(verdict, facts, issued)
    if issued.act is Act.PROJECT:
        became = _became(issued)
        return VerificationAnswer(None, (*facts, *became.facts), (), verdict.file, verdict.content, known="project")
    state = _decision_state(issued.dossier_id or "")
    facts = (*facts, *_state_facts(state))
    state = state if issued.act is Act.DECISION else None  # a withdrawal's own page stays true
    return VerificationAnswer(verdict.status, _told(facts, state), verdict.doubts, verdict.file, verdict.content, state)


def _of_dispensation(verdict: DocumentVerdict, facts: tuple[Said, ...], issued: IssuedFile) -> VerificationAnswer:
    found = db_session().get_one(Dispensation, issued.dispensation_id, options=[joinedload(Dispensation.end)])
    shown = dispensation_register.read_states(db_session(), [found])[0]
    if issued.act is Act.DISPENSATION_END or shown.past is None:
        return VerificationAnswer(verdict.status, facts, verdict.doubts, verdict.file, verdict.content)
    told = _told_dispensation(facts, shown)
    return VerificationAnswer(
        verdict.status, told, verdict.doubts, verdict.file, verdict.content, dispensation=shown.state
    )


def _told_dispensation(facts: Iterable[Said], shown: ShownDispensation) -> tuple[Said, ...]:
    """What the register knows takes the place of the advice to ask it, and of an end that is not the real one."""
    since = {
        DispensationState.ENDED: [Said("dispensation_ended")],
        DispensationState.CLOSED: [
            Said("dispensation_closed", (("date", d.isoformat()),)) for d in [shown.past and shown.past.closed_on] if d
        ],
    }.get(shown.state, [])
    dropped = {"ask_whether_ended"} | ({"dispensed_until", "dispensation_over"} if since else set())
    return (*(fact for fact in facts if fact.code not in dropped), *since)


def _issued_on(issued: IssuedFile) -> Said:
    return Said("issued", (("date", issued.issued_at.astimezone(clock.PARIS).date().isoformat()),))


def _signed_outside(file: str) -> VerificationAnswer | None:
    """What is known of a file that came back signed, which Jalon keeps with the decision recorded from it."""
    dossier_id = db_session().scalar(
        select(Decision.dossier_id)
        .join(Dossier, Dossier.id == Decision.dossier_id)
        .where(
            Decision.outside_sha256 == file, Dossier.origin == Origin.JALON
        )  # of ours alone: it was compared with it
        .limit(1)
    )
    found = db_session().get(Dossier, dossier_id) if dossier_id else None
    if found is None or found.content is None:
        return None
    state = _decision_state(found.id)
    facts = (*verification.facts_of(found.content, clock.today()), Said("outside_seal"), *_state_facts(state))
    return VerificationAnswer(
        None, _told(facts, state), (), file, found.content_sha256 or "", state, known="outside_file"
    )


def _became(issued: IssuedFile) -> VerificationAnswer:
    """What became of a draft: decided, still before its authority, or taken back."""
    found = db_session().get_one(Dossier, issued.dossier_id)
    decision = content.loads(found.content).decision if found.content else None
    if decision and decision.asked_sha256 == issued.content_sha256:
        state = _decision_state(found.id)
        facts = (*verification.facts_of(found.content or "", clock.today()), *_state_facts(state))
        return VerificationAnswer(None, _told((Said("decided_since"), *facts[1:]), state), ())
    if found.content_sha256 == issued.content_sha256:
        return VerificationAnswer(None, (), ())
    return VerificationAnswer(None, (Said("project_changed"),), ())


def _told(facts: Iterable[Said], state: DecisionState | None) -> tuple[Said, ...]:
    """The register's own words take the place of the advice to ask it, and of an end that is not the real one."""
    dropped = {"ask_the_register"} | ({"until", "expired"} if state in _OVER - {DecisionState.EXPIRED} else set())
    return tuple(fact for fact in facts if fact.code not in dropped)


def _stranger(verdict: DocumentVerdict) -> VerificationAnswer:
    """A file that never left this service is not vouched for here, whatever it says of itself."""
    status = Status.UNVOUCHED if verdict.status is Status.GENUINE else verdict.status
    return VerificationAnswer(
        status, verdict.facts, (*verdict.doubts, Said("never_issued")), verdict.file, verdict.content
    )


def _decision_state(dossier_id: str) -> DecisionState | None:
    found = db_session().get(Dossier, dossier_id)
    product = db_session().get(Product, found.product_id) if found else None
    if product is None:
        return None
    entry = next((e for e in register.decided_entries(db_session(), [product]) if e.dossier.id == dossier_id), None)
    return entry.state if entry else None


def _state_facts(state: DecisionState | None) -> tuple[Said, ...]:
    return (Said(_STATE_WORDS[state]),) if state in _STATE_WORDS else ()


def _known_content(digest: str) -> VerificationAnswer:
    """What the register says of a printed page: its QR code carries the hash of the content."""
    digest = digest.lower()
    if known := _known_dispensation(digest):
        return known
    issued = db_session().scalar(
        select(IssuedFile).where(IssuedFile.content_sha256 == digest).order_by(IssuedFile.issued_at.desc()).limit(1)
    )
    dossier_id = (
        issued.dossier_id
        if issued
        else db_session().scalar(
            union_all(
                *(select(page.dossier_id).where(page.content_sha256 == digest) for page in (Withdrawal, Lifting))
            ).limit(1)
        )
    )
    found = db_session().get(Dossier, dossier_id) if dossier_id else None
    if found is None:
        return VerificationAnswer(None, (), (Said("unknown_content"),), content=digest[:64])
    if issued and issued.act is Act.PROJECT:
        facts = (_issued_on(issued), *_became(issued).facts)
        return VerificationAnswer(None, facts, (Said("compare_the_page"),), content=digest, known="project")
    page = _page_beside(found.id, digest)
    facts, state = verification.facts_of(page or found.content or "", clock.today()), _decision_state(found.id)
    if page:
        told = (*facts, *_state_facts(state))
        return VerificationAnswer(None, told, (Said("compare_the_page"),), content=digest)
    return VerificationAnswer(
        None,
        _told((*facts, *_state_facts(state)), state),
        (Said("compare_the_page"),),
        content=digest,
    )


def _page_beside(dossier_id: str, digest: str) -> str | None:
    """The content of the withdrawal or the lifting of this hash."""
    pages = (
        select(page.content).where(page.dossier_id == dossier_id, page.content_sha256 == digest)
        for page in (Withdrawal, Lifting)
    )
    return next((text for page in pages if (text := db_session().scalar(page))), None)


def _known_dispensation(digest: str) -> VerificationAnswer | None:
    """What the register says of the page of a dispensation, or of its end."""
    found = db_session().scalar(
        select(Dispensation)
        .outerjoin(Dispensation.end)
        .where(or_(Dispensation.content_sha256 == digest, DispensationEnd.content_sha256 == digest))
        .options(contains_eager(Dispensation.end))
    )
    if found is None:
        return None
    is_end = found.end is not None and found.end.content_sha256 == digest
    text = found.end.content if found.end and is_end else found.content or ""
    facts = verification.facts_of(text, clock.today())
    if not is_end and found.granted:
        facts = _told_dispensation(facts, dispensation_register.read_states(db_session(), [found])[0])
    return VerificationAnswer(None, facts, (Said("compare_the_page"),), content=digest)


@blueprint.get("/verifier/cachet.pem")
@requires(Permission.ANYONE)
def seals() -> Response:
    """The certificates that seal, for `jalon verify --seal`."""
    return Response(sealing.seals_pem(), mimetype="application/x-pem-file")


@blueprint.get("/verifier/horodatage.pem")
@requires(Permission.ANYONE)
def clocks() -> Response:
    """The roots of the timestamp authorities, for `jalon verify --clock`."""
    return Response(sealing.clocks_pem(), mimetype="application/x-pem-file")


@blueprint.get("/homologations")
@requires(Permission.SIGNED_IN)
def index() -> str:
    """Every decision about the products that one may read."""
    found = products.readable_products(db_session(), current_person())
    wanted = request.args.get("etat", "")
    entries = register.decided_entries(db_session(), found)
    return render_template(
        "homologation/register.html",
        entries=[e for e in entries if not wanted or e.state.value == wanted],
        counts={s: sum(e.state is s for e in entries) for s in DecisionState},
        wanted=wanted,
        public=False,
        dispensed=[],
        may_import=policy.allows(Permission.IMPORT_SCANS, {g.role for g in current_person().grants}),
    )


@blueprint.get("/registre")
@requires(Permission.ANYONE)
def public() -> str:
    """The decisions that their teams let be seen, and the products that are dispensed."""
    shown = register.public_products(db_session())
    entries = register.decided_entries(db_session(), shown)
    held = dispensation_register.held_of_many(db_session(), [product.id for product in shown])
    return render_template(
        "homologation/register.html",
        entries=[
            e
            for e in entries
            if e.state not in {DecisionState.REPLACED, DecisionState.CLOSED} and not e.dossier.is_declared_only
        ],
        counts={},
        wanted="",
        public=True,
        dispensed=sorted(held.values(), key=lambda one: one.product),
        may_import=False,
    )


def _public_entry(slug: str) -> tuple[Product, Entry | None]:
    """The product and its last decision. Answers 404 for one that is not in the public register."""
    product = register.public_product(db_session(), slug)
    if product is None:
        abort(404)
    found = [e for e in register.decided_entries(db_session(), [product]) if not e.dossier.is_declared_only]
    return product, max(found, key=lambda e: (e.decision.decided_on, e.dossier.number), default=None)


@blueprint.get("/registre/<slug>.json")
@requires(Permission.ANYONE)
def badge_json(slug: str) -> Response:
    product, entry = _public_entry(slug)
    held = dispensation_register.held_of_many(db_session(), [product.id]).get(product.id)
    said = {
        "product": product.name,
        "sealed_name": register.sealed_name(db_session(), entry) if entry else None,
        "standing": entry.state.value if entry else "none",
        "homologated_until": _until(entry),
        "dispensed_until": held.until.isoformat() if held else None,
        "with_reservations": bool(entry and entry.reserved),
        "provisional": bool(entry and entry.decision.outcome is Outcome.PROVISIONAL),
        "signature": _how_signed(entry),
        "sealed_by_jalon": bool(entry and entry.dossier.origin is Origin.JALON),
        "register": link_to("register_pages.public"),
    }
    return _live(Response(json.dumps(said, ensure_ascii=False), mimetype="application/json"))


@blueprint.get("/registre/<slug>.svg")
@requires(Permission.ANYONE)
def badge_svg(slug: str) -> Response:
    product, entry = _public_entry(slug)
    held = dispensation_register.held_of_many(db_session(), [product.id]).get(product.id)
    return _live(Response(draw_badge(entry, held.until if held else None, language()), mimetype="image/svg+xml"))


def _how_signed(entry: Entry | None) -> str | None:
    """By its author in Jalon, recorded by somebody else, or declared: made elsewhere, on a document."""
    if entry is None:
        return None
    if entry.dossier.origin is not Origin.JALON:
        return "declared"
    return "recorded" if entry.decision.recorded_by else "in_jalon"


def _until(entry: Entry | None) -> str | None:
    homologated = entry is not None and entry.state.in_force
    return entry.decision.expires_on.isoformat() if entry and homologated and entry.decision.expires_on else None


def _live(answer: Response) -> Response:
    """Shown on any site, and never for longer than five minutes: a copied date lies one day."""
    answer.headers["Cache-Control"] = "public, max-age=300"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer
