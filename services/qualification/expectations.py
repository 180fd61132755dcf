"""Compares the fields of a message with what a step expects of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from services.qualification.expressions import Unresolved, pointer_lookup, resolve
from services.qualification.format import Expectation
from services.qualification.results import Finding


def compare(
    expectations: Iterable[Expectation],
    message: Any,
    values: Mapping[str, Any],
) -> tuple[Finding, ...]:
    """One finding per expectation, passed or not.

    An expectation whose value is not known (nothing was captured) is left out: it cannot be held
    against anybody.
    """
    findings = (_compare(expectation, message, values) for expectation in expectations)
    return tuple(finding for finding in findings if finding is not None)


def _compare(expectation: Expectation, message: Any, values: Mapping[str, Any]) -> Finding | None:
    found, seen = pointer_lookup(message, expectation.field)
    try:
        expected, passed = _rule(expectation, found, seen, values)
    except Unresolved:
        return None
    return Finding(
        pointer=expectation.field,
        expected=expected,
        seen=seen if found else "(missing)",
        sentence=expectation.sentence,
        passed=passed,
    )


def _rule(
    expectation: Expectation,
    found: bool,
    seen: Any,
    values: Mapping[str, Any],
) -> tuple[Any, bool]:
    """What is expected, for people, and whether it is so."""
    if expectation.present is not None:
        return ("present" if expectation.present else "absent"), found is expectation.present
    if expectation.matches is not None:
        pattern = expectation.matches
        return f"the form {pattern}", isinstance(seen, str) and re.fullmatch(pattern, seen) is not None
    if expectation.any_matches is not None:
        pattern = expectation.any_matches
        texts = [one for one in seen if isinstance(one, str)] if isinstance(seen, list) else []
        return f"one of the form {pattern}", any(re.fullmatch(pattern, text) for text in texts)
    if expectation.one_of is not None:
        allowed = resolve(expectation.one_of, values)
        return "one of " + ", ".join(map(str, allowed)), found and seen in allowed
    expected = resolve(expectation.equals, values)
    return expected, found and seen == expected
