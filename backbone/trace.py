"""W3C Trace Context: by which request a record, a message or a journal event came about.

The header ``traceparent`` reads ``00-<trace ID, 32 hexadecimal digits>-<parent ID, 16>-<flags, 2>``
(https://www.w3.org/TR/trace-context/). The trace ID stays the same from service to service; on the message
log it travels as a header of the record.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

TRACEPARENT: Final = "traceparent"
_IDS: Final = r"-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
_FORM: Final = re.compile(rf"00{_IDS}|(?!00|ff)[0-9a-f]{{2}}{_IDS}(?:-.*)?")  # later versions may say more


def trace_of(headers: Mapping[str, str]) -> str | None:
    """The trace ID in the headers (names in lower case); None without one, or with a malformed one."""
    found = _FORM.fullmatch(headers.get(TRACEPARENT, ""))
    return found[1] or found[2] if found else None


def trace_context(headers: Mapping[str, str]) -> dict[str, str]:
    """Of the headers those that carry the trace, to be handed on as they are."""
    return {TRACEPARENT: headers[TRACEPARENT]} if TRACEPARENT in headers else {}


def continued(trace: str | None) -> dict[str, str]:
    """The headers that carry a trace on, when only its ID was kept."""
    return {TRACEPARENT: traceparent(trace, trace[:16])} if trace else {}


def traceparent(trace: str, parent: str) -> str:
    """The header's value. ``trace``: 32 hexadecimal digits; ``parent``: 16, who hands it on."""
    return f"00-{trace}-{parent}-01"
