"""Faults of reading a catalogue, below the room's root.

ContractError
└── UnknownPart    the catalogue has no interface, event, block, item or code of that name
"""

from __future__ import annotations

from contracts.errors import ContractError


class UnknownPart(ContractError):
    """The catalogue has no interface, event, block, item or code of that name."""
