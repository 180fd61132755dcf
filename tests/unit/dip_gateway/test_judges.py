"""Several versions served at once: the message says which one judges it."""

from __future__ import annotations

import pytest

from contracts import load_catalogue
from contracts.samples import sample
from services.dip_gateway.judges import Judges

OLD, NEW = load_catalogue("2.0.1"), load_catalogue("2.1.0")
FREE_FORM = {"/payload/CommonBlock/S1/senderUniqueReference": "free form"}  # the rule came with 2.1.0


def test_the_default_judges_what_both_versions_know() -> None:
    message = sample(OLD, "IF-031", "[MSApp]", seed=1, overrides=FREE_FORM)
    assert Judges([OLD, NEW], None).check(message).valid
    assert not Judges([NEW, OLD], None).check(message).valid


def test_a_message_of_a_schema_version_that_one_alone_knows_is_judged_by_that_one() -> None:
    message = sample(NEW, "IF-051", "[EESRefresh]", seed=1)
    checked = Judges([OLD, NEW], None).check(message)
    assert checked.interface == "IF-051"
    assert checked.valid


def test_a_channel_is_known_when_any_version_has_it() -> None:
    judges = Judges([OLD, NEW], None)
    assert judges.knows("IF-031")
    assert not judges.knows("IF-999")
    assert judges.catalogue_of("IF-031") is OLD
    assert judges.catalogue_of("IF-999") is OLD


@pytest.mark.parametrize("nonsense", [None, [], {}, {"payload": 1}, "text"])
def test_nonsense_is_judged_by_the_default(nonsense: object) -> None:
    assert not Judges([NEW, OLD], None).check(nonsense).valid
