"""Requests answered in this process: an event loop in a thread of its own, and transports that lead to it.

All clients of a server meet in that one loop, so those that block and those that are awaited can be mixed, and a test
that is awaited need not lend its own. There is no socket.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import httpx2

T = TypeVar("T")


class Loop:
    """An event loop that runs in a thread until it is closed."""

    def __init__(self) -> None:
        self._loop: Final = asyncio.new_event_loop()
        self._thread: Final = threading.Thread(target=self._loop.run_forever, name="carwire", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something there and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def awaited(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something there and await it here."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def close(self) -> None:
        """Give up what still runs there, and end the thread."""
        self.run(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class InProcess(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Leads requests to an ASGI application in a loop. An answer that is late is a timeout, as over a network."""

    def __init__(self, application: Any, loop: Loop) -> None:
        self._asgi: Final = httpx2.ASGITransport(app=application)
        self._loop: Final = loop
        self._late: set[asyncio.Task[httpx2.Response]] = set()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer for a client that blocks."""
        request.read()
        return self._loop.run(self._answer(request))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer for a client that is awaited."""
        await request.aread()
        return await self._loop.awaited(self._answer(request))

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        """Wait as long as the request allows. What is late goes on all the same: a server does not know who waits."""
        seconds = request.extensions.get("timeout", {}).get("read")
        task = asyncio.create_task(self._whole(request))
        await asyncio.wait({task}, timeout=seconds)
        if task.done():
            return task.result()
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        raise httpx2.ReadTimeout("", request=request)

    async def _whole(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._asgi.handle_async_request(request)
        body = b"".join([piece async for piece in answer.aiter_raw()])
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=httpx2.ByteStream(body))
