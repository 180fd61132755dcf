"""Turns templates into answers, all with the same headers: nothing comes from elsewhere, none is framed."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from fastapi.responses import HTMLResponse, Response
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from backbone.caller import caller
from backbone.clock import UK
from services.qualification.report import moment, shown

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
MOST_SHOWN: Final = 100_000
"""Characters of a message's body on a page; the raw file has all."""
_ASSETS: Final = {"ui.css": "text/css", "ui.js": "text/javascript"}


def headers(policy: str = POLICY) -> dict[str, str]:
    """The headers of every answer. The referrer stays within: without it a form's Origin would be null."""
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


@cache
def evidence_policy() -> str:
    """Of the report, which carries its style and its script with it. Evidence holds what strangers sent."""
    source = files("services.qualification").joinpath("templates", "report.html.j2").read_text("utf-8")
    digests = (hashlib.sha256(script.encode()).digest() for script in _SCRIPT.findall(source))
    scripts = " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in digests) or "'none'"
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src {scripts}; base-uri 'none'; "
        "frame-ancestors 'none'; sandbox allow-scripts allow-popups"
    )


@cache
def templates() -> Environment:
    """The templates of the pages, and those of the report, whose parts they share."""
    loaders = [
        PackageLoader("services.qualification.web", "templates"),
        PackageLoader("services.qualification", "templates"),
    ]
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": moment, "shown": shown, "second": second, "day": day, "uk": uk}
    environment.filters |= {"css": css, "duration": duration, "cut": cut}
    environment.filters |= {
        "is_time": is_time,
        "spoken": spoken,
        "placeholders": placeholders,
        "headed": headed,
    }
    environment.globals |= {"most_shown": MOST_SHOWN, "caller": caller}
    return environment


def rendered(template: str, **values: Any) -> str:
    """The text of a template."""
    return templates().get_template(template).render(**values)


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page, or a part of one."""
    return HTMLResponse(rendered(template, **values), status, headers())


def problem(status: int, title: str, text: str) -> HTMLResponse:
    """A page that says what is wrong and leads back."""
    return page("problem.html.j2", status, title=title, text=text)


@cache
def _asset(name: str) -> bytes:
    own = files("services.qualification.web").joinpath("static", name).read_bytes()
    if name != "ui.css":
        return own
    return files("services.qualification").joinpath("templates", "report.css").read_bytes() + own


def asset(name: str) -> Response:
    """The style sheet (the report's, with what the pages add) or the script."""
    if name not in _ASSETS:
        return problem(404, "Not found", f"There is no file {name[:80]}.")
    return Response(_asset(name), media_type=_ASSETS[name], headers=headers())


def _at(value: str | datetime) -> datetime:
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


def second(value: str | datetime | None) -> str:
    """``2026-03-02 09:00:04 UTC``; nothing for no time."""
    return f"{_at(value):%Y-%m-%d %H:%M:%S} UTC" if value else ""


def day(value: str | datetime) -> str:
    """``2 March 2026``, in UTC."""
    at = _at(value)
    return f"{at.day} {at:%B %Y}"


def uk(value: str | datetime) -> str:
    """``7 December 2026, 00:00 UK time``: dates of supply and appointment begin at UK-local midnight."""
    at = _at(value).astimezone(UK)
    return f"{at.day} {at:%B %Y}, {at:%H:%M} UK time"


def duration(seconds: float) -> str:
    """``4 min 05 s``, ``2 h 10 min``, ``7 days 03 h``."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 48 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} days {whole % 86400 // 3600:02d} h"


def css(text: str) -> str:
    """A result as the name of a class."""
    return text.replace(" ", "-")


def cut(text: str) -> str:
    """The beginning of a long text."""
    return text[:MOST_SHOWN]


def is_time(value: object) -> bool:
    """Whether a value of a run is a moment with an offset, as the market writes it."""
    return isinstance(value, str) and _MOMENT.fullmatch(value) is not None


def spoken(name: str) -> str:
    """``Supply start date`` for ``supplyStartDate``."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return words[:1].upper() + words[1:].lower()


def headed(theme: str) -> str:
    """``Change of supplier`` for ``change-of-supplier``."""
    words = theme.replace("-", " ")
    return words[:1].upper() + words[1:]


def placeholders(text: str) -> str:
    """A scenario's text with its expressions as names in angle marks: ``‹supplyStartDate›``."""
    return re.sub(r"\$\{([^}]*)\}", r"‹\1›", text)
