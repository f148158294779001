"""Following a stream of events of a running server, over any number of connections."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from http import HTTPStatus
from typing import Final

import aiohttp
import msgspec

from carwire import __version__
from carwire.core.errors import CannotStart
from carwire.kit.secrets import Secret
from carwire.kit.sse import MEDIA_TYPE, Message, Reader, TooLong

_CONNECT_S: Final = 10.0
_SILENT_S: Final = 45.0  # three signs of life that did not come
_LONGEST_S: Final = 10.0  # between two attempts
_PIECE: Final = 1 << 16  # bytes
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})  # statuses worth another attempt


class _Refusal(msgspec.Struct, frozen=True):
    description: str


class Follower:
    """Follows `/v1/events`. `find` says where the server is, asked anew for each connection; `tell` is told in words
    when a connection broke and when it is back. A stream that goes on after `after` loses nothing.
    """

    def __init__(
        self,
        find: Callable[[], str],
        token: Secret,
        *,
        webhook: str | None = None,
        after: str | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._find = find
        self._token = token
        self._webhook = webhook
        self._after = after
        self._tell = tell

    async def messages(self) -> AsyncGenerator[Message]:
        """Go on until a refusal that will not pass. Raises `CannotStart` for that, and when the first connection
        fails.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_SILENT_S)
        begun, failures = False, 0
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False, auto_decompress=False) as session:
            while True:
                why = "the server has ended the stream"
                try:
                    async for message in self._connection(session, again=failures > 0):
                        begun, failures = True, 0
                        if message is not None:
                            yield message
                except (aiohttp.ClientError, OSError, TooLong, _Passing) as error:
                    why = str(error) or type(error).__name__
                    if not begun:
                        msg = f"no events from {self._find()}: {why}"
                        raise CannotStart(msg) from None
                if failures == 0:
                    self._tell(f"The connection broke ({why}). Trying again.")
                failures += 1
                await asyncio.sleep(_wait_s(failures))

    async def _connection(self, session: aiohttp.ClientSession, *, again: bool) -> AsyncGenerator[Message | None]:
        """Give what one connection tells, and null for anything else it says."""
        headers = {
            "authorization": f"Bearer {self._token.reveal()}",
            "accept": MEDIA_TYPE,
            "user-agent": f"Carwire/{__version__}",
        }
        if self._after is not None:
            headers["last-event-id"] = self._after
        query = {} if self._webhook is None else {"webhook": self._webhook}
        async with session.get(f"{self._find()}/v1/events", params=query, headers=headers) as answer:
            if answer.status != HTTPStatus.OK or answer.content_type != MEDIA_TYPE:
                raise await _refused(answer)
            if again:
                self._tell("Connected again.")
            reader = Reader()
            async for piece in answer.content.iter_chunked(_PIECE):
                for message in reader.feed(piece):
                    self._after = message.id or self._after
                    yield message
                self._after = reader.last_id or self._after
                yield None


def _wait_s(failures: int) -> float:
    return random.uniform(0.5, 1) * min(_LONGEST_S, 0.5 * 2.0 ** min(failures, 10))  # noqa: S311  # spreads attempts


class _Passing(Exception):
    """A refusal that may pass."""


async def _refused(answer: aiohttp.ClientResponse) -> Exception:
    body = await answer.content.read(_PIECE)
    try:
        why = msgspec.json.decode(body, type=_Refusal).description
    except msgspec.MsgspecError:
        why = "what answers there is not Carwire"
    if answer.status in _PASSING:
        return _Passing(f"it answers {answer.status}: {why}")
    return CannotStart(f"the server at {answer.url.origin()} answers {answer.status}: {why}")
