"""Where everything stands in the reference: the address of each part's page, below the index."""

from __future__ import annotations

import re
from typing import Final

from contracts.model import Variant

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")


def interface_page(name: str) -> str:
    return f"interfaces/{slug(name)}.html"


def event_place(variant: Variant) -> str:
    return f"{interface_page(variant.interface)}#{slug(variant.name)}"


def block_page(key: str) -> str:
    return f"blocks/{slug(key)}.html"


def item_page(key: str) -> str:
    return f"items/{slug(key)}.html"


def code_place(code: str) -> str:
    return f"codes.html#{slug(code)}"


def role_place(role: str) -> str:
    return f"roles.html#{slug(role)}"


def slug(name: str) -> str:
    """A name as a file name and anchor."""
    return _UNSAFE.sub("_", name)
