"""Signals of one car from the store, over HTTP and through v3: one, sixty, all; and what one more costs."""

from __future__ import annotations

import json
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
from load import HELLO_PORT, LUA_DONE, PORT, ROUNDS, Row, hello, server, spread, wrk

from carwire.connectors.simulator.world import World
from carwire.core.vehicles import Car, Vehicle
from carwire.http.v3.vehicles import LISTED
from carwire.http.v3.view import written
from carwire.wire.v3.envelope import View
from carwire.wire.v3.signals import signals_body

BASE = f"http://127.0.0.1:{PORT}"
DAY = "86400"
SIXTY = "signals?page%5Bsize%5D=60"
ASKED = {"one": "signals/odometer-traveleddistance", "sixty": SIXTY, "all": "signals"}


def rows() -> Iterator[Row]:
    """The rows of the table."""
    with tempfile.TemporaryDirectory() as name, server(Path(name) / "data") as (_, demo), hello():
        headers = _headers(demo)
        vehicle = _charging_car(headers)
        scripts = {each: _lua(Path(name) / f"{each}.lua", headers) for each in ("hello", *ASKED)}
        rates: dict[str, list[float]] = {each: [] for each in scripts}
        wrk(f"{BASE}/v3/vehicles/{vehicle}/{ASKED['one']}", scripts["one"], seconds=3)  # everything is warm
        for _ in range(ROUNDS):
            rates["hello"].append(wrk(f"http://127.0.0.1:{HELLO_PORT}/", scripts["hello"])[0])
            for each, path in ASKED.items():
                rates[each].append(wrk(f"{BASE}/v3/vehicles/{vehicle}/{path}", scripts[each])[0])
    named = {"one": ("one signal", "≥ 0.35"), "sixty": ("60 signals", "≥ 0.15"), "all": (f"{len(LISTED)} signals", "")}
    for each, (what, goal) in named.items():
        share = [a / b for a, b in zip(rates[each], rates["hello"], strict=True)]
        detail = f"{median(rates[each]):,.0f} against {median(rates['hello']):,.0f} a second; ratios {spread(share)}"
        yield f"v3, {what} of one car from the store, against a bare ASGI hello", f"{median(share):.2f}", goal, detail
    more = (1e6 / median(rates["all"]) - 1e6 / median(rates["one"])) / (len(LISTED) - 1)
    anew = cost_of_one_more()
    detail = f"{anew:.1f} µs where the body is written anew, because something new was kept"
    yield "the same, each further signal", f"{more:.2f} µs", "", detail


def cost_of_one_more() -> float:
    """Microseconds by which one more signal makes writing a body longer."""
    world = World(7)
    vin = world.find("simulated-phev")
    told = world.read(vin, LISTED).answers
    model = world.model(vin)
    car = Car("c", "simulator", vin, model.make, model.model, model.year, model.powertrain)
    vehicle = Vehicle("v", "a", "u", "simulated", frozenset(), datetime.now(UTC), None, None, car)
    view = View(generation="ga", base_url=BASE)

    def seconds(answers: dict[str, Any]) -> float:
        started = time.perf_counter()
        for _ in range(200):
            written(signals_body(vehicle, answers, view))
        return (time.perf_counter() - started) / 200

    one, every = dict(list(told.items())[:1]), dict(told)
    return median((seconds(every) - seconds(one)) / (len(every) - 1) * 1e6 for _ in range(ROUNDS))


def _headers(demo: dict[str, str]) -> dict[str, str]:
    form = f"grant_type=client_credentials&client_id={demo['v3_client_id']}&client_secret={demo['v3_client_secret']}"
    with urllib.request.urlopen(f"{BASE}/oauth2/token", form.encode()) as answer:
        token = json.load(answer)["access_token"]
    return {"authorization": f"Bearer {token}", "sc-user-id": demo["user_id"], "carwire-max-age": DAY}


def _charging_car(headers: dict[str, str]) -> str:
    """Return the vehicle of the demo's plug-in hybrid, all of whose signals are in the store."""
    found = _get("/v3/connections?filter%5Bvehicle.mode%5D=simulated", headers)["data"]
    (vehicle,) = [
        each["relationships"]["vehicle"]["data"]["id"]
        for each in found
        if each["attributes"]["vehicle"]["powertrainType"] == "PHEV"
    ]
    _get(f"/v3/vehicles/{vehicle}/signals", headers)
    return str(vehicle)


def _get(path: str, headers: dict[str, str]) -> Any:
    with urllib.request.urlopen(urllib.request.Request(BASE + path, headers=headers)) as answer:
        return msgspec.json.decode(answer.read())


def _lua(path: Path, headers: dict[str, str]) -> Path:
    lines = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())
    path.write_text(f"{lines}\n{LUA_DONE}")
    return path
