"""Reads what a browser posts: a short form, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs

from fastapi import Request

MOST_BYTES: Final = 16_384
MOST_FIELDS: Final = 200
Form = Mapping[str, Sequence[str]]


class FormUnreadable(Exception):
    """The body is no form, or is larger than any form of ours."""


async def read_form(request: Request) -> Form:
    """The fields of a form, each with its values. Raises FormUnreadable."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise FormUnreadable(f"The form is larger than {MOST_BYTES} bytes.")
    try:
        return parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as fault:
        raise FormUnreadable("The form cannot be read.") from fault


def text(form: Form, name: str) -> str:
    """The one value of a field, without spaces at its ends; empty when it is not there.

    Lines end as we write them: browsers send a carriage return before each line feed.
    """
    values = form.get(name, ())
    return values[-1].replace("\r\n", "\n").strip() if values else ""
