"""The embedded database: the same whether made new or migrated, refused when it is not ours, and free of secrets."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta, timezone
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from tests.storage.conftest import NOW, application

from carwire.core.errors import CannotStart, StoreUnavailable
from carwire.kit.secrets import Secret
from carwire.storage.audit import first_break
from carwire.storage.sealing import Sealer, open_sealer
from carwire.storage.sql import schema, sqlite, sqlite_driver, upgrade
from carwire.storage.sql.opening import HEAD
from carwire.storage.sql.sqlite import FILE_NAME
from carwire.storage.sql.store import SqlStore, open_store

KEYS = f"k:{'1' * 64}"


def sealer() -> Sealer:
    return open_sealer(Path("nowhere"), KEYS)


def open_database(folder: Path) -> sqlite3.Connection:
    return sqlite.open_database(folder, sealer())


def opened(folder: Path) -> SqlStore:
    return open_store(folder, None, sealer())


def added(folder: Path, *client_ids: str) -> None:
    """Add applications to the database in a folder."""

    async def add() -> None:
        store = opened(folder)
        for client_id in client_ids:
            await store.add(application(client_id), Secret("token"))
        await store.close()

    asyncio.run(add())


def kept(folder: Path) -> list[str]:
    """Return the client ids of the applications in the database in a folder."""

    async def find() -> list[str]:
        store = opened(folder)
        found = await store.all()
        await store.close()
        assert found == [application(each.client_id) for each in found]
        return [each.client_id for each in found]

    return asyncio.run(find())


def tables(connection: sqlite3.Connection) -> set[tuple[str, str, str, str | None]]:
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
    return {(kind, name, table, " ".join(sql.split()) if sql else None) for kind, name, table, sql in rows}


def filled(folder: Path) -> Path:
    """Make a database of several pages in `folder`, closed and checkpointed."""
    added(folder, *map(str, range(50)))
    with closing(open_database(folder)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert (folder / FILE_NAME).stat().st_size > 4 * 4096
    return folder / FILE_NAME


def test_a_new_database_is_the_migrated_one(tmp_path: Path) -> None:
    migrated = tmp_path / "migrated.sqlite3"
    upgrade.upgrade(f"sqlite:///{migrated}")
    with closing(open_database(tmp_path / "new")) as new, closing(sqlite3.connect(migrated)) as old:
        assert tables(new) == tables(old)
        assert {name for _, name, *_ in tables(new)} >= {"applications", "alembic_version"}
        versions = [c.execute("SELECT version_num FROM alembic_version").fetchall() for c in (new, old)]
        assert versions[0] == versions[1] == [(HEAD,)]


def test_the_newest_migration_is_the_one_the_code_expects() -> None:
    assert upgrade.head() == HEAD


def test_the_tables_in_code_are_those_of_the_migrations(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'migrated.sqlite3'}"
    upgrade.upgrade(url)
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []
        spare = sa.MetaData()
        sa.Table("spare", spare, sa.Column("id", sa.Integer, primary_key=True))
        assert compare_metadata(context, spare) != [], "the comparison sees differences"
    engine.dispose()


def test_what_was_stored_is_there_after_reopening(tmp_path: Path) -> None:
    added(tmp_path, "a")
    assert kept(tmp_path) == ["a"]


def test_what_was_stored_is_seen_by_another_store_and_survives_a_copy_of_the_files(tmp_path: Path) -> None:
    async def scenario() -> None:
        first, second = opened(tmp_path / "a"), opened(tmp_path / "a")
        await first.add(application("a"), Secret("token"))
        assert await second.all() == [application("a")]
        shutil.copytree(tmp_path / "a", tmp_path / "b")  # as after a power cut: nothing was closed
        await first.close()
        await second.close()

    asyncio.run(scenario())
    assert kept(tmp_path / "b") == ["a"]


@pytest.mark.anyio
async def test_the_version_shows_writes_of_another_process_within_a_moment(tmp_path: Path) -> None:
    first, second = opened(tmp_path), opened(tmp_path)
    seen = first.version()
    await second.note("kind", "x", {}, NOW)
    await asyncio.sleep(0.03)
    assert first.version() == seen, "other tables do not count"
    await second.add(application("a"), Secret("token"))
    await asyncio.sleep(0.03)
    assert first.version() != seen
    await first.close()
    await second.close()


@pytest.mark.anyio
async def test_a_writer_that_has_to_wait_keeps_no_reader_waiting(tmp_path: Path) -> None:
    store = opened(tmp_path)
    await store.add(application("a"), Secret("token"))
    with closing(sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(store.add(application("b"), Secret("token")))
        for _ in range(20):
            await asyncio.sleep(0.005)
            assert await store.find("a") == application("a")
        assert not writing.done()
        other.execute("ROLLBACK")
        await writing
    assert await store.find("b") == application("b")
    await store.close()


@pytest.mark.anyio
async def test_a_full_disk_is_said_and_nothing_half_written_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite_driver.connect

    def small(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")  # holds for one connection
        return connection

    store = opened(tmp_path)
    with closing(connect(tmp_path / FILE_NAME)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    monkeypatch.setattr(sqlite_driver, "connect", small)
    refused = 0
    for n in range(20):
        try:
            await store.note("kind", f"{n}", {"long": "x" * 3000}, NOW)
        except StoreUnavailable as error:
            refused += 1
            assert "full" in str(error)
    assert 10 < refused < 20
    lines = await store.audit()
    assert len(lines) == 20 - refused
    assert first_break(lines) is None
    await store.ping()
    await store.close()
    monkeypatch.setattr(sqlite_driver, "connect", connect)
    again = opened(tmp_path)
    await again.note("kind", "room again", {}, NOW)
    assert first_break(await again.audit()) is None
    await again.close()


@pytest.mark.anyio
async def test_waiting_writes_are_committed_together_and_one_by_one_they_are_not(tmp_path: Path) -> None:
    store = opened(tmp_path)
    commits: list[int] = []
    commit = sqlite_driver._commit

    def counted(connection: sqlite3.Connection, jobs: list[sqlite_driver._Job]) -> list[sqlite_driver._Outcome]:
        commits.append(len(jobs))
        return commit(connection, jobs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite_driver, "_commit", counted)
        await asyncio.gather(*(store.note("kind", f"{n}", {}, NOW) for n in range(100)))
        assert sum(commits) == 100
        assert len(commits) < 20
        commits.clear()
        for n in range(5):
            await store.note("kind", f"{n}", {}, NOW)
        assert commits == [1] * 5
    await store.close()


def test_nobody_changes_or_deletes_a_line_of_the_audit(tmp_path: Path) -> None:
    async def write() -> None:
        store = opened(tmp_path)
        await store.note("kind", "x", {}, NOW)
        await store.close()

    asyncio.run(write())
    with closing(open_database(tmp_path)) as connection:
        for statement in ("UPDATE audit SET kind = 'y'", "DELETE FROM audit"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)


def test_a_database_of_the_first_schema_keeps_its_applications(tmp_path: Path) -> None:
    upgrade.upgrade(tmp_path / FILE_NAME, "0001")
    first = application("a")
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection, connection:
        for n, each in enumerate((first, application("b", minutes=1))):
            connection.execute(
                "INSERT INTO applications VALUES (?, ?, ?, ?, ?, ?)",
                (
                    each.client_id, each.name, msgspec.json.encode(each.redirect_uris).decode(), each.secret_digest,
                    each.management_token_digest, each.created_at.astimezone(timezone(timedelta(hours=n))).isoformat(),
                ),
            )  # fmt: skip
    before = (tmp_path / FILE_NAME).read_bytes()

    async def look() -> None:
        store = opened(tmp_path)
        assert await store.all() == [first, application("b", minutes=1)]
        assert await store.find_by_management_token(first.management_token_digest) == first
        assert await store.management_token("a") is None
        assert await store.replace(first, Secret("new")) is True
        assert (await store.management_token("a") or Secret("")).reveal() == "new"
        await store.close()

    asyncio.run(look())
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / FILE_NAME).write_bytes(before)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "upgrade", failing_after(command.upgrade))
        assert "cannot be brought" in refused(tmp_path / "again")
    with closing(sqlite3.connect(tmp_path / "again" / FILE_NAME)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        assert connection.execute("SELECT count(*) FROM applications").fetchall() == [(2,)]
        assert {name for _, name, *_ in tables(connection)} == {
            "applications", "alembic_version", "sqlite_autoindex_alembic_version_1", "sqlite_autoindex_applications_1",
            "sqlite_autoindex_applications_2",
        }  # fmt: skip


def failing_after(work: Callable[..., None]) -> Callable[..., None]:
    """Return a function that does the work and fails then."""

    def run(*arguments: object) -> None:
        work(*arguments)
        msg = "cut off"
        raise RuntimeError(msg)

    return run


def test_the_database_is_committed_with_fsync_in_wal_mode(tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
        assert not connection.in_transaction


def test_a_missing_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    open_database(tmp_path / "a" / "b").close()
    assert (tmp_path / "a" / "b" / FILE_NAME).is_file()


@pytest.mark.parametrize("name", ["with blank", "ünïcödé", "a?b", "a#b", "a%20b", "a&mode=memory"])
def test_a_folder_of_any_name_holds_its_database(tmp_path: Path, name: str) -> None:
    added(tmp_path / name, "a")
    assert kept(tmp_path / name) == ["a"]
    assert (tmp_path / name / FILE_NAME).is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def refused(folder: Path) -> str:
    with pytest.raises(CannotStart) as caught:
        open_database(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def overwrite(path: Path, offset: int, data: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[offset : offset + len(data)] = data
    path.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "random bytes": lambda path: overwrite(path, 0, random.Random(1).randbytes(path.stat().st_size)),
    "a few random bytes": lambda path: path.write_bytes(random.Random(2).randbytes(99)),
    "text": lambda path: path.write_bytes(b"this is not a database " * 100),
    "cut in the header": lambda path: path.write_bytes(path.read_bytes()[:50]),
    "cut in the middle": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "cut after a page": lambda path: path.write_bytes(path.read_bytes()[:4096]),
    "last page lost": lambda path: path.write_bytes(path.read_bytes()[:-4096]),
    "zeroed header": lambda path: overwrite(path, 0, bytes(100)),
    "zeroed first page": lambda path: overwrite(path, 0, bytes(4096)),
    "zeroed second page": lambda path: overwrite(path, 4096, bytes(4096)),
    "zeroed last page": lambda path: overwrite(path, path.stat().st_size - 4096, bytes(4096)),
    "schema overwritten": lambda path: overwrite(path, 100, b"\xff" * 500),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_stops_the_start_with_one_sentence_and_is_left_alone(tmp_path: Path, kind: str) -> None:
    path = filled(tmp_path)
    open_database(tmp_path).close()  # whole until now
    DAMAGE[kind](path)
    before = path.read_bytes()
    message = refused(tmp_path)
    assert str(path) in message
    assert "damaged" in message
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE bookmarks (url TEXT)",
        "CREATE TABLE applications (client_id TEXT)",
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
    ],
)
def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path: Path, statement: str) -> None:
    path = tmp_path / FILE_NAME
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        before = tables(connection)
    assert "not one of Carwire's" in refused(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        assert tables(connection) == before


@pytest.mark.parametrize("name", ["data", "a?b", "a%20b"])
def test_a_database_of_a_newer_carwire_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    open_database(folder).close()
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    message = refused(folder)
    assert "9999" in message
    assert HEAD in message
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert str(tmp_path / "file") in refused(tmp_path / "file")
    assert str(tmp_path / "file" / "below") in refused(tmp_path / "file" / "below")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    assert "cannot be opened" in refused(tmp_path)


def test_a_database_another_program_keeps_locked_is_refused_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect
    open_database(tmp_path).close()
    with closing(connect(tmp_path / FILE_NAME)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(sqlite3, "connect", lambda path, **options: connect(path, **{**options, "timeout": 0.05}))
        message = refused(tmp_path)
    assert "locked" in message
    assert "damaged" not in message
