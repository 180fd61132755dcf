"""Signed-in browsers: a secret of its own for each, so that signing out ends it here and not only there.

One file per session in ``sessions`` of the data directory, named by the digest of the secret, so that every
process on that directory knows it and a restart ends none. A session counts no longer than the token that
opened it: one that was revoked, or replaced by another for the same name, ends its sessions.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from dipemu.access.tokens import LONGEST_TOKEN, AccessTokens, Token, digest
from participant.files import write_private

FOLDER: Final = "sessions"
LASTS: Final = timedelta(hours=12)  # a working day; then one signs in again


class _Kept(NamedTuple):
    name: str
    token: str  # the digest of the token that opened it
    ends: datetime


class Sessions:
    """The sessions of one environment."""

    def __init__(self, directory: Path, tokens: AccessTokens) -> None:
        self._folder = directory / FOLDER
        self._tokens = tokens

    def begin(self, token: Token, now: datetime) -> str:
        """Open a session for the holder of ``token``; its secret."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._tidy(now)
        secret = secrets.token_urlsafe(32)
        content = {"name": token.name, "token": token.sha256, "ends": (now + LASTS).isoformat()}
        write_private(self._file(secret), orjson.dumps(content))
        return secret

    def token(self, secret: str, now: datetime) -> Token | None:
        """The token that opened this session; None where it has ended, or never was one.

        Raises AccessInvalid.
        """
        if not secret or len(secret) > LONGEST_TOKEN:
            return None
        kept = _read(self._file(secret))
        if kept is None or kept.ends <= now:
            return None
        token = self._tokens.of(kept.name)
        return token if token is not None and token.sha256 == kept.token else None

    def end(self, secret: str) -> None:
        """End the session; one that is none is left alone."""
        self._file(secret).unlink(missing_ok=True)

    def _file(self, secret: str) -> Path:
        return self._folder / digest(secret)

    def _tidy(self, now: datetime) -> None:
        for file in self._folder.iterdir():
            kept = _read(file)
            if kept is not None and kept.ends <= now:
                file.unlink(missing_ok=True)


def _read(file: Path) -> _Kept | None:
    """What a session's file says; None for one that is gone or says nothing."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = orjson.loads(file.read_bytes())
        return _Kept(str(kept["name"]), str(kept["token"]), datetime.fromisoformat(kept["ends"]))
    return None
