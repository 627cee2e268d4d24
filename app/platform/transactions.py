"""A use case is one transaction: its function says so by `@transaction`, and nothing else commits.

What is not decorated runs in its caller's transaction. A use case that calls another makes one transaction of both.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy import event
from sqlalchemy.orm import Session

P = ParamSpec("P")
R = TypeVar("R")
UseCase = Callable[Concatenate[Session, P], R]

_OUTERMOST, _CHANGED, _JOURNALED = "use_case", "use_case_changed", "use_case_journaled"


class Unjournaled(RuntimeError):
    """A use case changed rows and left no line in the journal: a mistake of ours, and nothing is kept of it."""


def transaction(use_case: UseCase[P, R]) -> UseCase[P, R]:
    """Commits what `use_case` changed once it returns, provided that the journal says it; on any error it commits nothing.

    Who opened the session closes it then, or forgets what it holds (`discard_changes`). Raises `Unjournaled`.
    """
    return _committed(use_case, journaled=True)


def unjournaled_transaction(use_case: UseCase[P, R]) -> UseCase[P, R]:
    """As `transaction`, for what changes nothing that anybody will ask about: a link asked for, an upload, a counter."""
    return _committed(use_case, journaled=False)


def _committed(use_case: UseCase[P, R], *, journaled: bool) -> UseCase[P, R]:
    @wraps(use_case)
    def committed(session: Session, *args: P.args, **kwargs: P.kwargs) -> R:
        if _OUTERMOST in session.info:
            return use_case(session, *args, **kwargs)
        session.info |= {_OUTERMOST: use_case.__qualname__, _CHANGED: False, _JOURNALED: False}
        try:
            result = use_case(session, *args, **kwargs)
            session.flush()
            if journaled and session.info[_CHANGED] and not session.info[_JOURNALED]:
                raise Unjournaled(f"{use_case.__module__}.{use_case.__qualname__}")
            session.commit()
        finally:
            for key in (_OUTERMOST, _CHANGED, _JOURNALED):
                session.info.pop(key, None)
        return result

    return cast("UseCase[P, R]", committed)


def keep_despite_refusal(session: Session) -> None:
    """Commits what was written so far, before the use case refuses: a wrong code counts even though all else is undone."""
    session.commit()


def note_journaled(session: Session) -> None:
    """Says that the journal holds a line about what this transaction changes."""
    session.info[_JOURNALED] = True


@event.listens_for(Session, "after_flush")
def _note_change(session: Session, _context: object) -> None:
    if _OUTERMOST in session.info:
        session.info[_CHANGED] = True
