"""The access tokens of one environment: a name, a role and the digest of a secret for each person or program.

They live in ``access.json`` of the data directory, which only its owner may read. A token is 256 random
bits, so that a plain SHA-256 keeps it: there is nothing to guess. The token itself is shown once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from backbone.caller import Role
from dipemu.errors import AccessInvalid
from participant.files import write_private

FILE: Final = "access.json"
LONGEST_TOKEN: Final = 200  # of what a caller may show us
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z")
_PREFIX: Final = "dipemu_"  # lets scanners for leaked secrets find one


@dataclass(frozen=True)
class Token:
    """One token as it is kept. ``expires``: None for one that counts until it is revoked."""

    name: str
    role: Role
    created: datetime
    expires: datetime | None
    sha256: str

    def expired(self, now: datetime) -> bool:
        return self.expires is not None and self.expires <= now


class AccessTokens:
    """Reads the file again whenever it has changed: a token given or revoked counts at once."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._known: Mapping[str, Token] = {}
        self._stamp: tuple[int, int] | None = None

    def add(self, name: str, now: datetime, role: Role, days: int | None = None) -> str:
        """Give ``name`` a token. Raises AccessInvalid for a name that is taken or cannot be one."""
        if not _NAME.match(name):
            raise AccessInvalid(
                f"{name!r} is no name for access: 1 to 64 letters, digits, dots, dashes, underscores or @, "
                "beginning with a letter or digit."
            )
        known = dict(self._read())
        if name in known:
            raise AccessInvalid(f"{name} has a token already. Revoke it first to give a new one.")
        secret = _PREFIX + secrets.token_urlsafe(32)
        expires = None if days is None else now + timedelta(days=days)
        self._write({**known, name: Token(name, role, now, expires, digest(secret))})
        return secret

    def revoke(self, name: str) -> None:
        """Take the token of ``name`` away. Raises AccessInvalid when there is none."""
        known = dict(self._read())
        if known.pop(name, None) is None:
            raise AccessInvalid(f"{name} has no token. Who has one: {', '.join(sorted(known)) or 'nobody'}.")
        self._write(known)

    def given(self) -> list[Token]:
        """All tokens, by name."""
        return [token for _, token in sorted(self._read().items())]

    def of(self, name: str) -> Token | None:
        """The token that this name has now."""
        return self._read().get(name)

    def shown(self, secret: str) -> Token | None:
        """The token that this is, expired or not; None when it is nobody's."""
        if not secret or len(secret) > LONGEST_TOKEN:
            return None
        wanted = digest(secret)
        found = [token for token in self._read().values() if hmac.compare_digest(token.sha256, wanted)]
        return found[0] if found else None

    def _read(self) -> Mapping[str, Token]:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._stamp:
                self._known = _checked(orjson.loads(self._path.read_bytes()))
                self._stamp = stamp
        except FileNotFoundError:
            self._known, self._stamp = {}, None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as fault:
            raise AccessInvalid(
                f"{self._path} cannot be read ({fault}): mend it, or delete it and give new tokens."
            ) from fault
        return self._known

    def _write(self, known: Mapping[str, Token]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = {name: _kept(token) for name, token in known.items()}
        write_private(self._path, orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")


def digest(secret: str) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _kept(token: Token) -> dict[str, str]:
    expires = {} if token.expires is None else {"expires": token.expires.isoformat()}
    return {
        "sha256": token.sha256,
        "created": token.created.isoformat(),
        "role": token.role.value,
        **expires,
    }


def _checked(document: Any) -> dict[str, Token]:
    return {str(name): _token(str(name), entry) for name, entry in dict(document).items()}


def _token(name: str, entry: Mapping[str, str]) -> Token:
    """A token of before there were roles may do everything, as it could then."""
    expires = entry.get("expires")
    return Token(
        name,
        Role(entry.get("role", Role.ADMIN)),
        datetime.fromisoformat(entry["created"]),
        None if expires is None else datetime.fromisoformat(expires),
        str(entry["sha256"]),
    )
