"""What a report on the way to v3 counts: which calls of v2.0 are made, by whom, and what replaces each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from carwire.wire.v2.actions import ACTIONS
from carwire.wire.v2.makes import MAKE_READS
from carwire.wire.v2.static import STATIC_ENDPOINTS
from carwire.wire.v2.vehicles import ENDPOINTS
from carwire.wire.v3.migration import find

_ORIGIN: Final = re.compile(r"^https?://[^/?#]*", re.IGNORECASE)
_SLASHES: Final = re.compile("//+")
_VERSION: Final = re.compile(r"^/v0*[12]\.[0-9]{1,3}(?=/|$)")
_VEHICLE: Final = re.compile(r"^/vehicles/[^/]+(?P<rest>/.*)?$")
_WEBHOOK: Final = re.compile(r"^/webhooks/[^/]+$")
_PATHS: Final = (*STATIC_ENDPOINTS, *ENDPOINTS, *(path for _, path in ACTIONS), "/batch", "/application", "/webhooks")
# What can follow a vehicle's id: whatever else stands there is not shown, for it may be anything.
_FIRST: Final = frozenset({*(path[1:].partition("/")[0] for path in _PATHS), *(make for make, _ in MAKE_READS)})


class Call(msgspec.Struct, frozen=True):
    """A call of v2.0, how often it was made and when last: a day, or a moment, ISO 8601; null where nobody knows.

    Any of `replaced_by` replaces it, none when that is empty; `codes` are the signals that hold what it read.
    """

    method: str
    route: str
    calls: int
    last_seen: str | None
    replaced_by: tuple[str, ...]
    codes: tuple[str, ...]


class Caller(msgspec.Struct, frozen=True):
    """An application, or whoever a log names, with the calls it makes, the most frequent first. `unknown` are calls of
    v2.0 that it does not have.
    """

    client_id: str
    name: str | None
    calls: tuple[Call, ...]
    unknown: int

    @property
    def total(self) -> int:
        """How often it called."""
        return self.unknown + sum(each.calls for each in self.calls)


class Report(msgspec.Struct, frozen=True):
    """The whole: callers, the most busy first, and the sums. Of `calls`, `replaced` have a replacement; `unknown` are
    calls of v2.0 that it does not have, in neither; `others` are of other versions and paths.
    """

    applications: tuple[Caller, ...]
    calls: int
    replaced: int
    unknown: int
    others: int


class Tally:
    """Counts calls, in memory that grows with callers and calls that exist, not with paths."""

    def __init__(self) -> None:
        self._known: dict[str, dict[tuple[str, str], tuple[int, str | None]]] = {}
        self._unknown: dict[str, int] = {}
        self._others = 0

    def add(self, who: str, method: str, path: str, last_seen: str | None, calls: int = 1) -> None:
        """Count calls of a path, or of a template."""
        rest = _of_v2(path)
        if rest is None:
            self._others += calls
            return
        route = _template(method, rest)
        if route is None:
            self._unknown[who] = self._unknown.get(who, 0) + calls
            return
        known = self._known.setdefault(who, {})
        key = "GET" if method == "HEAD" else method, route
        before, seen = known.get(key, (0, None))
        known[key] = before + calls, max(filter(None, (seen, last_seen)), default=None)

    def report(self, names: Mapping[str, str]) -> Report:
        """Return what was counted. `names` are those of applications, by client id."""
        callers = [self._caller(who, names.get(who)) for who in self._known.keys() | self._unknown.keys()]
        callers.sort(key=lambda caller: (-caller.total, caller.client_id))
        calls = [call for caller in callers for call in caller.calls]
        return Report(
            tuple(callers),
            calls=sum(call.calls for call in calls),
            replaced=sum(call.calls for call in calls if call.replaced_by),
            unknown=sum(self._unknown.values()),
            others=self._others,
        )

    def _caller(self, who: str, name: str | None) -> Caller:
        calls = [_call(*key, *value) for key, value in self._known.get(who, {}).items()]
        calls.sort(key=lambda call: (-call.calls, call.route, call.method))
        return Caller(who, name, tuple(calls), self._unknown.get(who, 0))


def _call(method: str, route: str, calls: int, last_seen: str | None) -> Call:
    found = find(method, route)
    assert found is not None
    return Call(method, route, calls, last_seen, found.calls, found.codes)


def _of_v2(path: str) -> str | None:
    """Return what follows the version in a path of v2.0, or of the v1.0 before it; null for any other."""
    plain = _SLASHES.sub("/", _ORIGIN.sub("", path).partition("?")[0].partition("#")[0]).rstrip("/")
    version = _VERSION.match(plain)
    return plain[version.end() :] if version else None


def _template(method: str, rest: str) -> str | None:
    """Return the template of a call, without anybody's id; null for one that v2.0 does not have.

    >>> _template("GET", "/vehicles/0b9d/odometer"), _template("GET", "/vehicles/0b9d/secret/battery")
    ('/v2.0/vehicles/{id}/odometer', None)
    """
    if find(method, f"/v2.0{rest}") is None:
        return None
    vehicle = _VEHICLE.match(rest)
    if vehicle is None:
        return f"/v2.0{rest}"
    behind = vehicle["rest"] or ""
    if behind[1:].partition("/")[0] not in _FIRST:
        return None
    return f"/v2.0/vehicles/{{id}}{'/webhooks/{webhook_id}' if _WEBHOOK.match(behind) else behind}"
