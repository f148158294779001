"""The calls that command a car: from method, path and JSON body to a command of `core.commands`.

Source: the wire contract's endpoint chapter. Bodies are structs, so that the API document says what is read here; keys
nobody knows are refused, since what they were to do would not be done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from carwire.core.commands import COMMANDS, Number, check_command
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.signals.units import UnitSystem, to_imperial

_PATH: Final = re.compile(r" - at `\$\.?(?P<field>[A-Za-z]*)[^`]*`$")
_NAMED: Final = re.compile(r"^Object (?P<how>missing required|contains unknown) field `(?P<field>[^`]*)`", re.DOTALL)
_FRACTION: Final = r"^(0?\.[0-9]{1,18}|[01](\.[0-9]{1,18})?)$"
_DIGITS: Final = 6  # takes off what a multiplication leaves behind the digits that were sent

StartStop = Literal["START", "STOP"]
OpenClose = Literal["OPEN", "CLOSE"]


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class ChargeAction(_Body, frozen=True):
    """Starts or stops charging."""

    action: Annotated[StartStop, Meta(description="START or STOP")]


class SecurityAction(_Body, frozen=True):
    """Locks or unlocks."""

    action: Annotated[Literal["LOCK", "UNLOCK"], Meta(description="LOCK or UNLOCK")]


class ChargeLimit(_Body, frozen=True):
    """Sets how far the battery is charged. One SDK sends the number as text."""

    limit: Annotated[
        Annotated[float, Meta(ge=0.5, le=1)] | Annotated[str, Meta(pattern=_FRACTION)],
        Meta(description="a number from 0.5 to 1, or text that holds one"),
    ]


class Destination(_Body, frozen=True):
    """Sends a destination to the navigation system; degrees, WGS 84."""

    latitude: Annotated[float, Meta(ge=-90, le=90, description="a number from -90 to 90")]
    longitude: Annotated[float, Meta(ge=-180, le=180, description="a number from -180 to 180")]


class Amperage(_Body, frozen=True):
    """Sets the charging current, ampere."""

    amperage: Annotated[float, Meta(ge=5, le=80, description="a number from 5 to 80")]


class ChargeSchedule(_Body, frozen=True):
    """Sets when charging starts, or when the car is to be ready; local time of the car."""

    type: Annotated[Literal["START_TIME", "DEPARTURE_TIME"], Meta(description="START_TIME or DEPARTURE_TIME")]
    enable: Annotated[bool, Meta(description="true or false")]
    time: Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", description="a time of day like 07:30")]


class DoorAction(_Body, frozen=True):
    """Opens or closes a lid."""

    action: Annotated[OpenClose, Meta(description="OPEN or CLOSE")]


class SwitchAction(_Body, frozen=True):
    """Switches something on or off."""

    action: Annotated[StartStop, Meta(description="START or STOP")]


class CabinAction(_Body, frozen=True):
    """Heats or cools the cabin, stops it, or sets the temperature, °C or °F. Stopping needs no temperature."""

    action: Annotated[Literal["START", "STOP", "SET"], Meta(description="START, STOP or SET")]
    temperature: Annotated[float | None, Meta(description="a number; START and SET need it")] = None


class Pin(_Body, frozen=True):
    """Sets or clears the PIN that the car asks for before it drives."""

    pin: Annotated[str, Meta(pattern="^[0-9]{4}$", description="text of four digits")]


class Order(msgspec.Struct, frozen=True):
    """What a call comes to. A null `command` is answered with COMPATIBILITY:SMARTCAR_NOT_CAPABLE."""

    permission: str
    command: str | None
    arguments: Mapping[str, object] = {}


class Action(msgspec.Struct, frozen=True):
    """One call. `body` is null where the call exists and there is no command for it: its body is not read."""

    method: Literal["POST", "PUT", "DELETE"]
    path: str
    permission: str
    body: type[msgspec.Struct] | None
    order: Callable[[Any, UnitSystem], tuple[str, dict[str, object]]] | None


def read_order(action: Action, body: object, system: UnitSystem = "metric") -> Order:
    """Read a decoded JSON body. Raises `InvalidInput` that names the field in the wire's word."""
    if action.body is None or action.order is None:
        return Order(action.permission, None)
    try:
        given = msgspec.convert(body, action.body)
    except (msgspec.ValidationError, OverflowError) as error:
        raise _explained(str(error), action.body) from None
    name, arguments = action.order(given, system)
    check_command(name, arguments)
    return Order(action.permission, name, arguments)


def _explained(sentence: str, kind: type[msgspec.Struct]) -> InvalidInput:
    """Say what is expected of the field at fault; what was sent is not repeated, since it may be a PIN."""
    named, path = _NAMED.match(sentence), _PATH.search(sentence)
    if named and named["how"] == "contains unknown":
        return InvalidInput(FieldProblem(named["field"][:60] or "body", "is not known here"))
    field = named["field"] if named else path["field"] if path else ""
    if not field:
        return InvalidInput(FieldProblem("body", f"must be an object with {', '.join(_expected(kind))}"))
    return InvalidInput(FieldProblem(field, f"must be {_expected(kind)[field]}"))


def _expected(kind: type[msgspec.Struct]) -> dict[str, str]:
    schema = msgspec.json.schema_components([kind])[1][kind.__name__]
    return {name: str(each["description"]) for name, each in schema["properties"].items()}


def _words(names: dict[str, str]) -> Callable[[Any, UnitSystem], tuple[str, dict[str, object]]]:
    return lambda given, _: (names[given.action], {})


def _limit(given: ChargeLimit, _system: UnitSystem) -> tuple[str, dict[str, object]]:
    limit = float(given.limit)
    if not 0.5 <= limit <= 1:
        raise InvalidInput(FieldProblem("limit", f"must be {_expected(ChargeLimit)['limit']}"))
    percent = round(limit * 100, _DIGITS)
    return "charge-set-limit", {"percent": int(percent) if percent.is_integer() else percent}


def _as_given(name: str) -> Callable[[Any, UnitSystem], tuple[str, dict[str, object]]]:
    return lambda given, _: (name, msgspec.structs.asdict(given))


def _cabin(given: CabinAction, system: UnitSystem) -> tuple[str, dict[str, object]]:
    if given.action == "STOP":
        return "climate-stop", {}
    limits = COMMANDS["climate-set"].arguments["temperature"]
    assert isinstance(limits, Number)
    celsius = given.temperature
    if system == "imperial":
        limits = Number(to_imperial(limits.least, "celsius")[0], to_imperial(limits.most, "celsius")[0])
    if celsius is None or not limits.accepts(celsius):
        raise InvalidInput(FieldProblem("temperature", limits.expects()))
    if system == "imperial":
        celsius = round((celsius - 32) * 5 / 9, _DIGITS)
    return f"climate-{given.action.lower()}", {"temperature": celsius}


def _lid(name: str) -> dict[str, str]:
    return {"OPEN": f"{name}-open", "CLOSE": f"{name}-close"}


def _switch(name: str) -> dict[str, str]:
    return {"START": f"{name}-start", "STOP": f"{name}-stop"}


_ROWS: Final = (
    Action("POST", "/charge", "control_charge", ChargeAction, _words(_switch("charge"))),
    Action("POST", "/charge/limit", "control_charge", ChargeLimit, _limit),
    Action(
        "POST",
        "/security",
        "control_security",
        SecurityAction,
        _words({"LOCK": "security-lock", "UNLOCK": "security-unlock"}),
    ),
    Action(
        "POST",
        "/navigation/destination",
        "control_navigation",
        Destination,
        _as_given("navigation-set-destination"),
    ),
    Action("POST", "/tesla/charge/ammeter", "control_charge", Amperage, _as_given("charge-set-amperage")),
    Action("POST", "/tesla/charge/schedule", "control_charge", ChargeSchedule, _as_given("charge-set-schedule")),
    Action("POST", "/tesla/charge/charge_port_door", "control_charge", DoorAction, _words(_lid("charge-port"))),
    Action("POST", "/tesla/climate/cabin", "control_climate", CabinAction, _cabin),
    Action("POST", "/tesla/climate/defroster", "control_climate", SwitchAction, _words(_switch("defroster"))),
    Action(
        "POST", "/tesla/climate/steering_wheel", "control_climate", SwitchAction, _words(_switch("steering-heater"))
    ),
    Action("POST", "/tesla/security/frunk", "control_trunk", DoorAction, _words(_lid("frunk"))),
    Action("POST", "/tesla/security/trunk", "control_trunk", DoorAction, _words(_lid("trunk"))),
    Action("POST", "/tesla/pin", "control_pin", Pin, _as_given("pin-set")),
    Action("DELETE", "/tesla/pin", "control_pin", Pin, _as_given("pin-clear")),
    Action("PUT", "/ford/charge/schedule_by_location", "control_charge", None, None),
    Action("PUT", "/lincoln/charge/schedule_by_location", "control_charge", None, None),
    Action("PUT", "/nissan/charge/schedule", "control_charge", None, None),
)
# (method, path relative to the vehicle) → its row.
ACTIONS: Final[dict[tuple[str, str], Action]] = {(row.method, row.path): row for row in _ROWS}
