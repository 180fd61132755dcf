"""One validator for the tests of this folder, and messages made wrong in one place."""

from __future__ import annotations

from copy import deepcopy

from contracts import load_catalogue
from contracts.samples import put
from contracts.validation import Validator

CATALOGUE = load_catalogue("2.1.0")
VALIDATOR = Validator(CATALOGUE)
S0 = "/payload/CommonBlock/S0"
S1 = "/payload/CommonBlock/S1"
B070 = "/payload/CustomBlock/B070"
B013 = "/payload/CustomBlock/B013"


def only(message):
    """The one violation there has to be."""
    checked = VALIDATOR.check(message)
    assert not checked.valid
    assert len(checked.violations) == 1, checked.violations
    return checked.violations[0]


def changed(message, pointer, value):
    copy = deepcopy(message)
    put(copy, pointer, value)
    return copy


def without(message, pointer):
    copy = deepcopy(message)
    holder = copy
    *steps, last = pointer.split("/")[1:]
    for step in steps:
        holder = holder[step]
    del holder[last]
    return copy
