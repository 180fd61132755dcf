"""What a fault does to a publication on its way out. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson

from services.dip_gateway.faults import Fault

BODY_FAULTS: Final = frozenset({Fault.WRONG_ENVIRONMENT, Fault.REPLAY_FLAG})
SIGNING_FAULTS: Final = frozenset({Fault.BAD_SIGNATURE, Fault.EXPIRED_CERTIFICATE})


def spoiled_body(body: bytes, faults: Iterable[Fault]) -> bytes:
    """The publication with the wrong environment, or flagged as a replay."""
    chosen = set(faults) & BODY_FAULTS
    if not chosen:
        return body
    message: Any = orjson.loads(body)
    if not isinstance(message, dict):
        return body
    common = message["payload"]["CommonBlock"]
    if Fault.WRONG_ENVIRONMENT in chosen:
        tag = common["S1"]["environmentTag"]
        common["S1"]["environmentTag"] = "SIT" if tag == "PRD" else "PRD"
    if Fault.REPLAY_FLAG in chosen:
        common["D0"]["replayIndicator"] = True
    return orjson.dumps(message)


def spoiled_signature(signature: str) -> str:
    """Another valid base64 text: the signature with its middle character changed."""
    place = len(signature) // 2
    other = "A" if signature[place] != "A" else "B"
    return f"{signature[:place]}{other}{signature[place + 1 :]}"
