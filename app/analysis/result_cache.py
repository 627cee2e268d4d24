"""What was computed from a product, kept in this process for as long as nothing that it is made of changes."""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from app.feeds.models import Feed
from app.platform import clock
from app.platform.database import only_reads
from app.products.models import Product

T = TypeVar("T")


def compute_once(session: Session, product: Product, what: Hashable, make: Callable[[], T]) -> T:
    """The result of `make`, named `what`: that of before where the product, the feeds and the day are the same.

    Nobody changes what it gives. A session that writes sees what is not committed, and makes its own; so does one that was
    given a product as it was before.
    """
    if not only_reads(session):
        return make()
    made_of = select(Product.stamp, Feed.name, Feed.loaded_at, Feed.sha256).outerjoin(Feed, true())
    stamps = tuple(map(tuple, session.execute(made_of.where(Product.id == product.id))))
    if not stamps or stamps[0][0] != product.stamp:
        return make()
    place = _place(what, product.id, clock.today(), stamps)
    if not place:
        place.append(make())
    return place[0]  # type: ignore[no-any-return]


@lru_cache(maxsize=64)
def _place(*_named: Hashable) -> list[Any]:
    """Where one result is kept, empty at first."""
    return []
