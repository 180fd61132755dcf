"""What CSS does with a switch request, and with the harness's orders about a switch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import orjson

from backbone.journal.events import Kind
from contracts import css
from participant.handlers import CssOut, HandlerRegistry, Incoming, JournalNote, Outgoing, World
from participant.standing_back import stand_back
from services.css_stub.rules import refusals
from services.css_stub.switches import MpanSwitches, Registration, begin

CSS: Final = "CSS"
REGISTRATION_SERVICE: Final = "REGS"
Outcome = tuple[MpanSwitches, Sequence[Outgoing]]


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Where parties outside the harness want CSS messages: ``url`` gives it by MPID."""

    url: Callable[[str], str | None]


def build_registry(callbacks: Callbacks) -> HandlerRegistry[MpanSwitches]:
    """The handlers of CSS, with the callbacks that parties have registered."""
    registry = HandlerRegistry(MpanSwitches)

    @registry.css(css.SWITCH_REQUEST)
    def requested(state: MpanSwitches | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
        """CSS01700 from a supplier."""
        request = Request(incoming.message, incoming.sender or "", incoming.id)
        return take(state or MpanSwitches(), request, now, world, callbacks)

    @registry.command("inject")
    def injected(state: MpanSwitches | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
        """CSS01700 that the harness sends on a supplier's behalf: ``{"message": …, "onBehalfOf": …}``."""
        supplier = str(incoming.message.get("onBehalfOf") or incoming.to)
        request = Request(incoming.message["message"], supplier, incoming.id, injected=True)
        return take(state or MpanSwitches(), request, now, world, callbacks)

    @registry.timer(MpanSwitches.next_start)
    def supply_starts(state: MpanSwitches | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
        """The supply start date of a switch has come, and nobody has decided otherwise: it is secured."""
        state, messages = state or MpanSwitches(), list[Outgoing]()
        for registration in state.starting(now):
            state, told = proceed(state, registration, "SecuredActive", now, world, callbacks)
            messages += told
        return state, messages

    @registry.command("registration_status")
    def move_on(state: MpanSwitches | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
        """Take a switch (``registrationId``, else the newest) further: ``{"status": "SecuredActive"}``."""
        status, registration_id = incoming.message["status"], incoming.message.get("registrationId")
        registration = (state or MpanSwitches()).by_id(registration_id)
        if status not in css.STATUSES or registration is None or state is None:
            raise LookupError(f"no switch {registration_id or ''} of {incoming.mpan} can become {status}")
        return proceed(state, registration, status, now, world, callbacks)

    registry.command("register_with")(register_with)
    registry.command("hold")(hold)
    registry.command("stand_back")(keep_silent)
    return registry


def register_with(state: MpanSwitches | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
    """Tell this registration service, ``{"dipId": …}``, about the MPAN's switches from now on."""
    party = world.party(incoming.message["dipId"])
    outside = party is not None and not party.harness
    service = party.mpid if party is not None and outside else None
    known = (state or MpanSwitches()).model_copy(update={"registration_service": service})
    return known, [JournalNote(Kind.HARNESS_PREPARED, {"command": incoming.name})]


def hold(state: MpanSwitches | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
    """From now on leave the MPAN's switches unsecured; ``{"held": false}`` takes that back."""
    held = incoming.message.get("held", True) is not False
    known = (state or MpanSwitches()).model_copy(update={"held": held})
    return known, [JournalNote(Kind.HARNESS_PREPARED, {"command": incoming.name})]


def keep_silent(state: MpanSwitches | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
    """Announce nothing of the MPAN's switches, or not the messages named, until told otherwise."""
    return stand_back(state or MpanSwitches(), replace(incoming, to=CSS), now, world)


@dataclass(frozen=True, slots=True)
class Request:
    """A switch request with the DIP ID of its sender. ``id``: the same when the same thing comes again."""

    message: Mapping[str, Any]
    supplier: str
    id: str
    injected: bool = False

    def note(self, kind: Kind, problems: Sequence[str] = ()) -> JournalNote:
        """The request in the journal."""
        header = css.header(self.message)
        behalf = {"onBehalfOf": self.supplier} if self.injected else {}
        return JournalNote(
            kind,
            behalf | ({"problems": list(problems)} if problems else {}),
            interface=header.event_type or css.SWITCH_REQUEST,
            sender=self.supplier,
            recipient=CSS,
            reference=header.event_id,
            correlation_id=header.correlation_id,
            body=orjson.dumps(self.message).decode(),
        )


def take(state: MpanSwitches, request: Request, now: datetime, world: World, callbacks: Callbacks) -> Outcome:
    """Begin a switch and announce it, or say why not. The same request twice begins one switch."""
    problems = tuple(_problems(state, request, now, world))
    received = request.note(Kind.CSS_MESSAGE)
    if problems:
        return state, [received, request.note(Kind.CSS_REFUSED, problems)]
    if state.by_request(request.message) is not None:
        return state, [received]
    registration = begin(request.message, request.id, request.supplier)
    after = state.with_registration(registration)
    message = registration.pending(now)
    return after, [received, *announce(after, registration, message, world, callbacks)]


def proceed(
    state: MpanSwitches,
    registration: Registration,
    status: str,
    now: datetime,
    world: World,
    callbacks: Callbacks,
) -> Outcome:
    """Another status of a switch, announced to the registration service and the supplier."""
    message = css.registration_status(registration.pending(now), status=status, now=now)
    changed = registration.model_copy(update={"status": status})
    return state.with_registration(changed), announce(state, changed, message, world, callbacks)


def announce(
    state: MpanSwitches,
    registration: Registration,
    message: Mapping[str, Any],
    world: World,
    callbacks: Callbacks,
) -> Sequence[Outgoing]:
    """Send a message to the registration service and, where it has a callback, to the supplier.

    Our own registration service writes to the journal what it receives; for others it is written here.
    """
    outside = state.registration_service
    supplier = callbacks.url(registration.supplier_mpid)
    out: list[Outgoing] = []
    if outside is None:
        out.append(CssOut(CSS, REGISTRATION_SERVICE, message))
    elif url := callbacks.url(outside):
        out += _to_callback(message, url, outside, REGISTRATION_SERVICE, world)
    else:
        text = f"{outside} has registered no callback: PUT /css/callbacks/{outside}"
        refused = _to_party(message, outside, REGISTRATION_SERVICE, world, Kind.CSS_REFUSED)
        out.append(replace(refused, details={"problems": [text]}))
    if supplier is not None:
        out += _to_callback(message, supplier, registration.supplier_mpid, "SUP", world)
    return out


def _to_callback(
    message: Mapping[str, Any], url: str, mpid: str, role: str, world: World
) -> Sequence[Outgoing]:
    note = replace(_to_party(message, mpid, role, world, Kind.CSS_MESSAGE), details={"callback": url})
    return [note, CssOut(CSS, url, message)]


def _to_party(message: Mapping[str, Any], mpid: str, role: str, world: World, kind: Kind) -> JournalNote:
    """What the journal says of a message to a party outside the harness."""
    party, header = world.by_mpid(mpid, role), css.header(message)
    return JournalNote(
        kind,
        {},
        interface=header.event_type,
        sender=CSS,
        recipient=party.dip_id if party else mpid,
        reference=header.event_id,
        correlation_id=header.correlation_id,
        body=orjson.dumps(message).decode(),
    )


def _problems(state: MpanSwitches, request: Request, now: datetime, world: World) -> Iterator[str]:
    supplier = world.party(request.supplier)
    for problem in refusals(request.message, now, supplier.mpid if supplier else None):
        yield f"{problem.pointer}: {problem.message}"
    pending = state.pending()
    if pending is not None and pending.request != request.message:
        yield f"A switch of this MPAN is under way: registration {pending.registration_id}."
