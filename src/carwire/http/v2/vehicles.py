"""The reads of ``/v2.0/vehicles/{id}``, and who and what a token reaches."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.grants import demand
from carwire.core.signals.obstacles import Obstacle
from carwire.core.signals.reading import Problem
from carwire.core.signals.units import UnitSystem
from carwire.core.vehicles import Vehicle
from carwire.http.call import Answer, Call, json_answer
from carwire.http.query import decode_query
from carwire.http.wishes import MAX_AGE, STALE_IF_ERROR, length_of, unit_system
from carwire.services.links import LinkService
from carwire.services.vehicles import VehicleService
from carwire.upstream.door import NEWEST, Freshness
from carwire.wire.v2 import static
from carwire.wire.v2.readings import Context
from carwire.wire.v2.vehicles import Endpoint, headers

Handler = Callable[[Call], Awaitable[Answer]]
_YEAR: Final = timedelta(days=365)
_DAY: Final = timedelta(days=1)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_JUST_UNDER_A_DAY: Final = timedelta(days=1, microseconds=-1)

Limit = Annotated[int, Meta(ge=1, le=50, description="Entries of a page.")]
Offset = Annotated[int, Meta(ge=0, le=1_000_000, description="Where the page starts.")]
Flags = Annotated[str, Meta(max_length=1000, description="`key:value` pairs. Unknown flags are ignored.")]


class VehiclesQuery(msgspec.Struct, frozen=True):
    """The parameters of ``GET /vehicles``."""

    limit: Limit = 10
    offset: Offset = 0
    flags: Flags | None = None


class PermissionsQuery(msgspec.Struct, frozen=True):
    """The parameters of ``GET /vehicles/{id}/permissions``."""

    limit: Limit = static.PERMISSIONS_A_PAGE
    offset: Offset = 0
    flags: Flags | None = None


class HistoryQuery(msgspec.Struct, frozen=True):
    """The parameters of lists of what was, in both spellings the SDKs have. Left out: the last year."""

    start_date: Annotated[str, Meta(description="First day, or moment, ISO 8601.")] | None = None
    end_date: Annotated[str, Meta(description="Last day, or moment, ISO 8601.")] | None = None
    startDate: Annotated[str, Meta(description="The same as start_date.")] | None = None  # noqa: N815
    endDate: Annotated[str, Meta(description="The same as end_date.")] | None = None  # noqa: N815
    page: Annotated[int, Meta(ge=1, le=10_000, description="Page of charge records, from 1.")] = 1
    flags: Flags | None = None


class FlagsQuery(msgspec.Struct, frozen=True):
    """What every call may carry. Where it stands alone nobody reads it, so it has no limit of its own."""

    flags: Annotated[str, Meta(description="`key:value` pairs. Ignored.")] | None = None


class VehicleHandlers:
    """Handlers over the vehicles. `default` is how fresh an answer is when a request does not say."""

    def __init__(self, vehicles: VehicleService, links: LinkService, default: Freshness = NEWEST) -> None:
        self._vehicles = vehicles
        self._links = links
        self._default = default

    async def user(self, call: Call) -> Answer:
        """Say who the owner is, to this application."""
        user_id = call.token.principal.user_id
        assert user_id is not None
        return json_answer(static.UserBody(user_id))

    async def vehicles(self, call: Call) -> Answer:
        """List the vehicles the token reaches."""
        query = decode_query(call.query, VehiclesQuery, lax=True)
        ids, count = await self._vehicles.page(call.token, query.limit, query.offset)
        return json_answer(static.vehicles_body(ids, count, query.offset))

    async def permissions(self, call: Call) -> Answer:
        """List what the owner has granted on the vehicle."""
        query = decode_query(call.query, PermissionsQuery, lax=True)
        return json_answer(static.permissions(call.vehicle, query.limit, query.offset))

    def static(self, endpoint: static.StaticEndpoint) -> Handler:
        """Return the handler of a read that needs no word from the car."""

        async def handle(call: Call) -> Answer:
            demand(call.vehicle, endpoint.permission)
            return json_answer(endpoint.body(call.vehicle))

        handle.__doc__ = "Answered from what is stored; the car is not asked."
        return handle

    def read(self, endpoint: Endpoint, make: str | None = None) -> Handler:
        """Return the handler of a read that is answered from signals; `make` is the only one it is for."""

        async def handle(call: Call) -> Answer:
            vehicle = call.vehicle
            system, freshness = unit_system(call), self.freshness(call)
            context = self.context(call.query, vehicle, endpoint, system)
            demand(vehicle, endpoint.permission)
            if make is not None:
                self.check_make(vehicle, make)
            snapshot = await self._vehicles.read(
                vehicle, endpoint.codes, permission=endpoint.permission, freshness=freshness, now=context.now
            )
            body = endpoint.body(snapshot, context)
            return json_answer(body, headers=headers(snapshot, endpoint, system))

        handle.__doc__ = (
            "Asks the car, unless `carwire-max-age` allows a kept value; `carwire-stale-if-error` allows the last one "
            "when the car cannot be asked. `sc-data-age` says when the car measured it."
        )
        return handle

    def now(self, vehicle: Vehicle) -> datetime:
        """Return the time the vehicle's car lives in."""
        return self._vehicles.now(vehicle)

    def check_make(self, vehicle: Vehicle, make: str) -> None:
        """Raise `Obstacle` when a path of one make is asked of another's car."""
        if vehicle.car.make.lower() != make:
            raise Obstacle(Problem("COMPATIBILITY:SMARTCAR_NOT_CAPABLE", self._vehicles.now(vehicle)))

    def context(self, query: bytes, vehicle: Vehicle, endpoint: Endpoint, system: UnitSystem) -> Context:
        """Return what an answer depends on besides the readings. Raises `InvalidInput` for dates that are none."""
        now = self._vehicles.now(vehicle)
        if endpoint.path in _WITH_DATES:
            asked = decode_query(query, HistoryQuery, lax=True)
            starts_at, ends_at = period(asked, now)
            return Context(
                now=now, system=system, starts_at=starts_at, ends_at=ends_at, page=asked.page, vehicle=vehicle
            )
        url = None
        if endpoint.path == "/battery/nominal_capacity":
            url = self._links.battery_capacity(vehicle.client_id, vehicle.id)
        return Context(now=now, system=system, capacity_kwh=vehicle.capacity_kwh, url=url, vehicle=vehicle)

    def freshness(self, call: Call) -> Freshness:
        """Return how old an answer may be. Raises `InvalidInput` for a header that is no number of seconds."""
        max_age, stale = call.one_header(MAX_AGE), call.one_header(STALE_IF_ERROR)
        return self._default if max_age is None and stale is None else _freshness(max_age, stale, self._default)


_WITH_DATES: Final = frozenset(
    {"/service/history", "/tesla/charge/records", "/bmw/charge/records", "/mini/charge/records"}
)


def period(query: HistoryQuery, now: datetime) -> tuple[datetime, datetime]:
    """Return first and last moment asked for. Raises `InvalidInput` naming the parameter.

    One SDK's client glues its flags to the last value with a question mark.
    """
    ends = _moment("end_date", query.end_date, last=True), _moment("end_date", query.endDate, last=True)
    starts = _moment("start_date", query.start_date, last=False), _moment("start_date", query.startDate, last=False)
    ends_at, starts_at = ends[0] or ends[1] or now, starts[0] or starts[1]
    return starts_at or max(ends_at, _FIRST + _YEAR) - _YEAR, ends_at


def _moment(field: str, text: str | None, *, last: bool) -> datetime | None:
    day = (text or "").partition("?")[0].strip()
    if day in {"", "undefined"}:
        return None
    try:
        moment = datetime.fromisoformat(day)
        if len(day) == len("2026-11-21"):
            moment = datetime.combine(moment, time.min) + (_JUST_UNDER_A_DAY if last else timedelta(0))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(FieldProblem(field, "Must be a day like 2026-11-21 or a moment, ISO 8601")) from None


@functools.lru_cache(maxsize=256)
def _freshness(max_age: str | None, stale: str | None, default: Freshness) -> Freshness:
    """Made once for the few lengths that callers ask with."""
    age = default.max_age if max_age is None else length_of(MAX_AGE, max_age)
    return Freshness(age, None if stale is None else length_of(STALE_IF_ERROR, stale))
