"""Deliveries of payload version 4.0: the forms of the contract, permissions, units, times, slots, and what is thin."""

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
    NOW,
    NOW_MS,
    ODOMETER,
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
from tests.wire.v3.bodies import check_body

from carwire.connectors.simulator.models import car_range
from carwire.connectors.simulator.world import World
from carwire.core.events import Change, Event, Failure
from carwire.core.outbox import Frozen, delivery_id
from carwire.core.signals.catalogue import signals
from carwire.core.signals.problems import KINDS, split
from carwire.core.signals.reading import Problem, Reading
from carwire.core.triggers import Trigger
from carwire.core.webhooks import Form, Subscription, Webhook
from carwire.wire.signing import stringify
from carwire.wire.v3.deliveries import MAX_BODY, TOLD, error_body, fill, live_body, state_body, verify_body

CHANGED = event(changes=[Change(CHARGE, 60, 64)])
ANSWERS: dict[str, Reading | Problem] = {CHARGE: reading(64), ODOMETER: reading(41250.5)}
CODES = tuple(signals())
STATE = (
    '{"eventId":"EVENT","eventType":"VEHICLE_STATE","data":{"user":{"id":"5c1b7c60-2f0b-4f9c-8a53-0b7d9b9f1e10",'
    '"externalId":null},"vehicle":{"id":"7f3f2a0e-93d1-4f3f-9f60-6a0a3d2b4c11","make":"EXAMPLE","model":"One",'
    '"year":2024,"mode":"live","powertrainType":"BEV"},"signals":[{"code":"tractionbattery-stateofcharge",'
    '"name":"StateOfCharge","group":"TractionBattery","body":{"value":64,"unit":"percent"},'
    '"status":{"value":"SUCCESS"},"meta":{"oemUpdatedAt":1780300720000,"retrievedAt":1780300790000}},'
    '{"code":"odometer-traveleddistance","name":"TraveledDistance","group":"Odometer","status":{"value":"ERROR",'
    '"error":{"type":"PERMISSION","code":null}}}]},"triggers":[{"type":"SIGNAL_UPDATED","signal":'
    '{"name":"StateOfCharge","code":"tractionbattery-stateofcharge","group":"TractionBattery"}}],'
    '"meta":{"version":"4.0","applicationId":"94e0c6f2-8f3a-4a12-b2ad-3d1a5b6c7d55",'
    '"webhookId":"2a1f4e90-58a1-4c0e-9d5a-6b8f5d4b3c22","webhookName":"State of charge",'
    '"deliveryId":"6a9f3b7e-0d53-4d0e-9a7e-5e8c1b2a3f66","deliveredAt":1780300800000,"mode":"LIVE",'
    '"sequence":1780300800000,"signalCount":2,"previousSequence":1780300700000}}'
)
ERROR = (
    '{"eventId":"EVENT","eventType":"VEHICLE_ERROR","data":{"user":{"id":"5c1b7c60-2f0b-4f9c-8a53-0b7d9b9f1e10"},'
    '"vehicle":{"id":"7f3f2a0e-93d1-4f3f-9f60-6a0a3d2b4c11","make":"EXAMPLE","model":"One","year":2024,"mode":"live",'
    '"powertrainType":"BEV"},"errors":[{"type":"CONNECTED_SERVICES_ACCOUNT","code":"AUTHENTICATION_FAILED",'
    '"state":"ERROR","description":"The maker no longer accepts the owner\'s login.",'
    '"suggestedUserMessage":"Please sign in to your car maker\'s account again.",'
    '"docURL":"https://cars.example.test/docs/errors/api-errors/connected-services-account-errors#authentication-failed",'
    '"resolution":{"type":"REAUTHENTICATE"},"signals":[{"code":"tractionbattery-stateofcharge",'
    '"name":"StateOfCharge","group":"TractionBattery"}]},{"type":"VEHICLE_STATE","code":"ASLEEP","state":"RESOLVED",'
    '"description":"The car sleeps and cannot be woken.","signals":[{"code":"odometer-traveleddistance",'
    '"name":"TraveledDistance","group":"Odometer"}]}]},"meta":{"version":"4.0",'
    '"webhookId":"2a1f4e90-58a1-4c0e-9d5a-6b8f5d4b3c22","webhookName":"State of charge",'
    '"deliveryId":"6a9f3b7e-0d53-4d0e-9a7e-5e8c1b2a3f66","deliveredAt":1780300800000,"mode":"LIVE",'
    '"sequence":1780300800000}}'
)
VERIFY = (
    '{"eventId":"EVENT","eventType":"VERIFY","data":{"challenge":"3f0c1e9a-6f3b-4d87-a8b1-6a0f4c5d7e21"},'
    '"meta":{"version":"4.0","webhookId":"2a1f4e90-58a1-4c0e-9d5a-6b8f5d4b3c22","webhookName":"State of charge",'
    '"deliveryId":"6a9f3b7e-0d53-4d0e-9a7e-5e8c1b2a3f66","deliveredAt":1780300800000}}'
)


def state(
    answers: dict[str, Reading | Problem] = ANSWERS,
    told: Webhook = WEBHOOK,
    to: Subscription | None = None,
    of: Event = CHANGED,
    fired: tuple[Trigger, ...] = WEBHOOK.triggers,
    *,
    test: bool = False,
) -> Frozen | None:
    return state_body(told, to or subscription(), of, answers, fired, base_url=BASE, test=test)


def errors(*failures: Failure, told: Webhook = WEBHOOK, to: Subscription | None = None) -> Frozen | None:
    return error_body(told, to or subscription(), event(failures=failures), base_url=BASE)


def one(code: str, answer: Reading | Problem | None, form: Form | None = None, **granted: Any) -> Any:
    """A signal of a state."""
    frozen = state({code: answer} if answer else {}, webhook(form, signals=(code,)), subscription(**granted))
    return sent(frozen)["data"]["signals"][0]


def test_a_state_is_written_as_the_contract_has_it() -> None:
    to = msgspec.structs.replace(subscription(frozenset({"read_battery"})), sequence=NOW_MS - 100_000)
    frozen = state(to=to)
    assert frozen is not None
    event_id = delivery_id(CHANGED, WEBHOOK.id, VEHICLE.user_id, "VEHICLE_STATE")
    assert fill(frozen, ATTEMPT, NOW).decode() == STATE.replace("EVENT", event_id, 1)


def test_errors_are_written_as_the_contract_has_them() -> None:
    failures = (
        Failure("CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED", "ERROR", (CHARGE, CHARGING)),
        Failure("UPSTREAM:NO_RESPONSE", "ERROR", (CHARGE,)),
        Failure("VEHICLE_STATE:ASLEEP", "RESOLVED", (ODOMETER,)),
    )
    frozen = errors(*failures)
    assert frozen is not None
    event_id = delivery_id(CHANGED, WEBHOOK.id, VEHICLE.user_id, "VEHICLE_ERROR")
    assert fill(frozen, ATTEMPT, NOW).decode() == ERROR.replace("EVENT", event_id, 1)


def test_a_challenge_is_written_as_the_contract_has_it() -> None:
    challenge = "3f0c1e9a-6f3b-4d87-a8b1-6a0f4c5d7e21"
    body = verify_body(WEBHOOK, challenge, ATTEMPT, NOW).decode()
    event_id = json.loads(body)["eventId"]
    assert body == VERIFY.replace("EVENT", event_id, 1)
    again = json.loads(verify_body(WEBHOOK, challenge, VEHICLE.id, NOW + timedelta(seconds=1)))
    assert again["eventId"] == event_id
    assert again["meta"]["deliveryId"] == VEHICLE.id
    assert json.loads(verify_body(WEBHOOK, "another", ATTEMPT, NOW))["eventId"] != event_id


def test_attempts_differ_in_their_id_and_moment_alone() -> None:
    frozen = state()
    assert frozen is not None
    first, second = fill(frozen, ATTEMPT, NOW), fill(frozen, VEHICLE.id, NOW + timedelta(milliseconds=1500))
    assert (
        first.replace(ATTEMPT.encode(), VEHICLE.id.encode()).replace(
            b'"deliveredAt":1780300800000', b'"deliveredAt":1780300801500'
        )
        == second
    )
    assert fill(Frozen(b"whole"), ATTEMPT, NOW) == b"whole"


def test_a_name_that_looks_like_json_does_not_move_the_slot() -> None:
    for name in ('","mode":"LIVE', "}}", '{"deliveryId":1}', "\\", "Zürich 5°"):
        meta = sent(state(told=webhook(name=name)))["meta"]
        assert (meta["webhookName"], meta["deliveryId"], meta["deliveredAt"]) == (name, ATTEMPT, NOW_MS)


def test_the_newer_places_come_besides() -> None:
    found = sent(state(told=webhook(Form(newer_triggers=True)), to=subscription(first=True)))
    plain = sent(state(to=subscription(first=True)))
    assert list(found) == ["eventId", "eventType", "vehicleId", "data", "triggers", "meta"]
    assert found.pop("vehicleId") == VEHICLE.id
    name = {"code": CHARGE, "name": "StateOfCharge", "group": "TractionBattery"}
    assert found["data"].pop("triggers") == [{"code": "FIRST_DELIVERY"}, name]
    assert found["triggers"] == [{"type": "FIRST_DELIVERY"}, {"type": "SIGNAL_UPDATED", "signal": name}]
    for row in found["data"]["signals"]:
        assert row["meta"].pop("fetchedAt") == row["meta"]["retrievedAt"]
    assert found == plain


def test_what_is_first_says_so() -> None:
    assert sent(state(of=event("first"), fired=()))["triggers"] == [{"type": "FIRST_DELIVERY"}]
    assert sent(state(to=subscription(first=True)))["triggers"][0] == {"type": "FIRST_DELIVERY"}
    assert sent(state(of=event("scheduled"), fired=()))["triggers"] == []


def test_changes_none_of_which_fired_are_not_told() -> None:
    assert state(fired=()) is None
    assert state(fired=(), to=subscription(first=True)) is None


def test_a_change_of_what_is_not_granted_is_not_told() -> None:
    granted = subscription(frozenset({"read_odometer"}))
    assert state(to=granted) is None
    both = (Trigger(CHARGE), Trigger(ODOMETER))
    fired = sent(state(to=granted, fired=both))["triggers"]
    assert [each["signal"]["code"] for each in fired] == [ODOMETER]


def test_a_signal_is_named_once_whatever_fired() -> None:
    fired = (Trigger(CHARGE), Trigger(CHARGE, "falls_below", 20))
    found = sent(state(fired=fired, told=webhook(signals=(CHARGE, CHARGE))))
    assert [len(found["triggers"]), len(found["data"]["signals"]), found["meta"]["signalCount"]] == [1, 1, 1]


def test_every_configured_signal_is_told_in_its_order_changed_or_not() -> None:
    codes = CODES[::-1]
    found = sent(state({}, webhook(signals=codes)))
    assert [row["code"] for row in found["data"]["signals"]] == list(codes)
    assert found["meta"]["signalCount"] == len(codes)
    assert {row["status"]["value"] for row in found["data"]["signals"]} == {"UNAVAILABLE"}


@pytest.mark.parametrize("code", CODES)
def test_what_is_not_granted_shows_nothing_it_has(code: str) -> None:
    others = frozenset(row.permission for row in signals().values()) - {signals()[code].permission}
    frozen = state({code: reading("secret")}, webhook(signals=(code,)), subscription(others), event("scheduled"), ())
    found = sent(frozen)["data"]["signals"][0]
    assert list(found) == ["code", "name", "group", "status"]
    assert found["status"] == {"value": "ERROR", "error": {"type": "PERMISSION", "code": None}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_problem_is_a_type_and_a_code_without_body_or_times(kind: str) -> None:
    found = one(CHARGE, problem(kind, last=reading(10)))
    assert list(found) == ["code", "name", "group", "status"]
    assert found["status"]["value"] == "ERROR"
    assert list(found["status"]["error"]) == ["type", "code"]
    type_, code = split(kind) if kind != "TOO_OLD" else ("VEHICLE_STATE", "UNKNOWN")
    assert found["status"]["error"]["type"] == type_
    assert (found["status"]["error"]["code"] is None) is (code is None and type_ == "PERMISSION")


def test_what_nobody_has_answered_is_unavailable() -> None:
    for answer in (None, reading(None)):
        assert list(one(CHARGE, answer)) == ["code", "name", "group", "status"]
        assert one(CHARGE, answer)["status"] == {"value": "UNAVAILABLE"}


def test_units_are_those_of_the_webhook() -> None:
    imperial = Form(unit_system="imperial")
    assert one(ODOMETER, reading(1.609344))["body"] == {"value": 1.609344, "unit": "km"}
    assert one(ODOMETER, reading(1.609344), imperial)["body"] == {"value": 1, "unit": "miles"}


def test_times_are_nought_for_what_never_changes_and_left_out_where_nobody_tells() -> None:
    vin = "vehicleidentification-vin"
    assert one(vin, reading("x"))["meta"] == {"oemUpdatedAt": 0, "retrievedAt": 0}
    assert one(vin, reading("x"), Form(newer_triggers=True))["meta"]["fetchedAt"] == 0
    by_maker = msgspec.structs.replace(reading(1), measured_at=None)
    assert one(CHARGE, by_maker)["meta"]["oemUpdatedAt"] == NOW_MS - 79_000
    untimed = msgspec.structs.replace(by_maker, maker_at=None)
    assert one(CHARGE, untimed)["meta"] == {"retrievedAt": NOW_MS - 10_000}


def test_a_trial_says_test_and_a_simulated_car_is_live_on_a_webhook() -> None:
    assert sent(state(test=True))["meta"]["mode"] == "TEST"
    found = sent(state(to=subscription(mode="simulated", external_id="fleet 7")))
    assert (found["data"]["vehicle"]["mode"], found["meta"]["mode"]) == ("simulated", "LIVE")
    assert found["data"]["user"]["externalId"] == "fleet 7"
    failure = Failure("VEHICLE_STATE:ASLEEP", "ERROR", (CHARGE,))
    tried = error_body(WEBHOOK, subscription(), event(failures=[failure]), base_url=BASE, test=True)
    assert sent(tried)["meta"]["mode"] == "TEST"


def filler(size: int) -> dict[str, Reading | Problem]:
    return {CHARGE: reading("x" * size), ODOMETER: reading(7)}


def test_1000_sizes_around_the_limit_are_whole_or_thin_and_nothing_else() -> None:
    frozen = state(filler(0))
    assert frozen is not None
    latest = NOW.replace(year=9999)
    room = MAX_BODY - len(fill(frozen, ATTEMPT, latest))
    for size in range(room - 500, room + 500):
        frozen = state(filler(size))
        assert frozen is not None
        body = fill(frozen, ATTEMPT, latest)
        assert len(body) <= MAX_BODY
        charge, odometer = sent(frozen)["data"]["signals"]
        if size <= room:
            assert charge["body"]["value"] == "x" * size
            assert "links" not in charge
        else:
            link = f"{BASE}/v3/vehicles/{VEHICLE.id}/signals/"
            assert list(charge) == ["code", "name", "group", "status", "meta", "links"]
            assert charge["links"] == {"self": f"{link}{CHARGE}"}
            assert odometer["links"] == {"self": f"{link}{ODOMETER}"}
            assert len(body) < 4096


def test_the_thin_form_of_everything_is_far_below_the_limit() -> None:
    answers: dict[str, Reading | Problem] = {code: reading("ä" * 20_000) for code in CODES}
    answers[ODOMETER] = problem("VEHICLE_STATE:ASLEEP")
    told = webhook(Form(newer_triggers=True), signals=CODES, name="ä" * 100)
    frozen = state(answers, told, subscription(first=True, external_id="ä" * 255), fired=tuple(map(Trigger, CODES)))
    assert frozen is not None
    assert len(frozen.body) < MAX_BODY // 2
    rows = sent(frozen)["data"]["signals"]
    assert len(rows) == len(CODES)
    assert all("body" not in row and ("links" in row) is (row["code"] != ODOMETER) for row in rows)


@pytest.mark.parametrize("kind", KINDS)
def test_errors_are_told_of_the_kinds_the_contract_names(kind: str) -> None:
    type_, code = split(kind)
    frozen = errors(Failure(kind, "ERROR", (CHARGE,)), Failure(kind, "RESOLVED", (ODOMETER,)))
    if kind not in TOLD:
        assert frozen is None
        return
    begun, over = sent(frozen)["data"]["errors"]
    assert [(row["type"], row["code"], row["state"]) for row in (begun, over)] == [
        (type_, code, "ERROR"),
        (type_, code, "RESOLVED"),
    ]
    assert list(begun) == [
        "type", "code", "state", "description", "suggestedUserMessage", "docURL", "resolution", "signals"
    ]  # fmt: skip
    assert all(isinstance(begun[name], str) and begun[name] for name in ("suggestedUserMessage", "docURL"))
    assert begun["resolution"]["type"] in {
        None, "RETRY_LATER", "REAUTHENTICATE", "CONTACT_SUPPORT", "USER_ACTION_REQUIRED"
    }  # fmt: skip
    assert list(over) == ["type", "code", "state", "description", "signals"]


def test_the_kinds_told_are_the_twelve_of_the_contract() -> None:
    by_type: dict[str, set[str | None]] = {}
    for kind in TOLD & KINDS.keys():
        by_type.setdefault(split(kind)[0], set()).add(split(kind)[1])
    assert by_type == {
        "CONNECTED_SERVICES_ACCOUNT": {
            "ACCOUNT_ISSUE", "AUTHENTICATION_FAILED", "PERMISSION", "SUBSCRIPTION", "VIRTUAL_KEY_REQUIRED"
        },
        "VEHICLE_STATE": {"REMOTE_ACCESS_DISABLED", "ASLEEP", "UNREACHABLE"},
        "COMPATIBILITY": {"MAKE_NOT_COMPATIBLE", "SMARTCAR_NOT_CAPABLE", "VEHICLE_NOT_CAPABLE"},
        "PERMISSION": {None},
    }  # fmt: skip


def test_errors_are_about_signals_of_the_webhook_that_are_granted() -> None:
    failure = Failure("VEHICLE_STATE:UNREACHABLE", "ERROR", (CHARGING, ODOMETER, CHARGE))
    told = webhook(triggers=(Trigger(CHARGING),), signals=(ODOMETER,))

    def codes(*granted: str) -> list[str]:
        frozen = errors(failure, told=told, to=subscription(frozenset(granted)))
        return [row["code"] for row in sent(frozen)["data"]["errors"][0]["signals"]] if frozen else []

    assert codes("read_odometer", "read_charge", "read_battery") == [CHARGING, ODOMETER]
    assert codes("read_odometer", "read_battery") == [ODOMETER]
    assert codes("read_battery") == []
    assert errors() is None


def test_what_concerns_the_whole_account_names_no_signals() -> None:
    frozen = errors(Failure("CONNECTED_SERVICES_ACCOUNT:SUBSCRIPTION", "ERROR", ()))
    assert "signals" not in sent(frozen)["data"]["errors"][0]


def test_a_stream_is_told_what_changed_as_far_as_it_is_granted() -> None:
    both = event(changes=[Change(CHARGE, 60, 64), Change(ODOMETER, 1, 2)])
    vehicle = subscription(frozenset({"read_battery"})).vehicle
    found = sent(live_body(vehicle, both, ANSWERS, base_url=BASE))
    assert [row["code"] for row in found["data"]["signals"]] == [CHARGE]
    assert [each["signal"]["code"] for each in found["triggers"]] == [CHARGE]
    assert (found["meta"]["webhookId"], found["meta"]["webhookName"]) == (None, None)
    assert list(found["meta"]) == list(sent(state())["meta"])
    frozen = live_body(vehicle, both, ANSWERS, base_url=BASE)
    assert frozen is not None
    assert b"\n" not in fill(frozen, ATTEMPT, NOW)
    assert live_body(subscription(frozenset()).vehicle, both, ANSWERS, base_url=BASE) is None
    assert live_body(vehicle, event("scheduled"), ANSWERS, base_url=BASE) is None


def test_a_stream_without_the_answers_of_an_event_tells_the_event_s_own_values() -> None:
    row = sent(live_body(VEHICLE, CHANGED, {}, base_url=BASE))["data"]["signals"][0]
    assert row["body"] == {"value": 64, "unit": "percent"}
    assert row["meta"] == {"retrievedAt": NOW_MS}


def test_two_applications_cannot_tell_by_its_id_that_an_event_is_one() -> None:
    other = msgspec.structs.replace(VEHICLE, client_id=ATTEMPT)
    ids = {sent(live_body(each, CHANGED, ANSWERS, base_url=BASE))["eventId"] for each in (VEHICLE, other)}
    assert len(ids | {CHANGED.id, sent(state())["eventId"]}) == 4


def test_half_a_character_is_written_as_javascript_writes_it() -> None:
    frozen = state({CHARGE: reading("\ud800 5° \ude00")}, webhook(signals=(CHARGE,), name="Z\u00fcrich \udfff"))
    assert frozen is not None
    body = fill(frozen, ATTEMPT, NOW)
    assert b"\\ud800 5\xc2\xb0 \\ude00" in body
    assert stringify(json.loads(body)) == body
    assert sent(frozen)["meta"]["deliveryId"] == ATTEMPT


@pytest.mark.parametrize("model", car_range().models)
def test_every_signal_of_a_simulated_car_has_the_catalogue_s_form(model: str) -> None:
    world = World(7)
    answers = world.read(world.find(model), CODES).answers
    rows = sent(state(dict(answers), webhook(signals=CODES)))["data"]["signals"]
    for row in rows:
        answer = answers[row["code"]]
        assert (row["status"]["value"] == "SUCCESS") is isinstance(answer, Reading)
        if isinstance(answer, Reading):
            check_body(signals()[row["code"]], row["body"])
            assert all(isinstance(each, int) for each in row["meta"].values())


SCALARS = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text()
VALUES: st.SearchStrategy[Any] = SCALARS | st.dictionaries(
    st.text(max_size=6), st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=6), max_size=4
)


@needs_node
@pytest.mark.node
def test_node_writes_any_delivery_again_byte_by_byte() -> None:
    seen: list[bytes] = []

    @given(
        st.dictionaries(st.sampled_from(CODES), VALUES.map(reading) | st.sampled_from(list(KINDS)).map(problem)),
        st.sampled_from([Form(), Form(unit_system="imperial", newer_triggers=True)]),
        st.text(max_size=20),
    )
    @settings(max_examples=300, database=None, deadline=None)
    def collect(answers: dict[str, Reading | Problem], form: Form, name: str) -> None:
        frozen = state(answers, webhook(form, signals=tuple(answers), name=name))
        assert frozen is not None
        body = fill(frozen, ATTEMPT, NOW)
        assert b"\0" not in body
        assert stringify(json.loads(body)) == body
        seen.append(body)

    collect()
    texts = (STATE, ERROR, VERIFY)
    assert rewritten_by_node([*seen, *(text.encode() for text in texts)]) == [True] * (len(seen) + len(texts))
