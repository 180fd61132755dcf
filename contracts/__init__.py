"""The message standard: what a valid DIP message is, who may send it and who gets it."""

from contracts.catalogues import available_versions, catalogue_digest, load_catalogue
from contracts.errors import ContractError
from contracts.model import (
    Block,
    Catalogue,
    DataItem,
    Endpoint,
    Field,
    Interface,
    ResponseCode,
    RoutingRule,
    Variant,
)

__all__ = [
    "Block",
    "Catalogue",
    "ContractError",
    "DataItem",
    "Endpoint",
    "Field",
    "Interface",
    "ResponseCode",
    "RoutingRule",
    "Variant",
    "available_versions",
    "catalogue_digest",
    "load_catalogue",
]
