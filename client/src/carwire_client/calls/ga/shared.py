"""What the calls of API v3 share: how they are authorized, read, paged, and asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from carwire_client.answers import Answer, invalid
from carwire_client.call import JSON, Call, Kind, Pairs, Role, authorized, json_body
from carwire_client.models.base import Result, meta_of
from carwire_client.models.ga.base import Flat, Listing, Resource, read_listing, read_resource
from carwire_client.paging import Page
from carwire_client.secrets import Secret
from carwire_client.settings import OwnedReach

R = TypeVar("R", bound=Resource)
S = TypeVar("S", bound=Result)
NOT_MODIFIED = 304


class Done(Result, frozen=True):
    """Something was done, and there is nothing more to say."""


def resource(kind: type[R], flat: Flat | None = None) -> Callable[[Answer], R]:
    """Return what reads an answer as one resource."""
    return lambda answer: read_resource(kind, answer, flat)


def listing(kind: type[R], flat: Flat | None = None) -> Callable[[Answer], Listing[R]]:
    """Return what reads an answer as a page of resources."""
    return lambda answer: read_listing(kind, answer, flat)


def get(
    token: Any,
    name: str,
    path: str,
    read: Callable[[Answer], S],
    *,
    role: Role = "v3",
    query: Pairs = (),
    headers: tuple[tuple[str, Secret], ...] = (),
) -> Call[S]:
    """Build a read."""
    auth = None if token is None else authorized(token)
    return Call(name=name, method="GET", path=path, read=read, role=role, auth=auth, query=query, headers=headers)


def change(
    token: Any,
    method: str,
    name: str,
    path: str,
    read: Callable[[Answer], S],
    *,
    role: Role = "v3",
    kind: Kind = "once",
    body: Any = None,
    headers: tuple[tuple[str, Secret], ...] = (),
    key: str | None = None,
) -> Call[S]:
    """Build a call that changes something; attributes in `body` are wrapped as the wire has them."""
    return Call(
        name=name,
        method=method,
        path=path,
        read=read,
        role=role,
        kind=kind,
        auth=authorized(token),
        headers=headers,
        body=None if body is None else json_body({"data": {"attributes": body}}),
        content_type=JSON,
        key=key,
    )


def done(answer: Answer) -> Done:
    """Read an answer of which the status says it all."""
    return Done(meta=meta_of(answer.status, answer.headers))


def unless_changed(call: Call[S], previous: S | None) -> Call[S]:
    """Return the call that gives `previous` back, with the new `meta`, when nothing has changed since."""
    tag = None if previous is None else previous.meta.headers.get("etag")
    if previous is None or tag is None:
        return call
    known, read = previous, call.read

    def read_again(answer: Answer) -> S:
        if answer.status != NOT_MODIFIED:
            return read(answer)
        meta = meta_of(answer.status, {"etag": tag, **answer.headers})
        return msgspec.structs.replace(known, meta=meta)

    again = call.reading(read_again)
    headers = (*call.headers, ("if-none-match", Secret(tag)))
    return msgspec.structs.replace(again, headers=headers, also=(NOT_MODIFIED,))


def paged(
    ask: Callable[[int | None, str | None], Call[Listing[R]]], number: int | None, after: str | None = None
) -> Call[Page[R]]:
    """Return the call of one page that leads to the next: by its cursor, and where there is none by its number.

    `ask` builds the call of a page by its number or the cursor before it. Raises `InvalidAnswer` when a page leads to
    itself.
    """
    call = ask(number, after)
    read = call.read

    def page(answer: Answer) -> Page[R]:
        found = read(answer)
        cursor = found.page.next_cursor
        if cursor is not None:
            if cursor == after:
                raise invalid(answer, f"{call.name}: the page leads to itself")
            return Page(found.items, paged(ask, None, cursor))
        if after is not None or not found.items or not _more(found, number or 1):
            return Page(found.items)
        return Page(found.items, paged(ask, (number or 1) + 1))

    return call.reading(page)


def _more(found: Listing[Any], number: int) -> bool:
    """Tell whether there is a page behind this one, by the count of all, or where that is missing by the links."""
    size, total = found.page.size, found.page.total_count
    if size is None or total is None:
        return found.page.has_next
    return number * size < total


def owner_headers(vehicle: OwnedReach) -> tuple[tuple[str, Secret], ...]:
    """Return the header that names the owner."""
    return (("sc-user-id", Secret(vehicle.user_id)),)


def reading_headers(vehicle: OwnedReach) -> tuple[tuple[str, Secret], ...]:
    """Return the headers of reads of signals."""
    found = (*owner_headers(vehicle), ("sc-unit-system", Secret(vehicle.unit_system)))
    return found if vehicle.max_age is None else (*found, ("carwire-max-age", Secret(str(vehicle.max_age))))
