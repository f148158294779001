"""The lookup API: vehicles by VIN and plate, for holders of a key; other servers do not have it."""

from carwire_client.lookup.clients import AsyncLookupClient, LookupClient
from carwire_client.models.lookup import (
    BuildData,
    CatalogueVehicle,
    FacetValue,
    FittedOptions,
    FoundVehicle,
    LookupResult,
    LookupUsage,
    NarrowedVehicles,
    UsageRecord,
    UsageRecords,
    VehicleFacets,
    VehicleOption,
    VehicleOptions,
    VehicleSearch,
    VehicleSpec,
    VehicleSpecs,
)

__all__ = [
    "AsyncLookupClient",
    "BuildData",
    "CatalogueVehicle",
    "FacetValue",
    "FittedOptions",
    "FoundVehicle",
    "LookupClient",
    "LookupResult",
    "LookupUsage",
    "NarrowedVehicles",
    "UsageRecord",
    "UsageRecords",
    "VehicleFacets",
    "VehicleOption",
    "VehicleOptions",
    "VehicleSearch",
    "VehicleSpec",
    "VehicleSpecs",
]
