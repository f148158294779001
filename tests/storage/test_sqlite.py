"""The embedded database: the same whether made new or migrated, refused when it is not ours, and free of secrets."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from carwire.core.applications import Application
from carwire.core.errors import CannotStart
from carwire.kit.secrets import SecretHasher
from carwire.services.accounts import AccountService
from carwire.storage.sql import schema, upgrade
from carwire.storage.sql.sqlite import FILE_NAME, HEAD, SqliteApplications, open_database

NOW = datetime(2026, 11, 21, 13, 5, 0, 123456, tzinfo=UTC)


def application(client_id: str = "a", *, minutes: int = 0, token: bytes = bytes(32)) -> Application:
    return Application(
        client_id, f"App {client_id}", ("https://a.example/cb", "app://é"), bytes(range(32)), token,
        NOW + timedelta(minutes=minutes),
    )  # fmt: skip


def tables(connection: sqlite3.Connection) -> set[tuple[str, str, str, str | None]]:
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
    return {(kind, name, table, " ".join(sql.split()) if sql else None) for kind, name, table, sql in rows}


def filled(folder: Path) -> Path:
    """Make a database of several pages in `folder`, closed and checkpointed."""
    with closing(open_database(folder)) as connection:
        store = SqliteApplications(connection)
        for n in range(50):
            store.add(application(str(n), token=n.to_bytes(32)))
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


def test_an_application_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as connection:
        store = SqliteApplications(connection)
        assert store.all() == []
        store.add(application())
        assert store.find("a") == application()
        assert store.find("b") is None
        changed = msgspec.structs.replace(application(), name="Other", redirect_uris=(), secret_digest=bytes(32))
        assert store.replace(changed) is True
        assert store.find("a") == changed
        assert store.replace(application("b")) is False
        assert store.delete("b") is False
        assert store.delete("a") is True
        assert (store.find("a"), store.delete("a")) == (None, False)


def test_applications_are_listed_oldest_first(tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as connection:
        store = SqliteApplications(connection)
        made = [
            application("a", minutes=5),
            application("b", minutes=-5, token=b"b" * 32),
            application("c", token=b"c" * 32),
        ]
        for each in made:
            store.add(each)
        assert [each.client_id for each in store.all()] == ["b", "c", "a"]


def test_a_second_application_with_the_same_id_or_token_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as connection:
        store = SqliteApplications(connection)
        store.add(application())
        for twin in (application(token=b"x" * 32), application("b")):
            with pytest.raises(sqlite3.IntegrityError):
                store.add(twin)
        assert store.all() == [application()]


def test_what_was_stored_is_there_after_reopening(tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as connection:
        SqliteApplications(connection).add(application())
    with closing(open_database(tmp_path)) as connection:
        assert SqliteApplications(connection).all() == [application()]


def test_what_was_stored_is_seen_by_another_connection_and_survives_a_copy_of_the_files(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "a")) as connection:
        SqliteApplications(connection).add(application())
        with closing(open_database(tmp_path / "a")) as other:
            assert SqliteApplications(other).all() == [application()]
        shutil.copytree(tmp_path / "a", tmp_path / "b")  # as after a power cut: nothing was closed
        with closing(open_database(tmp_path / "b")) as copy:
            assert SqliteApplications(copy).all() == [application()]


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
    with closing(open_database(tmp_path / name)) as connection:
        SqliteApplications(connection).add(application())
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


def test_no_secret_is_in_the_files_after_registering_and_rotating(tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as connection:
        pepper = random.Random(3).randbytes(32)
        hasher = SecretHasher(pepper)
        service = AccountService(SqliteApplications(connection), hasher, lambda: NOW)
        made = [service.register(f"App {n}") for n in range(20)]
        rotated = [service.rotate_secret(new.application.client_id) for new in made]
        service.delete(made[0].application.client_id)
        secrets = [*rotated, *(new.client_secret for new in made), *(new.management_token for new in made)]
        files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        assert {FILE_NAME, f"{FILE_NAME}-wal"} <= set(files)
        everything = b"".join(files.values())
        assert hasher.hash(rotated[1]) in everything, "the search finds what is there"
        assert made[1].application.client_id.encode() in everything
        for text in (secret.reveal() for secret in secrets):
            assert text.encode() not in everything
            assert text.encode("utf-16-le") not in everything
            assert text.encode().hex().encode() not in everything
        assert pepper not in everything
