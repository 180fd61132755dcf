"""Our verdict is that of a JSON Schema validator over Elexon's own files, message by message.

``DIPEMU_CONFORMANCE_MESSAGES=10000`` sets how many messages per version are judged afresh.
"""

from __future__ import annotations

from collections import Counter

import orjson
import pytest

from contracts import load_catalogue
from contracts.compiling import compile_variant
from contracts.validation import Validator

from .judged import UNTYPED, VERSIONS, Corpus, Files, Judged, sources


@pytest.mark.parametrize("source", sources(), ids=str)
@pytest.mark.timeout(3600)
def test_every_verdict_is_that_of_the_published_schema(source, capsys):
    catalogue = load_catalogue(source.version)
    by_variant = Validator(catalogue, semantics=None)
    to_the_letter = Validator(catalogue, semantics=None, literal=True)
    origins: Counter[tuple[str, bool]] = Counter()
    causes: Counter[str | None] = Counter()
    seen, unexplained = set(), []
    for one in source.judged():
        origins[one.origin, one.by_variant] += 1
        seen.add((one.event, one.by_variant))
        if by_variant.check(one.message).valid != one.by_variant:
            cause = cause_of_difference(one)
            causes[cause] += 1
            unexplained += [one] if cause is None else []
        if to_the_letter.check(one.message).valid != one.to_the_letter:
            unexplained.append(one)
        if one.by_variant != one.to_the_letter:
            causes["fits two alternatives of a oneOf, which the letter of the schema forbids"] += 1
    with capsys.disabled():
        print(summary(source, origins, causes))
    assert not unexplained, orjson.dumps(unexplained[0]).decode()
    assert seen >= {(event, verdict) for event in events_of(catalogue) for verdict in (True, False)}


def events_of(catalogue):
    """Every event of the version has to be seen with a good message that passes and a bad one refused."""
    return {f"{i.name} {event}" for i in catalogue.interfaces.values() for event in i.events}


def cause_of_difference(one: Judged) -> str | None:
    """The published cause for which our default reading departs from the letter of the schema."""
    payload = one.message.get("payload")
    if not one.named and isinstance(payload, dict) and not isinstance(payload.get("CommonBlock"), dict):
        return UNTYPED
    return None


def summary(source: Files | Corpus, origins: Counter[tuple[str, bool]], causes: Counter[str | None]) -> str:
    total = sum(origins.values())
    valid = sum(count for (_, verdict), count in origins.items() if verdict)
    lines = [f"\n{source}: {total} messages judged, {valid} valid, {total - valid} invalid"]
    lines += [f"  {o} ({'valid' if v else 'invalid'}): {n}" for (o, v), n in sorted(origins.items())]
    lines += [f"  difference, {cause}: {count}" for cause, count in causes.items()]
    return "\n".join(lines if causes else [*lines, "  no difference"])


@pytest.mark.parametrize("version", VERSIONS)
def test_the_compiled_check_never_passes_what_the_explaining_check_refuses(version):
    catalogue = load_catalogue(version)
    explaining = Validator(catalogue, semantics=None)
    checks = {(v.interface, v.name): compile_variant(v) for v in catalogue.variants()}
    passed = 0
    for one in Corpus(version).judged():
        if not one.named:
            continue
        head = explaining.check(one.message)
        assert head.interface is not None
        assert head.variant is not None
        assert head.event is not None
        fast = checks[head.interface, head.variant](one.message["payload"])
        slow = explaining._against(catalogue.variant(head.interface, head.event), one.message).valid
        assert slow or not fast, orjson.dumps(one.message).decode()
        passed += fast
    assert passed > 100


@pytest.mark.parametrize("version", VERSIONS)
def test_good_messages_take_the_compiled_check(version):
    validator = Validator(load_catalogue(version), semantics=None)
    good = [one.message for one in Corpus(version).judged() if one.origin == "good"]
    assert all(validator._passes(message) for message in good)
