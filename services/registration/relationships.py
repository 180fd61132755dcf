"""Relationships between MPANs: linked import and export, related primaries and secondaries; IF-019 → IF-020.

The register keeps one metering point apart from every other, so what it knows of the others at a site comes
with the site data: ``linked``, ``related`` and ``neighbours``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from participant.handlers import DipOut
from services.registration import site_blocks
from services.registration.changes import ChangeCase, Rules, answer, broken
from services.registration.register import MeteringPoint, SwitchStatus
from services.registration.site_data import LinkedMpan, Neighbour, RelatedMpans

ANSWER: Final = "IF-020"


def subsidiary_unknown(case: ChangeCase) -> bool:
    """REG0000: every subsidiary MPAN has to be known."""
    return any(_neighbour(case, mpan) is None and not _known(case, mpan) for mpan in _subsidiaries(case))


def during_switch(case: ChangeCase) -> bool:
    """REG0007: while a switch of the principal MPAN is under way its relationships stay as they are."""
    under_way = (SwitchStatus.PENDING, SwitchStatus.CONFIRMED)
    return any(switch.status in under_way for switch in case.point.switches)


def owns_neither(case: ChangeCase) -> bool:
    """REG1050: to link, the sender has to be the supplier of the import or of an export MPAN."""
    return _linking(case) and not any(_owners(case))


def unmetered(case: ChangeCase) -> bool:
    """REG1051: an unmetered MPAN takes part in no relationship."""
    mine = not case.point.site.metered or case.point.site.connection_type == "U"
    return mine or any(not neighbour.metered for neighbour in _neighbours(case))


def already_linked(case: ChangeCase) -> bool:
    """REG1052: to create a link, none of the MPANs can be linked already."""
    return case.change.has_event("LinkedImportExportCreate") and (
        bool(case.point.site.linked) or any(neighbour.linked_to for neighbour in _neighbours(case))
    )


def principal_not_import(case: ChangeCase) -> bool:
    """REG1053: the principal of a link has to be an import MPAN."""
    return _linking(case) and case.point.site.energy_direction != "I"


def subsidiary_not_export(case: ChangeCase) -> bool:
    """REG1054: the subsidiaries of a link have to be export MPANs."""
    return _linking(case) and any(neighbour.energy_direction != "E" for neighbour in _neighbours(case))


def principal_not_linked(case: ChangeCase) -> bool:
    """REG1055: only to an MPAN that is linked can another be added, or one be taken from it."""
    changes = case.change.has_event("LinkedImportExportAdd", "LinkedImportExportRemove")
    return changes and not case.point.site.linked


def linked_elsewhere(case: ChangeCase) -> bool:
    """REG1056: an MPAN that is added cannot be linked to another principal."""
    added = case.change.has_event("LinkedImportExportAdd")
    return added and any(one.linked_to not in (None, case.point.mpan) for one in _neighbours(case))


def linked_here(case: ChangeCase) -> bool:
    """REG1057: an MPAN that is added cannot be linked to the principal already."""
    return case.change.has_event("LinkedImportExportAdd") and bool(_linked(case) & set(_subsidiaries(case)))


def not_linked_here(case: ChangeCase) -> bool:
    """REG1058: only an MPAN that is linked can be removed."""
    removed = case.change.has_event("LinkedImportExportRemove")
    return removed and not set(_subsidiaries(case)) <= _linked(case)


def duplicated(case: ChangeCase) -> bool:
    """REG1059: no MPAN is named twice."""
    named = [case.point.mpan, *_subsidiaries(case)]
    return len(set(named)) < len(named)


def owns_not_all(case: ChangeCase) -> bool:
    """REG1060: to relate, the sender has to be the supplier of all the MPANs."""
    return not _linking(case) and not all(_owners(case))


def already_related(case: ChangeCase) -> bool:
    """REG1061: to create a relation, none of the MPANs can be related already."""
    return case.change.has_event("RelatedCreate") and (
        bool(case.point.relations()) or any(one.related_to for one in _neighbours(case))
    )


def principal_not_primary(case: ChangeCase) -> bool:
    """REG1062: only to a primary MPAN can another be added, or one be taken from it."""
    changes = case.change.has_event("RelatedAdd", "RelatedRemove")
    return changes and not any(pair.primary == case.point.mpan for pair in case.point.relations())


def related_here(case: ChangeCase) -> bool:
    """REG1063: an MPAN that is added cannot be related to the primary already."""
    return case.change.has_event("RelatedAdd") and bool(_related(case) & set(_subsidiaries(case)))


def related_elsewhere(case: ChangeCase) -> bool:
    """REG1064: an MPAN that is added cannot be related to another primary."""
    added = case.change.has_event("RelatedAdd")
    return added and any(one.related_to not in (None, case.point.mpan) for one in _neighbours(case))


def not_related_here(case: ChangeCase) -> bool:
    """REG1065: only an MPAN that is related can be removed."""
    return case.change.has_event("RelatedRemove") and not set(_subsidiaries(case)) <= _related(case)


def linked_import(case: ChangeCase) -> bool:
    """REG1066: a linked import MPAN cannot become a related secondary."""
    imports = (one for one in _neighbours(case) if one.energy_direction == "I")
    return not _linking(case) and any(one.linked_to for one in imports)


def not_import(case: ChangeCase) -> bool:
    """REG1067: only import MPANs become related."""
    exported = (case.point.site.energy_direction, *(one.energy_direction for one in _neighbours(case)))
    return not _linking(case) and "E" in exported


def subsidiary_linked(case: ChangeCase) -> bool:
    """REG1068: a linked export MPAN cannot become a related secondary; of an import MPAN see REG1066."""
    exports = (one for one in _neighbours(case) if one.energy_direction == "E")
    return not _linking(case) and any(one.linked_to for one in exports)


def migrating(case: ChangeCase) -> bool:
    """REG9010: relationships are managed only once the principal MPAN has migrated."""
    return not case.point.site.migrated


RULES: Final[Rules] = {
    "REG0000": subsidiary_unknown,
    "REG0007": during_switch,
    "REG1050": owns_neither,
    "REG1051": unmetered,
    "REG1052": already_linked,
    "REG1053": principal_not_import,
    "REG1054": subsidiary_not_export,
    "REG1055": principal_not_linked,
    "REG1056": linked_elsewhere,
    "REG1057": linked_here,
    "REG1058": not_linked_here,
    "REG1059": duplicated,
    "REG1060": owns_not_all,
    "REG1061": already_related,
    "REG1062": principal_not_primary,
    "REG1063": related_here,
    "REG1064": related_elsewhere,
    "REG1065": not_related_here,
    "REG1066": linked_import,
    "REG1067": not_import,
    "REG1068": subsidiary_linked,
    "REG9010": migrating,
}


def change_relationship(case: ChangeCase) -> tuple[MeteringPoint, DipOut]:
    """Check a change of a relationship and answer it; one that passes is held."""
    point, codes = case.point, broken(RULES, case)
    after = point if codes else _APPLIED[case.change.event.strip("[]")](case)
    listing = {} if codes or not _linking(case) else site_blocks.linked_with_meters(after)
    told = answer(
        case.change, ANSWER, point.registration_service, point.mpan_block(), codes, case.world, listing
    )
    return after, told


def _link(case: ChangeCase) -> MeteringPoint:
    new = (
        LinkedMpan(
            mpan=neighbour.mpan,
            direction=neighbour.energy_direction,
            supplier_dip_id=neighbour.supplier_dip_id,
            supplier_mpid=neighbour.supplier_mpid,
        )
        for neighbour in _neighbours(case)
    )
    return case.point.with_site(linked=(*case.point.site.linked, *new))


def _unlink(case: ChangeCase) -> MeteringPoint:
    gone = set(_subsidiaries(case))
    return case.point.with_site(linked=tuple(one for one in case.point.site.linked if one.mpan not in gone))


def _relate(case: ChangeCase) -> MeteringPoint:
    new = (RelatedMpans(primary=case.point.mpan, secondary=mpan) for mpan in _subsidiaries(case))
    return case.point.with_relations((*case.point.relations(), *new))


def _unrelate(case: ChangeCase) -> MeteringPoint:
    gone = set(_subsidiaries(case))
    return case.point.with_relations([pair for pair in case.point.relations() if pair.secondary not in gone])


_APPLIED: Final[dict[str, Callable[[ChangeCase], MeteringPoint]]] = {
    "LinkedImportExportCreate": _link,
    "LinkedImportExportAdd": _link,
    "LinkedImportExportRemove": _unlink,
    "RelatedCreate": _relate,
    "RelatedAdd": _relate,
    "RelatedRemove": _unrelate,
}


def _linking(case: ChangeCase) -> bool:
    return case.change.event.startswith("[Linked")


def _subsidiaries(case: ChangeCase) -> Sequence[str]:
    return [one["subsidiaryMPAN"] for one in case.change.custom["B090List"]]


def _neighbour(case: ChangeCase, mpan: str) -> Neighbour | None:
    return next((one for one in case.point.site.neighbours if one.mpan == mpan), None)


def _neighbours(case: ChangeCase) -> Sequence[Neighbour]:
    """The subsidiaries that the register knows of."""
    found = (_neighbour(case, mpan) for mpan in _subsidiaries(case))
    return [neighbour for neighbour in found if neighbour is not None]


def _known(case: ChangeCase, mpan: str) -> bool:
    return mpan in _linked(case) | _related(case)


def _linked(case: ChangeCase) -> set[str]:
    return {one.mpan for one in case.point.site.linked}


def _related(case: ChangeCase) -> set[str]:
    return {pair.secondary for pair in case.point.relations() if pair.primary == case.point.mpan}


def _owners(case: ChangeCase) -> Iterable[bool]:
    """For the principal and each subsidiary known: whether the sender is its supplier."""
    sender = case.change.sender
    yield case.point.supplier.dip_id == sender
    yield from (neighbour.supplier_dip_id == sender for neighbour in _neighbours(case))
