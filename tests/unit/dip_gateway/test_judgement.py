"""L1: every check by itself, and all or nothing over the batch."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts import envelope, load_catalogue
from contracts.envelope import MpanBlock, Sender
from contracts.validation import Validator
from participant.parties import Party
from services.dip_gateway.judgement import Finding, Judged, Rules, explain, judge, judge_batch

NOW = datetime(2026, 3, 21, 12, 0, tzinfo=UTC)
SUPPLIER = Party("2300000001", "SUP", "SUPA")
NOMINATOR = Party("2300000002", "SUP", "SUPB", connection_provider="2300000001")
PARTIES = {party.dip_id: party for party in (SUPPLIER, NOMINATOR)}
VALIDATOR = Validator(load_catalogue("2.1.0"))
CUSTOM = {
    "B013": {"CSSRegistrationID": "9f2f0a7c"},
    "B070": {
        "proposedMeteringServiceDIPID": "1200000001",
        "proposedMeteringServiceMPID": "MSSA",
        "proposedMeteringServiceDIPEffectiveFromDate": "2026-04-01T00:00:00+01:00",
        "contractReferenceMeteringService": None,
        "appointmentScenario": "COS",
    },
}


def rules(**changes: Any) -> Rules:
    base = Rules(
        channel="IF-031",
        party=SUPPLIER,
        party_of=PARTIES.get,
        check=VALIDATOR.check,
        senders=lambda interface, event: frozenset({"SUP"}),
        known=lambda sender, reference: False,
        now=lambda mpan: NOW,
    )
    return replace(base, **changes)


def message(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "sender": Sender("2300000001", "SUP"),
        "now": NOW,
        "custom": CUSTOM,
        "mpan": MpanBlock("2000056535971", "2500000001", "_K"),
    }
    return envelope.build("IF-031", "[MSApp]", **(values | changes))


def with_s1(**fields: Any) -> dict[str, Any]:
    built = message()
    built["payload"]["CommonBlock"]["S1"] |= fields
    return built


def codes(judged: Judged) -> set[str]:
    return {finding.code for finding in judged.findings}


def test_a_good_message_has_no_findings() -> None:
    judged = judge(message(), rules())
    assert judged.findings == ()
    assert judged.code is None


def test_msg1001_schema_failure_with_pointer() -> None:
    broken = message()
    del broken["payload"]["CustomBlock"]["B070"]
    judged = judge(broken, rules())
    assert judged.code == "MSG1001"
    assert any(finding.pointer == "/payload/CustomBlock/B070" for finding in judged.findings)


@pytest.mark.parametrize(
    "strange", [None, 1, "text", [], {}, {"payload": None}, {"payload": {"CommonBlock": 3}}]
)
def test_msg1001_for_any_shape_at_all(strange: Any) -> None:
    assert judge(strange, rules()).code == "MSG1001"


def test_msg1002_another_interface_than_the_channel() -> None:
    judged = judge(message(), rules(channel="IF-021"))
    assert judged.code == "MSG1002"
    assert "/dip-channel/IF-031" in explain(judged)


def test_msg1006_a_reference_used_before() -> None:
    judged = judge(message(), rules(known=lambda sender, reference: True))
    assert judged.code == "MSG1006"


def test_msg1006_a_reference_used_twice_in_one_batch() -> None:
    twice = [message(unique="aa"), message(unique="aa"), message(unique="bb")]
    assert [one.code for one in judge_batch(twice, rules())] == ["MSG1006", "MSG1006", None]


def test_the_same_reference_of_two_senders_is_two_references() -> None:
    seen: list[tuple[str, str]] = []

    def known(sender: str, reference: str) -> bool:
        seen.append((sender, reference))
        return False

    judge(message(), rules(known=known))
    assert seen == [("2300000001", seen[0][1])]


@pytest.mark.parametrize(("seconds", "code"), [(300, None), (301, "MSG1007"), (-10 * 86_400, None)])
def test_msg1007_a_time_in_the_future_beyond_tolerance(seconds: int, code: str | None) -> None:
    at = envelope.timestamp(NOW + timedelta(seconds=seconds))
    assert judge(with_s1(senderTimestamp=at), rules()).code == code


def test_msg1007_no_date_at_all() -> None:
    judged = judge(with_s1(senderTimestamp="2026-13-45T12:00:00+00:00"), rules())
    assert "MSG1007" in codes(judged)


def test_the_time_is_that_of_the_mpans_run() -> None:
    ahead = NOW + timedelta(days=30)
    at = envelope.timestamp(ahead)
    run = rules(now=lambda mpan: ahead if mpan == "2000056535971" else NOW)
    assert judge(with_s1(senderTimestamp=at), run).findings == ()


def test_msg1009_another_partys_dip_id() -> None:
    judged = judge(message(sender=Sender("2300000099", "SUP")), rules())
    assert judged.code == "MSG1009"
    assert "2300000099" in explain(judged)


def test_a_connection_provider_sends_for_the_party_that_nominated_it() -> None:
    sent = message(sender=Sender("2300000002", "SUP"), connection_provider="2300000001")
    assert judge(sent, rules()).findings == ()


def test_msg1009_a_nominated_provider_that_does_not_say_so() -> None:
    assert judge(message(sender=Sender("2300000002", "SUP")), rules()).code == "MSG1009"


def test_msg1010_a_role_that_is_not_the_senders() -> None:
    assert judge(message(sender=Sender("2300000001", "MDS")), rules()).code == "MSG1010"


def test_msg1010_a_role_that_does_not_send_this_interface() -> None:
    judged = judge(message(), rules(senders=lambda interface, event: frozenset({"REGS"})))
    assert judged.code == "MSG1010"
    assert "REGS" in explain(judged)


def test_msg1011_a_connection_provider_not_nominated() -> None:
    assert judge(message(connection_provider="1000000009"), rules()).code == "MSG1011"


@pytest.mark.parametrize("text", ["nonsense", "CI-2026-1", "ci-20260321-aa", "CI-20260321-"])
def test_msg1012_a_correlation_id_the_dip_never_gave(text: str) -> None:
    assert judge(message(correlation_id=text), rules()).code == "MSG1012"


def test_a_correlation_id_of_the_dips_form_passes() -> None:
    assert judge(message(correlation_id="CI-20260321-1234567890123abce123092"), rules()).findings == ()


def test_another_environment_is_a_warning() -> None:
    judged = judge(message(environment="SIT"), rules())
    assert judged.findings == ()
    assert any("environmentTag" in warning for warning in judged.warnings)


def test_field_names_in_any_case_are_corrected() -> None:
    shouting = {"PAYLOAD": {"commonblock": message()["payload"]["CommonBlock"], "CUSTOMBLOCK": CUSTOM}}
    judged = judge(shouting, rules())
    assert judged.findings == ()
    assert set(judged.message["payload"]) == {"CommonBlock", "CustomBlock"}


def test_one_fault_is_told_once() -> None:
    judged = judge(with_s1(senderTimestamp="yesterday"), rules())
    pointers = [f.pointer for f in judged.findings if f.code == "MSG1007"]
    assert len(pointers) == len(set(pointers))


def test_the_answer_names_the_most_telling_code_and_counts_the_rest() -> None:
    judged = Judged(
        envelope.Header(),
        {},
        (
            Finding("MSG1006", "/b", "Second."),
            Finding("MSG1002", "/a", "First."),
            Finding("MSG1001", "/c", "Third."),
        ),
    )
    assert judged.code == "MSG1002"
    assert explain(judged).startswith("/a: First. (2 more;")


def test_long_values_and_structures_are_not_kept_whole() -> None:
    judged = judge(with_s1(subText="x" * 5_000, environmentTag={"a": 1}), rules())
    kept = {finding.pointer.rpartition("/")[2]: finding.value for finding in judged.findings}
    assert len(str(kept["subText"])) < 300
    assert kept["environmentTag"] == "(an object)"
