"""One running emulator for the tests of a module; participants are minted for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.incoming_supplier import Supplier
from tests.e2e.emulator import Emulator
from tests.e2e.evidence import Made
from tests.e2e.supplier import play


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    running = Emulator(tmp_path_factory.mktemp("emulator") / "data", DIPEMU_RETRY_FIRST_SECONDS="0.1")
    running.data.mkdir()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def made(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The evidence of a run that the example supplier passes."""
    place = tmp_path_factory.mktemp("made")
    identity = emulator.add_participant(place / "supplier")
    play(place / "supplier", Supplier)
    _, document = emulator.run("--participant", f"SUPI={identity['dipId']}", "--timeout", "20")
    return Made(Path(document["evidence"]), emulator.data, place / "supplier")
