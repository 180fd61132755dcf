"""Identifiers of the market: MPAN core, DIP ID, MPID, roles, distributors and GSP groups."""

from __future__ import annotations

import re
from operator import mul
from typing import Final

_PRIMES: Final = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
_DIGITS: Final = frozenset("0123456789")
_DIP_ID: Final = re.compile(r"[0-9A-Za-z]{10}")
_MPID: Final = re.compile(r"[A-Z]{4}")

ROLES: Final[frozenset[str]] = frozenset(
    {
        "SUP",  # supplier
        "REGS",  # registration service
        "LDSO",  # distributor
        "MSS",  # metering service, smart
        "MSA",  # metering service, advanced
        "UMSO",  # unmetered supplies operator
        "SDS",  # data service, smart
        "ADS",  # data service, advanced
        "UMSDS",  # data service, unmetered
        "MDS",  # market-wide data service
        "LSS",  # load shaping service
        "EES",  # electricity enquiry service
        "MDR",  # meter data retriever
        "DCC",  # data communications company
        "ISD",  # industry standing data publisher
    }
)
METERING_SERVICES: Final[frozenset[str]] = frozenset({"MSS", "MSA", "UMSO"})
DATA_SERVICES: Final[frozenset[str]] = frozenset({"SDS", "ADS", "UMSDS"})

# Embedded distributors (numbers above 23) may sit in any group, so they have no entry.
_GSP_GROUP: Final = {
    10: "_A",
    11: "_B",
    12: "_C",
    13: "_D",
    14: "_E",
    15: "_F",
    16: "_G",
    17: "_P",
    18: "_N",
    19: "_J",
    20: "_H",
    21: "_K",
    22: "_L",
    23: "_M",
}
GSP_GROUPS: Final[frozenset[str]] = frozenset(_GSP_GROUP.values())


def check_digit(first_twelve: str) -> str:
    """The check digit of an MPAN core, from its first twelve digits.

    The sum of digit times prime (3, 5, 7, 13, …, 43; 11 is left out), modulo 11, modulo 10. Raises
    ValueError unless given exactly twelve digits.
    """
    if len(first_twelve) != 12 or not _DIGITS.issuperset(first_twelve):
        raise ValueError(f"twelve digits are needed, not {first_twelve!r}")
    total = sum(map(mul, map(int, first_twelve), _PRIMES))
    return str(total % 11 % 10)


def is_mpan(text: object) -> bool:
    """Whether this is an MPAN core: thirteen digits, the last one the right check digit."""
    if not isinstance(text, str) or len(text) != 13 or not _DIGITS.issuperset(text):
        return False
    return check_digit(text[:12]) == text[12]


def make_mpan(distributor: int, serial: int) -> str:
    """The MPAN core of a distributor (10 to 99) with this ten-digit serial and the right check digit.

    Raises ValueError when either number does not fit.
    """
    if not 10 <= distributor <= 99 or not 0 <= serial < 10**10:
        raise ValueError(f"no MPAN for distributor {distributor} and serial {serial}")
    first_twelve = f"{distributor:02d}{serial:010d}"
    return first_twelve + check_digit(first_twelve)


def distributor_of(mpan: str) -> int:
    """The distributor's number: the first two digits. Raises ValueError when they are no digits."""
    if len(mpan) < 2 or not _DIGITS.issuperset(mpan[:2]):
        raise ValueError(f"no distributor number in {mpan!r}")
    return int(mpan[:2])


def gsp_group_of(distributor: int) -> str | None:
    """The GSP group of a distribution area (10 to 23); None for an embedded distributor."""
    return _GSP_GROUP.get(distributor)


def is_dip_id(text: object) -> bool:
    """Whether this can be a DIP ID: ten letters or digits (the schema only counts to ten)."""
    return isinstance(text, str) and _DIP_ID.fullmatch(text) is not None


def is_mpid(text: object) -> bool:
    """Whether this can be a market participant ID: four capital letters."""
    return isinstance(text, str) and _MPID.fullmatch(text) is not None
