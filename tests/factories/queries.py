"""How many queries a page asks."""

from sqlalchemy import event

from tests import kept


def _queries(world, visitor, path) -> int:
    count = 0

    def counted(_connection, _cursor, statement, *_):
        nonlocal count
        count += not statement.startswith(("BEGIN", "PRAGMA"))  # of a transaction, not of a page

    visitor.get(path)
    event.listen(world.database.engine, "before_cursor_execute", counted)
    kept.comparing = False
    try:
        assert visitor.get(path).status_code == 200
    finally:
        kept.comparing = True
        event.remove(world.database.engine, "before_cursor_execute", counted)
    return count
