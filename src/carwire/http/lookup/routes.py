"""The rows of the route table for the lookup API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from carwire.core.lookup.asking import FEATURES, LONGEST_REFERENCE
from carwire.core.lookup.keys import GROUPS, PRODUCTS
from carwire.core.lookup.regions import REGIONS
from carwire.http.call import Route
from carwire.http.lookup.handlers import FACETS, LONGEST_FILTER, LONGEST_ID, LookupHandlers
from carwire.http.lookup.tokens import TokenHandlers
from carwire.http.lookup.usage import RecordsBody, UsageBody, UsageHandlers
from carwire.wire.lookup import bodies

_Region = Annotated[
    str | None,
    Meta(
        description="Region of the request, in either case; without it the key's own. `gb` is `uk`.",
        extra_json_schema={"pattern": "^([A-Za-z]{2})?$", "examples": sorted(REGIONS)},
    ),
]
_Reference = Annotated[
    Annotated[str, Meta(max_length=LONGEST_REFERENCE)] | None,
    Meta(description="Free text that is kept with the usage record."),
]
_CODE: Final = "|".join(sorted(FEATURES))
_Features = Annotated[
    Annotated[str, Meta(pattern=f"^(({_CODE})(,({_CODE}))*)?$")] | None,
    Meta(
        description="Codes of extra data, separated by commas.",
        extra_json_schema={"examples": [",".join(sorted(FEATURES))]},
    ),
]
_More = Annotated[bool, Meta(description="List more vehicles, for a person to choose among.")]


class RegionQuery(msgspec.Struct, frozen=True):
    """What every call takes."""

    region: _Region = None
    reference_id: _Reference = None


class LookupQuery(msgspec.Struct, frozen=True):
    """What a lookup takes."""

    region: _Region = None
    features: _Features = None
    prefer_more_results: _More = False
    reference_id: _Reference = None


class PlateQuery(LookupQuery, frozen=True):
    """What a lookup by plate takes."""

    state: Annotated[str | None, Meta(description="Subdivision of the region, where it has them.")] = None


class SearchQuery(msgspec.Struct, frozen=True):
    """What a search takes."""

    search: Annotated[str, Meta(min_length=1, max_length=LONGEST_FILTER, description="Words of the vehicle's title.")]
    region: _Region = None
    count: Annotated[int, Meta(ge=1, le=100, description="How many vehicles to answer.")] = 10
    prefer_more_results: _More = False
    reference_id: _Reference = None


_Text = Annotated[str, Meta(max_length=LONGEST_FILTER)]
_Filter = Annotated[_Text | None, Meta(description="Only vehicles with this value.")]
_Year = Annotated[Annotated[str, Meta(pattern="^([0-9]{4})?$")] | None, Meta(description="Only vehicles of this year.")]


class FittedQuery(msgspec.Struct, frozen=True):
    """Which car, and what it is."""

    id: Annotated[str, Meta(min_length=1, max_length=LONGEST_ID, description="The vehicle's id in the catalogue.")]
    vin: Annotated[str, Meta(min_length=1, description="The car's VIN.")]
    region: _Region = None
    reference_id: _Reference = None


class NarrowQuery(msgspec.Struct, frozen=True):
    """Which vehicles."""

    year: Annotated[str, Meta(pattern=r"^[0-9]{4}$", description="Only vehicles of this year.")]
    make: Annotated[str, Meta(min_length=1, max_length=LONGEST_FILTER, description="Only vehicles of this make.")]
    model: Annotated[str, Meta(min_length=1, max_length=LONGEST_FILTER, description="Only vehicles of this model.")]
    badge: _Filter = None
    series: _Filter = None
    transmission: _Filter = None
    body_type: _Filter = None
    fuel: _Filter = None
    drive: _Filter = None
    limit: Annotated[int, Meta(ge=1, le=100, description="How many to answer.")] = 100
    region: _Region = None
    reference_id: _Reference = None


_ONE: Final = "|".join(FACETS)


class FacetQuery(msgspec.Struct, frozen=True):
    """Which traits, of which vehicles."""

    facet: Annotated[
        str,
        Meta(
            description="Traits whose values are wanted, separated by commas; `facets` is the same.",
            pattern=f"^({_ONE})(,({_ONE}))*$",
        ),
    ]
    year: _Year = None
    make: _Filter = None
    model: _Filter = None
    badge: _Filter = None
    series: _Filter = None
    transmission: _Filter = None
    body_type: _Filter = None
    fuel: _Filter = None
    drive: _Filter = None
    limit: Annotated[int, Meta(ge=1, le=100, description="How many values of each.")] = 100
    region: _Region = None
    reference_id: _Reference = None


_Day = Annotated[
    Annotated[str, Meta(extra_json_schema={"format": "date"})] | None, Meta(description="Day in UTC, itself included.")
]
_Format = Annotated[str, Meta(description="`json` or `csv`.", extra_json_schema={"enum": ["csv", "json"]})]
_Product = Annotated[str | None, Meta(description="Only of this product.", extra_json_schema={"examples": [*PRODUCTS]})]


class UsageQuery(msgspec.Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """Which records, and how they are grouped."""

    since: _Day = None
    until: _Day = None
    key: Annotated[str | None, Meta(description="Only of this key, by its id.")] = None
    reference_id: _Reference = None
    product: _Product = None
    group_by: Annotated[str, Meta(description=f"Some of {', '.join(GROUPS)}.")] = "key,reference_id,day"
    format: _Format = "json"


class RecordsQuery(msgspec.Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """Which records, and which page of them."""

    since: _Day = None
    until: _Day = None
    key: Annotated[str | None, Meta(description="Only of this key, by its id.")] = None
    reference_id: _Reference = None
    product: _Product = None
    limit: Annotated[int, Meta(ge=1, le=1000, description="How many records.")] = 100
    cursor: Annotated[str | None, Meta(description="Where the page before ended.")] = None
    format: _Format = "json"


_VIN: Final = {"type": "string", "description": "A VIN of 17 characters; blanks and hyphens are dropped."}
_PLATE: Final = {"type": "string", "description": "A plate; blanks and hyphens are dropped."}
_ID: Final = {"type": "string", "maxLength": LONGEST_ID, "description": "The vehicle's id in the catalogue."}
_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {"grant_type": {"const": "client_credentials"}},
}


_SHARED: Final[dict[str, Any]] = {"door": "lookup", "tag": "lookup"}


def routes(lookup: LookupHandlers, usage: UsageHandlers, tokens: TokenHandlers) -> tuple[Route, ...]:
    """Return the rows."""
    return *_cars(lookup), *_vehicles(lookup), *_usage(usage), _token(tokens)


def _cars(lookup: LookupHandlers) -> Iterator[Route]:
    yield Route(
        *("GET", "/v2/vehicles/vins/{vin}", lookup.vin, "lookup_vin"),
        summary="Which vehicle has this VIN?",
        answers=bodies.LookupBody,
        query=LookupQuery,
        parameters={"vin": _VIN},
        **_SHARED,
    )
    yield Route(
        *("GET", "/v2/vehicles/vins/{vin}/build-data", lookup.build_data, "lookup_build_data"),
        summary="How was the car with this VIN built?",
        answers=bodies.BuildBody,
        query=RegionQuery,
        parameters={"vin": _VIN},
        **_SHARED,
    )
    yield Route(
        *("GET", "/v2/vehicles/registrations/{plate_number}", lookup.plate, "lookup_plate"),
        summary="Which vehicle carries this plate?",
        answers=bodies.LookupBody,
        query=PlateQuery,
        parameters={"plate_number": _PLATE},
        **_SHARED,
    )


def _vehicles(lookup: LookupHandlers) -> Iterator[Route]:
    of_vehicle = {**_SHARED, "query": RegionQuery, "parameters": {"id": _ID}}
    by_id: dict[str, Any] = {"summary": "Which vehicle of the catalogue has this id?", "answers": bodies.OneBody}
    yield Route(
        *("GET", "/v2/vehicles", lookup.search, "search_vehicles"),
        summary="Which vehicles of the catalogue does a text fit?",
        answers=bodies.SearchBody,
        query=SearchQuery,
        **_SHARED,
    )
    yield Route(
        *("GET", "/v2/vehicles/facets", lookup.facets, "vehicle_facets"),
        summary="Which values has a trait, and how many vehicles have each?",
        answers=bodies.FacetsBody,
        query=FacetQuery,
        **_SHARED,
    )
    yield Route(
        *("GET", "/v2/vehicles/facets/search", lookup.narrow, "search_facets"),
        summary="Which vehicles have these values, and what tells them apart?",
        answers=bodies.NarrowBody,
        query=NarrowQuery,
        **_SHARED,
    )
    yield Route("GET", "/v2/vehicles/{id}", lookup.vehicle, "catalogue_vehicle", **by_id, **of_vehicle)
    yield Route("GET", "/v2/vehicle/{id}", lookup.vehicle, "catalogue_vehicle_alias", **by_id, **of_vehicle)
    yield Route(
        *("GET", "/v2/vehicles/{id}/options", lookup.options, "vehicle_options"),
        summary="What could this vehicle be ordered with?",
        answers=bodies.OptionsBody,
        **of_vehicle,
    )
    yield Route(
        *("GET", "/v2/vehicles/{id}/detailed-specs", lookup.specs, "vehicle_specs"),
        summary="What is known of this vehicle?",
        answers=bodies.SpecsBody,
        **of_vehicle,
    )
    yield Route(
        *("GET", "/v2/vehicles/fitted_options", lookup.fitted, "fitted_options"),
        summary="What is this car fitted with?",
        answers=bodies.FittedBody,
        query=FittedQuery,
        **_SHARED,
    )


def _usage(usage: UsageHandlers) -> Iterator[Route]:
    counting: dict[str, Any] = {"answers": UsageBody, "query": UsageQuery, **_SHARED}
    yield Route(
        *("GET", "/v1/usage", usage.counts, "lookup_usage"),
        summary="How much were the account's keys used?",
        **counting,
    )
    yield Route(
        *("GET", "/v2/usage", usage.counts, "lookup_usage_alias"),
        summary="How much were the account's keys used?",
        **counting,
    )
    yield Route(
        *("GET", "/v2/usage/records", usage.records, "lookup_records"),
        summary="What were the account's keys used for?",
        answers=RecordsBody,
        query=RecordsQuery,
        **_SHARED,
    )


def _token(tokens: TokenHandlers) -> Route:
    return Route(
        *("POST", "/auth-broker/request-token", tokens.request, "lookup_token"),
        summary="Exchange an application's id and secret for a token of the lookup API.",
        answers=bodies.LookupToken,
        door=None,
        tag="lookup",
        form=True,
        schema=_FORM,
    )
