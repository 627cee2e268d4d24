"""The startup's card: created by hand or from its card, changed, listed; its team and contacts."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from app.identity import policy
from app.identity.kinds import Role
from app.identity.models import Grant, Person
from app.identity.policy import Permission
from app.identity.services import give_role
from app.journal.actions import Action
from app.journal.services import changes_of, record
from app.platform import clock
from app.platform.database import new_id
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products import moves
from app.products.kinds import RESERVED_SLUGS
from app.products.models import Contact, Incubator, Phase, Product, product_incubator
from risk_models.rules import schedule
from risk_models.system import Phase as PhaseValue
from risk_models.system import extra_of

PAGE = 25


@dataclass(frozen=True, slots=True)
class CardValues:
    """What the card's form holds."""

    name: str
    mission: str
    address: str
    repository: str
    contact: str
    incubators: tuple[str, ...]
    phases: tuple[PhaseValue, ...]


NO_LETTER = "produit"  # for a name without a Latin letter


def slug_of(name: str) -> str:
    """A readable identifier: lower-case letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80] or NO_LETTER


def phase_values(phases: Sequence[Phase]) -> tuple[PhaseValue, ...]:
    return tuple(PhaseValue(p.name, p.start, p.end, extra_of(p.extra)) for p in phases)


def load_product(session: Session, slug: str, *, fresh: bool = False) -> Product | None:
    """A product with its incubators, phases and contacts; as stored now, where `fresh`, whatever was read before."""
    found = session.scalars(
        select(Product)
        .where(Product.slug == slug)
        .options(joinedload(Product.incubators), joinedload(Product.phases), selectinload(Product.contacts))
        .execution_options(populate_existing=fresh)
    )
    return found.unique().one_or_none()


def is_active_product(product: Product, day: date) -> bool:
    """Whether something is due of `product` (phases loaded) on `day`."""
    return product.archived_on is None and schedule.is_active(phase_values(product.phases), day)


@transaction
def restore_product(session: Session, actor: Person, product: Product) -> None:
    """Takes a product out of the archive."""
    put_back(session, actor, product)


def put_back(session: Session, actor: Person | None, product: Product) -> None:
    """As the use case above, within its caller’s transaction."""
    product.archived_on = None
    record(session, actor, Action.RESTORE_PRODUCT, product.name, product_id=product.id)


def incubator_choices(session: Session) -> list[tuple[str, str]]:
    rows = session.execute(select(Incubator.slug, Incubator.name)).all()
    return sorted(((slug, name) for slug, name in rows), key=lambda row: row[1].lower())


def count_visible(session: Session, person: Person, *, search: str = "", archived: bool = False) -> int:
    """How many products `person` may read: of those archived, or not."""
    found = _visible(person, search, archived=archived).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def visible_products(
    session: Session, person: Person, *, search: str = "", archived: bool = False, page: int = 1, size: int = PAGE
) -> Sequence[Product]:
    """A page of them, by name."""
    return session.scalars(
        _visible(person, search, archived=archived)
        .options(selectinload(Product.incubators), selectinload(Product.phases))
        .order_by(func.lower(Product.name), Product.id)
        .limit(size)
        .offset((page - 1) * size)
    ).all()


def _visible(person: Person, search: str, *, archived: bool) -> Select[Product]:
    kept = Product.archived_on.is_not(None) if archived else Product.archived_on.is_(None)
    words = [func.lower(Product.name).contains(part.lower(), autoescape=True) for part in search.split()]
    return select(Product).where(kept, *visible_to(person), *words)


def readable_products(
    session: Session, person: Person, permission: Permission = Permission.READ_PRODUCT
) -> Sequence[Product]:
    """Every product on which `person` has `permission`, by name."""
    statement = select(Product).where(*visible_to(person, permission)).order_by(func.lower(Product.name))
    return session.scalars(statement).all()


def visible_to(person: Person, permission: Permission = Permission.READ_PRODUCT) -> list[ColumnElement[bool]]:
    """The conditions under which `person` has `permission` on a product."""
    grants = [g for g in person.grants if g.role in policy.TABLE[permission]]
    if any(g.product_id is None and g.incubator_id is None for g in grants):
        return []
    own = [g.product_id for g in grants if g.product_id]
    incubators = [g.incubator_id for g in grants if g.incubator_id]
    return [Product.id.in_(own) | Product.incubators.any(Incubator.id.in_(incubators))]


@transaction
def create_product(session: Session, actor: Person, values: CardValues, *, slug: str | None = None) -> Product:
    """A new product, its creator in its team. Raises `Refusal` at the field to mend."""
    return add_product(session, actor, values, slug=slug)


def add_product(session: Session, actor: Person, values: CardValues, *, slug: str | None = None) -> Product:
    """As the use case above, within its caller’s transaction."""
    wanted = slug or slug_of(values.name)
    if wanted in RESERVED_SLUGS:
        wanted += "-2"
    taken = set(session.scalars(select(Product.slug).where(Product.slug.startswith(wanted, autoescape=True))))
    if slug is None and wanted == NO_LETTER:
        wanted = next(free for n in count(1) if (free := f"{NO_LETTER}-{n}" if n > 1 else NO_LETTER) not in taken)
    if wanted in taken:
        raise Refusal(_l("Un produit porte déjà ce nom. Ouvrez-le dans la liste, ou précisez le nom."), "name")
    product = Product(id=new_id(), slug=wanted, created_at=clock.now())
    product.incubators, product.phases, product.contacts = [], [], []
    write_card(session, product, values)
    session.add(product)
    session.flush()
    give_role(session, actor, actor, Role.TEAM_MEMBER, product_id=product.id)
    record(session, actor, Action.CREATE_PRODUCT, product.name, product_id=product.id)
    moves.tell_move(session, actor, product, [])
    return product


@transaction
def change_card(session: Session, actor: Person, product: Product, values: CardValues) -> bool:
    """Replaces what the card says; whether all of it is done. Raises `Refusal` at the field to mend.

    A product leaves or joins an incubator with the yes of each: what the actor cannot answer for is asked (`moves`).
    """
    before = list(product.incubators)
    wanted = write_card(session, product, values)
    changes = changes_of(product)
    product.incubators = before
    done = moves.propose_move(session, actor, product, wanted)
    record(session, actor, Action.CHANGE_CARD, product.name, product_id=product.id, **changes)
    return done


@transaction
def save_contact(session: Session, actor: Person, product: Product, contact: Contact, *, new: bool) -> None:
    """Adds or changes somebody to call; a contact without telephone nor mail would be of no help. Raises `Refusal`."""
    if not contact.email and not contact.phone:
        raise Refusal(
            _l("Indiquez un téléphone ou une adresse : sans l’un des deux, personne ne pourra l’appeler."), "phone"
        )
    if any(c.name.lower() == contact.name.lower() for c in product.contacts if c is not contact):
        raise Refusal(_l("Cette personne est déjà dans la liste."), "name")
    if new:
        contact.product_id = product.id
        session.add(contact)
    action = Action.ADD_CONTACT if new else Action.CHANGE_CONTACT
    record(session, actor, action, contact.name, product_id=product.id, **changes_of(contact))


@transaction
def remove_contact(session: Session, actor: Person, product: Product, contact_id: str) -> None:
    contact = next((c for c in product.contacts if c.id == contact_id), None)
    if contact is None:
        raise Refusal(_l("Ce contact a déjà été retiré."))
    record(session, actor, Action.REMOVE_CONTACT, contact.name, product_id=product.id)
    session.delete(contact)


def write_card(session: Session, product: Product, values: CardValues) -> list[Incubator]:
    """Puts on `product` what its card says; the incubators that it names. Raises `Refusal` at the field to mend."""
    with session.no_autoflush:
        found = {i.slug: i for i in session.scalars(select(Incubator).where(Incubator.slug.in_(values.incubators)))}
    unknown = [slug for slug in values.incubators if slug not in found]
    if unknown:
        raise Refusal(
            _l(
                "L’incubateur « %(slug)s » est inconnu de Jalon. Vérifiez son identifiant, ou demandez à l’administration de l’ajouter.",
                slug=unknown[0],
            ),
            "incubators",
        )
    product.name, product.mission = values.name, values.mission
    product.address, product.repository, product.contact = values.address, values.repository, values.contact
    product.incubators = [found[slug] for slug in values.incubators]
    if [(p.name, p.start, p.end) for p in product.phases] != [(p.name, p.start, p.end) for p in values.phases]:
        kept = {(p.name, p.start): p.extra for p in product.phases}  # a card knows no key of the product file
        product.phases = [
            Phase(position=n, name=p.name, start=p.start, end=p.end, extra=kept.get((p.name, p.start), {}))
            for n, p in enumerate(values.phases)
        ]
    return list(product.incubators)


def analysis_due_rule(product: Product) -> tuple[date, PhaseValue] | None:
    """The day the six-month analysis is due and the phase that starts its clock."""
    phases = phase_values(product.phases)
    start, due = schedule.clock_start(phases), schedule.analysis_due(phases)
    return (due, start) if start and due else None


def incubators_of(session: Session, product_id: str) -> list[str]:
    """Ids of the incubators of a product, for who does not hold it with them."""
    held = product_incubator.c
    return list(session.scalars(select(held.incubator_id).where(held.product_id == product_id)))


def ids_of_incubator(incubator_id: str) -> Select[str]:
    """The query of the ids of an incubator's products."""
    return select(product_incubator.c.product_id).where(product_incubator.c.incubator_id == incubator_id)


def names_of_products(session: Session, product_ids: Collection[str]) -> dict[str, str]:
    """By id; those that are no longer there are left out."""
    return dict(session.execute(select(Product.id, Product.name).where(Product.id.in_(product_ids))).all())


def incubator_name(session: Session, incubator_id: str) -> str:
    return session.get_one(Incubator, incubator_id).name


def holds_role(
    person_id: InstrumentedAttribute[str] | InstrumentedAttribute[str | None],
    role: Role,
    product_id: str | InstrumentedAttribute[str],
) -> ColumnElement[bool]:
    """Whether the person of a row has `role` on a product, directly or through one of its incubators."""
    incubators = select(product_incubator.c.incubator_id).where(product_incubator.c.product_id == product_id)
    return exists().where(
        Grant.person_id == person_id,
        Grant.role == role,
        (Grant.product_id == product_id) | Grant.incubator_id.in_(incubators),
    )
