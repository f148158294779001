"""Stores of every kind, and the things that are put into them."""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.postgres import Cluster, cluster, empty_database, postgres_url

from carwire.core.applications import Application
from carwire.core.commands import CommandRecord
from carwire.core.grants import Approval, ApprovedCar, Consent, TokenPair
from carwire.core.ports import Store
from carwire.core.signals.reading import Reading
from carwire.core.sources import SourceCar
from carwire.core.vehicles import ConnectSession, Owner
from carwire.kit.secrets import Secret
from carwire.storage.memory import MemoryStore
from carwire.storage.sealing import Sealer, open_sealer
from carwire.storage.sql import sqlite_driver
from carwire.storage.sql.plans import unlocked
from carwire.storage.sql.store import SqlStore, open_store

__all__ = ["cluster", "empty_database", "postgres_url"]
NOW = datetime(2026, 11, 21, 13, 5, 0, 123456, tzinfo=UTC)
KINDS = ("memory", "sqlite", "postgres")
_numbers = itertools.count(1)
SCHEMA = (Path(sqlite_driver.__file__).parent / "schema.sql").read_text("utf-8")
# Tables that are gone through: some grow with applications alone; budgets are tidied, secrets sealed anew, and records
# of use summed up for a report now and then.
SMALL = frozenset(
    {
        *("applications", "webhooks", "lookup_keys", "lookup_releases", "sealing", "usage"),
        *("budgets", "owners", "connect_sessions", "lookup_records", "webhook_secrets"),
    }
)
PARTIAL = ("ix_events_shard_waiting", "ix_deliveries_due", "ix_deliveries_dead")  # hold only what waits or was given up


def digest(text: str) -> bytes:
    """Return 32 bytes that stand for a text."""
    return sha256(text.encode()).digest()


def application(client_id: str = "app", *, minutes: int = 0) -> Application:
    """Return an application."""
    return Application(
        client_id, f"App {client_id}", ("https://a.example/cb", "sc1://é"), digest(f"secret of {client_id}"),
        digest(f"token of {client_id}"), NOW + timedelta(minutes=minutes),
    )  # fmt: skip


def car(vin: str = "1", **more: Any) -> SourceCar:
    """Return a car as a source tells it."""
    return SourceCar(
        **{
            "vin": f"SIM{vin:0>14}", "make": "TESLA", "model": "Model 3", "year": 2022, "powertrain": "BEV",
            "signals": frozenset({"a"}), "commands": frozenset({"b"}), **more,
        }
    )  # fmt: skip


def session(client_id: str = "app", **more: Any) -> ConnectSession:
    """Return a new Connect session."""
    return ConnectSession(
        **{
            "id": f"session {next(_numbers)}", "client_id": client_id, "cookie_digest": digest("cookie"),
            "record": b'{"page":"brands"}', "secret": None, "version": 1, "expires_at": NOW + timedelta(minutes=30),
            **more,
        }
    )  # fmt: skip


def owner(account: str = "o", client_id: str = "app", **more: Any) -> Owner:
    """Return an owner as Connect brings them: their id counts only when they are new."""
    return Owner(
        **{
            "id": f"user {next(_numbers)}", "client_id": client_id, "source": "simulator", "mode": "simulated",
            "account_digest": digest(account), "created_at": NOW, **more,
        }
    )  # fmt: skip


def pair(name: str, at: datetime = NOW) -> TokenPair:
    """Return new tokens, which live two hours and sixty days."""
    return TokenPair(
        digest(f"access {name}"), at + timedelta(hours=2), digest(f"refresh {name}"), at + timedelta(days=60)
    )


def reading(value: Any = 1.5, *, measured: float | None = 0, fetched: float = 0) -> Reading:
    """Return a reading; times are in seconds after `NOW`."""
    return Reading(
        value, "km", None if measured is None else NOW + timedelta(seconds=measured), None,
        NOW + timedelta(seconds=fetched), "simulator",
    )  # fmt: skip


def command(vehicle_id: str, car_id: str, **more: Any) -> CommandRecord:
    """Return a command that may be sent for a minute."""
    return CommandRecord(
        **{
            "id": f"command {next(_numbers)}", "client_id": "app", "vehicle_id": vehicle_id, "car_id": car_id,
            "name": "security-lock", "arguments": {"a": 1, "b": [1.5, None, "ü"]}, "fingerprint": digest("lock"),
            "state": "accepted", "problem": None, "accepted_at": NOW, "deadline_at": NOW + timedelta(minutes=1),
            **more,
        }
    )  # fmt: skip


async def connect(store: Store, **more: Any) -> Approval:
    """Let an owner approve: one car, two permissions, with a code. Return the approval as it was written."""
    number = next(_numbers)
    client_id = more.pop("client_id", "app")
    asked = session(client_id)
    await store.open_session(asked)
    approval = Approval(
        **{
            "session_id": asked.id, "session_version": asked.version, "owner": owner(client_id=client_id),
            "maker_session": Secret(f"maker session {number}"),
            "cars": (ApprovedCar(car(), ("read_odometer", "read_vin")),), "grant_id": f"grant {number}",
            "code_digest": digest(f"code {number}"), "redirect_uri": "https://a.example/cb", "challenge": None,
            "external_id": None, "consent": Consent("1", "en", "App"), "result": Secret(f"result {number}"),
            "at": NOW, **more,
        }
    )  # fmt: skip
    assert await store.approve(approval) is True
    return approval


@dataclass
class Place:
    """Where stores of one kind keep things; several stores may be opened on one place."""

    kind: str
    folder: Path
    url: str | None
    opened: list[Store] = field(default_factory=list)

    def open(self, keys: str | None = None) -> Store:
        """Open a store. In memory there is only one."""
        if self.kind == "memory":
            self.opened = self.opened or [MemoryStore()]
            return self.opened[0]
        store: Store = open_store(self.folder, self.url, self.sealer(keys))
        self.opened.append(store)
        return store

    def open_sql(self) -> SqlStore:
        """Open a store on a database."""
        store = self.open()
        assert isinstance(store, SqlStore)
        return store

    def sealer(self, keys: str | None = None) -> Sealer:
        """Return a sealer with these keys, or those of the folder."""
        return open_sealer(self.folder, keys)


async def _place(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    url: str | None = None
    if kind == "postgres":
        cluster: Cluster = request.getfixturevalue("cluster")
        with cluster.database(cluster.template()) as url:
            place = Place(kind, tmp_path / "data", url)
            yield place
            for store in place.opened:
                await store.close()
        return
    place = Place(kind, tmp_path / "data", None)
    yield place
    for store in place.opened:
        await store.close()


@pytest.fixture(params=KINDS)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place of each kind, empty."""
    async for made in _place(request.param, tmp_path, request):
        yield made


@pytest.fixture(params=KINDS[1:])
async def disk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place of each kind that lasts, empty."""
    async for made in _place(request.param, tmp_path, request):
        yield made


@pytest.fixture
async def store(place: Place) -> Store:
    """A store of each kind with one application, ``app``."""
    opened = place.open()
    await opened.add(application(), Secret("management token of app"))
    return opened


_LOOKED_AT: dict[str, list[str]] = {}


@pytest.fixture(autouse=True)
def no_table_is_gone_through(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail where a statement of ours would go through a whole table of SQLite, that grows with cars or events."""
    asked: set[str] = set()
    plain = sqlite_driver.run

    def watched(execute: Any, steps: Any) -> Any:
        def noted(text: str, values: Any) -> Any:
            asked.add(text)
            return execute(text, values)

        return plain(noted, steps)

    monkeypatch.setattr(sqlite_driver, "run", watched)
    yield
    for text in asked - _LOOKED_AT.keys():
        _LOOKED_AT[text] = _gone_through(unlocked(text))
    found = {text: tables for text in asked if (tables := _LOOKED_AT[text])}
    assert found == {}


def _gone_through(text: str) -> list[str]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", [0] * text.count("?"))]
    connection.close()
    names = {alias: table for table, alias in re.findall(r"\b(?:FROM|JOIN) (\w+) (?:AS )?(\w+)\b", text)}
    tables = [
        (names.get(each[1], each[1]), each[0]) for step in steps if (each := re.match(r"SCAN ([a-z]\w*)\b.*", step))
    ]
    return [step for table, step in tables if table not in SMALL and not step.endswith(PARTIAL)]
