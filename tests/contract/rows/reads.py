"""V2 to V10, V13, V15 to V18, V22 to V24: what SDKs read of a vehicle is what the wire says, number by number."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from tests.contract.hands import Hand, meta_of, without_request_id
from tests.contract.rows.table import row

MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
AGES: Final = {"dataAge", "fetchedAt"}


class Read(msgspec.Struct, frozen=True):
    """A read without arguments: its path, permission, what Python's answer is called, and the keys of meta."""

    id: str
    python: str
    path: str
    permission: str
    type: str
    fields: tuple[str, ...]
    meta: frozenset[str] = frozenset(AGES)
    node: str | None = None


_UNITS: Final = frozenset(AGES | {"unitSystem"})
_SECURITY: Final = ("is_locked", "doors", "windows", "sunroof", "storage", "charging_port")
_TIRES: Final = ("front_left", "front_right", "back_left", "back_right")
_FUEL: Final = ("range", "percent_remaining", "amount_remaining")
_NOMINAL: Final = ("availableCapacities", "capacity", "url")
READS: Final = (
    Read("V3", "attributes", "/", "read_vehicle_info", "Attributes", ("id", "make", "model", "year"), frozenset()),
    Read("V4", "vin", "/vin", "read_vin", "Vin", ("vin",), frozenset()),
    Read("V5", "odometer", "/odometer", "read_odometer", "Odometer", ("distance",), _UNITS),
    Read("V6", "fuel", "/fuel", "read_fuel", "Fuel", _FUEL, _UNITS),
    Read("V7", "battery", "/battery", "read_battery", "Battery", ("percent_remaining", "range"), _UNITS),
    Read("V8", "battery_capacity", "/battery/capacity", "read_battery", "BatteryCapacity", ("capacity",), _UNITS),
    Read("V9", "nominal_capacity", "/battery/nominal_capacity", "read_battery", "NominalCapcity", _NOMINAL),
    Read("V10", "charge", "/charge", "read_charge", "Charge", ("is_plugged_in", "state")),
    Read("V13", "get_charge_limit", "/charge/limit", "read_charge", "ChargeLimit", ("limit",)),
    Read("V15", "engine_oil", "/engine/oil", "read_engine_oil", "EngineOil", ("life_remaining",)),
    Read("V16", "location", "/location", "read_location", "Location", ("latitude", "longitude")),
    Read("V17", "tire_pressure", "/tires/pressure", "read_tires", "TirePressure", _TIRES, _UNITS),
    Read("V18", "lock_status", "/security", "read_security", "LockStatus", _SECURITY),
    Read(
        *("V23", "diagnostic_system_status", "/diagnostics/system_status", "read_diagnostics"),
        type="DiagnosticSystemStatus",
        fields=("systems",),
    ),
    Read(
        *("V24", "diagnostic_trouble_codes", "/diagnostics/dtcs", "read_diagnostics"),
        type="DiagnosticTroubleCodes",
        fields=("active_codes",),
    ),
)
BY_PATH: Final = {read.path: read for read in READS}


def check_read(hand: Hand, read: Read) -> None:
    """Read by the SDK and without it: the same values, the same meta, and in both unit systems where it has one."""
    car = hand.car(read.permission)
    for system in ("metric", "imperial") if "unitSystem" in read.meta else ("metric",):
        raw = hand.ask(car, read.path, system)
        assert raw.status == 200, raw
        options = {"unit_system": system} if hand.name == "python" else {"unitSystem": system}
        found = without_request_id(hand.vehicle(car, read.python, **options))
        assert found == {**raw.json(), "meta": meta_of(raw)}
        assert set(found["meta"]) == read.meta
        assert found["meta"].get("unitSystem", system) == system
        assert all(MOMENT.fullmatch(found["meta"][key]) for key in AGES & read.meta)
    check_values(read.path, found)


def check_values(path: str, found: dict[str, Any]) -> None:
    """What the suites know of the values themselves."""
    if path == "/":
        assert len(found["id"]) == 36
        assert (found["make"], found["model"]) == ("CHEVROLET", "Volt")
        assert isinstance(found["year"], int)
    elif path == "/vin":
        assert re.fullmatch("[A-Z0-9]{17}", found["vin"])
    elif path == "/charge":
        assert found["state"] in {"CHARGING", "FULLY_CHARGED", "NOT_CHARGING"}
        assert isinstance(found["isPluggedIn"], bool)
    elif path == "/security":
        assert isinstance(found["isLocked"], bool)
        parts = [part for group in ("doors", "windows", "sunroof", "storage", "chargingPort") for part in found[group]]
        assert parts
        assert all(set(part) == {"type", "status"} for part in parts)
        assert {part["status"] for part in parts} <= {"OPEN", "CLOSED", "UNKNOWN"}
    elif path == "/battery/nominal_capacity":
        assert all(set(each) == {"capacity", "description"} for each in found["availableCapacities"])
        assert found["availableCapacities"]
    elif path.startswith("/diagnostics"):
        check_diagnostics(found)
    else:
        numbers = {key: value for key, value in found.items() if key != "meta"}
        assert all(isinstance(value, int | float) for value in numbers.values()), numbers
        assert all(value > 0 for key, value in numbers.items() if key != "longitude"), numbers
        shares = {key for key in numbers if "ercent" in key or key in {"lifeRemaining", "limit"}}
        assert all(numbers[key] <= 1 for key in shares)


def check_diagnostics(found: dict[str, Any]) -> None:
    """Every system is fine or alerts and has words or none; every code has a text and a moment or none."""
    for system in found.get("systems", ()):
        assert set(system) == {"systemId", "status", "description"}
        assert system["systemId"].startswith("SYSTEM_")
        assert system["status"] in {"OK", "ALERT"}
    assert found.get("systems") != []
    for code in found.get("activeCodes", ()):
        assert set(code) == {"code", "timestamp"}
        assert code["timestamp"] is None or MOMENT.fullmatch(code["timestamp"])


def _enter(read: Read) -> None:
    from tests.contract.hands import camel

    row(read.id, read.python, read.node or camel(read.python))(lambda hand: check_read(hand, read))


for _read in READS:
    _enter(_read)


@row("V2", "permissions", "permissions")
def _permissions(hand: Hand) -> None:
    """Both suites: all that was asked for is granted, the optional too, none with the word that it was required."""
    car = hand.cars["CHEVROLET"]
    assert len(car.scope) == {"python": 11, "node": 12}[hand.name]
    found = hand.vehicle(car, "permissions")
    assert set(found) == {"permissions", "paging", "meta"}
    assert sorted(found["permissions"]) == sorted(car.scope)
    assert found["paging"] == {"count": len(car.scope), "offset": 0}
    second = hand.vehicle(car, "permissions", {"limit": 1, "offset": 1})
    assert second["permissions"] == found["permissions"][1:2]
    assert second["paging"] == {"count": len(car.scope), "offset": 1}
    assert hand.vehicle(car, "permissions", {})["permissions"] == found["permissions"]


@row("V22", "service_history", "serviceHistory")
def _service_history(hand: Hand) -> None:
    """Node suite: a list. Python suite: each with more than no kilometres. Days are those asked for, both included."""
    car = hand.car("read_service_history")
    key = {"python": "items", "node": "data"}[hand.name]
    raw = hand.ask(car, "/service/history?start_date=2000-01-01&end_date=2026-12-31")
    found = without_request_id(hand.vehicle(car, "service_history", "2000-01-01", "2026-12-31"))
    assert found == {key: raw.json(), "meta": meta_of(raw)}
    assert set(found["meta"]) == AGES | {"unitSystem"}
    records = found[key]
    assert records
    for record in records:
        assert record["odometerDistance"] > 0
        assert MOMENT.fullmatch(record["serviceDate"])
        assert set(record["serviceCost"]) == {"totalCost", "currency"}
        assert isinstance(record["serviceTasks"], list)
        assert isinstance(record["serviceDetails"], list)
    day = records[0]["serviceDate"][:10]
    assert records[0] in hand.vehicle(car, "service_history", day, day)[key]
    assert hand.vehicle(car, "service_history", "1999-01-01", "1999-12-31")[key] == []
    last_year = hand.vehicle(car, "service_history")[key]
    assert last_year == [record for record in records if record["serviceDate"] > "2025-01-05T06"]
    assert hand.vehicle_error(car, "service_history", "yesterday")["statusCode"] == 400
