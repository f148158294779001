"""Commands of v3: their answers, the long tail, keys and deadlines, unknown ends, and executions read back."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from tests.conftest import Answer, Owned, built
from tests.fakes import StandingClock
from tests.http.v3.forms import refused, refused_preview
from tests.http.v3.garage import Garage
from tests.http.v3.test_isolation import Spouse
from tests.support import connect
from tests.wire.v3.bodies import STAMP

from carwire.core.commands import CommandRecord
from carwire.core.ports import Source
from carwire.http.v3 import commands
from carwire.wire.v3.commands import CALLS

BEV, TESLA, BARE = "simulated-bev", "tesla-3", "simulated-bare"
ATTRIBUTES: dict[str, dict[str, Any]] = {
    "/charge/set-limit": {"percent": 80},
    "/navigation/set-destination": {"latitude": 52.52, "longitude": 13.4},
}
EXECUTION = re.compile("exec_[0-9a-f]{32}")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Garage]:
    with built(tmp_path_factory.mktemp("commands")) as place:
        yield Garage(place)


@pytest.fixture
def garage(shared: Garage) -> Garage:
    """A garage in which nothing has happened yet."""
    shared.begin_again()
    shared.state.commands.clear()
    shared.state.keys.clear()
    shared.set(BEV, "parked", charge=0.4, locked=False)
    return shared


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Callable[..., Garage]]:
    with ExitStack() as stack:
        yield lambda **settings: Garage(stack.enter_context(built(tmp_path, **settings)))


def records(garage: Garage) -> list[CommandRecord]:
    return list(garage.state.commands.values())


def done(answer: Answer) -> dict[str, Any]:
    """Fail unless a command is answered as one that is done; return its execution."""
    assert answer.status == 200, answer
    assert list(answer.json()) == ["data"]
    assert answer.header("carwire-command-outcome") == "done"
    body: dict[str, Any] = answer.json()["data"]
    command_id = answer.header("carwire-command-id") or ""
    assert body["id"] == f"exec_{command_id.replace('-', '')}"
    assert body["type"] == "command-execution"
    return body


# Answers.


@pytest.mark.parametrize("suffix", CALLS)
def test_a_command_that_is_done_is_answered_as_an_execution(garage: Garage, suffix: str) -> None:
    if suffix.startswith("/charge/"):
        garage.set(BEV, plug="ac")
    if suffix in {"/charge/start", "/charge/set-limit"}:
        garage.command(BEV, "/charge/stop")
        garage.state.commands.clear()
    body = done(garage.command(BEV, suffix, ATTRIBUTES.get(suffix)))
    assert EXECUTION.fullmatch(body["id"])
    attributes = {
        "commandType": CALLS[suffix].command,
        "status": {"value": "SUCCESS"},
        "executionMode": "sync",
        **({"parameters": ATTRIBUTES[suffix]} if suffix in ATTRIBUTES else {}),
    }
    assert body["attributes"] == attributes
    assert list(body["meta"]) == ["executedAt", "completedAt", "durationInSeconds"]
    assert all(STAMP.fullmatch(body["meta"][name]) for name in ("executedAt", "completedAt"))
    assert body["meta"]["durationInSeconds"] >= 0
    (record,) = records(garage)
    assert (record.name, record.arguments, record.state) == (CALLS[suffix].command, ATTRIBUTES.get(suffix, {}), "done")


NOTHING: list[object] = [None, b"", b" ", {}, {"data": {}}, {"data": {"attributes": {}}}, {"data": {"type": "x"}}]


@pytest.mark.parametrize("body", [*NOTHING, {"data": None}])
def test_a_command_without_a_body_takes_nothing_in_every_spelling(garage: Garage, body: object) -> None:
    done(garage.ask(BEV, "/commands/security/lock", body, "POST"))
    target, owner = f"/v3/vehicles/{garage.ids[BEV]}/commands/security/unlock", garage.car.user_id.encode()
    done(garage.place.ask("POST", target, [garage.place.machine, (b"sc-user-id", owner)]))


def test_what_is_sent_beside_the_attributes_is_left_aside(garage: Garage) -> None:
    garage.set(BEV, plug="ac")
    garage.command(BEV, "/charge/stop")
    body = {"data": {"type": "command", "id": "x", "meta": {}, "attributes": {"percent": 90}}, "jsonapi": {}}
    assert done(garage.ask(BEV, "/commands/charge/set-limit", body, "POST"))["attributes"]["parameters"] == {
        "percent": 90
    }


def test_the_effect_shows_in_the_signals(garage: Garage) -> None:
    def locked() -> bool:
        body: dict[str, Any] = garage.ask(BEV, "/signals/closure-islocked").json()
        return bool(body["data"]["attributes"]["body"]["value"])

    assert not locked()
    done(garage.command(BEV, "/security/lock"))
    assert locked()
    done(garage.command(BEV, "/security/unlock"))
    assert not locked()


def test_a_car_in_the_wrong_state_refuses(garage: Garage) -> None:
    answer = garage.command(BEV, "/charge/start")
    entry = refused(garage.place, answer, 409, "CHARGING_PLUG_NOT_CONNECTED")
    assert (entry["type"], entry["suggestedUserMessage"]) == ("VEHICLE_STATE", "Please plug your car in first.")
    assert answer.header("carwire-command-outcome") == "refused"
    assert [record.state for record in records(garage)] == ["refused"]


def test_a_car_that_cannot_refuses(garage: Garage) -> None:
    for suffix in CALLS:
        answer = garage.command(BARE, suffix, ATTRIBUTES.get(suffix))
        assert refused(garage.place, answer, 501, "VEHICLE_NOT_CAPABLE")["type"] == "COMPATIBILITY"


# What each outcome of the car comes to: kind of fault → status, code, outcome.
FAULTS = {
    "VEHICLE_STATE:ASLEEP": (409, "ASLEEP", "not_sent"),
    "VEHICLE_STATE:IN_MOTION": (409, "IN_MOTION", "refused"),
    "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED": (400, "AUTHENTICATION_FAILED", "refused"),
    "COMPATIBILITY:PLATFORM_NOT_CAPABLE": (501, "PLATFORM_NOT_CAPABLE", "refused"),
    "RATE_LIMIT:VEHICLE": (429, "VEHICLE", "not_sent"),
    "BILLING:INVALID_PLAN": (430, "INVALID_PLAN", "refused"),
    "UPSTREAM:KNOWN_ISSUE": (502, "KNOWN_ISSUE", "not_sent"),
    "UPSTREAM:RATE_LIMIT": (502, "RATE_LIMIT", "not_sent"),
    "UPSTREAM:NO_RESPONSE": (504, "NO_RESPONSE", "unknown"),
    "UPSTREAM:INVALID_DATA": (504, "NO_RESPONSE", "unknown"),
    "UPSTREAM:UNKNOWN_ISSUE": (504, "NO_RESPONSE", "unknown"),
    "SERVER:INTERNAL": (500, "INTERNAL", "not_sent"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_command_that_fails_says_why_and_whether_it_was_sent(garage: Garage, kind: str) -> None:
    garage.fail(BEV, kind=kind, on="commands")
    status, code, outcome = FAULTS[kind]
    answer = garage.command(BEV, "/security/lock")
    entry = refused(garage.place, answer, status, code)
    assert answer.header("carwire-command-outcome") == outcome
    if outcome == "unknown":
        assert "read the car before sending it again" in entry["detail"]
    command_id = (answer.header("carwire-command-id") or "").replace("-", "")
    read = garage.ask(BEV, f"/command-executions/exec_{command_id}")
    body = read.json()["data"]
    assert read.status == 200
    error = body["attributes"]["status"]["error"]
    assert body["attributes"]["status"]["value"] == "ERROR"
    assert f"{error['type']}:{error['code']}" == kind
    assert body["meta"].keys() == {"executedAt", "completedAt", "durationInSeconds"}


# The long tail.


class Going:
    """A command on its way, and what has come back so far."""

    def __init__(self, place: Owned, scope: dict[str, Any], body: bytes) -> None:
        self.messages: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._sent = [{"type": "http.request", "body": body, "more_body": False}]
        work = cast("Coroutine[Any, Any, None]", place.asgi(scope, self._receive, self._send))  # type: ignore[arg-type]
        self.task = asyncio.create_task(work)

    async def come(self, many: int = 1) -> None:
        """Wait until so many messages have come back."""
        while len(self.messages) < many:
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), 20)

    async def headers(self) -> dict[str, str]:
        """Wait for the headers of a long answer."""
        await self.come()
        start = self.messages[0]
        assert (start["type"], start["status"]) == ("http.response.start", 202)
        return {name.decode(): value.decode() for name, value in start["headers"]}

    async def body(self) -> bytes:
        """Wait for all of the body."""
        await asyncio.wait_for(self.task, 20)
        assert not self.messages[-1].get("more_body", False)
        return b"".join(message["body"] for message in self.messages[1:])

    async def _receive(self) -> Any:
        if self._sent:
            return self._sent.pop()
        await self._over.wait()  # the caller stays to the end
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.messages.append(message)
        self._news.set()
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self._over.set()


class Held:
    """Cars that answer commands when they are let."""

    def __init__(self, garage: Garage, patch: pytest.MonkeyPatch) -> None:
        self.garage = garage
        self.may_answer = asyncio.Event()
        self.headers = [garage.place.machine, (b"sc-user-id", garage.car.user_id.encode())]
        patch.setattr(garage.source_of_cars, "_sleep", lambda _: self.may_answer.wait())
        garage.fail(BEV, latency_s=600, on="commands")

    def begin(self, path: str, attributes: object = None, **headers: str) -> Going:
        """Send a command and do not wait for its end."""
        given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        sent = b"" if attributes is None else json.dumps({"data": {"attributes": attributes}}).encode()
        raw = f"/v3/vehicles/{self.garage.ids[BEV]}{path}"
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": raw,
            "raw_path": raw.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [*self.headers, *given],
            "client": ("127.0.0.1", 1),
            "server": ("test", 80),
            "state": {},
        }
        return Going(self.garage.place, scope, sent)


@pytest.fixture
def patient(own: Callable[..., Garage]) -> Garage:
    garage = own(long_command_after=0.01)
    garage.set(BEV, "parked", charge=0.4, locked=False)
    return garage


def test_a_command_that_takes_long_is_begun_with_headers_and_ended_by_its_body(
    patient: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(patient, monkeypatch)

    async def walk() -> bytes:
        going = held.begin("/commands/security/lock")
        headers = await going.headers()
        assert headers["content-type"] == "application/json"
        assert "content-length" not in headers
        assert re.fullmatch("[0-9a-f-]{36}", headers["sc-request-id"])
        assert not going.task.done()
        (record,) = records(patient)
        assert record.state == "sent"
        path = f"/v3/vehicles/{patient.ids[BEV]}/command-executions/exec_{record.id.replace('-', '')}"
        under_way = (await patient.place.send("GET", path, held.headers)).json()["data"]
        assert under_way["attributes"]["status"] == {"value": "IN_PROGRESS"}
        assert list(under_way["meta"]) == ["executedAt"]
        held.may_answer.set()
        return await going.body()

    found = json.loads(asyncio.run(walk()))
    assert found["data"]["attributes"]["status"] == {"value": "SUCCESS"}
    assert [record.state for record in records(patient)] == ["done"]


@pytest.mark.parametrize("kind", ["VEHICLE_STATE:ASLEEP", "UPSTREAM:NO_RESPONSE", "RATE_LIMIT:VEHICLE"])
def test_an_error_at_the_end_has_a_status_of_its_own(
    patient: Garage, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    patient.fail(BEV, kind=kind, on="commands")
    status, code, _ = FAULTS[kind]
    held = Held(patient, monkeypatch)

    async def walk() -> tuple[dict[str, str], bytes]:
        going = held.begin("/commands/security/lock")
        headers = await going.headers()
        held.may_answer.set()
        return headers, await going.body()

    headers, body = asyncio.run(walk())
    (entry,) = json.loads(body)["errors"]
    assert (entry["status"], entry["code"]) == (str(status), code)
    assert entry["meta"]["debug"]["requestId"] == headers["sc-request-id"]


def test_a_sign_of_life_goes_out_now_and_then(patient: Garage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_ALIVE_S", 0.001)
    held = Held(patient, monkeypatch)

    async def walk() -> bytes:
        going = held.begin("/commands/security/lock")
        await going.come(4)
        assert [message["body"] for message in going.messages[1:4]] == [b" "] * 3
        held.may_answer.set()
        return await going.body()

    body = asyncio.run(walk())
    assert body.startswith(b"   ")
    assert json.loads(body)["data"]["attributes"]["commandType"] == "security-lock"


def test_a_caller_who_goes_away_does_not_take_the_command_along(
    patient: Garage, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(patient, monkeypatch)

    async def walk() -> None:
        going = held.begin("/commands/security/lock")
        await going.headers()
        going.task.cancel()
        await asyncio.gather(going.task, return_exceptions=True)
        assert [record.state for record in records(patient)] == ["sent"]
        held.may_answer.set()
        await patient.place.carwire.services.commands.finish()

    asyncio.run(walk())
    assert [record.state for record in records(patient)] == ["done"]


def test_a_refusal_before_anything_is_sent_is_not_begun_with_202(patient: Garage) -> None:
    patient.grant(BEV, ["read_odometer"])
    refused(patient.place, patient.command(BEV, "/security/lock"), 403)
    refused(patient.place, patient.command(BEV, "/charge/set-limit", {"percent": 1}), 400)


def test_a_schedule_that_takes_long_has_a_tail_as_well(patient: Garage, monkeypatch: pytest.MonkeyPatch) -> None:
    daily = {"location": {"latitude": 1, "longitude": 2}, "startTime": "22:00", "stopTime": "06:00"}
    held = Held(patient, monkeypatch)

    async def walk() -> bytes:
        going = held.begin("/charge-schedules/daily", daily)
        await going.headers()
        held.may_answer.set()
        return await going.body()

    (entry,) = json.loads(asyncio.run(walk()))["errors"]
    assert (entry["status"], entry["code"]) == ("501", "VEHICLE_NOT_CAPABLE")


# Keys and deadlines.


def test_a_repeated_request_with_a_key_is_answered_as_the_first(garage: Garage) -> None:
    first = done(garage.command(BEV, "/security/lock", idempotency_key="k"))
    garage.set(BEV, locked=False)
    assert done(garage.command(BEV, "/security/lock", idempotency_key="k")) == first
    assert len(records(garage)) == 1
    assert done(garage.command(BEV, "/security/lock", idempotency_key="l"))["id"] != first["id"]
    assert done(garage.command(BEV, "/security/lock"))["id"] != first["id"]
    assert done(garage.command(BEV, "/security/lock", idempotency_key=""))["id"] != first["id"]


def test_a_key_names_one_command_of_one_vehicle(garage: Garage) -> None:
    done(garage.command(BEV, "/security/lock", idempotency_key="k"))
    entry = refused(garage.place, garage.command(BEV, "/security/unlock", idempotency_key="k"), 400)
    assert entry["detail"].startswith("idempotency-key: ")
    done(garage.command("simulated-phev", "/security/unlock", idempotency_key="k"))


def test_a_key_replays_failures_but_not_what_was_not_sent(garage: Garage) -> None:
    garage.fail(BEV, kind="UPSTREAM:NO_RESPONSE", on="commands")
    unknown = garage.command(BEV, "/security/lock", idempotency_key="a")
    garage.mend(BEV)
    again = garage.command(BEV, "/security/lock", idempotency_key="a")
    assert (unknown.status, again.status) == (504, 504)
    assert again.header("carwire-command-id") == unknown.header("carwire-command-id")
    garage.fail(BEV, kind="VEHICLE_STATE:ASLEEP", on="commands")
    assert garage.command(BEV, "/security/unlock", idempotency_key="b").status == 409
    garage.mend(BEV)
    done(garage.command(BEV, "/security/unlock", idempotency_key="b"))


@pytest.mark.parametrize(("headers", "seconds"), [({}, 300), ({"carwire_deadline": "7"}, 7)])
def test_a_command_is_sent_before_its_deadline(garage: Garage, headers: dict[str, str], seconds: int) -> None:
    done(garage.command(BEV, "/security/lock", **headers))
    (record,) = records(garage)
    assert record.deadline_at - record.accepted_at == timedelta(seconds=seconds)


def test_a_command_that_waits_past_its_deadline_is_not_sent(
    own: Callable[..., Garage], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = StandingClock()
    garage = own(clock=clock, long_command_after=0.01)

    held = Held(garage, monkeypatch)

    async def walk() -> tuple[bytes, bytes]:
        first = held.begin("/commands/security/lock")
        await first.headers()
        second = held.begin("/commands/security/unlock", carwire_deadline="5")
        await second.headers()
        clock.move(seconds=6)
        held.may_answer.set()
        return await first.body(), await second.body()

    first, second = asyncio.run(walk())
    assert json.loads(first)["data"]["attributes"]["status"] == {"value": "SUCCESS"}
    (entry,) = json.loads(second)["errors"]
    assert (entry["status"], entry["code"]) == ("502", "NO_RESPONSE")
    assert [record.state for record in records(garage)] == ["done", "not_sent"]


# Executions.


def test_an_execution_is_read_back(garage: Garage) -> None:
    body = done(garage.command(BEV, "/navigation/set-destination", ATTRIBUTES["/navigation/set-destination"]))
    answer = garage.ask(BEV, f"/command-executions/{body['id']}")
    assert (answer.status, answer.json()) == (200, {"data": body})
    again = garage.ask(BEV, f"/command-executions/{body['id']}", if_none_match=answer.header("etag") or "")
    assert (again.status, again.body) == (304, b"")


def test_a_command_of_v2_is_read_back_too(garage: Garage) -> None:
    sent = garage.as_v2(BEV, "POST", "/security", {"action": "LOCK"})
    command_id = (sent.header("carwire-command-id") or "").replace("-", "")
    body = garage.ask(BEV, f"/command-executions/exec_{command_id}").json()["data"]
    assert (body["attributes"]["commandType"], body["attributes"]["status"]) == ("security-lock", {"value": "SUCCESS"})


def test_an_execution_is_told_to_its_owner_and_of_its_vehicle_alone(garage: Garage) -> None:
    place = garage.place
    body = done(garage.command(BEV, "/security/lock"))
    path = f"/command-executions/{body['id']}"
    refused(place, garage.ask("simulated-phev", path), 404, "COMMAND_NOT_FOUND")
    other: Owned = place.another()
    car = other.connect("owner@example.com", "SIMULATED")
    refused(place, other.v3("GET", f"/vehicles/{car.vehicle_id}{path}", car.user_id), 404, "COMMAND_NOT_FOUND")
    source = cast("Source", Spouse(place.source))
    name = f"{len(garage.models)}-vehicles@smartcar.com"
    spouse = place.run(connect(place.carwire, place.hasher, source, place.client_id, name, "SIMULATED"))
    vehicle_id = garage.ids[BEV]
    assert vehicle_id in spouse.vehicle_ids
    refused(place, place.v3("GET", f"/vehicles/{vehicle_id}{path}", spouse.user_id), 404, "COMMAND_NOT_FOUND")
    own = place.v3("POST", f"/vehicles/{vehicle_id}/commands/security/lock", spouse.user_id).json()["data"]["id"]
    assert place.v3("GET", f"/vehicles/{vehicle_id}/command-executions/{own}", spouse.user_id).status == 200
    refused(place, garage.ask(BEV, f"/command-executions/{own}"), 404)


# Generations.


def test_a_forced_preview_has_executions_bare(own: Callable[..., Garage]) -> None:
    garage = own(v3_generation="preview")
    body = garage.command(BEV, "/security/lock").json()
    assert body.keys() == {"id", "type", "attributes", "meta"}
    assert garage.ask(BEV, f"/command-executions/{body['id']}").json() == body
    garage.fail(BEV, kind="VEHICLE_STATE:ASLEEP", on="commands")
    problem = refused_preview(garage.place, garage.command(BEV, "/security/lock"), 409, "conflict")
    assert (problem["type"], problem["code"]) == ("VEHICLE_STATE", "ASLEEP")
