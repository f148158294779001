"""Secrets that are planted in a server, and the search for any piece of them in what it leaves behind."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes

PIECE = 12  # characters: a leak that was cut off is one, too
_GAP = bytes(16)
_VOID = re.compile(rb"\0{16,}")  # empty parts of a database's pages


@dataclass(frozen=True)
class Planted:
    """A secret of some kind. It counts as found only as a `whole` where its pieces are in other things as well."""

    kind: str
    text: str | bytes
    whole: bool = False


def spelled(secret: str | bytes) -> Iterator[tuple[bytes, int]]:
    """Yield every spelling a secret may be found in, and how many bytes of it make a piece: as it is, in URLs, in hex,
    in base64 behind any number of other bytes, and of a text in JSON and in UTF-16.
    """
    raw = secret.encode() if isinstance(secret, str) else secret
    yield raw, PIECE
    yield quote_from_bytes(raw, safe="").encode(), PIECE
    yield b"".join(b"%%%02X" % byte for byte in raw), 3 * PIECE
    yield b"".join(b"%%%02x" % byte for byte in raw), 3 * PIECE
    yield raw.hex().encode(), 2 * PIECE
    yield raw.hex().upper().encode(), 2 * PIECE
    for before in range(3):
        # The first and the last characters depend on the neighbours.
        core = b64encode(bytes(before) + raw)[4 if before else 0 : (before + len(raw)) // 3 * 4]
        yield core, PIECE
        yield core.translate(bytes.maketrans(b"+/", b"-_")), PIECE
    if isinstance(secret, str):
        yield json.dumps(secret)[1:-1].encode(), PIECE
        yield json.dumps(secret, ensure_ascii=False)[1:-1].replace("/", "\\/").encode(), PIECE
        yield secret.encode("utf-16-le"), 2 * PIECE


@dataclass
class Search:
    """Looks for pieces of secrets in bytes: every window of `PIECE` bytes is held against all of them at once."""

    planted: list[Planted] = field(default_factory=list)
    _pieces: dict[bytes, set[tuple[int, bytes]]] = field(default_factory=lambda: defaultdict(set))

    def add(self, secret: Planted) -> Planted:
        """Look for this one, too."""
        number = len(self.planted)
        self.planted.append(secret)
        for form, length in set(spelled(secret.text)):
            assert len(form) >= length, f"{secret.kind} is too short to be looked for"
            pieces = (form[n : n + length] for n in range(len(form) - length + 1))
            for piece in (form,) if secret.whole else pieces:
                self._pieces[piece[:PIECE]].add((number, piece[PIECE:]))
        return secret

    def found(self, text: bytes) -> set[Planted]:
        """Return the secrets of which there is a piece in the text."""
        pieces, hits, dense = self._pieces, set(), _VOID.sub(_GAP, text)
        for start in range(len(dense) - PIECE + 1):
            window = dense[start : start + PIECE]
            if window in pieces:
                hits |= {n for n, rest in pieces[window] if dense.startswith(rest, start + PIECE)}
        return {self.planted[number] for number in hits}

    def leaks(self, where: str, text: bytes, may: Collection[Planted] = ()) -> list[str]:
        """Say which kinds are found and where, apart from those that may be there."""
        return sorted(f"{secret.kind} in {where}" for secret in self.found(text) - set(may))


def joined(parts: Iterable[bytes]) -> bytes:
    """Put texts together so that no piece spans two."""
    return _GAP.join(parts)
