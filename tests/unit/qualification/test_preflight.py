"""What is found wrong before the first step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from services.qualification.preflight import certificate_warnings, channels, warnings, webhooks
from tests.unit.qualification.given import BEGIN, PARTICIPANT, binding, headline


@dataclass(frozen=True)
class Hook:
    url: str


@dataclass(frozen=True)
class Certificate:
    not_after: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class Known:
    certificates: tuple[Certificate, ...] = ()


class Hooks:
    """Webhooks by party and channel."""

    def __init__(self, **urls: str) -> None:
        self._urls = urls

    async def webhook(self, dip_id: str, channel: str) -> Hook | None:
        url = self._urls.get(channel.replace("-", "_"))
        return Hook(url) if url and dip_id == PARTICIPANT else None


def test_the_channels_of_a_party_are_those_the_scenario_publishes_to_it() -> None:
    bound = binding()
    assert channels(headline(), bound.parties["SUPI"]) == ["IF-002", "IF-032"]
    assert channels(headline(), bound.parties["REGS"]) == ["IF-031"]


async def test_a_channel_without_webhook_is_told_with_the_way_to_set_it() -> None:
    hooks = await webhooks(headline(), binding(), Hooks(IF_002="http://127.0.0.1:9000/"))
    assert [hook["text"] for hook in hooks] == ["http://127.0.0.1:9000/", "none registered yet"]
    (warning,) = warnings(headline(), binding(), hooks)
    assert warning.startswith(f"SUPI ({PARTICIPANT}) has no webhook for IF-032.")
    assert f"POST /dip-channel/IF-032/pubconfig/{PARTICIPANT}" in warning


async def test_all_webhooks_set_means_nothing_to_warn_about() -> None:
    everything = Hooks(IF_002="http://127.0.0.1:9000/", IF_032="http://127.0.0.1:9000/")
    hooks = await webhooks(headline(), binding(), everything)
    assert warnings(headline(), binding(), hooks) == []


async def test_without_participants_there_is_nothing_to_look_at() -> None:
    assert await webhooks(headline(), binding({}), Hooks()) == []


def test_a_useless_injection_is_told() -> None:
    bound = binding({}, injected=("CSS01700",))
    assert warnings(headline(), bound, []) == ["CSS01700 needs no injection: the harness plays its sender."]


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (None, "no signing certificate"),
        (Known(), "no signing certificate"),
        (Known((Certificate(BEGIN - timedelta(days=1)),)), "only expired or revoked"),
        (Known((Certificate(BEGIN + timedelta(days=1), BEGIN),)), "only expired or revoked"),
    ],
)
def test_a_participant_that_cannot_sign_is_told(known: Known | None, words: str) -> None:
    (warning,) = certificate_warnings(binding().parties["SUPI"], known, BEGIN)
    assert words in warning


@pytest.mark.parametrize("revoked", [None, BEGIN + timedelta(days=60)])
def test_a_good_certificate_is_no_warning(revoked: datetime | None) -> None:
    known = Known((Certificate(BEGIN - timedelta(1)), Certificate(BEGIN + timedelta(90), revoked)))
    assert certificate_warnings(binding().parties["SUPI"], known, BEGIN) == []


@pytest.mark.parametrize(
    "ending",
    [
        Certificate(BEGIN + timedelta(days=13)),
        Certificate(BEGIN + timedelta(days=90), BEGIN + timedelta(days=13)),
    ],
)
def test_a_certificate_that_ends_soon_is_told_with_its_end(ending: Certificate) -> None:
    (warning,) = certificate_warnings(binding().parties["SUPI"], Known((ending,)), BEGIN)
    assert f"expires at {BEGIN + timedelta(days=13):%Y-%m-%d %H:%M} UTC" in warning
    assert f"dipemu participants add-certificate {PARTICIPANT}" in warning


def test_the_webhook_for_status_messages_is_set_at_a_place_of_its_own() -> None:
    (warning,) = warnings(headline(), binding(), [{"party": "SUPI", "channel": "STATUS", "url": None}])
    assert f"POST /statusmessage/config/{PARTICIPANT}" in warning
