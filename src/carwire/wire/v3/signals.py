"""Signals: one or all of a vehicle's, each with its status, body, times and link. Source: the wire contract, section 7.

A signal fails by itself, never the answer it is in. Beside an error stands the last known body where there is one, else
an empty one. What nobody has answered yet is ``UNAVAILABLE``: the published list has the word, its meaning is ours.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from carwire.core.signals.catalogue import Signal, signals
from carwire.core.signals.reading import Problem, Reading
from carwire.core.signals.units import UnitSystem, in_system, to_imperial
from carwire.core.vehicles import Vehicle
from carwire.wire.v3.envelope import (
    Generation,
    ListLinks,
    ListMeta,
    PreviewListLinks,
    ShortListMeta,
    View,
    list_links,
    preview_list_links,
    stamp,
)
from carwire.wire.v3.errors import ResolutionBody
from carwire.wire.v3.kinds import BY_KIND
from carwire.wire.v3.paging import Page
from carwire.wire.v3.vehicles import Included, vehicle_path, vehicle_resource

Answer = Reading | Problem | None
Answers = Mapping[str, Answer]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_UNKNOWN_RESOLUTION: Final = "UNKNOWN_RESOLUTION_TYPE"
_NO_CODE: Final = "UNKNOWN"  # what stands for the code of a type without codes


class SignalError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a signal has no reading. `description` repeats `detail`; the preview has it alone."""

    type: str
    code: str
    title: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET
    description: str
    resolution: ResolutionBody


class SignalStatus(msgspec.Struct, frozen=True):
    """Whether there is a reading."""

    value: Literal["SUCCESS", "ERROR", "UNAVAILABLE"]
    error: SignalError | UnsetType = UNSET


class SignalAttributes(msgspec.Struct, frozen=True):
    """What a signal says. The members of `body` are those of the signal catalogue."""

    code: str
    name: str
    group: str
    status: SignalStatus
    body: dict[str, Any]


class SignalMeta(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """When it was stored here, fetched from the maker, and said by the car: ISO 8601, in the preview epoch
    milliseconds, without the first. What failed has the first alone, what nobody has answered has none.
    """

    ingested_at: str | UnsetType = UNSET
    retrieved_at: str | int | UnsetType = UNSET
    oem_updated_at: str | int | UnsetType = UNSET


class SignalLinks(msgspec.Struct, frozen=True, gc=False):
    """Where the signal is; the preview names its vehicle besides."""

    own: str = msgspec.field(name="self")
    vehicle: str | UnsetType = UNSET


class SignalResource(msgspec.Struct, frozen=True, kw_only=True):
    """A signal."""

    id: str
    type: Literal["signal"] = "signal"
    attributes: SignalAttributes
    meta: SignalMeta
    links: SignalLinks


class SignalBody(msgspec.Struct, frozen=True):
    """One signal, with the vehicle it is of."""

    data: SignalResource
    included: Included


class SignalsBody(msgspec.Struct, frozen=True):
    """A page of signals, with the vehicle they are of."""

    data: list[SignalResource]
    meta: ListMeta
    links: ListLinks
    included: Included


class PreviewSignalsBody(msgspec.Struct, frozen=True):
    """The same in the preview."""

    data: list[SignalResource]
    meta: ShortListMeta
    links: PreviewListLinks
    included: Included


_SUCCESS: Final = SignalStatus("SUCCESS")
_UNAVAILABLE: Final = SignalStatus("UNAVAILABLE")
_NOTHING: Final = SignalMeta()


def signal_resource(signal: Signal, answer: Answer, vehicle: str, view: View) -> SignalResource:
    """Write one signal as a resource, without what an answer wraps it in. `vehicle` is the link to its vehicle."""
    status, body, meta = _told(signal, answer, view)
    links = SignalLinks(f"{vehicle}/signals/{signal.code}", vehicle if view.preview else UNSET)
    attributes = SignalAttributes(signal.code, signal.name, signal.group, status, body)
    return SignalResource(id=signal.code, attributes=attributes, meta=meta, links=links)


def signal_body(vehicle: Vehicle, code: str, answer: Answer, view: View) -> SignalResource | SignalBody:
    """Answer ``GET /vehicles/{vehicleId}/signals/{signalCode}``. `code` is one of the catalogue's."""
    included = vehicle_resource(vehicle, view)
    resource = signal_resource(signals()[code], answer, included.links.own, view)
    return resource if view.preview else SignalBody(resource, Included(included))


def signals_body(
    vehicle: Vehicle, answers: Answers, view: View, page: Page | None = None
) -> SignalsBody | PreviewSignalsBody:
    """Answer ``GET /vehicles/{vehicleId}/signals`` with the `page` of what was answered; null is one that holds all."""
    rows, total = signals(), len(answers)
    page = page or Page(1, max(1, total))
    path, own = f"{vehicle_path(vehicle.id)}/signals", vehicle_resource(vehicle, view)
    shown = list(answers.items())[page.offset : page.offset + page.size]
    data = [signal_resource(rows[code], answer, own.links.own, view) for code, answer in shown]
    if view.preview:
        links = preview_list_links(view, path, page, total)
        return PreviewSignalsBody(data, ShortListMeta(page.number, page.size, total), links, Included(own))
    meta = ListMeta(page.number, page.size, total)
    return SignalsBody(data, meta, list_links(view, path, page, total), Included(own))


def etag(vehicle: Vehicle, answers: Answers, view: View, page: Page | None = None) -> str:
    """Return a weak entity tag (RFC 9110, 8.8.1) of what `signal_body` or `signals_body` says.

    It holds until the car says something new, or a status or the vehicle changes. When the same was fetched, or found
    wanting, once more is no part of it: that stands in the headers, which an answer without a body has too.
    """
    told = [(code, _essence(answer)) for code, answer in answers.items()]
    content = msgspec.json.encode((vehicle_resource(vehicle, view), told, view, page))
    return f'W/"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def _essence(answer: Answer) -> tuple[object, ...] | None:
    if isinstance(answer, Problem):
        return answer.kind, _essence(answer.last)
    return (answer.value, answer.unit, answer.measured_at, answer.maker_at) if answer else None


def headers(answers: Answers, system: UnitSystem) -> list[tuple[bytes, bytes]]:
    """Return the headers that tell unit system and age, names in lower case: of several readings the oldest counts."""
    found = [(b"sc-unit-system", system.encode())]
    used = [answer for answer in answers.values() if isinstance(answer, Reading)]
    if used:
        age = min(reading.measured_at or reading.maker_at or reading.fetched_at for reading in used)
        fetched = min(reading.fetched_at for reading in used)
        found += [(b"sc-data-age", stamp(age).encode()), (b"sc-fetched-at", stamp(fetched).encode())]
    return found


def body_of(signal: Signal, reading: Reading | None, system: UnitSystem) -> dict[str, Any]:
    """Return the body of a reading in the unit system asked for; empty for none."""
    if reading is None or (reading.value is None and signal.scalar):
        return {}
    value = in_system(reading.value, signal, system)[0]
    body = dict(value) if isinstance(value, dict) else {"value": value}
    word = unit_word(signal.code, system)
    if word is not None:
        body["unit"] = word
    return body


@functools.cache
def unit_word(code: str, system: UnitSystem) -> str | None:
    """Return what the wire calls the unit of a signal; null for one that is sent without.

    >>> unit_word("motion-currentspeed", "metric"), unit_word("motion-currentspeed", "imperial")
    ('kph', 'mph')
    """
    signal = signals()[code]
    if signal.unit_word is None or signal.unit is None or system == "metric":
        return signal.unit_word
    imperial = to_imperial(0, signal.unit)[1]
    return signal.unit_word if imperial == signal.unit else imperial


def _told(signal: Signal, answer: Answer, view: View) -> tuple[SignalStatus, dict[str, Any], SignalMeta]:
    if isinstance(answer, Problem):
        meta = _NOTHING if view.preview else SignalMeta(stamp(answer.found_at))
        return error_status(answer.kind, view.generation), body_of(signal, answer.last, view.system), meta
    body = body_of(signal, answer, view.system)
    if answer is None or not body:
        meta = _NOTHING if answer is None or view.preview else SignalMeta(stamp(answer.fetched_at))
        return _UNAVAILABLE, body, meta
    return _SUCCESS, body, _meta(signal, answer, view)


def _meta(signal: Signal, reading: Reading, view: View) -> SignalMeta:
    """What never changes has no times of its own."""
    static = signal.kind == "attribute"
    updated_at = None if static else reading.measured_at or reading.maker_at
    if view.preview:
        return SignalMeta(
            retrieved_at=UNSET if static else _epoch_ms(reading.fetched_at),
            oem_updated_at=UNSET if updated_at is None else _epoch_ms(updated_at),
        )
    fetched = stamp(reading.fetched_at)
    return SignalMeta(fetched, UNSET if static else fetched, UNSET if updated_at is None else stamp(updated_at))


@functools.cache
def error_status(kind: str, generation: Generation) -> SignalStatus:
    """Write the status of a signal that failed."""
    row = BY_KIND[kind]
    full = generation == "ga"
    error = SignalError(
        type=row.type,
        code=row.code or _NO_CODE,
        title=row.title if full else UNSET,
        detail=row.detail if full else UNSET,
        description=row.detail,
        resolution=ResolutionBody(row.resolution or _UNKNOWN_RESOLUTION),
    )
    return SignalStatus("ERROR", error)


def _epoch_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MS
