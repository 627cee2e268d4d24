"""The study beside the graph: how deep it goes, who stands around, who could attack, and what is decided of each risk."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.analysis.kinds import StudyStep
from app.platform.database import Base, Id, Instant, Json, LongText, Name, UtcDateTime
from app.platform.editing import Edited
from risk_models.rules.proportionality import stakeholder_threat, stakeholder_zone
from risk_models.scales import Aim, Need, RiskSourceKind, StakeholderKind, StakeholderZone, Treatment


class SecurityProfile(Edited, Base):
    """Five answers from 1 to 4, the level in force, and a lower one that waits for somebody to agree."""

    __tablename__ = "security_profile"
    __table_args__ = (
        CheckConstraint(
            "data BETWEEN 1 AND 4 AND volume BETWEEN 1 AND 4 AND outage BETWEEN 1 AND 4"
            " AND audience BETWEEN 1 AND 4 AND openness BETWEEN 1 AND 4",
            name="answers",
        ),
        CheckConstraint("level BETWEEN 1 AND 3 AND (wanted IS NULL OR wanted < level)", name="level"),
    )

    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), primary_key=True)
    data: Mapped[int]
    volume: Mapped[int]
    outage: Mapped[int]
    audience: Mapped[int]
    openness: Mapped[int]
    level: Mapped[int] = mapped_column(comment="in force")
    wanted: Mapped[int | None] = mapped_column(comment="a lower level that waits for a reviewer")
    why: Mapped[LongText] = mapped_column(default="", comment="of the last level that people set or asked for")
    wanted_by: Mapped[str] = mapped_column(String(200), default="")
    approved_by: Mapped[str] = mapped_column(
        String(200), default="", comment="reviewer who agreed with the lower level"
    )
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    before_raise: Mapped[Json] = mapped_column(
        nullable=True,
        comment="answers, level and who raised it (raised_by, an id), as before that and until a decision",
    )


class Stakeholder(Edited, Base):
    """Somebody of the ecosystem (EBIOS RM, workshop 3)."""

    __tablename__ = "stakeholder"
    __table_args__ = (
        UniqueConstraint("product_id", "name"),
        CheckConstraint(
            "dependency BETWEEN 0 AND 4 AND penetration BETWEEN 0 AND 4 AND maturity BETWEEN 1 AND 4"
            " AND trust BETWEEN 1 AND 4",
            name="ratings",
        ),
    )

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    name: Mapped[Name]
    kind: Mapped[StakeholderKind]
    dependency: Mapped[int]
    penetration: Mapped[int]
    maturity: Mapped[int]
    trust: Mapped[int]
    note: Mapped[LongText] = mapped_column(default="")

    @property
    def threat(self) -> float:
        return stakeholder_threat(
            dependency=self.dependency, penetration=self.penetration, maturity=self.maturity, trust=self.trust
        )

    @property
    def zone(self) -> StakeholderZone:
        return stakeholder_zone(self.threat)


class RiskSource(Edited, Base):
    """Who could attack, after what, and whether the analysis keeps it (EBIOS RM, workshop 2)."""

    __tablename__ = "risk_source"
    __table_args__ = (UniqueConstraint("product_id", "kind", "aim", "name"),)

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    kind: Mapped[RiskSourceKind]
    name: Mapped[Name] = mapped_column(default="", comment="whom exactly, where it can be told")
    aim: Mapped[Aim]
    motivation: Mapped[int]
    resources: Mapped[int]
    kept: Mapped[bool]
    why: Mapped[LongText] = mapped_column(default="", comment="why it is kept or set aside")

    @property
    def relevance(self) -> int:
        """From 1 to 4: as strong as the weaker of motivation and resources."""
        return min(self.motivation, self.resources)


class RiskScenario(Edited, Base):
    """What people say of a scenario of the graph, or one that they tell themselves."""

    __tablename__ = "risk_scenario"
    __table_args__ = (UniqueConstraint("product_id", "key"),)

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(String(260), comment="of the graph's scenario; its own id where people tell it")
    told: Mapped[bool] = mapped_column(comment="whether people tell it, rather than the graph")
    deliberate: Mapped[bool] = mapped_column(default=True, comment="an attack; otherwise an accident or a negligence")
    story: Mapped[LongText] = mapped_column(default="")
    asset: Mapped[str] = mapped_column(String(100), default="", comment="ref of the essential asset")
    need: Mapped[Need | None]
    severity: Mapped[int | None] = mapped_column(comment="as people rate it")
    likelihood: Mapped[int | None] = mapped_column(comment="as people rate it")
    why: Mapped[LongText] = mapped_column(default="", comment="why people rate it otherwise than the graph")
    kept: Mapped[bool] = mapped_column(default=True)
    why_not: Mapped[LongText] = mapped_column(default="")
    rated_by: Mapped[str] = mapped_column(String(200), default="", comment="who gave the rating, or set it aside")
    treatment: Mapped[Treatment | None]
    treatment_note: Mapped[LongText] = mapped_column(default="")
    proposed_by: Mapped[str] = mapped_column(String(200), default="")  # who asks the authority to accept it
    accepted_until: Mapped[date | None]


class StepMark(Base):
    """Who takes a step of the analysis, and who passed it where the level does not ask it."""

    __tablename__ = "step_mark"

    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[StudyStep] = mapped_column(primary_key=True)
    taken_by: Mapped[str] = mapped_column(String(200), default="")
    skipped_by: Mapped[str] = mapped_column(String(200), default="")
    skipped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StepComment(Base):
    """A remark on a step, until somebody settles it."""

    __tablename__ = "step_comment"

    id: Mapped[Id]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    step: Mapped[StudyStep]
    text: Mapped[LongText]
    by: Mapped[Name]
    at: Mapped[Instant]
    settled_by: Mapped[str] = mapped_column(String(200), default="")
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
