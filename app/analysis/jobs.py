"""What this feature asks of workers."""

from dataclasses import dataclass
from typing import ClassVar

from app.platform.jobs import Task


@dataclass(frozen=True)
class AssessProduct(Task):
    kind: ClassVar[str] = "assess_product"
    product_id: str
