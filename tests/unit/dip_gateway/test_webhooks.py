"""What a webhook configuration may say and which addresses are called."""

from __future__ import annotations

import pytest

from participant.parties import Webhook
from services.dip_gateway.errors import RequestInvalid, TargetRefused
from services.dip_gateway.webhooks import TargetGuard, read_object, read_webhook


def test_field_names_in_any_case() -> None:
    body = b'{"CALLBACKURL":"https://a.example/x","maxmessagecount":5,"MaxPayloadSize":100}'
    assert read_webhook(body) == Webhook("https://a.example/x", 5, 100)


def test_the_two_limits_may_be_left_out_or_null() -> None:
    assert read_webhook(b'{"callbackURL":"https://a.example/x","maxMessageCount":null}') == Webhook(
        "https://a.example/x"
    )


def test_a_whole_number_may_be_written_as_a_fraction() -> None:
    assert read_webhook(b'{"callbackURL":"https://a.example","maxMessageCount":5.0}').max_message_count == 5


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        b'{"callbackURL":""}',
        b'{"callbackURL":7}',
        b'{"callbackURL":"https://a.example","maxMessageCount":0}',
        b'{"callbackURL":"https://a.example","maxMessageCount":1.5}',
        b'{"callbackURL":"https://a.example","maxMessageCount":true}',
        b'{"callbackURL":"https://a.example","maxPayloadSize":"many"}',
        b'{"callbackURL":"https://a.example","maxPayloadSize":99999999999}',
    ],
)
def test_what_cannot_be_used_is_refused(body: bytes) -> None:
    with pytest.raises(RequestInvalid):
        read_webhook(body)


def test_an_object_is_read_with_its_names_in_lower_case() -> None:
    assert read_object(b'{"MPAN":"1"}') == {"mpan": "1"}


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "file:///etc/passwd",
        "//a.example",
        "a.example",
        "https://",
        "https://user:word@a.example/",
        "https://a.example:notaport/",
        "https://[::1",
    ],
)
def test_addresses_that_are_wrong_by_themselves(url: str) -> None:
    with pytest.raises(TargetRefused):
        TargetGuard().check(url)


def test_only_allowed_hosts_where_a_list_is_set() -> None:
    guard = TargetGuard(hosts=["a.example", "*.b.example"])
    guard.check("https://a.example/x")
    guard.check("https://A.EXAMPLE/x")
    guard.check("https://deep.b.example/x")
    for url in ("https://b.example", "https://evil.example", "https://a.example.evil.example"):
        with pytest.raises(TargetRefused, match="allowed webhook hosts"):
            guard.check(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:8080/",
        "http://10.1.2.3/",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest",
        "http://[::1]/",
        "http://[fe80::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/",
    ],
)
def test_private_addresses_only_where_allowed(url: str) -> None:
    TargetGuard(private=True).check(url)
    with pytest.raises(TargetRefused, match="private"):
        TargetGuard(private=False).check(url)


def test_the_emulators_own_addresses_are_for_its_own_parties() -> None:
    guard = TargetGuard(internal=frozenset({"harness.internal"}))
    guard.check("http://harness.internal/registration/2200000001/webhook", own=True)
    with pytest.raises(TargetRefused, match="emulator's own"):
        guard.check("http://Harness.Internal/registration")


async def test_a_name_that_stands_for_a_private_address_is_refused() -> None:
    guard = TargetGuard(private=False)
    with pytest.raises(TargetRefused):
        await guard.check_resolved("http://localhost./x")


async def test_a_name_nobody_knows_is_refused() -> None:
    with pytest.raises(TargetRefused, match="cannot be resolved"):
        await TargetGuard(private=False).check_resolved("http://nowhere.invalid/x")


async def test_a_public_address_passes() -> None:
    await TargetGuard(private=False).check_resolved("https://1.1.1.1/x")
