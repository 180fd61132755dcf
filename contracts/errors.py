"""Faults of the contracts room: everything it raises on purpose derives from one root.

ContractError
├── UnknownVersion     no catalogue of that version was found
├── UnknownVariant     the catalogue has no such interface or event
├── CatalogueInvalid   a catalogue file cannot be read
├── ImportRefused      what Elexon publishes could not be read in full
└── SampleImpossible   the generator cannot make such a message
"""

from __future__ import annotations


class ContractError(Exception):
    """Root of the faults raised by the contracts room."""


class UnknownVersion(ContractError):
    """No catalogue of that version was found."""


class UnknownVariant(ContractError, KeyError):
    """The catalogue has no such interface or event."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class CatalogueInvalid(ContractError):
    """A catalogue file cannot be read; the message names file and entry."""


class ImportRefused(ContractError):
    """The published files have parts that cannot be read; the message names each."""


class SampleImpossible(ContractError):
    """The generator cannot make such a message: no such pointer, or no place for that kind of fault."""
