"""What can stand in the way of a reading or a command, in the words of the v2.0 error catalogue.

A kind is written ``TYPE:CODE``, or ``TYPE`` alone where the wire's code is null. The type tells who has to act, the
code what was found. ``TOO_OLD`` is the one kind of our own: there is a value, but older than was asked for.

>>> split("VEHICLE_STATE:DOOR_OPEN"), split("PERMISSION")
(('VEHICLE_STATE', 'DOOR_OPEN'), ('PERMISSION', None))
"""

from __future__ import annotations

from typing import Final

from carwire.core.errors import FieldProblem, InvalidInput

# Kind → what it means. Every row of the wire's catalogue is here, those that never come from a car included, so that
# a fault script can rehearse each of them.
KINDS: Final[dict[str, str]] = {
    "AUTHENTICATION": "The credentials are missing, malformed or not known.",
    "PERMISSION": "The owner has not granted this.",
    "VALIDATION": "The request cannot be used as it is.",
    "VALIDATION:PARAMETER": "A parameter has a value that cannot be used.",
    "RESOURCE_NOT_FOUND:PATH": "There is nothing at this path.",
    "RESOURCE_NOT_FOUND:VERSION": "This version is not served.",
    "BILLING:VEHICLE_LIMIT": "More cars are connected than the plan allows.",
    "BILLING:INVALID_PLAN": "The plan does not have this feature.",
    "BILLING:VEHICLE_REQUEST_LIMIT": "The calls to this car allowed by the plan are used up.",
    "BILLING:ACCOUNT_SUSPENDED": "The account of the application is suspended.",
    "COMPATIBILITY:MAKE_NOT_COMPATIBLE": "The make is not supported in this region.",
    "COMPATIBILITY:SMARTCAR_NOT_CAPABLE": "The server cannot do this with cars of this make.",
    "COMPATIBILITY:VEHICLE_NOT_CAPABLE": "This car cannot do this.",
    "COMPATIBILITY:PLATFORM_NOT_CAPABLE": "The maker's service behind this connection cannot do this.",
    "CONNECTED_SERVICES_ACCOUNT:ACCOUNT_ISSUE": "The owner has something to finish in the maker's app.",
    "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED": "The maker no longer accepts the owner's login.",
    "CONNECTED_SERVICES_ACCOUNT:NO_VEHICLES": "The maker's account has no car.",
    "CONNECTED_SERVICES_ACCOUNT:PERMISSION": "The owner's rights in the maker's account do not reach this far.",
    "CONNECTED_SERVICES_ACCOUNT:SUBSCRIPTION": "The subscription with the maker is not active.",
    "CONNECTED_SERVICES_ACCOUNT:VEHICLE_MISSING": "The car is no longer in the maker's account.",
    "CONNECTED_SERVICES_ACCOUNT:VIRTUAL_KEY_REQUIRED": "The car wants a virtual key that is not installed.",
    "RATE_LIMIT:SMARTCAR_API": "The application asks too often.",
    "RATE_LIMIT:VEHICLE": "This car is asked too often.",
    "SERVER:INTERNAL": "Something failed in the server.",
    "SERVER:RECORD_NOT_FOUND": "No battery capacity is on record for this car.",
    "SERVER:MULTIPLE_RECORDS_FOUND": "Several battery capacities are on record for this car.",
    "UPSTREAM:INVALID_DATA": "The maker sent data that make no sense.",
    "UPSTREAM:KNOWN_ISSUE": "The maker's service is known to be down.",
    "UPSTREAM:NO_RESPONSE": "The maker did not answer in time.",
    "UPSTREAM:RATE_LIMIT": "The maker throttles requests for this car.",
    "UPSTREAM:UNKNOWN_ISSUE": "The maker gave an answer nobody expected.",
    "VEHICLE_STATE:ASLEEP": "The car sleeps and cannot be woken.",
    "VEHICLE_STATE:CHARGING_IN_PROGRESS": "The car is charging.",
    "VEHICLE_STATE:CHARGING_PLUG_CONNECTED": "The charging cable is plugged in.",
    "VEHICLE_STATE:CHARGING_PLUG_NOT_CONNECTED": "The charging cable is not plugged in.",
    "VEHICLE_STATE:CHARGE_FAULT": "The car or its charger reports a charging fault.",
    "VEHICLE_STATE:DOOR_OPEN": "A door is open.",
    "VEHICLE_STATE:FULLY_CHARGED": "The battery is charged as far as it may be.",
    "VEHICLE_STATE:HOOD_OPEN": "The hood is open.",
    "VEHICLE_STATE:IGNITION_ON": "The ignition is on.",
    "VEHICLE_STATE:IN_MOTION": "The car is moving.",
    "VEHICLE_STATE:LOW_BATTERY": "A battery is too low for remote access.",
    "VEHICLE_STATE:NOT_CHARGING": "The car is not charging.",
    "VEHICLE_STATE:REMOTE_ACCESS_DISABLED": "Remote access is switched off in the car.",
    "VEHICLE_STATE:TRUNK_OPEN": "The trunk is open.",
    "VEHICLE_STATE:UNKNOWN": "The car is in a state that forbids this.",
    "VEHICLE_STATE:UNREACHABLE": "There is no radio contact with the car.",
    "VEHICLE_STATE:VEHICLE_OFFLINE_FOR_SERVICE": "The car is in service.",
    "TOO_OLD": "The newest value is older than was asked for.",
}


def split(kind: str) -> tuple[str, str | None]:
    """Return the wire's type and code of a kind."""
    name, _, code = kind.partition(":")
    return name, code or None


def parse_kind(text: str) -> str:
    """Return the kind named by `text`: ``TYPE:CODE``, ``TYPE.CODE`` or, where it names one kind, the code; in any case.

    Raises `InvalidInput` on the field ``kind`` for a name that is none.

    >>> parse_kind("vehicle_state.asleep"), parse_kind("ASLEEP")
    ('VEHICLE_STATE:ASLEEP', 'VEHICLE_STATE:ASLEEP')
    """
    wanted = text.upper().replace(".", ":", 1)
    if wanted in KINDS:
        return wanted
    by_code = [kind for kind in KINDS if kind.partition(":")[2] == wanted]
    if len(by_code) == 1:
        return by_code[0]
    also = f"; it may be {' or '.join(by_code)}" if by_code else ""
    raise InvalidInput(FieldProblem("kind", f"{text[:60]!a} is no kind of problem{also}"))
