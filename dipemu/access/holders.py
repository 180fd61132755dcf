"""Who is behind a request: by the token it shows, or by the session of a signed-in browser."""

from __future__ import annotations

from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any, Final

from backbone.caller import Caller
from backbone.clock import Clock
from dipemu.access.sessions import Sessions
from dipemu.access.tokens import AccessTokens, Token
from dipemu.access.uses import Uses
from dipemu.errors import AccessInvalid

COOKIE: Final = "dipemu_access"
Scope = dict[str, Any]


class Holders:
    """Tokens, sessions and uses of one environment.

    Nobody is known while the file of the tokens cannot be read; `dipemu access list` tells what is wrong.
    """

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._tokens = AccessTokens(directory)
        self._sessions = Sessions(directory, self._tokens)
        self._uses = Uses(directory)
        self._clock = clock

    def caller(self, scope: Scope) -> Caller | None:
        """The holder of the token or session that a request shows; None for none that counts."""
        now, shown = self._clock.now(), bearer(scope)
        try:
            token = self._tokens.shown(shown) if shown else self._sessions.token(cookie(scope), now)
        except AccessInvalid:
            return None
        if token is None or token.expired(now):
            return None
        self._uses.note(token.name, now)
        return Caller(token.role, token.name)

    def expired(self, scope: Scope) -> Token | None:
        """The token that a request shows, if it did count once: its holder may be told."""
        try:
            token = self._tokens.shown(bearer(scope))
        except AccessInvalid:
            return None
        return token if token is not None and token.expired(self._clock.now()) else None

    def sign_in(self, secret: str) -> str | None:
        """Open a session for the holder of a token; None where the token does not count."""
        now: datetime = self._clock.now()
        try:
            token = self._tokens.shown(secret)
        except AccessInvalid:
            return None
        if token is None or token.expired(now):
            return None
        self._uses.note(token.name, now)
        return self._sessions.begin(token, now)

    def sign_out(self, scope: Scope) -> None:
        """End the session that a request shows."""
        self._sessions.end(cookie(scope))


def bearer(scope: Scope) -> str:
    """The token of the header Authorization; empty without one."""
    scheme, _, shown = header(scope, b"authorization").partition(" ")
    return shown.strip() if scheme.lower() == "bearer" else ""


def cookie(scope: Scope) -> str:
    """The session's secret; empty without one."""
    try:
        morsel = SimpleCookie(header(scope, b"cookie")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def header(scope: Scope, name: bytes) -> str:
    """The first header of this (lower-case) name, empty where there is none."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")
