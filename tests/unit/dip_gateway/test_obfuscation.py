"""Masking touches what the standard lets be masked, for the roles configured, and nothing else."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from contracts import load_catalogue
from contracts.samples import sample
from contracts.validation import Validator
from services.dip_gateway.obfuscation import Obfuscation

CATALOGUE = load_catalogue("2.1.0")
VALIDATOR = Validator(CATALOGUE, semantics=None)


def differences(one: Any, other: Any, pointer: str = "") -> dict[str, Any]:
    """Pointers at which the second differs, with its values."""
    if isinstance(one, dict):
        return {k: v for n in one for k, v in differences(one[n], other[n], f"{pointer}/{n}").items()}
    if isinstance(one, list):
        pairs = enumerate(zip(one, other, strict=True))
        return {k: v for n, (a, b) in pairs for k, v in differences(a, b, f"{pointer}/{n}").items()}
    return {} if one == other else {pointer: other}


@pytest.mark.parametrize(
    ("interface", "event", "field"),
    [
        ("IF-036", "[DSAppActive]", "traditionalFallBackReadFrequency"),
        ("IF-035", "[DSAppAccepted]", "responseCode"),
        ("IF-008", "[EnergisationStatusChange]", "responseCode"),
    ],
)
def test_a_masked_copy_is_still_valid(interface: str, event: str, field: str) -> None:
    for seed in range(6):
        message = sample(CATALOGUE, interface, event, seed=seed)
        masked = orjson.loads(Obfuscation(CATALOGUE, {}).masked(message, interface, event))
        assert VALIDATOR.check(masked).violations == ()
        changed = differences(message, masked)
        assert set(changed.values()) <= {"x"}
        if any(pointer.endswith(field) for pointer in changed):
            return
    pytest.fail(f"{field} was never masked")


def test_a_null_stays_null() -> None:
    pointer = "/payload/CustomBlock/B015/traditionalFallBackReadFrequency"
    message = sample(CATALOGUE, "IF-036", "[DSAppActive]", overrides={pointer: None})
    masked = orjson.loads(Obfuscation(CATALOGUE, {}).masked(message, "IF-036", "[DSAppActive]"))
    assert masked["payload"]["CustomBlock"]["B015"]["traditionalFallBackReadFrequency"] is None


def test_the_rule_of_the_event_goes_before_that_of_the_interface() -> None:
    rules = {"IF-036": ["LDSO", "EES"], "IF-036 [DSAppActive]": ["LDSO"]}
    obfuscation = Obfuscation(CATALOGUE, rules)
    assert obfuscation.masks("IF-036", "[DSAppActive]", "LDSO")
    assert not obfuscation.masks("IF-036", "[DSAppActive]", "EES")
    assert obfuscation.masks("IF-036", "[MSAppActive]", "EES")
    assert not obfuscation.masks("IF-018", "[AddressChg]", "LDSO")


def test_without_rules_nobody_gets_a_masked_copy() -> None:
    assert not Obfuscation(CATALOGUE, {}).masks("IF-036", "[DSAppActive]", "LDSO")


def test_an_event_that_is_not_known_is_left_as_it_is() -> None:
    message: dict[str, Any] = {"payload": {"CommonBlock": {}}}
    assert orjson.loads(Obfuscation(CATALOGUE, {}).masked(message, "IF-036", "[New]")) == message
