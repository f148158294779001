"""``carwire audit verify``: an audit as it was written, and every way to change it behind the server's back."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import subprocess
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from tests.conftest import PEPPER

from carwire.app import open_database
from carwire.settings import Settings
from carwire.storage.sql.sqlite import FILE_NAME

Run = Callable[..., subprocess.CompletedProcess[str]]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEYS = f"one:{'1' * 64}"
LINES = 1_105
SPOILT = {
    "detail": ("UPDATE audit SET detail = '{\"n\":-1}' WHERE number = 7", 7),
    "detail of another form": ("UPDATE audit SET detail = 'nonsense' WHERE number = 1050", 1050),
    "kind": ("UPDATE audit SET kind = 'x' WHERE number = 1", 1),
    "subject": ("UPDATE audit SET subject = 'x' WHERE number = 1000", 1000),
    "moment": ("UPDATE audit SET noted_at = noted_at + 1 WHERE number = 1001", 1001),
    "a moment that is none": ("UPDATE audit SET noted_at = 9000000000000000000 WHERE number = 3", 3),
    "missing": ("DELETE FROM audit WHERE number = 77", 77),
    "the first": ("DELETE FROM audit WHERE number = 1", 1),
    "the last": (f"DELETE FROM audit WHERE number = {LINES}", LINES),
    "all": ("DELETE FROM audit", 1),
    "two exchanged": ("UPDATE audit SET number = 9999 WHERE number = 5", 5),
}


class Kept:
    """A database with an audit, behind whichever driver."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self.folder, self.url = folder, url
        self.settings = {"CARWIRE_DATA": str(folder), "CARWIRE_PEPPER": PEPPER.hex(), "CARWIRE_KEYS": KEYS}
        if url is not None:
            self.settings["CARWIRE_DATABASE"] = url

    async def write(self, numbers: Iterable[int]) -> None:
        store = open_database(Settings(data=self.folder, database=self.url, keys=KEYS))
        await asyncio.gather(*(store.note("kind", f"subject {n}", {"n": n}, NOW) for n in numbers))
        await store.close()

    def execute(self, statement: str) -> None:
        """Run a statement behind the server's back, and behind the triggers that keep the audit as it is."""
        if self.url is None:
            with closing(sqlite3.connect(self.folder / FILE_NAME)) as connection, connection:
                found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
                names, made = zip(*found, strict=True)
                for each in (*(f"DROP TRIGGER {name}" for name in names), statement, *made):
                    connection.execute(each)
            return
        with psycopg.connect(self.url) as server:
            for each in ("ALTER TABLE audit DISABLE TRIGGER ALL", statement, "ALTER TABLE audit ENABLE TRIGGER ALL"):
                server.execute(each.encode())


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    made = Kept(tmp_path / "data", None if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    asyncio.run(made.write(range(LINES)))
    return made


def head_of(done: subprocess.CompletedProcess[str]) -> str:
    assert (done.returncode, done.stderr) == (0, "")
    head = done.stdout.splitlines()[-1]
    assert re.fullmatch("[0-9]+:[0-9a-f]{64}", head)
    return head


def broken(done: subprocess.CompletedProcess[str], number: int) -> None:
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"carwire: line {number} of the audit is missing or is not what was written\n"


def test_an_audit_as_it_was_written_is_told_with_its_head(carwire: Run, kept: Kept) -> None:
    head = head_of(carwire("audit", "verify", **kept.settings))
    assert head.startswith(f"{LINES}:")
    asyncio.run(kept.write(range(3)))
    newer = head_of(carwire("audit", "verify", "--kept", head, **kept.settings))
    assert newer.startswith(f"{LINES + 3}:")


@pytest.mark.parametrize("how", SPOILT)
def test_the_first_line_that_was_changed_is_named(carwire: Run, kept: Kept, how: str) -> None:
    statement, number = SPOILT[how]
    kept.execute(statement)
    broken(carwire("audit", "verify", **kept.settings), number)


def test_a_chain_that_was_written_anew_is_noticed_by_a_head_that_was_kept(carwire: Run, kept: Kept) -> None:
    head = head_of(carwire("audit", "verify", **kept.settings))
    kept.execute("DELETE FROM audit")
    kept.execute(f"UPDATE audit_head SET number = 0, digest = {BEGINNING[kept.url is None]}")
    head_of(carwire("audit", "verify", **kept.settings))
    broken(carwire("audit", "verify", "--kept", head, **kept.settings), 1)
    asyncio.run(kept.write(range(LINES + 1, 1, -1)))
    other = head_of(carwire("audit", "verify", **kept.settings))
    assert other.partition(":")[0] == head.partition(":")[0]
    broken(carwire("audit", "verify", "--kept", head, **kept.settings), LINES)
    asyncio.run(kept.write([1]))
    broken(carwire("audit", "verify", "--kept", head, **kept.settings), LINES)


BEGINNING = {True: "zeroblob(32)", False: "decode(repeat('00', 32), 'hex')"}


def test_an_empty_audit_is_whole(carwire: Run, tmp_path: Path) -> None:
    asyncio.run(Kept(tmp_path, None).write(()))
    assert head_of(carwire("audit", "verify", "--data", tmp_path, CARWIRE_KEYS=KEYS)) == f"0:{'0' * 64}"


@pytest.mark.parametrize("text", ["", "1", "1:", f"x:{'0' * 64}", f"1:{'0' * 63}", f"1:{'g' * 64}"])
def test_what_is_no_head_is_refused(carwire: Run, tmp_path: Path, text: str) -> None:
    asyncio.run(Kept(tmp_path, None).write(()))
    done = carwire("audit", "verify", "--kept", text, "--data", tmp_path, CARWIRE_KEYS=KEYS)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is no head of an audit" in done.stderr


def test_without_a_database_there_is_nothing_to_verify(carwire: Run, tmp_path: Path) -> None:
    done = carwire("audit", "verify", "--data", tmp_path / "none")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no database" in done.stderr
    assert not (tmp_path / "none").exists()
