"""Customer direct contracts: a service provider reports its contract with the customer, IF-038 → IF-039."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from participant.handlers import DipOut
from services.registration.changes import ChangeCase, Rules, response
from services.registration.changes import broken as broken_rules
from services.registration.kinds import DATA, METERING, ServiceKind
from services.registration.register import MeteringPoint

ANSWER: Final = "IF-039"


def retrospective(case: ChangeCase) -> bool:
    """REG1071: a direct contract cannot have ended before today."""
    ends = _ends(case)
    return ends is not None and case.days_ahead(ends) < 0


def already_there(case: ChangeCase) -> bool:
    """REG1073: only one direct contract of a kind is held at a time."""
    return _adds(case) and _held(case) is not None


def nothing_to_remove(case: ChangeCase) -> bool:
    """REG1074: only the sender's own direct contract can be removed."""
    return not _adds(case) and _held(case) != case.change.sender


def not_appointed(case: ChangeCase) -> bool:
    """REG1075: only the service that is appointed now reports a direct contract."""
    service = case.point.current(_kind(case))
    return service is None or service.dip_id != case.change.sender


def contract_of_another(case: ChangeCase) -> bool:
    """REG1076: the direct contract has to be the sender's own."""
    named = _block(case).get(f"customerDirectContract{_kind(case).field_part}DIPID")
    return named is not None and named != case.change.sender


def unreadable(case: ChangeCase) -> bool:
    """REG1022: the date has to be readable."""
    return _adds(case) and _ends(case) is None


RULES: Final[Rules] = {
    "REG1022": unreadable,
    "REG1071": retrospective,
    "REG1073": already_there,
    "REG1074": nothing_to_remove,
    "REG1075": not_appointed,
    "REG1076": contract_of_another,
}


def change_direct_contract(case: ChangeCase) -> tuple[MeteringPoint, DipOut]:
    """Check a report of a direct contract and answer its sender; one that passes is held."""
    point, codes = case.point, broken_rules(RULES, case)
    holder = case.change.sender if _adds(case) else None
    after = point if codes else point.with_site(**{_name(case): holder})
    told = DipOut(
        sender=point.registration_service,
        interface=ANSWER,
        event=case.change.event,
        custom=case.change.custom or None,
        mpan=point.mpan_block(),
        primary=(case.change.sender,),
        response=response(codes, case.world),
        correlation_id=case.change.correlation_id,
    )
    return after, told


def _adds(case: ChangeCase) -> bool:
    return case.change.event.endswith("Add]")


def _kind(case: ChangeCase) -> ServiceKind:
    return METERING if "ContractMS" in case.change.event else DATA


def _name(case: ChangeCase) -> str:
    return f"direct_{_kind(case).name}_service"


def _held(case: ChangeCase) -> str | None:
    held: str | None = getattr(case.point.site, _name(case))
    return held


def _block(case: ChangeCase) -> Mapping[str, Any]:
    found: Mapping[str, Any] = case.change.custom.get("B020" if _kind(case) is METERING else "B021", {})
    return found


def _ends(case: ChangeCase) -> datetime | None:
    block = "B020" if _kind(case) is METERING else "B021"
    return case.change.moment(block, f"customerDirectContract{_kind(case).field_part}EffectiveToDate")
