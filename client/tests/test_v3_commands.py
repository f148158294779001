"""Commands and charge schedules of API v3: both clients, against Carwire itself, and long tails that are told."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest
from client.tests.conftest import KINDS, Drive, Hand, Place, Told, answer, hand_of, on_a_socket, request_of
from tests.conftest import built
from tests.support import Connected

from carwire_client import (
    CarwireError,
    InvalidAnswer,
    InvalidRequest,
    NotCapable,
    NotFound,
    ServerFailed,
    Timeouts,
    VehicleState,
)
from carwire_client.calls.ga import commands
from carwire_client.exchange import Lost
from carwire_client.settings import OwnedReach
from carwire_client.v3 import Execution, V3Client

CAR = OwnedReach(id="car", user_id="me", token="tok")
BODY = {
    "data": {
        "id": "exec_1",
        "type": "command-execution",
        "attributes": {
            "commandType": "charge-set-limit",
            "status": {"value": "SUCCESS"},
            "executionMode": "sync",
            "parameters": {"percent": 80},
        },
        "meta": {
            "executedAt": "2026-06-01T08:00:00.000Z",
            "completedAt": "2026-06-01T08:00:06.500Z",
            "durationInSeconds": 6.5,
        },
    }
}
ASLEEP = {"errors": [{"status": "409", "type": "VEHICLE_STATE", "code": "ASLEEP", "detail": "It sleeps."}]}


@pytest.fixture(scope="module")
def machine(place: Place) -> dict[str, str]:
    """Credentials of the application itself."""
    new = place.owned.run(place.owned.carwire.services.credentials.draw(place.owned.client_id))
    return {"v3_client_id": new.machine_id, "v3_client_secret": new.secret.reveal()}


@pytest.fixture(scope="module")
def tesla(place: Place) -> Connected:
    """An owner with one electric car."""
    return place.connect("tesla@example.com", "TESLA")


@pytest.fixture(params=KINDS)
def v3(request: pytest.FixtureRequest, place: Place, machine: dict[str, str]) -> Iterator[Hand]:
    """Each kind of client, with credentials of v3."""
    with place.hand(request.param, **machine) as made:
        yield made


def test_commands_are_carried_out_and_read_again(v3: Hand, tesla: Connected) -> None:
    car = v3.client.v3.vehicle(tesla.vehicle_id, tesla.user_id)
    for name in ("unlock", "lock"):
        done = v3(getattr(car, name)())
        assert (done.command_type, done.status, done.ok) == (f"security-{name}", "SUCCESS", True)
        assert done.executed_at.tzinfo is UTC
        assert abs(done.duration - (done.completed_at - done.executed_at)) <= timedelta(milliseconds=1)
        assert v3(car.execution(done.id)).completed_at == done.completed_at
    there = v3(car.set_destination(52.5, 13.4))
    assert there.parameters == {"latitude": 52.5, "longitude": 13.4}
    with pytest.raises(NotFound):
        v3(car.execution("exec_" + "0" * 32))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("start_charge", ()),
        ("stop_charge", ()),
        ("set_charge_limit", (80,)),
        ("open_charge_port", ()),
        ("close_charge_port", ()),
    ],
)
def test_every_other_command_is_done_or_refused_by_the_car(
    v3: Hand, tesla: Connected, name: str, arguments: tuple[Any, ...]
) -> None:
    car = v3.client.v3.vehicle(tesla.vehicle_id, tesla.user_id)
    try:
        assert v3(getattr(car, name)(*arguments)).ok
    except (VehicleState, NotCapable) as error:
        assert error.status_code in {409, 501}
        assert not error.may_have_happened


def test_a_command_with_the_same_key_is_the_same_command(v3: Hand, tesla: Connected) -> None:
    car, key = v3.client.v3.vehicle(tesla.vehicle_id, tesla.user_id), f"v3-lock-{v3.kind}"
    first, second = (v3(car.lock(idempotency_key=key)) for _ in range(2))
    assert first.id == second.id != v3(car.lock()).id


def test_schedules_are_set_and_deleted(v3: Hand, tesla: Connected, place: Place) -> None:
    car = v3.client.v3.vehicle(tesla.vehicle_id, tesla.user_id)
    night, day = ("22:00", "06:00"), ("10:00", "14:00")
    for kind, given in (("daily", night), ("weekly", ({"Monday": night},)), ("workweek", (night, day))):
        made = v3(getattr(car, f"set_{kind}_schedule")(39.7, -104.9, *given))
        assert (made.action, made.schedule_type, made.command_type) == ("create", kind, None)
        assert made.parameters["location"] == {"latitude": 39.7, "longitude": -104.9}
        assert v3(car.execution(made.id)).schedule_id == made.schedule_id
        ended = v3(car.delete_schedule(made.schedule_id))
        assert (ended.action, ended.schedule_id) == ("delete", made.schedule_id)
    with pytest.raises(NotFound):
        v3(car.delete_schedule("none"))
    other = place.connect("kia@example.com", "KIA")
    with pytest.raises(NotCapable):
        v3(v3.client.v3.vehicle(other.vehicle_id, other.user_id).set_daily_schedule(1, 2, *night))


def test_the_server_says_which_limits_it_takes(v3: Hand, tesla: Connected) -> None:
    with pytest.raises(InvalidRequest, match="percent"):
        v3(v3.client.v3.vehicle(tesla.vehicle_id, tesla.user_id).set_charge_limit(30))


def test_commands_are_sent_as_documented() -> None:
    method, url, headers, body = request_of(commands.set_charge_limit(CAR, 80, idempotency_key="k"))
    assert (method, url) == ("POST", "https://cars.test/v3/vehicles/car/commands/charge/set-limit")
    assert body == '{"data":{"attributes":{"percent":80}}}'
    assert (headers["sc-user-id"], headers["idempotency-key"]) == ("me", "k")
    assert request_of(commands.open_charge_port(CAR))[1].endswith("/commands/charge-port/open")
    assert request_of(commands.lock(CAR))[3] is None
    weekly = request_of(commands.set_weekly_schedule(CAR, 1, 2, {"MONDAY": ("22:00", "06:00")}))[3]
    assert json.loads(weekly or "")["data"]["attributes"]["days"] == {
        "monday": {"startTime": "22:00", "stopTime": "06:00"}
    }


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: commands.set_charge_limit(CAR, 101),
        lambda: commands.set_charge_limit(CAR, 0.8),  # type: ignore[arg-type]
        lambda: commands.set_charge_limit(CAR, True),
        lambda: commands.set_destination(CAR, 91, 0),
        lambda: commands.set_daily_schedule(CAR, 0, 0, "9:00", "10:00"),
        lambda: commands.set_daily_schedule(CAR, 0, 0, "09:00", "24:00"),
        lambda: commands.set_weekly_schedule(CAR, 0, 0, {}),
    ],
)
def test_what_cannot_be_sent_is_not(wrong: Callable[[], object]) -> None:
    with pytest.raises(ValueError):
        wrong()


def test_an_execution_is_read() -> None:
    found = Drive([answer(200, json.dumps(BODY))])(commands.set_charge_limit(CAR, 80))
    assert (found.id, found.command_type, found.parameters) == ("exec_1", "charge-set-limit", {"percent": 80})
    assert found.duration == timedelta(seconds=6.5)
    assert found.extra == {}


def test_all_attempts_carry_one_key() -> None:
    drive = Drive([answer(503), Lost("not_sent", "refused"), answer(200, json.dumps(BODY))])
    drive(commands.lock(CAR))
    assert {dict(each.headers)["idempotency-key"] for each in drive.sent} == {"key-1"}
    with pytest.raises(CarwireError) as caught:
        Drive([Lost("broken", "reset")])(commands.lock(CAR))
    assert caught.value.may_have_happened


def test_a_long_tail_holds_data_or_errors_whose_own_status_counts() -> None:
    assert Drive([answer(202, "    " + json.dumps(BODY))])(commands.lock(CAR)).ok
    with pytest.raises(VehicleState) as caught:
        Drive([answer(202, "  " + json.dumps(ASLEEP))])(commands.lock(CAR))
    assert (caught.value.status_code, caught.value.code) == (409, "ASLEEP")
    assert not caught.value.may_have_happened
    unknown = {"errors": [{"status": "504", "type": "UPSTREAM", "code": "NO_RESPONSE"}]}
    with pytest.raises(ServerFailed) as lost:
        Drive([answer(202, json.dumps(unknown))])(commands.lock(CAR))
    assert lost.value.may_have_happened


def test_an_execution_that_failed_is_raised_and_read_later_as_a_value() -> None:
    body = json.loads(json.dumps(BODY))
    body["data"]["attributes"]["status"] = {"value": "ERROR", "error": {"type": "VEHICLE_STATE", "code": "ASLEEP"}}
    with pytest.raises(VehicleState) as caught:
        Drive([answer(200, json.dumps(body))])(commands.lock(CAR))
    assert not caught.value.may_have_happened
    later = Drive([answer(200, json.dumps(body))])(commands.execution(CAR, "exec_1"))
    assert (later.status, later.error.code, later.ok) == ("ERROR", "ASLEEP", False)


@pytest.mark.parametrize("body", [b"", b"   ", b"[]", b"{}", b'{"data":5}', b'{"data":{"id":5}}', b"<html>"])
def test_tails_that_are_nothing_are_invalid_answers(body: bytes) -> None:
    with pytest.raises(InvalidAnswer) as caught:
        Drive([answer(202, body)])(commands.lock(CAR))
    assert caught.value.may_have_happened


@pytest.mark.parametrize("kind", KINDS)
def test_a_tail_that_comes_in_pieces_is_read_to_its_end(kind: str, told: Told) -> None:
    def slow(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n")
        for piece in (b" ", b" ", json.dumps(ASLEEP).encode()):
            told.done.wait(0.05)
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")

    told.tell(slow)
    with hand_of(kind, told.url, timeouts=Timeouts(command=5)) as hand:
        face = type(hand.client.v3)(client=hand.client, token="t")
        with pytest.raises(VehicleState, match="sleeps"):
            hand(face.vehicle("car", "me").lock())


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_answer_of_carwire_is_read_to_its_end(kind: str, tmp_path: Path) -> None:
    with built(tmp_path, long_command_after=0.01) as owned, on_a_socket(owned.asgi) as url:
        place = Place(owned, url)
        new = owned.run(owned.carwire.services.credentials.draw(owned.client_id))
        machine = {"v3_client_id": new.machine_id, "v3_client_secret": new.secret.reveal()}
        owner = place.connect("late@example.com", "TESLA")
        with place.hand(kind, **machine) as hand:
            car, vin = hand.client.v3.vehicle(owner.vehicle_id, owner.user_id), owner.vins[0]
            hand(hand.client.v1.add_simulated_fault(vin, latency_s=0.2, on="commands"))
            done = hand(car.unlock())
            assert (done.meta.status, done.status) == (202, "SUCCESS")
            hand(hand.client.v1.add_simulated_fault(vin, kind="VEHICLE_STATE:ASLEEP", latency_s=0.2, on="commands"))
            with pytest.raises(VehicleState) as caught:
                hand(car.lock())
            assert (caught.value.status_code, caught.value.code) == (409, "ASLEEP")


def test_a_command_waits_as_long_as_the_wire_allows() -> None:
    assert (Timeouts().command, Timeouts().overall) == (310.0, 310.0)
    assert V3Client.__doc__
    assert Execution.__doc__
