"""Answers without an end, over plain ASGI: written as fast as they are read, until either side has had enough."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

import structlog
from litestar.types import Receive, Send

from carwire.core.errors import StoreUnavailable
from carwire.http.call import Answer, Headers, with_caution

_log = structlog.get_logger("carwire.http")


async def begin(send: Send, answer: Answer, more: Headers) -> None:
    """Send status and headers."""
    headers = [(b"content-type", answer.content_type), *with_caution(answer.headers), *more]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


async def flow(receive: Receive, send: Send, pieces: AsyncGenerator[bytes], request_id: str) -> None:
    """Send the body of a begun answer until it ends or the client is gone. What fails ends it: whoever wants more comes
    back, and is then told what is wrong.
    """
    writing = asyncio.create_task(_write(send, pieces, request_id), name="flow")
    leaving = asyncio.create_task(_gone(receive), name="gone")
    try:
        await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (writing, leaving):
            task.cancel()
        await asyncio.gather(writing, leaving, return_exceptions=True)
        await pieces.aclose()


async def _write(send: Send, pieces: AsyncGenerator[bytes], request_id: str) -> None:
    try:
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    except StoreUnavailable as error:
        _log.warning("stream broken off", request_id=request_id, error=str(error))
    except Exception:
        _log.exception("unexpected", request_id=request_id)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while True:
        message = cast("dict[str, Any]", await receive())
        if message["type"] == "http.disconnect":
            return
