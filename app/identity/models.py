from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.identity.kinds import FactorKind, Role
from app.platform.database import Base, Id, Instant, Name, UtcDateTime


class Person(Base):
    __tablename__ = "person"

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(254), unique=True, comment="lower case")
    name: Mapped[Name]
    title: Mapped[str] = mapped_column(String(200), default="", comment="function, as printed on a decision")
    language: Mapped[str] = mapped_column(String(2), default="fr")
    early_reminders: Mapped[bool] = mapped_column(
        default=True, server_default=true(), comment="more than a month ahead"
    )
    mail_reminders: Mapped[bool] = mapped_column(
        default=True, server_default=true(), comment="false: on their channels only"
    )
    created_at: Mapped[Instant]
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    grants: Mapped[list["Grant"]] = relationship(
        back_populates="person", lazy="raise", cascade="all, delete-orphan", foreign_keys="Grant.person_id"
    )


class Grant(Base):
    """A role given on a product, on an incubator (hence on its products), or on the platform (neither)."""

    __tablename__ = "grant"
    __table_args__ = (
        UniqueConstraint("person_id", "role", "product_id", "incubator_id"),
        CheckConstraint("product_id IS NULL OR incubator_id IS NULL", name="one_scope"),
    )

    id: Mapped[Id]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    role: Mapped[Role]
    product_id: Mapped[str | None] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    incubator_id: Mapped[str | None] = mapped_column(ForeignKey("incubator.id", ondelete="CASCADE"), index=True)
    given_at: Mapped[Instant]
    given_by_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))

    person: Mapped[Person] = relationship(back_populates="grants", lazy="raise", foreign_keys=[person_id])


class ListedAuthority(Base):
    """Whom an incubator vouches for as an authority of its products; kept once ended, for the decisions of its time."""

    __tablename__ = "listed_authority"

    id: Mapped[Id]
    incubator_id: Mapped[str] = mapped_column(ForeignKey("incubator.id"), index=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    function: Mapped[str] = mapped_column(String(200))
    entity: Mapped[str] = mapped_column(String(200))
    deed: Mapped[str] = mapped_column(String(300), comment="the act that names this authority")
    deed_on: Mapped[date]
    added_by_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[Instant]
    confirmed_by_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship(lazy="raise", foreign_keys=[person_id])
    added_by: Mapped[Person] = relationship(lazy="raise", foreign_keys=[added_by_id])
    confirmed_by: Mapped[Person | None] = relationship(lazy="raise", foreign_keys=[confirmed_by_id])


class LinkedAccount(Base):
    """An account of ProConnect, joined to a person or not yet; one person may have several, each is one person's."""

    __tablename__ = "linked_account"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[Id]
    issuer: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(255))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    name: Mapped[Name]
    email: Mapped[str] = mapped_column(String(254), comment="lower case, as ProConnect gave it last")
    siret: Mapped[str] = mapped_column(String(14))
    organization: Mapped[str] = mapped_column(String(200))
    provider: Mapped[str] = mapped_column(String(100), comment="identifier of the identity provider")
    joined_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[Instant]


class SignInLink(Base):
    """A magic link: only the hash of its secret is kept. It may join an account of ProConnect to its person."""

    __tablename__ = "sign_in_link"

    id: Mapped[Id]
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    expires_at: Mapped[Instant]
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_path: Mapped[str] = mapped_column(String(500), default="/")
    account_id: Mapped[str | None] = mapped_column(ForeignKey("linked_account.id", ondelete="CASCADE"))


class WebSession(Base):
    """A signed-in browser, called `browser` as it calls itself; `strong`: by a strong factor at ProConnect, of an account joined long enough
    for its person to object.

    `proved_at`: when a second factor of Jalon, or a recovery code, opened it fully; `confirmed_at`: when one was given again to
    change what opens the account; `signing`: that one signs.
    """

    __tablename__ = "web_session"

    id: Mapped[Id]
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    expires_at: Mapped[Instant]
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    browser: Mapped[str] = mapped_column(String(200), default="", server_default="")
    account_id: Mapped[str | None] = mapped_column(ForeignKey("linked_account.id", ondelete="CASCADE"))
    strong: Mapped[bool] = mapped_column(default=False, server_default=false())
    proved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    signing: Mapped[bool] = mapped_column(default=False, server_default=false())
    id_token: Mapped[str | None] = mapped_column(Text, comment="of ProConnect, encrypted: for its sign-out")

    person: Mapped[Person] = relationship(lazy="raise")


class KnownBrowser(Base):
    """A browser where somebody signed in, known by a cookie of its own whose hash is kept."""

    __tablename__ = "known_browser"
    __table_args__ = (UniqueConstraint("person_id", "secret_hash"),)

    id: Mapped[Id]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    last_used_at: Mapped[Instant]


class RightsReview(Base):
    """Somebody read again the roles of an incubator, or of the platform (no incubator)."""

    __tablename__ = "rights_review"

    id: Mapped[Id]
    incubator_id: Mapped[str | None] = mapped_column(ForeignKey("incubator.id", ondelete="CASCADE"), index=True)
    at: Mapped[Instant]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))

    person: Mapped[Person] = relationship(lazy="raise")


class SecondFactor(Base):
    """A security key, or an application that gives codes, of a person; it binds from `signs_from` on."""

    __tablename__ = "second_factor"

    id: Mapped[Id]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    kind: Mapped[FactorKind]
    name: Mapped[Name]
    secret: Mapped[str] = mapped_column(Text, comment="of codes: encrypted; of a key: its public key")
    credential_id: Mapped[str | None] = mapped_column(String(1400), unique=True)
    counter: Mapped[int] = mapped_column(default=0, comment="signatures made by a key; last step of a code used")
    added_at: Mapped[Instant]
    signs_from: Mapped[Instant]
    confirmed_by_id: Mapped[str | None] = mapped_column(ForeignKey("person.id"))
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship(lazy="raise", foreign_keys=[person_id])


class RecoveryCode(Base):
    """One of the ten codes that open the account of who lost their factor: only its hash is kept."""

    __tablename__ = "recovery_code"

    id: Mapped[Id]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[Instant]
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FactorChallenge(Base):
    """What a key must sign, once, for one purpose, within minutes."""

    __tablename__ = "factor_challenge"

    id: Mapped[Id]
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(200))
    challenge: Mapped[str] = mapped_column(String(100), comment="base64url")
    made_at: Mapped[Instant]
