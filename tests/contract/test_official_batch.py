"""Batches through both official SDKs: every path has an accessor of its name that gives the answer or throws it."""

from __future__ import annotations

from typing import Any, Final

import pytest
from tests.contract.hands import Car, Hand, camel, meta_of, without_request_id

pytestmark = [pytest.mark.browser]

# Path → what Python and Node call the accessor.
ACCESSORS: Final = {
    "/": ("attributes", "attributes"),
    "/battery": ("battery", "battery"),
    "/battery/capacity": ("battery_capacity", "batteryCapacity"),
    "/battery/nominal_capacity": ("battery_nominal_capacity", "batteryNominalCapacity"),
    "/charge": ("charge", "charge"),
    "/charge/limit": ("get_charge_limit", "chargeLimit"),
    "/diagnostics/dtcs": ("diagnostic_trouble_codes", "diagnosticTroubleCodes"),
    "/diagnostics/system_status": ("diagnostic_system_status", "diagnosticSystemStatus"),
    "/engine/oil": ("engine_oil", "engineOil"),
    "/fuel": ("fuel", "fuel"),
    "/location": ("location", "location"),
    "/odometer": ("odometer", "odometer"),
    "/permissions": ("permissions", "permissions"),
    "/security": ("lock_status", "lockStatus"),
    "/service/history": ("service_history", "serviceHistory"),
    "/tires/pressure": ("tire_pressure", "tirePressure"),
    "/vin": ("vin", "vin"),
}
STATIC: Final = {"/", "/permissions", "/vin"}
SPEED: Final = "/tesla/speedometer"


def volt(hand: Hand) -> Car:
    """A car that has all of it, for these tests alone."""
    return hand.cars.get("VOLT") or hand.cars.setdefault("VOLT", hand.connect("CHEVROLET"))


def batch(hand: Hand, car: Car, *paths: str) -> dict[str, Any]:
    """Return accessor → what calling it gave, by the names the SDK has for them."""
    function = hand.named("vehicle.batch")
    found: dict[str, Any] = hand.sdk.call(function, hand.made(car, {}), list(paths))
    found.pop("class", None)
    meta = found.pop("meta", None)
    assert (meta is None) is (hand.name == "node")
    return found


def accessor(hand: Hand, path: str) -> str:
    return ACCESSORS[path][0 if hand.name == "python" else 1]


@pytest.mark.parametrize("path", ACCESSORS)
def test_an_accessor_gives_what_the_read_alone_gives(hand: Hand, path: str) -> None:
    car = volt(hand)
    items = batch(hand, car, path)
    assert list(items) == [accessor(hand, path)]
    found = without_request_id(hand.wire(items[accessor(hand, path)]["value"]))
    raw = hand.ask(car, path)
    body = raw.json()
    if isinstance(body, list):  # Python keeps the list, Node spreads it under numbers
        body = {"items": body} if hand.name == "python" else {str(n): part for n, part in enumerate(body)}
    assert found == {**body, "meta": meta_of(raw)}


def test_every_path_in_one_batch_has_its_own_accessor(hand: Hand) -> None:
    items = batch(hand, volt(hand), *ACCESSORS)
    assert list(items) == [accessor(hand, path) for path in ACCESSORS]
    assert all("value" in item for item in items.values())


def test_a_path_of_one_make_is_spelled_by_its_parts(hand: Hand) -> None:
    items = batch(hand, hand.cars["TESLA"], SPEED, "tesla/compass")
    assert (
        list(items)
        == {
            "python": ["tesla_speedometer", "tesla_compass"],
            "node": ["teslaSpeedometer", "teslaCompass"],
        }[hand.name]
    )
    speed = hand.wire(items[next(iter(items))]["value"])
    assert speed["speed"] == hand.ask(hand.cars["TESLA"], SPEED).json()["speed"]


@pytest.mark.parametrize("path", ACCESSORS)
def test_an_accessor_throws_the_error_of_its_item(hand: Hand, path: str) -> None:
    car = hand.cars.get("ASLEEP") or hand.cars.setdefault(
        "ASLEEP", hand.connect(username="vehicle_state.asleep@smartcar.com")
    )
    item = batch(hand, car, path)[accessor(hand, path)]
    if path in STATIC:
        assert "value" in item
        return
    error = hand.members(item["error"])
    alone = hand.vehicle_error(car, "request", "GET", path[1:], None, {})
    assert (error["type"], error["code"], error["description"]) == ("VEHICLE_STATE", "ASLEEP", alone["description"])
    assert error["resolution"] == {"type": None}
    assert error["suggestedUserMessage"] == alone["suggestedUserMessage"]
    # Node takes the status of the batch.
    assert error["statusCode"] == {"python": 409, "node": 200}[hand.name]


def test_what_the_owner_has_not_granted_throws_and_the_others_answer(hand: Hand) -> None:
    """Python suite: attributes, odometer and oil are granted, the place is not."""
    scope = ["required:read_vehicle_info", "required:read_odometer", "required:read_engine_oil"]
    car = hand.connect("CHEVROLET", scope)
    items = batch(hand, car, "/", "/odometer", "/engine/oil", "/location")
    error = hand.members(items.pop("location")["error"])
    assert (error["type"], error["resolution"]["type"]) == ("PERMISSION", "REAUTHENTICATE")
    assert "code" not in error
    assert len(items) == 3
    assert all("value" in item for item in items.values())


def test_an_item_that_is_limited_says_for_how_long(hand: Hand) -> None:
    car = hand.connect("CHEVROLET")
    hand.break_down(car, kind="RATE_LIMIT:VEHICLE", retry_after_s=45)
    error = hand.members(batch(hand, car, "/odometer")["odometer"]["error"])
    assert (error["type"], error["code"], error["retryAfter"]) == ("RATE_LIMIT", "VEHICLE", "45")


def test_a_batch_speaks_in_the_units_of_the_vehicle(hand: Hand) -> None:
    car = volt(hand)
    options = {"unit_system": "imperial"} if hand.name == "python" else {"unitSystem": "imperial"}
    items = hand.vehicle(car, "batch", ["/odometer"], **options)
    assert items["odometer"]["value"]["meta"]["unitSystem"] == "imperial"
    assert items["odometer"]["value"]["distance"] == hand.ask(car, "/odometer", "imperial").json()["distance"]


@pytest.mark.parametrize("paths", [["/odometer", "/LOCATIONNNNNNNN"], ["/application"], []])
def test_a_batch_with_a_path_that_is_none_fails_as_a_whole(hand: Hand, paths: list[str]) -> None:
    """Both suites: 400, with the field."""
    error = hand.vehicle_error(volt(hand), "batch", paths)
    assert (error["statusCode"], error["type"]) == (400, "VALIDATION")
    assert error["detail"][0]["field"] == "requests"


def test_the_names_of_accessors_are_those_of_methods_but_for_one() -> None:
    assert {path for path, (python, node) in ACCESSORS.items() if camel(python) != node} == {"/charge/limit"}
