"""What is held about a site, as the blocks of the message standard (B004, B006, B022 … B908)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.registration.register import MeteringPoint, Switch, uk_stamp
from services.registration.site_data import Address, LinkedMpan, Meter, RelatedMpans

Blocks = Mapping[str, Any]
_ADDRESS_LINES = 9


def direct_contracts(point: MeteringPoint) -> Blocks:
    """B006: the customer's own contracts with services."""
    metering, data = point.site.direct_metering_service, point.site.direct_data_service
    return {
        "B006": {
            "customerDirectContractMeteringService": metering is not None,
            "customerDirectContractMeteringServiceDIPID": metering,
            "customerDirectContractDataService": data is not None,
            "customerDirectContractDataServiceDIPID": data,
        }
    }


def site(point: MeteringPoint) -> Blocks:
    """B022 to B026: address, connection, DUoS tariff, energisation and market segment."""
    facts, since = point.site, point.since_of
    return {
        "B022": _address(facts),
        "B023": {
            "connectionTypeIndicator": facts.connection_type,
            "connectionTypeEffectiveFromDate": uk_stamp(since("connection_type")),
            "energyDirection": facts.energy_direction,
            "meteredIndicator": facts.metered,
        },
        "B024": {
            "DUOSTariffID": facts.duos_tariff,
            "DUOSTariffIDEffectiveFromDate": uk_stamp(since("duos_tariff")),
        },
        "B025": {
            "energisationStatus": facts.energisation,
            "energisationStatusEffectiveFromDate": uk_stamp(point.energisation_since or point.since),
        },
        "B026": {
            "marketSegmentIndicator": facts.market_segment,
            "marketSegmentIndicatorEffectiveFromDate": uk_stamp(
                point.segment_since or since("market_segment")
            ),
        },
    }


def annual_consumption(point: MeteringPoint) -> Blocks:
    """B027, left out when none is held."""
    if point.site.annual_consumption is None:
        return {}
    return {
        "B027": {
            "annualConsumption": point.site.annual_consumption,
            "annualConsumptionEffectiveFromDate": uk_stamp(point.since_of("annual_consumption")),
            "annualConsumptionQualityIndicator": point.site.annual_consumption_quality,
        }
    }


def domestic_premises(point: MeteringPoint) -> Blocks:
    """B028."""
    return {
        "B028": {
            "domesticPremiseIndicator": point.site.domestic_premises,
            "domesticPremiseIndicatorEffectiveFromDate": uk_stamp(point.since_of("domestic_premises")),
        }
    }


def domestic_premises_from_css(switch: Switch) -> Blocks:
    """B004: the indicator that came with the switch."""
    return {
        "B004": {
            "domesticPremiseIndicator": switch.domestic_premises,
            "domesticPremiseIndicatorEffectiveFromDate": uk_stamp(switch.supply_start),
        }
    }


def smart(point: MeteringPoint) -> Blocks:
    """B029 (DCC enrolment) and B031 (SMSO), each left out when not held."""
    facts = point.site
    blocks: dict[str, Any] = {}
    if facts.dcc_service_flag is not None:
        since = uk_stamp(point.since_of("dcc_service_flag"))
        blocks["B029"] = {"DCCServiceFlag": facts.dcc_service_flag, "DCCEffectiveFromDate": since}
    if facts.smso is not None:
        blocks["B031"] = {"SMSOID": facts.smso, "SMSOEffectiveFromDate": uk_stamp(point.since_of("smso"))}
    return blocks


def in_home_display(point: MeteringPoint) -> Blocks:
    """B030, left out when not held."""
    status = point.site.in_home_display
    if status is None:
        return {}
    since = uk_stamp(point.since_of("in_home_display"))
    return {"B030": {"IHDInstallStatus": status, "IHDEffectiveFromDate": since}}


def legacy(point: MeteringPoint) -> Blocks:
    """B032, held for traditional meters only."""
    profile_class, ssc = point.site.profile_class, point.site.ssc
    if profile_class is None and ssc is None:
        return {}
    return {
        "B032": {
            "profileClass": profile_class,
            "profileClassEffectiveFromDate": uk_stamp(point.since_of("profile_class"))
            if profile_class
            else None,
            "SSC": ssc,
            "SSCEffectiveFromDate": uk_stamp(point.since_of("ssc")) if ssc else None,
        }
    }


def consent(granularity: str, effective_from: str) -> Blocks:
    """B068."""
    return {
        "B068": {
            "consentGranularity": granularity,
            "consentGranularityEffectiveFromDate": effective_from,
        }
    }


def supporting_data(point: MeteringPoint) -> Blocks:
    """B022 to B027 and B029 to B032: what IF-001 and IF-036 say about the site."""
    return {
        **site(point),
        **annual_consumption(point),
        **smart(point),
        **in_home_display(point),
        **legacy(point),
    }


def meters(point: MeteringPoint) -> Blocks:
    """B905List: each meter with its MAP; left out when there are no meters."""
    listed = [
        {"existingMeter": _meter(meter, point.since), **_current_map(meter, point.since)}
        for meter in point.site.meters
    ]
    return {"B905List": listed} if listed else {}


def linked_with_meters(point: MeteringPoint) -> Blocks:
    """B907List: import/export MPANs with their meters."""
    listed = [
        {"existingMeter": _linked(linked), **_meter_history(linked.meters, point.since)}
        for linked in point.site.linked
    ]
    return {"B907List": listed} if listed else {}


def related_with_meters(point: MeteringPoint) -> Blocks:
    """B908List: the pair of related MPANs with the other one's meters."""
    listed = [
        {"existingMeter": _pair(related), **_meter_history(related.meters, point.since)}
        for related in point.relations()
    ]
    return {"B908List": listed} if listed else {}


def linked_and_related(point: MeteringPoint) -> Blocks:
    """B035List and B037List, each left out when there are none."""
    pairs = [_pair(related) for related in point.relations()]
    linked = [_linked(one) for one in point.site.linked]
    return ({"B035List": linked} if linked else {}) | ({"B037List": pairs} if pairs else {})


def everything_about_the_site(point: MeteringPoint) -> Blocks:
    """The blocks that IF-002 and IF-033 share: site, smart and legacy data, meters, linked and related."""
    return {
        **site(point),
        **smart(point),
        **legacy(point),
        **meters(point),
        **linked_with_meters(point),
        **related_with_meters(point),
    }


def _address(address: Address) -> Blocks:
    numbered = {f"addressLine{n}": getattr(address, f"line_{n}") for n in range(1, _ADDRESS_LINES + 1)}
    return {"meteringPointPostcode": address.postcode, **numbered}


def _meter(meter: Meter, since: datetime) -> Blocks:
    return {
        "meterID": meter.id,
        "meterType": meter.type,
        "manufacturersMakeAndType": meter.make_and_type,
        "ESMEGUID": meter.esme_guid,
        "meterLocation": meter.location,
        "numberOfDisplayedRegisterDigits": meter.register_digits,
        "meterInstallationDate": uk_stamp(meter.installed or since),
    }


def _map(meter: Meter, since: datetime) -> Blocks | None:
    if meter.asset_provider is None:
        return None
    date = meter.asset_provider_from or meter.installed or since
    return {
        "meterAssetProviderID": meter.asset_provider,
        "meterAssetProviderEffectiveFromDate": uk_stamp(date),
    }


def _current_map(meter: Meter, since: datetime) -> Blocks:
    held = _map(meter, since)
    return {"existingMAP": held} if held else {}


def _meter_history(listed: Sequence[Meter], since: datetime) -> Blocks:
    """The list may be absent, never empty; the same holds for the MAPs of one meter."""
    history = [
        {"existingMeter": _meter(meter, since), **({"historyMAP": [held]} if held else {})}
        for meter in listed
        for held in [_map(meter, since)]
    ]
    return {"historyMAP": history} if history else {}


def _pair(related: RelatedMpans) -> Blocks:
    return {"primaryMPAN": related.primary, "secondaryMPAN": related.secondary}


def _linked(linked: LinkedMpan) -> Blocks:
    return {
        "linkedImportExportMPAN": linked.mpan,
        "linkedMPANEnergyDirection": linked.direction,
        "importExportMPANSupplierDIPID": linked.supplier_dip_id,
        "importExportMPANSupplierMPID": linked.supplier_mpid,
    }
