"""Members of an object of which nothing is sure: of another type, they count as missing."""

from __future__ import annotations

from typing import Any, TypedDict

from carwire_client.errors import InvalidDelivery
from carwire_client.models.ga.base import member, text_of
from carwire_client.receiving.events import DeliveryMeta


class Common(TypedDict):
    """What every event has."""

    id: str | None
    type: str
    meta: DeliveryMeta
    raw: dict[str, Any]
    signed: bool


def whole(value: object) -> int | None:
    """Return a whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def demanded(raw: dict[str, Any], *path: str, instead_of: str | None = None) -> str:
    """Return the text at a path that must be there. Raises `InvalidDelivery` naming the path, or what it is for."""
    inner = raw
    for name in path[:-1]:
        inner = member(inner, name)
    found = text_of(inner.get(path[-1]))
    if found is None:
        raise InvalidDelivery(f"The delivery has no {instead_of or '.'.join(path)}")
    return found
