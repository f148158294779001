"""``/health``, ``/ready`` and ``/metrics``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from carwire import __version__
from carwire.http.call import Answer, Call, json_answer
from carwire.http.metrics import CONTENT_TYPE, Metrics


class Health(msgspec.Struct, frozen=True):
    """`status` is ``ok`` whenever there is an answer; an unready server answers 503 in the error form instead."""

    status: Literal["ok"]
    version: str


class OperationHandlers:
    """Handlers for supervisors. `ping` asks the database and raises when it does not answer."""

    def __init__(self, ping: Callable[[], Awaitable[None]], metrics: Metrics) -> None:
        self._ping = ping
        self._metrics = metrics

    async def health(self, _call: Call) -> Answer:
        """Answer at once, from memory."""
        return json_answer(Health("ok", __version__))

    async def ready(self, _call: Call) -> Answer:
        """Answer once the database has."""
        await self._ping()
        return json_answer(Health("ok", __version__))

    async def metrics(self, _call: Call) -> Answer:
        """Write all metrics."""
        return Answer(self._metrics.page(), content_type=CONTENT_TYPE)
