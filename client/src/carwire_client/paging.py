"""Going through all pages of a list: a page is its items and the call that leads to the next."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from carwire_client.call import Call

I_co = TypeVar("I_co", covariant=True)


class Page(msgspec.Struct, Generic[I_co], frozen=True):
    """One page; `following` is null on the last."""

    items: tuple[I_co, ...]
    following: Call[Page[I_co]] | None = None
