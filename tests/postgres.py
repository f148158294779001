"""A throw-away PostgreSQL cluster, one for each test process, and a fresh database for each test."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

PASSWORD = "pw-of-the-tests"
_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=60", "listen_addresses=")
DURABLE = tuple("synchronous_commit=on" if each.startswith("sync") else each for each in _SETTINGS)
_TEMPLATE = "filled"
_ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@dataclass
class Cluster:
    """A running server that listens on a Unix socket in `folder`."""

    folder: Path
    programs: Path
    settings: tuple[str, ...] = _SETTINGS
    names: Iterator[int] = field(default_factory=itertools.count)
    server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers. Of one that was killed, sessions may hold the memory a while."""
        end = time.monotonic() + 30
        while not self._started():
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.2)

    def _started(self) -> bool:
        options = [part for setting in self.settings for part in ("-c", setting)]
        log = self.folder / "log"
        with log.open("ab") as out:
            self.server = subprocess.Popen(
                [self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *options],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=_ENVIRONMENT, cwd=self.folder, **_somebody(),
            )  # fmt: skip
        return _answers(self, self.server, log)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends sessions and writes everything, SIGQUIT is a crash."""
        if self.server is not None:
            self.server.send_signal(how)
            self.server.wait(30)
            self.server = None

    def url(self, database: str, password: str = PASSWORD) -> str:
        """Return the URL of a database, as CARWIRE_DATABASE has it."""
        return f"postgresql://postgres:{password}@/{database}?host={self.folder}"

    def run(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement outside of a transaction and return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @contextlib.contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """Make a database and yield its URL; it is gone afterwards, whoever is connected to it."""
        name = f"test{next(self.names)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def template(self) -> str:
        """Return the name of a database with the newest schema, made when it is first asked for."""
        if not self.run(f"SELECT 1 FROM pg_database WHERE datname = '{_TEMPLATE}'"):
            from carwire.storage.sql import upgrade

            self.run(f"CREATE DATABASE {_TEMPLATE}")
            upgrade.upgrade("postgresql+psycopg://", connect=lambda: psycopg.connect(self.url(_TEMPLATE)))
        return _TEMPLATE

    def dump(self, url: str) -> bytes:
        """Return a database as pg_dump writes it."""
        return subprocess.run([self.programs / "pg_dump", url], capture_output=True, check=True, timeout=60).stdout


@contextlib.contextmanager
def running(*settings: str) -> Iterator[Cluster | None]:
    """Run a server of the newest PostgreSQL that is installed; null where there is none. Unless `settings` are others,
    it loses what was just committed when it crashes.
    """
    programs = _programs()
    if programs is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="carwire-pg-"))
    try:
        with _started(folder, programs, settings or _SETTINGS) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The server of this test process. Skips where there is none, which CI does not accept."""
    with running() as found:
        if found is None:
            assert os.environ.get("CI") != "true", "PostgreSQL is not installed"
            pytest.skip("PostgreSQL is not installed: no initdb")
        yield found


def _programs() -> Path | None:
    """Return the folder of PostgreSQL's programs."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda path: int(path.parent.name))
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def _somebody() -> dict[str, Any]:
    """Return as whom to run the server, in words of `subprocess`: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def _started(folder: Path, programs: Path, settings: tuple[str, ...]) -> Iterator[Cluster]:
    somebody = _somebody()
    (folder / "password").write_text(PASSWORD)
    data = folder / "data"
    if somebody:
        for path in (folder, folder / "password"):
            os.chown(path, somebody["user"], somebody["group"])
    initdb: list[str | Path] = [
        programs / "initdb", "--pgdata", data, "--username=postgres", "--auth=scram-sha-256",
        f"--pwfile={folder / 'password'}", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8",
    ]  # fmt: skip
    done = subprocess.run(
        initdb, capture_output=True, text=True, timeout=120, check=False, env=_ENVIRONMENT, cwd=folder, **somebody
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cluster = Cluster(folder, programs, settings)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def _answers(cluster: Cluster, server: subprocess.Popen[bytes], log: Path) -> bool:
    """Wait until it answers; false when it has ended because the one before has not quite."""
    end = time.monotonic() + 60
    while True:
        try:
            cluster.run("SELECT 1")
        except psycopg.OperationalError:
            if server.poll() is not None:
                assert "is still in use" in log.read_text()[-600:], log.read_text()
                return False
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        else:
            return True


@pytest.fixture
def empty_database(cluster: Cluster) -> Iterator[str]:
    """The URL of a database without tables."""
    with cluster.database() as url:
        yield url


@pytest.fixture
def postgres_url(cluster: Cluster) -> Iterator[str]:
    """The URL of a database with the newest schema and no rows."""
    with cluster.database(cluster.template()) as url:
        yield url
