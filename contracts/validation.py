"""Is this a valid DIP message, and if not, why not?

``Validator(catalogue).check(message)`` answers both. Valid messages take the compiled fast path; everything
else the explaining one, which names every violation. Field names are accepted in any case and corrected in
``Checked.message``; values are exact.

Two readings of the published schema are offered. The default checks a message against the one variant its
S0 block names, as the official ``/validate/IF-nnn/Event`` paths do. ``literal=True`` also applies the
``oneOf`` over all payloads to the letter: a message that fits two variants is refused (IF-020 RelatedAdd
fits RelatedCreate too), and a payload whose CommonBlock is no object passes where the schema forgot to
demand one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from contracts.compiling import Check, compile_variant
from contracts.describing import shown
from contracts.envelope import header
from contracts.explaining import explain, respelled, value_hint
from contracts.model import Block, Catalogue, Field, Interface, Variant
from contracts.semantics import ALL_AS_WARNINGS, Context, Semantics
from contracts.violations import Checked, Severity, Violation

__all__ = ["Checked", "Context", "Semantics", "Severity", "Validator", "Violation"]


ANY_EVENT = ""  # stands for the events of a variant that does not list them


class Validator:
    """Checks messages against one version. Thread-safe after construction; variants compile when first met.

    ``semantics``: the rules beyond the schema; None for the schema alone.
    """

    def __init__(
        self, catalogue: Catalogue, *, semantics: Semantics | None = ALL_AS_WARNINGS, literal: bool = False
    ) -> None:
        self.catalogue = catalogue
        self.semantics = semantics
        self.literal = literal
        self._compiled: dict[tuple[str, str], tuple[Variant, Check]] = {}
        self._by_event = _by_event(catalogue)

    def check(self, message: Any, context: Context | None = None) -> Checked:
        """Check one message (parsed JSON). Never raises, whatever its shape.

        ``context``: what semantic rules may know beyond the message.
        """
        variant = self._passes(message)
        if variant is not None:
            event = message["payload"]["CommonBlock"]["S0"]["eventCode"]
            checked = Checked(message, variant.interface, event, variant.name)
        else:
            checked = self._explained(message)
        return self._with_semantics(checked, message, context)

    def check_as(
        self, message: object, interface: str, event: str, context: Context | None = None
    ) -> Checked:
        """Check a message against this event's structure, whatever its S0 says. Raises UnknownVariant."""
        variant = self.catalogue.variant(interface, event)
        return self._with_semantics(self._against(variant, message), message, context)

    # --- the fast path

    def _passes(self, message: Any) -> Variant | None:
        """The variant of a message that is certainly valid."""
        try:
            payload = message["payload"]
            named = payload["CommonBlock"]["S0"]
            key = (named["interfaceID"], named["eventCode"])
            variant, check = self._compiled.get(key) or self._compile(key)
        except (KeyError, TypeError, IndexError):
            return None
        return variant if check(payload) else None

    def _compile(self, key: tuple[str, str]) -> tuple[Variant, Check]:
        """Raises KeyError where no variant has that name, or where more than one may match to the letter."""
        variants = self._by_event[key]
        if self.literal and len(variants) > 1:
            raise KeyError(key)
        variant = self.catalogue.variant(*key)
        compiled = self._compiled[key] = (variant, compile_variant(variant))
        return compiled

    # --- the explaining path

    def _explained(self, message: object) -> Checked:
        found = header(message)
        interface, event = found.interface or "", found.event or ""
        variants = self._by_event.get((interface, event)) or self._by_event.get((interface, ANY_EVENT))
        if not variants:
            return self._unnamed(message)
        variant = self.catalogue.variant(interface, event)
        checked = self._against(variant, message)
        if self.literal and checked.valid and len(variants) > 1:
            return self._one_of(checked, variants)
        return checked

    def _against(self, variant: Variant, message: object) -> Checked:
        violations: list[Violation] = []
        corrected = _envelope(variant.payload, message, violations)
        found = header(corrected)
        return Checked(corrected, found.interface, found.event, variant.name, tuple(violations))

    def _one_of(self, checked: Checked, variants: tuple[Variant, ...]) -> Checked:
        """The published ``oneOf`` to the letter: exactly one alternative may match."""
        fits = [v.name for v in variants if self._against(v, checked.message).valid]
        if len(fits) == 1:
            return checked
        text = f"The message fits {len(fits)} alternatives of {checked.interface}: {', '.join(fits)}."
        violation = Violation("/payload", "one-of", text, expected="exactly one alternative")
        return replace(checked, violations=(violation,))

    def _unnamed(self, message: object) -> Checked:
        """A message whose S0 names nothing we know: say so, and check what all messages have in common."""
        if self.literal and self._passes_without_header(message):
            return Checked(message)
        found = header(message)
        known = self.catalogue.interfaces.get(found.interface or "")
        violations: list[Violation] = []
        corrected = _envelope(self._nearest(known, found.event).payload, message, violations)
        kept = [self._named(v, known) for v in violations if _certain(v.pointer, known is not None)]
        return Checked(corrected, found.interface, found.event, None, tuple(kept or violations))

    def _passes_without_header(self, message: object) -> bool:
        payload = message.get("payload") if isinstance(message, Mapping) else None
        if not isinstance(payload, Mapping) or isinstance(payload.get("CommonBlock"), Mapping):
            return False
        untyped = [v for v in self.catalogue.variants() if v.common.untyped]
        return sum(self._against(v, message).valid for v in untyped) == 1

    def _nearest(self, known: Interface | None, event: str | None) -> Variant:
        """A variant of the interface named, else any: their common blocks hardly differ."""
        variants = list(known.variants if known else self.catalogue.variants())
        bare = (event or "").strip("[]").casefold()
        return next((v for v in variants if v.name.casefold() == bare), variants[0])

    def _named(self, violation: Violation, known: Interface | None) -> Violation:
        """Widen "must be IF-001" to all interfaces, and the event to all events of the interface."""
        if violation.rule != "enum":
            return violation
        place = violation.pointer.casefold()
        if place.endswith("/s0/interfaceid"):
            names = tuple(self.catalogue.interfaces)
            return _widened(violation, f"version {self.catalogue.version} has no interface", names)
        if place.endswith("/s0/eventcode") and known is not None:
            return _widened(violation, f"{known.name} has no event", known.events, self._elsewhere(violation))
        return violation

    def _elsewhere(self, violation: Violation) -> str:
        others = [i.name for i in self.catalogue.interfaces.values() if violation.value in i.events]
        return f" It is an event of {', '.join(others)}." if others else ""

    # --- beyond the schema

    def _with_semantics(self, checked: Checked, message: object, context: Context | None) -> Checked:
        if self.semantics is None:
            return checked
        more = self.semantics.check(checked.message, self.catalogue, context)
        if more and checked.message is not message:
            more = tuple(replace(v, pointer=respelled(v.pointer, message)) for v in more)
        known = {violation.pointer for violation in checked.violations}
        more = tuple(violation for violation in more if violation.pointer not in known)
        return replace(checked, violations=(*checked.violations, *more)) if more else checked


def _by_event(catalogue: Catalogue) -> dict[tuple[str, str], tuple[Variant, ...]]:
    found: dict[tuple[str, str], tuple[Variant, ...]] = {}
    for variant in catalogue.variants():
        for event in variant.events or (ANY_EVENT,):
            key = (variant.interface, event)
            found[key] = (*found.get(key, ()), variant)
    return found


def _envelope(payload: Block, message: object, violations: list[Violation]) -> Any:
    """Check ``{"payload": …}``; other fields beside ``payload`` are allowed, as the schema has it."""
    whole = Block("message", (Field("payload", payload),), open=True)
    return explain(whole, message, "", violations)


def _certain(pointer: str, interface_known: bool) -> bool:
    """Whether a violation found against a merely similar structure holds for certain."""
    steps = pointer.casefold().split("/")[1:]
    if steps[1:2] == ["customblock"]:
        return False
    return interface_known or len(steps) < 3 or steps[2] in ("s0", "s1", "a0")


def _widened(violation: Violation, complaint: str, allowed: Sequence[str], more: str = "") -> Violation:
    hint = more or value_hint(allowed, str(violation.value))
    text = f"`{violation.pointer.rsplit('/', 1)[-1]}`: {complaint} {shown(violation.value)}.{hint}"
    return replace(violation, message=text, expected="one of " + ", ".join(allowed))
