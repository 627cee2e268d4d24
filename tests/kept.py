"""What the application keeps is compared with what it would compute now, each time that it is used, in every test."""

import dataclasses
from collections.abc import Mapping, Sequence

from sqlalchemy import inspect

from app.analysis import result_cache
from app.platform.database import Base

_once = result_cache.compute_once
comparing = True  # a test that counts queries says False


def checked_once(session, product, what, make):
    found = _once(session, product, what, make)
    if comparing:
        now = make()
        assert found is now or _plain(found) == _plain(now), f"{what} of {product.slug} is kept though it changed"
    return found


def _plain(value):
    """Values by their fields, rows by their key, lazy texts as read."""
    if isinstance(value, Base):
        return inspect(value).identity
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(v) for v in value]
    return str(value)
