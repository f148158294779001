"""Stores and sessions: an owner's tokens are renewed once, whoever asks, and never lost."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from client.tests.conftest import KINDS, Hand, Told, hand_of, http

from carwire_client import (
    Access,
    AsyncOwnerSession,
    Client,
    FileTokenStore,
    GrantRefused,
    MemoryTokenStore,
    OwnerSession,
    Secret,
    StoreFailed,
    TokensMissing,
    TokenStore,
)
from carwire_client.tokens.store import write_access

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
LIFE = timedelta(hours=2)


def access(number: int, at: datetime = START) -> Access:
    """A pair of tokens."""
    return Access(
        access_token=Secret(f"access-{number}"),
        refresh_token=Secret(f"refresh-{number}"),
        expiration=at + LIFE,
        refresh_expiration=at + timedelta(days=60),
    )


def kept(store: TokenStore) -> bytes:
    """What a store keeps for this owner, written down."""
    found = store.get("me")
    assert found is not None
    return write_access(found)


@pytest.fixture(params=["memory", "files"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> TokenStore:
    """Each store, empty."""
    return MemoryTokenStore() if request.param == "memory" else FileTokenStore(tmp_path / "tokens")


# --- stores


def test_a_pair_is_kept_until_the_next(store: TokenStore) -> None:
    assert store.get("me") is None
    store.put("me", access(1))
    store.put("you", access(2))
    store.put("me", access(3))
    found = store.get("me")
    assert found is not None
    assert (found.refresh_token, found.expiration) == (Secret("refresh-3"), START + LIFE)
    assert store.get("me") == access(3)


@pytest.mark.parametrize(
    "key", ["me", "../../etc/passwd", "a/b", "", ".", "ü", "x" * 500, "a\0b", "A", "a.json", "a.lock"]
)
def test_any_text_is_a_key_and_no_two_are_the_same(store: TokenStore, key: str) -> None:
    store.put(key, access(1))
    store.put(key + "x", access(2))
    assert store.get(key) == access(1)
    release = store.try_lock(key)
    assert release is not None
    release()


def test_a_key_is_locked_by_one_at_a_time(store: TokenStore) -> None:
    release = store.try_lock("me")
    assert release is not None
    assert store.try_lock("me") is None
    other = store.try_lock("you")
    assert other is not None
    other()
    threading.Thread(target=release).start()
    until = time.monotonic() + 5
    while (again := store.try_lock("me")) is None:
        assert time.monotonic() < until
    again()


def test_files_are_nobody_elses(tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "deep" / "tokens")
    store.put("me", access(1))
    release = store.try_lock("me")
    assert release is not None
    release()
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.folder.iterdir()} == {
        "me.json": 0o600,
        "me.lock": 0o600,
    }


def test_a_write_that_fails_leaves_the_pair_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileTokenStore(tmp_path)
    store.put("me", access(1))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreFailed, match="cannot be written"):
        store.put("me", access(2))
    assert store.get("me") == access(1)
    assert [path.name for path in tmp_path.iterdir()] == ["me.json"]


@pytest.mark.parametrize("written", [b"", b"{", b"{}", b'{"access_token": 5}', b"\xff"])
def test_a_file_that_is_none_says_so_and_shows_nothing(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "me.json").write_bytes(written)
    with pytest.raises(StoreFailed, match="holds no tokens"):
        FileTokenStore(tmp_path).get("me")


# --- sessions


@dataclass
class Time:
    """The time of day, set by hand."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Endpoint:
    """A token endpoint that knows each refresh token once, and a vehicle that knows the newest access token."""

    told: Told
    number: int = 1
    refreshes: list[str] = field(default_factory=list)
    slow: float = 0.0
    guard: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, connection: Any) -> None:
        with self.guard:
            request = self.told.requests[-1].decode()
            if request.startswith("POST /oauth/token"):
                time.sleep(self.slow)
                connection.sendall(self._refresh(request.rpartition("refresh_token=")[2]))
            else:
                good = f"Bearer access-{self.number}" in request
                connection.sendall(http(200, b'{"id": "u"}') if good else http(401, b'{"type": "AUTHENTICATION"}'))

    def _refresh(self, token: str) -> bytes:
        self.refreshes.append(token)
        if token != f"refresh-{self.number}":
            return http(
                400, b'{"error": "invalid_request", "error_description": "Invalid refresh_token: %b."}' % token.encode()
            )
        self.number += 1
        pair = {"access_token": f"access-{self.number}", "refresh_token": f"refresh-{self.number}", "expires_in": 7200}
        return http(200, msgspec.json.encode(pair))


@dataclass
class Stage:
    """A client with a session of either kind at the endpoint."""

    hand: Hand
    endpoint: Endpoint
    clock: Time
    store: TokenStore

    def session(self, store: TokenStore | None = None) -> Any:
        """A session of this owner."""
        kind = OwnerSession if self.hand.kind == "blocking" else AsyncOwnerSession
        return kind(self.hand.client.auth(), self.store if store is None else store, "me", clock=self.clock)

    def token(self, session: Any, rejected: str | None = None) -> str:
        """The token a session gives."""
        given = None if rejected is None else Secret(rejected)
        found: Secret = self.hand(session.token(given))
        return found.reveal()


@pytest.fixture(params=KINDS)
def stage(request: pytest.FixtureRequest, told: Told, store: TokenStore) -> Iterator[Stage]:
    """Either kind of client and each store, whose owner has tokens."""
    endpoint, clock = Endpoint(told), Time()
    told.tell(endpoint)
    store.put("me", access(1))
    with hand_of(request.param, told.url, client_id="app", client_secret="s") as hand:
        object.__setattr__(hand.client, "wiring", msgspec.structs.replace(hand.client.wiring, now=clock))
        yield Stage(hand, endpoint, clock, store)


def test_a_token_is_used_until_shortly_before_its_end_and_then_renewed(stage: Stage) -> None:
    session = stage.session()
    stage.clock.at = START + LIFE - timedelta(seconds=61)
    assert stage.token(session) == "access-1"
    stage.clock.at += timedelta(seconds=1)
    assert stage.token(session) == "access-2"
    assert stage.token(session) == "access-2"
    assert stage.endpoint.refreshes == ["refresh-1"]
    assert kept(stage.store) == write_access(access(2, stage.clock.at))


def test_a_token_that_is_refused_is_renewed_once_and_the_call_goes_through(stage: Stage) -> None:
    stage.store.put("me", msgspec.structs.replace(access(1), access_token=Secret("revoked")))
    session = stage.session()
    assert stage.hand(stage.hand.client.get_user(session)).id == "u"
    assert stage.hand(stage.hand.client.vehicle("car", session).request("GET", "x")).body == {"id": "u"}
    assert stage.endpoint.refreshes == ["refresh-1"]


def test_what_somebody_else_has_renewed_is_taken_from_the_store(stage: Stage) -> None:
    first, second = stage.session(), stage.session()
    assert stage.token(first) == stage.token(second) == "access-1"
    assert stage.token(first, "access-1") == "access-2"
    assert stage.token(second, "access-1") == "access-2"
    assert stage.endpoint.refreshes == ["refresh-1"]


def test_a_session_begins_with_what_a_code_was_exchanged_for(stage: Stage) -> None:
    session = stage.session(MemoryTokenStore())
    with pytest.raises(TokensMissing):
        stage.token(session)
    stage.hand(session.start(access(1)))
    assert stage.token(session) == "access-1"
    assert "access-1" not in f"{session!r} {vars(session)!r}"


def test_an_owner_who_has_to_connect_again_is_told_apart(stage: Stage) -> None:
    stage.store.put("me", access(9))
    with pytest.raises(GrantRefused) as caught:
        stage.token(stage.session(), "access-9")
    assert "refresh-9" not in str(caught.value)
    assert stage.store.get("me") == access(9)
    release = stage.store.try_lock("me")
    assert release is not None
    release()


class Failing(MemoryTokenStore):
    """A store whose writes fail from one of them on, for as many as it is told."""

    def __init__(self, good: int, bad: int) -> None:
        super().__init__()
        self.good, self.bad = good, bad

    def put(self, key: str, access: Access) -> None:
        if self.good > 0:
            self.good -= 1
        elif self.bad > 0:
            self.bad -= 1
            raise StoreFailed("the disk is full")
        super().put(key, access)


def test_a_refresh_token_is_not_spent_when_the_store_cannot_be_written(stage: Stage) -> None:
    store = Failing(1, 1)
    store.put("me", access(1))
    session = stage.session(store)
    with pytest.raises(StoreFailed):
        stage.token(session, "access-1")
    assert stage.endpoint.refreshes == []
    assert stage.token(session, "access-1") == "access-2"


def test_a_pair_that_could_not_be_written_is_used_and_written_at_the_next_occasion(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    store = Failing(2, 1)
    store.put("me", access(1))
    session = stage.session(store)
    assert stage.token(session, "access-1") == "access-2"
    assert store.get("me") == access(1)
    assert [record.levelno for record in caplog.records if record.name == "carwire_client"] == [logging.WARNING]
    assert "refresh-2" not in caplog.text
    assert stage.token(session) == "access-2"
    assert kept(store) == write_access(access(2))
    assert stage.endpoint.refreshes == ["refresh-1"]


def test_a_pair_that_could_not_be_written_does_not_replace_what_somebody_else_has_written_since(stage: Stage) -> None:
    store = Failing(2, 1)
    store.put("me", access(1))
    session = stage.session(store)
    assert stage.token(session, "access-1") == "access-2"
    store.put("me", access(7))
    assert stage.token(session) == "access-7"
    assert kept(store) == write_access(access(7))


def test_threads_renew_once(told: Told, store: TokenStore) -> None:
    endpoint = Endpoint(told, slow=0.05)
    told.tell(endpoint)
    store.put("me", access(1))
    found: list[str] = []
    with Client(told.url, client_id="app", client_secret="s", environ={}) as client:
        sessions = [OwnerSession(client.auth(), store, "me", clock=Time()) for _ in range(3)]

        def run(session: OwnerSession) -> None:
            found.append(session.token(Secret("access-1")).reveal())

        threads = [threading.Thread(target=run, args=(sessions[number % 3],)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (found, endpoint.refreshes) == (["access-2"] * 12, ["refresh-1"])


def test_tasks_renew_once_and_one_that_is_cancelled_does_not_lose_the_tokens(told: Told, store: TokenStore) -> None:
    from carwire_client import AsyncClient

    endpoint = Endpoint(told, slow=0.1)
    told.tell(endpoint)
    store.put("me", access(1))

    async def run() -> list[str]:
        async with AsyncClient(told.url, client_id="app", client_secret="s", environ={}) as client:
            session = AsyncOwnerSession(client.auth(), store, "me", clock=Time())
            first = asyncio.create_task(session.token(Secret("access-1")))
            await asyncio.sleep(0.05)
            first.cancel()
            found = await asyncio.gather(*(session.token(Secret("access-1")) for _ in range(12)))
            return [each.reveal() for each in found]

    assert asyncio.run(run()) == ["access-2"] * 12
    assert endpoint.refreshes == ["refresh-1"]
    kept = store.get("me")
    assert kept is not None
    assert kept.refresh_token == Secret("refresh-2")


def test_a_task_that_knows_a_token_is_refused_does_not_get_it_from_one_that_does_not(told: Told) -> None:
    from carwire_client import AsyncClient

    told.tell(Endpoint(told))

    async def run() -> list[str]:
        store = MemoryTokenStore()
        store.put("me", access(1))
        async with AsyncClient(told.url, client_id="app", client_secret="s", environ={}) as client:
            session = AsyncOwnerSession(client.auth(), store, "me", clock=Time())
            found = await asyncio.gather(session.token(), session.token(Secret("access-1")))
            return [each.reveal() for each in found]

    assert asyncio.run(run()) == ["access-1", "access-2"]


ELSEWHERE = """
import sys
from datetime import datetime
from carwire_client import Client, FileTokenStore, OwnerSession, Secret

url, folder, at = sys.argv[1:]
with Client(url, client_id="app", client_secret="s", environ={}) as client:
    session = OwnerSession(client.auth(), FileTokenStore(folder), "me", clock=lambda: datetime.fromisoformat(at))
    print("ready", flush=True)
    sys.stdin.readline()
    print(session.token(Secret("access-1")).reveal())
"""


def test_processes_renew_once(told: Told, tmp_path: Path) -> None:
    endpoint = Endpoint(told, slow=0.2)
    told.tell(endpoint)
    FileTokenStore(tmp_path).put("me", access(1))
    command = [sys.executable, "-c", ELSEWHERE, told.url, str(tmp_path), START.isoformat()]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(3)]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate(timeout=30)[0] for process in processes] == ["access-2\n"] * 3
    assert endpoint.refreshes == ["refresh-1"]
