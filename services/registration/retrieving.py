"""The meter data retriever (MDR): a data service asks for another one, IF-034 [SDS-MDRUpdate] → IF-035."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from backbone.clock import uk_midnight
from contracts.envelope import MpanBlock
from participant.handlers import DipOut, World
from services.registration.proposals import read_moment
from services.registration.register import MeteringPoint
from services.registration.retriever_checks import MDR_MAX_DAYS_AHEAD, MDR_ROLES
from services.registration.site_data import Holder

_NOMINATED: Final = "SDSNominatedMDR"


@dataclass(frozen=True, slots=True)
class Update:
    """What a data service asks for: blocks B012, B013 and B018 of its message."""

    sender: str
    custom: Mapping[str, Any]
    correlation_id: str | None

    @property
    def dip_id(self) -> str:
        """DIP ID of the nominated MDR."""
        return str(self.custom["B018"][f"{_NOMINATED}DIPID"])

    @property
    def mpid(self) -> str:
        """MPID of the nominated MDR."""
        return str(self.custom["B018"][f"{_NOMINATED}MPID"])

    @property
    def date_text(self) -> str:
        """From when, as it was sent."""
        return str(self.custom["B018"][f"{_NOMINATED}RequestedEffectiveFromDate"])

    @property
    def supplier(self) -> str:
        """DIP ID of the supplier that the data service works for."""
        return str(self.custom["B012"]["serviceProviderAppointmentRequestingSupplierDIPID"])


@dataclass(frozen=True, slots=True)
class UpdateCase:
    """One update for one metering point, at one moment."""

    point: MeteringPoint
    update: Update
    now: datetime
    world: World

    @property
    def days_ahead(self) -> int | None:
        """UK calendar days from today to the requested day; None where it cannot be read."""
        date = read_moment(self.update.date_text)
        return None if date is None else (uk_midnight(date).date() - uk_midnight(self.now).date()).days


def retrospective(case: UpdateCase) -> bool:
    """REG1024: the date has to be readable, and not before today."""
    return case.days_ahead is None or case.days_ahead < 0


def not_by_appointed_service(case: UpdateCase) -> bool:
    """REG1080: only the data service that is appointed now may ask."""
    service = case.point.data_service
    return service is None or service.dip_id != case.update.sender


def not_a_retriever(case: UpdateCase) -> bool:
    """REG1081: the nominated party has to be a meter data retriever."""
    party = case.world.party(case.update.dip_id)
    return party is None or party.role not in MDR_ROLES


def too_far_ahead(case: UpdateCase) -> bool:
    """REG1082: at most five days ahead."""
    return case.days_ahead is not None and case.days_ahead > MDR_MAX_DAYS_AHEAD


def not_for_current_supplier(case: UpdateCase) -> bool:
    """REG1084: the supplier that the message names has to be the current one."""
    return case.update.supplier != case.point.supplier.dip_id


def mpid_wrong(case: UpdateCase) -> bool:
    """REG1093: the nominated MDR's MPID has to be that of its DIP ID."""
    party = case.world.party(case.update.dip_id)
    return party is not None and party.mpid != case.update.mpid


def already_appointed(case: UpdateCase) -> bool:
    """REG1098: the nominated MDR cannot be the one that is appointed now."""
    current = case.point.meter_data_retriever
    return current is not None and current.dip_id == case.update.dip_id


RULES: Final[Mapping[str, Callable[[UpdateCase], bool]]] = {
    "REG1024": retrospective,
    "REG1080": not_by_appointed_service,
    "REG1081": not_a_retriever,
    "REG1082": too_far_ahead,
    "REG1084": not_for_current_supplier,
    "REG1093": mpid_wrong,
    "REG1098": already_appointed,
}


def update_retriever(
    point: MeteringPoint, update: Update, now: datetime, world: World
) -> tuple[MeteringPoint, DipOut]:
    """Check an update and answer it; one that passes takes effect on its date."""
    case = UpdateCase(point, update, now, world)
    codes = [code for code, broken in RULES.items() if broken(case)]
    answer = outcome(update, point.registration_service, point.mpan_block(), codes, world)
    date = read_moment(update.date_text)
    if codes or date is None:
        return point, answer
    retriever = Holder(dip_id=update.dip_id, mpid=update.mpid, effective_from=date)
    return point.model_copy(update={"meter_data_retriever": retriever}), answer


def outcome(update: Update, sender: str, mpan: MpanBlock, codes: Sequence[str], world: World) -> DipOut:
    """IF-035 [SDS-MDROutcome] to the data service and its supplier: accepted, or every code that applies."""
    answered = {name: update.custom[name] for name in ("B012", "B013") if name in update.custom}
    assigned = {"DIPID": update.dip_id, "MPID": update.mpid, "EffectiveFromDate": update.date_text}
    texts = [world.catalogue.code_text(code) for code in codes]
    return DipOut(
        sender=sender,
        interface="IF-035",
        event="[SDS-MDROutcome]",
        custom={
            **answered,
            "B092": {f"assignedMDR{name}": value for name, value in assigned.items()},
            "B099": {"responseCode": "R" if texts else "A", "responseMessages": texts},
        },
        mpan=mpan,
        primary=(update.sender, update.supplier),
        correlation_id=update.correlation_id,
    )
