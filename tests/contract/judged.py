"""Judged messages: generated ones with the verdicts of Elexon's schema, from the files or from the corpus."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import orjson

from contracts import Catalogue, load_catalogue
from contracts.errors import SampleImpossible
from contracts.samples import KINDS, sample, spoiled
from contracts.validation import Validator

from .elexon import Elexon, spec_directory
from .mutations import mutated, recased

VERSIONS = ("2.0.1", "2.1.0")
CORPUS = Path(__file__).parent / "corpus"
UNTYPED = "the schema forgot the type of CommonBlock, so anything that is no object passes"


@dataclass(frozen=True)
class Judged:
    """A message with two verdicts on it: of the one variant it names, and of the ``oneOf`` to the letter.

    ``named``: S0 names a variant. ``origin``: good, spoiled, mutated or recased.
    """

    message: Any
    origin: str
    named: bool
    by_variant: bool
    to_the_letter: bool


@dataclass(frozen=True)
class Files:
    """Judged afresh with Elexon's files; ``count`` messages."""

    version: str
    directory: Path
    count: int

    def __str__(self) -> str:
        return f"{self.version}-files"

    def judged(self) -> Iterator[Judged]:
        elexon, catalogue = Elexon(self.directory), load_catalogue(self.version)
        plain = Validator(catalogue, semantics=None)
        for origin, message in islice(messages(catalogue), self.count):
            checked = plain.check(message)
            corrected = checked.message
            payload = corrected.get("payload")
            if checked.variant is None:
                anything = elexon.accepts_message(corrected)
                yield Judged(corrected, origin, False, anything, anything)
                continue
            assert checked.interface is not None
            by_variant = elexon.accepts_variant(payload, checked.interface, checked.variant)
            letter = by_variant and elexon.accepts_payload(payload, checked.interface)
            yield Judged(corrected, origin, True, by_variant, letter)


@dataclass(frozen=True)
class Corpus:
    """Judged when it was recorded (``python -m tests.contract.record``)."""

    version: str

    @property
    def path(self) -> Path:
        return CORPUS / f"{self.version}.ndjson.gz"

    def __str__(self) -> str:
        return f"{self.version}-corpus"

    def judged(self) -> Iterator[Judged]:
        with gzip.open(self.path) as lines:
            for line in lines:
                yield Judged(**orjson.loads(line))


def sources() -> list[Files | Corpus]:
    """For each version: the corpus, and the files where they are at hand."""
    count = int(os.environ.get("DIPEMU_CONFORMANCE_MESSAGES", "300"))
    found: list[Files | Corpus] = [Corpus(version) for version in VERSIONS]
    for version in VERSIONS:
        directory = spec_directory(version)
        if directory is not None:
            found.append(Files(version, directory, count))
    return found


def messages(catalogue: Catalogue) -> Iterator[tuple[str, dict[str, Any]]]:
    """An endless, repeatable stream over all events: half good (some in other case), half changed."""
    random = Random(catalogue.version)
    events = [(i.name, event) for i in catalogue.interfaces.values() for event in i.events]
    seed = 0
    while True:
        random.shuffle(events)
        for interface, event in events:
            seed += 1
            yield _message(catalogue, interface, event, seed, random)


def _message(
    catalogue: Catalogue, interface: str, event: str, seed: int, random: Random
) -> tuple[str, dict[str, Any]]:
    wild = random.random() < 0.8
    good = sample(catalogue, interface, event, seed=seed, wild=wild)
    origin = random.choice(("good", "good", "recased", "spoiled", "mutated", "mutated"))
    if origin == "good":
        return origin, good
    if origin == "recased":
        return origin, recased(good, random)
    if origin == "spoiled":
        try:
            return origin, spoiled(
                catalogue, interface, event, random.choice(KINDS), seed=seed, wild=wild
            ).message
        except SampleImpossible:
            return "mutated", mutated(good, random)
    return origin, mutated(good, random)
