"""``carwire audit``: whether the audit is as it was written."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from carwire.cli.managing import check_database
from carwire.core.errors import CannotStart
from carwire.settings import read_settings


def verify(*, kept: str | None = None, data: Path | None = None) -> None:
    """Read the whole audit and check that every line follows from the one before. Prints the head: number and digest
    of the newest line. The chain has no key, so keep heads elsewhere and give one again later.

    Parameters
    ----------
    kept
        A head that was printed before, NUMBER:DIGEST: that line has to be the same still.
    data
        The server's data folder.
    """
    from carwire.app import open_database
    from carwire.storage.audit import BEGINNING, Head, verified

    settings = read_settings(os.environ, data=data)
    check_database(settings)
    head = BEGINNING if kept is None else _head(kept)

    async def run() -> Head:
        store = open_database(settings)
        try:
            return await verified(store, head)
        finally:
            await store.close()

    number, digest = asyncio.run(run())
    print(f"{number} lines, each follows from the one before. The head is\n{number}:{digest.hex()}")


def _head(text: str) -> tuple[int, bytes]:
    if not re.fullmatch(r"[0-9]{1,18}:[0-9a-f]{64}", text):
        msg = f"{text[:100]!r} is no head of an audit: NUMBER:DIGEST, as carwire audit verify prints it"
        raise CannotStart(msg)
    number, _, digest = text.partition(":")
    return int(number), bytes.fromhex(digest)
