"""``GET /v1/events``: what happens at an application's vehicles, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.http.call import Answer, Call, NothingThere
from carwire.http.limits import Limited
from carwire.http.query import decode_query
from carwire.kit.sse import MEDIA_TYPE, written
from carwire.services.webhooks.streaming import (
    Alive,
    Item,
    Message,
    Place,
    Streaming,
    TooManyStreams,
    WebhookUnknown,
)

LAST_ID: Final = b"last-event-id"
RETRY_MS: Final = 1000  # after which a client that was cut off comes back
_FULL_S: Final = 5.0
_HEADERS: Final = ((b"cache-control", b"no-store"), (b"x-accel-buffering", b"no"))
PLACE: Final = r"^[0-9]{1,18}(\.[0-9]{1,6})?$"


class EventsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the stream begins, and whose it is."""

    after: Annotated[
        Annotated[str, Meta(pattern=PLACE)] | None,
        Meta(
            description="The `id` after which to go on; 0 is as far back as events are kept. The header "
            "`last-event-id` wins. Without either it begins with the present."
        ),
    ] = None
    webhook: Annotated[
        str | None,
        Meta(
            description="A webhook of the application: tell what it would be told, in payload version 4.0, halted or "
            "not. Else every change at every vehicle.",
            extra_json_schema={"format": "uuid"},
        ),
    ] = None


class EventHandlers:
    """Handlers over one service."""

    def __init__(self, streaming: Streaming) -> None:
        self._streaming = streaming

    async def events(self, call: Call) -> Answer:
        """An endless answer: an event has the `id` after which to go on, `VEHICLE_STATE` or `VEHICLE_ERROR` as its
        `event`, and the body a webhook gets as its `data`, unsigned and on one line.

        Whoever comes back with the last `id` loses nothing and gets nothing twice. Every 15 seconds without events
        there is a comment with an `id`. Events are kept for 30 days; an `event` of `gap` says from where on they are
        not, or that there is nothing after `after` yet. Only granted signals are told.
        """
        query = decode_query(call.query, EventsQuery)
        try:
            items = await self._streaming.open(call.application, _after(call, query), query.webhook)
        except WebhookUnknown:
            raise NothingThere("webhook", query.webhook or "") from None
        except TooManyStreams:
            raise Limited(_FULL_S) from None
        return Answer(b"", content_type=MEDIA_TYPE.encode(), headers=_HEADERS, tail=_written(items))


def _after(call: Call, query: EventsQuery) -> Place | None:
    given = call.one_header(LAST_ID)
    if not given:
        return None if query.after is None else Place.read(query.after)
    place = Place.read(given)
    if place is None:
        raise InvalidInput(FieldProblem(LAST_ID.decode(), "Must be the id of an event: a whole number"))
    return place


async def _written(items: AsyncGenerator[Item]) -> AsyncGenerator[bytes]:
    async with aclosing(items):
        yield b"retry: %d\n\n" % RETRY_MS
        async for item in items:
            yield _piece(item)


def _piece(item: Item) -> bytes:
    if isinstance(item, Message):
        return written(item.body, event=item.kind, id=str(item.place))
    if isinstance(item, Alive):  # without data it is no event, and its id counts all the same
        return b": alive\nid: %b\n\n" % str(item.place).encode()
    told = {"after": item.after, "goesOnAfter": item.place.position}
    return written(msgspec.json.encode(told), event="gap", id=str(item.place))
