"""Opinions, each bound to the content that was read; then the dossier goes to its authority."""

from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from app.homologation import freezing
from app.homologation.jobs import CallReader, RenderDossier
from app.homologation.kinds import Called, DossierState, Verdict
from app.homologation.models import Dossier
from app.homologation.separation import check_apart, check_opinion_giver, check_transmission
from app.homologation.services import forget_opinions, missing_parts, move_dossier, must_be
from app.homologation.since_read import SinceRead, compare_with_read
from app.homologation.wishes import check_words
from app.identity import services as identity
from app.identity.kinds import Role
from app.identity.models import Person
from app.identity.policy import BindingAct
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, jobs
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Product
from reports import dossier as content


@transaction
def ask_opinions(session: Session, actor: Person, product: Product, dossier: Dossier) -> None:
    """DRAFT → OPINIONS: freezes what reviewers will read, and writes to each. Raises `Refusal` while something is missing."""
    must_be(dossier, DossierState.DRAFT)
    _ask(session, actor, product, dossier)


@transaction
def ask_opinions_again(session: Session, actor: Person, product: Product, dossier: Dossier) -> None:
    """Freezes the product as it is now, for those who read it as it was: their opinions are asked again. Raises `Refusal`."""
    must_be(dossier, DossierState.OPINIONS)
    forget_opinions(dossier)
    _ask(session, actor, product, dossier)


def _ask(session: Session, actor: Person, product: Product, dossier: Dossier) -> None:
    check_complete(session, product, dossier)
    move_dossier(dossier, DossierState.OPINIONS)
    freezing.freeze_dossier(session, product, dossier)
    jobs.enqueue(session, RenderDossier(dossier.id))
    for opinion in dossier.opinions:
        jobs.enqueue(session, CallReader(dossier.id, opinion.reviewer_id, Called.OPINION))
    what, sha256 = f"n° {dossier.number}", dossier.content_sha256
    record(session, actor, Action.ASK_OPINIONS, what, product_id=product.id, sha256=sha256)


def check_complete(session: Session, product: Product, dossier: Dossier) -> None:
    """Raises `Refusal` while the team must still write or mend something."""
    if lacks := missing_parts(session, product, dossier):
        raise Refusal(_l("Il manque : %(what)s.", what=" ; ".join(str(lack) for lack in lacks)))


@transaction
def give_opinion(
    session: Session,
    actor: Person,
    product: Product,
    dossier: Dossier,
    opinion_id: str,
    verdict: Verdict,
    text: str,
    *,
    read_sha256: str,
) -> None:
    """A reviewer's own words on the content that `read_sha256` names, which they may correct until the dossier is
    transmitted. Raises `Refusal` for somebody else's opinion, or where another content is asked about."""
    must_be(dossier, DossierState.OPINIONS)
    opinion = next((o for o in dossier.opinions if o.id == opinion_id), None)
    if opinion is None or opinion.reviewer_id != actor.id:
        raise Refusal(_l("Seule la personne à qui l’avis est demandé peut le donner."))
    check_opinion_giver(session, actor, dossier)
    if read_sha256 != dossier.content_sha256:
        raise Refusal(_l("Le dossier a changé depuis que vous l’avez ouvert. Relisez-le avant de donner votre avis."))
    if verdict is not Verdict.FAVOURABLE and not text:
        raise Refusal(_l("Écrivez vos réserves ou vos raisons : l’autorité les lira."), "text")
    check_words(text, "text")
    first = opinion.given_at is None
    opinion.verdict, opinion.text, opinion.given_at, opinion.content_sha256 = verdict, text, clock.now(), read_sha256
    if first and all(o.given_at for o in dossier.opinions):
        team = identity.people_with_role(session, Role.TEAM_MEMBER, product.id, [i.id for i in product.incubators])
        for person in team:
            jobs.enqueue(session, CallReader(dossier.id, person.id, Called.TRANSMIT))
    record(session, actor, Action.GIVE_OPINION, verdict.value, product_id=product.id, sha256=read_sha256)


def read_since(session: Session, product: Product, dossier: Dossier) -> SinceRead:
    """What changed of a dossier whose opinions are asked since what its reviewers read, in the language in use."""
    if dossier.content is None:  # asked before contents were kept
        return SinceRead((str(_l("Jalon n’a pas gardé ce que les avis ont lu")),), ())
    return compare_with_read(content.loads(dossier.content), freezing.read_draft(session, product, dossier))


@transaction
def transmit_dossier(session: Session, actor: Person, product: Product, dossier: Dossier) -> None:
    """OPINIONS → DECISION: freezes the content with its opinions; its authority is written to once its PDF is made.

    Raises `Refusal` while an opinion lacks, or where what was read changed in what asks for opinions again.
    """
    must_be(dossier, DossierState.OPINIONS)
    names = [o.reviewer.name for o in dossier.opinions if o.given_at is None]
    if names:
        raise Refusal(_l("Il manque l’avis de %(names)s.", names=", ".join(names)))
    check_complete(session, product, dossier)  # the product lives on while opinions are awaited
    check_transmission(session, actor, dossier)
    for opinion in dossier.opinions:  # whoever began to prepare what they judged judges it no more
        check_apart(session, BindingAct.GIVE_OPINION, opinion.reviewer, dossier)
    with force_locale("fr"):
        since = read_since(session, product, dossier)
    if since.weighty:
        raise Refusal(
            _l(
                "Le dossier n’est plus celui que les avis ont lu : %(what)s. Redemandez-les.",
                what=" ; ".join(since.weighty[:5]),
            )
        )
    # In this order: before its authority, the database lets no content be rewritten.
    freezing.freeze_dossier(session, product, dossier, since.light)
    move_dossier(dossier, DossierState.DECISION)
    jobs.enqueue(session, RenderDossier(dossier.id))
    record(
        session,
        actor,
        Action.TRANSMIT_DOSSIER,
        f"n° {dossier.number}",
        product_id=product.id,
        sha256=dossier.content_sha256,
    )
