"""What a webhook answers, and how it reads what it is posted."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import envelope, load_catalogue
from contracts.envelope import Header
from participant.answers import entry, standard_response
from participant.handlers import Incoming
from participant.inbox import incoming_publication, parse_batch
from participant.wire import inbox_record, read_record
from tests.unit.participant.keys import NOW

REGS = "2200000001"
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def publication(interface: str = "IF-031", event: str = "[MSApp]", **more: Any) -> dict[str, Any]:
    message = envelope.build(
        interface,
        event,
        sender=envelope.Sender("2300000001", "SUP"),
        now=NOW,
        mpan=envelope.MpanBlock("1200000000018", "2500000001", "_A"),
    )
    values: dict[str, Any] = {"transaction_id": "T-1", "at": NOW, "correlation_id": "CI-1"} | more
    return envelope.publication(message, primary=[REGS], secondary=[], always=[], **values)


class TestEntry:
    catalogue = load_catalogue("2.1.0")

    def test_it_repeats_what_the_message_said_and_turns_its_direction(self) -> None:
        message = publication()
        header = envelope.header(message)
        made = entry(self.catalogue, "RCP0000", now=NOW, recipient=REGS, header=header)
        assert made == {
            "transactionID": "T-1",
            "senderUniqueReference": header.reference,
            "correlationID": "CI-1",
            "sentTimestamp": "2026-03-21T12:00:00+00:00",
            "senderID": REGS,
            "recipientID": "2300000001",
            "DIPConnectionProviderID": None,
            "message": "RCP0000 - Message Success",
            "help": None,
            "serviceTicketURL": "not yet implemented",
        }

    def test_without_a_message_only_the_code_and_the_help_are_said(self) -> None:
        made = entry(self.catalogue, "RCP9999", now=NOW, recipient=REGS, help="Sign it.")
        assert (made["message"], made["help"]) == ("RCP9999 - Message Signature Invalid", "Sign it.")
        assert made["transactionID"] is made["senderUniqueReference"] is made["recipientID"] is None

    def test_the_senders_correlation_stands_in_for_a_missing_one(self) -> None:
        header = Header(correlation_id="CI-2")
        made = entry(self.catalogue, "RCP0000", now=NOW, recipient=REGS, header=header)
        assert made["correlationID"] == "CI-2"

    def test_help_is_never_longer_than_its_field(self) -> None:
        made = entry(self.catalogue, "RCP1001", now=NOW, recipient=REGS, help="x" * 900)
        assert len(made["help"]) == 500

    def test_the_body_around_it(self) -> None:
        assert standard_response([{"a": 1}], NOW) == {
            "messageArray": [{"a": 1}],
            "timestamp": "2026-03-21T12:00:00+00:00",
        }


class TestReading:
    def test_a_publication(self) -> None:
        message = publication()
        assert incoming_publication(message, REGS) == Incoming(
            kind="dip",
            to=REGS,
            mpan="1200000000018",
            name="PUB-031",
            event="[MSApp]",
            message=message,
            id=f"T-1:{REGS}",
            sender="2300000001",
        )

    def test_a_publication_whose_id_is_missing_is_named_after_its_interface(self) -> None:
        message = publication()
        del message["payload"]["CommonBlock"]["D0"]["publicationID"]
        assert incoming_publication(message, REGS).name == "PUB-031"

    def test_a_report_keeps_its_name(self) -> None:
        assert incoming_publication(publication("REP-900", "[X]"), REGS).name == "REP-900"

    def test_an_entry_of_a_status_message(self) -> None:
        status = {"transactionID": "T-1", "message": "MSG1031 - …", "senderUniqueReference": "S-1"}
        read = incoming_publication(status, REGS)
        assert (read.name, read.event, read.mpan) == ("STATUS", None, "")
        assert read.id == incoming_publication(dict(reversed(status.items())), REGS).id
        assert read.id != incoming_publication(status | {"message": "MSG1030 - …"}, REGS).id

    def test_a_replayed_publication_is_the_same_incoming_thing(self) -> None:
        first, again = publication(), publication(replay=True)
        assert incoming_publication(first, REGS).id == incoming_publication(again, REGS).id

    @given(message=st.dictionaries(st.text(max_size=5), json_values, max_size=3))
    def test_any_object_can_be_kept_and_read_again(self, message: dict[str, Any]) -> None:
        incoming = incoming_publication(message, REGS)
        assert read_record(inbox_record("registration", incoming)) == incoming

    @given(common=st.dictionaries(st.sampled_from(["S0", "S1", "M0", "D0", "R0"]), json_values))
    def test_any_common_block_can_be_kept_and_read_again(self, common: dict[str, Any]) -> None:
        incoming = incoming_publication({"payload": {"CommonBlock": common}}, REGS)
        assert read_record(inbox_record("registration", incoming)) == incoming

    @given(value=json_values)
    def test_a_batch_is_a_list_of_objects_and_nothing_else(self, value: Any) -> None:
        messages = parse_batch(orjson.dumps(value))
        is_batch = isinstance(value, list) and value != [] and all(isinstance(m, dict) for m in value)
        assert messages == (value if is_batch else None)

    @pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[", b'[{"a":NaN}]', b"[{}] {}"])
    def test_what_is_no_json_is_no_batch(self, body: bytes) -> None:
        assert parse_batch(body) is None
