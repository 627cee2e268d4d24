"""Pages of a long list."""

from dataclasses import dataclass

from flask import request


@dataclass(frozen=True, slots=True)
class Page:
    number: int
    size: int
    total: int

    @property
    def last(self) -> int:
        return max(1, -(-self.total // self.size))


def page_number() -> int:
    """The page asked for in the address, 1 where it says nothing useful."""
    asked = request.args.get("page", "1")
    return max(1, min(int(asked), 10_000)) if asked.isdecimal() and len(asked) < 8 else 1
