"""The versions of the standard that this gateway serves: the message says which one judges it."""

from __future__ import annotations

from collections.abc import Sequence

from contracts import Catalogue
from contracts.semantics import Semantics
from contracts.validation import Checked, Validator
from contracts.versions import choose


class Judges:
    """One validator per version, the default version first."""

    def __init__(self, catalogues: Sequence[Catalogue], semantics: Semantics | None) -> None:
        self._catalogues = catalogues
        self._validators = {one.version: Validator(one, semantics=semantics) for one in catalogues}
        self._default = self._validators[catalogues[0].version]

    def knows(self, interface: str) -> bool:
        """Whether any of the versions has this interface, and so its channel."""
        return any(interface in one.interfaces for one in self._catalogues)

    def catalogue_of(self, interface: str) -> Catalogue:
        """The first version that has this interface; the default version where none has."""
        having = (one for one in self._catalogues if interface in one.interfaces)
        return next(having, self._catalogues[0])

    def check(self, message: object) -> Checked:
        """Judge a message by the version that its schema version names, else by the default."""
        if len(self._catalogues) == 1:
            return self._default.check(message)
        return self._validators[choose(self._catalogues, message).version].check(message)
