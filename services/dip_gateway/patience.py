"""Doing again what the log or the database could not do just now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from backbone.errors import DatabaseUnavailable, LogUnavailable

RETRY_SECONDS = 0.5
T = TypeVar("T")

_log = logging.getLogger(__name__)


async def until_done(step: Callable[[], Awaitable[T]], what: str) -> T:
    """Run ``step`` until neither the log nor the database is away; ``what`` it is, for the record."""
    while True:
        try:
            return await step()
        except (LogUnavailable, DatabaseUnavailable) as fault:
            _log.warning("%s waits: %s", what, fault)
            await asyncio.sleep(RETRY_SECONDS)
