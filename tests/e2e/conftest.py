"""One running emulator for the tests of a module; participants are minted for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.emulator import Emulator


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    running = Emulator(tmp_path_factory.mktemp("emulator") / "data", DIPEMU_RETRY_FIRST_SECONDS="0.1")
    running.data.mkdir()
    running.start()
    yield running
    running.stop()
