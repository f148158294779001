"""Parts that several results have."""

from __future__ import annotations

from carwire_client.models.base import Part


class Paging(Part, frozen=True):
    """Where a page is: `count` is the number over all pages, `offset` where this one starts."""

    count: int
    offset: int = 0


class CursorPaging(Part, frozen=True):
    """`cursor` leads to the next page; null on the last."""

    cursor: str | None = None
