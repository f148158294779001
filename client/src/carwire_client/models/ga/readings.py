"""Signals: what a car said, when, or why it did not. Source: the v3 wire contract, section 7."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Generic, overload

import msgspec

from carwire_client import signals
from carwire_client.bodies import Body, SignalCode, V
from carwire_client.errors import RECEIVED_AT_MOST, ApiError, InvalidAnswer, NotFound, Resolution
from carwire_client.faults import class_of, maybe_done
from carwire_client.models.base import Part, Shape, with_moments
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
# Which texts of a value are moments.
_MOMENTS: Final[Mapping[str, tuple[Shape, ...]]] = {
    signals.CHARGE_CHARGERECORDS: (with_moments("startTime"), with_moments("endTime")),
    signals.DIAGNOSTICS_DTCLIST: (with_moments("timestamp"),),
    signals.SERVICE_RECORDS: (with_moments("time"),),
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


class Signal(Resource, Generic[V], frozen=True, kw_only=True):
    """One signal. That it failed is a value: nothing is raised for it unless `value_or_raise` is asked.

    - `code` is its id, such as ``tractionbattery-stateofcharge`` (see `carwire_client.signals`)
    - `status`: ``SUCCESS``, ``ERROR`` or ``UNAVAILABLE``; `error` says why it failed
    - `body`: as it came; its members depend on the code; beside an error it may be the last known one, or empty
    - `value`: what the body says, of the type its code has; `unit`: its word on the wire
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
    def value(self) -> V | None:
        """What the signal says; beside an error the last it said, null where it says nothing.

        Of a code the SDK does not know: what stands in ``value``, or in ``values``. Raises `InvalidAnswer` when it is
        not of the type its code has; `body` has it all the same.
        """
        code = signals.CODES.get(self.code)
        found: V | None = _read(Any if code is None else code.kind, self)
        return found

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
            raise self._missing()
        raise self.error.as_error(self.meta.request_id)

    def value_or_raise(self) -> V:
        """Return the value. Raises as `value` and `body_or_raise` do, `NotFound` when there is none."""
        self.body_or_raise()
        found = self.value
        if found is None:
            raise self._missing()
        return found

    def _missing(self) -> NotFound:
        return NotFound(f"{self.code}: there is no reading ({self.status})", request_id=self.meta.request_id)


class Signals(Listing[Signal[Any]], frozen=True, kw_only=True):
    """The signals of a vehicle that were ever answered, each with a status of its own, and the vehicle they are of."""

    vehicle: Vehicle | None = None

    @overload
    def get(self, code: SignalCode[V]) -> Signal[V] | None: ...
    @overload
    def get(self, code: str) -> Signal[Any] | None: ...
    def get(self, code: str) -> Signal[Any] | None:
        """Return the signal of that code; null when it is not among them."""
        return next((each for each in self.items if each.code == code.lower()), None)

    @overload
    def __getitem__(self, code: SignalCode[V]) -> Signal[V]: ...
    @overload
    def __getitem__(self, code: str) -> Signal[Any]: ...
    def __getitem__(self, code: str) -> Signal[Any]:
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


def _read(kind: Any, signal: Signal[Any]) -> Any:
    """Make a value of a body."""
    given: Any = signal.body
    if not (isinstance(kind, type) and issubclass(kind, Body)):
        given = given.get("value", given.get("values"))
    if given is None or given == {}:
        return None
    for shape in _MOMENTS.get(signal.code, ()):
        given = shape(given)
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidAnswer(
            f"{signal.code}: {error}",
            status_code=signal.meta.status,
            request_id=signal.meta.request_id,
            headers=signal.meta.headers,
            received=msgspec.json.encode(signal.body)[:RECEIVED_AT_MOST],
        ) from None
