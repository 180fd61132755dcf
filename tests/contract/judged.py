"""Judged messages: generated ones with the verdicts of Elexon's schema, from the files or from the corpus."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, repeat
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

    ``named``: S0 names a variant. ``origin``: good, spoiled, mutated or recased. ``event``: what the message
    was made for, ``IF-031 [MSApp]``.
    """

    message: Any
    origin: str
    event: str
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
        for made in islice(messages(catalogue), self.count):
            checked = plain.check(made.message)
            corrected = checked.message
            if checked.variant is None or checked.interface is None:
                anything = elexon.accepts_message(corrected)
                yield Judged(corrected, made.origin, made.event, False, anything, anything)
                continue
            payload = corrected.get("payload")
            by_variant = elexon.accepts_variant(payload, checked.interface, checked.variant)
            several = elexon.has_alternatives(checked.interface)
            letter = elexon.accepts_payload(payload, checked.interface) if several else by_variant
            yield Judged(corrected, made.origin, made.event, True, by_variant, letter)


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


@dataclass(frozen=True)
class Made:
    """A generated message, how it was made and for which event."""

    message: dict[str, Any]
    origin: str
    event: str


def messages(catalogue: Catalogue) -> Iterator[Made]:
    """An endless, repeatable stream: a good one of every event, a spoiled one of every event, then at
    random half good (some with names in another case) and half changed."""
    random = Random(catalogue.version)
    events = [(i.name, event) for i in catalogue.interfaces.values() for event in i.events]
    mixture = ("good", "good", "recased", "spoiled", "mutated", "mutated")
    rounds = chain([("good",), ("spoiled",)], repeat(mixture))
    seed = 0
    for origins in rounds:
        random.shuffle(events)
        for interface, event in events:
            seed += 1
            yield _made(catalogue, interface, event, random.choice(origins), seed, random)


def _made(catalogue: Catalogue, interface: str, event: str, origin: str, seed: int, random: Random) -> Made:
    wild = random.random() < 0.8
    message = sample(catalogue, interface, event, seed=seed, wild=wild)
    if origin == "recased":
        message = recased(message, random)
    elif origin == "mutated":
        message = mutated(message, random)
    elif origin == "spoiled":
        message = _spoiled(catalogue, interface, event, seed, random)
    return Made(message, origin, f"{interface} {event}")


def _spoiled(catalogue: Catalogue, interface: str, event: str, seed: int, random: Random) -> dict[str, Any]:
    """With a fault of a random kind there is a place for; a missing block always has one."""
    kind = random.choice(KINDS)
    try:
        return spoiled(catalogue, interface, event, kind, seed=seed, wild=True).message
    except SampleImpossible:
        return spoiled(catalogue, interface, event, "missing-block", seed=seed, wild=True).message
