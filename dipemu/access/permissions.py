"""The role that each address under ``/api`` and ``/ui`` needs: every one is here, and nothing else is served.

Whole messages as they came are not for readers, since a participant may have put a secret into one: they have
them from the pages, the journal and the evidence, where such are withheld.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import unquote

from backbone.caller import Role

DECLARED: Final[Mapping[Role, str]] = {
    Role.READER: """
        GET /metrics
        GET /api/docs
        GET /api/openapi.json
        GET /api/scenarios
        GET /api/scenarios/{scenario_id}
        GET /api/runs
        GET /api/runs/{run_id}
        GET /api/runs/{run_id}/evidence
        GET /api/messages
        GET /api/deliveries
        GET /api/faults
        GET /api/holdings/{mpan}
        GET /api/journal
        GET /api/participants
        GET /api/participants/{dip-id}
        GET /ui
        GET /ui/live
        GET /ui/static/{name}
        GET /ui/start
        POST /ui/start/preflight
        GET /ui/runs/{run_id}
        GET /ui/runs/{run_id}/live
        GET /ui/runs/{run_id}/messages/{event_id}
        GET /ui/runs/{run_id}/messages/{event_id}/part
        GET /ui/runs/{run_id}/evidence/{path:path}
        GET /ui/messages
        GET /ui/messages/{key}
        GET /ui/participants
        GET /ui/scenarios
        GET /ui/scenarios/{scenario_id}
    """,
    Role.TESTER: """
        POST /api/runs
        POST /api/runs/{run_id}/cancel
        POST /api/runs/{run_id}/steps/{step}/release
        POST /api/runs/{run_id}/flow
        POST /api/runs/{run_id}/clock
        POST /api/runs/{run_id}/steps/{step}/attest
        POST /api/runs/{run_id}/steps/{step}/skip
        POST /api/runs/{run_id}/notes
        GET /api/messages/{id}
        POST /api/faults
        DELETE /api/faults/{name}
        POST /ui/start
        POST /ui/runs/{run_id}/cancel
        POST /ui/runs/{run_id}/steps/{step}/{what}
        POST /ui/runs/{run_id}/{what}
    """,
    Role.ADMIN: """
        POST /api/deliveries/{id}/requeue
        POST /api/holdings
        POST /api/participants
        DELETE /api/participants/{dip-id}
        POST /api/participants/{dip-id}/api-key
        POST /api/participants/{dip-id}/certificates
        DELETE /api/participants/{dip-id}/certificates/{fingerprint}
        PUT /api/participants/{dip-id}/connection-provider
        PUT /api/participants/{dip-id}/webhooks/{channel}
        DELETE /api/participants/{dip-id}/webhooks/{channel}
        GET /api/directory
        POST /api/directory
    """,
}


def declared() -> Iterator[tuple[str, str, Role]]:
    """Method, template and role of every address."""
    for role, lines in DECLARED.items():
        for line in filter(None, map(str.strip, lines.splitlines())):
            method, template = line.split(" ")
            yield method, template, role


_TABLE: Final[Sequence[tuple[str, Sequence[str], Role]]] = [
    (method, template.strip("/").split("/"), role) for method, template, role in declared()
]


def needed(method: str, path: str, raw_path: str) -> Role | None:
    """The role for a request; None for an address that is not declared.

    ``path`` is decoded, ``raw_path`` is not: services look at one or the other, so the stricter counts.
    """
    method = "GET" if method == "HEAD" else method
    encoded = [unquote(part) for part in _parts(raw_path)]
    found = [role for parts in (_parts(path), encoded) for role in _roles(method, parts)]
    return max(found, key=list(Role).index, default=None)


def _parts(path: str) -> list[str]:
    return path.strip("/").split("/")


def _roles(method: str, parts: Sequence[str]) -> Iterator[Role]:
    """The roles of all templates that fit: one of them is served, which is not asked."""
    return (role for wanted, words, role in _TABLE if wanted == method and _fits(words, parts))


def _fits(words: Sequence[str], parts: Sequence[str]) -> bool:
    if words[-1].endswith(":path}") and len(parts) >= len(words):
        parts = [*parts[: len(words) - 1], "/".join(parts[len(words) - 1 :])]
    return len(words) == len(parts) and all(
        word.startswith("{") or word == part.lower() for word, part in zip(words, parts, strict=True)
    )
