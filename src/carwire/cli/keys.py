"""``carwire keys``: the keys that seal what the server has to read again."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from carwire.core.errors import CannotStart
from carwire.settings import read_settings

if TYPE_CHECKING:
    from carwire.storage.keys import KeySource
    from carwire.storage.sql.store import SqlStore

T = TypeVar("T")
SETTLED_S: Final = 10  # by then every server has sealed its last value under the key that was current before


def show(*, json: bool = False, data: Path | None = None) -> None:
    """List the keys and how many values each seals. The keys themselves are not shown.

    Parameters
    ----------
    json
        Print JSON.
    data
        The server's data folder.
    """
    used, keys = _with_store(data, _used)
    rows = [
        {"id": name, "current": name == keys[0], "known": name in keys, "sealed_values": used.get(name, 0)}
        for name in dict.fromkeys([*keys, *used])
    ]
    if json:
        print(msgspec.json.encode(rows).decode())
        return
    for row in rows:
        remark = "current" if row["current"] else "" if row["known"] else "not among the keys"
        print(f"{row['id']:<12} {row['sealed_values']:>9} sealed  {remark}".rstrip())


def rotate(*, data: Path | None = None) -> None:
    """Draw a new key and seal everything with it, while servers go on working.

    When an earlier rotation was cut off, no new key is drawn: what it left is sealed. Keys from CARWIRE_KEYS are not
    changed: put a new one first there, then rotate.

    Parameters
    ----------
    data
        The server's data folder.
    """
    drawn, sealed, current = _with_store(data, _rotate)
    if drawn:
        print(f"The new key is {current}.")
    print(f"Sealed {sealed} value{'' if sealed == 1 else 's'} anew under {current}.")


def retire(*, data: Path | None = None) -> None:
    """Drop the keys that seal nothing any more.

    Parameters
    ----------
    data
        The server's data folder.
    """
    unused, changed = _with_store(data, _retire)
    if not unused:
        print("Every key is in use.")
    elif changed:
        print(f"Dropped {' '.join(unused)}.")
    else:
        print(f"Not in use any more, and may be taken out of CARWIRE_KEYS: {' '.join(unused)}")


def _with_store(data: Path | None, work: Callable[[SqlStore, KeySource], Coroutine[Any, Any, T]]) -> T:
    """Open the server's database and keys and do something with them."""
    from carwire.storage.sealing import open_sealer
    from carwire.storage.sql.store import open_store

    settings = read_settings(os.environ, data=data)
    sealer = open_sealer(settings.data, settings.keys)
    store = open_store(settings.data, settings.database, sealer)

    async def run() -> T:
        try:
            return await work(store, sealer.source)
        finally:
            await store.close()

    return asyncio.run(run())


async def _used(store: SqlStore, source: KeySource) -> tuple[dict[str, int], list[str]]:
    return await store.sealed_values(), list(source.read().by_id)


async def _rotate(store: SqlStore, source: KeySource) -> tuple[bool, int, str]:
    """Return whether a key was drawn, how many values were sealed anew, and the current key's id."""
    from carwire.storage.keys import KeyFile

    keys = source.read()
    cut_off = set(await store.sealed_values()) - {keys.current}
    draw = isinstance(source, KeyFile) and not cut_off
    if isinstance(source, KeyFile) and draw:
        source.replace(keys.with_new())
    sealed = await store.reseal()
    return draw, sealed, source.read().current or ""


async def _retire(store: SqlStore, source: KeySource) -> tuple[list[str], bool]:
    """Return the ids of keys out of use, and whether they were dropped."""
    from carwire.storage.keys import KeyFile

    keys = source.read()
    used = await store.sealed_values()
    unused = [name for name in keys.by_id if name not in used and name != keys.current]
    if not unused or not isinstance(source, KeyFile):
        return unused, False
    settled_in = source.changed_at() + SETTLED_S - time.time()
    if settled_in > 0:
        msg = f"the keys were changed just now, a server may still use an old one: try again in {settled_in:.0f} s"
        raise CannotStart(msg)
    source.replace(keys.without(set(unused)))
    return unused, True
