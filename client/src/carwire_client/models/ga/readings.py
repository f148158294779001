"""Signals: what a car said, when, or why it did not. Source: the v3 wire contract, section 7."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from carwire_client.errors import ApiError, NotFound, Resolution
from carwire_client.faults import class_of, maybe_done
from carwire_client.models.base import Part
from carwire_client.models.ga.base import Listing, Resource
from carwire_client.models.ga.resources import Vehicle

SUCCESS: Final = "SUCCESS"
# The type of an error → the status it has as an error of a whole answer.
_STATUSES: Final[Mapping[str, int]] = {
    "VALIDATION": 400,
    "CONNECTED_SERVICES_ACCOUNT": 400,
    "AUTHENTICATION": 401,
    "PERMISSION": 403,
    "RESOURCE_NOT_FOUND": 404,
    "VEHICLE_STATE": 409,
    "RATE_LIMIT": 429,
    "BILLING": 430,
    "SERVER": 500,
    "COMPATIBILITY": 501,
    "UPSTREAM": 502,
}


class Remedy(Part, frozen=True):
    """Who can do something about it: ``REAUTHENTICATE``, ``RETRY_LATER`` and the like."""

    type: str | None = None


class Trouble(Part, frozen=True):
    """Why a signal has no reading, or a command did not succeed, in the words of the errors."""

    type: str | None = None
    code: str | None = None
    title: str | None = None
    detail: str | None = None
    description: str | None = None
    resolution: Remedy | None = None

    def as_error(self, request_id: str | None = None) -> ApiError:
        """Return the error this is, to be raised."""
        status = _STATUSES.get(self.type or "")
        kind = class_of(status, self.type) if status else ApiError
        return kind(
            self.detail or self.description or self.title,
            status_code=status,
            type=self.type,
            code=self.code,
            request_id=request_id,
            may_have_happened=maybe_done(status or 500),
            resolution=Resolution(self.resolution.type) if self.resolution else None,
        )


class Signal(Resource, frozen=True, kw_only=True):
    """One signal. That it failed is a value: nothing is raised unless `value_or_raise` is asked.

    - `code` is its id, such as ``tractionbattery-stateofcharge`` (see `carwire_client.signals`)
    - `status`: ``SUCCESS``, ``ERROR`` or ``UNAVAILABLE``; `error` says why it failed
    - `body`: its members depend on the code; beside an error it may be the last known one, or empty
    - `value`: of the body, ``values`` for a list; null where the body has neither. `unit`: its word on the wire
    - when it was stored at the server (`ingested_at`), fetched from the maker (`retrieved_at`), said by the car
      (`oem_updated_at`): aware, in UTC, null where the server does not say
    """

    code: str
    name: str | None = None
    group: str | None = None
    status: str = SUCCESS
    error: Trouble | None = None
    body: dict[str, Any] = msgspec.field(default_factory=dict)
    ingested_at: datetime | None = None
    retrieved_at: datetime | None = None
    oem_updated_at: datetime | None = None

    @property
    def ok(self) -> bool:
        """Whether there is a reading."""
        return self.status == SUCCESS

    @property
    def value(self) -> Any:
        """What the signal says; beside an error the last it said, if anything."""
        return self.body.get("value", self.body.get("values"))

    @property
    def unit(self) -> str | None:
        """The unit of the value, in the server's word; null for what has none."""
        found = self.body.get("unit")
        return found if isinstance(found, str) else None

    def body_or_raise(self) -> dict[str, Any]:
        """Return the body. Raises the error a failed signal stands for, `NotFound` when there is no reading yet."""
        if self.ok:
            return self.body
        if self.error is None:
            raise NotFound(f"{self.code}: there is no reading ({self.status})", request_id=self.meta.request_id)
        raise self.error.as_error(self.meta.request_id)

    def value_or_raise(self) -> Any:
        """Return the value. Raises as `body_or_raise`."""
        self.body_or_raise()
        return self.value


class Signals(Listing[Signal], frozen=True, kw_only=True):
    """The signals of a vehicle that were ever answered, each with a status of its own, and the vehicle they are of."""

    vehicle: Vehicle | None = None

    def get(self, code: str) -> Signal | None:
        """Return the signal of that code; null when it is not among them."""
        return next((each for each in self.items if each.code == code.lower()), None)

    def __getitem__(self, code: str) -> Signal:
        """Return the signal of that code. Raises `KeyError` when it is not among them."""
        found = self.get(code)
        if found is None:
            raise KeyError(code)
        return found


def signal_flat(body: dict[str, Any]) -> dict[str, Any]:
    """Take the status apart, whose error stands in it, and let no body be an empty one."""
    attributes = body.get("attributes")
    given = attributes if isinstance(attributes, dict) else {}
    status = given.get("status")
    told = status if isinstance(status, dict) else {"value": status}
    return {
        "code": given.get("code") or body.get("id"),
        "status": told.get("value") or SUCCESS,
        "error": told.get("error"),
        "body": given.get("body") or {},
    }
