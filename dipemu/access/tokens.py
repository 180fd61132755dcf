"""The access tokens of one environment: a name and the digest of a secret for each person or program.

They live in ``access.json`` of the data directory, which only its owner may read. A token is 256 random
bits, so that a plain SHA-256 keeps it: there is nothing to guess. The token itself is shown once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from dipemu.errors import AccessInvalid
from participant.files import write_private

FILE: Final = "access.json"
LONGEST_TOKEN: Final = 200  # of what a caller may show us
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}\Z")
_PREFIX: Final = "dipemu_"  # lets scanners for leaked secrets find one


class AccessTokens:
    """Reads the file again whenever it has changed: a token given or taken away counts at once."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._known: Mapping[str, Mapping[str, str]] = {}
        self._stamp: tuple[int, int] | None = None

    def add(self, name: str, now: datetime) -> str:
        """Give ``name`` a token. Raises AccessInvalid for a name that is taken or cannot be one."""
        if not _NAME.match(name):
            raise AccessInvalid(
                f"{name!r} is no name for access: 1 to 64 letters, digits, dots, dashes, underscores or @, "
                "beginning with a letter or digit."
            )
        known = dict(self._read())
        if name in known:
            raise AccessInvalid(f"{name} has a token already. Remove it first to give a new one.")
        token = _PREFIX + secrets.token_urlsafe(32)
        self._write({**known, name: {"sha256": _digest(token), "created": now.isoformat()}})
        return token

    def remove(self, name: str) -> None:
        """Take the token of ``name`` away. Raises AccessInvalid when there is none."""
        known = dict(self._read())
        if known.pop(name, None) is None:
            raise AccessInvalid(f"{name} has no token. Who has one: {', '.join(sorted(known)) or 'nobody'}.")
        self._write(known)

    def given(self) -> Mapping[str, str]:
        """Names, each with the moment its token was given (ISO 8601)."""
        return {name: entry["created"] for name, entry in sorted(self._read().items())}

    def holder(self, token: str) -> str | None:
        """Whose token this is; None when it is nobody's."""
        if not token or len(token) > LONGEST_TOKEN:
            return None
        shown = _digest(token)
        found = [name for name, entry in self._read().items() if hmac.compare_digest(entry["sha256"], shown)]
        return found[0] if found else None

    def _read(self) -> Mapping[str, Mapping[str, str]]:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._stamp:
                self._known = _checked(orjson.loads(self._path.read_bytes()))
                self._stamp = stamp
        except FileNotFoundError:
            self._known, self._stamp = {}, None
        except (OSError, ValueError, TypeError, KeyError) as fault:
            raise AccessInvalid(
                f"{self._path} cannot be read ({fault}): mend it, or delete it and give new tokens."
            ) from fault
        return self._known

    def _write(self, known: Mapping[str, Mapping[str, str]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(self._path, orjson.dumps(known, option=orjson.OPT_INDENT_2) + b"\n")


def _checked(document: Any) -> dict[str, dict[str, str]]:
    return {
        str(name): {"sha256": str(entry["sha256"]), "created": str(entry["created"])}
        for name, entry in dict(document).items()
    }


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
