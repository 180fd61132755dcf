"""CSS01700 → CSS02800: taking a switch request and announcing the registration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from backbone.clock import uk_midnight
from backbone.journal.events import Kind
from contracts import css
from participant.handlers import TIME_HAS_PASSED, CssOut, Incoming, JournalNote, Outgoing, World
from participant.parties import Party
from services.css_stub.handlers import Callbacks, build_registry
from services.css_stub.switches import MpanSwitches

NOW = datetime(2026, 3, 20, 10, 30, tzinfo=UTC)
MPAN = "1012345678903"
SUPPLIER, OTHER, REGS, OUTSIDE_REGS = "2300000001", "2300000002", "2200000001", "2200000009"
WORLD = World(
    [
        Party(SUPPLIER, "SUP", "SUPA"),
        Party(OTHER, "SUP", "SUPB"),
        Party(REGS, "REGS", "RGSA", harness=True),
        Party(OUTSIDE_REGS, "REGS", "RGSZ"),
    ]
)


def request(mpid: str = "SUPA", days: int = 7) -> dict[str, Any]:
    return css.switch_request(
        mpan=MPAN,
        supplier_mpid=mpid,
        supply_start_date=uk_midnight(NOW, days),
        registration_reference="R1",
        now=NOW,
    )


def asked(message: Mapping[str, Any], sender: str = SUPPLIER, identifier: str = "one") -> Incoming:
    return Incoming("css", "CSS", MPAN, "CSS01700", None, message, identifier, sender=sender)


def ordered(name: str, arguments: Mapping[str, Any], to: str = SUPPLIER) -> Incoming:
    return Incoming("command", to, MPAN, name, None, arguments, f"order-{name}", "run-1")


def tell(
    state: MpanSwitches | None,
    incoming: Incoming,
    urls: Mapping[str, str] | None = None,
    now: datetime = NOW,
) -> tuple[MpanSwitches, Sequence[Outgoing]]:
    handler = build_registry(Callbacks((urls or {}).get)).find(incoming)
    assert handler is not None
    after, outputs = handler(state, incoming, now, WORLD)
    assert after is not None
    return after, outputs


def messages(outputs: Sequence[Outgoing]) -> list[CssOut]:
    return [one for one in outputs if isinstance(one, CssOut)]


def notes(outputs: Sequence[Outgoing]) -> list[JournalNote]:
    return [one for one in outputs if isinstance(one, JournalNote)]


def test_a_switch_request_leads_to_a_pending_registration_at_the_registration_service() -> None:
    message = request()
    state, outputs = tell(None, asked(message))

    (announcement,) = messages(outputs)
    assert (announcement.sender, announcement.to) == ("CSS", "REGS")
    assert css.check(announcement.message) == ()
    header = css.header(announcement.message)
    assert (header.event_type, header.status, header.mpan) == ("CSS02800", "Pending", MPAN)
    assert header.correlation_id == message["correlationId"]
    assert header.registration_id == state.registrations[0].registration_id
    assert UUID(header.registration_id)


def test_the_journal_holds_the_switch_request_as_received() -> None:
    message = request()
    (note,) = notes(tell(None, asked(message))[1])

    assert (note.kind, note.interface, note.sender, note.recipient) == (
        Kind.CSS_MESSAGE,
        "CSS01700",
        SUPPLIER,
        "CSS",
    )
    assert note.details == {}
    assert orjson.loads(note.body or "") == message


def test_the_same_request_always_gets_the_same_registration() -> None:
    message = request()
    first, _ = tell(None, asked(message))
    again, _ = tell(None, asked(message))
    assert first == again


def test_the_same_request_twice_is_one_switch() -> None:
    message = request()
    once, _ = tell(None, asked(message))
    twice, outputs = tell(once, asked(message, identifier="two"))
    assert twice == once
    assert messages(outputs) == []
    assert [note.kind for note in notes(outputs)] == [Kind.CSS_MESSAGE]


def test_a_second_switch_while_one_is_pending_is_refused() -> None:
    state, _ = tell(None, asked(request()))
    after, outputs = tell(state, asked(request("SUPB"), OTHER, "two"))

    assert after == state
    assert messages(outputs) == []
    refusal = notes(outputs)[1]
    assert refusal.kind is Kind.CSS_REFUSED
    assert "under way" in refusal.details["problems"][0]


def test_an_injected_request_says_on_whose_behalf_it_was_sent() -> None:
    order = ordered("inject", {"message": request(), "onBehalfOf": SUPPLIER}, to="CSS")
    _, outputs = tell(None, order)

    assert notes(outputs)[0].details == {"onBehalfOf": SUPPLIER}
    assert notes(outputs)[0].sender == SUPPLIER
    assert [message.to for message in messages(outputs)] == ["REGS"]


def test_an_injected_request_is_by_default_on_behalf_of_whom_the_order_is_for() -> None:
    _, outputs = tell(None, ordered("inject", {"message": request()}))
    assert notes(outputs)[0].details == {"onBehalfOf": SUPPLIER}


def test_an_injected_request_that_css_would_refuse_is_refused() -> None:
    state, outputs = tell(None, ordered("inject", {"message": request(days=40)}))
    assert state == MpanSwitches()
    assert [note.kind for note in notes(outputs)] == [Kind.CSS_MESSAGE, Kind.CSS_REFUSED]


def test_a_supplier_with_a_callback_is_told_too() -> None:
    _, outputs = tell(None, asked(request()), {"SUPA": "https://supplier.example/css"})

    assert [message.to for message in messages(outputs)] == ["REGS", "https://supplier.example/css"]
    told = notes(outputs)[-1]
    assert (told.interface, told.sender, told.recipient) == ("CSS02800", "CSS", SUPPLIER)


def test_a_registration_service_outside_is_told_at_its_callback() -> None:
    state, _ = tell(None, ordered("register_with", {"dipId": OUTSIDE_REGS}))
    _, outputs = tell(state, asked(request()), {"RGSZ": "https://register.example/css"})

    (announcement,) = messages(outputs)
    assert announcement.to == "https://register.example/css"
    assert notes(outputs)[-1].recipient == OUTSIDE_REGS


def test_a_registration_service_outside_without_a_callback_is_told_of_in_the_journal() -> None:
    state, _ = tell(None, ordered("register_with", {"dipId": OUTSIDE_REGS}))
    _, outputs = tell(state, asked(request()))

    assert messages(outputs) == []
    assert notes(outputs)[-1].details["problems"] == [
        "RGSZ has registered no callback: PUT /css/callbacks/RGSZ"
    ]


def test_the_harness_registration_service_needs_no_callback() -> None:
    state, outputs = tell(None, ordered("register_with", {"dipId": REGS}))
    assert notes(outputs)[0].details == {"command": "register_with"}
    assert [message.to for message in messages(tell(state, asked(request()))[1])] == ["REGS"]


@pytest.mark.parametrize("status", ["Confirmed", "SecuredActive", "Cancelled"])
def test_a_switch_is_moved_on_by_the_harness(status: str) -> None:
    state, _ = tell(None, asked(request()))
    after, outputs = tell(state, ordered("registration_status", {"status": status}))

    (announcement,) = messages(outputs)
    assert css.check(announcement.message) == ()
    header = css.header(announcement.message)
    assert (header.event_type, header.status) == ("CSS02370", status)
    assert header.supplier_dip_id == SUPPLIER
    assert header.registration_id == after.registrations[0].registration_id
    assert after.registrations[0].status == status


def test_a_cancelled_switch_makes_room_for_another() -> None:
    state, _ = tell(None, asked(request()))
    state, _ = tell(state, ordered("registration_status", {"status": "Cancelled"}))
    state, outputs = tell(state, asked(request("SUPB"), OTHER, "two"))
    assert len(state.registrations) == 2
    assert len(messages(outputs)) == 1


@pytest.mark.parametrize("arguments", [{"status": "Confirmed"}, {"status": "Pending"}])
def test_a_switch_that_does_not_exist_cannot_be_moved_on(arguments: Mapping[str, Any]) -> None:
    with pytest.raises(LookupError):
        tell(None, ordered("registration_status", arguments))


def test_what_css_knows_survives_being_stored() -> None:
    state, _ = tell(None, asked(request()))
    assert MpanSwitches.model_validate_json(state.model_dump_json()) == state


def pending_switch(days: int = 7) -> MpanSwitches:
    return tell(None, asked(request(days=days)))[0]


def time_passes(state: MpanSwitches, now: datetime) -> tuple[MpanSwitches, Sequence[Outgoing]]:
    incoming = Incoming("time", "CSS", MPAN, TIME_HAS_PASSED, None, {}, "time:1")
    return tell(state, incoming, now=now)


@pytest.mark.parametrize("status", [None, "Confirmed"])
def test_a_switch_is_secured_when_its_supply_start_date_comes(status: str | None) -> None:
    state = pending_switch()
    if status is not None:
        state, _ = tell(state, ordered("registration_status", {"status": status}))
    start = uk_midnight(NOW, 7)
    assert state.next_start() == start
    assert messages(time_passes(state, start - timedelta(seconds=1))[1]) == []

    after, outputs = time_passes(state, start)
    (announcement,) = messages(outputs)
    assert css.check(announcement.message) == ()
    header = css.header(announcement.message)
    assert (header.event_type, header.status) == ("CSS02370", "SecuredActive")
    assert (after.registrations[0].status, after.next_start()) == ("SecuredActive", None)
    assert time_passes(after, start + timedelta(days=1)) == (after, [])


@pytest.mark.parametrize("status", ["SecuredActive", "Cancelled"])
def test_a_switch_that_is_decided_waits_for_nothing(status: str) -> None:
    state, _ = tell(pending_switch(), ordered("registration_status", {"status": status}))
    assert state.next_start() is None


def test_a_switch_is_held_by_order_until_it_is_let_go() -> None:
    state, outputs = tell(pending_switch(), ordered("hold", {}))
    assert notes(outputs) == [JournalNote(Kind.HARNESS_PREPARED, {"command": "hold"})]
    assert state.next_start() is None

    state, _ = tell(state, ordered("hold", {"held": False}))
    assert state.next_start() == uk_midnight(NOW, 7)


def test_a_switch_may_be_held_before_it_is_asked_for() -> None:
    held, _ = tell(None, ordered("hold", {}))
    state, outputs = tell(held, asked(request()))
    assert state.next_start() is None
    assert len(messages(outputs)) == 1
