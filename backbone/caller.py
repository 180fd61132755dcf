"""Who asks: the holder of an access token and its role, for what a request may do and under whose name.

Set where a request to ``/api`` or ``/ui`` comes in, and read where something depends on it; it belongs to the
task that answers the request. Where nobody has set it there is nobody to be told apart: the harness itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a person or program is to do here; each role may do what those before it may."""

    READER = "reader"  # looks at everything that holds no secret, takes evidence along, changes nothing
    TESTER = "tester"  # starts and steers runs, lets faults happen to them
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether this role may do what ``other`` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True)
class Caller:
    """``name``: of the access token; None for one who needed none and has shown none."""

    role: Role
    name: str | None = None

    def may(self, needed: str) -> bool:
        """Whether the caller may do what needs this role."""
        return self.role.includes(Role(needed))


_ITSELF: Final = Caller(Role.ADMIN)
_CALLER: Final[ContextVar[Caller]] = ContextVar("caller", default=_ITSELF)


def caller() -> Caller:
    """Who asks for what is being done."""
    return _CALLER.get()


@contextmanager
def calling(who: Caller) -> Iterator[None]:
    """Within the block it is ``who`` that asks."""
    before = _CALLER.set(who)
    try:
        yield
    finally:
        _CALLER.reset(before)
