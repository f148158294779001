"""The lookup API: with a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec

from carwire_client.answers import Answer
from carwire_client.call import Call, Pairs, pairs, segment
from carwire_client.calls.building import reading
from carwire_client.errors import CarwireError
from carwire_client.faults import error_from, error_of
from carwire_client.models.base import Result
from carwire_client.models.lookup import (
    BuildData,
    FittedOptions,
    FoundVehicle,
    LookupResult,
    LookupUsage,
    NarrowedVehicles,
    UsageRecord,
    UsageRecords,
    VehicleFacets,
    VehicleOptions,
    VehicleSearch,
    VehicleSpecs,
)
from carwire_client.paging import Page
from carwire_client.secrets import Secret

R = TypeVar("R", bound=Result)
_KEY: Final = "apikey"


class Keyed(msgspec.Struct, frozen=True, kw_only=True):
    """What calls are made with: a key, and the region and the reference of calls that name none."""

    key: Secret
    region: str | None = None
    reference_id: str | None = None


def lookup_vin(
    keyed: Keyed,
    vin: str,
    *,
    region: str | None = None,
    features: Sequence[str] = (),
    prefer_more_results: bool = False,
    reference_id: str | None = None,
) -> Call[LookupResult]:
    """Ask which vehicle has a VIN. No match is a result without a vehicle, not an error.

    `features` are codes such as ``match_explain``; `reference_id` is kept with the usage record.
    """
    query = _asked(keyed, region, reference_id, features, more=prefer_more_results)
    return _ask(keyed, "lookup VIN", f"/v2/vehicles/vins/{segment(vin)}", LookupResult, query)


def lookup_plate(
    keyed: Keyed,
    plate: str,
    *,
    state: str | None = None,
    region: str | None = None,
    features: Sequence[str] = (),
    prefer_more_results: bool = False,
    reference_id: str | None = None,
) -> Call[LookupResult]:
    """Ask which vehicle carries a plate. `state` is needed where the region has subdivisions."""
    query = pairs(state=state) + _asked(keyed, region, reference_id, features, more=prefer_more_results)
    return _ask(keyed, "lookup plate", f"/v2/vehicles/registrations/{segment(plate)}", LookupResult, query)


def build_data(keyed: Keyed, vin: str, *, region: str | None = None) -> Call[BuildData]:
    """Ask how the car of a VIN was built."""
    return _ask(
        keyed, "build data", f"/v2/vehicles/vins/{segment(vin)}/build-data", BuildData, _asked(keyed, region, None)
    )


def catalogue_vehicle(keyed: Keyed, vehicle_id: str, *, region: str | None = None) -> Call[FoundVehicle]:
    """Read a vehicle of the catalogue by its id."""
    path = f"/v2/vehicles/{segment(vehicle_id)}"
    return _ask(keyed, "catalogue vehicle", path, FoundVehicle, _asked(keyed, region, None))


def vehicle_options(keyed: Keyed, vehicle_id: str, *, region: str | None = None) -> Call[VehicleOptions]:
    """Read what a vehicle could be ordered with."""
    path = f"/v2/vehicles/{segment(vehicle_id)}/options"
    return _ask(keyed, "vehicle options", path, VehicleOptions, _asked(keyed, region, None))


def vehicle_specs(keyed: Keyed, vehicle_id: str, *, region: str | None = None) -> Call[VehicleSpecs]:
    """Read what is known of a vehicle, one by one."""
    path = f"/v2/vehicles/{segment(vehicle_id)}/detailed-specs"
    return _ask(keyed, "vehicle specs", path, VehicleSpecs, _asked(keyed, region, None))


def fitted_options(keyed: Keyed, vehicle_id: str, vin: str, *, region: str | None = None) -> Call[FittedOptions]:
    """Ask what a car is fitted with."""
    query = pairs(id=vehicle_id, vin=vin) + _asked(keyed, region, None)
    return _ask(keyed, "fitted options", "/v2/vehicles/fitted_options", FittedOptions, query)


def search_vehicles(keyed: Keyed, search: str, *, count: int = 10, region: str | None = None) -> Call[VehicleSearch]:
    """Find vehicles of the catalogue by words of their titles."""
    query = pairs(search=search, count=count) + _asked(keyed, region, None)
    return _ask(keyed, "search vehicles", "/v2/vehicles", VehicleSearch, query)


def vehicle_facets(
    keyed: Keyed, /, facets: Sequence[str], *, limit: int = 100, region: str | None = None, **filters: str
) -> Call[VehicleFacets]:
    """Count vehicles by the values of traits; `filters` are traits and the values vehicles must have."""
    named = facets if isinstance(facets, str) else ",".join(facets)
    query = pairs(facet=named, limit=limit, **filters) + _asked(keyed, region, None)
    return _ask(keyed, "vehicle facets", "/v2/vehicles/facets", VehicleFacets, query)


def narrow_vehicles(
    keyed: Keyed, /, year: int | str, make: str, model: str, *, region: str | None = None, **filters: str
) -> Call[NarrowedVehicles]:
    """Read the vehicles that have these values, and the traits in which they differ."""
    query = pairs(year=year, make=make, model=model, **filters) + _asked(keyed, region, None)
    return _ask(keyed, "narrow vehicles", "/v2/vehicles/facets/search", NarrowedVehicles, query)


def usage(
    keyed: Keyed,
    *,
    group_by: Sequence[str] = ("key", "reference_id", "day"),
    since: str | None = None,
    until: str | None = None,
    reference_id: str | None = None,
    product: str | None = None,
) -> Call[LookupUsage]:
    """Count what the account's keys were used for. `since` and `until` are days, themselves included."""
    named = group_by if isinstance(group_by, str) else ",".join(group_by)
    query = pairs(group_by=named, reference_id=reference_id, product=product)
    return _ask(keyed, "usage", "/v1/usage", LookupUsage, query + _days(since, until))


def usage_records(
    keyed: Keyed,
    *,
    since: str | None = None,
    until: str | None = None,
    reference_id: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Call[UsageRecords]:
    """Read a page of usage records, the oldest first."""
    query = pairs(reference_id=reference_id, limit=limit, cursor=cursor) + _days(since, until)
    return _ask(keyed, "usage records", "/v2/usage/records", UsageRecords, query)


def iter_usage_records(
    keyed: Keyed,
    *,
    since: str | None = None,
    until: str | None = None,
    reference_id: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Call[Page[UsageRecord]]:
    """Go through all usage records, `limit` at a time."""

    def page(found: UsageRecords) -> Page[UsageRecord]:
        following = found.next_cursor
        return Page(found.records, None if following is None else _following(following))

    def _following(after: str) -> Call[Page[UsageRecord]]:
        return iter_usage_records(keyed, since=since, until=until, reference_id=reference_id, limit=limit, cursor=after)

    asked = usage_records(keyed, since=since, until=until, reference_id=reference_id, limit=limit, cursor=cursor)
    return asked.then(page)


def _asked(
    keyed: Keyed, region: str | None, reference_id: str | None, features: Sequence[str] = (), *, more: bool = False
) -> Pairs:
    named = features if isinstance(features, str) else ",".join(features)
    return pairs(
        region=region or keyed.region,
        features=named or None,
        prefer_more_results="true" if more else None,
        reference_id=reference_id or keyed.reference_id,
    )


def _days(since: str | None, until: str | None) -> Pairs:
    return tuple((name, day) for name, day in (("from", since), ("to", until)) if day is not None)


def _ask(keyed: Keyed, name: str, path: str, kind: type[R], query: Pairs) -> Call[R]:
    return Call(
        name=name,
        method="GET",
        path=path,
        read=reading(kind),
        query=query,
        headers=((_KEY, keyed.key),),
        secrets=(keyed.key,),
        fault=_fault,
    )


def _fault(answer: Answer) -> CarwireError:
    """Return the error of an answer in the form of the lookup API; of any other form as elsewhere."""
    try:
        body: Any = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return error_of(answer)
    if not isinstance(body, dict) or not isinstance(body.get("message"), str):
        return error_of(answer)
    hint = body.get("hint")
    told = f"{body['message']}: {hint}" if isinstance(hint, str) else body["message"]
    known = {"type": "LOOKUP", "code": body.get("code"), "description": told, "requestId": body.get("request_id")}
    return error_from(answer, known)
