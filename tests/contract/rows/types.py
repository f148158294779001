"""X1 to X4 and T1 to T18 without T5: the errors, the inner service, and every type as far as it can be seen from
outside.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from tests.contract.connecting import Walk
from tests.contract.hands import EVERYTHING, Hand
from tests.contract.rows.reads import BY_PATH, MOMENT, Read, check_values
from tests.contract.rows.table import row

ALWAYS: Final = {"type", "description", "docURL", "statusCode", "requestId", "resolution", "message"}


@row("X1", "SmartcarException()", "SmartcarError()")
def _error(hand: Hand) -> None:
    """Every member: those that are always there, the code, the detail, words for the owner, seconds to wait."""
    car = hand.connect()
    hand.break_down(car, kind="RATE_LIMIT:VEHICLE", retry_after_s=30)
    limited = hand.vehicle_error(car, "odometer")
    assert set(limited) == ALWAYS | {"code", "suggestedUserMessage", "retryAfter"}
    assert (limited["statusCode"], limited["type"], limited["code"]) == (429, "RATE_LIMIT", "VEHICLE")
    assert limited["retryAfter"] == "30"
    assert limited["message"] == f"RATE_LIMIT:VEHICLE - {limited['description']}"
    assert limited["docURL"] == f"{hand.server.base_url}/docs/errors/api-errors/rate-limit-errors#vehicle"
    assert "Carwire demo" in limited["suggestedUserMessage"]
    unknown = hand.vehicle_error(car, "batch", ["/odometer", "/LOCATIONNNNNNNN"])
    assert set(unknown) == ALWAYS | {"detail"}
    assert (unknown["statusCode"], unknown["type"]) == (400, "VALIDATION")
    assert [set(each) for each in unknown["detail"]] == [{"field", "message"}]
    between = {"python": "VALIDATION", "node": "VALIDATION:null"}[hand.name]  # what Node makes of a null code
    assert unknown["message"] == f"{between} - {unknown['description']}"


@row("X2", "resolution", "SmartcarError.Resolution")
def _resolution(hand: Hand) -> None:
    """A kind of help, and an address where it is one for a browser."""
    car = hand.connect(username="CONNECTED_SERVICES_ACCOUNT.AUTHENTICATION_FAILED@smartcar.com")
    found = hand.vehicle_error(car, "odometer")["resolution"]
    assert found["type"] == "REAUTHENTICATE"
    assert found["url"].startswith(f"{hand.server.base_url}/oauth/reauthenticate?")
    assert f"vehicle_id={car.id}" in found["url"]
    assert hand.vehicle_error(hand.cars["TESLA"], "fuel")["resolution"] == {"type": None}


@row("X3", "helpers.requester", "SmartcarService")
def _service(hand: Hand) -> None:
    """The inner service: any headers, among them credentials of a kind that vehicles do not take."""
    car = hand.cars["TESLA"]
    base, bearer = f"{hand.server.base_url}/v2.0/vehicles/{car.id}", {"Authorization": f"Bearer {car.token}"}
    wrong = {"Authorization": "Basic YWJjOmRlZg=="}
    if hand.name == "python":
        found = hand.sdk.call("get", f"{base}/odometer", headers=bearer)
        error = hand.members(hand.sdk.error("get", f"{base}/odometer", headers=wrong))
    else:
        made = {"baseUrl": base, "headers": bearer}
        found = hand.sdk.call("service.request", made, "get", "odometer")
        error = hand.members(hand.sdk.error("service.request", made, "get", "odometer", None, {"headers": wrong}))
        items = hand.sdk.call("service.batchRequest", made, ["/odometer"])
        assert items["odometer"]["value"]["distance"] == found["distance"]
    assert found["distance"] == hand.ask(car, "/odometer").json()["distance"]
    assert (error["statusCode"], error["type"]) == (401, "AUTHENTICATION")
    assert error["docURL"] == f"{hand.server.base_url}/docs/errors/api-errors/authentication-errors#null"


@row("X4", "calls", "Promise")
def _calls(hand: Hand) -> None:
    """Python answers call by call, Node promises: many are under way at once, and each gets its own answer."""
    cars = [hand.cars[make] for make in ("CHEVROLET", "BMW", "TESLA")] * 7
    calls = [[hand.named("vehicle.odometer"), hand.made(car, {})] for car in cars]
    found = hand.sdk.call("all", *calls)
    expected = [hand.ask(car, "/odometer").json()["distance"] for car in cars]
    assert [each["value"]["distance"] for each in found] == expected
    ids = {hand.wire(each["value"])["meta"]["requestId"] for each in found}
    assert len(ids) == len(cars)


def check_class(hand: Hand, function: str, args: list[Any], name: str, fields: list[str]) -> None:
    """Check what Python calls an answer, and its fields in order, of which the last is meta."""
    if hand.name == "python":
        assert hand.class_of(function, *args) == (name, fields)


def check_type(hand: Hand, read: Read) -> None:
    """Check the class of a read and its values, in a car that has it."""
    car = hand.car(read.permission)
    check_class(hand, f"vehicle.{read.python}", [hand.made(car, {})], read.type, [*read.fields, "meta"])
    check_values(read.path, hand.vehicle(car, read.python))


@row("T1", "Access", "Access")
def _access(hand: Hand) -> None:
    """Two hours and sixty days, by the SDK's own clock; Python's has the type and the seconds besides."""
    code = Walk(hand.server).connect(hand.auth_url(EVERYTHING), "KIA", "t@example.com")["code"]
    access = hand.call("auth.exchange_code", hand.client, code)
    more = {"tokenType", "expiresIn"} if hand.name == "python" else set()
    assert set(access) == {"accessToken", "refreshToken", "expiration", "refreshExpiration"} | more
    if more:
        assert (access["tokenType"], access["expiresIn"]) == ("Bearer", 7200)
    ends, refresh_ends = (datetime.fromisoformat(access[key]) for key in ("expiration", "refreshExpiration"))
    assert abs(refresh_ends - ends - timedelta(days=60, hours=-2)) < timedelta(minutes=1)


@row("T2", "Meta", "Meta")
def _meta(hand: Hand) -> None:
    """Python keeps the text of moments, Node makes dates of them."""
    car = hand.cars["CHEVROLET"]
    meta = hand.sdk.call(hand.named("vehicle.fuel"), hand.made(car, {}))["meta"]
    if hand.name == "python":
        assert list(meta) == ["class", "data_age", "unit_system", "request_id", "fetched_at"]
        assert meta["class"] == "Meta"
        moments = [meta["data_age"], meta["fetched_at"]]
    else:
        assert set(meta) == {"dataAge", "unitSystem", "requestId", "fetchedAt"}
        assert list(meta["dataAge"]) == list(meta["fetchedAt"]) == ["date"]
        moments = [meta["dataAge"]["date"], meta["fetchedAt"]["date"]]
    assert all(MOMENT.fullmatch(moment) for moment in moments)
    assert set(hand.vehicle(car, "vin")["meta"]) == {"requestId"}


@row("T3", "User", "User")
def _user(hand: Hand) -> None:
    token = hand.cars["BMW"].token
    check_class(hand, "get_user", [token], "User", ["id", "meta"])
    assert set(hand.call("get_user", token)) == {"id", "meta"}


@row("T4", "Vehicles", "VehicleIds")
def _vehicle_ids(hand: Hand) -> None:
    """An account with more vehicles than a page."""
    owner = "3-vehicles@smartcar.com"
    query = Walk(hand.server).connect(hand.auth_url(EVERYTHING), "KIA", owner)
    token = hand.call("auth.exchange_code", hand.client, query["code"])["accessToken"]
    check_class(hand, "get_vehicles", [token], "Vehicles", ["vehicles", "paging", "meta"])
    every = hand.call("get_vehicles", token)
    pages = [hand.call("get_vehicles", token, {"limit": 2, "offset": offset}) for offset in (0, 2)]
    assert [page["paging"] for page in pages] == [{"count": 3, "offset": 0}, {"count": 3, "offset": 2}]
    assert pages[0]["vehicles"] + pages[1]["vehicles"] == every["vehicles"]
    assert len(set(every["vehicles"])) == 3


@row("T6", "CompatibilityV2", "Compatibility")
def _compatibility(hand: Hand) -> None:
    args: list[Any] = ["0SCGMCT0386A85356", ["read_odometer", "read_fuel"], "US"]
    check_class(hand, "get_compatibility", args, "Compatibility", ["compatible", "reason", "capabilities", "meta"])
    odometer, fuel = hand.call("get_compatibility", *args)["capabilities"]
    assert odometer == {"permission": "read_odometer", "endpoint": "/odometer", "capable": True, "reason": None}
    assert (fuel["capable"], fuel["reason"]) == (False, "VEHICLE_NOT_CAPABLE")


@row("T7", "CompatibilityMatrixModel", "CompatibilityMatrix")
def _matrix(hand: Hand) -> None:
    """A map by make, and nothing else in it from the server: Node puts its meta there."""
    python = hand.name == "python"
    found = hand.call("get_compatibility_matrix", *(("US", "") if python else ("US",)))
    if not python:
        found.pop("meta")
    assert len(found) > 10
    assert all(make == make.upper() for make in found)
    lines = [line for models in found.values() for line in models]
    assert {"ICE", "HEV", "PHEV", "BEV"} <= {line["type"] for line in lines}
    assert all(line["startYear"] <= line["endYear"] for line in lines)


@row("T8", "GetConnections", "GetConnections")
def _connections(hand: Hand) -> None:
    """What is deleted comes without the moment it was connected."""
    car = hand.connect()
    filter_ = {"vehicle_id": car.id}
    check_class(hand, "get_connections", [hand.amt, filter_], "GetConnections", ["connections", "paging", "meta"])
    (one,) = hand.call("get_connections", hand.amt, filter_)["connections"]
    assert {"vehicleId", "userId", "connectedAt"} <= set(one)
    if hand.name == "python":
        assert hand.class_of("delete_connections", hand.amt, filter_) == ("DeleteConnections", ["connections", "meta"])
    else:
        (cut,) = hand.call("delete_connections", hand.amt, filter_)["connections"]
        assert cut == {"vehicleId": car.id, "userId": car.user_id}


@row("T9", "Permissions", "Permissions")
def _permissions(hand: Hand) -> None:
    car = hand.cars["TESLA"]
    check_class(*(hand, "vehicle.permissions", [hand.made(car, {})]), "Permissions", ["permissions", "paging", "meta"])
    assert set(hand.vehicle(car, "permissions")) == {"permissions", "paging", "meta"}


@row("T10", "readings", "readings")
def _readings(hand: Hand) -> None:
    """Attributes, VIN, odometer, location, oil, fuel, battery, both capacities, charge, limit, tyres."""
    names = {"Attributes", "Vin", "Odometer", "Location", "EngineOil", "Fuel", "Battery", "BatteryCapacity"}
    names |= {"NominalCapcity", "Charge", "ChargeLimit", "TirePressure"}
    reads = [read for read in BY_PATH.values() if read.type in names]
    assert len(reads) == len(names)
    for read in reads:
        check_type(hand, read)


@row("T11", "LockStatus", "SecurityResponse")
def _lock_status(hand: Hand) -> None:
    check_type(hand, BY_PATH["/security"])


@row("T12", "Action", "ActionResponse")
def _action(hand: Hand) -> None:
    car = hand.cars["TESLA"]
    hand.set(car, "parked", locked=True)
    check_class(hand, "vehicle.unlock", [hand.made(car, {})], "Action", ["status", "message", "meta"])
    assert set(hand.vehicle(car, "unlock")) == {"status", "message", "meta"}
    doomed = hand.connect()
    check_class(hand, "vehicle.disconnect", [hand.made(doomed, {})], "Status", ["status", "meta"])


@row("T13", "DiagnosticSystemStatus", "DiagnosticSystemStatus")
def _systems(hand: Hand) -> None:
    check_type(hand, BY_PATH["/diagnostics/system_status"])


@row("T14", "DiagnosticTroubleCodes", "DiagnosticTroubleCodes")
def _codes(hand: Hand) -> None:
    """A car that has codes."""
    read, car = BY_PATH["/diagnostics/dtcs"], hand.cars["TESLA"]
    check_type(hand, read)
    hand.set(car, "parked", trouble_code="P0420")
    found = hand.vehicle(car, read.python)
    check_values(read.path, found)
    assert "P0420" in [code["code"] for code in found["activeCodes"]]


@row("T15", "ServiceHistory", "ServiceHistory")
def _history(hand: Hand) -> None:
    car = hand.cars["FORD"]
    key = {"python": "items", "node": "data"}[hand.name]
    check_class(hand, "vehicle.service_history", [hand.made(car, {})], "ServiceHistory", ["items", "meta"])
    found = hand.vehicle(car, "service_history", "2000-01-01", "2027-01-01")[key]
    keys = {"serviceId", "serviceDate", "odometerDistance", "serviceTasks", "serviceDetails", "serviceCost"}
    assert found
    for record in found:
        assert set(record) == keys
        assert all(set(task) == {"taskId", "taskDescription"} for task in record["serviceTasks"])
        assert all(set(detail) == {"type", "value"} for detail in record["serviceDetails"])
        assert isinstance(record["serviceCost"]["totalCost"], float)


@row("T16", "Subscribe", "WebhookSubscription")
def _subscription(hand: Hand) -> None:
    car, webhook_id = hand.cars["TESLA"], hand.webhook_id
    args = [hand.made(car, {}), webhook_id]
    check_class(hand, "vehicle.subscribe", args, "Subscribe", ["webhook_id", "vehicle_id", "meta"])
    assert set(hand.vehicle(car, "subscribe", webhook_id)) == {"webhookId", "vehicleId", "meta"}


@row("T17", "batch", "Batch")
def _batch(hand: Hand) -> None:
    """One function for each path; Python's suite asks for these six."""
    paths = ["/odometer", "/location", "/charge/limit", "/engine/oil", "/battery/capacity", "/tires/pressure"]
    car = hand.cars["CHEVROLET"]
    limit = {"python": "get_charge_limit", "node": "charge_limit"}[hand.name]
    fields = ["odometer", "location", limit, "engine_oil", "battery_capacity", "tire_pressure"]
    check_class(hand, "vehicle.batch", [hand.made(car, {}), paths], "batch", [*fields, "meta"])
    found = hand.vehicle(car, "batch", paths)
    found.pop("meta", None)
    assert len(found) == len(fields)
    assert all("value" in item for item in found.values())


@row("T18", "Response", "Response")
def _response(hand: Hand) -> None:
    car = hand.cars["TESLA"]
    args = [hand.made(car, {}), "GET", "tesla/compass", None, {}]
    check_class(hand, "vehicle.request", args, "Response", ["body", "meta"])
    found = hand.vehicle(car, "request", "GET", "tesla/compass", None, {})
    assert set(found) == {"body", "meta"}
    assert set(found["body"]) == {"heading", "direction"}
