"""A database on a PostgreSQL server: made, upgraded, refused with one sentence, and missed while it is away."""

from __future__ import annotations

import asyncio
import builtins
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from tests.conftest import ROOT, environment
from tests.postgres import PASSWORD, Cluster
from tests.storage.conftest import NOW, application

from carwire.core.errors import CannotStart, StoreUnavailable
from carwire.kit.secrets import Secret
from carwire.storage.audit import first_break
from carwire.storage.sealing import open_sealer
from carwire.storage.sql import schema, upgrade
from carwire.storage.sql.opening import HEAD
from carwire.storage.sql.store import SqlStore, open_store

KEYS = f"k:{'1' * 64}"
anyio = pytest.mark.anyio


def opened(url: str) -> SqlStore:
    return open_store(Path("nowhere"), url, open_sealer(Path("nowhere"), KEYS))


def refused(url: str) -> str:
    with pytest.raises(CannotStart) as caught:
        opened(url)
    message = str(caught.value)
    assert "\n" not in message
    assert PASSWORD not in message
    assert "wrong-one" not in message
    return message


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


@anyio
async def test_an_empty_database_is_made_ours_and_opened_again(empty_database: str) -> None:
    store = opened(empty_database)
    await store.add(application(), Secret("token"))
    await store.close()
    again = opened(empty_database.replace("postgresql://", "postgres://"))
    assert await again.all() == [application()]
    await again.close()
    assert tables(empty_database) == {*schema.metadata.tables, "alembic_version"}


def test_the_tables_in_code_are_those_of_the_migrations(postgres_url: str) -> None:
    engine = sa.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(postgres_url), poolclass=sa.NullPool
    )
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


@anyio
async def test_a_database_of_the_first_schema_keeps_its_applications(empty_database: str) -> None:
    upgrade.upgrade("postgresql+psycopg://", "0001", lambda: psycopg.connect(empty_database))
    each = application()
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            "INSERT INTO applications VALUES (%s, %s, %s, %s, %s, %s)",
            (
                each.client_id, each.name, msgspec.json.encode(each.redirect_uris).decode(), each.secret_digest,
                each.management_token_digest, each.created_at,
            ),
        )  # fmt: skip
    store = opened(empty_database)
    assert await store.all() == [each]
    assert await store.management_token("app") is None
    await store.close()


STARTER = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from carwire.storage.sealing import open_sealer
from carwire.storage.sql.store import open_store

store = open_store(Path("nowhere"), sys.argv[1], open_sealer(Path("nowhere"), sys.argv[2]))
async def main():
    await store.note("started", "x", {}, datetime.now(UTC))
    await store.close()
asyncio.run(main())
"""


def test_servers_that_start_at_once_make_one_database(empty_database: str) -> None:
    started = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, empty_database, KEYS],
            env=environment(PYTHONPATH=str(ROOT / "src")),
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in started:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said

    async def look() -> None:
        store = opened(empty_database)
        lines = await store.audit()
        assert len(lines) == 4
        assert first_break(lines) is None
        await store.close()

    asyncio.run(look())


def test_a_server_nobody_answers_for_is_refused() -> None:
    message = refused(f"postgresql://someone:{PASSWORD}@127.0.0.1:1/name")
    assert "'name' at '127.0.0.1'" in message


def test_a_wrong_password_is_refused_and_not_shown(cluster: Cluster) -> None:
    message = refused(cluster.url("postgres", "wrong-one"))
    assert "password authentication failed" in message


def test_a_database_that_does_not_exist_is_refused(cluster: Cluster) -> None:
    assert "nothing_here" in refused(cluster.url("nothing_here"))


@pytest.mark.parametrize(
    "url", [f"postgresql://[::1:{PASSWORD}", f"postgresql://a/b?pass={PASSWORD}", f"mysql://a:{PASSWORD}@b/c"]
)
def test_what_is_no_url_of_postgresql_is_refused_and_not_shown(url: str) -> None:
    assert "CARWIRE_DATABASE" in refused(url)


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE bookmarks (url TEXT)"],
        ["CREATE TABLE applications (client_id TEXT)"],
        ["CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)", "INSERT INTO alembic_version VALUES ('1')"],
    ],
)
def test_the_database_of_another_program_is_refused_and_left_alone(empty_database: str, statements: list[str]) -> None:
    with psycopg.connect(empty_database) as connection:
        for statement in statements:
            connection.execute(statement.encode())
    before = tables(empty_database)
    assert "not those of Carwire" in refused(empty_database)
    assert tables(empty_database) == before


def test_a_database_of_a_newer_carwire_is_refused_and_left_alone(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    message = refused(postgres_url)
    assert "9999" in message
    assert HEAD in message
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_without_the_driver_the_start_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "psycopg":
            raise ImportError(name)
        return real(name, *arguments, **more)

    for module in [name for name in sys.modules if name.startswith("carwire.storage.sql.postgres")]:
        monkeypatch.delitem(sys.modules, module)
    import carwire.storage.sql as package

    for name in ("postgres", "postgres_driver", "postgres_pool"):
        monkeypatch.delattr(package, name, raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    assert "carwire[postgres]" in refused("postgresql://a/b")


def test_sqlite_loads_no_driver_of_postgresql_and_no_sqlalchemy(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from carwire.storage.sealing import open_sealer;"
        "from carwire.storage.sql.store import open_store; folder = Path(sys.argv[1]);"
        "open_store(folder, None, open_sealer(folder, None)); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "sqlite3" in loaded
    assert not loaded & {"psycopg", "sqlalchemy", "alembic"}


@anyio
async def test_nobody_changes_or_deletes_a_line_of_the_audit(postgres_url: str) -> None:
    store = opened(postgres_url)
    await store.note("kind", "x", {}, NOW)
    await store.close()
    for statement in ("UPDATE audit SET kind = 'y'", "DELETE FROM audit", "TRUNCATE audit"):
        with psycopg.connect(postgres_url) as connection, pytest.raises(psycopg.IntegrityError, match="append-only"):
            connection.execute(statement.encode())


@anyio
async def test_connections_that_died_are_replaced_without_anybody_noticing(cluster: Cluster, postgres_url: str) -> None:
    store = opened(postgres_url)
    await asyncio.gather(*(store.note("kind", f"{n}", {}, NOW) for n in range(20)))
    await asyncio.gather(*(store.ping() for _ in range(20)))
    ended = cluster.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test%'")
    assert len(ended) > 2
    await asyncio.gather(*(store.note("kind", f"{n}", {}, NOW) for n in range(20, 40)))
    assert await store.find("app") is None
    lines = await store.audit()
    assert sorted(int(line.subject) for line in lines) == list(range(40))
    await store.close()


@anyio
async def test_a_database_that_went_away_is_unavailable_and_comes_back(cluster: Cluster, postgres_url: str) -> None:
    store = opened(postgres_url)
    await store.add(application(), Secret("token"))
    name = postgres_url.split("@/")[1].partition("?")[0]
    cluster.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    cluster.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    for call in (store.ping(), store.find("app"), store.note("kind", "x", {}, NOW)):
        with pytest.raises(StoreUnavailable) as caught:
            await call
        assert PASSWORD not in str(caught.value)
    first = store.version()
    await asyncio.sleep(0.01)
    assert store.version() != first, "what nobody can ask for counts as changed"
    cluster.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert await store.find("app") == application()
    await store.close()


@anyio
async def test_a_read_only_database_is_unavailable_for_writing(cluster: Cluster, postgres_url: str) -> None:
    store = opened(postgres_url)
    name = postgres_url.split("@/")[1].partition("?")[0]
    cluster.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await store.ping()
    with pytest.raises(StoreUnavailable):
        await store.note("kind", "x", {}, NOW)
    await store.close()


@anyio
async def test_another_store_sees_written_applications_within_a_second(postgres_url: str) -> None:
    first, second = opened(postgres_url), opened(postgres_url)

    async def settled() -> int:
        """Return the version once two questions give the same."""
        while True:
            seen = first.version()
            await asyncio.sleep(0.05)
            if first.version() == seen:
                return seen

    before = await settled()
    await second.note("kind", "x", {}, NOW)
    assert await settled() == before, "other tables do not count"
    await second.add(application(), Secret("token"))
    loop = asyncio.get_running_loop()
    end = loop.time() + 1
    while first.version() == before:
        assert loop.time() < end
        await asyncio.sleep(0.02)
    await first.close()
    await second.close()
