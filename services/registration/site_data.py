"""Site data: what the register holds about a metering point apart from its switches and requests.

The same models are the arguments of the command ``load_mpan``, ``{"siteData": {…}}``, with the message
standard's own field names, so a scenario file reads like the messages it leads to. Dates are ISO 8601
with an offset; a fact whose date is left out holds since ``MeteringPoint.since``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Text = Annotated[str, Field(min_length=1)]
DipId = Annotated[str, Field(min_length=10, max_length=10)]
Mpid = Annotated[str, Field(pattern=r"^[A-Z]{4}$")]
Mpan = Annotated[str, Field(pattern=r"^[0-9]{13}$")]
GspGroup = Annotated[str, Field(pattern=r"^_[A-P]$")]
AddressLine = Annotated[str, Field(max_length=40)]
Segment = Literal["S", "A", "U"]
Energisation = Literal["E", "D", "U"]
Energy = Annotated[str, Field(pattern=r"^-?\d{1,9}\.\d{3}$")]


class Facts(BaseModel):
    """Base of everything the register keeps: frozen, and strict about names so that a typo is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Party(Facts):
    """A market participant in one role: DIP ID and market participant ID."""

    dip_id: DipId
    mpid: Mpid


class Holder(Party):
    """A party that serves the metering point, ``effective_from`` a UK-local midnight."""

    effective_from: AwareDatetime

    def party(self) -> Party:
        """Who it is, without the date."""
        return Party(dip_id=self.dip_id, mpid=self.mpid)


class Meter(Facts):
    """An installed meter and its asset provider (MAP), when that is held."""

    id: Annotated[str, Field(alias="meterID", min_length=1, max_length=10)]
    type: Annotated[Text, Field(alias="meterType")] = "S2A"
    make_and_type: Annotated[str | None, Field(alias="manufacturersMakeAndType", max_length=60)] = None
    esme_guid: Annotated[str | None, Field(alias="ESMEGUID", max_length=23)] = None
    location: Annotated[Text, Field(alias="meterLocation")] = "F"  # not known
    register_digits: Annotated[int | None, Field(alias="numberOfDisplayedRegisterDigits")] = None
    installed: Annotated[AwareDatetime | None, Field(alias="meterInstallationDate")] = None
    asset_provider: Annotated[str | None, Field(alias="meterAssetProviderID", min_length=4, max_length=4)] = (
        None
    )
    asset_provider_from: Annotated[
        AwareDatetime | None, Field(alias="meterAssetProviderEffectiveFromDate")
    ] = None


class LinkedMpan(Facts):
    """The other side of an import/export pair, with its meters."""

    mpan: Annotated[Mpan, Field(alias="linkedImportExportMPAN")]
    direction: Annotated[Literal["I", "E"], Field(alias="linkedMPANEnergyDirection")]
    supplier_dip_id: Annotated[DipId | None, Field(alias="importExportMPANSupplierDIPID")] = None
    supplier_mpid: Annotated[Mpid | None, Field(alias="importExportMPANSupplierMPID")] = None
    meters: tuple[Meter, ...] = ()


class RelatedMpans(Facts):
    """A pair of related MPANs, one of which is this metering point; ``meters`` are the other's."""

    primary: Annotated[Mpan, Field(alias="primaryMPAN")]
    secondary: Annotated[Mpan, Field(alias="secondaryMPAN")]
    meters: tuple[Meter, ...] = ()


class Neighbour(Facts):
    """Another MPAN at the site, as the register knows it. ``linked_to``, ``related_to``: its principal."""

    mpan: Annotated[Mpan, Field(alias="MPANCore")]
    energy_direction: Annotated[Literal["I", "E"], Field(alias="energyDirection")] = "I"
    metered: Annotated[bool, Field(alias="meteredIndicator")] = True
    supplier_dip_id: Annotated[DipId, Field(alias="supplierDIPID")]
    supplier_mpid: Annotated[Mpid, Field(alias="supplierMPID")]
    linked_to: Mpan | None = None
    related_to: Mpan | None = None


class Address(Facts):
    """Nine lines of 40 characters at most and a postcode, all of which may be left out."""

    postcode: Annotated[str | None, Field(alias="meteringPointPostcode", max_length=10)] = None
    line_1: Annotated[AddressLine | None, Field(alias="addressLine1")] = None
    line_2: Annotated[AddressLine | None, Field(alias="addressLine2")] = None
    line_3: Annotated[AddressLine | None, Field(alias="addressLine3")] = None
    line_4: Annotated[AddressLine | None, Field(alias="addressLine4")] = None
    line_5: Annotated[AddressLine | None, Field(alias="addressLine5")] = None
    line_6: Annotated[AddressLine | None, Field(alias="addressLine6")] = None
    line_7: Annotated[AddressLine | None, Field(alias="addressLine7")] = None
    line_8: Annotated[AddressLine | None, Field(alias="addressLine8")] = None
    line_9: Annotated[AddressLine | None, Field(alias="addressLine9")] = None


class Services(Facts):
    """Who serves the metering point when it enters the register."""

    supplier_dip_id: Annotated[DipId, Field(alias="supplierDIPID")]
    supplier_mpid: Annotated[Mpid, Field(alias="supplierMPID")]
    supplier_from: Annotated[AwareDatetime | None, Field(alias="supplierEffectiveFromDate")] = None
    metering_service_dip_id: Annotated[DipId | None, Field(alias="meteringServiceDIPID")] = None
    metering_service_mpid: Annotated[Mpid | None, Field(alias="meteringServiceMPID")] = None
    metering_service_from: Annotated[
        AwareDatetime | None, Field(alias="meteringServiceEffectiveFromDate")
    ] = None
    data_service_dip_id: Annotated[DipId | None, Field(alias="dataServiceDIPID")] = None
    data_service_mpid: Annotated[Mpid | None, Field(alias="dataServiceMPID")] = None
    data_service_from: Annotated[AwareDatetime | None, Field(alias="dataServiceEffectiveFromDate")] = None
    retriever_dip_id: Annotated[DipId | None, Field(alias="meterDataRetrieverDIPID")] = None
    retriever_mpid: Annotated[Mpid | None, Field(alias="meterDataRetrieverMPID")] = None


class SiteData(Address, Services):
    """Everything the register holds about a site.

    ``GSPGroupID`` may be left out where the distributor's number decides it. ``migrated`` is false for a
    metering point that is still in the arrangements before half-hourly settlement. ``unmetered_operators``:
    DIP IDs of the operators (UMSO) that serve the distributor's unmetered sites; None for any.
    ``more_related``: pairs besides ``related``. ``neighbours``: other MPANs, to be linked or related.
    """

    distributor_dip_id: Annotated[DipId, Field(alias="distributorDIPID")]
    gsp_group: Annotated[GspGroup | None, Field(alias="GSPGroupID")] = None
    connection_type: Annotated[Literal["W", "L", "H", "E", "U"], Field(alias="connectionTypeIndicator")] = "W"
    market_segment: Annotated[Segment, Field(alias="marketSegmentIndicator")] = "S"
    energy_direction: Annotated[Literal["I", "E"], Field(alias="energyDirection")] = "I"
    metered: Annotated[bool, Field(alias="meteredIndicator")] = True
    energisation: Annotated[Energisation, Field(alias="energisationStatus")] = "E"
    domestic_premises: Annotated[bool, Field(alias="domesticPremiseIndicator")] = True
    consent_granularity: Annotated[Literal["H", "D", "M", "N"] | None, Field(alias="consentGranularity")] = (
        None
    )
    duos_tariff: Annotated[str, Field(alias="DUOSTariffID", min_length=1, max_length=3)] = "100"
    annual_consumption: Annotated[Energy | None, Field(alias="annualConsumption")] = None
    annual_consumption_quality: Annotated[
        Literal["A", "1", "2", "3", "4", "5", "D"], Field(alias="annualConsumptionQualityIndicator")
    ] = "A"
    dcc_service_flag: Annotated[Literal["A", "I", "N"] | None, Field(alias="DCCServiceFlag")] = None
    in_home_display: Annotated[Literal["I", "D", "E", "F"] | None, Field(alias="IHDInstallStatus")] = None
    smso: Annotated[str | None, Field(alias="SMSOID", max_length=4)] = None
    profile_class: Annotated[str | None, Field(alias="profileClass", max_length=2)] = None
    ssc: Annotated[str | None, Field(alias="SSC", max_length=4)] = None
    direct_metering_service: Annotated[
        DipId | None, Field(alias="customerDirectContractMeteringServiceDIPID")
    ] = None
    direct_data_service: Annotated[DipId | None, Field(alias="customerDirectContractDataServiceDIPID")] = None
    unmetered_operators: Annotated[tuple[DipId, ...] | None, Field(alias="unmeteredSuppliesOperators")] = None
    meters: tuple[Meter, ...] = ()
    linked: tuple[LinkedMpan, ...] = ()
    related: RelatedMpans | None = None
    more_related: tuple[RelatedMpans, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    created: Annotated[AwareDatetime | None, Field(alias="MPANCreationDate")] = None
    migrated: bool = True
    since: AwareDatetime | None = None
