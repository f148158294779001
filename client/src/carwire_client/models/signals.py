"""Resources of API v3, in both of its forms: resources wrapped in ``data`` and not, moments as text and as numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from carwire_client.models.base import Part, Result


class Links(Part, frozen=True):
    """Where a resource is."""

    own: str | None = msgspec.field(name="self", default=None)
    vehicle: str | None = None


class VehicleAttributes(Part, frozen=True):
    """What a vehicle is. `powertrain_type` and `mode` are null where the server does not say."""

    make: str
    model: str
    year: int
    powertrain_type: str | None = None
    mode: str | None = None


class VehicleResource(Result, frozen=True, kw_only=True):
    """A vehicle."""

    id: str
    type: str = "vehicle"
    attributes: VehicleAttributes
    links: Links = Links()


class SignalError(Part, frozen=True):
    """Why a signal has no reading, in the words of the errors: ``COMPATIBILITY`` and ``VEHICLE_NOT_CAPABLE``."""

    type: str | None = None
    code: str | None = None
    title: str | None = None
    detail: str | None = None
    description: str | None = None


class SignalStatus(Part, frozen=True):
    """`value` is ``SUCCESS``, ``ERROR`` or ``UNAVAILABLE``. With an error there may still be the last known body."""

    value: str
    error: SignalError | None = None


class SignalAttributes(Part, frozen=True):
    """What a signal says. The members of `body` depend on `code`: most have ``value``, some ``unit``."""

    code: str
    name: str | None = None
    group: str | None = None
    status: SignalStatus | None = None
    body: dict[str, Any] | None = None


class SignalMeta(Part, frozen=True):
    """When it was stored at the server, fetched from the maker, said by the car: aware, in UTC; null if not told."""

    ingested_at: datetime | None = None
    retrieved_at: datetime | None = None
    oem_updated_at: datetime | None = None


class SignalResource(Part, frozen=True, kw_only=True):
    """A signal in a list."""

    id: str
    type: str = "signal"
    attributes: SignalAttributes
    meta: SignalMeta = SignalMeta()
    links: Links = Links()


class Signal(Result, frozen=True, kw_only=True):
    """One signal."""

    data: SignalResource


class Signals(Result, frozen=True, kw_only=True):
    """Every signal of a vehicle that is known. One that failed says so by itself."""

    data: tuple[SignalResource, ...]
