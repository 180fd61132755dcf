"""Faults of qualification: everything this room raises on purpose derives from one root.

QualificationError
├── ScenarioInvalid    a scenario file breaks the rules of the format; carries the problems
├── ScenarioUnknown    no scenario has this ID
├── BindingInvalid     the roles cannot be bound to parties as asked
├── RunUnknown         no run has this ID
├── RunConflict        the run cannot start: its MPAN belongs to a run that has not ended
├── StepUnknown        the run has no step with this number
├── OrderRefused       what the tester wants cannot be done as the run stands
├── NameMissing        nobody says who attests, skips or notes
├── NameNotTheirs      somebody says it is another who attests, skips or notes
├── EvidenceInvalid    an evidence folder cannot be read, or lacks a part
├── EvidenceRefused    an evidence pack is damaged or not safe to open
├── EvidencePruned     the events of a run were removed, with all that was as old
└── EvidenceUnsigned   the harness cannot sign the evidence it made: its own fault
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.qualification.problems import Problem


class QualificationError(Exception):
    """Root of the faults raised by qualification."""


class ScenarioInvalid(QualificationError):
    """A scenario file breaks the rules of the format."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class ScenarioUnknown(QualificationError):
    """No scenario has this ID."""


class BindingInvalid(QualificationError):
    """The roles cannot be bound to parties as asked; the text says which role and why."""


class RunUnknown(QualificationError):
    """No run has this ID."""


class RunConflict(QualificationError):
    """The run cannot start: its MPAN belongs to a run that has not ended."""


class StepUnknown(QualificationError):
    """The run has no step with this number."""


class OrderRefused(QualificationError):
    """What the tester wants cannot be done as the run stands; the text says why."""


class NameMissing(QualificationError):
    """Nobody says who attests, skips or notes, and no access token tells it."""


class NameNotTheirs(QualificationError):
    """The name given for the record is not that of the access token."""


class EvidenceInvalid(QualificationError):
    """An evidence folder cannot be read, or lacks a part."""


class EvidenceRefused(QualificationError):
    """An evidence pack is damaged, too large, or holds a path that leads out of it."""


class EvidencePruned(QualificationError):
    """The events of a run were removed, with all that was as old; its document and verdict are kept."""


class EvidenceUnsigned(QualificationError):
    """The harness cannot sign the evidence it made; the text says why. Never the participant's fault."""
