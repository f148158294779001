"""One car at one moment: v2.0 and v3 tell the same value, unit and time, and do the same when they command it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.conftest import Answer, built
from tests.http.v3.garage import Garage, by_code

from carwire.connectors.simulator.models import car_range
from carwire.core.signals.catalogue import signals
from carwire.http.v3.vehicles import LISTED
from carwire.wire.v2.makes import MAKE_READS
from carwire.wire.v2.vehicles import ENDPOINTS
from carwire.wire.v3.migration import find

MAKES = ("SIMULATED", "TESLA", "BMW", "AUDI", "CADILLAC", "CHEVROLET", "MINI", "FORD", "VOLVO", "TOYOTA", "PEUGEOT")
MODELS = [model.id for make in MAKES for model in car_range().by_make[make]]
SYSTEMS = ("metric", "imperial")
ALL_TIME = "?start_date=2000-01-01"
CORNERS = {(0, 0): "frontLeft", (0, 1): "frontRight", (1, 0): "backLeft", (1, 1): "backRight"}


class Lot:
    """A garage of every make, on one server."""

    def __init__(self, place: Any) -> None:
        self.place = place
        self.garages = {make: Garage(place, make) for make in MAKES}

    def of(self, model: str) -> Garage:
        return self.garages[car_range().models[model].make]


@pytest.fixture(scope="module")
def lot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lot]:
    folder = tmp_path_factory.mktemp("parity")
    with built(folder, vehicle_reads_per_minute=1_000_000, vehicle_wakes_per_day=1_000_000) as place:
        found = Lot(place)
        for model in ("simulated-bev", "simulated-phev", "tesla-3", "bmw-i4", "cadillac-lyriq", "chevrolet-volt"):
            found.of(model).set(model, "parked", charge=0.4, plug="ac")
        for model in ("tesla-y", "bmw-330e", "simulated-ice", "simulated-fcev"):
            found.of(model).set(model, "road_trip")
        found.garages["TESLA"].step(30 * 60)
        yield found


class Told:
    """What v3 tells of a car."""

    def __init__(self, answer: Answer) -> None:
        self.rows = by_code(answer)

    def body(self, code: str) -> Any:
        """The body of a signal that has a value, else null."""
        found = self.rows[code]["attributes"]
        return found["body"] if found["status"]["value"] == "SUCCESS" else None

    def value(self, code: str, member: str = "value") -> Any:
        """One member of it."""
        return (self.body(code) or {}).get(member)

    def share(self, code: str, member: str = "value") -> float | None:
        """A percentage as a fraction."""
        percent = self.value(code, member)
        return None if percent is None else round(percent / 100, 6)

    def problem(self, code: str) -> tuple[str, str] | None:
        """Why there is no value."""
        error = self.rows[code]["attributes"]["status"].get("error")
        return error and (error["type"], error["code"])

    def moment(self, code: str, *names: str) -> datetime:
        """The first of these times it has."""
        meta = self.rows[code]["meta"]
        text = next(meta[name] for name in names if name in meta)
        return datetime.fromisoformat(text.replace("Z", "+00:00"))


# v2.0's endpoint → how its body follows from v3's signals. A member of null is one that is not told.


def _charge_state(told: Told) -> str | None:
    said, flows = told.value("charge-detailedchargingstatus"), told.value("charge-ischarging")
    if said in {"CHARGING", "FULLY_CHARGED", "NOT_CHARGING"}:
        return str(said)
    if flows is not None:
        return "CHARGING" if flows else "NOT_CHARGING"
    return "NOT_CHARGING" if told.value("charge-ischargingcableconnected") is False else None


def _plugged(told: Told) -> bool | None:
    plugged = told.value("charge-ischargingcableconnected")
    return True if plugged is None and _charge_state(told) == "CHARGING" else plugged


def _opened(told: Told, code: str) -> list[dict[str, str]]:
    rows = told.value(code, "values") or []
    return [
        {"type": CORNERS[row["row"], row["column"]], "status": "OPEN" if row["isOpen"] else "CLOSED"} for row in rows
    ]


def _part(told: Told, code: str, name: str, member: str = "isOpen") -> list[dict[str, str]]:
    is_open = told.value(code, member)
    return [] if is_open is None else [{"type": name, "status": "OPEN" if is_open else "CLOSED"}]


def _security(told: Told) -> Any:
    return {
        "isLocked": told.value("closure-islocked"),
        "doors": _opened(told, "closure-doors"),
        "windows": _opened(told, "closure-windows"),
        "sunroof": _part(told, "closure-sunroof", "sunroof"),
        "storage": [*_part(told, "closure-fronttrunk", "front"), *_part(told, "closure-reartrunk", "rear")],
        "chargingPort": _part(told, "charge-ischargingportflapopen", "chargingPort", "value"),
    }


def _tires(told: Told) -> Any:
    found = {CORNERS[row["row"], row["column"]]: row["tirePressure"] for row in told.value("wheel-tires", "values")}
    return {name: found.get(name) for name in CORNERS.values()}


def _capacity(told: Told) -> Any:
    return {"capacity": told.value("tractionbattery-nominalcapacity", "capacity")}


def _nominal(told: Told) -> Any:
    body = told.body("tractionbattery-nominalcapacity")
    return {
        "availableCapacities": body["availableCapacities"],
        "capacity": {"nominal": body["capacity"], "source": body["source"]},
        "url": None,
    }


def _systems(told: Told) -> Any:
    names = {f"SYSTEM_{code.removeprefix('diagnostics-').upper()}": code for code in LISTED if "diagnostics-" in code}
    rows = {name: told.body(code) for name, code in names.items() if "dtc" not in code}
    return {name: (row["status"], row["description"]) for name, row in rows.items() if row}


def _visits(told: Told) -> Any:
    return [
        {
            "serviceId": row["id"],
            "serviceDate": row["time"],
            "odometerDistance": row["odometer"],
            "serviceTasks": [{"taskId": t["id"], "taskDescription": t["description"]} for t in row["tasks"]],
            "serviceDetails": [{"type": d["id"], "value": d["description"]} for d in row["details"]],
            "serviceCost": {"totalCost": row["cost"]["amount"], "currency": row["cost"]["currency"]},
        }
        for row in told.value("service-records", "values")
    ]


def _kilowatts(told: Told) -> float | None:
    watts = told.value("charge-wattage")
    return None if watts is None else watts / 1000


def _completion(told: Told) -> str | None:
    code = "charge-timetocomplete"
    minutes = told.value(code)
    if minutes is None:
        return None
    at = told.moment(code, "oemUpdatedAt", "retrievedAt") + timedelta(minutes=minutes)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _further_range(told: Told, kind: str, code: str) -> Any:
    rows = told.value("tractionbattery-range", "additionalValues") or []
    return next((row["value"] for row in rows if row["type"] == kind), None)


def _switch(told: Told, code: str) -> str | None:
    on = told.value(code)
    return None if on is None else "ON" if on else "OFF"


def _status(told: Told) -> Any:
    online, asleep = told.value("connectivitystatus-isonline"), told.value("connectivitystatus-isasleep")
    word = "OFFLINE" if online is False else "ASLEEP" if asleep else "ONLINE" if online else None
    return {
        "status": word,
        "inService": told.value("service-isinservice"),
        "gear": told.value("transmission-gearstate"),
    }


def _one(key: str, code: str, member: str = "value") -> Callable[[Told], Any]:
    return lambda told: {key: told.value(code, member)}


FUEL = "internalcombustionengine-"
WANTED: dict[str, Callable[[Told], Any]] = {
    "/odometer": _one("distance", "odometer-traveleddistance"),
    "/fuel": lambda t: {
        "range": t.value(FUEL + "range"),
        "percentRemaining": t.share(FUEL + "fuellevel"),
        "amountRemaining": t.value(FUEL + "amountremaining"),
    },
    "/battery": lambda t: {
        "percentRemaining": t.share("tractionbattery-stateofcharge"),
        "range": t.value("tractionbattery-range"),
    },
    "/battery/capacity": _capacity,
    "/battery/nominal_capacity": _nominal,
    "/charge": lambda t: {"isPluggedIn": _plugged(t), "state": _charge_state(t)},
    "/charge/limit": lambda t: {"limit": t.share("charge-chargelimits", "activeLimit")},
    "/engine/oil": lambda t: {"lifeRemaining": t.share(FUEL + "oillife")},
    "/location": lambda t: {n: t.value("location-preciselocation", n) for n in ("latitude", "longitude")},
    "/tires/pressure": _tires,
    "/security": _security,
    "/service/history": _visits,
    "/diagnostics/system_status": _systems,
    "/diagnostics/dtcs": lambda t: {"activeCodes": t.value("diagnostics-dtclist", "values")},
}
OF_MAKES: dict[str, Callable[[Told], Any]] = {
    "charge/voltmeter": _one("voltage", "charge-voltage"),
    "charge/ammeter": _one("amperage", "charge-amperage"),
    "charge/wattmeter": lambda t: {"wattage": _kilowatts(t)},
    "charge/completion": lambda t: {"time": _completion(t)},
    "climate/cabin": lambda t: {
        "status": _switch(t, "hvac-iscabinhvacactive"),
        "temperature": t.value("hvac-cabintargettemperature"),
    },
    "climate/defroster": lambda t: {
        "frontStatus": _switch(t, "hvac-isfrontdefrosteractive"),
        "rearStatus": _switch(t, "hvac-isreardefrosteractive"),
    },
    "climate/steering_wheel": lambda t: {"status": _switch(t, "hvac-issteeringheateractive")},
    "compass": lambda t: {n: t.value("location-preciselocation", n) for n in ("heading", "direction")},
    "speedometer": _one("speed", "motion-currentspeed"),
    "thermometer/exterior": _one("temperature", "climate-externaltemperature"),
    "thermometer/interior": _one("temperature", "climate-internaltemperature"),
    "virtual_key": _one("isPaired", "connectivitystatus-isdigitalkeypaired"),
    "user/access": lambda t: {
        "accessType": t.value("vehicleuseraccount-role"),
        "permissions": t.value("vehicleuseraccount-permissions", "values"),
    },
    "status": _status,
    "battery": lambda t: {
        "percentRemaining": t.share("tractionbattery-stateofcharge"),
        "range": t.value("tractionbattery-range"),
        "heaterOn": t.value("tractionbattery-isheateractive"),
        "rangeEstimated": _further_range(t, "ESTIMATED", "tractionbattery-estimatedrange"),
        "rangeIdeal": _further_range(t, "IDEAL_CONDITIONS", "tractionbattery-idealrange"),
        "maxRangeChargeCounter": t.value("tractionbattery-maxrangechargecounter"),
    },
    "attributes": lambda t: {
        "firmwareVersion": t.value("connectivitysoftware-currentfirmwareversion"),
        "trimBadging": t.value("vehicleidentification-trim"),
        "nickname": t.value("vehicleidentification-nickname"),
        "atHome": t.value("location-isathome"),
    },
    "charge": lambda t: {
        "chargingStatus": _charge_state(t),
        "isPluggedIn": _plugged(t),
        "wattage": _kilowatts(t),
        "chargeRate": t.value("charge-chargerate"),
        "chargePortColor": t.value("charge-chargeportstatuscolor"),
        "completionTime": _completion(t),
        "socLimit": t.share("charge-chargelimits", "activeLimit"),
    },
    "charge/records": lambda t: {"records": [row["id"] for row in t.value("charge-chargerecords", "values")]},
    "charge/schedule": lambda t: {"startTime": {"enabled": bool(_starts(t)), "time": _starts(t)}},
}


def _starts(told: Told) -> str | None:
    timers = told.value("charge-chargetimers", "values") or []
    found = [each["start"] for row in timers if not row["condition"] for each in row["schedules"]]
    return found[0][:5] if found else None


NOTHING = {(make, rest) for (make, rest), row in MAKE_READS.items() if not row.codes}  # no signal holds it


def plain(body: Any) -> Any:
    """A body of v2.0 in the shape the table above writes."""
    if isinstance(body, dict) and "systems" in body:
        return {
            each["systemId"].replace("_", "").replace("SYSTEM", "SYSTEM_"): (each["status"], each["description"])
            for each in body["systems"]
        }
    if isinstance(body, dict) and "records" in body:
        return {"records": sorted(each["id"] for each in body["records"])}
    return body


def test_every_endpoint_of_v2_with_signals_is_held_against_v3() -> None:
    assert WANTED.keys() == ENDPOINTS.keys()
    assert OF_MAKES.keys() == {rest for make, rest in MAKE_READS if (make, rest) not in NOTHING}
    assert {model.powertrain for model in map(car_range().models.get, MODELS) if model} == {
        *("BEV", "PHEV", "HEV", "ICE", "FCEV"),
    }


def of_car(model: str) -> dict[str, tuple[tuple[str, ...], Callable[[Told], Any]]]:
    """Path → its signals, and what its body is, for the endpoints a car's make has."""
    make = car_range().models[model].make.lower()
    found = {path: (row.codes, WANTED[path]) for path, row in ENDPOINTS.items()}
    for (name, rest), row in MAKE_READS.items():
        if name == make and (name, rest) not in NOTHING:
            found[f"/{name}/{rest}"] = row.codes, OF_MAKES[rest]
    return found


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("model", MODELS)
def test_both_versions_tell_the_same_of_one_moment(lot: Lot, model: str, system: str) -> None:
    garage = lot.of(model)
    told = Told(garage.ask(model, "/signals", sc_unit_system=system))
    answered = 0
    for path, (codes, wanted) in of_car(model).items():
        history = path.endswith(("history", "records"))
        answer = garage.as_v2(model, "GET", path + (ALL_TIME if history else ""), sc_unit_system=system)
        published = [code for code in codes if code in LISTED]
        if answer.status != 200:
            check_failure(answer, told, published, path)
            continue
        answered += 1
        found, want = plain(answer.json()), wanted(told)
        if path.endswith("/records"):
            want["records"].sort()
        same_keys = {key: found[key] for key in want} if isinstance(want, dict) else found
        assert same_keys == pytest.approx(want) if _flat(want) else same_keys == want, path
        check_times(answer, told, published, path)
        if answer.header("sc-unit-system"):
            assert answer.header("sc-unit-system") == system
    least = {"full": 7, "typical": 6, "basic": 3, "bare": 0, "least": 0}
    assert answered >= least[car_range().models[model].profile]
    vin = garage.as_v2(model, "GET", "/vin").json()["vin"]
    assert vin == garage.vins[model] == told.value("vehicleidentification-vin")
    plain_v2, plain_v3 = garage.as_v2(model, "GET", "/").json(), garage.ask(model, "").json()["data"]
    assert {n: plain_v2[n] for n in ("make", "model", "year")} == {
        n: plain_v3["attributes"][n] for n in ("make", "model", "year")
    }
    assert plain_v2["id"] == plain_v3["id"]


def _flat(want: Any) -> bool:
    return isinstance(want, dict) and all(isinstance(each, int | float) for each in want.values())


def check_failure(answer: Answer, told: Told, codes: list[str], path: str) -> None:
    """What v2.0 cannot answer at all has no value in v3 that would do, and the same reason."""
    body = answer.json()
    problems = {code: told.problem(code) for code in codes}
    needed = codes[:1] if path == "/security" else codes
    if path.startswith("/tesla/status") or body["type"] == "SERVER":
        return
    assert all(problems[code] for code in needed), (path, answer, problems)
    assert (body["type"], body["code"] or "UNKNOWN") in problems.values(), (path, answer, problems)


def check_times(answer: Answer, told: Told, codes: list[str], path: str) -> None:
    """The headers of v2.0 tell the oldest of the times v3 has for the same signals."""
    used = [code for code in codes if told.problem(code) is None]
    moving = [code for code in used if signals()[code].kind == "signal"]
    if not moving or len(moving) < len(used):
        return  # what never changes has no times in v3
    age = min(told.moment(code, "oemUpdatedAt", "retrievedAt") for code in moving)
    fetched = min(told.moment(code, "retrievedAt") for code in moving)
    for name, moment in (("sc-data-age", age), ("sc-fetched-at", fetched)):
        assert answer.header(name) == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"), path


def test_the_table_for_those_who_move_names_the_signals_v2_is_made_of() -> None:
    for path, row in ENDPOINTS.items():
        found = find("GET", f"/v2.0/vehicles/x{path}")
        assert found
        assert set(row.codes) & set(LISTED) <= set(found.codes), path
    for (make, rest), row in MAKE_READS.items():
        found = find("GET", f"/v2.0/vehicles/x/{make}/{rest}")
        assert found is not None, rest
        if row.codes:
            assert set(found.codes) & set(row.codes), rest


def test_some_cars_drive_and_some_charge(lot: Lot) -> None:
    """Else the walk would be right about cars that stand and tell little."""
    told = [Told(lot.of(model).ask(model, "/signals")) for model in MODELS]
    assert any(each.value("motion-currentspeed") for each in told)
    assert any(each.value("charge-ischarging") for each in told)
    assert any(each.value("charge-timetocomplete") for each in told)


# Commands.

COMMANDS: list[tuple[str, object, str, object]] = [
    ("/charge", {"action": "STOP"}, "/charge/stop", None),
    ("/charge", {"action": "START"}, "/charge/start", None),
    ("/charge/limit", {"limit": 0.7}, "/charge/set-limit", {"percent": 70}),
    ("/charge/limit", {"limit": "0.57"}, "/charge/set-limit", {"percent": 57}),
    ("/security", {"action": "UNLOCK"}, "/security/unlock", None),
    ("/security", {"action": "LOCK"}, "/security/lock", None),
    ("/navigation/destination", {"latitude": 52.52, "longitude": 13.4}, "/navigation/set-destination",
     {"latitude": 52.52, "longitude": 13.4}),
    ("/tesla/charge/charge_port_door", {"action": "OPEN"}, "/charge-port/open", None),
    ("/tesla/charge/charge_port_door", {"action": "CLOSE"}, "/charge-port/close", None),
]  # fmt: skip


@pytest.mark.parametrize("plug", ["ac", "none"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: f"{each[0]} {each[1]}")
def test_both_versions_leave_the_car_and_the_record_in_the_same_state(
    lot: Lot, command: tuple[str, object, str, object], plug: str
) -> None:
    garage, model = lot.garages["TESLA"], "tesla-3"
    old, body, new, attributes = command
    ends = []
    for version in (2, 3):
        garage.begin_again()
        garage.set(model, "parked", charge=0.4, charge_limit=0.9, plug=plug, locked=body == {"action": "UNLOCK"})
        if body == {"action": "START"} or "limit" in old:
            garage.command(model, "/charge/stop")
        garage.state.commands.clear()
        before = attributes_of(garage, model)
        answer = garage.as_v2(model, "POST", old, body) if version == 2 else garage.command(model, new, attributes)
        (record,) = garage.state.commands.values()
        after = attributes_of(garage, model)
        said = answer.status, answer.header("carwire-command-outcome")
        ends.append((said, record.name, repr(record.arguments), record.fingerprint, record.state, before, after))
    assert ends[0] == ends[1]
    if plug == "ac" and "navigation" not in old and "port" not in old:
        assert ends[0][0] == (200, "done")
        assert before != after


def attributes_of(garage: Garage, model: str) -> dict[str, Any]:
    return {code: row["attributes"] for code, row in by_code(garage.ask(model, "/signals")).items()}
