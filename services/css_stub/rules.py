"""What CSS asks of a switch request (CSS01700) beyond its shape."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from backbone.clock import uk_midnight
from contracts import css
from contracts.css import CssHeader, Problem

MIN_DAYS_AHEAD: Final = 1
MAX_DAYS_AHEAD: Final = 28


def refusals(message: object, now: datetime, supplier_mpid: str | None) -> tuple[Problem, ...]:
    """Everything that keeps CSS from taking this switch request; empty when nothing does.

    ``supplier_mpid``: the MPID of the supplier that sends it, None when it is not known who does.
    """
    shape = css.check(message)
    header = css.header(message)
    return (*_event_type(header), *shape, *_supplier(header, supplier_mpid), *_supply_start(header, now))


def _event_type(header: CssHeader) -> Iterator[Problem]:
    if header.event_type in (css.PENDING_REGISTRATION, css.REGISTRATION_STATUS):
        yield Problem(
            "/eventType", f"A supplier sends {css.SWITCH_REQUEST}; {header.event_type} comes from CSS."
        )


def _supplier(header: CssHeader, supplier_mpid: str | None) -> Iterator[Problem]:
    if supplier_mpid is not None and header.supplier_mpid not in (None, supplier_mpid):
        text = f"`supplierMpid` is {header.supplier_mpid}, but the sender is {supplier_mpid}."
        yield Problem("/data/supplierMpid", text)


def _supply_start(header: CssHeader, now: datetime) -> Iterator[Problem]:
    """The supply start date counts as the UK day that it falls on."""
    if header.supply_start_date is None:
        return
    today, start = uk_midnight(now).date(), uk_midnight(header.supply_start_date).date()
    days = (start - today).days
    if not MIN_DAYS_AHEAD <= days <= MAX_DAYS_AHEAD:
        text = (
            f"`supplyStartDate` falls on {start}; a switch starts {MIN_DAYS_AHEAD} to {MAX_DAYS_AHEAD} days "
            f"after today, {today}."
        )
        yield Problem("/data/supplyStartDate", text)
