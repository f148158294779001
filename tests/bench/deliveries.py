"""Webhooks measured: deliveries a second beside bare aiohttp, how late the first attempt is, what a car costs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final
from uuid import uuid4

import fleet
import sqlalchemy as sa
from load import ROUNDS, Row, resident, spread, wait
from vehicles import postgres

from carwire.app import build
from carwire.core.polling import Poll
from carwire.core.signals.reading import Reading
from carwire.core.triggers import Trigger
from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import Webhook
from carwire.kit.secrets import new_signing_secret
from carwire.services.observing import ObservingService
from carwire.settings import Settings, read_settings
from carwire.storage.moments import to_us
from carwire.storage.sql import schema
from carwire.storage.sql.sqlite import FILE_NAME

HERE: Final = Path(__file__).parent
RECEIVER: Final = 18002
WEBHOOKS: Final = 4
AT_ONCE: Final = 32  # requests, of both sides
COUNT: Final = 5_000  # deliveries in a round
PACE: Final = 200  # events a second
PACED_S: Final = int(os.environ.get("CARWIRE_BENCH_SECONDS", "1")) * 8
FLEETS: Final = (1_000, 100_000)
SOC: Final = "tractionbattery-stateofcharge"
SIGNALS: Final = (SOC, "odometer-traveleddistance", "charge-ischarging")


def rows() -> Iterator[Row]:
    """The rows of the table."""
    with receiver():
        yield from sent(None, goal="≥ 0.5")
        with postgres() as url:
            if url:
                yield from sent(url, goal="≥ 0.35", workers=2)
        yield paced()
    yield from watched()


# Deliveries a second


def sent(url: str | None, *, goal: str, workers: int = 1) -> Iterator[Row]:
    """Deliver what is due, and send the same by bare aiohttp, in turn."""
    with tempfile.TemporaryDirectory() as name:
        folder, ratios, ours, theirs = Path(name), [], [], []
        settings = settings_of(folder, url)
        body = asyncio.run(prepare(settings))
        (folder / "body").write_bytes(body)
        for _ in range(ROUNDS):
            theirs.append(floor(folder / "body"))
            with working(settings, workers):
                put_due(settings, body)
                ours.append(arrived(COUNT))
            ratios.append(ours[-1] / theirs[-1])
    where = "SQLite" if url is None else f"PostgreSQL, {workers} workers"
    rates = f"{median(ours):,.0f} against {median(theirs):,.0f} a second; ratios {spread(ratios)}"
    yield f"deliveries, {where}, against the same POSTs by bare aiohttp", f"{median(ratios):.2f}", goal, rates


def floor(body: Path) -> float:
    """Return how many POSTs bare aiohttp sends a second."""
    place = f"http://127.0.0.1:{RECEIVER}/hook"
    subprocess.run([sys.executable, HERE / "posts.py", place, body, str(COUNT), str(AT_ONCE)], check=True)
    return arrived(COUNT)


def arrived(count: int, patience_s: float = 120) -> float:
    """Wait until that many have arrived, and return how many came a second."""
    total, first, last, until = 0, 0.0, 0.0, time.monotonic() + patience_s
    while total < count:
        if time.monotonic() > until:
            raise SystemExit(f"only {total} of {count} deliveries arrived")
        time.sleep(0.2)
        told = asked()
        if told["count"]:
            total, first, last = total + told["count"], first or told["first"], told["last"]
    return count / (last - first)


def put_due(settings: Settings, body: bytes) -> None:
    """Write deliveries that are due now."""
    engine = sa.create_engine(place_of(settings))
    at = to_us(datetime.now(UTC))
    with engine.begin() as connection:
        hooks = connection.execute(sa.select(schema.subscriptions)).mappings().all()
        made = [
            {
                "id": str(uuid4()), "webhook_id": row["webhook_id"], "subscription_id": row["id"],
                "vehicle_id": row["vehicle_id"], "user_id": row["user_id"], "kind": "VEHICLE_STATE", "position": n,
                "body": body, "slot": body.index(b'"mode":"LIVE"'), "created_at": at, "state": "due", "attempts": 0,
                "next_at": at,
            }
            for n in range(COUNT)
            for row in (hooks[n % len(hooks)],)
        ]  # fmt: skip
        connection.execute(schema.deliveries.insert(), made)
    engine.dispose()


# How late


def paced() -> Row:
    """Let cars change at a pace, and look how late their webhooks hear of it."""
    with tempfile.TemporaryDirectory() as name:
        settings = settings_of(Path(name), None)
        asyncio.run(prepare(settings, cars=PACE))
        asked()
        late = asyncio.run(drive(settings))
    p99 = quantiles(late, n=100)[98]
    detail = f"{PACE} events a second for {PACED_S} s, one server on SQLite; median {median(late):.0f} ms"
    return "first attempt after the event, 99th percentile", f"{p99:.0f} ms", "≤ 1,000 ms", detail


async def drive(settings: Settings) -> list[float]:
    """Keep changed readings at a pace in a server with its worker; return how late each was told, in ms."""
    carwire = build(settings, "http://127.0.0.1:8000")
    carwire.worker.start()
    vehicles = await everybody(carwire.store)
    late: list[float] = []
    began = time.monotonic()
    for n in range(PACE * PACED_S):
        await asyncio.sleep(max(0.0, began + n / PACE - time.monotonic()))
        vehicle = vehicles[n % len(vehicles)]
        now = datetime.now(UTC)
        answer = Reading(float(n % 97), "percent", now, now, now, "simulator")
        await carwire.upstream._keep(vehicle, {SOC: answer})
    await asyncio.sleep(2)
    late += asked()["late"]
    await carwire.worker.stop()
    await carwire.close()
    return late


# Many cars


def watched() -> Iterator[Row]:
    """Watch more and more cars: memory, and the time of a poll."""
    memory, polls = {}, {}
    for cars in FLEETS:
        with tempfile.TemporaryDirectory() as name:
            settings = settings_of(Path(name), None)
            asyncio.run(prepare(settings, cars=cars))
            polls[cars] = asyncio.run(polled(settings))
            with working(settings, 1) as (process,):
                time.sleep(10 if cars == FLEETS[-1] else 3)
                memory[cars] = resident(process)
    grown = ", ".join(f"{cars:,}: {mib:.0f} MiB" for cars, mib in memory.items())
    yield (
        f"resident memory of a worker, {FLEETS[-1]:,} subscribed cars",
        f"{memory[FLEETS[-1]]:.0f} MiB",
        "≤ 1,024 MiB",
        grown,
    )
    grown = ", ".join(f"{cars:,}: {us:.0f} µs" for cars, us in polls.items())
    yield "observe: one car polled, three signals, with what is kept of it", f"{polls[FLEETS[-1]]:.0f} µs", "", grown


async def polled(settings: Settings) -> float:
    """Return how long one car's poll takes, in µs, of 500 that are due, the claims included."""
    carwire = build(settings, "http://127.0.0.1:8000")
    observing = ObservingService(carwire.store, carwire.upstream, lambda: datetime.now(UTC))
    now, done, began = datetime.now(UTC) + timedelta(hours=1), 0, time.perf_counter()
    while done < 500:
        polls: list[Poll] = await carwire.store.claim_polls(now, timedelta(days=1), 100)
        await carwire.store.polled(await asyncio.gather(*(observing.poll(each) for each in polls)))
        done += len(polls)
    taken = time.perf_counter() - began
    await carwire.close()
    return taken / done * 1e6


# What is measured on


def settings_of(folder: Path, url: str | None) -> Settings:
    """Return settings under which a local receiver may be reached."""
    environment = {"CARWIRE_DATA": str(folder), "CARWIRE_WEBHOOK_NETWORKS": "127.0.0.0/8"}
    return read_settings(environment | ({"CARWIRE_DATABASE": url} if url else {}))


async def prepare(settings: Settings, cars: int = 100) -> bytes:
    """Connect cars, subscribe each to one of the webhooks, and return the bytes of a delivery."""
    carwire = build(settings, "http://127.0.0.1:8000")
    new = await carwire.services.accounts.register("Bench", ("https://example.com/cb",))
    client_id = new.application.client_id
    now = datetime.now(UTC)
    hooks = [
        Webhook(str(uuid4()), client_id, f"W{n}", f"http://127.0.0.1:{RECEIVER}/hook", now, triggers=(Trigger(SOC),),
                signals=SIGNALS, halt=None)
        for n in range(WEBHOOKS)
    ]  # fmt: skip
    for hook in hooks:
        await carwire.store.add_webhook(hook, new_signing_secret())
    hasher = fleet.pepper_of(settings.data)
    for _ in fleet.fill(place_of(settings), hasher, client_id, cars):
        pass
    subscribe_all(settings, [hook.id for hook in hooks], to_us(now))
    body = await example(carwire, hooks[0])
    await carwire.close()
    return body


def subscribe_all(settings: Settings, hooks: Sequence[str], at: int) -> None:
    """Subscribe every car to one of the webhooks; it is to be polled now."""
    engine = sa.create_engine(place_of(settings))
    with engine.begin() as connection:
        links = connection.execute(sa.select(schema.connections.c.vehicle_id, schema.connections.c.user_id)).all()
        made = [
            {"id": str(uuid4()), "webhook_id": hooks[n % len(hooks)], "vehicle_id": vehicle, "user_id": user,
             "created_at": at, "first": 0, "fired_at": "{}"}
            for n, (vehicle, user) in enumerate(links)
        ]  # fmt: skip
        connection.execute(schema.subscriptions.insert(), made)
        connection.execute(schema.connections.update().values(poll_at=at))
        connection.execute(schema.readings.insert(), list(_socs(connection, at)))
    engine.dispose()


def _socs(connection: sa.Connection, at: int) -> Iterator[dict[str, Any]]:
    columns = (schema.connections.c.car_id, schema.connections.c.account_digest)
    for car_id, account in connection.execute(sa.select(*columns)).all():
        yield {
            "car_id": car_id, "account_digest": account, "code": SOC, "value": "-1.0", "unit": "percent",
            "measured_at": at, "maker_at": at, "fetched_at": at, "source": "simulator", "told": "-1.0",
        }  # fmt: skip


async def example(carwire: Any, hook: Webhook) -> bytes:
    """Return the frozen bytes of a delivery with three signals."""
    from carwire.core.events import Change, Event
    from carwire.core.webhooks import Subscription
    from carwire.wire.telling import WireSpelling

    (vehicle, *_) = await everybody(carwire.store)
    now = datetime.now(UTC)
    answers = {code: Reading(61.5, "percent", now, now, now, "simulator") for code in SIGNALS[:2]}
    event = Event(str(uuid4()), 1, vehicle.car.id, vehicle.account, 1, 1, now, "changed", (Change(SOC, 1.0, 61.5),))
    told = Subscription(str(uuid4()), hook.id, vehicle, now, first=False)
    ((_, frozen),) = WireSpelling("http://127.0.0.1:8000").spell(hook, told, event, answers, hook.triggers)
    return frozen.body


async def everybody(store: Any) -> list[Vehicle]:
    """Return every vehicle of the only application."""
    from carwire.core.vehicles import ConnectionFilter, ConnectionPage

    (application,) = await store.all()
    rows, _, _ = await store.connected(application.client_id, ConnectionFilter(), ConnectionPage(1000))
    return [row.vehicle for row in rows]


def place_of(settings: Settings) -> str | sa.URL:
    """Return where the database is, as SQLAlchemy wants it."""
    if settings.database:
        return settings.database.replace("postgresql://", "postgresql+psycopg://")
    return sa.URL.create("sqlite", database=str(settings.data / FILE_NAME))


@contextmanager
def working(settings: Settings, count: int) -> Iterator[tuple[subprocess.Popen[bytes], ...]]:
    """Run workers, each its own process."""
    environment = {**os.environ, "CARWIRE_DATA": str(settings.data), "CARWIRE_WEBHOOK_NETWORKS": "127.0.0.0/8"}
    if settings.database:
        environment["CARWIRE_DATABASE"] = settings.database
    command = [sys.executable, str(HERE / "workers.py")]
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(count)]
    try:
        for process in running:
            assert process.stdout
            process.stdout.readline()
        yield tuple(running)
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(30)


@contextmanager
def receiver() -> Iterator[None]:
    """Run the receiver."""
    process = subprocess.Popen([sys.executable, HERE / "receiver.py", str(RECEIVER)])
    try:
        wait(RECEIVER, "/")
        yield
    finally:
        process.kill()
        process.wait(10)


def asked() -> dict[str, Any]:
    """Ask the receiver what has arrived since it was asked last."""
    with urllib.request.urlopen(f"http://127.0.0.1:{RECEIVER}/") as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


if __name__ == "__main__":
    for row in rows():
        print(*row, sep=" | ")
