"""Every form of a delivery that was sent yet becomes an event; what is none becomes an error, and nothing else."""

from __future__ import annotations

import contextlib
import copy
import json
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import pytest
from client.tests.deliveries import (
    AMT,
    AT,
    DYNAMIC,
    EARLY_ERROR,
    EARLY_STATE,
    ERROR,
    EVENT_BASED,
    FORMS,
    META,
    NEWER_STATE,
    ODOMETER,
    OLD_VERIFY,
    SCHEDULE,
    SCHEDULED,
    SECRET,
    STATE,
    USER,
    VEHICLE,
    VERIFY,
    sc_signed,
    standard_signed,
    written,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from carwire_client import AccountIssue, CarwireError, Charge, InvalidDelivery, PermissionMissing, VehicleState, signals
from carwire_client.receiving import (
    ChargingEvent,
    DynamicEvent,
    Event,
    ScheduledEvent,
    Trigger,
    UnknownEvent,
    VehicleErrorEvent,
    VehicleStateEvent,
    VerifyEvent,
    unwrap,
)

E = TypeVar("E", bound=Event)
WEBHOOK: Final = META["webhookId"]


def opened(value: object) -> Event:
    """Sign and unwrap."""
    body = value if isinstance(value, bytes) else written(value)
    return unwrap(body, sc_signed(body), management_token=AMT)


def read(kind: type[E], value: object) -> E:
    """Unwrap what has to be of that class, and nothing narrower."""
    event = opened(value)
    assert type(event) is kind
    return event


def without(value: dict[str, Any], *path: str) -> dict[str, Any]:
    """Return a copy that lacks a member."""
    found = copy.deepcopy(value)
    inner = found
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return found


def changed(value: dict[str, Any], *path: str, to: object) -> dict[str, Any]:
    """Return a copy in which a member is another."""
    found = copy.deepcopy(value)
    inner = found
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = to
    return found


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_read_and_kept(name: str) -> None:
    event = opened(FORMS[name])
    assert not isinstance(event, UnknownEvent)
    assert event.raw == FORMS[name]
    assert event.signed
    assert "raw=" not in repr(event)


def test_a_challenge_of_either_version() -> None:
    event = read(VerifyEvent, VERIFY)
    assert (event.challenge, event.type) == (VERIFY["data"]["challenge"], "VERIFY")
    assert (event.id, event.meta.webhook_name) == (VERIFY["eventId"], "State of charge")
    old = read(VerifyEvent, OLD_VERIFY)
    assert (old.challenge, old.type, old.id, old.meta.version) == ("open-sesame-42", "verify", None, "2.0")


def test_what_a_car_has_said() -> None:
    event = read(VehicleStateEvent, STATE)
    assert (event.id, event.key) == (STATE["eventId"], f"{WEBHOOK}/{STATE['eventId']}")
    assert (event.user.id, event.user.external_id) == (USER["id"], None)
    assert (event.vehicle.id, event.vehicle.make, event.vehicle.model, event.vehicle.year) == (
        VEHICLE["id"],
        "EXAMPLE",
        "One",
        2024,
    )
    assert (event.vehicle.mode, event.vehicle.powertrain_type) == ("live", "BEV")
    charge, odometer = event.signals
    assert event[signals.TRACTIONBATTERY_STATEOFCHARGE] is charge
    assert (charge.value, charge.unit, charge.ok, charge.group) == (64, "percent", True, "TractionBattery")
    assert charge.oem_updated_at == datetime(2026, 6, 1, 7, 58, 40, tzinfo=UTC)
    assert charge.retrieved_at == datetime(2026, 6, 1, 7, 59, 50, tzinfo=UTC)
    assert (odometer.ok, odometer.status, odometer.value, odometer.oem_updated_at) == (False, "ERROR", None, None)
    assert odometer.error
    assert (odometer.error.type, odometer.error.code) == ("PERMISSION", None)
    with pytest.raises(PermissionMissing):
        odometer.value_or_raise()
    assert event.get("charge-voltage") is None
    with pytest.raises(KeyError):
        event["charge-voltage"]


def test_what_is_said_of_a_delivery() -> None:
    meta = read(VehicleStateEvent, STATE).meta
    assert (meta.version, meta.mode, meta.sequence, meta.signal_count) == ("4.0", "LIVE", 1780300800000, 2)
    assert (meta.webhook_id, meta.webhook_name, meta.delivery_id) == (WEBHOOK, "State of charge", META["deliveryId"])
    assert (meta.delivered_at, meta.application_id) == (AT, META["applicationId"])


def test_triggers_are_the_same_in_both_forms() -> None:
    event, newer = read(VehicleStateEvent, STATE), read(VehicleStateEvent, NEWER_STATE)
    assert event.triggers[0] == newer.triggers[0]
    assert event.changed == newer.changed == (signals.TRACTIONBATTERY_STATEOFCHARGE,)
    assert (event.is_first, newer.is_first) == (False, True)
    assert newer.triggers[1] == Trigger(type="FIRST_DELIVERY")
    both = {**STATE, "data": {**STATE["data"], "triggers": NEWER_STATE["data"]["triggers"][:1]}}
    assert read(VehicleStateEvent, both).changed == event.changed
    assert read(VehicleStateEvent, {**STATE, "triggers": [{"type": "FIRST_DELIVERY"}]}).is_first
    assert read(VehicleStateEvent, without(STATE, "triggers")).triggers == ()


def test_the_form_of_newer_documentation() -> None:
    event = read(VehicleStateEvent, NEWER_STATE)
    assert event.vehicle.id == VEHICLE["id"]
    assert event.signals[0].retrieved_at == datetime(2026, 6, 1, 7, 59, 50, tzinfo=UTC)


def test_the_form_of_september_2025() -> None:
    event = read(VehicleStateEvent, EARLY_STATE)
    assert (event.meta.version, event.meta.webhook_id, event.meta.mode) == (None, None, "TEST")
    assert event.key == f"/{event.id}"
    assert event.meta.delivered_at == datetime(2025, 9, 8, 3, 6, 40, tzinfo=UTC)
    fuel, vin, odometer = event.signals
    assert (fuel.status, fuel.value, fuel.unit) == ("SUCCESS", 0.4, None)
    assert (vin.ok, vin.oem_updated_at, vin.retrieved_at) == (True, None, None)
    assert (odometer.ok, odometer.status) == (False, "UNAVAILABLE")
    assert event.changed == (signals.INTERNALCOMBUSTIONENGINE_FUELLEVEL,)
    assert event.is_first
    later = without(EARLY_STATE, "meta", "deliveredAt")
    assert read(VehicleStateEvent, later).meta.delivered_at == event.meta.delivered_at


@pytest.mark.parametrize("code", signals.CODES)
def test_the_code_of_a_signal_follows_from_group_and_name(code: str) -> None:
    trigger = {"type": "SIGNAL_UPDATED", "signal": code.replace("-", ".", 1)}
    assert read(VehicleStateEvent, {**EARLY_STATE, "triggers": [trigger]}).changed == (code,)


def test_what_is_wrong_with_a_vehicle() -> None:
    event = read(VehicleErrorEvent, ERROR)
    began, over, permission = event.errors
    assert (event.user.id, event.vehicle.id) == (USER["id"], VEHICLE["id"])
    assert (began.type, began.code, began.state, began.is_resolved) == (
        "CONNECTED_SERVICES_ACCOUNT",
        "AUTHENTICATION_FAILED",
        "ERROR",
        False,
    )
    assert began.resolution
    assert began.resolution.type == "REAUTHENTICATE"
    assert (began.suggested_user_message, began.doc_url) == (
        "Please connect the car again.",
        "https://example.org/errors",
    )
    assert [each.code for each in began.signals] == [signals.TRACTIONBATTERY_STATEOFCHARGE]
    assert isinstance(began.as_error(), AccountIssue)
    assert (over.is_resolved, over.resolution, over.signals, over.doc_url) == (True, None, (), None)
    assert permission.resolution
    assert (permission.code, permission.resolution.type) == (None, None)


def test_signals_of_an_error_as_texts_and_objects() -> None:
    (error,) = read(VehicleErrorEvent, EARLY_ERROR).errors
    assert [each.code for each in error.signals] == [
        "tractionbattery-stateofcharge",
        ODOMETER["code"],
        "charge-voltage",
    ]
    assert error.signals[0].group == "TractionBattery"


@pytest.mark.parametrize(
    ("value", "kind"), [(DYNAMIC, DynamicEvent), (SCHEDULED, ScheduledEvent), (SCHEDULE, ScheduledEvent)]
)
def test_what_vehicles_answered_in_version_2(value: dict[str, Any], kind: type[DynamicEvent | ScheduledEvent]) -> None:
    event = read(kind, value)
    (vehicle,) = event.vehicles
    assert (vehicle.vehicle_id, vehicle.request_id) == (
        "7d2c5b18-94ae-4c03-b6f1-e85a30d7c249",
        "91e6d0b4-3f2a-4c8e-a7d5-5b0c49f1e283",
    )
    charge = vehicle.data.charge()
    assert isinstance(charge, Charge)
    assert charge.state == "CHARGING"
    assert charge.meta.data_age == datetime(2025, 6, 1, 10, 15, 30, 120000, tzinfo=UTC)
    assert charge.meta.request_id == vehicle.request_id
    with pytest.raises(VehicleState) as caught:
        vehicle.data["/location"]()
    assert (caught.value.code, caught.value.request_id) == ("UNREACHABLE", vehicle.request_id)
    assert (event.meta.webhook_id, event.meta.mode, event.id, event.key) == (DYNAMIC["webhookId"], "live", None, None)


def test_items_of_version_2_without_headers_or_with_a_path_nobody_knows() -> None:
    data = [
        {"path": "odometer", "code": 200, "body": {"distance": 5}},
        {"path": "/tesla/compass", "code": 200, "body": {"heading": 18446744073709551616}},
        {"code": 200},
        "nothing",
    ]
    event = read(DynamicEvent, changed(DYNAMIC, "payload", "vehicles", to=[{"vehicleId": "v", "data": data}, 7]))
    (vehicle,) = event.vehicles
    assert vehicle.data.odometer().distance == 5
    assert vehicle.data.tesla_compass().raw == {"heading": 18446744073709551616}
    assert len(vehicle.data) == 2
    assert vehicle.data.odometer().meta.request_id is None


def test_charging_has_begun_in_version_2() -> None:
    event = read(ChargingEvent, EVENT_BASED.encode())
    assert (event.event_type, event.vehicle_id) == ("CHARGING_STARTED", "7d2c5b18-94ae-4c03-b6f1-e85a30d7c249")
    assert event.happened_at == datetime(2025, 3, 4, 5, 6, 7, 89000, tzinfo=UTC)
    assert (event.id, event.type, event.meta.mode) == ("c1a9d6e2-3b47-4f58-8e20-64d7b1a3f905", "eventBased", "test")


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        ({}, ""),
        ({"eventType": "VEHICLE_DANCED", "eventId": "e", "data": {"steps": 3}}, "VEHICLE_DANCED"),
        ({"eventType": 7}, ""),
        ({"eventName": "diagnostic", "payload": {"codes": []}}, "diagnostic"),
        ({"eventName": "eventBased", "payload": {"eventType": "DTC_FOUND"}}, "eventBased"),
        ({"eventName": "dynamic", "payload": {"cars": []}}, "dynamic"),
        ({"eventName": None}, ""),
    ],
)
def test_an_event_of_another_kind_is_kept_whole(value: dict[str, Any], type_: str) -> None:
    event = read(UnknownEvent, value)
    assert (event.raw, event.type) == (value, type_)


def test_words_and_members_added_later_are_kept() -> None:
    later = changed(STATE, "triggers", to=[{"type": "BATTERY_SWAPPED", "signal": None}, {"code": "MOON_FULL"}, {}, 3])
    later["data"]["signals"][0] |= {"status": {"value": "STALE"}, "mood": "good"}
    later["data"]["vehicle"]["powertrainType"] = "NUCLEAR"
    later["meta"]["mode"] = "DREAM"
    event = read(VehicleStateEvent, later)
    assert [each.type for each in event.triggers] == ["BATTERY_SWAPPED", "MOON_FULL"]
    assert (event.signals[0].status, event.signals[0].extra) == ("STALE", {"mood": "good"})
    assert (event.vehicle.powertrain_type, event.meta.mode) == ("NUCLEAR", "DREAM")
    error = changed(ERROR, "data", "errors", to=[{"type": "TIDE", "state": "PAUSED", "resolution": "WAIT"}])
    (found,) = read(VehicleErrorEvent, error).errors
    assert (found.type, found.state, found.is_resolved) == ("TIDE", "PAUSED", False)
    assert found.resolution
    assert found.resolution.type == "WAIT"


@pytest.mark.parametrize(
    "value",
    [
        changed(STATE, "meta", to=[]),
        changed(STATE, "meta", to={"sequence": "7", "deliveredAt": "then", "webhookId": 1, "version": 4.0}),
        changed(STATE, "eventId", to=12),
        changed(STATE, "triggers", to={"type": "FIRST_DELIVERY"}),
        changed(STATE, "data", "vehicle", "year", to="2024"),
        changed(STATE, "data", "signals", to=[{"code": "a", "body": 3, "status": "ERROR", "meta": 0}, "b"]),
        changed(STATE, "data", "signals", to=[]),
    ],
)
def test_what_is_of_an_unexpected_type_counts_as_not_said(value: dict[str, Any]) -> None:
    assert read(VehicleStateEvent, value).vehicle.id == VEHICLE["id"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (without(STATE, "data"), "data.signals"),
        (changed(STATE, "data", to=3), "data.signals"),
        (changed(STATE, "data", "signals", to={}), "data.signals"),
        (changed(STATE, "data", "signals", to=[{}]), "a signal has no code"),
        (without(STATE, "data", "user"), "data.user.id"),
        (without(STATE, "data", "vehicle"), "data.vehicle.id"),
        (changed(ERROR, "data", "vehicle", "id", to=""), "data.vehicle.id"),
        (without(VERIFY, "data"), "data.challenge"),
        (without(OLD_VERIFY, "payload"), "payload.challenge"),
        (changed(DYNAMIC, "payload", "vehicles", to=[{}]), "vehicleId"),
        (without(json.loads(EVENT_BASED), "payload", "vehicleId"), "payload.vehicleId"),
    ],
)
def test_what_must_be_there_is_named_when_it_is_not(value: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidDelivery, match=f"(?i){said}"):
        opened(value)


HOSTILE: Final = {
    "empty": b"",
    "HTML": b"<html><body>502 Bad Gateway</body></html>",
    "truncated": written(STATE)[:-40],
    "deep lists": b"[" * 200_000,
    "deep objects": b'{"a":' * 200_000,
    "deep data": b'{"eventType":"VEHICLE_STATE","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "NaN": b'{"eventType":"VEHICLE_STATE","data":{"signals":[{"code":"a","body":{"value":NaN}}]}}',
    "infinity": b'{"a":-Infinity}',
    "beyond a double": b'{"a":1e999}',
    "a number without end": b'{"a":' + b"9" * 100_000 + b"}",
    "no UTF-8": b'{"a":"\xff"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "NUL": b'{"a":"\x00"}',
    "a list": b"[]",
    "a text": b'"VERIFY"',
    "null": b"null",
    "two objects": b"{}{}",
    "ten megabytes of nothing": b" " * 10_000_000,
    "ten megabytes of a list": b"[" + b"0," * 5_000_000 + b"0]",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_delivery_is_an_error_of_the_sdk(name: str) -> None:
    with pytest.raises(InvalidDelivery) as caught:
        opened(HOSTILE[name])
    assert len(caught.value.received) <= 1024
    assert "carwire" not in str(caught.value)


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (rb"a\ud83d", "a\ufffd"),
        (rb"\ude97a", "\ufffda"),
        (rb"\uD83D\uD83D\uDE97", "\ufffd\U0001f697"),
        (rb"\\ud83d\ud83d", "\\ud83d\ufffd"),
        (rb"\\\ud83d", "\\\ufffd"),
    ],
)
def test_a_text_that_was_cut_inside_a_character_is_read(sent: bytes, text: str) -> None:
    event = read(VehicleStateEvent, written(STATE).replace(b'"One"', b'"' + sent + b'"'))
    assert event.vehicle.model == text


def test_ten_megabytes_of_an_event_are_read() -> None:
    value = changed(
        STATE, "data", "signals", to=[{"code": f"a-{n}", "body": {"value": "x" * 90}} for n in range(80_000)]
    )
    body = written(value)
    assert len(body) > 10_000_000
    assert len(read(VehicleStateEvent, body).signals) == 80_000


def test_of_a_key_that_is_there_twice_the_last_counts() -> None:
    body = written(STATE)[:-1] + b',"eventId":"another"}'
    assert read(VehicleStateEvent, body).id == "another"


def test_the_signed_message_id_names_an_event_that_names_none() -> None:
    body = written(DYNAMIC)
    both = {**sc_signed(body), **standard_signed(body)}

    def key(headers: dict[str, str], **keys: str) -> str | None:
        return unwrap(body, headers, clock=lambda: AT, **keys).key  # type: ignore[arg-type]

    assert key(both, management_token=AMT, secret=SECRET) == f"{DYNAMIC['webhookId']}/msg_1"
    assert key(both, secret=SECRET) == f"{DYNAMIC['webhookId']}/msg_1"
    assert key(both, management_token=AMT) is None  # then nothing has signed it
    assert key({**both, "webhook-id": "forged"}, management_token=AMT, secret=SECRET) is None


JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def mangled(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a delivery of some form in which up to three members are something else."""
    value: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(list(FORMS.values()))))
    for _ in range(draw(st.integers(1, 3))):
        inner: Any = value
        while True:
            places = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
            if not places:
                break
            place = draw(st.sampled_from(places))
            if not isinstance(inner[place], dict | list) or draw(st.booleans()):
                inner[place] = draw(JSON)
                break
            inner = inner[place]
    return value


@settings(max_examples=600, deadline=None)
@given(mangled())
def test_whatever_a_delivery_holds_it_is_an_event_or_an_error_of_the_sdk(value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    try:
        event = opened(body)
    except InvalidDelivery:
        return
    assert repr(event)
    items = [item for each in getattr(event, "vehicles", ()) for item in each.data]
    for item in items:
        with contextlib.suppress(CarwireError):
            item()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_an_error_of_the_sdk(body: bytes) -> None:
    with contextlib.suppress(InvalidDelivery):
        assert isinstance(opened(body), UnknownEvent)
