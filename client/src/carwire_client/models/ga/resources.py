"""Vehicles, connections, webhooks, subscriptions, applications. Source: the v3 wire contract, sections 5, 6, 10, 11."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from carwire_client.models.base import Part
from carwire_client.models.ga.base import Resource, member, related


class VehicleFacts(Part, frozen=True):
    """What a car is, as it travels with other resources.

    `powertrain_type` is ``BEV``, ``PHEV``, ``HEV``, ``ICE`` or ``FCEV``; `mode` is ``live`` or ``simulated``.
    """

    make: str | None = None
    model: str | None = None
    year: int | None = None
    powertrain_type: str | None = None
    mode: str | None = None


class Vehicle(Resource, frozen=True, kw_only=True):
    """A vehicle.

    `powertrain_type` is ``BEV``, ``PHEV``, ``HEV``, ``ICE`` or ``FCEV``, `mode` ``live`` or ``simulated``; null
    where the server does not say.
    """

    make: str
    model: str
    year: int
    powertrain_type: str | None = None
    mode: str | None = None


class Connection(Resource, frozen=True, kw_only=True):
    """An owner, a vehicle of theirs, and what they granted on it.

    `external_id` is the application's own word for the owner. Moments are aware, in UTC.
    """

    vehicle_id: str
    user_id: str
    permissions: tuple[str, ...] = ()
    vehicle: VehicleFacts = VehicleFacts()
    external_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


def connection_flat(body: dict[str, Any]) -> dict[str, Any]:
    """Lift the two ends out of the relationships."""
    user = member(member(body, "attributes"), "user")
    return {
        "vehicleId": related(body, "vehicle"),
        "userId": related(body, "user") or user.get("id"),
        "externalId": user.get("externalId"),
    }


class SignalName(Part, frozen=True):
    """Names a signal."""

    code: str
    group: str | None = None
    name: str | None = None


class Webhook(Resource, frozen=True, kw_only=True):
    """Where changes are sent. A change of one of `triggers` sends the signals of `data`."""

    name: str
    callback_uri: str
    error_callback_uri: str | None = None
    is_enabled: bool
    auto_subscribe: bool = False
    triggers: tuple[SignalName, ...] = ()
    data: tuple[SignalName, ...] = ()
    created_at: datetime | None = None


class Subscription(Resource, frozen=True, kw_only=True):
    """A vehicle a webhook hears of. Moments are aware, in UTC."""

    webhook_id: str
    user_id: str
    vehicle_id: str
    vehicle: VehicleFacts = VehicleFacts()
    created_at: datetime | None = None
    updated_at: datetime | None = None


def subscription_flat(body: dict[str, Any]) -> dict[str, Any]:
    """Lift the three ends out of the relationships; what type they say they are is not relied upon."""
    return {f"{name}Id": related(body, name) for name in ("webhook", "user", "vehicle")}


class ApplicationResource(Resource, frozen=True, kw_only=True):
    """An application. Its id is the client id of API v2."""

    name: str | None = None
    redirect_uris: tuple[str, ...] = ()
    created_at: datetime | None = None


class ApplicationSecret(Resource, frozen=True, kw_only=True):
    """A client secret, without the secret. `expires_at` is null for one that does not end; moments are in UTC."""

    client_id: str | None = None
    expires_at: datetime | None = None
    created_at: datetime | None = None


class ModelYears(Part, frozen=True):
    """Model years, both included; a null `end` is still made."""

    start: int
    end: int | None = None


class ModelCapability(Part, frozen=True):
    """A signal or a command of a model line, and the permission that opens it. `type` is ``signal`` or ``command``."""

    type: str
    code: str
    name: str | None = None
    group: str | None = None
    capability: str | None = None
    permission: str | None = None


class CompatibleVehicle(Resource, frozen=True, kw_only=True):
    """A model line that can be connected. `region` is ``US``, ``CA`` or ``EUROPE``."""

    make: str
    model: str
    region: str | None = None
    powertrain_type: str | None = None
    years: ModelYears
    capabilities: tuple[ModelCapability, ...] = ()
