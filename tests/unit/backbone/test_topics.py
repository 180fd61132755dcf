from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.log.topics import TopicPatterns, require_legal

TOPICS = st.text("abcdefAZ019._-", min_size=1, max_size=12).filter(lambda t: t not in (".", ".."))


@pytest.mark.parametrize("topic", ["journal", "dip.if.IF-031", "a_b", "x" * 249])
def test_legal_names(topic: str) -> None:
    require_legal(topic)


@pytest.mark.parametrize("topic", ["", ".", "..", "a*", "a/b", "a b", "x" * 250, "ü"])
def test_illegal_names(topic: str) -> None:
    with pytest.raises(ValueError, match="illegal topic name"):
        require_legal(topic)


@pytest.mark.parametrize(
    ("patterns", "topic", "fits"),
    [
        (["journal"], "journal", True),
        (["journal"], "journals", False),
        (["dip.if.*"], "dip.if.IF-031", True),
        (["dip.if.*"], "dip.if.", True),
        (["dip.if.*"], "dipXif.IF-031", False),
        (["dip.if.*"], "dip.pub.PUB-031", False),
        (["dip.status", "dip.pub.*"], "dip.status", True),
        (["dip.status", "dip.pub.*"], "dip.pub.PUB-031", True),
        (["*"], "anything", True),
    ],
)
def test_matching(patterns: list[str], topic: str, fits: bool) -> None:
    assert TopicPatterns(patterns).match(topic) is fits
    assert bool(re.match(TopicPatterns(patterns).as_regex(), topic)) is fits


@given(st.lists(TOPICS, min_size=1, max_size=3), st.lists(st.booleans(), min_size=3, max_size=3), TOPICS)
def test_the_regular_expression_says_the_same_as_match(
    names: list[str], wild: list[bool], topic: str
) -> None:
    patterns = TopicPatterns([name + "*" * star for name, star in zip(names, wild, strict=False)])
    assert bool(re.match(patterns.as_regex(), topic)) == patterns.match(topic)


@pytest.mark.parametrize("patterns", [[], ["a**"], ["a*b"], ["a b*"]])
def test_patterns_that_cannot_be_used(patterns: list[str]) -> None:
    with pytest.raises(ValueError, match="topic"):
        TopicPatterns(patterns)
