"""V1, V11 to V14, V19 to V21, V25 to V29, V32, V33: commands, webhooks, batch, free requests, and the end of a
connection.
"""

from __future__ import annotations

from typing import Final
from uuid import uuid4

import pytest
from tests.contract.hands import Car, Hand, meta_of, without_request_id
from tests.contract.rows.reads import READS
from tests.contract.rows.table import ROWS, row

DONE: Final = "Successfully sent request to vehicle"


def act(hand: Hand, car: Car, method: str, *args: object) -> None:
    """Give a command that has to be done."""
    found = hand.vehicle(car, method, *args)
    assert set(found) == {"status", "message", "meta"}
    assert (found["status"], found["message"]) == ("success", DONE)
    assert len(found["meta"].pop("requestId")) == 36
    assert found["meta"] == {}


def refused(hand: Hand, car: Car, method: str, *args: object) -> str:
    """Give a command that the car has to refuse; return why."""
    error = hand.vehicle_error(car, method, *args)
    assert error["statusCode"] == 409
    return f"{error['type']}:{error['code']}"


@row("V1", "Vehicle()", "new Vehicle()")
def _make_vehicle(hand: Hand) -> None:
    """The options reach the server: units, version, flags."""
    car = hand.cars["TESLA"]
    options: dict[str, object] = {"unit_system": "imperial", "version": "99.9"}
    options["flags"] = {"country": "DE", "beta": True}
    given = options if hand.name == "python" else {"unitSystem": "imperial", **options}
    assert hand.vehicle(car, "odometer", **given)["meta"]["unitSystem"] == "imperial"
    made = hand.call("vehicle.new", hand.made(car, given))
    if hand.name == "python":
        assert (made["vehicleId"], made["accessToken"]) == (car.id, car.token)
        assert (made["_unitSystem"], made["_apiVersion"]) == ("imperial", "99.9")
    else:
        assert (made["id"], made["token"], made["unitSystem"], made["version"]) == (
            *(car.id, car.token, "imperial", "99.9"),
        )
        assert made["query"] == {"flags": "country:DE beta:true"}
    given["version"] = "1.0"
    assert hand.vehicle_error(car, "odometer", **given)["statusCode"] == 404


@row("V11", "start_charge", "startCharge")
def _start_charge(hand: Hand) -> None:
    car = hand.cars["TESLA"]
    hand.set(car, "parked", charge=0.4, plug="ac")
    assert refused(hand, car, "start_charge") == "VEHICLE_STATE:CHARGING_IN_PROGRESS"
    act(hand, car, "stop_charge")
    act(hand, car, "start_charge")
    assert hand.vehicle(car, "charge")["state"] == "CHARGING"
    hand.set(car, "parked", plug="none")
    assert refused(hand, car, "start_charge") == "VEHICLE_STATE:CHARGING_PLUG_NOT_CONNECTED"


@row("V12", "stop_charge", "stopCharge")
def _stop_charge(hand: Hand) -> None:
    car = hand.cars["TESLA"]
    hand.set(car, "parked", charge=0.4, plug="ac")
    act(hand, car, "stop_charge")
    assert hand.vehicle(car, "charge")["state"] == "NOT_CHARGING"
    assert refused(hand, car, "stop_charge") == "VEHICLE_STATE:NOT_CHARGING"


@row("V14", "set_charge_limit", "setChargeLimit")
def _set_charge_limit(hand: Hand) -> None:
    """Node sends the number as text."""
    car = hand.cars["TESLA"]
    for limit in (0.7, 0.9):
        hand.set(car, "parked", charge=0.95, plug="ac")
        act(hand, car, "set_charge_limit", limit)
        assert hand.vehicle(car, "get_charge_limit")["limit"] == limit
    for limit in (0.49, 1.01):
        error = hand.vehicle_error(car, "set_charge_limit", limit)
        assert (error["statusCode"], error["detail"][0]["field"]) == (400, "limit")


@row("V19", "lock", "lock")
def _lock(hand: Hand) -> None:
    car = hand.cars["TESLA"]
    hand.set(car, "parked", locked=False)
    act(hand, car, "lock")
    assert hand.vehicle(car, "lock_status")["isLocked"] is True
    hand.set(car, "parked", door_front_left="open")
    assert refused(hand, car, "lock") == "VEHICLE_STATE:DOOR_OPEN"
    hand.set(car, "parked", door_front_left="closed")


@row("V20", "unlock", "unlock")
def _unlock(hand: Hand) -> None:
    car = hand.cars["TESLA"]
    hand.set(car, "parked", locked=True)
    act(hand, car, "unlock")
    assert hand.vehicle(car, "lock_status")["isLocked"] is False


@row("V21", "send_destination", "sendDestination")
def _send_destination(hand: Hand) -> None:
    """Python sends anything, so the server has to look; Node looks itself."""
    car = hand.cars["TESLA"]
    act(hand, car, "send_destination", 37.7749, -122.4194)
    for latitude, longitude, what in ((100, -122.4, "atitude"), (-91, 0, "atitude"), (37.7, 200, "ongitude")):
        error = hand.sdk.error(hand.named("vehicle.send_destination"), hand.made(car, {}), latitude, longitude)
        assert what in (error["text"] if hand.name == "node" else str(error["attributes"]["detail"]))
        assert error["known"] is (hand.name == "python")


@row("V25", "subscribe", "subscribe")
def _subscribe(hand: Hand) -> None:
    """A webhook takes the same vehicle twice; what is no webhook of the application is no request."""
    car, webhook_id = hand.cars["TESLA"], hand.webhook_id
    for _ in range(2):
        found = hand.vehicle(car, "subscribe", webhook_id)
        assert set(found) == {"webhookId", "vehicleId", "meta"}
        assert (found["webhookId"], found["vehicleId"]) == (webhook_id, car.id)
    for wrong in ("webhookID", str(uuid4())):
        error = hand.vehicle_error(car, "subscribe", wrong)
        assert (error["statusCode"], error["type"], len(error["requestId"])) == (400, "VALIDATION", 36)


@row("V26", "unsubscribe", "unsubscribe")
def _unsubscribe(hand: Hand) -> None:
    """The management token is looked at before the webhook's id."""
    car, webhook_id = hand.cars["TESLA"], hand.webhook_id
    hand.vehicle(car, "subscribe", webhook_id)
    found = without_request_id(hand.vehicle(car, "unsubscribe", hand.amt, webhook_id))
    assert found == {"status": "success", "meta": {}}
    for amt, wrong, status in (("amt", "webhookID", 401), (hand.amt, "webhookID", 400)):
        error = hand.vehicle_error(car, "unsubscribe", amt, wrong)
        assert (error["statusCode"], len(error["requestId"])) == (status, 36)


@row("V27", "batch", "batch")
def _batch(hand: Hand) -> None:
    """Each item is called, and gives what the single read gives. The paths one by one are tested on their own."""
    car = hand.cars["CHEVROLET"]
    items = hand.vehicle(car, "batch", ["/odometer", "/location", "tires/pressure"])
    for name, method in (("odometer", "odometer"), ("location", "location"), ("tirePressure", "tire_pressure")):
        alone = without_request_id(hand.vehicle(car, method))
        assert without_request_id(items[name]["value"]) == alone
    if hand.name == "python":
        assert len(items.pop("meta")["requestId"]) == 36
    assert list(items) == ["odometer", "location", "tirePressure"]


@row("V28", "request", "request")
def _request(hand: Hand) -> None:
    """Both suites: units by a header, other credentials by a header, a batch as a body; and one make's own path."""
    car = hand.cars["TESLA"]
    raw = hand.ask(car, "/odometer", "imperial")
    found = without_request_id(hand.vehicle(car, "request", "GET", "odometer", None, {"sc-unit-system": "imperial"}))
    assert found == {"body": raw.json(), "meta": meta_of(raw)}
    speed = hand.vehicle(car, "request", "get", "tesla/speedometer", None, {})
    assert speed["body"] == hand.ask(car, "/tesla/speedometer").json()
    assert speed["meta"]["unitSystem"] == "metric"
    body = {"requests": [{"path": "/odometer"}, {"path": "/tires/pressure"}]}
    both = hand.vehicle(car, "request", "post", "batch", body, {})["body"]["responses"]
    assert [(item["path"], item["code"], item["headers"]["sc-unit-system"]) for item in both] == [
        ("/odometer", 200, "metric"),
        ("/tires/pressure", 200, "metric"),
    ]
    assert all(isinstance(both[1]["body"][key], float) for key in ("frontLeft", "frontRight", "backLeft", "backRight"))
    other = {"sc-unit-system": "imperial", "Authorization": "Bearer abc"}
    error = hand.vehicle_error(car, "request", "GET", "odometer", None, other)
    assert (error["statusCode"], error["type"]) == (401, "AUTHENTICATION")
    unfit = hand.vehicle_error(car, "request", "GET", "TESLA/compass", None, {})
    assert (unfit["statusCode"], unfit["type"]) == (403, "PERMISSION")


@row("V29", "disconnect", "disconnect")
def _disconnect(hand: Hand) -> None:
    """Node's suite does it to a Kia, Python's to a Chevrolet. The token lives on and reaches nothing."""
    car = hand.connect({"node": "KIA", "python": "CHEVROLET"}[hand.name])
    found = without_request_id(hand.vehicle(car, "disconnect"))
    assert found == {"status": "success", "meta": {}}
    assert hand.call("get_vehicles", car.token)["vehicles"] == []
    error = hand.vehicle_error(car, "odometer")
    assert (error["statusCode"], error["type"], error["resolution"]) == (403, "PERMISSION", {"type": "REAUTHENTICATE"})


@row("V32", "methods", "METHODS_MAP")
def _methods(hand: Hand) -> None:
    """Node makes methods from a table that it does not export. No SDK has a method that no row of ours is about."""
    known = {getattr(each, hand.name) for each in ROWS.values() if each.id.startswith("V")}
    assert set(hand.call("methods")) <= known
    assert {read.python for read in READS} <= {each.python for each in ROWS.values()}


@row("V33", "set_unit_system", "unitSystem")
def _set_unit_system(hand: Hand) -> None:
    """Python's method always raises, so only the option is left; Node has a property and no method."""
    car = hand.cars["BMW"]
    error = hand.sdk.error(hand.named("vehicle.set_unit_system"), hand.made(car, {}), "metric")
    assert error["class"] == {"python": "ValueError", "node": "TypeError"}[hand.name]
    options = {"unit_system": "imperial"} if hand.name == "python" else {"unitSystem": "imperial"}
    metric = hand.vehicle(car, "odometer")["distance"]
    miles = hand.vehicle(car, "odometer", **options)["distance"]
    assert miles * 1.609344 == pytest.approx(metric)
