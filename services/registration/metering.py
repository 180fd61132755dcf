"""Meters: a metering service installs, removes, exchanges or updates one, IF-005 → IF-006."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from participant.handlers import DipOut
from services.registration import site_blocks
from services.registration.changes import ChangeCase, Rules, answer, broken
from services.registration.proposals import read_moment
from services.registration.register import MeteringPoint
from services.registration.site_data import Meter

ANSWER: Final = "IF-006"
_NEW: Final = ("MeterInstall", "MeterExchange")
_GONE: Final = ("MeterRemoval", "MeterExchange")
_UPDATES: Final = ("MeterUpdate", "MeterHistoryUpdate")


def connection_is_unmetered(case: ChangeCase) -> bool:
    """REG0003: an unmetered connection has no meters."""
    return case.point.site.connection_type == "U"


def segment_is_unmetered(case: ChangeCase) -> bool:
    """REG0004: in segment U there are no meters."""
    return case.point.site.market_segment == "U"


def disconnected(case: ChangeCase) -> bool:
    """REG1001: the metering point cannot be disconnected or terminated yet."""
    ended = case.point.disconnected
    return ended is not None and case.days_ahead(ended) <= 0


def not_appointed(case: ChangeCase) -> bool:
    """REG1002: to install, remove or exchange, the sender has to be the metering service appointed now."""
    return not case.change.has_event(*_UPDATES) and not _by_the_service(case)


def removes_unknown_meter(case: ChangeCase) -> bool:
    """REG1004: the meter that is removed has to be one of those installed."""
    return case.change.has_event(*_GONE) and _held(case, _removed_id(case)) is None


def removed_before_installed(case: ChangeCase) -> bool:
    """REG1005: a meter is not removed before it was installed."""
    meter, removed = _held(case, _removed_id(case)), _removed_on(case)
    installed = meter.installed if meter else None
    return installed is not None and removed is not None and removed < installed


def already_installed(case: ChangeCase) -> bool:
    """REG1006: a meter with this ID cannot be installed already."""
    new = _block(case).get("meterID")
    exchanged = case.change.has_event("MeterExchange") and new == _removed_id(case)
    return case.change.has_event(*_NEW) and not exchanged and _held(case, new) is not None


def installed_after_disconnection(case: ChangeCase) -> bool:
    """REG1007: a meter is installed before the day of a disconnection to come."""
    installed, ends = _installed_on(case), case.point.disconnected
    to_come = ends is not None and case.days_ahead(ends) > 0
    return to_come and ends is not None and installed is not None and installed >= ends


def installed_before_removal(case: ChangeCase) -> bool:
    """REG1008: with an exchange the new meter is not installed before the day the old one is removed."""
    installed, removed = _installed_on(case), _removed_on(case)
    both = installed is not None and removed is not None and installed < removed
    return case.change.has_event("MeterExchange") and both


def provider_before_meter(case: ChangeCase) -> bool:
    """REG1010: a meter asset provider does not begin before the meter is installed."""
    installed = _installed_on(case)
    return installed is not None and any(date < installed for date in _provider_dates(case))


def installed_before_creation(case: ChangeCase) -> bool:
    """REG1011: no meter is older than the MPAN, where the site data tell when that was created."""
    installed, created = _installed_on(case), case.point.site.created
    return installed is not None and created is not None and installed < created


def update_by_another(case: ChangeCase) -> bool:
    """REG1012: only the metering service appointed now updates meters and their history."""
    return case.change.has_event(*_UPDATES) and not _by_the_service(case)


def new_name_taken(case: ChangeCase) -> bool:
    """REG1013: a modified meter ID cannot be that of an installed meter."""
    return _held(case, _block(case).get("modifiedMeterID")) is not None


def updates_unknown_meter(case: ChangeCase) -> bool:
    """REG1015: only an installed meter can be updated."""
    return case.change.has_event("MeterUpdate") and _held(case, _block(case).get("meterID")) is None


def history_of_two_meters(case: ChangeCase) -> bool:
    """REG1016: with a history update the removed meter has to be the one described."""
    history = case.change.has_event("MeterHistoryUpdate") and "B039" in case.change.custom
    return history and _removed_id(case) != _block(case).get("meterID")


def renamed_and_redated(case: ChangeCase) -> bool:
    """REG1017: one update does not change both the ID of a meter and its installation date."""
    held = _held(case, _block(case).get("meterID"))
    renamed = case.change.has_event("MeterUpdate") and _block(case).get("modifiedMeterID") is not None
    return renamed and held is not None and held.installed not in (None, _installed_on(case))


def history_of_installed_meter(case: ChangeCase) -> bool:
    """REG1018: a history update cannot be about a meter that is installed now."""
    named = _held(case, _block(case).get("meterID"))
    return case.change.has_event("MeterHistoryUpdate") and named is not None


def outside_own_period(case: ChangeCase) -> bool:
    """REG1019: what is done lies within the sender's appointment."""
    service = case.point.metering_service
    if service is None or not _by_the_service(case) or case.change.has_event(*_UPDATES):
        return False
    return any(date < service.effective_from for date in _dates(case))


def in_the_future(case: ChangeCase) -> bool:
    """REG1020: what is done cannot lie after today."""
    return any(case.days_ahead(date) > 0 for date in _dates(case))


def unreadable(case: ChangeCase) -> bool:
    """REG1022: the dates have to be readable."""
    installed = "B906" in case.change.custom and _installed_on(case) is None
    removed = case.change.custom.get("B039", {}).get("meterRemovalDate")
    return installed or (removed is not None and _removed_on(case) is None)


def renames_new_meter(case: ChangeCase) -> bool:
    """REG1029: a meter that is installed cannot have a modified meter ID."""
    return case.change.has_event(*_NEW) and _block(case).get("modifiedMeterID") is not None


def display_before_meter(case: ChangeCase) -> bool:
    """REG1096: an in-home display is not there before the meter."""
    installed, display = _installed_on(case), case.change.moment("B030", "IHDEffectiveFromDate")
    return installed is not None and display is not None and display < installed


def not_migrated(case: ChangeCase) -> bool:
    """REG9003: meters are updated in this way only once the metering point has migrated."""
    return not case.point.site.migrated


RULES: Final[Rules] = {
    "REG0003": connection_is_unmetered,
    "REG0004": segment_is_unmetered,
    "REG1001": disconnected,
    "REG1002": not_appointed,
    "REG1004": removes_unknown_meter,
    "REG1005": removed_before_installed,
    "REG1006": already_installed,
    "REG1007": installed_after_disconnection,
    "REG1008": installed_before_removal,
    "REG1010": provider_before_meter,
    "REG1011": installed_before_creation,
    "REG1012": update_by_another,
    "REG1013": new_name_taken,
    "REG1015": updates_unknown_meter,
    "REG1016": history_of_two_meters,
    "REG1017": renamed_and_redated,
    "REG1018": history_of_installed_meter,
    "REG1019": outside_own_period,
    "REG1020": in_the_future,
    "REG1022": unreadable,
    "REG1029": renames_new_meter,
    "REG1096": display_before_meter,
    "REG9003": not_migrated,
}


def change_meters(case: ChangeCase) -> tuple[MeteringPoint, DipOut]:
    """Check a change of meters and answer it; one that passes is held, and told with the meters there now."""
    point, codes = case.point, broken(RULES, case)
    after = point if codes else _applied(case)
    listing = {} if codes else site_blocks.meters(after)
    told = answer(
        case.change, ANSWER, point.registration_service, point.mpan_block(), codes, case.world, listing
    )
    return after, told


def _applied(case: ChangeCase) -> MeteringPoint:
    change, meters = case.change, list(case.point.site.meters)
    if change.has_event(*_GONE):
        meters = [meter for meter in meters if meter.id != _removed_id(case)]
    if change.has_event(*_NEW):
        meters.append(_meter(case, _block(case)["meterID"]))
    if change.has_event("MeterUpdate"):
        name = _block(case).get("modifiedMeterID") or _block(case)["meterID"]
        updated = _meter(case, name)
        meters = [updated if meter.id == _block(case)["meterID"] else meter for meter in meters]
    point = case.point.with_site(meters=tuple(meters))
    display = change.custom.get("B030", {})
    if "IHDInstallStatus" not in display:
        return point
    return point.with_fact("in_home_display", display["IHDInstallStatus"], _display_since(case))


def _display_since(case: ChangeCase) -> datetime | None:
    return case.change.moment("B030", "IHDEffectiveFromDate")


def _meter(case: ChangeCase, name: str) -> Meter:
    """The meter that the change describes. Without a meter asset provider it keeps the one it had."""
    block, held = _block(case), _held(case, _block(case)["meterID"])
    providers = case.change.custom["B906"].get("historyMAP") or ()
    newest = max(providers, key=lambda one: str(one["meterAssetProviderEffectiveFromDate"]), default=None)
    provider, since = (held.asset_provider, held.asset_provider_from) if held else (None, None)
    if newest is not None:
        provider = newest["meterAssetProviderID"]
        since = read_moment(newest["meterAssetProviderEffectiveFromDate"])
    return Meter(
        id=name,
        type=block["meterType"],
        make_and_type=block.get("manufacturersMakeAndType"),
        esme_guid=block.get("ESMEGUID"),
        location=block["meterLocation"],
        register_digits=block.get("numberOfDisplayedRegisterDigits"),
        installed=_installed_on(case),
        asset_provider=provider,
        asset_provider_from=since,
    )


def _block(case: ChangeCase) -> Mapping[str, Any]:
    """B033: the meter that the change describes; empty where it only removes one."""
    found: Mapping[str, Any] = case.change.custom.get("B906", {}).get("existingMeter", {})
    return found


def _removed_id(case: ChangeCase) -> str | None:
    removed: str | None = case.change.custom.get("B039", {}).get("meterIDRemoved")
    return removed


def _removed_on(case: ChangeCase) -> datetime | None:
    return case.change.moment("B039", "meterRemovalDate")


def _installed_on(case: ChangeCase) -> datetime | None:
    return read_moment(_block(case).get("meterInstallationDate"))


def _dates(case: ChangeCase) -> list[datetime]:
    return [date for date in (_installed_on(case), _removed_on(case)) if date is not None]


def _provider_dates(case: ChangeCase) -> list[datetime]:
    providers = case.change.custom.get("B906", {}).get("historyMAP") or ()
    dates = (read_moment(one["meterAssetProviderEffectiveFromDate"]) for one in providers)
    return [date for date in dates if date is not None]


def _held(case: ChangeCase, meter_id: object) -> Meter | None:
    return next((meter for meter in case.point.site.meters if meter.id == meter_id), None)


def _by_the_service(case: ChangeCase) -> bool:
    service = case.point.metering_service
    return service is not None and service.dip_id == case.change.sender
