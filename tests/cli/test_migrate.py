"""``carwire migrate report``: which v2.0 calls are made, from the server's own counts or from a log."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import CARWIRE, environment

from carwire.cli.migration import Tally
from carwire.core.usage import Usage, date_of, day_of
from carwire.storage.sealing import open_sealer
from carwire.storage.sql.store import open_store

Run = Callable[..., subprocess.CompletedProcess[str]]
ID = "7f3bd4c6-3f0c-4b63-9d9f-0a4f5f0f8a51"
VEHICLE = f"/v2.0/vehicles/{ID}"
ODOMETER = ["GET /v3/vehicles/{vehicleId}/signals/odometer-traveleddistance"]


def reported(carwire: Run, *arguments: object) -> dict[str, Any]:
    done = carwire("migrate", "report", *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rows(caller: dict[str, Any]) -> list[tuple[str, int, str | None, list[str]]]:
    return [(f"{c['method']} {c['route']}", c["calls"], c["last_seen"], c["replaced_by"]) for c in caller["calls"]]


# What the server has counted


def keep(data: Path, *usage: Usage) -> None:
    """Write usage into a data folder, as a server does."""

    async def write() -> None:
        store = open_store(data, None, open_sealer(data, None))
        await store.add_usage(usage)
        await store.close()

    asyncio.run(write())


def test_the_server_s_own_counts(carwire: Run, tmp_path: Path) -> None:
    data = tmp_path / "data"
    one, other = (
        json.loads(carwire("app", "create", name, "--json", "--data", data).stdout)["client_id"]
        for name in ("Fleet \u00fc [b]", "Other")
    )
    today = day_of(datetime.now(UTC))
    keep(
        data,
        Usage(one, today, "GET", "/v2.0/vehicles/{id}/odometer", 1500),
        Usage(one, today - 3, "GET", "/v2.0/vehicles/{id}/odometer", 500),
        Usage(one, today - 2, "HEAD", "/v2.0/vehicles/{id}/odometer", 1),
        Usage(one, today - 40, "POST", "/v2.0/vehicles/{id}/charge", 9),
        Usage(one, today - 4, "POST", "/v2.0/vehicles/{id}/tesla/pin", 7),
        Usage(one, today, "GET", "/v2.0/vehicles/{id}/{make}", 2),
        Usage(one, today, "GET", "/v3/vehicles/{vehicleId}", 100),
        Usage(one, today, "GET", "/v1/vins/{vin}", 11),
        Usage(other, today, "GET", "/v2.0/vehicles/{id}/fuel", 3),
    )
    found = reported(carwire, "--data", data)
    assert [(each["client_id"], each["name"]) for each in found["applications"]] == [
        (one, "Fleet \u00fc [b]"),
        (other, "Other"),
    ]
    first, second = found["applications"]
    assert rows(first) == [
        ("GET /v2.0/vehicles/{id}/odometer", 2001, date_of(today).isoformat(), ODOMETER),
        ("POST /v2.0/vehicles/{id}/tesla/pin", 7, date_of(today - 4).isoformat(), []),
    ]
    assert first["unknown"] == 2
    (fuel,) = second["calls"]
    assert fuel["codes"][0] == "internalcombustionengine-fuellevel"
    sums = {key: found[key] for key in ("source", "days", "calls", "replaced", "unknown", "others", "lines")}
    assert sums == {
        **{"source": "usage", "days": 30, "calls": 2011, "replaced": 2004},
        **{"unknown": 2, "others": 111, "lines": None},
    }

    longer = reported(carwire, "--data", data, "--days", 41)
    assert (longer["calls"], longer["days"]) == (2020, 41)
    short = reported(carwire, "--days", 1, "--data", data)
    assert rows(short["applications"][0])[0][1] == 1500

    shown = carwire("migrate", "report", "--data", data)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert f"Fleet \u00fc [b] ({one})\n" in shown.stdout
    for text in ("2,001", "GET /v2.0/vehicles/{id}/odometer", ODOMETER[0], "nothing", date_of(today - 4).isoformat()):
        assert text in shown.stdout
    assert "internalcombustionengine-amountremaining" in shown.stdout
    assert shown.stdout.endswith(
        "2,004 of 2,011 calls of v2.0 in the last 30 days have a replacement in v3.\n"
        "2 more were of paths that v2.0 does not have.\n"
        "111 calls were of other versions, or something else.\n"
    )


def test_nothing_counted_yet(carwire: Run, tmp_path: Path) -> None:
    done = carwire("migrate", "report", "--data", tmp_path / "data", "--days", 1)
    assert (done.returncode, done.stdout) == (0, "No calls of v2.0 in the last 1 day.\n")
    assert reported(carwire, "--data", tmp_path / "data")["applications"] == []


@pytest.mark.parametrize("days", ["0", "-1", "3661"])
def test_a_number_of_days_that_is_none_is_refused(carwire: Run, tmp_path: Path, days: str) -> None:
    done = carwire("migrate", "report", "--data", tmp_path / "data", f"--days={days}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "carwire: days: must be 1 to 3660\n"


# A log


def line(method: str, path: str, user: str = "-", at: str = "21/Nov/2026:13:05:00 +0000") -> str:
    return f'1.2.3.4 - {user} [{at}] "{method} {path} HTTP/1.1" 200 2 "https://referer.example/?t=SECRET" "UA SECRET"\n'


LOG = (
    line("GET", f"{VEHICLE}/odometer?token=SECRET", "fleet")
    + line("GET", f"{VEHICLE}/odometer/", "fleet", "23/Nov/2026:00:30:00 +0100")
    + line("GET", f"{VEHICLE}/odometer", "fleet", "20/Nov/2026:13:05:00 +0000")
    + line("POST", f"{VEHICLE}/tesla/climate/cabin", "fleet")
    + line("POST", f"{VEHICLE}/webhooks/SECRET")
    + line("GET", f"{VEHICLE}/SECRET/battery")
    + line("GET", "/v2.0/SECRET")
    + line("GET", "/v3/SECRET")
    + line("GET", "/index.html")
    + json.dumps({"method": "GET", "route": "/v2.0/vehicles/{id}/odometer", "event": "request"})
    + "\nSECRET\n\n"
)


def check(found: dict[str, Any]) -> None:
    nobody, fleet = found["applications"]  # as busy as each other
    assert (fleet["client_id"], fleet["name"], fleet["unknown"]) == ("fleet", None, 0)
    assert rows(fleet) == [
        ("GET /v2.0/vehicles/{id}/odometer", 3, "2026-11-22T23:30:00Z", ODOMETER),
        ("POST /v2.0/vehicles/{id}/tesla/climate/cabin", 1, "2026-11-21T13:05:00Z", []),
    ]
    assert (nobody["client_id"], nobody["unknown"]) == ("-", 2)
    assert rows(nobody) == [
        ("GET /v2.0/vehicles/{id}/odometer", 1, None, ODOMETER),
        (
            *("POST /v2.0/vehicles/{id}/webhooks/{webhook_id}", 1, "2026-11-21T13:05:00Z"),
            ["POST /v3/subscriptions"],
        ),
    ]
    assert (found["source"], found["days"], found["lines"], found["foreign_lines"]) == ("log", None, 11, 1)
    assert (found["calls"], found["replaced"], found["unknown"], found["others"]) == (6, 5, 2, 2)
    assert found["cut_off"] is False


@pytest.mark.parametrize("compressed", [False, True])
def test_a_log_instead(carwire: Run, tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(gzip.compress(LOG.encode()) if compressed else LOG.encode())
    check(reported(carwire, "--log", path))
    shown = carwire("migrate", "report", "--log", path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "SECRET" not in shown.stdout
    assert ID not in shown.stdout
    assert "2026-11-22T23:30:00Z" in shown.stdout
    assert shown.stdout.endswith(
        "5 of 6 calls of v2.0 in the log have a replacement in v3.\n"
        "2 more were of paths that v2.0 does not have.\n"
        "2 calls were of other versions, or something else.\n"
        "11 lines read, 1 of them no requests.\n"
    )
    assert not (tmp_path / "carwire-data").exists()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_log_from_standard_input(tmp_path: Path, compressed: bool) -> None:
    sent = gzip.compress(LOG.encode()) if compressed else LOG.encode()
    command = [str(CARWIRE), "migrate", "report", "--log", "-", "--json"]
    done = subprocess.run(
        command, env=environment(), input=sent, capture_output=True, timeout=60, check=True, cwd=tmp_path
    )
    check(json.loads(done.stdout))
    assert b"SECRET" not in done.stdout


def test_a_log_that_ends_in_the_middle_is_told(carwire: Run, tmp_path: Path) -> None:
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress(LOG.encode())[:-9])
    assert reported(carwire, "--log", path)["cut_off"] is True
    assert carwire("migrate", "report", "--log", path).stdout.endswith("The log ends in the middle.\n")


def test_a_log_that_cannot_be_read_is_refused(carwire: Run, tmp_path: Path) -> None:
    done = carwire("migrate", "report", "--log", tmp_path / "nothing")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"carwire: log: {tmp_path / 'nothing'} cannot be read: No such file or directory\n"


@pytest.mark.parametrize("other", [("--days", "3"), ("--data", "x")])
def test_a_log_and_the_server_s_counts_at_once_are_a_wrong_call(carwire: Run, other: tuple[str, str]) -> None:
    done = carwire("migrate", "report", "--log", "x", *other)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("carwire: --days and --data")


# Paths into calls


@pytest.mark.parametrize(
    ("path", "route"),
    [
        (VEHICLE, "/v2.0/vehicles/{id}"),
        (f"https://api.example{VEHICLE}/vin", "/v2.0/vehicles/{id}/vin"),
        (f"//v2.0//vehicles/{ID}//vin/#x", "/v2.0/vehicles/{id}/vin"),
        (f"/v1.0/vehicles/{ID}/vin", "/v2.0/vehicles/{id}/vin"),
        ("/v2.0/vehicles/{id:str}/vin", "/v2.0/vehicles/{id}/vin"),
        ("/v2.0/vehicles?limit=3", "/v2.0/vehicles"),
        (f"{VEHICLE}/cadillac/charge/completion", "/v2.0/vehicles/{id}/cadillac/charge/completion"),
    ],
)
def test_a_path_becomes_the_template_of_its_call(path: str, route: str) -> None:
    tally = Tally()
    tally.add("a", "GET", path, None)
    (caller,) = tally.report({}).applications
    assert [(call.method, call.route) for call in caller.calls] == [("GET", route)]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", f"{VEHICLE}/x"), ("PATCH", f"{VEHICLE}/charge"), ("GET", "/v2.0"), ("GET", f"{VEHICLE}/rolls/battery")],
)
def test_what_v2_0_does_not_have_is_counted_apart(method: str, path: str) -> None:
    tally = Tally()
    tally.add("a", method, path, None, 3)
    report = tally.report({})
    assert (report.applications[0].calls, report.unknown, report.calls, report.others) == ((), 3, 0, 0)


@pytest.mark.parametrize(
    "path", ["/v3/vehicles", "/v1/vins/x", "/", "", "/v2/redirect", "/v20/vehicles", "*", "http://x"]
)
def test_other_paths_are_only_counted(path: str) -> None:
    tally = Tally()
    tally.add("a", "GET", path, None)
    assert (tally.report({}).others, tally.report({}).applications) == (1, ())
