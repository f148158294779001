"""What every answer of v3 is wrapped in, in the two generations that clients in the field speak.

``ga`` is the generally available form: a single resource under ``data``, absolute links. ``preview`` is what the
SDKs read: a single resource bare, relative links, other names in a list's ``meta``, and no link that is null, since one
SDK reads links as a map of texts. Source: the wire contract, sections 1 and 17.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from carwire.core.signals.units import UnitSystem
from carwire.kit.clock import timestamp
from carwire.wire.v3.paging import Page, cursor_link, link_to, pages

Generation = Literal["preview", "ga"]
Filters = tuple[tuple[str, str], ...]
Order = tuple[str, Literal["ASC", "DESC"]]
R = TypeVar("R")

ORIGIN: Final = "/v3"
# Many members of one answer name the same moment.
stamp: Final = functools.lru_cache(maxsize=1024)(timestamp)


class View(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer is written. `base_url` is the server's own, without a slash at its end."""

    generation: Generation
    base_url: str
    system: UnitSystem = "metric"

    @property
    def preview(self) -> bool:
        """Whether the SDKs' form is wanted."""
        return self.generation == "preview"

    def link(self, path: str) -> str:
        """Return the link to a path such as ``/vehicles/{id}``: absolute, in the preview relative."""
        return path if self.preview else f"{self.base_url}{ORIGIN}{path}"


class SelfLink(msgspec.Struct, frozen=True, gc=False):
    """Where a resource is."""

    own: str = msgspec.field(name="self")


class Related(msgspec.Struct, frozen=True, gc=False):
    """Where the other end of a relationship is."""

    related: str


class Identifier(msgspec.Struct, frozen=True, gc=False):
    """Names a resource that is not written out."""

    id: str
    type: str


class Relationship(msgspec.Struct, frozen=True):
    """One relationship of a resource."""

    data: Identifier
    links: Related | UnsetType = UNSET


class Dates(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """When something came to be and when it last changed, ISO 8601."""

    created_at: str
    updated_at: str | UnsetType = UNSET


class Created(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """When something came to be, ISO 8601."""

    created_at: str


class Single(msgspec.Struct, Generic[R], frozen=True):
    """One resource."""

    data: R


class ListMeta(msgspec.Struct, frozen=True, rename="camel"):
    """Which page of how many resources. `nextCursor`, our own, leads behind this page."""

    page_number: int
    page_size: int
    total_count: int
    order_by: str | UnsetType = UNSET
    order_direction: Literal["ASC", "DESC"] | UnsetType = UNSET
    next_cursor: str | UnsetType = UNSET


class ShortListMeta(msgspec.Struct, frozen=True, rename="camel"):
    """The same in the preview, and in the list of compatible cars in either generation."""

    page: int
    page_size: int
    total_count: int
    next_cursor: str | UnsetType = UNSET


class Cursors(msgspec.Struct, frozen=True):
    """The cursor a page was asked for with, and the one that leads behind it; null for none."""

    after: str | None = None
    next: str | None = None


class ListLinks(msgspec.Struct, frozen=True):
    """The pages around one."""

    own: str = msgspec.field(name="self")
    first: str
    last: str
    next: str | None
    prev: str | None


class PreviewListLinks(msgspec.Struct, frozen=True):
    """The same in the preview: a page that does not exist is left out."""

    own: str = msgspec.field(name="self")
    first: str
    last: str
    next: str | UnsetType = UNSET
    previous: str | UnsetType = UNSET


class Listed(msgspec.Struct, Generic[R], frozen=True):
    """A page of resources."""

    data: Sequence[R]
    meta: ListMeta
    links: ListLinks


class PreviewListed(msgspec.Struct, Generic[R], frozen=True):
    """A page of resources in the preview."""

    data: Sequence[R]
    meta: ShortListMeta
    links: PreviewListLinks


_NO_CURSORS: Final = Cursors()


def single(resource: R, view: View) -> R | Single[R]:
    """Write one resource."""
    return resource if view.preview else Single(resource)


def listed(
    resources: Sequence[R],
    view: View,
    path: str,
    page: Page,
    total: int,
    *,
    filters: Filters = (),
    order: Order | None = None,
    cursors: Cursors = _NO_CURSORS,
) -> Listed[R] | PreviewListed[R]:
    """Write a page of resources out of `total`. `filters` are those that took effect, defaults included."""
    following = cursors.next or UNSET
    if view.preview:
        meta = ShortListMeta(page.number, page.size, total, following)
        short_links = preview_list_links(view, path, page, total, filters)
        if cursors.after:
            to = functools.partial(cursor_link, view.link(path), filters, size=page.size, short=True)
            after, last = to(cursors.after), to(cursors.next) if cursors.next else UNSET
            short_links = msgspec.structs.replace(short_links, own=after, next=last, previous=UNSET)
        return PreviewListed(resources, meta, short_links)
    by, way = order or (UNSET, UNSET)
    full_meta = ListMeta(page.number, page.size, total, by, way, following)
    links = list_links(view, path, page, total, filters)
    if cursors.after:
        to = functools.partial(cursor_link, view.link(path), filters, size=page.size)
        links = msgspec.structs.replace(
            links, own=to(cursors.after), next=to(cursors.next) if cursors.next else None, prev=None
        )
    return Listed(resources, full_meta, links)


def list_links(view: View, path: str, page: Page, total: int, filters: Filters = ()) -> ListLinks:
    """Write the links around a page."""
    around = pages(page, total)
    to = functools.partial(link_to, view.link(path), filters, size=page.size)
    return ListLinks(
        to(page.number),
        to(1),
        to(around.last),
        None if around.next is None else to(around.next),
        None if around.prev is None else to(around.prev),
    )


def preview_list_links(view: View, path: str, page: Page, total: int, filters: Filters = ()) -> PreviewListLinks:
    """Write the links around a page of the preview."""
    around = pages(page, total)
    to = functools.partial(link_to, view.link(path), filters, size=page.size, short=True)
    return PreviewListLinks(
        to(page.number),
        to(1),
        to(around.last),
        UNSET if around.next is None else to(around.next),
        UNSET if around.prev is None else to(around.prev),
    )


def dates(created_at: datetime, updated_at: datetime | None = None) -> Dates:
    """Write when something came to be; what never changed was last changed then."""
    return Dates(stamp(created_at), stamp(updated_at or created_at))
