"""Which of the two generations of v3 an answer is written in, and how a finished body goes out.

A token of an owner's grant is what the SDKs send, so it gets the preview's form; any other gets the general one. The
two are told apart by their shape, so that a refused token is refused in the form its owner reads. Source: the wire
contract, section 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable
from typing import Final

import msgspec

from carwire.core.signals.units import UnitSystem
from carwire.http.call import JSON, Answer, Call, Headers
from carwire.http.door import is_uuid
from carwire.wire.v3.envelope import Generation, View

_encode: Final = msgspec.json.Encoder().encode
_PRIVATE: Final = (b"cache-control", b"private, no-cache")


class Views:
    """Chooses views. `forced` is for servers whose clients all read one generation."""

    def __init__(self, base_url: str, forced: Generation | None = None) -> None:
        self._forced = forced
        self._views: dict[tuple[Generation, UnitSystem], View] = {
            (generation, system): View(generation=generation, base_url=base_url, system=system)
            for generation in ("preview", "ga")
            for system in ("metric", "imperial")
        }

    def of(self, call: Call, system: UnitSystem = "metric") -> View:
        """Return the view a request is answered in."""
        if self._forced:
            return self._views[self._forced, system]
        if call.proven:
            return self._views["ga" if call.token.mode is None else "preview", system]
        return self._views[generation_of(call.header(b"authorization")), system]


def generation_of(authorization: list[bytes]) -> Generation:
    """Return the generation whoever shows these headers reads."""
    token = authorization[0][7:].strip().decode("latin-1") if len(authorization) == 1 else ""
    return "preview" if is_uuid(token) else "ga"


class Written(msgspec.Struct, frozen=True):
    """A body as it goes out, its entity tag, and the headers that tell its age."""

    content: bytes
    tag: bytes
    headers: Headers


class Memory:
    """Bodies written before, of the same things: who asks often is mostly told nothing new. At most ten megabytes."""

    def __init__(self, most: int = 200) -> None:
        self._most = most
        self._kept: dict[tuple[int, Hashable], tuple[object, Written]] = {}

    def answer(self, call: Call, of: object, more: Hashable, write: Callable[[], Written]) -> Answer:
        """Answer with what was written of the very object `of`, and equal `more`, or is now by `write`."""
        key = (id(of), more)
        kept = self._kept.get(key)
        if kept is None or kept[0] is not of:
            while len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
            kept = self._kept[key] = of, write()
        return sent(call, kept[1])


def answered(call: Call, body: object) -> Answer:
    """Answer a read, or with 304 and no body when the caller has it already (RFC 9110, 13.1.2)."""
    return sent(call, written(body))


def written(body: object, headers: Iterable[tuple[bytes, bytes]] = (), tag: bytes | None = None) -> Written:
    """Encode a body. Its entity tag is a weak one, since another spelling would do as well: of the whole body, unless
    one is given.
    """
    content = _encode(body)
    tag = tag or b'W/"%b"' % hashlib.blake2b(content, digest_size=12).hexdigest().encode()
    return Written(content, tag, (*headers, (b"etag", tag), _PRIVATE))


def sent(call: Call, found: Written) -> Answer:
    """Answer with a body, or with 304 when the caller has it already."""
    conditions = call.header(b"if-none-match")
    if conditions and _has(conditions, found.tag):
        return Answer(b"", 304, JSON, found.headers)
    return Answer(found.content, 200, JSON, found.headers)


def _has(conditions: list[bytes], tag: bytes) -> bool:
    """Tell whether one of the tags is this one; weak and strong ones are compared alike."""
    opaque = tag.removeprefix(b"W/")
    given = (each.strip().removeprefix(b"W/") for line in conditions for each in line.split(b","))
    return any(each in {b"*", opaque} for each in given)
