"""The life of a webhook over HTTP: made, verified, told of cars, paused, resumed, replayed. The receiver is one that
the official package verifies in.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import smartcar
from tests.conftest import CARWIRE, Server, environment, started, until
from tests.contract.machines import Machine, machine_of
from tests.contract.test_schemathesis import connected
from tests.receiver import LOOPBACK, Receiver, receiving

LOCKED, SOC, ODOMETER = "closure-islocked", "tractionbattery-stateofcharge", "odometer-traveleddistance"
JSON = (b"content-type", b"application/json")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {**LOOPBACK, "CARWIRE_VEHICLE_READS_PER_MINUTE": "1000000"}
    with started(tmp_path_factory.mktemp("hooks") / "data", **settings) as server:
        yield server
        assert '"level":"error"' not in server.log


@pytest.fixture(scope="module")
def machine(place: Server) -> Machine:
    return machine_of(place)


@pytest.fixture
def receiver(place: Server) -> Iterator[Receiver]:
    with receiving() as found:
        found.management_token = place.demo["application_management_token"]
        yield found


def manage(place: Server, method: str, path: str = "", body: object = None, status: int = 200) -> Any:
    """Ask for something about webhooks with the management token."""
    token = place.demo["application_management_token"].encode()
    sent = b"" if body is None else json.dumps(body).encode()
    answer = place.ask(method, f"/v1/webhooks{path}", [(b"authorization", b"Bearer " + token), JSON], sent)
    assert answer.status == status, answer
    return answer.json() if answer.body else None


def turn(place: Server, vin: str, locked: bool) -> None:
    """Lock or unlock a simulated car by hand."""
    answer = place.post(f"/v1/simulator/cars/{vin}", {"settings": {"locked": locked}})
    assert answer.status == 200, answer


def vin_of(place: Server, owner: dict[str, Any]) -> str:
    bearer = (b"authorization", b"Bearer " + owner["access_token"].encode())
    found: str = place.ask("GET", f"/v2.0/vehicles/{owner['vehicle_ids'][0]}/vin", [bearer]).json()["vin"]
    return found


def types(receiver: Receiver) -> list[str]:
    return [event["triggers"][0]["type"] for event in receiver.told if event["eventType"] == "VEHICLE_STATE"]


def test_a_webhook_from_its_making_to_its_end(place: Server, machine: Machine, receiver: Receiver) -> None:
    wanted = {"name": "Locks", "url": receiver.url, "triggers": [{"code": LOCKED}], "signals": [LOCKED, ODOMETER]}
    made = manage(place, "POST", "", wanted)
    assert (made["verification"]["verified"], made["webhook"]["state"], receiver.asked) == (True, "active", 1)
    assert made["secret"].startswith("whsec_")
    path = f"/{made['webhook']['id']}"
    assert [each["id"] for each in manage(place, "GET")["webhooks"]] == [made["webhook"]["id"]]

    first, second = (connected(place, "TESLA", f"{name}@hooks.example") for name in ("one", "two"))
    vins = [vin_of(place, each) for each in (first, second)]
    for vin in vins:
        turn(place, vin, True)
    bearer = (b"authorization", b"Bearer " + first["access_token"].encode())
    by_v2 = place.ask("POST", f"/v2.0/vehicles/{first['vehicle_ids'][0]}/webhooks{path}", [bearer])
    assert by_v2.status == 200
    attributes = {
        "webhookId": path[1:],
        "userId": second["user_id"],
        "vehicleId": second["vehicle_ids"][0],
    }
    by_v3 = machine.ask("POST", "/subscriptions", body={"data": {"attributes": attributes}}, headers=[JSON])
    assert by_v3.status == 202, by_v3
    until(lambda: len(receiver.told) == 2)
    assert types(receiver) == ["FIRST_DELIVERY"] * 2
    assert {each["data"]["vehicle"]["id"] for each in receiver.told} == {
        first["vehicle_ids"][0],
        second["vehicle_ids"][0],
    }

    for vin in vins:
        turn(place, vin, False)
    until(lambda: len(receiver.told) == 4)
    assert types(receiver)[2:] == ["SIGNAL_UPDATED"] * 2
    told = {signal["code"]: signal["body"]["value"] for signal in receiver.told[-1]["data"]["signals"]}
    assert told[LOCKED] is False

    assert manage(place, "POST", f"{path}/pause")["webhook"]["state"] == "paused"
    turn(place, vins[0], True)
    until(lambda: manage(place, "GET", path)["waiting"] == 0)
    assert len(receiver.told) == 4

    assert manage(place, "POST", f"{path}/resume")["webhook"]["state"] == "active"
    until(lambda: len(receiver.told) == 6)
    assert types(receiver)[4:] == ["FIRST_DELIVERY"] * 2

    until(lambda: manage(place, "GET", path)["waiting"] == 0)  # what was sent is written down afterwards
    last = receiver.told[-1]
    replay = {"delivery_id": last["eventId"]}
    assert manage(place, "POST", f"{path}/replay", {**replay, "dry_run": True}) == {"count": 1, "dry_run": True}
    assert manage(place, "POST", f"{path}/replay", replay) == {"count": 1, "dry_run": False}
    until(lambda: len(receiver.told) == 7)
    again = receiver.told[-1]
    assert again["eventId"] == last["eventId"]
    assert again["meta"]["deliveryId"] != last["meta"]["deliveryId"]
    until(lambda: manage(place, "GET", f"{path}/deliveries?state=due")["deliveries"] == [])
    log = manage(place, "GET", f"{path}/deliveries/{last['eventId']}")
    assert (log["state"], [each["status"] for each in log["tries"]]) == ("delivered", [200, 200])
    assert log["body"].encode() == receiver.signatures[-1][1]
    page = manage(place, "GET", f"{path}/deliveries?limit=4")
    rest = manage(place, "GET", f"{path}/deliveries?limit=4&before={page['before']}")
    assert len({each["id"] for each in page["deliveries"] + rest["deliveries"]}) == 6
    assert rest["before"] is None

    manage(place, "DELETE", path, status=204)
    manage(place, "GET", path, status=404)


def command(place: Server, verb: str, *arguments: object, status: int = 0, stdin: str = "") -> str:
    """Run ``carwire webhook`` beside the server."""
    done = subprocess.run(
        [str(CARWIRE), "webhook", verb, place.client_id, *map(str, arguments)],
        env=environment(CARWIRE_DATA=str(place.folder), **LOOPBACK),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done
    return done.stdout


def subscribed(place: Server, machine: Machine, webhook_id: str, name: str) -> str:
    """Connect a locked car and subscribe it; return its VIN."""
    owner = connected(place, "TESLA", f"{name}@hooks.example")
    vin = vin_of(place, owner)
    turn(place, vin, True)
    given = {"webhookId": webhook_id, "userId": owner["user_id"], "vehicleId": owner["vehicle_ids"][0]}
    assert machine.ask("POST", "/subscriptions", body={"data": {"attributes": given}}, headers=[JSON]).status == 202
    return vin


def test_a_receiver_that_wants_no_more_is_told_nothing_and_the_doctor_says_why(
    place: Server, machine: Machine, receiver: Receiver
) -> None:
    wanted = {"name": "Gone", "url": receiver.url, "triggers": [{"code": LOCKED}], "signals": [LOCKED]}
    webhook_id = manage(place, "POST", "", wanted)["webhook"]["id"]
    vin = subscribed(place, machine, webhook_id, "gone")
    until(lambda: len(receiver.told) == 1)
    event_id, (_, body) = receiver.told[0]["eventId"], receiver.signatures[0]

    wrong = smartcar.hash_challenge(receiver.management_token, json.dumps(json.loads(body)))
    said = command(place, "doctor", webhook_id, "--signature", wrong, "--delivery", event_id)
    assert "it is over the JSON written again (with blanks), and must be over the bytes that came" in said
    assert body.decode() in said
    right = command(place, "doctor", webhook_id, "--signature", receiver.signatures[0][0], "--delivery", event_id)
    assert "The signature is right." in right

    until(lambda: manage(place, "GET", f"/{webhook_id}")["waiting"] == 0)
    for answer in ("n\n", ""):
        assert "Nothing is sent." in command(place, "replay", webhook_id, "--delivery", event_id, stdin=answer)
    assert "1 will be sent" in command(place, "replay", webhook_id, "--delivery", event_id, stdin="y\n")
    until(lambda: len(receiver.told) == 2)
    assert receiver.told[1]["eventId"] == event_id

    receiver.status = 410
    turn(place, vin, False)
    until(lambda: manage(place, "GET", f"/{webhook_id}")["state"] == "gone")
    receiver.honest = False
    said = command(place, "doctor", webhook_id, status=1)
    assert "Gone is told nothing: its receiver answered 410, Gone." in said
    assert "The endpoint answered 410." in said
    assert 'It answered: {"thanks": "no"}' in said
    assert "410" in command(place, "show", webhook_id)
    assert manage(place, "GET", f"/{webhook_id}")["waiting"] == 1

    receiver.honest, receiver.status = True, 200
    assert "It is told of changes from now on." in command(place, "doctor", webhook_id)
    until(lambda: manage(place, "GET", f"/{webhook_id}")["waiting"] == 0)
    assert receiver.told[-1]["eventType"] == "VEHICLE_STATE"
    manage(place, "DELETE", f"/{webhook_id}", status=204)


def test_a_webhook_of_version_2_0_tells_whole_reads(place: Server, machine: Machine, receiver: Receiver) -> None:
    wanted = {"name": "Old", "url": receiver.url, "version": "2.0", "triggers": [{"code": LOCKED}], "signals": [LOCKED]}
    made = manage(place, "POST", "", wanted)
    assert made["verification"]["verified"]
    webhook_id = made["webhook"]["id"]
    vin = subscribed(place, machine, webhook_id, "old")
    until(lambda: len(receiver.told) == 1)
    turn(place, vin, False)
    until(lambda: len(receiver.told) == 2)
    event = receiver.told[-1]
    assert (event["version"], event["eventName"]) == ("2.0", "dynamic")
    (item,) = event["payload"]["vehicles"][0]["data"]
    assert (item["path"], item["code"], item["body"]["isLocked"]) == ("/security", 200, False)
    assert item["body"]["doors"]  # nobody named them: the read is made of them
    manage(place, "DELETE", f"/{webhook_id}", status=204)
