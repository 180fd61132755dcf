"""The values that a run's expressions may name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from backbone.clock import dip_timestamp, uk_midnight
from contracts.identifiers import distributor_of, gsp_group_of
from services.qualification.binding import Binding, BoundParty
from services.qualification.expressions import resolve
from services.qualification.format import DateRule, Scenario, Step


def run_values(
    scenario: Scenario,
    parties: Mapping[str, BoundParty],
    *,
    run: str,
    number: int,
    mpan: str,
    now: datetime,
) -> dict[str, Any]:
    """Resolve a scenario's data for a run. ``number``: unique among runs; seven digits in expressions."""
    distributor = distributor_of(mpan)
    values: dict[str, Any] = {
        "mpan": mpan,
        "distributor": distributor,
        "gspGroup": gsp_group_of(distributor),
        "run": {"id": run, "number": f"{number % 10_000_000:07d}"},
        "roles": {name: _party_values(party) for name, party in parties.items()},
    }
    for name, rule in scenario.data.items():
        values[name] = date_of(rule, now) if isinstance(rule, DateRule) else resolve(rule, values)
    values["siteData"] = resolve(scenario.mpan.site_data, values)
    return values


def guidance(step: Step, binding: Binding) -> str:
    """What the owner of a step is to do, with this run's values filled in."""
    return str(resolve(step.guidance or "", binding.values))


def _party_values(party: BoundParty) -> dict[str, str]:
    return {"dipId": party.dip_id, "mpid": party.mpid, "role": party.role, "title": party.title}


def date_of(rule: DateRule, now: datetime) -> str:
    """The date of a rule, as the market writes it: a DateTime, or a Date for ``uk_date_days_ahead``."""
    if rule.uk_date_days_ahead is not None:
        return uk_midnight(now, rule.uk_date_days_ahead).date().isoformat()
    if rule.utc_midnight_days_ahead is not None:
        day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return dip_timestamp(day + timedelta(days=rule.utc_midnight_days_ahead))
    return dip_timestamp(uk_midnight(now, rule.uk_midnight_days_ahead or 0))
