"""Which addresses may be registered as a callback."""

from __future__ import annotations

import pytest

from backbone.settings import Settings
from services.css_stub.targets import refusal

OWN = "harness.internal"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/css", "https://supplier.example/css?a=1"])
async def test_any_web_address_will_do_by_default(url: str) -> None:
    assert await refusal(url, Settings(), OWN) is None


@pytest.mark.parametrize(
    "url", [None, 1, "", "css", "ftp://a/b", "http:///x", "http://a:b@host/", "http://h:port/", "http://[/"]
)
async def test_what_is_no_web_address_is_refused(url: object) -> None:
    assert "http or https" in (await refusal(url, Settings(), OWN) or "")


async def test_the_harness_itself_is_refused() -> None:
    assert "your own system" in (await refusal("http://harness.internal/css/messages", Settings(), OWN) or "")


async def test_only_allowed_hosts_where_there_is_a_list() -> None:
    settings = Settings(webhook_hosts=["supplier.example"])
    assert await refusal("https://supplier.example/css", settings, OWN) is None
    assert "allowed hosts" in (await refusal("https://other.example/css", settings, OWN) or "")


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "[::1]", "169.254.169.254", "localhost"])
async def test_private_addresses_only_where_they_are_allowed(host: str) -> None:
    settings = Settings(webhook_private_allowed=False)
    assert "public address" in (await refusal(f"http://{host}/css", settings, OWN) or "")


async def test_a_public_address_is_always_allowed() -> None:
    assert await refusal("https://93.184.216.34/css", Settings(webhook_private_allowed=False), OWN) is None
