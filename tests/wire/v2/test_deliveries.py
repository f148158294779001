"""Deliveries of payload version 2.0: the forms of the contract, which reads are told, charging events, and sizes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire.telling import (
    ATTEMPT,
    BASE,
    CHARGE,
    CHARGING,
    EVERYTHING,
    NOW,
    ODOMETER,
    STATUS,
    VEHICLE,
    WEBHOOK,
    event,
    needs_node,
    problem,
    reading,
    rewritten_by_node,
    sent,
    subscription,
    webhook,
)

from carwire.connectors.simulator.models import car_range
from carwire.connectors.simulator.world import World
from carwire.core.events import Change, Event
from carwire.core.outbox import Frozen, delivery_id
from carwire.core.signals.catalogue import signals
from carwire.core.signals.obstacles import Obstacle
from carwire.core.signals.problems import KINDS
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.core.triggers import Trigger
from carwire.core.vehicles import Car, Vehicle
from carwire.core.webhooks import Form, Subscription, Webhook
from carwire.wire.deliveries import fill
from carwire.wire.signing import stringify
from carwire.wire.v2.deliveries import MAX_BODY, endpoints, needs, state_body, verify_body
from carwire.wire.v2.kinds import BY_NAME
from carwire.wire.v2.makes import MAKE_READS
from carwire.wire.v2.readings import Context
from carwire.wire.v2.static import StaticEndpoint
from carwire.wire.v2.vehicles import ENDPOINTS, headers

CHANGED = event(changes=[Change(CHARGE, 60, 64)])
DYNAMIC = webhook(version="2.0")
TESLA = Car("c", "simulator", "0SCTESL0112345678", "TESLA", "Model 3", 2022, "BEV")
LOCATION, DOORS, LIST = "location-preciselocation", "closure-doors", "diagnostics-dtclist"
CODES = tuple(signals())
EVENTS = webhook(version="2.0", triggers=(Trigger(CHARGING), Trigger(STATUS)), signals=())
EVENT_BASED = (
    '{"version":"2.0","webhookId":"2a1f4e90-58a1-4c0e-9d5a-6b8f5d4b3c22","eventName":"eventBased","mode":"live",'
    '"payload":{"eventId":"EVENT","vehicleId":"7f3f2a0e-93d1-4f3f-9f60-6a0a3d2b4c11","eventType":"CHARGING_STARTED",'
    '"eventTime":"2026-06-01T08:00:00.000Z"}}'
)
READS = (
    '{"version":"2.0","webhookId":"2a1f4e90-58a1-4c0e-9d5a-6b8f5d4b3c22","eventName":"dynamic","mode":"live",'
    '"payload":{"vehicles":[{"vehicleId":"7f3f2a0e-93d1-4f3f-9f60-6a0a3d2b4c11","requestId":"REQUEST","data":['
    '{"path":"/charge","code":200,"body":{"isPluggedIn":true,"state":"CHARGING"},"headers":{'
    '"sc-data-age":"2026-06-01T07:58:40.000Z","sc-fetched-at":"2026-06-01T07:59:50.000Z"}},'
    '{"path":"/location","code":409,"body":{"statusCode":409,"type":"VEHICLE_STATE","code":"UNREACHABLE",'
    '"description":"There is no radio contact with the car.",'
    '"docURL":"https://cars.example.test/docs/errors/api-errors/vehicle-state-errors#unreachable",'
    '"resolution":{"type":null},"requestId":"REQUEST"},"headers":{"content-type":"application/json"}}]}]}}'
)
VERIFY = (
    '{"version":"2.0","webhookId":"2a1f4e90-58a1-4c0e-9d5a-6b8f5d4b3c22","eventName":"verify",'
    '"payload":{"challenge":"open-sesame-42"}}'
)


def state(
    answers: dict[str, Reading | Problem],
    told: Webhook = DYNAMIC,
    to: Subscription | None = None,
    of: Event = CHANGED,
    *,
    test: bool = False,
) -> Frozen | None:
    codes = {change.code for change in of.changes}
    fired = [each for each in told.triggers if each.code in codes]
    return state_body(told, to or subscription(), of, answers, fired, base_url=BASE, test=test)


def items(frozen: Frozen | None) -> dict[str, Any]:
    """The reads of a delivery by their path."""
    (vehicle,) = sent(frozen)["payload"]["vehicles"]
    return {row["path"]: row for row in vehicle["data"]}


def charging(*changes: Change, told: Webhook = EVENTS, permissions: frozenset[str] = EVERYTHING) -> str | None:
    frozen = state({}, told, subscription(permissions), event(changes=changes))
    return sent(frozen)["payload"]["eventType"] if frozen else None


def test_reads_are_written_as_the_contract_has_them() -> None:
    told = webhook(version="2.0", signals=(CHARGING, LOCATION))
    frozen = state({CHARGING: reading(True), LOCATION: problem("VEHICLE_STATE:UNREACHABLE")}, told)
    assert frozen is not None
    request = sent(frozen)["payload"]["vehicles"][0]["requestId"]
    assert frozen.body.decode() == READS.replace("REQUEST", request)
    assert fill(frozen, ATTEMPT, NOW) == frozen.body


def test_a_charging_event_is_written_as_the_contract_has_it() -> None:
    of = event(changes=[Change(CHARGING, False, True)])
    frozen = state({}, EVENTS, of=of)
    assert frozen is not None
    event_id = delivery_id(of, WEBHOOK.id, VEHICLE.user_id, "VEHICLE_STATE")
    assert fill(frozen, ATTEMPT, NOW).decode() == EVENT_BASED.replace("EVENT", event_id, 1)


def test_a_challenge_is_written_as_the_contract_has_it() -> None:
    assert verify_body(DYNAMIC, "open-sesame-42").decode() == VERIFY


STARTED, STOPPED = Change(CHARGING, False, True), Change(CHARGING, True, False)
FULL, BUSY = Change(STATUS, "CHARGING", "FULLY_CHARGED"), Change(STATUS, "NOT_CHARGING", "CHARGING")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ((STARTED,), "CHARGING_STARTED"),
        ((STOPPED,), "CHARGING_STOPPED"),
        ((FULL,), "CHARGING_COMPLETED"),
        ((STOPPED, FULL), "CHARGING_COMPLETED"),
        ((FULL, STOPPED), "CHARGING_COMPLETED"),
        ((BUSY, STARTED), "CHARGING_STARTED"),
        ((BUSY,), None),
        ((Change(CHARGE, 1, 2),), None),
        ((Change(CHARGING, True, None),), None),
        ((), None),
    ],
)
def test_changes_of_charging_are_three_events(changes: tuple[Change, ...], told: str | None) -> None:
    assert charging(*changes) == told


def test_only_what_fired_is_a_charging_event() -> None:
    flow = webhook(version="2.0", triggers=(Trigger(CHARGING),), signals=())
    assert charging(STOPPED, FULL, told=flow) == "CHARGING_STOPPED"
    assert charging(FULL, told=flow) is None
    assert state({}, EVENTS, of=event("first")) is None
    assert state({}, EVENTS, of=event("scheduled")) is None


def test_charging_events_have_their_own_permission() -> None:
    assert charging(STARTED, permissions=EVERYTHING - {"read_charge_events"}) is None
    assert charging(STARTED, permissions=frozenset({"read_charge_events"})) == "CHARGING_STARTED"


def test_a_webhook_with_signals_or_other_triggers_hears_of_reads() -> None:
    mixed = webhook(version="2.0", triggers=(Trigger(CHARGING), Trigger(CHARGE)), signals=())
    found = state({CHARGING: reading(True), CHARGE: reading(50)}, mixed, of=event(changes=[STARTED]))
    assert sent(found)["eventName"] == "dynamic"
    assert list(items(found)) == ["/battery", "/charge"]
    with_data = webhook(version="2.0", triggers=(Trigger(CHARGING),), signals=(CHARGE,))
    assert list(items(state({CHARGE: reading(50)}, with_data, of=event(changes=[STARTED])))) == ["/battery"]


@pytest.mark.parametrize("word", ["scheduled", "schedule"])
def test_the_clock_s_deliveries_have_the_name_that_is_wanted(word: Any) -> None:
    told = webhook(Form(event_name=word, every="hour"), version="2.0")
    assert sent(state({}, told, of=event("scheduled")))["eventName"] == word
    assert sent(state({}, told, of=event("first")))["eventName"] == "dynamic"
    assert sent(state({}, told))["eventName"] == "dynamic"
    by_the_clock = webhook(Form(event_name=word, every="hour"), version="2.0", triggers=())
    assert sent(state({}, by_the_clock, of=event("first")))["eventName"] == word


def test_mode_is_the_vehicle_s_or_a_trial_s() -> None:
    assert sent(state({}))["mode"] == "live"
    assert sent(state({}, to=subscription(mode="simulated")))["mode"] == "simulated"
    assert sent(state({}, test=True))["mode"] == "test"


def test_changes_that_did_not_fire_or_are_not_granted_are_not_told() -> None:
    assert state({}, of=event(changes=[Change(ODOMETER, 1, 2)])) is None
    assert state({}, to=subscription(EVERYTHING - {"read_battery"})) is None


@pytest.mark.parametrize("path", ENDPOINTS)
def test_each_signal_of_a_read_brings_the_read(path: str) -> None:
    codes = ENDPOINTS[path].codes
    answers: dict[str, Reading | Problem] = {code: problem("VEHICLE_STATE:ASLEEP") for code in codes}
    for code in codes:
        item = items(state(answers, webhook(version="2.0", signals=(code,))))[path]
        assert (item["code"], item["body"]["code"]) == (409, "ASLEEP")


def reads_compared(world: World, model: str) -> int:
    answers = dict(world.read(world.find(model), CODES).answers)
    found = items(state(answers, webhook(version="2.0", signals=CODES)))
    told = 0
    for path, row in ENDPOINTS.items():
        snapshot = Snapshot("x", {code: answers[code] for code in row.codes})
        try:
            alone = row.body(snapshot, Context(now=NOW, starts_at=NOW - timedelta(days=365), ends_at=NOW))
        except Obstacle as obstacle:
            assert found[path]["body"]["code"] == obstacle.problem.code
            continue
        assert found[path]["body"] == json.loads(stringify(msgspec.to_builtins(alone)))
        own = {name.decode(): value.decode() for name, value in headers(snapshot, row, "metric")}
        assert (found[path]["code"], found[path]["headers"]) == (200, own)
        told += 1
    return told


def test_a_read_of_a_simulated_car_is_what_it_would_be_alone() -> None:
    world = World(7)
    assert sum(reads_compared(world, model) for model in car_range().models) > 100


def test_units_are_those_of_the_webhook() -> None:
    told = webhook(Form(unit_system="imperial"), version="2.0", signals=(ODOMETER,))
    item = items(state({ODOMETER: reading(1.609344)}, told))["/odometer"]
    assert item["body"] == {"distance": 1}
    assert item["headers"]["sc-unit-system"] == "imperial"


@pytest.mark.parametrize("kind", KINDS)
def test_a_problem_is_the_error_of_the_read(kind: str) -> None:
    told = webhook(version="2.0", signals=(ODOMETER,))
    frozen = state({ODOMETER: problem(kind)}, told)
    item, row = items(frozen)["/odometer"], BY_NAME[kind]
    assert (item["code"], item["body"]["type"], item["body"]["code"]) == (row.status, row.type, row.code)
    assert item["body"]["requestId"] == sent(frozen)["payload"]["vehicles"][0]["requestId"]


def test_a_read_that_is_not_granted_is_refused_and_the_others_are_told() -> None:
    found = items(state({CHARGE: reading(50), ODOMETER: reading(7)}, to=subscription(frozenset({"read_battery"}))))
    assert (found["/odometer"]["code"], found["/odometer"]["body"]["type"]) == (403, "PERMISSION")
    assert found["/battery"]["code"] == 200


def test_what_a_read_lacks_besides_failed_as_the_rest_of_it_did() -> None:
    told = webhook(version="2.0", signals=(CHARGING,))
    assert items(state({CHARGING: problem("VEHICLE_STATE:ASLEEP")}, told))["/charge"]["body"]["code"] == "ASLEEP"
    assert items(state({}, told))["/charge"]["body"]["code"] == "NO_RESPONSE"


def test_what_only_a_make_s_read_tells_is_told_of_its_cars() -> None:
    tesla = subscription(car=TESLA).vehicle
    voltage = ("charge-voltage", CHARGING)
    assert [row.path for row in endpoints(voltage, tesla)] == ["/charge", "/tesla/charge/voltmeter"]
    assert [row.path for row in endpoints(voltage, VEHICLE)] == ["/charge"]
    vin = webhook(version="2.0", signals=("vehicleidentification-vin",))
    assert items(state({}, vin))["/vin"]["body"] == {"vin": VEHICLE.car.vin}
    assert items(state({}, vin, subscription(frozenset({"read_battery"}))))["/vin"]["code"] == 403


def codes_of_length(length: int) -> Reading:
    return reading({"values": [{"code": "x" * length, "timestamp": None}]})


def test_sizes_around_the_limit_are_whole_or_say_where_to_read() -> None:
    told = webhook(version="2.0", signals=(CHARGE, LIST))
    answers: dict[str, Reading | Problem] = {CHARGE: reading(50)}
    empty = state({**answers, LIST: codes_of_length(0)}, told)
    assert empty is not None
    seen = set()
    for size in range(MAX_BODY - len(empty.body) - 500, MAX_BODY - len(empty.body) + 500):
        frozen = state({**answers, LIST: codes_of_length(size)}, told)
        assert frozen is not None
        assert len(frozen.body) <= MAX_BODY
        found = items(frozen)
        item = found["/diagnostics/dtcs"]
        assert list(found) == ["/battery", "/diagnostics/dtcs"]
        assert found["/battery"]["code"] == 200
        if item["code"] == 200:
            assert len(item["body"]["activeCodes"][0]["code"]) == size
        else:
            assert (item["code"], item["body"]["code"]) == (413, "TOO_LARGE")
            assert f"{BASE}/v2.0/vehicles/{VEHICLE.id}/diagnostics/dtcs" in item["body"]["description"]
        seen.add(item["code"])
    assert seen == {200, 413}


SCALARS = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=8)
VALUES = SCALARS | st.dictionaries(
    st.sampled_from(["values", "capacity", "latitude", "longitude", "row", "isOpen"]),
    SCALARS | st.lists(st.dictionaries(st.sampled_from(["row", "column", "code", "isOpen"]), SCALARS), max_size=3),
)


@needs_node
@pytest.mark.node
def test_node_writes_any_delivery_again_byte_by_byte() -> None:
    seen: list[bytes] = [text.encode() for text in (READS, EVENT_BASED, VERIFY)]

    @given(st.dictionaries(st.sampled_from(CODES), VALUES), st.sampled_from(list(KINDS)))
    @settings(max_examples=300, database=None, deadline=None)
    def collect(values: dict[str, Any], kind: str) -> None:
        answers = {code: reading(each) if each != 0 else problem(kind) for code, each in values.items()}
        frozen = state(answers, webhook(version="2.0", signals=tuple(values)), subscription(car=TESLA))
        assert frozen is not None
        assert b"\0" not in frozen.body
        assert stringify(json.loads(frozen.body)) == frozen.body
        seen.append(frozen.body)

    collect()
    assert rewritten_by_node(seen) == [True] * len(seen)


def vehicles_of_every_make() -> list[Vehicle]:
    makes = {"OTHER", *(make.upper() for make, _ in MAKE_READS)}
    return [msgspec.structs.replace(VEHICLE, car=msgspec.structs.replace(VEHICLE.car, make=make)) for make in makes]


@pytest.mark.parametrize("code", sorted(signals()))
def test_what_a_signal_needs_is_what_its_reads_are_made_of_whatever_make_a_car_is_of(code: str) -> None:
    besides, untold = needs(webhook(version="2.0", signals=(code,), triggers=()))
    rows = [row for vehicle in vehicles_of_every_make() for row in endpoints([code], vehicle)]
    read = {each for row in rows if not isinstance(row, StaticEndpoint) for each in row.codes}
    assert {code, *besides} == {code, *read}
    assert code not in besides
    assert untold == (() if rows else (code,))


def test_what_is_told_without_signals_is_what_the_triggers_are_about() -> None:
    on_odometer = webhook(version="2.0", signals=(), triggers=(Trigger("closure-islocked"),))
    assert "closure-doors" in needs(on_odometer)[0]
    on_charging = webhook(version="2.0", signals=(), triggers=(Trigger(CHARGING), Trigger(STATUS)))
    assert needs(on_charging) == ((), ())
