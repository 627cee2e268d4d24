"""Outside tools asked every day: added with a token kept encrypted, asked, and always showing their last run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.evidence.jobs import RunConnector
from app.evidence.kinds import ConnectorKind, EvidenceSource
from app.evidence.models import Connector
from app.evidence.repositories import read_repository_name
from app.evidence.services import evidence_of, forget_subjects
from app.identity.models import Person
from app.journal.actions import Action
from app.journal.services import record
from app.platform import clock, secrets
from app.platform.database import new_id
from app.platform.jobs import enqueue
from app.platform.refusals import Refusal
from app.platform.transactions import transaction
from app.products.models import Incubator, Product

EVERY = timedelta(hours=24)
AGAIN = timedelta(hours=1)  # after a fault
# Paths that no pattern may hide: they are where the product itself is.
_ORDINARY = (
    "package.json",
    "pom.xml",
    "src/app.py",
    "backend/requirements.txt",
    "web/src/main/index.ts",
    "a/yarn.lock",
)
_OWNER = re.compile(r"(?:https?://github\.com/)?([A-Za-z0-9-]{1,100})/?")
_PATTERNS = 50


@dataclass(frozen=True, slots=True)
class Scope:
    """A product, or an incubator for all its products."""

    product: Product | None = None
    incubator: Incubator | None = None

    @property
    def product_id(self) -> str | None:
        return self.product.id if self.product else None

    @property
    def incubator_id(self) -> str | None:
        return self.incubator.id if self.incubator else None


def connectors_of(session: Session, scope: Scope) -> Sequence[Connector]:
    """The connectors of a product, or those of an incubator."""
    return session.scalars(
        select(Connector)
        .where(
            Connector.product_id == scope.product_id if scope.product else Connector.incubator_id == scope.incubator_id
        )
        .order_by(Connector.kind, Connector.address, Connector.id)
    ).all()


def shared_connectors(session: Session, product: Product) -> Sequence[Connector]:
    """Those that the product's incubators run for it."""
    ids = [i.id for i in product.incubators]
    return session.scalars(select(Connector).where(Connector.incubator_id.in_(ids)).order_by(Connector.kind)).all()


def connector_of(session: Session, scope: Scope, connector_id: str) -> Connector | None:
    row = session.get(Connector, connector_id)
    if row is None or (row.product_id, row.incubator_id) != (scope.product_id, scope.incubator_id):
        return None
    return row


@transaction
def add_connector(
    session: Session, actor: Person, scope: Scope, kind: ConnectorKind, address: str, token: str
) -> Connector:
    """Adds a connector and asks for its first run. Raises `Refusal` at the field."""
    if kind is ConnectorKind.GITHUB:
        address = _own_repository(address, scope.product) if scope.product else _owner(address)
    elif kind is ConnectorKind.DASHLORD:
        _report_address(address, scope)
    else:
        address = ""
    if kind is not ConnectorKind.DASHLORD and not token:
        raise Refusal(_l("Collez ici un jeton en lecture seule."), "token")
    if any(c.kind is kind and c.address == address for c in connectors_of(session, scope)):
        raise Refusal(_l("Cet outil est déjà branché."), "address")
    row = Connector(
        id=new_id(),
        product_id=scope.product_id,
        incubator_id=scope.incubator_id,
        kind=kind,
        address=address,
        token=secrets.encrypt_text(token) if token else "",
        added_by=actor.name,
        added_at=clock.now(),
        next_run_at=clock.now() + EVERY,
    )
    session.add(row)
    enqueue(session, RunConnector(row.id))
    _record(session, actor, Action.ADD_CONNECTOR, scope, row)
    return row


def _record(session: Session, actor: Person, action: Action, scope: Scope, row: Connector, **details: object) -> None:
    """A line of the product's journal, or of the incubator's."""
    what = f"{row.kind} {row.address}".strip()
    record(session, actor, action, what, product_id=scope.product_id, incubator=scope.incubator_id, **details)


def _own_repository(address: str, product: Product) -> str:
    """The repository of the product's own card: another one would prove nothing of this product."""
    found, known = read_repository_name(address), read_repository_name(product.repository)
    if found is None:
        raise Refusal(_l("Donnez le dépôt ainsi : organisation/depot."), "address")
    if known is None or known.lower() != found.lower():
        raise Refusal(
            _l("Ce n’est pas le dépôt de la fiche du produit. Changez d’abord la fiche, si le dépôt a changé."),
            "address",
        )
    return found


def _report_address(address: str, scope: Scope) -> None:
    if scope.product:
        raise Refusal(_l("dashlord est relevé pour tout l’incubateur : demandez-le-lui."), "kind")
    try:
        parts = urlsplit(address)
        fit = parts.scheme == "https" and bool(parts.hostname) and not parts.username and not parts.password
    except ValueError:
        fit = False
    if not fit:
        raise Refusal(
            _l("Donnez l’adresse complète du fichier report.json, en https://, sans mot de passe."), "address"
        )


def _owner(address: str) -> str:
    """The organisation whose repositories an incubator's token may be used on, and no other."""
    match = _OWNER.fullmatch(address.strip())
    if not match:
        raise Refusal(_l("Donnez l’organisation dont les dépôts seront lus, par exemple betagouv."), "address")
    return match[1]


@transaction
def change_token(session: Session, actor: Person, scope: Scope, row: Connector, token: str) -> None:
    if not token:
        raise Refusal(_l("Collez ici un jeton en lecture seule."), "token")
    row.token, row.problem = secrets.encrypt_text(token), ""
    enqueue(session, RunConnector(row.id))
    _record(session, actor, Action.CHANGE_TOKEN, scope, row)


@transaction
def set_aside(
    session: Session, actor: Person, scope: Scope, row: Connector, *, paths: str, development: bool, reason: str
) -> None:
    """Manifest paths (one a line, shell patterns) and development dependencies whose alerts do not count."""
    patterns = [line.strip() for line in paths.splitlines() if line.strip()]
    if len(patterns) > _PATTERNS or any(len(p) > 300 for p in patterns):
        raise Refusal(_l("Cinquante motifs au plus, de 300 caractères chacun."), "paths")
    if any(fnmatchcase(path, pattern) for pattern in patterns for path in _ORDINARY):
        raise Refusal(_l("Ce motif cacherait toutes les alertes. Nommez un dossier, par exemple tests/*."), "paths")
    if (patterns or development) and not reason:
        raise Refusal(_l("Dites pourquoi ces alertes ne comptent pas : l’autorité lira cette raison."), "reason")
    row.aside_paths, row.aside_development, row.aside_reason = patterns, development, reason
    enqueue(session, RunConnector(row.id))
    _record(session, actor, Action.SET_ALERTS_ASIDE, scope, row, paths=patterns, development=development, reason=reason)


@transaction
def run_now(session: Session, actor: Person, scope: Scope, row: Connector) -> None:
    """Asks for a run before the next one is due, unless one was asked for within the minute."""
    if row.next_run_at > clock.now() + EVERY - timedelta(minutes=1) and row.last_run_at is None:
        return
    if row.last_run_at and row.next_run_at > row.last_run_at + EVERY:
        return  # already asked, not yet run
    row.next_run_at = clock.now() + EVERY
    enqueue(session, RunConnector(row.id))
    _record(session, actor, Action.RUN_CONNECTOR, scope, row)


@transaction
def remove_connector(session: Session, actor: Person, scope: Scope, row: Connector) -> None:
    """Takes a connector away with its token; what it showed of a product is then a lost proof."""
    if scope.product and row.kind is not ConnectorKind.DASHLORD:
        subjects = [row.address] if row.kind is ConnectorKind.GITHUB else _subjects(session, scope.product)
        forget_subjects(session, scope.product, EvidenceSource(row.kind.value), subjects, actor.name)
    _record(session, actor, Action.REMOVE_CONNECTOR, scope, row)
    session.delete(row)


def _subjects(session: Session, product: Product) -> list[str]:
    return [e.subject for e in evidence_of(session, product.id) if e.source is EvidenceSource.UPDOWN]


def plan_runs(session: Session) -> int:
    """Asks for the connectors that are due; how many."""
    due = session.scalars(select(Connector).where(Connector.next_run_at <= clock.now()).with_for_update()).all()
    for row in due:
        row.next_run_at = clock.now() + EVERY
        enqueue(session, RunConnector(row.id))
    return len(due)


def note_run(session: Session, connector_id: str, problem: str, at: datetime) -> None:
    """Notes how a run went; after a fault the next one comes sooner."""
    row = session.get(Connector, connector_id)
    if row is None:
        return
    row.last_run_at, row.problem = at, problem
    if problem:
        row.next_run_at = at + AGAIN
    else:
        row.last_good_at, row.next_run_at = at, at + EVERY
