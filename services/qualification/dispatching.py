"""Turns the orders of a scenario into records for the services of the harness."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from backbone.journal import JournalEvent, Kind
from backbone.log import Record
from contracts import css
from participant.timekeeper import AHEAD, CLOCK_ADVANCED
from participant.wire import command_record
from services.qualification.binding import Binding
from services.qualification.business_time import target
from services.qualification.expressions import resolve
from services.qualification.format import Command, Scenario, Step
from services.qualification.orders import RELEASE, applies, commands, order_event

CSS_MESSAGE = "cssMessage"
FAULT = "fault"
DIP_GATEWAY = "dip_gateway"
RUN_ENDED = "run_ended"
WITH_A_CLOCK = (
    "registration",
    "css_stub",
    "supplier_stub",
    "metering_service_stub",
    "data_service_stub",
    "central_services_stub",
)


def preparation(scenario: Scenario, binding: Binding, now: datetime) -> list[Record]:
    """The orders that prepare a run. Sent again after a restart they have the same IDs."""
    return [
        _record(command, binding, f"{binding.run}-prepare-{number}", now)
        for number, command in enumerate(scenario.prepare)
        if applies(command, binding)
    ]


def closing(scenario: Scenario, binding: Binding) -> list[Record]:
    """The order that follows a run which made things go wrong, or held deliveries: it does so no more."""
    ordered = [*scenario.prepare, *(command for step in scenario.steps for command in step.release)]
    services = {command.service for command in ordered if command.command == FAULT}
    services |= {DIP_GATEWAY} if binding.mode == "stepwise" else set()
    return [
        command_record(
            service,
            RUN_ENDED,
            to="",
            mpan=binding.mpan,
            run=binding.run,
            id=f"{binding.run}-ended",
            arguments={},
        )
        for service in sorted(services)
    ]


def release(
    step: Step, binding: Binding, now: datetime, captured: Mapping[str, Any] | None = None
) -> list[Record]:
    """The orders of a step, and the journal's note of them, for one append; empty where none are needed.

    ``captured``: what earlier steps captured. Raises ValueError for a moment to advance to that is none,
    Unresolved where an order names what no message gave.
    """
    told = commands(step, binding)
    advanced = _advance(step, binding, now)
    if not told and not advanced:
        return []
    names = [command.command for command in told]
    note = order_event(binding, RELEASE, now, step, commands=names, onBehalf=binding.on_behalf(step))
    prefix = f"{binding.run}-step-{step.step}"
    known = {"captured": captured or {}}
    records = [_record(c, binding, f"{prefix}-{number}", now, known) for number, c in enumerate(told)]
    return [*advanced, note.to_record(), *records]


def _advance(step: Step, binding: Binding, now: datetime) -> list[Record]:
    """What moves the run's business clock before a step."""
    moment = target(step, binding, now)
    if moment is None or moment <= now:
        return []
    note = JournalEvent(
        kind=Kind.CLOCK_ADVANCED,
        at=now,
        service="qualification",
        mpan=binding.mpan,
        run=binding.run,
        details={"step": step.step, "to": moment.isoformat(), AHEAD: (moment - now).total_seconds()},
    )
    return [note.to_record(), *clock_orders(binding, note)]


def clock_orders(binding: Binding, advanced: JournalEvent) -> list[Record]:
    """Tells every service how far the run's business clock is ahead; after a restart they ask to be told."""
    seconds = {AHEAD: advanced.details[AHEAD]}
    return [
        command_record(
            service,
            CLOCK_ADVANCED,
            to=binding.mpan,
            mpan=binding.mpan,
            run=binding.run,
            id=f"{binding.run}-clock-{advanced.id}",
            arguments=seconds,
        )
        for service in WITH_A_CLOCK
    ]


def _record(
    command: Command, binding: Binding, identifier: str, now: datetime, known: Mapping[str, Any] | None = None
) -> Record:
    arguments = _built(resolve(command.arguments, {**binding.values, **(known or {})}), now)
    return command_record(
        command.service,
        command.command,
        to=binding.parties[command.to].dip_id,
        mpan=binding.mpan,
        run=binding.run,
        id=identifier,
        arguments=arguments,
    )


def _switch_request(fields: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return css.switch_request(
        mpan=fields["mpan"],
        supplier_mpid=fields["supplierMpid"],
        supply_start_date=datetime.fromisoformat(fields["supplyStartDate"]),
        registration_reference=fields["registrationReference"],
        now=now,
    )


_BUILDERS: Mapping[str, Callable[[Mapping[str, Any], datetime], dict[str, Any]]] = {
    css.SWITCH_REQUEST: _switch_request,
}
BUILT_MESSAGES = frozenset(_BUILDERS)


def _built(value: Any, now: datetime) -> Any:
    """Arguments with every ``{cssMessage: CSS01700, …}`` replaced by the message itself."""
    if isinstance(value, Mapping):
        if CSS_MESSAGE in value:
            return _BUILDERS[value[CSS_MESSAGE]](value, now)
        return {key: _built(item, now) for key, item in value.items()}
    return [_built(item, now) for item in value] if isinstance(value, list) else value
