"""How often something may be done: counted in the database, which all processes share and no restart forgets."""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import String, delete, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.platform import clock
from app.platform.database import Base, Database, Id, Instant, new_id

_LONGEST = timedelta(days=1)


class Hit(Base):
    """Something was done once; what, and by or to whom, is kept as a hash only."""

    __tablename__ = "hit"

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(64), index=True, comment="SHA-256 of what is counted, for whom")
    at: Mapped[Instant] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `most` times within any `window`, which is a day at most."""

    most: int
    window: timedelta


def is_reached(session: Session, rate: Rate, *what: str) -> bool:
    """Whether `what` was already done as often as `rate` allows."""
    counted = select(func.count(Hit.id)).where(Hit.key == _key(what), Hit.at > clock.now() - rate.window)
    return (session.scalar(counted) or 0) >= rate.most


def note_event(session: Session, *what: str) -> None:
    """Counts `what` once more."""
    session.execute(insert(Hit).values(id=new_id(), key=_key(what), at=clock.now()))


def is_allowed(session: Session, rate: Rate, *what: str) -> bool:
    """Counts `what` once more where `rate` still allows it, whoever asks at the same instant."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(_key(what), 0))))
    if is_reached(session, rate, *what):
        return False
    note_event(session, *what)
    return True


def _key(what: tuple[str, ...]) -> str:
    return hashlib.sha256("|".join(what).encode()).hexdigest()


def mailbox_of(address: str) -> str:
    """What names the mailbox behind an address: what follows a plus sign only sorts its letters."""
    name, _, domain = address.strip().lower().rpartition("@")
    return f"{name.partition('+')[0]}@{domain}"


def network_of(address: str) -> str:
    """The network that one visitor has for themselves: an IPv4 address, the /64 of an IPv6 one."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


def purge_counts(database: Database) -> None:
    """Forgets what no rate counts any more."""
    with database.writing() as session:
        session.execute(delete(Hit).where(Hit.at < clock.now() - _LONGEST))
