"""What the data services of the harness know of one MPAN."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts import envelope
from participant.handlers import Incoming

Code = Annotated[str, Field(pattern=r"^(SP|DS)\d{3}$")]


class Recorded(BaseModel):
    """A publication that came in."""

    model_config = ConfigDict(frozen=True)

    publication: str
    event: str | None
    to: str
    correlation_id: str | None


class DataServiceView(BaseModel):
    """One MPAN, as the data services see it.

    ``answers``: by DIP ID, the code with which requests are refused; without one they are accepted.
    ``received``: everything that came in, oldest first.
    """

    model_config = ConfigDict(frozen=True)

    answers: dict[str, Code] = Field(default_factory=dict)
    received: tuple[Recorded, ...] = ()

    def with_answer(self, dip_id: str, code: str) -> DataServiceView:
        """The same with the answer that one data service gives. Raises ValueError for no code."""
        return DataServiceView.model_validate(
            {"answers": self.answers | {dip_id: code}, "received": self.received}
        )

    def with_received(self, incoming: Incoming) -> DataServiceView:
        """The same with one more publication."""
        header = envelope.header(incoming.message)
        recorded = Recorded(
            publication=incoming.name,
            event=incoming.event,
            to=incoming.to,
            correlation_id=header.initial_correlation_id,
        )
        return self.model_copy(update={"received": (*self.received, recorded)})
