"""Pages of a long list."""

from dataclasses import dataclass

from flask import request


@dataclass(frozen=True, slots=True)
class Page:
    number: int
    size: int
    total: int

    @classmethod
    def asked(cls, size: int, total: int) -> "Page":
        """The page in the address, the last one where it is past the end."""
        return cls(min(page_number(), cls(1, size, total).last), size, total)

    @property
    def last(self) -> int:
        return max(1, -(-self.total // self.size))


def page_number() -> int:
    """The page asked for in the address, 1 where it says nothing useful."""
    asked = request.args.get("page", "1")
    return max(1, min(int(asked), 10_000)) if asked.isdecimal() and len(asked) < 8 else 1
