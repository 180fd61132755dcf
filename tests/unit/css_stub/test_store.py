"""Callbacks are kept in the database and known at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backbone.database import Database
from services.css_stub.store import CallbackStore


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'css.sqlite3'}")
    await database.create_tables()
    yield database
    await database.close()


async def test_a_callback_is_known_at_once_and_after_a_restart(database: Database) -> None:
    callbacks = CallbackStore(database)
    await callbacks.put("SUPA", "https://a.example/css")
    assert callbacks.url("SUPA") == "https://a.example/css"

    again = CallbackStore(database)
    assert again.url("SUPA") is None
    await again.load()
    assert again.url("SUPA") == "https://a.example/css"


async def test_a_new_callback_takes_the_place_of_the_old_one(database: Database) -> None:
    callbacks = CallbackStore(database)
    await callbacks.put("SUPA", "https://a.example/one")
    await callbacks.put("SUPA", "https://a.example/two")
    await callbacks.load()
    assert callbacks.url("SUPA") == "https://a.example/two"


async def test_a_removed_callback_is_gone(database: Database) -> None:
    callbacks = CallbackStore(database)
    await callbacks.put("SUPA", "https://a.example/css")
    assert await callbacks.remove("SUPA")
    assert not await callbacks.remove("SUPA")
    await callbacks.load()
    assert callbacks.url("SUPA") is None


async def test_parties_keep_apart(database: Database) -> None:
    callbacks = CallbackStore(database)
    await callbacks.put("SUPA", "https://a.example/css")
    await callbacks.put("SUPB", "https://b.example/css")
    await callbacks.remove("SUPA")
    assert callbacks.url("SUPB") == "https://b.example/css"
