from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.platform.database import Base, Instant, Name


class TodoAside(Base):
    """A line of the list of things to do that its team does not know how to answer: it is shown apart until taken back."""

    __tablename__ = "todo_aside"

    product_id: Mapped[str] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(
        String(300), primary_key=True, comment="what the line asks, and of which components"
    )
    set_by: Mapped[Name]
    set_at: Mapped[Instant]
