"""A sender that is made when it is needed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Mapping

import pytest

from carwire.core.delivery import Sent
from carwire.senders.later import LaterSender

pytestmark = pytest.mark.anyio


class Maker:
    """Makes one kind of sender, and notes where."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []
        self.posts: list[tuple[str, bytes, int, float]] = []
        self.closed = 0

    def __call__(self) -> Maker:
        self.threads.append(threading.current_thread())
        return self

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, keep: int = 1024, timeout_s: float = 15.0
    ) -> Sent:
        """Note what is to be sent."""
        self.posts.append((url, body, keep, timeout_s))
        return Sent(200, None, None, 0.0, b"", None, None)

    async def close(self) -> None:
        """Count."""
        self.closed += 1


async def test_it_is_made_once_at_the_first_request_beside_the_loop() -> None:
    maker = Maker()
    sender = LaterSender(maker)
    await asyncio.sleep(0)
    assert maker.threads == []
    sent = await asyncio.gather(*(sender.post(f"https://{n}.example", b"b", {}, keep=n, timeout_s=n) for n in range(3)))
    assert [each.status for each in sent] == [200, 200, 200]
    (thread,) = maker.threads
    assert thread is not threading.current_thread()
    assert sorted(maker.posts) == [(f"https://{n}.example", b"b", n, n) for n in range(3)]
    await sender.close()
    assert maker.closed == 1


async def test_one_that_was_never_needed_is_never_made() -> None:
    maker = Maker()
    await LaterSender(maker).close()
    assert (maker.threads, maker.closed) == ([], 0)


def test_a_server_is_put_together_without_loading_a_client_of_http() -> None:
    code = "import carwire.app, sys; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
