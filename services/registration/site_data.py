"""Site data: what the register holds about a metering point apart from its switches and requests.

The same models are the arguments of the command ``load_mpan`` (camelCase, ``{"siteData": {…}}``), so a
scenario file describes a metering point in the words used here. Dates are ISO 8601 with an offset; a
date that is left out is ``MeteringPoint.since``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Text = Annotated[str, Field(min_length=1)]
DipId = Annotated[str, Field(min_length=10, max_length=10)]
Mpid = Annotated[str, Field(pattern=r"^[A-Z]{4}$")]
Mpan = Annotated[str, Field(pattern=r"^[0-9]{13}$")]
Segment = Literal["S", "A", "U"]


class Facts(BaseModel):
    """Base of everything the register keeps: frozen, and strict about names so that a typo is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Party(Facts):
    """A market participant in one role: DIP ID and market participant ID."""

    dip_id: DipId
    mpid: Mpid


class Holder(Party):
    """A party that serves the metering point, ``effective_from`` a UK-local midnight."""

    effective_from: AwareDatetime | None = None

    def party(self) -> Party:
        """Who it is, without the date."""
        return Party(dip_id=self.dip_id, mpid=self.mpid)


class Address(Facts):
    """Up to nine lines of 40 characters and a postcode."""

    postcode: Annotated[str, Field(max_length=10)] | None = None
    lines: Annotated[tuple[Annotated[str, Field(max_length=40)], ...], Field(max_length=9)] = ()


class MeterAssetProvider(Facts):
    """The MAP of a meter. ``id``: four characters."""

    id: Annotated[str, Field(min_length=4, max_length=4)]
    effective_from: AwareDatetime | None = None


class Meter(Facts):
    """An installed meter. ``type`` and ``location`` are the market's codes, ``S2A`` and ``J``."""

    id: Annotated[str, Field(min_length=1, max_length=10)]
    type: Text = "S2A"
    make_and_type: Annotated[str, Field(max_length=60)] | None = None
    esme_guid: Annotated[str, Field(max_length=23)] | None = None
    location: Text = "J"
    register_digits: int | None = 5
    installed: AwareDatetime | None = None
    asset_provider: MeterAssetProvider | None = None


class AnnualConsumption(Facts):
    """Assumed annual consumption, kWh with three decimals as text."""

    value: Annotated[str, Field(pattern=r"^-?\d{1,9}\.\d{3}$")]
    quality: Literal["A", "1", "2", "3", "4", "5", "D"] = "A"
    effective_from: AwareDatetime | None = None


class Legacy(Facts):
    """Profile class and standard settlement configuration of a traditional meter."""

    profile_class: Annotated[str, Field(max_length=2)] | None = None
    ssc: Annotated[str, Field(max_length=4)] | None = None
    effective_from: AwareDatetime | None = None


class DirectContracts(Facts):
    """Services the customer has contracted with directly: their DIP IDs."""

    metering_service: DipId | None = None
    data_service: DipId | None = None


class LinkedMpan(Facts):
    """The other side of an import/export pair, with its meters."""

    mpan: Mpan
    direction: Literal["I", "E"]
    supplier: Party | None = None
    meters: tuple[Meter, ...] = ()


class RelatedMpans(Facts):
    """A pair of related MPANs: this metering point is one of the two."""

    primary: Mpan
    secondary: Mpan
    meters: tuple[Meter, ...] = ()


class SiteData(Facts):
    """Everything the register holds about a site.

    ``gsp_group`` may be left out where the distributor's number decides it. ``since`` is the date of every
    fact that has none of its own. ``migrated`` is false for a metering point still in the old arrangements.
    """

    distributor_dip_id: DipId
    gsp_group: Annotated[str, Field(pattern=r"^_[A-P]$")] | None = None
    connection_type: Literal["W", "L", "H", "E", "U"] = "W"
    market_segment: Segment = "S"
    energy_direction: Literal["I", "E"] = "I"
    metered: bool = True
    energisation: Literal["E", "D", "U"] = "E"
    domestic_premises: bool = True
    consent_granularity: Literal["H", "D", "M", "N"] = "D"
    migrated: bool = True
    address: Address = Address()
    duos_tariff: Annotated[str, Field(min_length=1, max_length=3)] = "100"
    meters: tuple[Meter, ...] = ()
    annual_consumption: AnnualConsumption | None = None
    dcc_service_flag: Literal["A", "I", "N"] | None = None
    in_home_display: Literal["I", "D", "E", "F"] | None = None
    smso: Annotated[str, Field(max_length=4)] | None = None
    legacy: Legacy | None = None
    direct_contracts: DirectContracts = DirectContracts()
    linked: tuple[LinkedMpan, ...] = ()
    related: RelatedMpans | None = None
    supplier: Holder
    metering_service: Holder | None = None
    data_service: Holder | None = None
    meter_data_retriever: Holder | None = None
    since: AwareDatetime | None = None
