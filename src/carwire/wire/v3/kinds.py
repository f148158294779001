"""The table of v3 errors: every kind of problem of the core and what the edge finds by itself, with status, type, code,
title, detail, resolution, and advice for owners.

Source of types, codes, statuses and resolutions: the wire contract, section 13; codes that it lacks are marked as ours.
A detail is the core's sentence for the kind.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from carwire.core.signals.problems import KINDS, split

Resolution = Literal["RETRY_LATER", "REAUTHENTICATE", "CONTACT_SUPPORT", "USER_ACTION_REQUIRED"]


class ErrorKind(msgspec.Struct, frozen=True):
    """A row. `short_code` is the code under which v2.0 has it, null for a type that has no codes there."""

    status: int
    type: str
    code: str | None
    detail: str
    resolution: Resolution | None = None
    advice: str | None = None
    short_code: str | None = None

    @property
    def title(self) -> str:
        """The code in words; of a type without codes the type."""
        return (self.code or self.type).replace("_", " ").title()


_STATUS: Final = {
    "AUTHENTICATION": 401,
    "PERMISSION": 403,
    "VALIDATION": 400,
    "RESOURCE_NOT_FOUND": 404,
    "BILLING": 430,
    "COMPATIBILITY": 501,
    "CONNECTED_SERVICES_ACCOUNT": 400,
    "RATE_LIMIT": 429,
    "SERVER": 500,
    "UPSTREAM": 502,
    "VEHICLE_STATE": 409,
}
# Kind → code, where v3 has another word than v2.0.
_CODES: Final = {
    "AUTHENTICATION": "UNAUTHORIZED",
    "VALIDATION": "INVALID_INPUT_FORMAT",
    "VALIDATION:PARAMETER": "INVALID_INPUT_FORMAT",
    "RESOURCE_NOT_FOUND:PATH": "INVALID_PATH",
}
# By kind, else by type.
_RESOLUTIONS: Final[dict[str, Resolution]] = {
    "PERMISSION": "REAUTHENTICATE",
    "BILLING": "CONTACT_SUPPORT",
    "COMPATIBILITY:PLATFORM_NOT_CAPABLE": "REAUTHENTICATE",
    "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED": "REAUTHENTICATE",
    "CONNECTED_SERVICES_ACCOUNT:PERMISSION": "REAUTHENTICATE",
    "CONNECTED_SERVICES_ACCOUNT:VIRTUAL_KEY_REQUIRED": "USER_ACTION_REQUIRED",
    "RATE_LIMIT": "RETRY_LATER",
    "SERVER": "CONTACT_SUPPORT",
    "SERVER:INTERNAL": "RETRY_LATER",
    "UPSTREAM": "RETRY_LATER",
    "VEHICLE_STATE:LOW_BATTERY": "RETRY_LATER",
    "VEHICLE_STATE:UNKNOWN": "RETRY_LATER",
    "TOO_OLD": "RETRY_LATER",
}
_LATER: Final = "Please try again in a while."
_ADVICE: Final = {
    "PERMISSION": "Please connect your car again and allow what the app asks for.",
    "COMPATIBILITY": "This does not work with your car.",
    "COMPATIBILITY:MAKE_NOT_COMPATIBLE": "Cars of this make cannot be connected in your region.",
    "COMPATIBILITY:PLATFORM_NOT_CAPABLE": "Please connect your car again.",
    "CONNECTED_SERVICES_ACCOUNT:ACCOUNT_ISSUE": "Please open your car maker's app and finish what it asks for.",
    "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED": "Please sign in to your car maker's account again.",
    "CONNECTED_SERVICES_ACCOUNT:NO_VEHICLES": "Please add your car in your car maker's app first.",
    "CONNECTED_SERVICES_ACCOUNT:PERMISSION": "Please ask the main user of the car to allow this.",
    "CONNECTED_SERVICES_ACCOUNT:SUBSCRIPTION": "Please renew the connected services of your car.",
    "CONNECTED_SERVICES_ACCOUNT:VEHICLE_MISSING": "Please add your car to your car maker's account again.",
    "CONNECTED_SERVICES_ACCOUNT:VIRTUAL_KEY_REQUIRED": "Please pair the app's key with your car.",
    "RATE_LIMIT:VEHICLE": f"Your car has been asked too often. {_LATER}",
    "UPSTREAM": f"Your car maker's service has trouble at the moment. {_LATER}",
    "VEHICLE_STATE": _LATER,
    "VEHICLE_STATE:ASLEEP": "Please drive your car or open its door, then try again.",
    "VEHICLE_STATE:CHARGING_IN_PROGRESS": "Please wait until your car has stopped charging.",
    "VEHICLE_STATE:CHARGING_PLUG_CONNECTED": "Please unplug your car first.",
    "VEHICLE_STATE:CHARGING_PLUG_NOT_CONNECTED": "Please plug your car in first.",
    "VEHICLE_STATE:CHARGE_FAULT": "Please check the cable and the charger.",
    "VEHICLE_STATE:DOOR_OPEN": "Please close all doors of your car first.",
    "VEHICLE_STATE:FULLY_CHARGED": "Your car is charged already.",
    "VEHICLE_STATE:HOOD_OPEN": "Please close the hood of your car first.",
    "VEHICLE_STATE:IGNITION_ON": "Please park your car and switch it off first.",
    "VEHICLE_STATE:IN_MOTION": "Please try again once your car is parked.",
    "VEHICLE_STATE:LOW_BATTERY": "Please charge or drive your car first.",
    "VEHICLE_STATE:NOT_CHARGING": "Your car is not charging.",
    "VEHICLE_STATE:REMOTE_ACCESS_DISABLED": "Please switch remote access on in your car.",
    "VEHICLE_STATE:TRUNK_OPEN": "Please close the trunk of your car first.",
    "VEHICLE_STATE:UNREACHABLE": "Please move your car to a place with mobile reception.",
    "VEHICLE_STATE:VEHICLE_OFFLINE_FOR_SERVICE": "Please try again once your car is back from service.",
    "TOO_OLD": _LATER,
}


def _row(kind: str) -> ErrorKind:
    # There is no word for a value that is too old: it goes out as a state nobody knows more about.
    type_, code = split("VEHICLE_STATE:UNKNOWN" if kind == "TOO_OLD" else kind)
    by_type = kind.partition(":")[0]
    return ErrorKind(
        _STATUS[type_],
        type_,
        _CODES.get(kind, code),
        KINDS[kind],
        _RESOLUTIONS.get(kind, _RESOLUTIONS.get(by_type)),
        _ADVICE.get(kind, _ADVICE.get(by_type)),
        code,
    )


# Every kind of problem → its row.
BY_KIND: Final[dict[str, ErrorKind]] = {kind: _row(kind) for kind in KINDS}

UNAUTHORIZED: Final = BY_KIND["AUTHENTICATION"]
PERMISSION: Final = BY_KIND["PERMISSION"]
INVALID_INPUT: Final = BY_KIND["VALIDATION"]
INVALID_PATH: Final = BY_KIND["RESOURCE_NOT_FOUND:PATH"]
INTERNAL: Final = BY_KIND["SERVER:INTERNAL"]
LIMITED: Final = BY_KIND["RATE_LIMIT:SMARTCAR_API"]
ACCESS_DENIED: Final = ErrorKind(403, "AUTHENTICATION", "ACCESS_DENIED", "These credentials do not reach this far.")
MISSING_PARAMETER: Final = ErrorKind(400, "VALIDATION", "MISSING_PARAMETER", "Something that must be sent is missing.")
VEHICLE_NOT_FOUND: Final = ErrorKind(
    404, "RESOURCE_NOT_FOUND", "VEHICLE_NOT_FOUND", "No such vehicle is connected for this user.", short_code="PATH"
)
# The codes from here on are ours.
METHOD: Final = ErrorKind(405, "VALIDATION", "METHOD", "This path does not take this method.", short_code="METHOD")
TOO_LARGE: Final = ErrorKind(
    413, "VALIDATION", "TOO_LARGE", "The request body is larger than is read here.", short_code="TOO_LARGE"
)
UNAVAILABLE: Final = ErrorKind(
    503,
    "SERVER",
    "UNAVAILABLE",
    "The server cannot reach its database at the moment.",
    "RETRY_LATER",
    short_code="UNAVAILABLE",
)
ALREADY_SUBSCRIBED: Final = ErrorKind(
    409, "VALIDATION", "ALREADY_SUBSCRIBED", "The vehicle is subscribed to this webhook already."
)
COMMAND_TIMEOUT: Final = ErrorKind(
    504,
    "UPSTREAM",
    "NO_RESPONSE",
    "The command was sent and nobody can tell what became of it: read the car before sending it again.",
    _RESOLUTIONS["UPSTREAM"],
    _ADVICE["UPSTREAM"],
    "NO_RESPONSE",
)
NOT_FOUND: Final[dict[str, ErrorKind]] = {
    "vehicle": VEHICLE_NOT_FOUND,
    **{
        what: ErrorKind(
            404, "RESOURCE_NOT_FOUND", f"{what.upper()}_NOT_FOUND", f"There is no such {what}.", short_code="PATH"
        )
        for what in ("signal", "connection", "user", "schedule", "command", "webhook", "subscription", "application")
    },
}
# What the edge finds by itself.
EDGE: Final = (
    ACCESS_DENIED,
    MISSING_PARAMETER,
    METHOD,
    TOO_LARGE,
    UNAVAILABLE,
    ALREADY_SUBSCRIBED,
    COMMAND_TIMEOUT,
    *NOT_FOUND.values(),
)
