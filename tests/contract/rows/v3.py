"""F5, V30, V31, T5, T19: what the SDKs know of API v3, and that it says what they read of the same car in v2.0."""

from __future__ import annotations

from typing import Any, Final

import pytest
from tests.conftest import Answer
from tests.contract.hands import Car, Hand
from tests.contract.rows.reads import MOMENT
from tests.contract.rows.table import row

ODOMETER: Final = "odometer-traveleddistance"
# Method of v2.0 → its members, each with the signal that says the same, where in its body, and how many times as much.
SAME: Final[dict[str, dict[str, tuple[str, str, float]]]] = {
    "odometer": {"distance": (ODOMETER, "value", 1)},
    "battery": {
        "percentRemaining": ("tractionbattery-stateofcharge", "value", 100),
        "range": ("tractionbattery-range", "value", 1),
    },
    "battery_capacity": {"capacity": ("tractionbattery-nominalcapacity", "capacity", 1)},
    "fuel": {
        "percentRemaining": ("internalcombustionengine-fuellevel", "value", 100),
        "amountRemaining": ("internalcombustionengine-amountremaining", "value", 1),
        "range": ("internalcombustionengine-range", "value", 1),
    },
    "engine_oil": {"lifeRemaining": ("internalcombustionengine-oillife", "value", 100)},
    "get_charge_limit": {"limit": ("charge-chargelimits", "activeLimit", 100)},
    "charge": {
        "isPluggedIn": ("charge-ischargingcableconnected", "value", 1),
        "state": ("charge-detailedchargingstatus", "value", 1),
    },
    "location": {
        "latitude": ("location-preciselocation", "latitude", 1),
        "longitude": ("location-preciselocation", "longitude", 1),
    },
    "lock_status": {"isLocked": ("closure-islocked", "value", 1)},
    "vin": {"vin": ("vehicleidentification-vin", "value", 1)},
}
IMPERIAL: Final = {ODOMETER: "miles", "tractionbattery-range": "miles", "internalcombustionengine-range": "miles"}
TIRES: Final = {"frontLeft": (0, 0), "frontRight": (0, 1), "backLeft": (1, 0), "backRight": (1, 1)}


def units(hand: Hand, system: str) -> dict[str, object]:
    """Return the option of the SDK that asks for a unit system."""
    return {"unit_system": system} if hand.name == "python" else {"unitSystem": system}


def raw(hand: Hand, car: Car, path: str, system: str = "metric") -> Answer:
    """Read a path below the vehicle in v3 without the SDK, with the owner's token."""
    headers = [(b"authorization", f"Bearer {car.token}".encode()), (b"sc-unit-system", system.encode())]
    answer = hand.server.ask("GET", f"/v3/vehicles/{car.id}{path}", headers)
    assert answer.status == 200, answer
    return answer


def check_headers(found: dict[str, Any], *, ages: bool) -> None:
    """Look at the headers as the SDKs hand them out: all of them, in lower case."""
    headers = found["headers"]
    assert len(headers["sc-request-id"]) == 36
    assert headers["content-type"] == "application/json"
    assert headers["etag"].startswith('W/"')
    assert all(name == name.lower() for name in headers)
    for name in ("sc-data-age", "sc-fetched-at"):
        assert (name in headers) is ages
        assert MOMENT.fullmatch(headers.get(name, "2026-01-05T06:00:00.000Z"))


def bodies(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what signals of a list say, by their codes."""
    return {each["id"]: each["attributes"]["body"] for each in found["body"]["data"]}


@row("F5", "get_vehicle", "getVehicle")
def _get_vehicle(hand: Hand) -> None:
    """The same car as v2.0's attributes. Node lays all headers over the body as its meta."""
    car = hand.cars["CHEVROLET"]
    found = hand.call("get_vehicle", car.token, car.id)
    assert set(found) == {"body", "headers"}
    check_headers(found, ages=False)
    meta = found["body"].pop("meta", None)
    assert meta == (found["headers"] if hand.name == "node" else None)
    assert found["body"] == raw(hand, car, "").json()
    old = hand.vehicle(car, "attributes")
    assert {"id": found["body"]["id"], **found["body"]["attributes"], "meta": old["meta"]} == old


@row("T5", "dict", "VehicleRes")
def _vehicle_type(hand: Hand) -> None:
    """Four members, three attributes, one relative link, a year that is a number."""
    for car in hand.cars.values():
        body = hand.call("get_vehicle", car.token, car.id)["body"]
        assert set(body) - {"meta"} == {"id", "type", "attributes", "links"}
        assert (body["id"], body["type"]) == (car.id, "vehicle")
        assert set(body["attributes"]) == {"make", "model", "year"}
        assert type(body["attributes"]["year"]) is int
        assert body["links"] == {"self": f"/vehicles/{car.id}"}


@row("V30", "get_signals", "getSignals")
def _get_signals(hand: Hand) -> None:
    """Both suites: the first signal of the list was read with success. Each says what v2.0 says of the car, in both
    unit systems; links and the vehicle come through, and in Node the list's meta does not.
    """
    car = hand.connect()
    for system in ("metric", "imperial"):
        found = hand.vehicle(car, "get_signals", **units(hand, system))
        assert found["body"]["data"][0]["attributes"]["status"]["value"] == "SUCCESS"
        check_headers(found, ages=True)
        assert found["headers"]["sc-unit-system"] == system
        expected = raw(hand, car, "/signals", system).json()
        if hand.name == "node":
            del expected["meta"]
        assert found["body"] == expected
        assert found["body"]["included"]["vehicle"] == raw(hand, car, "").json()
        assert {"self", "first", "last"} <= set(found["body"]["links"])
        check_same(hand, car, bodies(found), system)


def check_same(hand: Hand, car: Car, found: dict[str, dict[str, Any]], system: str) -> None:
    """Read the car in v2.0 with the same SDK, and compare number by number."""
    for method, members in SAME.items():
        old = hand.vehicle(car, method, **units(hand, system))
        for member, (code, key, times) in members.items():
            value = old[member] * times if times != 1 else old[member]
            assert found[code][key] == (pytest.approx(value) if isinstance(value, float) else value), code
    tires = {(each["row"], each["column"]): each["tirePressure"] for each in found["wheel-tires"]["values"]}
    old = hand.vehicle(car, "tire_pressure", **units(hand, system))
    assert tires == {place: pytest.approx(old[name]) for name, place in TIRES.items()}
    words = {code: found[code]["unit"] for code in IMPERIAL}
    assert words == (IMPERIAL if system == "imperial" else dict.fromkeys(IMPERIAL, "km"))


@row("V31", "get_signal", "getSignal")
def _get_signal(hand: Hand) -> None:
    """Both suites: the odometer was read with success. It is the list's, in both unit systems; Node drops its meta."""
    car = hand.connect()
    for system in ("metric", "imperial"):
        listed = {each["id"]: each for each in hand.vehicle(car, "get_signals", **units(hand, system))["body"]["data"]}
        for code in (ODOMETER, "wheel-tires", "charge-timetocomplete", "vehicleidentification-vin"):
            found = hand.vehicle(car, "get_signal", code, **units(hand, system))
            dropped = {"meta"} if hand.name == "node" else set()
            assert found["body"] == {key: value for key, value in listed[code].items() if key not in dropped}
            check_headers(found, ages=listed[code]["attributes"]["status"]["value"] == "SUCCESS")
            assert found["headers"]["sc-unit-system"] == system
    assert listed[ODOMETER]["attributes"]["status"] == {"value": "SUCCESS"}
    assert listed["charge-timetocomplete"]["attributes"]["status"]["value"] == "ERROR"


@row("T19", "dict", "SignalsRes")
def _signals_type(hand: Hand) -> None:
    """Every signal has code, name, group, status and body; its times are milliseconds, and its links texts."""
    for car in hand.cars.values():
        for signal in hand.vehicle(car, "get_signals")["body"]["data"]:
            assert set(signal) == {"id", "type", "attributes", "meta", "links"}
            assert signal["type"] == "signal"
            assert set(signal["attributes"]) == {"code", "name", "group", "status", "body"}
            assert signal["id"] == signal["attributes"]["code"]
            assert set(signal["meta"]) <= {"retrievedAt", "oemUpdatedAt"}
            assert all(1_000_000_000_000 < moment < 10_000_000_000_000 for moment in signal["meta"].values())
            own = f"/vehicles/{car.id}"
            assert signal["links"] == {"self": f"{own}/signals/{signal['id']}", "vehicle": own}
