"""Which products a transaction changes, known before it ends.

`Product.stamp` is another after each transaction that wrote a row of the product: what was computed from it is true for as
long as its stamp stays.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, event, select, update
from sqlalchemy.orm import Session

from app.platform.database import new_id
from app.products.models import Product

# Given the products that a transaction changed, and the kinds of rows that it wrote.
Follower = Callable[[Session, Sequence[str], Collection[type]], None]

_CHANGED, _KINDS = "changed_products", "written_kinds"
_followers: list[Follower] = []
_STAMP = update(Product.__table__).where(Product.__table__.c.id == bindparam("changed")).values(stamp=bindparam("new"))  # type: ignore[arg-type]


def follow_changes(act: Follower) -> Follower:
    """Has `act` run in each transaction that changes products, right before its commit."""
    _followers.append(act)
    return act


def hold_products(session: Session, chosen: ColumnElement[bool]) -> None:
    """Holds products before several are changed in one transaction, in the order in which all others wait for them."""
    session.execute(select(Product.id).where(chosen).order_by(Product.id).with_for_update(key_share=True))


def note_change(session: Session, product_ids: Iterable[str]) -> None:
    """Says that the transaction changes what these products are computed from, where no row of theirs tells."""
    session.info.setdefault(_CHANGED, set()).update(product_ids)


def _note_rows(session: Session, _context: Any) -> None:
    rows = (*session.new, *filter(session.is_modified, session.dirty), *session.deleted)
    # A row whose collection alone changed is written no more: the rows in it are. A product's incubators have none.
    kinds = (type(r) for r in rows if isinstance(r, Product) or _is_written(session, r))
    session.info.setdefault(_KINDS, set()).update(kinds)
    ids = (row.id if isinstance(row, Product) else getattr(row, "product_id", None) for row in rows)
    note_change(session, (i for i in ids if i))


def _is_written(session: Session, row: object) -> bool:
    return row in session.new or row in session.deleted or session.is_modified(row, include_collections=False)


def _stamp(session: Session) -> None:
    if session.in_nested_transaction():
        return
    session.flush()
    # In the order of ids, so that two transactions wait for each other in one direction only.
    ids, kinds = sorted(session.info.pop(_CHANGED, ())), session.info.pop(_KINDS, ())
    if ids:
        stamp = new_id()
        session.connection().execute(_STAMP, [{"changed": i, "new": stamp} for i in ids])
        for act in _followers:
            act(session, ids, kinds)


event.listen(Session, "after_flush", _note_rows)
event.listen(Session, "before_commit", _stamp)
