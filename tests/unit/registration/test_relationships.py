"""IF-019 → IF-020: suppliers link import and export MPANs, and relate MPANs."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.envelope import Sender
from participant.handlers import Incoming
from tests.unit.messages import MPAN, custom_block
from tests.unit.registration.given import (
    OTHER_SUPPLIER,
    SUPPLIER,
    after,
    codes,
    metering_point,
    pending,
    publication,
    registration_status,
    tell,
)

EXPORT, EXPORT_2, IMPORT, OTHER = "1000000000012", "1000000000021", "1000000000030", "1000000000059"


def neighbour(mpan: str, direction: str = "E", supplier: str = SUPPLIER, **more: Any) -> dict[str, Any]:
    return {
        "MPANCore": mpan,
        "energyDirection": direction,
        "supplierDIPID": supplier,
        "supplierMPID": "SUPA",
        **more,
    }


ALONE: dict[str, Any] = {
    "linked": (),
    "related": None,
    "neighbours": (neighbour(EXPORT), neighbour(EXPORT_2), neighbour(IMPORT, "I")),
}
LINKED = ALONE | {"linked": ({"linkedImportExportMPAN": EXPORT, "linkedMPANEnergyDirection": "E"},)}
RELATED = ALONE | {"related": {"primaryMPAN": MPAN, "secondaryMPAN": IMPORT}}


def request(event: str, *mpans: str, sender: str = SUPPLIER) -> Incoming:
    custom = {"B090List": [{"subsidiaryMPAN": mpan} for mpan in mpans]}
    return publication("PUB-019", f"[{event}]", Sender(sender, "SUP"), custom)


def link(what: str, *mpans: str, **more: str) -> Incoming:
    return request(f"LinkedImportExport{what}", *mpans, **more)


def relate(what: str, *mpans: str, **more: str) -> Incoming:
    return request(f"Related{what}", *mpans, **more)


def test_a_link_is_held_and_told_with_the_linked_mpans() -> None:
    point, (told,) = after(metering_point(**ALONE), link("Create", EXPORT, EXPORT_2))
    assert (told.interface, told.event) == ("IF-020", "[LinkedImportExportCreate]")
    listed = [one["existingMeter"]["linkedImportExportMPAN"] for one in custom_block(told)["B907List"]]
    assert listed == [EXPORT, EXPORT_2]
    assert [one.mpan for one in point.site.linked] == [EXPORT, EXPORT_2]
    point, _ = after(point, link("Remove", EXPORT))
    assert [one.mpan for one in point.site.linked] == [EXPORT_2]


def test_relations_are_added_removed_and_told_to_the_next_supplier() -> None:
    site = ALONE | {"neighbours": (neighbour(IMPORT, "I"), neighbour(OTHER, "I"))}
    point, _ = after(metering_point(**site), relate("Create", IMPORT), relate("Add", OTHER))
    _, (told,) = after(point, pending())
    pairs = [one["existingMeter"] for one in custom_block(told)["B908List"]]
    assert pairs == [{"primaryMPAN": MPAN, "secondaryMPAN": mpan} for mpan in (IMPORT, OTHER)]
    point, _ = after(point, relate("Remove", IMPORT))
    assert [pair.secondary for pair in point.relations()] == [OTHER]


UNMETERED = ALONE | {"neighbours": (neighbour(EXPORT, meteredIndicator=False),)}
EXPORT_OF_ANOTHER = ALONE | {"neighbours": (neighbour(EXPORT, linkedTo=OTHER),)}
IMPORT_OF_ANOTHER = ALONE | {"neighbours": (neighbour(IMPORT, "I", linkedTo=OTHER),)}
RELATED_TO_ANOTHER = RELATED | {"neighbours": (neighbour(OTHER, "I", relatedTo=EXPORT),)}


@pytest.mark.parametrize(
    ("site", "incoming", "broken"),
    [
        (ALONE, link("Create", OTHER), ["REG0000"]),
        (ALONE, link("Create", EXPORT, sender=OTHER_SUPPLIER), ["REG1050"]),
        (ALONE | {"neighbours": (neighbour(EXPORT, supplier=OTHER_SUPPLIER),)},
         link("Create", EXPORT, sender=OTHER_SUPPLIER), []),
        (UNMETERED, link("Create", EXPORT), ["REG1051"]),
        (LINKED, link("Create", EXPORT_2), ["REG1052"]),
        (EXPORT_OF_ANOTHER, link("Create", EXPORT), ["REG1052"]),
        (ALONE | {"energyDirection": "E"}, link("Create", EXPORT), ["REG1053"]),
        (ALONE, link("Create", IMPORT), ["REG1054"]),
        (ALONE, link("Add", EXPORT), ["REG1055"]),
        (LINKED, link("Add", EXPORT_2), []),
        (LINKED | {"neighbours": (neighbour(EXPORT_2, linkedTo=OTHER),)}, link("Add", EXPORT_2), ["REG1056"]),
        (LINKED, link("Add", EXPORT), ["REG1057"]),
        (LINKED, link("Remove", EXPORT_2), ["REG1058"]),
        (ALONE, link("Create", EXPORT, EXPORT), ["REG1059"]),
        (ALONE, relate("Create", IMPORT, sender=OTHER_SUPPLIER), ["REG1060"]),
        (RELATED, relate("Create", IMPORT), ["REG1061"]),
        (ALONE, relate("Add", IMPORT), ["REG1062"]),
        (RELATED, relate("Add", IMPORT), ["REG1063"]),
        (RELATED_TO_ANOTHER, relate("Add", OTHER), ["REG1064"]),
        (RELATED | {"neighbours": (neighbour(OTHER, "I"),)}, relate("Remove", OTHER), ["REG1065"]),
        (RELATED, relate("Remove", IMPORT), []),
        (ALONE, relate("Create", EXPORT), ["REG1067"]),
        (IMPORT_OF_ANOTHER, relate("Create", IMPORT), ["REG1066"]),
        (EXPORT_OF_ANOTHER, relate("Create", EXPORT), ["REG1067", "REG1068"]),
        (ALONE | {"migrated": False}, link("Create", EXPORT), ["REG9010"]),
    ],
)  # fmt: skip
def test_each_rule_has_its_code(site: dict[str, Any], incoming: Incoming, broken: list[str]) -> None:
    assert codes(metering_point(**site), incoming) == broken


def test_nothing_is_linked_during_a_switch_and_everything_after_it() -> None:
    point, _ = tell(metering_point(**ALONE), pending())
    assert codes(point, link("Create", EXPORT)) == ["REG0007"]
    point, _ = tell(point, registration_status("Cancelled"))
    assert codes(point, link("Create", EXPORT)) == []


def test_a_refusal_changes_nothing_and_an_unknown_principal_gets_reg0000() -> None:
    point, (told,) = after(metering_point(**ALONE), link("Create", OTHER))
    assert (point, told.primary) == (metering_point(**ALONE), (SUPPLIER,))
    assert "B907List" not in custom_block(told)
    assert codes(None, link("Create", EXPORT)) == ["REG0000"]
