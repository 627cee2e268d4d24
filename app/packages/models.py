"""What SBOM say: packages kept once, their versions apart, and which import uses which version.

These rows are millions: they are written and read in sets, never as objects (see `sboms.py` and `queries.py`).
"""

from datetime import date, datetime

from sqlalchemy import (
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.packages.kinds import FlawState, Justification
from app.platform.database import Base, Id, Instant, Json, LongText, UtcDateTime


class Package(Base):
    __tablename__ = "package"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    purl: Mapped[str] = mapped_column(String(500), unique=True, comment="normalised, without version")
    name: Mapped[str] = mapped_column(String(500), index=True, comment="its last part, in lower case, for searches")


_TOLD = text("source <> ''")


class PackageVersion(Base):
    """A version of a package, built from what a file says it is: what another file says of it is another row, so that none
    speaks for the others."""

    __tablename__ = "package_version"
    __table_args__ = (
        UniqueConstraint("package_id", "version", "source", "source_version"),
        Index("ix_package_version_source", "source", sqlite_where=_TOLD, postgresql_where=_TOLD),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    package_id: Mapped[int] = mapped_column(ForeignKey("package.id"))
    version: Mapped[str] = mapped_column(String(100), comment="as written; empty when the SBOM gave none")
    source: Mapped[str] = mapped_column(
        String(500),
        default="",
        server_default="",
        comment="purl of the source it is built from, which advisories may name; empty where no file tells one",
    )
    source_version: Mapped[str] = mapped_column(
        String(100), default="", server_default="", comment="of the source it is built from, where that is another"
    )


class Sbom(Base):
    """The SBOM that stands for a component; the next one takes its place."""

    __tablename__ = "sbom"

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    component_id: Mapped[str] = mapped_column(ForeignKey("component.id", ondelete="CASCADE"), unique=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    file_name: Mapped[str] = mapped_column(String(200))
    format: Mapped[str] = mapped_column(String(60))
    sha256: Mapped[str] = mapped_column(String(64))
    dated: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="when the file says it was made")
    imported_at: Mapped[Instant]
    imported_by: Mapped[str] = mapped_column(String(200))
    count: Mapped[int] = mapped_column(comment="package versions it names, each once")
    exceptions: Mapped[Json] = mapped_column(default=list, comment="what was odd in it: kind, count, first example")


class PackageUse(Base):
    __tablename__ = "package_use"
    __table_args__ = (
        # The key holds the whole row: who carries a version is read from it alone, not from one page of the table a row.
        PrimaryKeyConstraint("version_id", "sbom_id", postgresql_include=["development", "bringer_id"]),
        Index("ix_package_use_sbom_id", "sbom_id"),
        {"sqlite_with_rowid": False},
    )

    version_id: Mapped[int] = mapped_column(ForeignKey("package_version.id"), autoincrement=False)
    sbom_id: Mapped[int] = mapped_column(ForeignKey("sbom.id", ondelete="CASCADE"), autoincrement=False)
    development: Mapped[bool] = mapped_column(server_default=false(), comment="nothing that runs holds it")
    bringer_id: Mapped[int | None] = mapped_column(
        comment="the package by whose import it came, its own where it is one; none when nobody says"
    )


class SbomGraph(Base):
    """Which packages of an SBOM need which: a set of a million pairs, read whole or not at all."""

    __tablename__ = "sbom_graph"

    sbom_id: Mapped[int] = mapped_column(
        ForeignKey("sbom.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    packed: Mapped[bytes] = mapped_column(
        LargeBinary, comment="of `DependencyGraph.pack`; numbers are those of package_version"
    )


class Judgement(Base):
    """What a person says of a flaw that seems to touch a component, or one of its packages."""

    __tablename__ = "judgement"
    __table_args__ = (UniqueConstraint("component_id", "package", "flaw", "version"),)

    id: Mapped[Id]
    component_id: Mapped[str] = mapped_column(ForeignKey("component.id", ondelete="CASCADE"))
    package: Mapped[str] = mapped_column(String(500), comment="purl without version")
    flaw: Mapped[str] = mapped_column(String(100), comment="CVE where there is one, else the advisory's id")
    names: Mapped[Json] = mapped_column(
        default=list, server_default="[]", comment="all that records called the flaw when it was judged"
    )
    version: Mapped[str] = mapped_column(String(100), comment="the version that was judged")
    ranges: Mapped[str] = mapped_column(String(64), comment="SHA-256 of the affected ranges that were judged")
    state: Mapped[FlawState]
    justification: Mapped[Justification | None]
    reason: Mapped[LongText]
    until: Mapped[date | None]
    judged_by: Mapped[str] = mapped_column(String(200))
    judged_at: Mapped[Instant]
