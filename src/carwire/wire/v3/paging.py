"""Pages of a list: which one is asked for, and the links to those around it.

Numbers count from 1. Sizes are the wire contract's where it has them (section 4); the most a list of connections,
signals, applications or compatible cars gives at once is ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput

MAX_NUMBER: Final = 1_000_000
_WHOLE: Final = re.compile(r"[0-9]{1,9}")
_NAMES: Final = ("page[number]", "page[size]")
AFTER: Final = "page[after]"
_SHORT_NAMES: Final = ("page", "pageSize")


class Sizes(msgspec.Struct, frozen=True):
    """How much of a list a page holds: unless asked, and at most. A null `default` is all there is, on one page."""

    default: int | None
    most: int


CONNECTIONS: Final = Sizes(10, 100)
SUBSCRIPTIONS: Final = Sizes(25, 100)
WEBHOOKS: Final = Sizes(50, 100)
APPLICATIONS: Final = Sizes(50, 100)
SIGNALS: Final = Sizes(None, 500)
COMPATIBLE: Final = Sizes(100, 500)


class Page(msgspec.Struct, frozen=True):
    """A page that was asked for."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """How many resources stand before it."""
        return (self.number - 1) * self.size


class Around(msgspec.Struct, frozen=True):
    """The numbers of the pages around one; null where there is none. A list without resources has one page."""

    last: int
    next: int | None
    prev: int | None


def read_page(params: Mapping[str, str], sizes: Sizes, total: int = 1, *, short: bool = False) -> Page:
    """Read which page is asked for. `total` is the size of a page that holds everything, where a list gives that.

    `short` reads ``page`` and ``pageSize``, the names of the preview. Raises `InvalidInput` naming them as sent.
    """
    number_name, size_name = _SHORT_NAMES if short else _NAMES
    number, first = _number(params, number_name, 1, MAX_NUMBER)
    size, second = _number(params, size_name, sizes.default or max(1, total), sizes.most)
    problems = [problem for problem in (first, second) if problem]
    if problems:
        raise InvalidInput(*problems)
    return Page(number, size)


def pages(page: Page, total: int) -> Around:
    """Return what is around a page. Before one behind the end is the last.

    >>> pages(Page(2, 10), 25), pages(Page(9, 10), 25).prev
    (Around(last=3, next=3, prev=1), 3)
    """
    last = max(1, -(-total // page.size))
    following = page.number + 1 if page.number < last else None
    return Around(last, following, min(page.number - 1, last) or None)


def link_to(url: str, filters: Iterable[tuple[str, str]], number: int, size: int, *, short: bool = False) -> str:
    """Return the link to a page, brackets percent-encoded, filters first.

    >>> link_to("/connections", [("filter[vehicle.mode]", "live")], 1, 10)
    '/connections?filter%5Bvehicle.mode%5D=live&page%5Bnumber%5D=1&page%5Bsize%5D=10'
    """
    number_name, size_name = _SHORT_NAMES if short else _NAMES
    query = [*filters, (number_name, str(number)), (size_name, str(size))]
    return f"{url}?{urlencode(query, quote_via=quote)}"


def cursor_link(url: str, filters: Iterable[tuple[str, str]], after: str, size: int, *, short: bool = False) -> str:
    """Return the link to the page behind a cursor."""
    query = [*filters, (AFTER, after), ((_SHORT_NAMES if short else _NAMES)[1], str(size))]
    return f"{url}?{urlencode(query, quote_via=quote)}"


def _number(params: Mapping[str, str], name: str, default: int, most: int) -> tuple[int, FieldProblem | None]:
    text = params.get(name)
    if text is None:
        return default, None
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= most:
        return default, FieldProblem(name, f"must be a whole number from 1 to {most}")
    return int(text), None
