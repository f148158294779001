"""Several reads of one vehicle in one request. Each is answered, or fails, by itself.

>>> # batch = vehicle.batch(["/odometer", "/fuel", "/tesla/compass"])
>>> # batch.odometer().distance        the result, or the error the call alone would have raised
>>> # batch["/tesla/compass"]()        by path; batch.tesla_compass() is the same
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from carwire_client.models.base import Meta


class BatchItem:
    """One read. Called, it returns its result or raises its own error, with the status and headers of its own."""

    __slots__ = ("_get", "code", "names", "path")

    def __init__(self, path: str, names: tuple[str, ...], code: int | None, get: Callable[[], Any]) -> None:
        self.path = path
        self.names = names
        self.code = code
        self._get = get

    def __call__(self) -> Any:
        """Return the result, or raise the error."""
        return self._get()

    def __repr__(self) -> str:
        return f"<BatchItem {self.path}: {self.code}>"


class Batch:
    """The answers by name, as attributes, and by path, as keys; in the order they were asked for when gone through.

    The name of a path is that of the vehicle's method, or the path itself with underscores: ``charge_limit`` and
    ``get_charge_limit``, ``tire_pressure`` and ``tires_pressure``, ``tesla_compass``. A path that was asked for twice
    is the first of the two; `items` has both. `meta` is that of the whole answer, `raw` its body.
    """

    def __init__(self, items: tuple[BatchItem, ...], meta: Meta, raw: Any) -> None:
        self.items = items
        self.meta = meta
        self.raw = raw
        self._by_name = {name: item for item in reversed(items) for name in (item.path, *item.names)}

    def __getattr__(self, name: str) -> BatchItem:
        """Return the read of that name."""
        found = self.__dict__.get("_by_name", {}).get(name)
        if found is None:
            msg = f"Nothing of that name was asked for: {name!r}"
            raise AttributeError(msg)
        item: BatchItem = found
        return item

    def __getitem__(self, path: str) -> BatchItem:
        """Return the read of that path, with or without the slash at its beginning."""
        found = self._by_name.get(path) or self._by_name.get("/" + path.strip("/"))
        if found is None:
            msg = f"Nothing of that path was asked for: {path!r}"
            raise KeyError(msg)
        return found

    def __iter__(self) -> Iterator[BatchItem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(name for item in self.items for name in item.names)]

    def __repr__(self) -> str:
        return f"Batch({', '.join(f'{item.path}: {item.code}' for item in self.items)})"
