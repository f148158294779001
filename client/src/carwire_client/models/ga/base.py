"""What the resources of API v3 have in common, and how they are read.

On the wire a resource is ``{id, type, attributes, relationships, meta, links}``, wrapped in ``data`` or not. Here it is
flat: the attributes are its own, moments of ``meta`` and ids of ``relationships`` stand beside them. `raw` is the
resource as it came, in a list too; `meta` is about the answer it came with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from carwire_client.answers import Answer, invalid, object_of
from carwire_client.models.base import Meta, Part, Result, convert, meta_of, names_of
from carwire_client.times import read_moment

R = TypeVar("R", bound="Resource")
R_co = TypeVar("R_co", bound="Resource", covariant=True)
Flat = Callable[[dict[str, Any]], dict[str, Any]]
MOMENTS = ("createdAt", "updatedAt", "ingestedAt", "retrievedAt", "oemUpdatedAt", "executedAt", "completedAt")


class Resource(Result, frozen=True, kw_only=True):
    """Something with an id."""

    id: str

    @property
    def extra(self) -> dict[str, Any]:
        """The attributes that are none of this class."""
        given = member(self.raw, "attributes")
        return {name: value for name, value in given.items() if name not in names_of(type(self))}

    @property
    def etag(self) -> str | None:
        """The entity tag of the answer it came with."""
        return self.meta.headers.get("etag")

    @property
    def not_modified(self) -> bool:
        """Whether the server said, asked with `if_none_match`, that nothing has changed since."""
        return self.meta.status == 304


class PageMeta(Part, frozen=True):
    """Which page of how many resources; null where the server does not say. `next_cursor` leads behind this page."""

    number: int | None = None
    size: int | None = None
    total_count: int | None = None
    order_by: str | None = None
    order_direction: str | None = None
    next_cursor: str | None = None
    has_next: bool = False


class Listing(Result, Generic[R_co], frozen=True, kw_only=True):
    """One page of resources."""

    items: tuple[R_co, ...]
    page: PageMeta = PageMeta()

    @property
    def extra(self) -> dict[str, Any]:
        """The members of the body that are neither resources nor about the page."""
        given = self.raw if isinstance(self.raw, dict) else {}
        return {name: value for name, value in given.items() if name not in {"data", "meta", "links"}}

    @property
    def etag(self) -> str | None:
        """The entity tag of the answer."""
        return self.meta.headers.get("etag")

    @property
    def not_modified(self) -> bool:
        """Whether the server said, asked with `if_none_match`, that nothing has changed since."""
        return self.meta.status == 304


def read_resource(kind: type[R], answer: Answer, flat: Flat | None = None) -> R:
    """Read an answer that is one resource. Raises `InvalidAnswer` for anything else."""
    return resource_of(kind, unwrapped(object_of(answer)), answer, meta_of(answer.status, answer.headers), flat)


def resource_of(kind: type[R], given: Any, answer: Answer, meta: Meta, flat: Flat | None = None) -> R:
    """Make a resource of its decoded form."""
    return convert(kind, given, answer, meta, lambda body: _flat(body, flat))


def read_listing(kind: type[R], answer: Answer, flat: Flat | None = None) -> Listing[R]:
    """Read an answer that is a page of resources. Raises `InvalidAnswer` for anything else."""
    body = object_of(answer)
    rows = body.get("data")
    if not isinstance(rows, list):
        raise invalid(answer, f"{kind.__name__}: the answer has no list of them")
    meta = meta_of(answer.status, answer.headers)
    items = tuple(resource_of(kind, row, answer, meta, flat) for row in rows)
    return Listing(items=items, page=page_of(body), meta=meta, raw=body)


def page_of(body: Mapping[str, Any]) -> PageMeta:
    """Read what a list says of its page; it has had two names for the number."""
    meta = member(body, "meta")
    return PageMeta(
        number=_whole(meta.get("pageNumber", meta.get("page"))),
        size=_whole(meta.get("pageSize")),
        total_count=_whole(meta.get("totalCount")),
        order_by=text_of(meta.get("orderBy")),
        order_direction=text_of(meta.get("orderDirection")),
        next_cursor=text_of(meta.get("nextCursor")),
        has_next=text_of(member(body, "links").get("next")) is not None,
    )


def unwrapped(body: dict[str, Any]) -> Any:
    """Return the resource an answer is, which older servers send bare."""
    return body.get("data", body)


def related(resource: Mapping[str, Any], name: str) -> str | None:
    """Return the id at the other end of a relationship."""
    return text_of(member(member(member(resource, "relationships"), name), "data").get("id"))


def member(value: Any, name: str) -> dict[str, Any]:
    """Return an object that is a member of another; an empty one where there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def text_of(value: Any) -> str | None:
    """Return a text that is not empty."""
    return value if isinstance(value, str) and value else None


def _flat(body: Any, more: Flat | None) -> Any:
    if not isinstance(body, dict):
        return body
    meta = member(body, "meta")
    moments = {name: read_moment(meta[name]) for name in MOMENTS if name in meta}
    found = {**member(body, "attributes"), **moments, "id": body.get("id")}
    return {**found, **more(body)} if more else found


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
