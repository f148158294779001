"""What happens at an application's vehicles, as it happens."""

from __future__ import annotations

from typing import Any

from carwire_client.call import Basic, Call, pairs
from carwire_client.secrets import Secret
from carwire_client.settings import Application


def events(application: Application, after: int | str | None = None, webhook: str | None = None) -> Call[Any]:
    """Go through events as they happen, without an end: those at every vehicle, or what a webhook would be told.

    Each event has a `place`; with it as `after` another run goes on there, and loses nothing. Without `after` it begins
    with the present, with 0 as far back as events are kept. A broken connection is made anew where it broke. A
    `GapEvent` says that something in between is kept no more; what is of no known kind is an `UnknownEvent`.
    """
    known = application.credentials()
    headers = [("accept", Secret("text/event-stream"))]
    if after is not None:
        headers.append(("last-event-id", Secret(str(after))))
    return Call(
        name="events",
        method="GET",
        path="/v1/events",
        read=lambda answer: None,  # the answer has no end
        auth=Basic(known.client_id, known.client_secret),
        query=pairs(webhook=webhook),
        headers=tuple(headers),
    )
