"""The floor of deliveries: bare aiohttp sends the same bytes, as many at once."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiohttp
import uvloop


async def main(url: str, body: bytes, count: int, at_once: int) -> None:
    """Send."""
    left = iter(range(count))
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), auto_decompress=False) as session:

        async def line() -> None:
            for _ in left:
                async with session.post(url, data=body, headers=headers) as response:
                    await response.read()
                    assert response.status == 200

        await asyncio.gather(*(line() for _ in range(at_once)))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2]).read_bytes(), int(sys.argv[3]), int(sys.argv[4])))
