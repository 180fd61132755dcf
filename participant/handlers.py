"""Role handlers: what a participant does with what it is told, as pure functions.

A handler is ``(state or None, incoming, now, world) -> (state, outgoing)``. It does no I/O: the engine
saves the state and what is to be sent in one database transaction, then sends. The same incoming thing
may be handed in twice only when the first attempt left no trace.

    registry = HandlerRegistry(Registration)

    @registry.handles("PUB-031", "[MSApp]")
    def appointment(state, incoming, now, world):
        return state, [DipOut(sender=incoming.to, interface="IF-032", event="[MSAppInitialResp]", custom={})]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel

from backbone.journal.events import Kind
from participant.errors import HandlerConflict
from participant.parties import Party, Snapshot

if TYPE_CHECKING:
    from contracts import Catalogue
    from contracts.envelope import MpanBlock, ResponseBlock

IncomingKind = Literal["dip", "css", "command", "time"]
TIME_HAS_PASSED: Final = "time has passed"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing a service is told.

    ``to``: the DIP ID (of this service) it is for. ``mpan``: 13 digits, ``""`` where the message has none.
    ``name``: ``PUB-031`` (kind dip), ``CSS02800`` (css) or the command's name. ``event``: with square
    brackets, ``[MSApp]``; None for all but dip. ``message``: the parsed publication
    ``{"payload": {...}}``, the CSS message, or the command's arguments; empty when time has passed.
    ``id``: the same each time the same thing comes. ``run``: the qualification run it belongs to, where
    known. ``sender``: DIP ID of who sent the publication or CSS message (``CSS``: the switching service),
    where known.
    """

    kind: IncomingKind
    to: str
    mpan: str
    name: str
    event: str | None
    message: Mapping[str, Any]
    id: str
    run: str | None = None
    sender: str | None = None


@dataclass(frozen=True, slots=True)
class DipOut:
    """A message to the DIP. The engine adds reference, timestamp and role, signs and sends it.

    ``sender``: one of the service's DIP IDs. ``primary``: DIP IDs of the primary recipients.
    ``custom``: the CustomBlock; None for the few messages that must not have one.
    """

    sender: str
    interface: str
    event: str
    custom: Mapping[str, Any] | None
    mpan: MpanBlock | None = None
    primary: Sequence[str] = ()
    response: ResponseBlock | None = None
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class CssOut:
    """A message outside the DIP. ``to``: ``CSS``, ``REGS`` or a callback URL.

    ``sender``: one of the service's DIP IDs, or ``CSS``. The engine journals neither the sending nor the
    receipt of it: the receiver's handler does, with a JournalNote.
    """

    sender: str
    to: str
    message: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WholeOut:
    """Messages to the DIP that are whole already, for one POST: the engine only signs and sends them.

    ``sender``: who signs, one of the service's DIP IDs; what the messages say of it may differ on purpose.
    ``may_be_refused``: that the DIP refuses them is no fault of the harness.
    """

    sender: str
    interface: str
    messages: Sequence[Mapping[str, Any]]
    may_be_refused: bool = False


@dataclass(frozen=True, slots=True)
class JournalNote:
    """An event for the journal. ``mpan`` and ``run`` left out are those of the incoming thing."""

    kind: Kind
    details: Mapping[str, Any] = field(default_factory=dict)
    mpan: str | None = None
    run: str | None = None
    interface: str | None = None
    event_code: str | None = None
    sender: str | None = None
    recipient: str | None = None
    reference: str | None = None
    transaction_id: str | None = None
    correlation_id: str | None = None
    codes: tuple[str, ...] = ()
    body: str | None = None


Outgoing = DipOut | WholeOut | CssOut | JournalNote


class World:
    """Read-only facts for handlers: who is who, which contracts, which environment.

    ``World([Party("2300000001", "SUP", "SUPA")])`` is all a test needs.
    """

    def __init__(
        self,
        parties: Sequence[Party] = (),
        catalogue: Catalogue | None = None,
        environment: str = "UIT",
        snapshot: Snapshot | None = None,
    ) -> None:
        self._snapshot = snapshot or Snapshot(parties)
        self._catalogue = catalogue
        self.environment = environment

    @property
    def catalogue(self) -> Catalogue:
        """The message contracts in force. Raises LookupError in a world made without any."""
        if self._catalogue is None:
            raise LookupError("this world was made without a catalogue")
        return self._catalogue

    def party(self, dip_id: str) -> Party | None:
        """The party with this DIP ID."""
        return self._snapshot.party(dip_id)

    def by_mpid(self, mpid: str, role: str) -> Party | None:
        """The party of this market participant (four letters) in this DIP role."""
        return self._snapshot.by_mpid(mpid, role)

    def holders(self, role: str) -> tuple[Party, ...]:
        """All parties with this DIP role code, in the order they were added."""
        return self._snapshot.holders(role)


State = TypeVar("State", bound=BaseModel)
Handler = Callable[[State | None, Incoming, datetime, World], tuple[State | None, Sequence[Outgoing]]]
Key = tuple[IncomingKind, str, str | None]


class HandlerRegistry(Generic[State]):
    """Which handler takes what. ``state_type``: the frozen pydantic model kept per MPAN."""

    def __init__(self, state_type: type[State]) -> None:
        self.state_type = state_type
        self._handlers: dict[Key, Handler[State]] = {}
        self._due: Callable[[State], datetime | None] | None = None

    def handles(
        self, publication: str, event: str | None = None
    ) -> Callable[[Handler[State]], Handler[State]]:
        """Take this publication (``PUB-031``) with this event code; None takes all others of it."""
        return self._claim(("dip", publication, event))

    def css(self, event_type: str) -> Callable[[Handler[State]], Handler[State]]:
        """Take CSS messages of this event type, ``CSS02800``."""
        return self._claim(("css", event_type, None))

    def command(self, name: str) -> Callable[[Handler[State]], Handler[State]]:
        """Take a command of the harness."""
        return self._claim(("command", name, None))

    def timer(self, due: Callable[[State], datetime | None]) -> Callable[[Handler[State]], Handler[State]]:
        """Take the passing of time: the handler gets each state as soon as its ``due`` moment has come.

        ``due`` is pure; None: nothing will happen by itself. Moments are told by the business clock of the
        MPAN. What the handler leaves must not be due again at once.
        """
        self._due = due
        return self._claim(("time", TIME_HAS_PASSED, None))

    def due(self, state: State) -> datetime | None:
        """The next moment at which time changes this state."""
        return self._due(state) if self._due is not None else None

    def find(self, incoming: Incoming) -> Handler[State] | None:
        """The handler for this, the one for its very event first; None when nobody takes it."""
        exact = self._handlers.get((incoming.kind, incoming.name, incoming.event))
        return exact or self._handlers.get((incoming.kind, incoming.name, None))

    def commands(self) -> frozenset[str]:
        """The commands of the harness that are taken."""
        return frozenset(name for kind, name, _ in self._handlers if kind == "command")

    def takes_all(self, publication: str) -> bool:
        """Whether a handler takes every event of this publication."""
        return ("dip", publication, None) in self._handlers

    @property
    def takes_time(self) -> bool:
        """Whether time by itself changes anything."""
        return self._due is not None

    @property
    def takes_css(self) -> bool:
        """Whether any CSS message is taken."""
        return any(kind == "css" for kind, _, _ in self._handlers)

    def _claim(self, key: Key) -> Callable[[Handler[State]], Handler[State]]:
        def keep(handler: Handler[State]) -> Handler[State]:
            if key in self._handlers:
                raise HandlerConflict(f"two handlers claim {' '.join(part for part in key if part)}")
            self._handlers[key] = handler
            return handler

        return keep
