"""The world is deterministic, and its cars obey physics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carwire.connectors.simulator.adjust import ADJUSTMENTS
from carwire.connectors.simulator.car import Car, soc
from carwire.connectors.simulator.energy import AC_EFFICIENCY, DC_EFFICIENCY
from carwire.connectors.simulator.events import Record
from carwire.connectors.simulator.models import Model, car_range
from carwire.connectors.simulator.road import LENGTH_KM, place_at
from carwire.connectors.simulator.scenarios import SCENARIOS
from carwire.connectors.simulator.world import World
from carwire.core.commands import COMMANDS, DAYS
from carwire.core.errors import InvalidInput
from carwire.core.signals.catalogue import Field, signals
from carwire.core.signals.reading import Problem, Reading
from carwire.core.simulation import Fault

ONE_OF_EACH = ("simulated-bev", "simulated-phev", "simulated-hev", "simulated-ice", "simulated-fcev")
TAKES_SCHEDULES = ("tesla-3", "volvo-xc60")
ARGUMENTS: dict[str, dict[str, object]] = {
    "charge-set-limit": {"percent": 90},
    "charge-set-amperage": {"amperage": 10},
    "charge-set-schedule": {"type": "START_TIME", "enable": True, "time": "07:00"},
    "charge-schedule-create": {
        **{"schedule_id": "s1", "kind": "daily", "latitude": 39.7392, "longitude": -104.9903},
        "windows": [{"days": list(DAYS), "start": "09:00", "stop": "07:30"}],
    },
    "charge-schedule-delete": {"schedule_id": "s1"},
    "climate-start": {"temperature": 22},
    "climate-set": {"temperature": 19},
    "navigation-set-destination": {"latitude": 40, "longitude": -105},
    "pin-set": {"pin": "1234"},
    "pin-clear": {"pin": "1234"},
}


def check(car: Car, model: Model) -> None:
    """Fail unless the energy of a car adds up and everything is within its bounds."""
    assert 0 <= soc(car, model) <= 1
    assert 0 <= car.tank <= model.tank + 1e-9
    kept = car.first_kwh + car.stored_kwh - car.driven_kwh - car.comfort_kwh - car.idle_kwh
    assert car.battery_kwh == pytest.approx(kept, abs=1e-6)
    assert car.tank == pytest.approx(car.first_tank + car.filled - car.burnt, abs=1e-6)
    assert 0.9 * car.grid_kwh - 1e-9 <= car.stored_kwh <= 0.95 * car.grid_kwh + 1e-9
    assert min(car.grid_kwh, car.stored_kwh, car.driven_kwh, car.comfort_kwh, car.idle_kwh, car.burnt) >= 0
    assert car.odometer_km >= car.first_km
    assert 0 <= car.km_from_home <= LENGTH_KM
    assert 0 <= car.kmh < 180
    assert 0 <= car.low_voltage <= 100
    assert 0 <= car.oil <= 100
    assert all(0 <= kpa <= 500 for kpa in car.tyres_kpa)


def vin_of(world: World, car: str) -> str:
    return world.find(car)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_every_powertrain_lives_a_day_of_every_scenario(name: str, scenario: str) -> None:
    world = World(3)
    vin = vin_of(world, name)
    world.start(vin, scenario)
    last = world.car(vin).odometer_km
    for _ in range(24 * 4):
        world.step(900)
        car = world.car(vin)
        check(car, world.model(vin))
        assert car.odometer_km >= last
        last = car.odometer_km
        for code, answer in world.read(vin, tuple(signals())).answers.items():
            if isinstance(answer, Reading):
                measured, maker = answer.measured_at, answer.maker_at
                assert measured is None or (maker and measured <= maker <= answer.fetched_at <= world.now), code


@pytest.mark.parametrize("name", car_range().models)
def test_every_model_survives_a_week_on_the_road(name: str) -> None:
    world = World(5)
    vin = vin_of(world, name)
    world.start(vin, "road_trip")
    before = world.car(vin).odometer_km
    world.step(2 * 86_400)
    car = world.car(vin)
    check(car, world.model(vin))
    assert car.odometer_km > before + 100


def of_shape(value: object, field: Field) -> bool:
    kinds = {"number": (int, float), "integer": int, "string": str, "boolean": bool, "array": list, "object": dict}
    words = field.type.split("|")
    if value is None:
        return "null" in words
    if words[0].startswith("array<"):
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if words[0] == "array":
        return isinstance(value, list) and all(members_fit(item, field.items) for item in value)
    if words[0] == "object":
        return isinstance(value, dict) and members_fit(value, field.fields)
    if isinstance(value, bool):
        return words[0] == "boolean"
    return isinstance(value, kinds[words[0]])  # type: ignore[arg-type]


def members_fit(value: dict[str, object], fields: dict[str, Field]) -> bool:
    return all(key in fields and of_shape(member, fields[key]) for key, member in value.items())


@pytest.mark.parametrize("name", ["simulated-bev", "simulated-phev", "simulated-ice", "tesla-3", "hyundai-ioniq5"])
def test_every_reading_has_the_shape_and_the_words_the_catalogue_says(name: str) -> None:
    world = World()
    vin = vin_of(world, name)
    world.adjust(vin, "trouble_code", "P0420")
    seen = set()
    for scenario in ("ac_charging", "dc_charging", "in_service"):
        world.start(vin, scenario)
        if world.model(vin).battery_kwh:
            world.adjust(vin, "charge", "0.1")
        for _ in range(30):
            world.step(1200)
            for code, answer in world.read(vin, tuple(signals())).answers.items():
                if isinstance(answer, Problem):
                    continue
                signal = signals()[code]
                body: Any = {"value": answer.value} if signal.scalar else answer.value
                assert isinstance(body, dict)
                assert members_fit(body, signal.body), (code, body)
                assert {key for key, field in signal.body.items() if field.required} <= body.keys(), code
                for place, words in signal.words.items():
                    if (place in body and place != "value") or (place == "value" and signal.scalar):
                        assert body[place] in words, (code, place)
                assert answer.unit == signal.unit
                seen.add(code)
    assert seen == world.model(vin).signals


def test_signals_a_car_does_not_have_are_said_so() -> None:
    world = World()
    vin = vin_of(world, "simulated-ice")
    answer = world.read(vin, ["tractionbattery-stateofcharge"]).answers["tractionbattery-stateofcharge"]
    assert isinstance(answer, Problem)
    assert answer.kind == "COMPATIBILITY:VEHICLE_NOT_CAPABLE"


# --- determinism

actions = st.one_of(
    st.tuples(st.just("step"), st.integers(0, 20_000)),
    st.tuples(st.just("start"), st.sampled_from(sorted(SCENARIOS))),
    st.tuples(st.just("command"), st.sampled_from(sorted(COMMANDS))),
    st.tuples(
        st.just("adjust"),
        st.sampled_from(
            (
                *("charge=0.1", "charge=1", "fuel=0", "plug=ac", "plug=dc", "plug=none", "ignition=on"),
                *("contact=none", "contact=normal", "door_back_left=open", "door_back_left=closed"),
                *("charge_fault=on", "charge_fault=off"),
            )
        ),
    ),
    st.tuples(st.just("fault"), st.sampled_from(["UPSTREAM:NO_RESPONSE", "VEHICLE_STATE:DOOR_OPEN", None])),
)


def act(world: World, vin: str, action: tuple[str, object]) -> None:
    verb, what = action
    if verb == "step":
        world.step(int(what))  # type: ignore[call-overload]
    elif verb == "start":
        world.start(vin, str(what))
    elif verb == "command":
        arguments = dict(ARGUMENTS.get(str(what), {}))
        if what == "charge-schedule-create":
            place = place_at(world.car(vin).km_from_home, world.car(vin).side)
            arguments |= {"latitude": place.latitude, "longitude": place.longitude}
        world.command(vin, str(what), arguments)
    elif verb == "fault":
        world.fault(vin, Fault(kind=what) if isinstance(what, str) else None)
    else:
        name, _, text = str(what).partition("=")
        try:
            world.adjust(vin, name, text)
        except InvalidInput:
            return


@settings(max_examples=60, deadline=None)
@given(st.sampled_from((*ONE_OF_EACH, *TAKES_SCHEDULES)), st.lists(actions, max_size=12), st.integers(0, 2**32))
def test_whatever_is_done_the_books_balance_and_the_record_makes_the_same_world(
    name: str, doing: list[tuple[str, object]], seed: int
) -> None:
    world, twin = World(seed), World(seed)
    vin = vin_of(world, name)
    for action in doing:
        act(world, vin, action)
        check(world.car(vin), world.model(vin))
        act(twin, vin, action)
    state = msgspec.json.encode(world.car(vin))
    assert msgspec.json.encode(twin.car(vin)) == state
    kept = msgspec.json.decode(msgspec.json.encode(world.record()), type=Record)
    again = World.replay(kept)
    assert msgspec.json.encode(again.car(vin)) == state
    assert again.read(vin, tuple(signals())) == world.read(vin, tuple(signals()))
    assert again.record() == world.record()


def test_same_seed_and_steps_give_the_same_bytes_and_another_seed_gives_others() -> None:
    first, second, other = World(1), World(1), World(2)
    for world in (first, second, other):
        world.step(7200)
    assert first.dump() == second.dump() != other.dump()


def test_many_small_steps_are_one_large_step() -> None:
    small, large = World(), World()
    for _ in range(180):
        small.step(20)
        small.settle()
    large.step(3600)
    assert small.dump() == large.dump()


def test_a_car_added_later_is_the_same_after_a_replay() -> None:
    world = World()
    world.step(5000)
    vin = car_range().vin_of(car_range().models["kia-ev6"], "second")
    world.add(vin, "kia-ev6")
    world.add(vin, "kia-ev6")
    world.step(90_000)
    again = World.replay(world.record())
    assert again.dump() == world.dump()
    assert again.vins() == world.vins()
    assert len(world.record().events) == 1


@pytest.mark.parametrize(
    "event",
    [
        {"type": "added", "at": 5, "vin": "0SC", "model": "batmobile"},
        {"type": "started", "at": 5, "vin": "0SC", "scenario": "flying"},
        {"type": "adjusted", "at": 5, "vin": "0SC", "name": "wings", "text": "2"},
        {"type": "commanded", "at": 5, "vin": "0SC", "name": "fly", "arguments": {}},
        {"type": "started", "at": 11, "vin": "0SC", "scenario": "parked"},
    ],
)
def test_a_record_of_what_cannot_have_happened_is_refused(event: dict[str, object]) -> None:
    record = msgspec.convert({"seed": 1, "started_at": 1, "time": 10, "events": [event]}, Record)
    with pytest.raises(ValueError, match=r"event|time"):
        World.replay(record)


@pytest.mark.parametrize(("started", "time"), [(10, 5), (-1, 5), (5, 10**15)])
def test_a_record_of_an_impossible_time_is_refused(started: int, time: int) -> None:
    with pytest.raises(ValueError, match="time"):
        World.replay(Record(1, started, time))


# --- the clock


def test_a_running_clock_follows_the_real_one_at_its_speed() -> None:
    world, noon = World(), datetime(2026, 1, 1, 12, tzinfo=UTC)
    start = world.time
    world.catch_up(noon + timedelta(hours=5))
    assert world.time == start
    world.run(noon, 60)
    world.catch_up(noon + timedelta(seconds=10))
    assert world.time == start + 600
    world.catch_up(noon)  # a clock set back does not turn the world's back
    assert world.time == start + 600
    world.run(noon + timedelta(seconds=10), 0)
    world.catch_up(noon + timedelta(days=1))
    assert world.time == start + 600


@pytest.mark.parametrize("seconds", [-1, 10**12])
def test_the_clock_does_not_run_backwards_or_away(seconds: int) -> None:
    with pytest.raises(InvalidInput, match="step"):
        World().step(seconds)


# --- behaviour


def value(world: World, vin: str, code: str) -> object:
    return world.read(vin, [code]).value(code)


def test_driving_moves_the_car_its_odometer_and_its_energy_together() -> None:
    world = World()
    vin = vin_of(world, "tesla-3")
    world.start(vin, "road_trip")
    before, place = world.car(vin).odometer_km, value(world, vin, "location-preciselocation")
    world.step(3600)
    car, model = world.car(vin), world.model(vin)
    km = car.odometer_km - before
    assert 60 < km < 120
    assert car.km_from_home == pytest.approx(km)
    assert car.driven_kwh == pytest.approx(km * model.kwh_100km / 100, rel=0.5)
    assert car.driven_kwh >= km * model.kwh_100km / 100
    assert value(world, vin, "location-preciselocation") != place
    assert isinstance(value(world, vin, "motion-currentspeed"), float)
    assert value(world, vin, "transmission-gearstate") == "DRIVE"


def test_a_car_with_nothing_left_stands_still() -> None:
    world = World()
    vin = vin_of(world, "tesla-3")
    world.start(vin, "road_trip")
    world.adjust(vin, "charge", "0.05")
    world.step(3600)
    car = world.car(vin)
    assert car.battery_kwh == pytest.approx(0, abs=1e-6)
    assert (car.kmh, car.gear) == (0, "PARK")


def test_a_plug_in_hybrid_drives_electrically_first_and_keeps_a_reserve() -> None:
    world = World()
    vin = vin_of(world, "chevrolet-volt")
    world.start(vin, "road_trip")
    world.step(900)
    assert world.car(vin).burnt == 0
    world.step(5000)
    assert world.car(vin).burnt > 0
    assert soc(world.car(vin), world.model(vin)) > 0.08


@pytest.mark.parametrize(("name", "fast"), [("tesla-3", True), ("tesla-3", False), ("vw-id4", False)])
def test_charging_stops_at_the_limit_and_takes_no_more_than_car_and_supply_give(name: str, fast: bool) -> None:
    world = World()
    vin = vin_of(world, name)
    world.start(vin, "parked")
    world.adjust(vin, "charge", "0.4")
    world.adjust(vin, "charge_limit", "0.7")
    world.adjust(vin, "plug", "dc" if fast else "ac")
    powers = []
    for _ in range(60 * 12):
        world.step(60)
        session = world.car(vin).session
        assert session
        powers.append(session.kw)
    car, model = world.car(vin), world.model(vin)
    assert max(powers) <= (model.dc_kw if fast else model.ac_kw)
    assert soc(car, model) == pytest.approx(0.7, abs=0.005)
    if fast:
        flowing = [kw for kw in powers if kw]
        assert flowing == sorted(flowing, reverse=True)  # the curve falls with the charge
        assert flowing[0] > 1.5 * flowing[-1]


def test_amperage_limits_what_is_drawn() -> None:
    world = World()
    vin = vin_of(world, "tesla-3")
    world.start(vin, "parked")
    world.adjust(vin, "charge", "0.2")
    world.adjust(vin, "plug", "ac")
    world.command(vin, "charge-set-amperage", {"amperage": 10})
    assert value(world, vin, "charge-wattage") == 2400
    assert value(world, vin, "charge-amperage") == 10


def test_a_timer_holds_charging_back_until_its_time() -> None:
    world = World()
    vin = vin_of(world, "tesla-3")  # it is 06:00
    world.start(vin, "parked")
    world.adjust(vin, "charge", "0.2")
    world.command(vin, "charge-set-schedule", {"type": "START_TIME", "enable": True, "time": "07:30"})
    world.adjust(vin, "plug", "ac")
    world.step(89 * 60)
    assert value(world, vin, "charge-ischarging") is False
    world.step(2 * 60)
    assert value(world, vin, "charge-ischarging") is True
    assert world.car(vin).schedule == ("START_TIME", True, "07:30")


def test_a_departure_timer_charges_in_time() -> None:
    world = World()
    vin = vin_of(world, "tesla-3")
    world.start(vin, "parked")
    world.adjust(vin, "charge", "0.7")
    world.command(vin, "charge-set-schedule", {"type": "DEPARTURE_TIME", "enable": True, "time": "12:00"})
    world.adjust(vin, "plug", "ac")
    world.step(3600)
    assert value(world, vin, "charge-ischarging") is False
    world.step(5 * 3600)
    assert soc(world.car(vin), world.model(vin)) == pytest.approx(0.8, abs=0.005)


def test_a_stop_holds_against_the_timer_that_began() -> None:
    world = World()
    vin = vin_of(world, "tesla-3")
    world.start(vin, "parked")
    world.adjust(vin, "charge", "0.2")
    world.command(vin, "charge-set-schedule", {"type": "DEPARTURE_TIME", "enable": True, "time": "07:00"})
    world.adjust(vin, "plug", "ac")
    world.step(120)
    assert world.command(vin, "charge-stop", {}).kind == "done"
    world.step(600)
    assert value(world, vin, "charge-ischarging") is False
    assert world.command(vin, "charge-start", {}).kind == "done"


def test_a_sleeping_car_answers_what_it_said_last_and_a_command_wakes_it() -> None:
    world = World()
    vin = vin_of(world, "simulated-bev")
    world.start(vin, "parked")
    world.step(3600)
    first = world.read(vin, ["climate-externaltemperature", "connectivitystatus-isasleep"])
    world.step(6 * 3600)
    second = world.read(vin, ["climate-externaltemperature", "connectivitystatus-isasleep"])
    assert first.value("connectivitystatus-isasleep") is second.value("connectivitystatus-isasleep") is True
    assert first.value("climate-externaltemperature") == second.value("climate-externaltemperature")
    old = second.answers["climate-externaltemperature"]
    assert isinstance(old, Reading)
    assert old.age(world.now) > timedelta(hours=6)
    assert world.command(vin, "security-unlock", {}).kind == "done"
    third = world.read(vin, ["climate-externaltemperature", "connectivitystatus-isasleep"])
    assert third.value("connectivitystatus-isasleep") is False
    assert third.value("climate-externaltemperature") != second.value("climate-externaltemperature")


def test_a_cable_put_in_by_hand_stays_in_while_the_car_is_parked() -> None:
    world = World()
    vin = vin_of(world, "simulated-bev")
    world.start(vin, "parked")
    world.adjust(vin, "plug", "ac")
    world.step(3 * 86_400)
    assert world.car(vin).session
    assert value(world, vin, "connectivitystatus-isasleep") is True


def test_a_car_tells_its_last_minute_before_it_sleeps() -> None:
    world = World()
    vin = vin_of(world, "simulated-bev")
    world.start(vin, "parked")
    start = world.now
    world.step(5 * 3600)
    answer = world.read(vin, ["odometer-traveleddistance"]).answers["odometer-traveleddistance"]
    assert isinstance(answer, Reading)
    assert answer.measured_at == start + timedelta(minutes=20)


def test_frost_lowers_tyre_pressure_and_range() -> None:
    world = World()
    vin = vin_of(world, "simulated-bev")
    world.start(vin, "parked")
    world.step(600)
    warm = world.read(vin, ["tractionbattery-range", "wheel-tires"])
    world.start(vin, "cold_soak")
    world.step(12 * 3600)
    world.command(vin, "security-unlock", {})
    cold = world.read(vin, ["tractionbattery-range", "wheel-tires"])

    def front_left(body: object) -> float:
        assert isinstance(body, dict)
        return float(body["values"][0]["tirePressure"])

    assert front_left(cold.value("wheel-tires")) < front_left(warm.value("wheel-tires")) - 20
    assert cold.value("tractionbattery-range")["value"] < warm.value("tractionbattery-range")["value"]  # type: ignore


def test_a_stay_in_service_leaves_a_record_and_a_car_in_order() -> None:
    world = World()
    vin = vin_of(world, "simulated-ice")
    world.adjust(vin, "trouble_code", "P0420")
    world.adjust(vin, "oil", "2")
    before = value(world, vin, "service-records")
    world.start(vin, "in_service")
    assert value(world, vin, "service-isinservice") is True
    world.step(5 * 3600)
    after = value(world, vin, "service-records")
    assert len(after["values"]) == len(before["values"]) + 1  # type: ignore[index]
    assert value(world, vin, "diagnostics-dtccount") == 0
    assert value(world, vin, "internalcombustionengine-oillife") == 100


def test_a_trouble_code_lights_the_lamp_of_its_system() -> None:
    world = World()
    vin = vin_of(world, "simulated-ice")
    world.adjust(vin, "trouble_code", "none")
    world.adjust(vin, "trouble_code", "P0700")
    assert value(world, vin, "diagnostics-transmission")["status"] == "ALERT"  # type: ignore[index]
    assert value(world, vin, "diagnostics-mil")["status"] == "ALERT"  # type: ignore[index]
    assert value(world, vin, "diagnostics-abs")["status"] == "OK"  # type: ignore[index]


@pytest.mark.parametrize("name", sorted(ADJUSTMENTS))
def test_nothing_can_be_set_to_nonsense(name: str) -> None:
    world = World()
    vin = vin_of(world, "simulated-phev")
    before = world.dump()
    with pytest.raises(InvalidInput) as caught:
        world.adjust(vin, name, "nonsense")
    assert caught.value.fields[0].field == name
    assert caught.value.fields[0].message.startswith("must be")
    assert world.dump() == before
    assert world.record().events == ()


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("simulated-ice", "charge=0.5"),
        ("simulated-bev", "fuel=0.5"),
        ("simulated-ice", "plug=ac"),
        ("simulated-bev", "odometer=1"),
        ("simulated-bev", "charge=nan"),
        ("simulated-bev", "wings=2"),
    ],
)
def test_what_a_car_cannot_have_is_refused(name: str, setting: str) -> None:
    world = World()
    key, _, text = setting.partition("=")
    with pytest.raises(InvalidInput):
        world.adjust(vin_of(world, name), key, text)


def test_a_record_of_a_session_whose_charge_was_set_by_hand_adds_up() -> None:
    for scenario, by_hand in (("dc_charging", {"charge": "0.2"}), ("parked", {"plug": "ac", "charge": "0.7"})):
        world = World()
        vin = world.find("tesla-3")
        world.step(600)
        world.change(vin, scenario, by_hand)
        world.step(300)
        world.change(vin, None, {"charge": "0.3"})
        world.step(600)
        world.adjust(vin, "plug", "none")
        record, model = world.car(vin).records[-1], world.model(vin)
        efficiency = DC_EFFICIENCY if record.fast else AC_EFFICIENCY
        assert record.from_soc == 0.3
        assert record.to_soc > 0.3
        assert (record.to_soc - record.from_soc) * model.battery_kwh == pytest.approx(record.grid_kwh * efficiency)
        assert (record.end - record.start) * 60 == 600
