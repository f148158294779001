"""Secrets at rest: sealed for their place, under keys that can be changed, and nowhere in the files."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from tests.postgres import Cluster
from tests.storage.conftest import NOW, Place, application, car, connect, digest, owner, pair, session

from carwire.core.errors import CannotStart
from carwire.core.grants import ApprovedCar, Principal
from carwire.core.vehicles import ConnectionFilter
from carwire.kit.secrets import Secret
from carwire.storage.keys import FILE_NAME as KEYS
from carwire.storage.keys import KeyFile, Keys, parse_keys
from carwire.storage.sealing import SealBroken, Sealer, UnknownKey, key_id, open_sealer
from carwire.storage.sql import schema
from carwire.storage.sql.rotation import SEALED
from carwire.storage.sql.sqlite import FILE_NAME

PLACE = ("owners", "maker_session_sealed", "1")
_ANY = ConnectionFilter()
ONE, TWO = f"one:{'1' * 64}", f"two:{'2' * 64}"


def sealer(keys: str) -> Sealer:
    return open_sealer(Path("nowhere"), keys)


@pytest.mark.parametrize("text", ["", "secret", "ü" * 1000, "\0"])
def test_what_was_sealed_opens_in_its_place_and_in_no_other(text: str) -> None:
    mine = sealer(ONE)
    sealed = mine.seal(Secret(text), *PLACE)
    assert mine.open(sealed, *PLACE).reveal() == text
    assert not text or text.encode() not in sealed or text == "\0"
    for n in range(3):
        moved = [*PLACE]
        moved[n] += "x"
        with pytest.raises(SealBroken):
            mine.open(sealed, *moved)
    with pytest.raises(SealBroken):
        mine.open(sealed, "owners\0maker_session_sealed", "1", "")


def test_a_sealed_value_with_any_byte_changed_does_not_open() -> None:
    mine = sealer(ONE)
    sealed = mine.seal(Secret("secret"), *PLACE)
    for n in range(len(sealed)):
        for changed in (sealed[:n] + bytes((sealed[n] ^ 1,)) + sealed[n + 1 :], sealed[:n]):
            with pytest.raises((SealBroken, UnknownKey)):
                mine.open(changed, *PLACE)


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    mine = sealer(ONE)
    assert len({mine.seal(Secret("secret"), *PLACE) for _ in range(100)}) == 100


def test_the_first_key_seals_and_every_key_opens() -> None:
    old = sealer(ONE).seal(Secret("old"), *PLACE)
    both = sealer(f"{TWO},{ONE}")
    new = both.seal(Secret("new"), *PLACE)
    assert (key_id(old), key_id(new)) == ("one", "two")
    assert [both.open(each, *PLACE).reveal() for each in (old, new)] == ["old", "new"]
    with pytest.raises(UnknownKey, match="two"):
        sealer(ONE).open(new, *PLACE)
    with pytest.raises(SealBroken):
        sealer(f"one:{'3' * 64}").open(old, *PLACE)


@pytest.mark.parametrize(
    "text", ["x", "one:12", f"one:{'g' * 64}", f":{'1' * 64}", f"{ONE},{ONE}", f"{'o' * 33}:{'1' * 64}", " , "]
)
def test_keys_that_cannot_be_used_are_refused_without_being_shown(text: str) -> None:
    with pytest.raises(CannotStart) as caught:
        parse_keys(text, "CARWIRE_KEYS")
    assert "CARWIRE_KEYS" in str(caught.value)
    assert "1" * 12 not in str(caught.value)
    assert "1" * 12 not in repr(Keys({"one": b"1" * 32}))


def test_the_key_file_is_made_when_something_is_sealed_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    mine = open_sealer(tmp_path / "data", None)
    assert not (tmp_path / "data").exists()
    sealed = mine.seal(Secret("secret"), *PLACE)
    path = tmp_path / "data" / KEYS
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_sealer(tmp_path / "data", None).open(sealed, *PLACE).reveal() == "secret"
    path.write_text("nonsense")
    assert mine.open(sealed, *PLACE).reveal() == "secret", "a running server goes on with the keys it has"
    with pytest.raises(CannotStart, match="key 1"):
        open_sealer(tmp_path / "data", None)


def test_a_newer_key_file_is_read_at_once(tmp_path: Path) -> None:
    running = open_sealer(tmp_path, None)
    old = running.seal(Secret("old"), *PLACE)
    file = KeyFile(tmp_path)
    file.replace(file.read().with_new())
    new = open_sealer(tmp_path, None).seal(Secret("new"), *PLACE)
    assert key_id(old) != key_id(new)
    assert [running.open(each, *PLACE).reveal() for each in (old, new)] == ["old", "new"]
    assert key_id(running.seal(Secret("x"), *PLACE)) == key_id(new)


def test_every_sealed_column_is_rotated() -> None:
    columns = {(t.name, c.name) for t in schema.metadata.tables.values() for c in t.columns if "sealed" in c.name}
    assert columns == {(table, column) for table, column, _ in SEALED}
    for table, _, row in SEALED:
        assert [c.name for c in schema.metadata.tables[table].primary_key] == [row]


# In a database


def execute(place: Place, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Run a statement on a place's database behind its stores."""
    if place.url is None:
        with closing(sqlite3.connect(place.folder / FILE_NAME)) as connection, connection:
            return connection.execute(statement, values).fetchall()
    with psycopg.connect(place.url) as server:
        cursor = server.execute(statement.replace("?", "%s").encode(), values)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.anyio
async def test_no_secret_is_in_the_files_of_the_database(disk: Place, request: pytest.FixtureRequest) -> None:
    store = disk.open()
    marked: list[str] = []

    def plant(what: str) -> Secret:
        marked.append(f"planted-{what}-{len(marked)}")
        return Secret(marked[-1])

    await store.add(application(), plant("management token"))
    await store.replace(application(), plant("management token"))
    for n in range(20):
        asked = session(secret=plant("state"))
        await store.open_session(asked)
        await store.save_session(msgspec.structs.replace(asked, version=2, secret=plant("state")))
        cars = (ApprovedCar(car(f"{n}"), ("read_vin",)),)
        approval = await connect(
            store, owner=owner(f"{n}"), cars=cars, maker_session=plant("session"), result=plant("result"),
            code_digest=digest(plant("code").reveal()),
        )  # fmt: skip
        await store.redeem(digest(marked[-1]), pair(plant("token").reveal()), NOW)
        await store.rotate(digest(f"refresh {marked[-1]}"), pair(plant("token").reveal()), NOW, NOW - NOW)
        await store.keep_maker_session(approval.owner.id, plant("session"))
        (vehicle,) = (await store.granted("app", approval.owner.id)).keys()
        assert vehicle == car(f"{n}").vin
    vehicle_id = (await store.vehicles(Principal("app"), 1, 0))[0][0]
    asked = session()
    await store.open_session(asked)
    reached = await store.reach(Principal("app"), vehicle_id)
    assert reached is not None
    await store.repair(asked.id, 1, vehicle_id, reached.user_id, plant("session"), now=NOW)
    if disk.url is None:
        everything = b"".join(path.read_bytes() for path in disk.folder.iterdir() if path.name.startswith(FILE_NAME))
        assert {f"{FILE_NAME}-wal", FILE_NAME} <= {path.name for path in disk.folder.iterdir()}
        shown = [digest(marked[6])]
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        everything = cluster.dump(disk.url)
        shown = []
    assert vehicle_id.encode() in everything, "the search finds what is there"
    assert any(each in everything for each in shown) or not shown
    assert len(marked) > 100
    for text in marked:
        for form in (text.encode(), text.encode("utf-16-le"), text.encode().hex().encode()):
            assert form not in everything
    for key in open_sealer(disk.folder, None).source.read().by_id.values():
        assert key not in everything
        assert key.hex().encode() not in everything


@pytest.mark.anyio
async def test_a_sealed_value_copied_to_another_row_does_not_open(disk: Place) -> None:
    store = disk.open()
    for client_id in ("a", "b"):
        await store.add(application(client_id), Secret(f"token of {client_id}"))
    execute(
        disk,
        "UPDATE applications SET management_token_sealed ="
        " (SELECT management_token_sealed FROM applications WHERE client_id = ?) WHERE client_id = ?",
        ("a", "b"),
    )
    assert (await store.management_token("a") or Secret("")).reveal() == "token of a"
    with pytest.raises(SealBroken):
        await store.management_token("b")


@pytest.mark.anyio
async def test_other_keys_stop_the_start_and_change_nothing(disk: Place) -> None:
    store = disk.open(ONE)
    await store.add(application(), Secret("token"))
    await store.close()
    before = execute(disk, "SELECT management_token_sealed FROM applications")
    sealed = execute(disk, "SELECT canary_sealed FROM sealing")
    for wrong in (TWO, f"one:{'3' * 64}", None):
        with pytest.raises(CannotStart) as caught:
            disk.open(wrong)
        assert "key" in str(caught.value)
        assert "\n" not in str(caught.value)
    assert execute(disk, "SELECT management_token_sealed FROM applications") == before
    assert execute(disk, "SELECT canary_sealed FROM sealing") == sealed
    assert not (disk.folder / KEYS).exists(), "no new key is drawn for a database that has another"
    again = disk.open(f"{TWO},{ONE}")
    assert (await again.management_token("app") or Secret("")).reveal() == "token"


@pytest.mark.anyio
async def test_a_rotation_leaves_nothing_under_the_old_key_and_everything_readable(disk: Place) -> None:
    store = disk.open_sql()
    await store.add(application(), Secret("token"))
    kept = session(secret=Secret("state"))
    await store.open_session(kept)
    cars = [ApprovedCar(car(f"{n}"), ("read_vin",)) for n in range(3)]
    approvals = [await connect(store, owner=owner(f"{n}"), cars=(cars[n],)) for n in range(3)]
    for _ in range(450):
        await store.open_session(session(secret=Secret("many")))
    (old,) = await store.sealed_values()
    assert await store.reseal() == 0
    file = KeyFile(disk.folder)
    file.replace(file.read().with_new())
    rotating = disk.open_sql()

    async def use() -> None:
        for n in range(40):
            found = await store.management_token("app")
            assert (found or Secret("")).reveal() == "token"
            await store.keep_maker_session(approvals[0].owner.id, Secret(f"renewed {n}"))

    done, *_ = await asyncio.gather(rotating.reseal(), use())
    assert done >= 450
    found = await rotating.sealed_values()
    assert list(found) == [file.read().current]
    assert old not in found
    file.replace(file.read().without({old}))
    late = disk.open_sql()
    (vehicle, *_), _ = await late.connections("app", _ANY, 10, None)
    assert vehicle is not None
    opened = await late.session(kept.id)
    assert opened is not None
    assert opened.secret is not None
    assert opened.secret.reveal() == "state"
    for approval in approvals:
        reached = await late.reach(
            Principal("app", approval.owner.id), (await late.vehicles(Principal("app", approval.owner.id), 1, 0))[0][0]
        )
        assert reached is not None
        expected = "renewed 39" if approval is approvals[0] else approval.maker_session.reveal()
        assert (await late.maker_session(reached) or Secret("")).reveal() == expected


@pytest.mark.anyio
async def test_an_interrupted_rotation_goes_on_where_it_was_left(disk: Place) -> None:
    store = disk.open_sql()
    await store.add(application(), Secret("token"))
    for _ in range(450):
        await store.open_session(session(secret=Secret("many")))
    file = KeyFile(disk.folder)
    file.replace(file.read().with_new())
    first = await store._reseal("connect_sessions", "secret_sealed", "id")
    found = await store.sealed_values()
    assert (first, len(found), sum(found.values())) == (200, 2, 452)
    assert await disk.open_sql().reseal() == 252
    assert await store.sealed_values() == {file.read().current: 452}
