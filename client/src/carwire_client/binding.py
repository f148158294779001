"""How a function that builds a call becomes a method that makes it: parameters, types and docstring are written once.

Each of the helpers takes a builder whose first parameter is what the calls are made with, and returns a method of
anything that has such a thing in `ref`, and can send.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from carwire_client.call import Call
from carwire_client.paging import Page
from carwire_client.receiving.events import Event

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Sends(Protocol[R_co]):
    """Makes calls and waits for them."""

    @property
    def ref(self) -> R_co:
        """What calls are made with."""

    def send(self, call: Call[T]) -> T:
        """Make a call."""


class SendsAsync(Protocol[R_co]):
    """Makes calls that are awaited."""

    @property
    def ref(self) -> R_co:
        """What calls are made with."""

    async def send(self, call: Call[T]) -> T:
        """Make a call."""


class Follows(Protocol[R_co]):
    """Follows streams."""

    @property
    def ref(self) -> R_co:
        """What calls are made with."""

    def follow(self, call: Call[Any]) -> Iterator[Event]:
        """Go through the events of a stream."""


class FollowsAsync(Protocol[R_co]):
    """Follows streams, awaited."""

    @property
    def ref(self) -> R_co:
        """What calls are made with."""

    def follow(self, call: Call[Any]) -> AsyncIterator[Event]:
        """Go through the events of a stream."""


def blocking(build: Callable[Concatenate[R, P], Call[T]]) -> Callable[Concatenate[Sends[R], P], T]:
    """Return the method that makes the call."""

    @functools.wraps(build)
    def method(self: Sends[R], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.send(build(self.ref, *args, **kwargs))

    return method


def awaiting(
    build: Callable[Concatenate[R, P], Call[T]],
) -> Callable[Concatenate[SendsAsync[R], P], Coroutine[object, object, T]]:
    """Return the method that makes the call when it is awaited.

    What it sends and receives meanwhile is `object`: with ``Any`` mypy loses the types in ``asyncio.gather``.
    """

    @functools.wraps(build)
    async def method(self: SendsAsync[R], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.send(build(self.ref, *args, **kwargs))

    return method


def iterating(build: Callable[Concatenate[R, P], Call[Page[T]]]) -> Callable[Concatenate[Sends[R], P], Iterator[T]]:
    """Return the method that goes through all pages; each is asked for when it is come to."""

    @functools.wraps(build)
    def method(self: Sends[R], /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        call: Call[Page[T]] | None = build(self.ref, *args, **kwargs)
        return _pages(self, call)

    return method


def _pages(sender: Sends[Any], call: Call[Page[T]] | None) -> Iterator[T]:
    while call is not None:
        page = sender.send(call)
        yield from page.items
        call = page.following


def iterating_async(
    build: Callable[Concatenate[R, P], Call[Page[T]]],
) -> Callable[Concatenate[SendsAsync[R], P], AsyncIterator[T]]:
    """Return the method that goes through all pages; each is asked for when it is come to."""

    @functools.wraps(build)
    def method(self: SendsAsync[R], /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        call: Call[Page[T]] | None = build(self.ref, *args, **kwargs)
        return _pages_async(self, call)

    return method


async def _pages_async(sender: SendsAsync[Any], call: Call[Page[T]] | None) -> AsyncIterator[T]:
    while call is not None:
        page = await sender.send(call)
        for item in page.items:
            yield item
        call = page.following


def following(build: Callable[Concatenate[R, P], Call[Any]]) -> Callable[Concatenate[Follows[R], P], Iterator[Event]]:
    """Return the method that goes through the events of a stream."""

    @functools.wraps(build)
    def method(self: Follows[R], /, *args: P.args, **kwargs: P.kwargs) -> Iterator[Event]:
        return self.follow(build(self.ref, *args, **kwargs))

    return method


def following_async(
    build: Callable[Concatenate[R, P], Call[Any]],
) -> Callable[Concatenate[FollowsAsync[R], P], AsyncIterator[Event]]:
    """Return the method that goes through the events of a stream, awaited."""

    @functools.wraps(build)
    def method(self: FollowsAsync[R], /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[Event]:
        return self.follow(build(self.ref, *args, **kwargs))

    return method


def once(build: Callable[Concatenate[R, P], Call[T]], opened: Callable[[], Any]) -> Callable[P, T]:
    """Return the function that makes the call with a client of its own, `opened` for it and closed behind it."""

    @functools.wraps(build)
    def function(*args: P.args, **kwargs: P.kwargs) -> T:
        with opened() as client:
            result: T = client.send(build(client.ref, *args, **kwargs))
            return result

    return function
