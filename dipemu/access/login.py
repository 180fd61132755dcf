"""``/ui/login`` and ``/ui/logout``: the pages' way to show a token, which opens a session, and to end it.

The cookie is out of reach of scripts and is never sent along by other sites (HttpOnly, SameSite=Strict).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs

from dipemu.access.holders import COOKIE, Holders

LOGIN: Final = "/ui/login"
LOGOUT: Final = "/ui/logout"
LONGEST_FORM: Final = 2_000  # bytes
Send = Callable[..., Any]
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in - DIP Emulator</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 28rem; margin: 12vh auto; padding: 0 1rem }}
label, input, button {{ display: block; font: inherit }}
input {{ width: 100%; box-sizing: border-box; padding: .5rem; margin: .25rem 0 1rem; border: 1px solid #666 }}
button {{ padding: .5rem 1.25rem; background: #0b4f8a; color: #fff; border: 0; cursor: pointer }}
.wrong {{ border-left: 4px solid #b00020; padding-left: .75rem }}
</style></head><body>
<h1>DIP Emulator</h1>{said}
<form method="post" action="/ui/login">
<label for="token">Access token</label>
<input id="token" name="token" type="password" required autofocus maxlength="200">
<button>Sign in</button></form>
<p>Whoever runs the emulator gives you a token: <code>dipemu access add NAME</code>.</p>
</body></html>"""
_WRONG: Final = (
    '<p class="wrong" role="alert">This token does not count here: it may be over, or revoked.</p>'
)


def serves(path: str) -> bool:
    """Whether this is one of the two addresses that need no token."""
    return path in (LOGIN, LOGOUT)


async def send_there(send: Send) -> None:
    """Send a browser to the sign-in page."""
    await _answer(send, 303, b"", [(b"location", LOGIN.encode())])


async def answer(holders: Holders, scope: dict[str, Any], receive: Callable[..., Any], send: Send) -> None:
    """Show the form, take a token (303 to the pages, 401 for one that does not count), or sign out."""
    if scope["path"] == LOGOUT and scope["method"] == "POST":
        holders.sign_out(scope)
        await _answer(send, 303, b"", [(b"location", LOGIN.encode()), _cookie("", 0, scope)])
    elif scope["method"] == "POST":
        await _sign_in(holders, scope, await _token(receive), send)
    else:
        await _page(send, 200, "")


async def _sign_in(holders: Holders, scope: dict[str, Any], token: str, send: Send) -> None:
    session = holders.sign_in(token)
    if session is None:
        await _page(send, 401, _WRONG)
        return
    await _answer(send, 303, b"", [(b"location", b"/ui"), _cookie(session, None, scope)])


async def _token(receive: Callable[..., Any]) -> str:
    """The form's field; empty for a body that is too long to be this form."""
    body = b""
    while len(body) <= LONGEST_FORM:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            values = parse_qs(body.decode("latin-1")).get("token", [""])
            return str(values[0]).strip()
    return ""


def _cookie(value: str, lasts: int | None, scope: dict[str, Any]) -> tuple[bytes, bytes]:
    parts = [f"{COOKIE}={value}", "Path=/", "HttpOnly", "SameSite=Strict"]
    parts += [f"Max-Age={lasts}"] if lasts is not None else []
    parts += ["Secure"] if scope.get("scheme") == "https" else []
    return b"set-cookie", "; ".join(parts).encode()


async def _page(send: Send, status: int, said: str) -> None:
    policy = b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-security-policy", policy)]
    await _answer(send, status, _PAGE.format(said=said).encode(), headers)


async def _answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    every = [*headers, (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": every})
    await send({"type": "http.response.body", "body": body})
