"""Public knowledge of flaws, kept locally: what was loaded, from when, and how much."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from app.feeds.kinds import FeedName
from app.platform.database import Base, Instant, Json, UtcDateTime


class Feed(Base):
    __tablename__ = "feed"

    name: Mapped[FeedName] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(500), comment="file or address that was loaded last")
    sha256: Mapped[str] = mapped_column(String(64))
    dated: Mapped[date | None] = mapped_column(comment="the date that the feed itself gives")
    loaded_at: Mapped[Instant]
    count: Mapped[int] = mapped_column(comment="records that it holds here")


class Advisory(Base):
    __tablename__ = "advisory"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    cve: Mapped[str] = mapped_column(String(100), index=True, comment="empty when it has none")
    aliases: Mapped[Json] = mapped_column(default=list)
    upstream: Mapped[Json] = mapped_column(default=list, comment="flaws that a distribution's record is about")
    summary: Mapped[str] = mapped_column(String(500))
    published: Mapped[date | None]
    cvss: Mapped[float | None]
    modified: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="when its database last changed it: an older file does not replace it"
    )
    withdrawn: Mapped[bool] = mapped_column(
        default=False,
        server_default=false(),
        comment="by its database: kept so that an older file does not bring it back",
    )


class AdvisoryPackage(Base):
    """The versions of one package that an advisory touches."""

    __tablename__ = "advisory_package"
    __table_args__ = (Index("ix_advisory_package_package", "package"),)

    advisory_id: Mapped[str] = mapped_column(ForeignKey("advisory.id", ondelete="CASCADE"), primary_key=True)
    package: Mapped[str] = mapped_column(String(500), primary_key=True, comment="purl without version")
    affected: Mapped[Json] = mapped_column(comment="intervals, versions and whether some ranges could not be read")


class ExploitedFlaw(Base):
    """An entry of a catalogue of flaws known to be exploited."""

    __tablename__ = "exploited_flaw"

    cve: Mapped[str] = mapped_column(String(100), primary_key=True)
    added: Mapped[date | None]
    ransomware: Mapped[bool]


class ExploitScore(Base):
    """EPSS: the probability that a flaw is exploited in the next thirty days."""

    __tablename__ = "exploit_score"

    cve: Mapped[str] = mapped_column(String(100), primary_key=True)
    score: Mapped[float]


class ReleaseCycle(Base):
    """A release cycle of endoflife.date."""

    __tablename__ = "release_cycle"

    product: Mapped[str] = mapped_column(String(100), primary_key=True)
    cycle: Mapped[str] = mapped_column(String(50), primary_key=True)
    eol: Mapped[date | None] = mapped_column(comment="None: still maintained, or no date given")
    ended: Mapped[bool] = mapped_column(comment="the feed says it is no longer maintained")
