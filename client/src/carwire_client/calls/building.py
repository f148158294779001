"""What the builders of calls share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from carwire_client.answers import Answer
from carwire_client.call import JSON, Call, Kind, Pairs, authorized, flags_text, json_body, pairs, segment
from carwire_client.models.base import Result, Shape, read_result
from carwire_client.secrets import Secret
from carwire_client.settings import Reach, check_version

R = TypeVar("R", bound=Result)


def reading(kind: type[R], shape: Shape | None = None, *, may_be_empty: bool = False) -> Callable[[Answer], R]:
    """Return what reads an answer as a result of that class."""

    def read(answer: Answer) -> R:
        return read_result(kind, answer, shape, may_be_empty=may_be_empty)

    return read


def vehicle_path(reach: Reach, path: str) -> str:
    """Return the path of something of a vehicle in API v2."""
    return f"/v{check_version(reach.api_version)}/vehicles/{segment(reach.id)}{path}"


def reach_headers(reach: Reach) -> tuple[tuple[str, Secret], ...]:
    """Return the headers every call of a vehicle has."""
    found = [("sc-unit-system", Secret(reach.unit_system))]
    for name, seconds in (("carwire-max-age", reach.max_age), ("carwire-stale-if-error", reach.stale_if_error)):
        if seconds is not None:
            found.append((name, Secret(str(seconds))))
    return tuple(found)


def flags_of(reach: Reach) -> Pairs:
    """Return the flags every call of a vehicle has."""
    return pairs(flags=flags_text(reach.flags))


def vehicle_read(reach: Reach, path: str, kind: type[R], shape: Shape | None = None, query: Pairs = ()) -> Call[R]:
    """Build the read of a path of a vehicle."""
    return Call(
        name=path.strip("/") or "attributes",
        method="GET",
        path=vehicle_path(reach, path),
        read=reading(kind, shape),
        auth=authorized(reach.token),
        query=query + flags_of(reach),
        headers=reach_headers(reach),
    )


def vehicle_write(
    reach: Reach,
    method: str,
    path: str,
    kind: type[R],
    body: Any = None,
    *,
    repeat: Kind = "command",
    key: str | None = None,
) -> Call[R]:
    """Build a call that changes something about a vehicle; of its answer the status says it all."""
    return Call(
        name=path.strip("/"),
        method=method,
        path=vehicle_path(reach, path),
        read=reading(kind, may_be_empty=True),
        kind=repeat,
        auth=authorized(reach.token),
        query=flags_of(reach),
        headers=reach_headers(reach),
        body=None if body is None else json_body(body),
        content_type=JSON,
        key=key,
    )
