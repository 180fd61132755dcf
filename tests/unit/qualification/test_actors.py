"""Under whose name something is recorded."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backbone.caller import Caller, Role, calling
from backbone.journal.events import JournalEvent, Kind
from services.qualification.actors import actor, signed
from services.qualification.errors import NameMissing, NameNotTheirs

ALICE = Caller(Role.TESTER, "alice")
EVENT = JournalEvent(Kind.NOTED, datetime(2026, 3, 21, tzinfo=UTC), "qualification", details={"text": "x"})


def test_without_a_token_it_is_who_says_so() -> None:
    assert actor("A. Tester") == "A. Tester"
    assert signed(EVENT) is EVENT


@pytest.mark.parametrize("claimed", [None, ""])
def test_without_a_token_somebody_has_to_say_so(claimed: str | None) -> None:
    with pytest.raises(NameMissing, match="Say in by who does this"):
        actor(claimed)


@pytest.mark.parametrize("claimed", [None, "", "alice"])
def test_with_a_token_it_is_the_tokens_name(claimed: str | None) -> None:
    with calling(ALICE):
        assert actor(claimed) == "alice"
        assert signed(EVENT).details == {"text": "x", "by": "alice"}
    assert "by" not in EVENT.details


@pytest.mark.parametrize("claimed", ["bob", "Alice", "alice "])
def test_with_a_token_nobody_is_somebody_else(claimed: str) -> None:
    with calling(ALICE), pytest.raises(NameNotTheirs, match=f"the access token, alice, not as {claimed}"):
        actor(claimed)
