"""A vehicle of an owner and its signals. Source: the v3 wire contract, sections 6 and 7."""

from __future__ import annotations

from typing import Any, overload

import msgspec

from carwire_client.answers import Answer
from carwire_client.bodies import SignalCode, V
from carwire_client.call import Call, Pairs, segment
from carwire_client.calls.ga.owners import filters
from carwire_client.calls.ga.shared import get, reading_headers, resource, unless_changed
from carwire_client.models.base import meta_of
from carwire_client.models.ga.base import member, read_listing, resource_of
from carwire_client.models.ga.readings import Signal, Signals, signal_flat
from carwire_client.models.ga.resources import Vehicle
from carwire_client.settings import OwnedReach, check_unit_system


def path_of(vehicle: OwnedReach, path: str = "") -> str:
    """Return the path of something of a vehicle."""
    return f"/v3/vehicles/{segment(vehicle.id)}{path}"


def get_vehicle(vehicle: OwnedReach, *, if_none_match: Vehicle | None = None) -> Call[Vehicle]:
    """Read what the vehicle is. `if_none_match` is an earlier answer, which is returned when nothing has changed."""
    return unless_changed(get(vehicle.token, "vehicle", path_of(vehicle), resource(Vehicle)), if_none_match)


def signals(
    vehicle: OwnedReach,
    *,
    page: int | None = None,
    size: int | None = None,
    max_age: int | None = None,
    unit_system: str | None = None,
    if_none_match: Signals | None = None,
) -> Call[Signals]:
    """Read every signal of the vehicle that was ever answered; one that failed fails alone, as a value.

    - `page` and `size`: all of them stand on one page unless a size is given
    - `max_age`, in seconds, and `unit_system` are for this read alone; those of the vehicle unless given. What is kept
      and older is asked for again, where that wakes nobody; it is Carwire's own
    - `if_none_match`: an earlier answer, which is returned when nothing has changed (see `not_modified`)
    """
    return _asked(vehicle, "signals", "/signals", _signals, max_age, unit_system, if_none_match, page, size)


@overload
def signal(
    vehicle: OwnedReach,
    code: SignalCode[V],
    *,
    max_age: int | None = None,
    unit_system: str | None = None,
    if_none_match: Signal[V] | None = None,
) -> Call[Signal[V]]: ...
@overload
def signal(
    vehicle: OwnedReach,
    code: str,
    *,
    max_age: int | None = None,
    unit_system: str | None = None,
    if_none_match: Signal[Any] | None = None,
) -> Call[Signal[Any]]: ...
def signal(
    vehicle: OwnedReach,
    code: str,
    *,
    max_age: int | None = None,
    unit_system: str | None = None,
    if_none_match: Signal[Any] | None = None,
) -> Call[Signal[Any]]:
    """Read one signal by its code. Raises `NotFound` while nobody has answered it.

    A code of `carwire_client.signals` says of which type the value is; any other may be given as text. The rest is as
    of `signals`.
    """
    path = f"/signals/{segment(code)}"
    return _asked(vehicle, "signal", path, resource(Signal, signal_flat), max_age, unit_system, if_none_match)


def _asked(  # noqa: PLR0917
    vehicle: OwnedReach,
    name: str,
    path: str,
    read: Any,
    max_age: int | None,
    unit_system: str | None,
    known: Any,
    page: int | None = None,
    size: int | None = None,
) -> Call[Any]:
    if max_age is not None:
        vehicle = msgspec.structs.replace(vehicle, max_age=max_age)
    if unit_system is not None:
        vehicle = msgspec.structs.replace(vehicle, unit_system=check_unit_system(unit_system))
    query: Pairs = filters(("page[number]", page), ("page[size]", size))
    call = get(vehicle.token, name, path_of(vehicle, path), read, query=query, headers=reading_headers(vehicle))
    return unless_changed(call, known)


def _signals(answer: Answer) -> Signals:
    found = read_listing(Signal, answer, signal_flat)
    given = member(found.raw, "included").get("vehicle")
    meta = meta_of(answer.status, answer.headers)
    vehicle = resource_of(Vehicle, given, answer, meta) if isinstance(given, dict) else None
    return Signals(items=found.items, page=found.page, vehicle=vehicle, meta=meta, raw=found.raw)
