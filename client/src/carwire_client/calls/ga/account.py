"""The application that asks, its secrets, and what can be connected at all. Source: the v3 contract, 10 and 11."""

from __future__ import annotations

from typing import Any

from carwire_client.call import Call, segment
from carwire_client.calls.compatibility import Region
from carwire_client.calls.ga.owners import filters
from carwire_client.calls.ga.shared import get, listing, paged, resource, unless_changed
from carwire_client.models.ga.base import Listing, member
from carwire_client.models.ga.resources import ApplicationResource, ApplicationSecret, CompatibleVehicle
from carwire_client.paging import Page
from carwire_client.settings import Surface
from carwire_client.times import read_moment


def applications(
    application: Surface, *, page: int | None = None, size: int | None = None
) -> Call[Listing[ApplicationResource]]:
    """Read the applications the token is of."""
    query = filters(("page[number]", page), ("page[size]", size))
    path, read = "/v3/applications", listing(ApplicationResource)
    return get(application.token, "applications", path, read, role="management_v3", query=query)


def application(application: Surface, application_id: str) -> Call[ApplicationResource]:
    """Read one application."""
    path = f"/v3/applications/{segment(application_id)}"
    return get(application.token, "application", path, resource(ApplicationResource), role="management_v3")


def application_secrets(
    application: Surface, application_id: str, *, page: int | None = None, size: int | None = None
) -> Call[Listing[ApplicationSecret]]:
    """Read with which secrets an application may ask, and until when; no secret itself."""
    query = filters(("page[number]", page), ("page[size]", size))
    path, read = f"/v3/applications/{segment(application_id)}/secrets", listing(ApplicationSecret, _expiring)
    return get(application.token, "application secrets", path, read, role="management_v3", query=query)


def compatible_vehicles(
    application: Surface,
    *,
    region: Region | None = None,
    make: str | None = None,
    powertrain_type: str | None = None,
    page: int | None = None,
    size: int | None = None,
    if_none_match: Listing[CompatibleVehicle] | None = None,
) -> Call[Listing[CompatibleVehicle]]:
    """Read one page of the model lines that can be connected, with their signals and commands. Needs no token.

    `powertrain_type` is ``ICE``, ``BEV``, ``PHEV`` or ``HEV``. The answer may be kept for a day; `if_none_match` is an
    earlier one, which is returned when nothing has changed.
    """
    query = filters(
        ("filter[region]", region),
        ("filter[make]", make),
        ("filter[powertrainType]", powertrain_type),
        ("page[number]", page),
        ("page[size]", size),
    )
    path, read = "/v3/compatible-vehicles", listing(CompatibleVehicle)
    call = get(None, "compatible vehicles", path, read, role="compatibility_v3", query=query)
    return unless_changed(call, if_none_match)


def iter_compatible_vehicles(
    application: Surface,
    *,
    region: Region | None = None,
    make: str | None = None,
    powertrain_type: str | None = None,
    size: int = 100,
) -> Call[Page[CompatibleVehicle]]:
    """Go through all model lines that can be connected, `size` at a time. Needs no token."""

    def ask(number: int | None, after: str | None) -> Call[Listing[CompatibleVehicle]]:
        return compatible_vehicles(
            application, region=region, make=make, powertrain_type=powertrain_type, page=number, size=size
        )

    return paged(ask, None)


def _expiring(body: dict[str, Any]) -> dict[str, Any]:
    return {"expiresAt": read_moment(member(body, "attributes").get("expiresAt"))}
