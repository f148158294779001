"""Which step on the way to an answer each kind of problem belongs to, and what would change it.

The steps are those that `carwire.core.why` walks. Every kind of `problems.KINDS` has a row.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

StepName = Literal["plan", "permission", "capability", "connection", "car_state", "maker", "age"]


class Remedy(msgspec.Struct, frozen=True):
    """Where a kind of problem stands in the way, and what would take it out of the way: one sentence."""

    step: StepName
    would_change: str


_OPERATOR: Final = "Another plan, from whoever operates the server."
_NOTHING: Final = "Nothing: it is how this car, its make or the way it is connected is made."
_OWNER_IN_APP: Final = "The owner puts it right in the maker's account or app."
_LATER: Final = "Time: the maker's service has to recover."
_REQUEST: Final = "Another request: this one cannot be answered, whatever the car does."
_AT_CAR: Final = {
    "ASLEEP": "The car wakes: when it is driven, charged or unlocked, or by a command that wakes it.",
    "CHARGING_IN_PROGRESS": "The charge ends, or is stopped.",
    "CHARGING_PLUG_CONNECTED": "Somebody unplugs the charging cable.",
    "CHARGING_PLUG_NOT_CONNECTED": "Somebody plugs the charging cable in.",
    "CHARGE_FAULT": "Somebody looks after the charger or the car, and plugs in again.",
    "DOOR_OPEN": "Somebody closes the door.",
    "FULLY_CHARGED": "A higher charge limit, or a battery that has been used.",
    "HOOD_OPEN": "Somebody closes the hood.",
    "IGNITION_ON": "Somebody switches the ignition off.",
    "IN_MOTION": "The car comes to a stop.",
    "LOW_BATTERY": "The battery is charged.",
    "NOT_CHARGING": "A charge begins.",
    "REMOTE_ACCESS_DISABLED": "The owner switches remote access on in the car.",
    "TRUNK_OPEN": "Somebody closes the trunk.",
    "UNKNOWN": "The car comes into another state; the maker does not say which.",
    "UNREACHABLE": "The car gets back to where there is radio contact.",
    "VEHICLE_OFFLINE_FOR_SERVICE": "The car comes back from service.",
}
REMEDIES: Final[dict[str, Remedy]] = {
    "AUTHENTICATION": Remedy("permission", "Credentials that are known: a new token, or the right secret."),
    "PERMISSION": Remedy("permission", "The owner grants it: another run of Connect that asks for it."),
    "VALIDATION": Remedy("capability", _REQUEST),
    "VALIDATION:PARAMETER": Remedy("capability", _REQUEST),
    "RESOURCE_NOT_FOUND:PATH": Remedy("capability", _REQUEST),
    "RESOURCE_NOT_FOUND:VERSION": Remedy("capability", _REQUEST),
    "BILLING:VEHICLE_LIMIT": Remedy("plan", _OPERATOR),
    "BILLING:INVALID_PLAN": Remedy("plan", _OPERATOR),
    "BILLING:VEHICLE_REQUEST_LIMIT": Remedy("plan", _OPERATOR),
    "BILLING:ACCOUNT_SUSPENDED": Remedy("plan", _OPERATOR),
    "RATE_LIMIT:SMARTCAR_API": Remedy("plan", "Fewer requests of the application, or a wider limit of the server."),
    "COMPATIBILITY:MAKE_NOT_COMPATIBLE": Remedy("capability", _NOTHING),
    "COMPATIBILITY:SMARTCAR_NOT_CAPABLE": Remedy("capability", "A server that can do it with cars of this make."),
    "COMPATIBILITY:VEHICLE_NOT_CAPABLE": Remedy("capability", _NOTHING),
    "COMPATIBILITY:PLATFORM_NOT_CAPABLE": Remedy(
        "capability", "Another way to the car than this source of the server."
    ),
    "SERVER:RECORD_NOT_FOUND": Remedy("capability", "A battery capacity on record for this car."),
    "SERVER:MULTIPLE_RECORDS_FOUND": Remedy(
        "capability", "The owner picks the battery the car has, on the page for it."
    ),
    "CONNECTED_SERVICES_ACCOUNT:ACCOUNT_ISSUE": Remedy("connection", _OWNER_IN_APP),
    "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED": Remedy("connection", "The owner signs in again, in Connect."),
    "CONNECTED_SERVICES_ACCOUNT:NO_VEHICLES": Remedy("connection", _OWNER_IN_APP),
    "CONNECTED_SERVICES_ACCOUNT:PERMISSION": Remedy("connection", _OWNER_IN_APP),
    "CONNECTED_SERVICES_ACCOUNT:SUBSCRIPTION": Remedy(
        "connection", "The owner renews the subscription with the maker."
    ),
    "CONNECTED_SERVICES_ACCOUNT:VEHICLE_MISSING": Remedy("connection", _OWNER_IN_APP),
    "CONNECTED_SERVICES_ACCOUNT:VIRTUAL_KEY_REQUIRED": Remedy(
        "connection", "The owner installs the virtual key at the car."
    ),
    **{f"VEHICLE_STATE:{code}": Remedy("car_state", text) for code, text in _AT_CAR.items()},
    "RATE_LIMIT:VEHICLE": Remedy("maker", "Time: the car's budget fills up again."),
    "SERVER:INTERNAL": Remedy("maker", "Whoever operates what failed: its log says why."),
    "UPSTREAM:INVALID_DATA": Remedy("maker", "Better data from the maker's service."),
    "UPSTREAM:KNOWN_ISSUE": Remedy("maker", _LATER),
    "UPSTREAM:NO_RESPONSE": Remedy("maker", _LATER),
    "UPSTREAM:RATE_LIMIT": Remedy("maker", "Time: the maker's limit has to fill up again."),
    "UPSTREAM:UNKNOWN_ISSUE": Remedy("maker", _LATER),
    "TOO_OLD": Remedy("age", "A newer value from the car, or a wider limit of age."),
}
