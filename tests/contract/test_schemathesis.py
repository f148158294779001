"""Requests made up from the API document, thousands of them, good and bad, alone and in chains, and every check
Schemathesis has.

It runs as a process of its own, the way anybody runs it, against a server of its own: the requests disconnect cars and
begin simulated worlds. No check is left out, an undocumented status is a failure; what the hooks beside this file
narrow or skip is said there. v3 has a run of its own, with the token of an application and, where it reads for SDKs,
an owner's: no fault is rehearsed in it, so of 5xx only 501 may come, for what a car cannot do.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest
from tests.conftest import CARWIRE, ROOT, Server, environment, started
from tests.contract.connecting import CALLBACK, Walk
from tests.contract.machines import Machine, machine_of

from carwire.core.permissions import PERMISSIONS

HERE = Path(__file__).parent
CASES = 2000  # of either run
V3 = "^/v3/|^/oauth2/token$"
ENDLESS = "^/v1/events$"  # its good answers do not end: tests/http/test_events.py
CARS = 40  # of the first owner, whose cars are cut off one after another
DOOMED = 16  # owners whom requests may delete
MAKES = "audi", "bmw", "cadillac", "chevrolet", "mini"  # with paths of their own that can be answered


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server nobody else uses, whose cars may be asked as often as one likes."""
    settings = {
        "CARWIRE_SIMULATOR_CLOCK": "stepped",
        "CARWIRE_VEHICLE_READS_PER_MINUTE": "1000000",
        "CARWIRE_VEHICLE_WAKES_PER_DAY": "1000000",
    }
    with started(tmp_path / "data", **settings) as server:
        yield server
        assert '"level":"error"' not in server.log


def connected(server: Server, make: str, username: str) -> dict[str, Any]:
    """Connect the cars of an owner; return the tokens and the ids of the vehicles."""
    asked = {"client_id": server.client_id, "response_type": "code", "redirect_uri": CALLBACK, "mode": "simulated"}
    query = urlencode({**asked, "scope": " ".join(sorted(PERMISSIONS)), "make": make}, quote_via=quote)
    called_back = Walk(server).connect(f"/oauth/authorize?{query}", make, username)
    form = {"grant_type": "authorization_code", "code": called_back["code"], "redirect_uri": CALLBACK}
    tokens = server.post("/oauth/token", urlencode(form).encode()).json()
    bearer = [(b"authorization", b"Bearer " + tokens["access_token"].encode())]
    listed = server.ask("GET", "/v2.0/vehicles?limit=50", bearer).json()
    return {
        **tokens,
        "vehicle_ids": listed["vehicles"],
        "user_id": server.ask("GET", "/v2.0/user", bearer).json()["id"],
    }


def facts(server: Server) -> dict[str, object]:
    """Connect cars, make a webhook, draw a secret; return what the hooks need to know."""
    machine = machine_of(server)
    webhook = [str(CARWIRE), "webhook", "create", server.client_id, "Tests", "http://127.0.0.1:9/hook", "--json"]
    made = subprocess.run(
        webhook, env=environment(CARWIRE_DATA=str(server.folder)), capture_output=True, text=True, check=True
    )
    # Faults are set on cars nobody has connected, by their models: those are there in every world that is begun anew.
    # The barest of them say hardly anything.
    found = server.get("/v1/simulator/cars").json()["cars"]
    cars = sorted({car["model_id"] for car in found if car["signals"] > 20})
    webhook_id = json.loads(made.stdout)["webhook_id"]
    owners = {make: connected(server, make.upper(), f"{make}@example.com") for make in MAKES}
    owners["tesla"] = connected(server, "TESLA", f"{CARS}-vehicles@smartcar.com")
    for vehicle_id in owners["tesla"]["vehicle_ids"][: CARS // 2]:
        attributes = {"webhookId": webhook_id, "userId": owners["tesla"]["user_id"], "vehicleId": vehicle_id}
        assert machine.ask("POST", "/subscriptions", body={"data": {"attributes": attributes}}).status == 202
    token = server.post("/auth-broker/request-token", b"grant_type=client_credentials").json()
    return {
        "client_id": server.client_id,
        "client_secret": server.client_secret,
        "api_key": server.demo["api_key"],
        "api_token": token["access_token"],
        "management_token": server.demo["application_management_token"],
        "machine": {"id": machine.id, "secret": machine.secret, "token": machine.token},
        "webhook_id": webhook_id,
        "cars": cars,
        "owners": owners,
        "doomed": doomed(server, machine),
    }


def doomed(server: Server, machine: Machine) -> dict[str, object]:
    """Connect cars of owners whom requests may delete."""
    owners = [connected(server, "TESLA", f"doomed-{number}@example.com") for number in range(DOOMED)]
    filters = "filter[vehicle.mode]=simulated&filter[userId]"
    rows = [row for owner in owners for row in machine.get(f"/connections?{filters}={owner['user_id']}")["data"]]
    return {
        "user_ids": [owner["user_id"] for owner in owners],
        "connection_ids": [row["id"] for row in rows],
        "owned": {vehicle: owner["user_id"] for owner in owners for vehicle in owner["vehicle_ids"]},
    }


class Run(msgspec.Struct, frozen=True):
    """Which operations a run is about: v3 and its token, or all others."""

    name: str
    option: str
    pattern: str

    def has(self, path: str) -> bool:
        """Tell whether a path of the document is this run's."""
        return (re.search(self.pattern, path) is None) is (self.name != "v3")


RUNS = Run("v3", "--include-path-regex", V3), Run("others", "--exclude-path-regex", f"{V3}|{ENDLESS}")


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_requests_made_up_from_the_api_document_find_nothing(own_server: Server, tmp_path: Path, run: Run) -> None:
    answers = tmp_path / "answers.json"
    told = {"SCHEMATHESIS_FACTS": json.dumps(facts(own_server)), "SCHEMATHESIS_ANSWERS": str(answers)}
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / "schemathesis.toml", "run"),
            *(f"{own_server.base_url}/openapi.json", run.option, run.pattern),
            *("--checks", "all", "--mode", "all", "--phases", "examples,coverage,fuzzing,stateful"),
            *("--continue-on-failure", "--no-color"),
        ],
        env=environment(PYTHONPATH=str(ROOT), **told),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    (tmp_path / "said").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    document = own_server.get("/openapi.json").json()
    names = [
        operation["operationId"]
        for path, methods in document["paths"].items()
        for operation in methods.values()
        if run.has(path)
    ]
    assert tested
    assert int(tested[1]) == len(names)
    generated = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert generated, done.stdout
    assert int(generated[1]) >= CASES
    assert "mostly rejected" not in done.stdout, done.stdout
    met = [each.split() for each in json.loads(answers.read_text())]
    assert {status for _, status in met if status >= "5"} <= {"501"}  # no car or maker fails by itself here
    if run.name == "v3":
        reached = {name for name, status in met if status in {"200", "202", "204", "409"}}
        assert reached == set(names)
