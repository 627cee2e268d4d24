"""A worker of its own process that writes in the journal, for who tries several at once."""

import sys
from concurrent.futures import ThreadPoolExecutor

import app.factory  # noqa: F401 - every feature's tables
from app.journal.actions import Action
from app.journal.services import record
from app.platform.database import Database, make_engine

_THREADS = 2


def write(url: str, worker: str, acts: int) -> None:
    """`acts` lines by two threads, each line a transaction; the error of any of them, if there is one."""
    database = Database(make_engine(url))

    def act(n: int) -> None:
        with database.writing() as session:
            record(session, None, Action.ADD_COMPONENT, f"{worker}-{n}")

    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(act, range(acts)))


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2], int(sys.argv[3]))
