"""One open log per test; each adapter's module says which, through the fixture ``kit``."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backbone.log import MessageLog
from tests.integration.log.kit import Kit


@pytest.fixture
async def log(kit: Kit) -> AsyncIterator[MessageLog]:
    opened = await kit.open()
    yield opened
    await opened.close()
