"""What is kept of a webhook's answer, however it is made."""

from __future__ import annotations

import httpx
import pytest

from services.dip_gateway.posting import ANSWER_KEPT, Answer, post


async def posted(answer: httpx.Response | Exception) -> Answer:
    def handler(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as http:
        return await post(http, "http://webhook.example/", b"[]", {}, 5)


def test_a_text_has_no_nul_since_no_database_takes_one() -> None:
    assert Answer(201, b"a\0b").text == "a\N{REPLACEMENT CHARACTER}b"


def test_bytes_that_are_no_text_are_shown_as_far_as_they_are() -> None:
    assert Answer(201, b"ok \xff").text == "ok \N{REPLACEMENT CHARACTER}"
    assert len(Answer(201, b"x" * 10_000).text) == ANSWER_KEPT


async def test_a_body_that_is_not_encoded_as_it_says_leaves_the_status() -> None:
    unreadable = httpx.Response(
        201, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"not compressed at all")
    )
    answer = await posted(unreadable)
    assert (answer.status, answer.body, answer.error) == (201, b"", None)


@pytest.mark.parametrize("fault", [httpx.ReadError("gone"), httpx.InvalidURL("no"), OSError("unplugged")])
async def test_no_answer_says_why(fault: Exception) -> None:
    answer = await posted(fault)
    assert answer.status is None
    assert answer.error is not None
    assert str(fault) in answer.error
