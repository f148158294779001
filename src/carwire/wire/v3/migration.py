"""From v2.0 to v3: which call replaces which. For those who move, as a header and in a report.

Source: the wire contract, section 14.2. A call that v3 has no counterpart for has a row without a replacement, so that
it can be told apart from a path nobody knows.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from carwire.core.signals.catalogue import signals

_VEHICLE: Final = "/v3/vehicles/{vehicleId}"
_PREFIX: Final = re.compile(r"^/v[12]\.0(?=/|$)")
_OF_VEHICLE: Final = re.compile(r"^/vehicles/[^/]+(?P<rest>/.*)?$")
_WEBHOOK: Final = re.compile(r"^/webhooks/[^/]+$")
_MAKE: Final = re.compile(r"^/[a-z_-]+(?P<rest>/.+)$")


class Replacement(msgspec.Struct, frozen=True):
    """What replaces a v2.0 call: any of `calls`, each a method and a path. `codes` are the signals that hold what was
    read. Empty `calls`: v3 has nothing for it.
    """

    calls: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def text(self) -> str | None:
        """The calls in one line; null for none."""
        return " or ".join(self.calls) or None


def _reads(*codes: str) -> Replacement:
    if len(codes) == 1:
        return Replacement((f"GET {_VEHICLE}/signals/{codes[0]}",), codes)
    return Replacement((f"GET {_VEHICLE}/signals",), codes)


def _group(*groups: str) -> tuple[str, ...]:
    """The published signals of some groups."""
    return tuple(row.code for row in signals().values() if row.group in groups and row.kind in {"signal", "attribute"})


def _commands(*suffixes: str) -> Replacement:
    return Replacement(tuple(f"POST {_VEHICLE}/commands{suffix}" for suffix in suffixes))


_SUBSCRIPTIONS: Final = "/v3/subscriptions"
_NOTHING: Final = Replacement()
_CAPACITY: Final = _reads("tractionbattery-nominalcapacity")
_SECURITY: Final = (
    *("closure-islocked", "closure-doors", "closure-windows", "closure-sunroof", "closure-fronttrunk"),
    *("closure-reartrunk", "closure-enginecover", "charge-ischargingportflapopen"),
)
_SYSTEMS: Final = tuple(
    code for code in _group("Diagnostics") if code not in {"diagnostics-dtccount", "diagnostics-dtclist"}
)
_CHARGE: Final = ("charge-ischargingcableconnected", "charge-ischarging", "charge-detailedchargingstatus")
_SCHEDULES: Final = Replacement(
    tuple(f"POST {_VEHICLE}/charge-schedules/{kind}" for kind in ("daily", "weekly", "workweek"))
)

# (method, path) of what is not about one vehicle.
_ELSEWHERE: Final[dict[tuple[str, str], Replacement]] = {
    ("GET", "/user"): Replacement(("GET /v3/connections",)),
    ("GET", "/vehicles"): Replacement(("GET /v3/connections",)),
    ("GET", "/management/connections"): Replacement(("GET /v3/connections",)),
    ("DELETE", "/management/connections"): Replacement(
        ("DELETE /v3/connections/{connectionId}", "DELETE /v3/users/{userId}")
    ),
    ("GET", "/compatibility"): Replacement(("GET /v3/compatible-vehicles",)),
    ("GET", "/compatibility/matrix"): Replacement(("GET /v3/compatible-vehicles",)),
}
# (method, path behind the vehicle).
_PLAIN: Final[dict[tuple[str, str], Replacement]] = {
    ("GET", ""): Replacement((f"GET {_VEHICLE}",)),
    ("GET", "/permissions"): Replacement(("GET /v3/connections/{connectionId}",)),
    ("POST", "/batch"): Replacement((f"GET {_VEHICLE}/signals",)),
    ("DELETE", "/application"): Replacement(("DELETE /v3/connections/{connectionId}",)),
    ("GET", "/battery"): _reads("tractionbattery-stateofcharge", "tractionbattery-range"),
    ("GET", "/battery/capacity"): _CAPACITY,
    ("GET", "/battery/nominal_capacity"): _CAPACITY,
    ("GET", "/charge"): _reads(*_CHARGE),
    ("GET", "/charge/limit"): _reads("charge-chargelimits"),
    ("GET", "/fuel"): _reads(
        "internalcombustionengine-fuellevel",
        "internalcombustionengine-amountremaining",
        "internalcombustionengine-range",
    ),
    ("GET", "/engine/oil"): _reads("internalcombustionengine-oillife"),
    ("GET", "/odometer"): _reads("odometer-traveleddistance"),
    ("GET", "/location"): _reads("location-preciselocation"),
    ("GET", "/tires/pressure"): _reads("wheel-tires"),
    ("GET", "/security"): _reads(*_SECURITY),
    ("GET", "/diagnostics/system_status"): _reads(*_SYSTEMS),
    ("GET", "/diagnostics/dtcs"): _reads("diagnostics-dtclist", "diagnostics-dtccount"),
    ("GET", "/service/history"): _reads("service-records"),
    ("GET", "/vin"): _reads("vehicleidentification-vin"),
    ("POST", "/charge"): _commands("/charge/start", "/charge/stop"),
    ("POST", "/charge/limit"): _commands("/charge/set-limit"),
    ("POST", "/security"): _commands("/security/lock", "/security/unlock"),
    ("POST", "/navigation/destination"): _commands("/navigation/set-destination"),
}
# (method, path behind the make), whichever make it is.
_OF_MAKES: Final[dict[tuple[str, str], Replacement]] = {
    ("GET", "/alerts"): _NOTHING,
    ("GET", "/attributes"): _reads(
        *_group("VehicleIdentification", "Surveillance"),
        *("wheel-style", "connectivitysoftware-currentfirmwareversion", "location-isathome"),
    ),
    ("GET", "/status"): _reads(
        *("connectivitystatus-isonline", "connectivitystatus-isasleep", "service-isinservice"),
        "transmission-gearstate",
    ),
    ("GET", "/battery"): _reads(
        *("tractionbattery-stateofcharge", "tractionbattery-range", "tractionbattery-isheateractive"),
        "tractionbattery-maxrangechargecounter",
    ),
    ("GET", "/charge"): _reads(*_group("Charge")),
    ("GET", "/charge/ammeter"): _reads("charge-amperage"),
    ("GET", "/charge/voltmeter"): _reads("charge-voltage"),
    ("GET", "/charge/wattmeter"): _reads("charge-wattage"),
    ("GET", "/charge/completion"): _reads("charge-timetocomplete"),
    ("GET", "/charge/schedule"): _reads("charge-chargetimers"),
    ("GET", "/charge/schedule_by_location"): _reads("charge-chargetimers"),
    ("GET", "/charge/records"): _reads("charge-chargerecords"),
    ("GET", "/charge/records/billing"): _NOTHING,
    ("GET", "/thermometer/exterior"): _reads("climate-externaltemperature"),
    ("GET", "/thermometer/interior"): _reads("climate-internaltemperature"),
    ("GET", "/speedometer"): _reads("motion-currentspeed"),
    ("GET", "/compass"): _reads("location-preciselocation"),
    ("GET", "/climate/cabin"): _reads("hvac-iscabinhvacactive", "hvac-cabintargettemperature"),
    ("GET", "/climate/defroster"): _reads("hvac-isfrontdefrosteractive", "hvac-isreardefrosteractive"),
    ("GET", "/climate/steering_wheel"): _reads("hvac-issteeringheateractive"),
    ("GET", "/migration"): _NOTHING,
    ("GET", "/virtual_key"): _reads("connectivitystatus-isdigitalkeypaired"),
    ("GET", "/user/access"): _reads("vehicleuseraccount-role", "vehicleuseraccount-permissions"),
    ("GET", "/user_access"): _reads("vehicleuseraccount-role", "vehicleuseraccount-permissions"),
    ("GET", "/user/info"): _NOTHING,
    ("POST", "/charge/ammeter"): _NOTHING,
    ("POST", "/charge/schedule"): _SCHEDULES,
    ("PUT", "/charge/schedule"): _SCHEDULES,
    ("PUT", "/charge/schedule_by_location"): _SCHEDULES,
    ("POST", "/charge/charge_port_door"): _commands("/charge-port/open", "/charge-port/close"),
    ("POST", "/climate/cabin"): _NOTHING,
    ("POST", "/climate/defroster"): _NOTHING,
    ("POST", "/climate/steering_wheel"): _NOTHING,
    ("POST", "/security/frunk"): _NOTHING,
    ("POST", "/security/trunk"): _NOTHING,
    ("POST", "/pin"): _NOTHING,
    ("DELETE", "/pin"): _NOTHING,
}


def find(method: str, v2_path: str, body_action: str | None = None) -> Replacement | None:
    """Return what replaces a v2.0 call, null for one nobody knows.

    `v2_path` may carry its version, the id of a vehicle and a query; `body_action` is the ``action`` of its body, in
    any case. Without it a call that v3 has split in two is replaced by either.

    >>> find("POST", "/v2.0/vehicles/{id}/charge", "START").calls
    ('POST /v3/vehicles/{vehicleId}/commands/charge/start',)
    """
    method = "GET" if method.upper() == "HEAD" else method.upper()
    path = _PREFIX.sub("", v2_path.partition("?")[0]).rstrip("/")
    found = _row(method, path)
    if found is None or body_action is None:
        return found
    wanted = [call for call in found.calls if call.endswith(f"/{body_action.lower()}")]
    return Replacement(tuple(wanted), found.codes) if wanted else found


def replacement(method: str, v2_path: str, body_action: str | None = None) -> str | None:
    """Return in one line what replaces a v2.0 call; null where v3 has nothing for it, or nobody knows it.

    >>> replacement("GET", "/v2.0/vehicles/{id}/odometer")
    'GET /v3/vehicles/{vehicleId}/signals/odometer-traveleddistance'
    """
    found = find(method, v2_path, body_action)
    return found.text if found else None


def _row(method: str, path: str) -> Replacement | None:
    of_vehicle = _OF_VEHICLE.match(path)
    if of_vehicle is None:
        return _ELSEWHERE.get((method, path))
    rest = of_vehicle["rest"] or ""
    if _WEBHOOK.match(rest):
        return _SUBSCRIBING.get(method)
    plain = _PLAIN.get((method, rest))
    make = _MAKE.match(rest)
    return plain if plain or make is None else _OF_MAKES.get((method, make["rest"]))


_SUBSCRIBING: Final = {
    "POST": Replacement((f"POST {_SUBSCRIPTIONS}",)),
    "DELETE": Replacement((f"DELETE {_SUBSCRIPTIONS}/{{subscriptionId}}",)),
}
