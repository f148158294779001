"""The table of errors: for everything that can go wrong its status, type, code, resolution and sentences.

Source of types, codes, statuses and resolutions: the wire contract's error catalogue. ``METHOD``, ``TOO_LARGE`` and
``UNAVAILABLE`` are our own. The sentences are ours; `advice` is for the owner of the car and is left out where an owner
can do nothing.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Resolution = Literal["RETRY_LATER", "REAUTHENTICATE", "CONTACT_SUPPORT", "ACTION_REQUIRED"]


class ErrorKind(msgspec.Struct, frozen=True):
    """A row of the table. `description` is for the developer; `advice`, with ``{application}`` in the place of the
    application's name, for the owner.
    """

    status: int
    type: str
    code: str | None
    resolution: Resolution | None
    description: str
    advice: str | None = None

    @property
    def group(self) -> str:
        """The page of the documentation it is on."""
        return self.type.lower().replace("_", "-")

    @property
    def name(self) -> str:
        """What `core.signals.problems` calls it."""
        return f"{self.type}:{self.code}" if self.code else self.type


_AGAIN: Final = "Please try again in {application} in a while."

AUTHENTICATION: Final = ErrorKind(
    401,
    "AUTHENTICATION",
    None,
    None,
    "The credentials are missing, malformed, expired or not known here. Send HTTP Basic with client id and secret, or "
    "where a vehicle is asked a bearer token.",
)
PERMISSION: Final = ErrorKind(
    403,
    "PERMISSION",
    None,
    "REAUTHENTICATE",
    "The owner has not granted this permission, or the vehicle is not connected to the application.",
    "Please connect your car to {application} again and allow what it asks for.",
)
VALIDATION: Final = ErrorKind(
    400, "VALIDATION", None, None, "The request cannot be used as it is; detail names the fields."
)
METHOD: Final = ErrorKind(405, "VALIDATION", "METHOD", None, "This path does not take this method.")
TOO_LARGE: Final = ErrorKind(413, "VALIDATION", "TOO_LARGE", None, "The request body is larger than is read here.")
PATH_NOT_FOUND: Final = ErrorKind(404, "RESOURCE_NOT_FOUND", "PATH", None, "There is nothing at this path.")
VERSION_NOT_FOUND: Final = ErrorKind(
    404, "RESOURCE_NOT_FOUND", "VERSION", None, "This API version is not served here; use v2.0."
)
LIMITED: Final = ErrorKind(
    429, "RATE_LIMIT", "SMARTCAR_API", "RETRY_LATER", "The application sends more requests than it may."
)
INTERNAL: Final = ErrorKind(
    500, "SERVER", "INTERNAL", "RETRY_LATER", "Something failed in the server. It is logged under the request id."
)
UNAVAILABLE: Final = ErrorKind(
    503, "SERVER", "UNAVAILABLE", "RETRY_LATER", "The server cannot reach its database at the moment."
)
# Our own: the wire has no word for it, so it goes out as a state nobody knows more about.
TOO_OLD: Final = ErrorKind(
    409,
    "VEHICLE_STATE",
    "UNKNOWN",
    "RETRY_LATER",
    "The stored value is too old for this request, and there is no newer one.",
    _AGAIN,
)


def _billing(code: str, description: str) -> ErrorKind:
    return ErrorKind(430, "BILLING", code, "CONTACT_SUPPORT", description)


def _compatibility(code: str, description: str, advice: str, resolution: Resolution | None = None) -> ErrorKind:
    return ErrorKind(501, "COMPATIBILITY", code, resolution, description, advice)


def _account(code: str, description: str, advice: str, resolution: Resolution | None = None) -> ErrorKind:
    return ErrorKind(400, "CONNECTED_SERVICES_ACCOUNT", code, resolution, description, advice)


def _upstream(code: str, description: str) -> ErrorKind:
    advice = f"The car maker's service has trouble at the moment. {_AGAIN}"
    return ErrorKind(502, "UPSTREAM", code, "RETRY_LATER", description, advice)


def _state(code: str, description: str, advice: str, resolution: Resolution | None = None) -> ErrorKind:
    return ErrorKind(409, "VEHICLE_STATE", code, resolution, description, advice)


_BILLING: Final = (
    _billing("VEHICLE_LIMIT", "More vehicles are connected than the plan of the application allows."),
    _billing("INVALID_PLAN", "The plan of the application does not have this feature."),
    _billing("VEHICLE_REQUEST_LIMIT", "The calls to this vehicle that the plan allows in a month are used up."),
    _billing("ACCOUNT_SUSPENDED", "The account that owns the application is suspended."),
)
_COMPATIBILITY: Final = (
    _compatibility(
        "MAKE_NOT_COMPATIBLE",
        "Cars of this make are not supported in this region.",
        "{application} cannot work with cars of this make in your region.",
    ),
    _compatibility(
        "SMARTCAR_NOT_CAPABLE",
        "This server has no such feature for cars of this make, or not in the state the car is in.",
        "{application} cannot do this with cars of this make yet.",
    ),
    _compatibility(
        "VEHICLE_NOT_CAPABLE",
        "This car does not have what it takes: no fuel tank, no charging port, no such sensor.",
        "Your car does not have this feature, so {application} cannot use it.",
    ),
    _compatibility(
        "PLATFORM_NOT_CAPABLE",
        "The maker's service behind this connection cannot do this. Connecting anew may lead to another one that can.",
        "Please connect your car to {application} again.",
        "REAUTHENTICATE",
    ),
)
_ACCOUNT: Final = (
    _account(
        "ACCOUNT_ISSUE",
        "The owner has something to finish in the maker's app first: terms to accept, a service to activate.",
        "Please open your car maker's app, finish what it asks for, and come back to {application}.",
    ),
    _account(
        "AUTHENTICATION_FAILED",
        "The maker no longer accepts the owner's login. Send the owner to the url of the resolution.",
        "Please sign in to your car maker's account again in {application}.",
        "REAUTHENTICATE",
    ),
    _account(
        "NO_VEHICLES",
        "The owner's account at the maker holds no car.",
        "Please add your car in your car maker's app, then try again in {application}.",
    ),
    _account(
        "PERMISSION",
        "The owner's rights in the maker's account are too small for this: a second driver, for example.",
        "Please ask the main user of the car to allow this, then connect it to {application} again.",
        "REAUTHENTICATE",
    ),
    _account(
        "SUBSCRIPTION",
        "The owner's subscription to the maker's connected services is not active.",
        "Please renew the connected services subscription of your car, then try again in {application}.",
    ),
    _account(
        "VEHICLE_MISSING",
        "The car is no longer in the owner's account at the maker.",
        "Please add your car to your car maker's account again, then try again in {application}.",
    ),
    _account(
        "VIRTUAL_KEY_REQUIRED",
        "The car takes signed commands only, and no key of this server is paired with it.",
        "Please pair the key of {application} with your car, then try again.",
        "ACTION_REQUIRED",
    ),
)
_VEHICLE_LIMITED: Final = ErrorKind(
    429,
    "RATE_LIMIT",
    "VEHICLE",
    "RETRY_LATER",
    "This car is asked more often than its maker allows. Wait as many seconds as retry-after says.",
    f"Your car has been asked too often. {_AGAIN}",
)
_SERVER: Final = (
    ErrorKind(
        500, "SERVER", "RECORD_NOT_FOUND", "CONTACT_SUPPORT", "No battery capacity is on record for cars like this one."
    ),
    ErrorKind(
        500,
        "SERVER",
        "MULTIPLE_RECORDS_FOUND",
        "CONTACT_SUPPORT",
        "Several battery capacities fit this car; detail lists them. Its owner can say which it is.",
    ),
)
_UPSTREAM: Final = (
    _upstream("INVALID_DATA", "The maker's service sent data that make no sense."),
    _upstream("KNOWN_ISSUE", "The maker's service is known to be out of order."),
    _upstream("NO_RESPONSE", "The maker's service did not answer in time."),
    _upstream("RATE_LIMIT", "The maker's service turns requests for this car away because there were too many."),
    _upstream("UNKNOWN_ISSUE", "The maker's service gave an answer that nobody expected."),
)
_STATE: Final = (
    _state(
        "ASLEEP",
        "The car sleeps and cannot be woken from afar.",
        "Please drive your car or open its door, then try again in {application}.",
    ),
    _state(
        "CHARGING_IN_PROGRESS",
        "The car is charging, and this cannot be done meanwhile.",
        "Please wait until your car has stopped charging, then try again in {application}.",
    ),
    _state(
        "CHARGING_PLUG_CONNECTED",
        "The charging cable is plugged in, and this cannot be done meanwhile.",
        "Please unplug your car, then try again in {application}.",
    ),
    _state(
        "CHARGING_PLUG_NOT_CONNECTED",
        "This needs the charging cable, which is not plugged in.",
        "Please plug your car in, then try again in {application}.",
    ),
    _state(
        "CHARGE_FAULT",
        "The car or its charger reports a fault.",
        "Please check the cable and the charger, then try again in {application}.",
    ),
    _state("DOOR_OPEN", "A door is open.", "Please close all doors of your car, then try again in {application}."),
    _state(
        "FULLY_CHARGED",
        "The battery is charged as far as its limit allows.",
        "Your car is fully charged. There is nothing for {application} to start.",
    ),
    _state("HOOD_OPEN", "The hood is open.", "Please close the hood of your car, then try again in {application}."),
    _state(
        "IGNITION_ON",
        "The ignition is on.",
        "Please park your car and switch it off, then try again in {application}.",
    ),
    _state(
        "IN_MOTION",
        "The car is moving.",
        "Please try again in {application} once your car is parked.",
    ),
    _state(
        "LOW_BATTERY",
        "A battery of the car is too low for remote access.",
        "Please charge or drive your car, then try again in {application}.",
        "RETRY_LATER",
    ),
    _state(
        "NOT_CHARGING",
        "The car is not charging.",
        "Your car is not charging. There is nothing for {application} to stop.",
    ),
    _state(
        "REMOTE_ACCESS_DISABLED",
        "The owner has switched remote access off in the car.",
        "Please switch remote access on in your car, then try again in {application}.",
    ),
    _state(
        "TRUNK_OPEN",
        "The trunk is open.",
        "Please close the trunk of your car, then try again in {application}.",
    ),
    _state("UNKNOWN", "The car is in a state that forbids this, and does not say in which.", _AGAIN, "RETRY_LATER"),
    _state(
        "UNREACHABLE",
        "There is no radio contact with the car.",
        "Please move your car to a place with mobile reception, then try again in {application}.",
    ),
    _state(
        "VEHICLE_OFFLINE_FOR_SERVICE",
        "The car is in service mode and takes no requests.",
        "Please try again in {application} once your car is back from service.",
    ),
)
# Everything that is answered, in the order of the documentation's pages. `TOO_OLD` shares the place of a state.
KINDS: Final[tuple[ErrorKind, ...]] = (
    AUTHENTICATION,
    PERMISSION,
    VALIDATION,
    ErrorKind(400, "VALIDATION", "PARAMETER", None, "A parameter has a value that cannot be used."),
    METHOD,
    TOO_LARGE,
    PATH_NOT_FOUND,
    VERSION_NOT_FOUND,
    *_BILLING,
    *_COMPATIBILITY,
    *_ACCOUNT,
    LIMITED,
    _VEHICLE_LIMITED,
    INTERNAL,
    UNAVAILABLE,
    *_SERVER,
    *_UPSTREAM,
    *_STATE,
)
BY_NAME: Final[dict[str, ErrorKind]] = {**{kind.name: kind for kind in KINDS}, "TOO_OLD": TOO_OLD}
