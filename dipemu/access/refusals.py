"""What those are told who may not: who needs a token, who has an expired one, whose role does not reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from backbone.caller import Caller, Role
from dipemu.access.addresses import room
from dipemu.access.tokens import Token
from dipemu.answers import send_json

HELP: Final = (
    "This address is for people who run the emulator. Send Authorization: Bearer <token>, or set "
    "DIPEMU_TOKEN for the dipemu command. `dipemu access add NAME`, on the emulator's machine, gives a token."
)
_CHALLENGE: Final = (b"www-authenticate", b'Bearer realm="DIP Emulator"')


async def unknown(expired: Token | None, send: Callable[..., Any]) -> None:
    """401: no token, or none that counts; ``expired``: one that did until then."""
    await send_json(send, 401, {"detail": HELP if expired is None else _ended(expired)}, [_CHALLENGE])


def _ended(token: Token) -> str:
    return (
        f"The token of {token.name} expired on {token.expires:%Y-%m-%d at %H:%M} UTC. `dipemu access revoke "
        f"{token.name}` and `dipemu access add {token.name}`, on the emulator's machine, give a new one."
    )


async def beyond(
    who: Caller,
    role: Role | None,
    scope: dict[str, Any],
    receive: Callable[..., Any],
    send: Callable[..., Any],
) -> None:
    """403: the role does not reach; 404 for what is served nowhere. A page for the pages, else JSON."""
    method, path = scope["method"], scope["path"][:200]
    status, text = 404, f"Nothing is served at {method} {path}."
    if role is not None:
        status, text = 403, f"{method} {path} needs the role {role}; the token of {who.name} has {who.role}."
    if room(path) == "ui":
        from services.qualification.web.pages import problem

        title = "Your role does not reach this" if role else "Not found"
        await problem(status, title, text)(scope, receive, send)
    else:
        await send_json(send, status, {"detail": text})
