"""How a run of Connect ends: the parameters of every outcome, and the three ways they leave.

A result leaves as a redirect; else as a window message to an origin; else it is a page. Descriptions are English in
every language, because developers compare them. No parameter is ever empty, and a space is always ``%20``: one SDK's
reader stumbles over the first, another over ``+``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from carwire.core.sources import SourceCar
from carwire.services.connect.request import Request

Pair = tuple[str, str | None]

DENIED: Final = "access_denied", "User denied access to application."
INCOMPATIBLE: Final = "vehicle_incompatible", "The user's vehicle is not compatible."
SUBSCRIPTION: Final = "invalid_subscription", "User does not have an active connected vehicle subscription."
NO_VEHICLES: Final = "no_vehicles", "No vehicles found. Please add vehicles to your account and try again."
RETURNED: Final = (
    "user_manually_returned_to_application",
    "The user exited Connect before granting your application access",
)
CONFIGURATION: Final = "configuration_error", "There has been an error in the configuration of your application."
SERVER: Final = "server_error", "Unexpected server error. Please try again."
NO_CAPACITY: Final = "battery_capacity_no_selection", "user did not know battery capacity"


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a closed session answers, now and to a form that is sent again: a URL, or what its last page shows.

    `message` is JSON for the window that opened Connect.
    """

    url: str | None = None
    origin: str | None = None
    message: str | None = None
    cars: tuple[str, ...] = ()
    error: str | None = None


def leave(request: Request, pairs: Sequence[Pair], cars: tuple[str, ...] = ()) -> Result:
    """Return an outcome in the form the request wants it, with its state and external id."""
    given = [(name, value) for name, value in (*pairs, *_common(request)) if value]
    if request.redirect_uri:
        return Result(url=url_with(request.redirect_uri, given))
    error = dict(given).get("error")
    if request.origin is None:
        return Result(cars=cars, error=error)
    return Result(origin=request.origin, message=window_message(dict(given)), cars=cars, error=error)


def approved(*, code: str | None, user_id: str, key_url: str | None) -> tuple[Pair, ...]:
    """The owner approved. `key_url` is where a virtual key is still to be allowed."""
    return ("code", code), ("user_id", user_id), ("virtual_key_url", key_url)


def repaired(vehicle_id: str) -> tuple[Pair, ...]:
    """The owner signed in again."""
    return (("vehicle_id", vehicle_id),)


def capacity_chosen(vehicle_id: str, kwh: float) -> tuple[Pair, ...]:
    """The owner picked a battery size, in kWh."""
    return ("vehicle_id", vehicle_id), ("selected_capacity", f"{kwh:g}"), ("reason", "battery_capacity")


def capacity_unknown(vehicle_id: str) -> tuple[Pair, ...]:
    """The owner does not know the battery size."""
    return (*failed(NO_CAPACITY), ("vehicle_id", vehicle_id))


def failed(outcome: tuple[str, str]) -> tuple[Pair, ...]:
    """One of the outcomes above that have no more to say."""
    return ("error", outcome[0]), ("error_description", outcome[1])


def misconfigured(text: str, status: int = 400) -> tuple[Pair, ...]:
    """The way out of a page that told of a mistake in the request; `text` is what the owner saw."""
    return (*failed(CONFIGURATION), ("status_code", str(status)), ("error_message", text))


def incompatible(car: SourceCar | None) -> tuple[Pair, ...]:
    """No car that can be connected; `car` is what the owner agreed to share."""
    if car is None:
        return failed(INCOMPATIBLE)
    shared = ("vin", car.vin), ("make", car.make), ("model", car.model), ("year", str(car.year))
    return (*failed(INCOMPATIBLE), *shared)


def url_with(uri: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Append parameters to a redirect URI, keeping the query it has.

    >>> url_with("https://a.example/cb?x=1", [("error_description", "no car")])
    'https://a.example/cb?x=1&error_description=no%20car'
    """
    if not pairs:
        return uri
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    if "?" not in uri:
        return f"{uri}?{query}"
    return f"{uri}{query}" if uri.endswith(("?", "&")) else f"{uri}&{query}"


def window_message(values: dict[str, str]) -> str:
    """Write the message for the JavaScript SDK: every key is there, null where there is nothing."""
    message: dict[str, object] = {"name": "SmartcarAuthMessage", "isSmartcarHosted": False}
    keys = {
        "code": "code",
        "error": "error",
        "errorDescription": "error_description",
        "state": "state",
        "vin": "vin",
        "make": "make",
        "model": "model",
        "year": "year",
        "virtualKeyUrl": "virtual_key_url",
        "userId": "user_id",
    }
    message |= {key: values.get(name) for key, name in keys.items()}
    if "external_id" in values:
        message["externalId"] = values["external_id"]
    return msgspec.json.encode(message).decode()


def _common(request: Request) -> tuple[Pair, ...]:
    external_id = request.external_id if isinstance(request.external_id, str) else None
    return ("state", request.state), ("external_id", external_id)
