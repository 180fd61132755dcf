"""What a composition needs to run one service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from backbone.measures import Measure

Worker = Callable[[], Coroutine[Any, Any, None]]
"""Runs until it is cancelled. An exception that leaves it is a fault of ours."""


async def nothing() -> Sequence[Measure]:
    """The measures of a service that has none."""
    return ()


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its web application (an ASGI callable), where it is mounted, and its workers."""

    name: str
    app: Any = None  # an ASGI application, or None for a service without HTTP
    prefix: str = ""  # "" or "/registration"
    workers: Sequence[Worker] = ()
    ready: Callable[[], bool] = lambda: True
    waits_for: Callable[[], str] = lambda: (
        "It does not listen to the message log yet."
    )  # while it is not ready
    measures: Callable[[], Awaitable[Sequence[Measure]]] = nothing
