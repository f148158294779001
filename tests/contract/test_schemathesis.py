"""Requests made up from the API document, thousands of them, good and bad, alone and in chains, and every check
Schemathesis has.

It runs as a process of its own, the way anybody runs it, against a server of its own: the requests disconnect cars and
begin simulated worlds. No check is left out; what the hooks beside this file narrow or skip is said there.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from tests.conftest import CARWIRE, ROOT, Server, environment, started
from tests.contract.connecting import CALLBACK, Walk

from carwire.core.permissions import PERMISSIONS

HERE = Path(__file__).parent
CASES = 2000
CARS = 40  # of the first owner, whose cars are cut off one after another
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


def connected(server: Server, make: str, username: str) -> dict[str, object]:
    """Connect the cars of an owner; return the tokens and the ids of the vehicles."""
    asked = {"client_id": server.client_id, "response_type": "code", "redirect_uri": CALLBACK, "mode": "simulated"}
    query = urlencode({**asked, "scope": " ".join(sorted(PERMISSIONS)), "make": make}, quote_via=quote)
    called_back = Walk(server).connect(f"/oauth/authorize?{query}", make, username)
    form = {"grant_type": "authorization_code", "code": called_back["code"], "redirect_uri": CALLBACK}
    tokens = server.post("/oauth/token", urlencode(form).encode()).json()
    bearer = [(b"authorization", b"Bearer " + tokens["access_token"].encode())]
    listed = server.ask("GET", "/v2.0/vehicles?limit=50", bearer).json()
    return {**tokens, "vehicle_ids": listed["vehicles"]}


def facts(server: Server) -> dict[str, object]:
    """Connect cars and make a webhook; return what the hooks need to know."""
    webhook = [str(CARWIRE), "webhook", "create", server.client_id, "Tests", "https://example.com/hook", "--json"]
    made = subprocess.run(
        webhook, env=environment(CARWIRE_DATA=str(server.folder)), capture_output=True, text=True, check=True
    )
    # Faults are set on cars nobody has connected; the barest of them say hardly anything.
    cars = [car["vin"] for car in server.get("/v1/simulator/cars").json()["cars"] if car["signals"] > 20]
    return {
        "client_id": server.client_id,
        "client_secret": server.client_secret,
        "management_token": server.demo["application_management_token"],
        "webhook_id": json.loads(made.stdout)["webhook_id"],
        "cars": cars,
        "owners": {
            "tesla": connected(server, "TESLA", f"{CARS}-vehicles@smartcar.com"),
            **{make: connected(server, make.upper(), f"{make}@example.com") for make in MAKES},
        },
    }


def test_requests_made_up_from_the_api_document_find_nothing(own_server: Server, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / "schemathesis.toml", "run"),
            f"{own_server.base_url}/openapi.json",
            *("--checks", "all", "--mode", "all", "--phases", "examples,coverage,fuzzing,stateful"),
            *("--continue-on-failure", "--no-color"),
        ],
        env=environment(PYTHONPATH=str(ROOT), SCHEMATHESIS_FACTS=json.dumps(facts(own_server))),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    (tmp_path / "said").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    tested = re.search(r"Tested: (\d+)", done.stdout)
    paths = own_server.get("/openapi.json").json()["paths"]
    assert tested
    assert int(tested[1]) == sum(len(methods) for methods in paths.values())
    generated = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert generated, done.stdout
    assert int(generated[1]) >= CASES
    assert "mostly rejected" not in done.stdout, done.stdout
