"""What moved since a decision: the living product beside the picture that was signed."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from app.analysis import services as analysis
from app.analysis import versions
from app.analysis.comparison import Change
from app.products.models import Product
from risk_models import product_file


@dataclass(frozen=True, slots=True)
class Drift:
    """Losses are expected points a year, as `risk_models.assess` gives them."""

    changes: list[Change]
    loss_then: float
    loss_now: float


def since_decision(session: Session, product: Product, frozen: dict[str, Any]) -> Drift:
    """Compares `frozen`, the content of a decided dossier, with the product as it is now."""
    living = analysis.read_system(session, product)
    then = product_file.from_dict(frozen["system"], as_of=date.fromisoformat(frozen["frozen_on"]))
    # Through the file as `then` was: what it does not carry is no change.
    now = product_file.from_dict(product_file.to_dict(living, complete=True))
    study = versions.study_of(session, product, living, analysis.assets_of(session, product.id))
    return Drift(
        changes=versions.compare_pictures(then, frozen.get("study") or {}, now, study),
        loss_then=frozen["assessment"]["loss"],
        loss_now=analysis.assess(living).loss,
    )
