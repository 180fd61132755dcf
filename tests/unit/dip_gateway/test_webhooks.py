"""What a webhook configuration may say."""

from __future__ import annotations

import pytest

from participant.parties import Webhook
from services.dip_gateway.errors import RequestInvalid
from services.dip_gateway.webhooks import read_object, read_webhook


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
