"""Which cars of an account can be connected, what can be granted on them, and which page says so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from carwire.core.commands import COMMANDS
from carwire.core.permissions import STATIC
from carwire.core.signals.catalogue import signals
from carwire.core.sources import SourceCar
from carwire.services.connect.record import Page, Vault, Why
from carwire.services.connect.request import Request

SUBSCRIPTION: Final = "CONNECTED_SERVICES_ACCOUNT:SUBSCRIPTION"
CAPACITY: Final = "tractionbattery-nominalcapacity"


class Found(msgspec.Struct, frozen=True):
    """The page an account leads to, and the places of its usable cars when that is ``grant``."""

    page: Page
    why: Why | None = None
    usable: tuple[int, ...] = ()


def look_through(vault: Vault, request: Request, *, block_incapable: bool) -> Found:
    """Judge the cars of an account against the request. `block_incapable` keeps out cars that lack a required
    permission.
    """
    cars = vault.source_cars()
    if not cars:
        return Found("no-vehicles")
    if request.vin and all(car.vin != request.vin for car in cars):
        return Found("incompatible", "not_in_account")
    wanted = [n for n, car in enumerate(cars) if request.vin in {None, car.vin}]
    usable = [n for n in wanted if cars[n].problem is None]
    if not usable:
        lapsed = any(cars[n].problem == SUBSCRIPTION for n in wanted)
        return Found("no-subscription") if lapsed else Found("incompatible", "car")
    if block_incapable:
        usable = [n for n in usable if request.required <= permissions_of(cars[n])]
    if not usable or not grantable(request, vault.lacking):
        return Found("incompatible", "permissions")
    return Found("grant", None, tuple(usable))


def grantable(request: Request, lacking: Iterable[str]) -> tuple[str, ...]:
    """Return the permissions that are asked for and that the owner has not kept back at the maker."""
    kept_back = set(lacking)
    return tuple(asked.name for asked in request.permissions if asked.name not in kept_back)


def permissions_of(car: SourceCar) -> frozenset[str]:
    """Return the permissions that open something on a car."""
    known = signals()
    reads = {known[code].permission for code in car.signals if code in known}
    return frozenset({*STATIC, *reads, *(COMMANDS[name].permission for name in car.commands if name in COMMANDS)})


def title_of(car: SourceCar) -> str:
    """Name a car for its owner.

    >>> title_of(SourceCar("0SCTESLA000000001", "LAND ROVER", "Defender", 2023, "PHEV", frozenset(), frozenset()))
    '2023 Land Rover Defender'
    """
    make = car.make if len(car.make) <= 3 else car.make.title()
    return f"{car.year} {make} {car.model}"


def sizes_in(body: object) -> tuple[tuple[float, str | None], ...]:
    """Return the battery sizes a car may have, from the body of its nominal capacity; none when the size is known."""
    if not isinstance(body, dict) or body.get("capacity") is not None:
        return ()
    listed = body.get("availableCapacities")
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    sizes = tuple((float(row["capacity"]), row.get("description")) for row in rows if row.get("capacity"))
    return sizes if len(sizes) > 1 else ()
