"""IF-031 → IF-032 → IF-033 → IF-034 → IF-035: appointing a service provider."""

from __future__ import annotations

import pytest

from contracts.envelope import Sender
from services.registration.appointments import makes_sense
from services.registration.kinds import DATA, METERING
from services.registration.register import MeteringPoint, RequestStatus
from tests.unit.messages import CORRELATION, MPAN, NOW, custom_block, sent
from tests.unit.registration.given import (
    B012,
    DATA_BLOCK,
    GAINING,
    METERING_BLOCK,
    MSS,
    NEW_MSS,
    NEW_SDS,
    OTHER_SUPPLIER,
    REGISTRATION,
    REGS,
    SUPPLIER,
    WORLD,
    after,
    assert_valid,
    data_answer,
    data_request,
    metering_answer,
    metering_request,
    names,
    publication,
    switching_point,
    tell,
)


def statuses(point: MeteringPoint) -> list[RequestStatus]:
    return [request.status for request in point.requests]


@pytest.mark.parametrize(
    ("outcome", "reason", "event"),
    [
        ("A", "SP000 - Proposed Appointment ACCEPTED", "[MSAppAccepted]"),
        ("A", "SP000", "[MSAppAccepted]"),
        ("A", None, "[MSAppAccepted]"),
        ("R", "SP004 - whatever they call it", "[MSAppRejected]"),
        ("A", "SP004 - Connection Type Not Supported", None),
        ("A", "gladly", None),
        ("R", "SP000 - Proposed Appointment ACCEPTED", None),
        ("R", None, None),
        ("R", "DS001 - a reason of data services", None),
        ("R", "SP777 - a code nobody knows", None),
        ("R", "REG1099 - a code of the register", None),
        ("L", None, None),
        ("W", "SP004", None),
    ],
)
def test_an_answer_whose_outcome_and_code_do_not_go_together_gets_reg1094(
    outcome: str, reason: str | None, event: str | None
) -> None:
    answer = metering_answer()
    block = {"responseCode": outcome, "proposedAppointmentResponseCode": reason}
    custom = answer.message["payload"]["CustomBlock"] | {"B007": block}
    said = publication("PUB-034", "[MSAppSPResponse]", Sender(NEW_MSS, "MSS"), custom)
    point, messages = after(switching_point(), metering_request(), said)

    assert messages[0].event == (event or "[MSAppRejected]")
    told = custom_block(messages[0])["B007"]
    if event is None:
        assert told == {
            "responseCode": "R",
            "proposedAppointmentResponseCode": "REG1094 - Invalid Response Code provided",
        }
        assert [request.status for request in point.requests] == [RequestStatus.REJECTED]
    else:
        assert told == block


def test_a_data_service_may_refuse_for_reasons_of_its_own() -> None:
    assert makes_sense(DATA, "R", "DS001", WORLD)
    assert not makes_sense(METERING, "R", "DS001", WORLD)


def test_a_good_request_is_accepted_and_the_metering_service_is_asked() -> None:
    point, messages = after(switching_point(), metering_request())

    assert names(messages) == [("IF-032", "[MSAppInitialResp]"), ("IF-033", "[MSAppSPRequest]")]
    initial, question = messages
    assert (initial.sender, initial.primary, initial.correlation_id) == (REGS, (GAINING,), CORRELATION)
    assert initial.response is not None
    assert (initial.response.code, initial.response.messages) == ("A", ())
    assert initial.custom == {"B013": {"CSSRegistrationID": REGISTRATION}, "B070": METERING_BLOCK}
    assert (question.primary, custom_block(question)["B012"]) == ((NEW_MSS,), B012)
    assert custom_block(question)["B072"]["incumbentMeteringServiceDIPID"] == MSS
    assert statuses(point) == [RequestStatus.WITH_PROVIDER]


def test_a_good_request_for_a_data_service_is_accepted_and_the_data_service_is_asked() -> None:
    _, messages = after(switching_point(), data_request())

    assert names(messages) == [("IF-032", "[DSAppInitialResp]"), ("IF-033", "[DSAppSPRequest]")]
    assert custom_block(messages[0])["B071"] == DATA_BLOCK
    assert messages[1].primary == (NEW_SDS,)


def test_a_bad_request_is_rejected_with_every_code_and_goes_no_further() -> None:
    request = metering_request(registration="wrong", proposedMeteringServiceMPID="WXYZ")
    point, messages = after(switching_point(), request)

    (answer,) = messages
    assert answer.response is not None
    assert (answer.response.code, answer.response.messages) == (
        "R",
        (
            "REG0005 - CSS Registration Request ID is invalid or does not exist",
            "REG1090 - Proposed Metering Service MPID [DI-213] does not match DIP ID",
        ),
    )
    assert custom_block(answer)["B013"] == {"CSSRegistrationID": "wrong"}
    assert point.requests == ()


def test_a_request_without_a_registration_is_answered_without_one() -> None:
    _, (answer,) = after(switching_point(), metering_request(registration=None))
    assert "B013" not in custom_block(answer)


def test_a_request_for_an_unknown_mpan_is_rejected_with_reg0000() -> None:
    point, outputs = tell(None, metering_request(mpan="1000000000012"))

    assert point is None
    assert_valid(outputs)
    (answer,) = sent(outputs)
    assert answer.response is not None
    assert answer.response.messages == ("REG0000 - MPAN Invalid or does not exist",)
    assert answer.mpan is not None
    assert (answer.mpan.mpan, answer.primary) == ("1000000000012", (GAINING,))


def test_another_suppliers_registration_is_answered_to_the_one_that_asked() -> None:
    _, (answer,) = after(switching_point(), metering_request(OTHER_SUPPLIER))
    assert answer.primary == (OTHER_SUPPLIER,)


def test_when_the_metering_service_accepts_supplier_and_service_are_told_and_the_old_one_sends_details() -> (
    None
):
    point, messages = after(switching_point(), metering_request(), metering_answer())

    assert names(messages) == [("IF-035", "[MSAppAccepted]"), ("IF-035", "[IMS-SendMTD]")]
    assert [message.primary for message in messages] == [(GAINING, NEW_MSS), (MSS,)]
    assert custom_block(messages[0])["B007"]["responseCode"] == "A"
    assert statuses(point) == [RequestStatus.ACCEPTED]


def test_a_metering_service_that_stays_has_nobody_to_send_details_to() -> None:
    kept = {"proposedMeteringServiceDIPID": MSS, "proposedMeteringServiceMPID": "MSSA"}
    _, messages = after(switching_point(), metering_request(**kept), metering_answer(provider=MSS))
    assert names(messages) == [("IF-035", "[MSAppAccepted]")]


def test_when_the_metering_service_refuses_its_reason_reaches_the_supplier() -> None:
    refusal = metering_answer("SP004 - Connection Type Not Supported")
    point, messages = after(switching_point(), metering_request(), refusal)

    (told,) = messages
    assert (told.event, told.primary) == ("[MSAppRejected]", (GAINING, NEW_MSS))
    assert custom_block(told)["B007"] == {
        "responseCode": "R",
        "proposedAppointmentResponseCode": "SP004 - Connection Type Not Supported",
    }
    assert statuses(point) == [RequestStatus.REJECTED]


def test_when_the_data_service_accepts_the_retriever_is_assigned() -> None:
    _, (told,) = after(switching_point(), data_request(), data_answer())

    assert (told.event, told.primary) == ("[DSAppAccepted]", (GAINING, NEW_SDS))
    assert custom_block(told)["B019"]["assignedMDRMPID"] == "MDRA"


@pytest.mark.parametrize("provider", [MSS, NEW_SDS])
def test_an_answer_of_somebody_who_was_not_asked_changes_nothing(provider: str) -> None:
    asked, _ = after(switching_point(), metering_request())
    point, messages = after(asked, metering_answer(provider=provider))
    assert (point, messages) == (asked, [])


def test_an_answer_given_twice_counts_once() -> None:
    once, _ = after(switching_point(), metering_request(), metering_answer())
    twice, messages = after(once, metering_answer())
    assert (twice, messages) == (once, [])


def test_an_answer_about_an_unknown_mpan_changes_nothing() -> None:
    assert tell(None, metering_answer()) == (None, [])


def test_a_later_request_supersedes_an_open_one() -> None:
    again = metering_request(proposedMeteringServiceDIPID=MSS, proposedMeteringServiceMPID="MSSA")
    point, messages = after(switching_point(), metering_request(), again)

    assert names(messages) == [
        ("IF-032", "[MSAppInitialResp]"),
        ("IF-035", "[MSAppRejected]"),
        ("IF-033", "[MSAppSPRequest]"),
    ]
    assert messages[1].primary == (GAINING, NEW_MSS)
    reason = custom_block(messages[1])["B007"]["proposedAppointmentResponseCode"]
    assert reason == "REG1089 - Subsequent Appointment Received"
    assert statuses(point) == [RequestStatus.SUPERSEDED, RequestStatus.WITH_PROVIDER]


def test_a_request_for_the_other_kind_or_of_another_supplier_supersedes_nothing() -> None:
    change = metering_request(
        SUPPLIER,
        None,
        appointmentScenario="CSP",
        proposedMeteringServiceDIPEffectiveFromDate="2026-03-25T00:00:00+00:00",
    )
    point, _ = after(switching_point(), metering_request(), data_request(), change)
    assert statuses(point) == [RequestStatus.WITH_PROVIDER] * 3


def test_a_change_of_provider_by_the_current_supplier_names_it_as_requesting() -> None:
    change = metering_request(SUPPLIER, None, appointmentScenario="CSP")
    _, messages = after(switching_point(), change)
    requesting = custom_block(messages[1])["B012"]
    assert requesting["serviceProviderAppointmentRequestingSupplierMPID"] == "SUPA"
    assert messages[1].mpan is not None
    assert messages[1].mpan.mpan == MPAN


def test_what_is_decided_depends_on_the_day() -> None:
    late = NOW.replace(month=4, day=9)
    _, outputs = tell(switching_point(), metering_request(), late)
    (answer,) = sent(outputs)
    assert answer.response is not None
    assert [text[:7] for text in answer.response.messages] == ["REG1033", "REG1034"]
