"""What a decode depends on, as keys: VINs with the same key have the same decode.

A *plain* VIN has 17 characters that vPIC has nothing against, no identifier of a small maker, and no maker whose
patterns reach behind position 11 (`_vpic_serials`). Its key is a number: positions 1-8, 10 and 11, and whether the
check digit is right. Nearly all VINs are plain, and their keys are worked out a column of characters at a time. Every
other VIN gets a text: what matters of it, or all of it.

Two things of a decode still depend on the serial. A proposed VIN repeats it. And where vPIC proposes a character such
that the check digit comes out (errors 3 and 4), which one depends on what the serial adds to the sum; error 3 weighs
less than 4 and as much as 2, so that of two model years now the one and now the other is right. Where one of the three
is found the key is refined by position 9 and by that remainder.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import ultravin

from carwire.connectors._vpic_serials import DATA_MONTH, SERIAL_WMIS
from carwire.core.vin.structure import CHARACTERS, VIN_LENGTH, compute_check_digit, tidy

Key = Hashable  # int for a plain VIN, str for another, a tuple once refined or with a year

_VALUES: Final = dict(
    zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "012345678912345678123457923456789"), strict=True)
)
_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_DIGITS: Final = frozenset("0123456789")
_KEYED: Final = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10)  # positions 1-8, 10 and 11, counted from 0
_BITS: Final = 6  # for a character
_SHARED: Final = "~"  # begins the key of a VIN that is not plain, unless the key is the VIN itself
_RIGHT: Final = 1 << _BITS * len(_KEYED)
_ALLOWED: Final = tuple(
    CHARACTERS - {"9"} if i == 2 else _DIGITS | {"X"} if i == 8 else _DIGITS if i >= 12 else CHARACTERS
    for i in range(VIN_LENGTH)
)


def _table(values: dict[str, int], other: int) -> bytes:
    """A table for `bytes.translate`."""
    return bytes(values.get(chr(byte), other) for byte in range(256))


_CODE: Final = _table({character: n for n, character in enumerate(sorted(CHARACTERS))}, 0)
_ADDS: Final = tuple(_table({c: v * w % 11 for c, v in _VALUES.items()}, 0) for w in _WEIGHTS)
_REFUSES: Final = tuple(_table(dict.fromkeys(allowed, 0), 1) for allowed in _ALLOWED)
_DIGIT_OF_SUM: Final = bytes(b"0123456789X"[total % 11] for total in range(256))


class Keys:
    """The keys of many VINs: `codes` gives the place of each VIN's key in `keys`, `samples` a VIN for each key."""

    __slots__ = ("codes", "keys", "samples")

    def __init__(self, codes: pa.Array, keys: list[Key], samples: list[str]) -> None:
        self.codes = codes
        self.keys = keys
        self.samples = samples


class Keyring:
    """Makes keys, for the month of vPIC data the table of serial-dependent makers was made for; with another month
    every text is its own key.
    """

    def __init__(self) -> None:
        self._shares = ultravin.provenance()["data_month"] == DATA_MONTH
        self.exceptions: frozenset[str] = frozenset(ultravin.sweep(["exception"]))
        codes = {_packed(wmi) for wmi in SERIAL_WMIS}
        self._serial_wmis = pa.array(sorted(codes), pa.uint64())
        self._exceptions = pa.array([vin.encode() for vin in sorted(self.exceptions)], pa.binary(VIN_LENGTH))

    def keys(self, texts: pa.Array) -> Keys:
        """Return the keys of texts, null counting as empty. `texts` is of type string."""
        texts = pc.fill_null(texts, "")
        whole = pc.equal(pc.binary_length(texts), VIN_LENGTH)
        if not self._shares or not pc.any(whole).as_py():
            return self._spelt(texts)
        all_whole = pc.all(whole).as_py()
        numbers, plain = self._packed(texts if all_whole else texts.filter(whole))
        if all_whole and pc.all(plain).as_py():
            return _numbered(texts, numbers)
        if not all_whole:
            plain = pc.replace_with_mask(whole, whole, plain)
            numbers = pc.replace_with_mask(pa.nulls(len(texts), pa.uint64()), whole, numbers)
        return _joined(
            plain, _numbered(texts.filter(plain), numbers.filter(plain)), self._spelt(texts.filter(pc.invert(plain)))
        )

    def _packed(self, texts: pa.Array) -> tuple[pa.Array, pa.Array]:
        """The number of each text of 17 bytes, and whether it is plain."""
        n = len(texts)
        flat = _flat(texts)
        columns = [flat[i::VIN_LENGTH] for i in range(VIN_LENGTH)]  # the characters, position by position
        refused = _sum(column.translate(table) for column, table in zip(columns, _REFUSES, strict=True))
        total = _sum(column.translate(table) for column, table in zip(columns, _ADDS, strict=True))
        computed = _bytes(total.buffers()[1].to_pybytes()[:n].translate(_DIGIT_OF_SUM))
        right = pc.equal(computed, _bytes(columns[8]))
        number = pc.if_else(right, pa.scalar(_RIGHT, pa.uint64()), pa.scalar(0, pa.uint64()))
        for place, i in enumerate(reversed(_KEYED)):
            code = _bytes(columns[i].translate(_CODE)).cast(pa.uint64())
            number = pc.bit_wise_or(number, pc.shift_left(code, pa.scalar(place * _BITS, pa.uint64())))
        wmi = pc.bit_wise_and(
            pc.shift_right(number, pa.scalar(7 * _BITS, pa.uint64())), pa.scalar((1 << 3 * _BITS) - 1, pa.uint64())
        )
        plain = pc.and_(pc.equal(refused, 0), pc.invert(pc.is_in(wmi, self._serial_wmis)))
        if not pc.all(right).as_py():
            vins = pa.Array.from_buffers(pa.binary(VIN_LENGTH), n, [None, pa.py_buffer(flat)])
            plain = pc.and_(plain, pc.or_(right, pc.invert(pc.is_in(vins, self._exceptions))))
        return number, plain

    def _spelt(self, texts: pa.Array) -> Keys:
        """Keys of texts that are not plain, one after the other."""
        unique = texts.dictionary_encode()
        places: dict[Key, int] = {}
        samples: list[str] = []
        codes: list[int] = []
        for text in unique.dictionary.to_pylist():
            vin = tidy(text)
            key = self._key(vin)
            place = places.setdefault(key, len(samples))
            if place == len(samples):
                samples.append(vin)
            codes.append(place)
        return Keys(pa.array(codes, pa.int32()).take(unique.indices), list(places), samples)

    def _key(self, vin: str) -> str:
        """What matters of one VIN: `vin` itself when all of it does."""
        if not self._shares or len(vin) != VIN_LENGTH or not (vin.isascii() and vin.isalnum()):
            return vin
        if vin[:3] in SERIAL_WMIS or vin in self.exceptions:
            return vin
        right = compute_check_digit(vin) == vin[8]
        ninth = "=" if right else "-" if vin[8] in _ALLOWED[8] else vin[8]
        begin = vin[11:14] if vin[2] == "9" else ("A" if vin[11] in CHARACTERS else vin[11]) + _shape(vin[12:14])
        return f"{_SHARED}{vin[:8]}{ninth}{vin[9:11]}{begin}{_shape(vin[14:])}"


def refined(key: Key, vin: str) -> Key:
    """The key of a VIN whose check digit has to choose what is proposed."""
    rest = sum(_VALUES.get(c, 0) * w for c, w in zip(vin[11:], _WEIGHTS[11:], strict=True)) % 11
    return (key, vin[8], rest)


def is_refined(key: Key) -> bool:
    """Whether what a check digit chooses is settled by the key."""
    return isinstance(key, tuple) and len(key) == 3


def shared(key: Key) -> bool:
    """Whether VINs that differ may have this key."""
    while isinstance(key, tuple):
        key = key[0]
    return not isinstance(key, str) or key.startswith(_SHARED)


def _shape(characters: str) -> str:
    """Digits are all the same; letters are named in the error they cause."""
    return "".join("0" if c in _DIGITS else c for c in characters)


def _packed(wmi: str) -> int:
    return sum(_CODE[ord(c)] << (2 - i) * _BITS for i, c in enumerate(wmi))


def _flat(texts: pa.Array) -> bytes:
    """Texts of 17 bytes one after the other, in capitals."""
    offsets, data = texts.buffers()[1:]
    start = memoryview(offsets).cast("i")[texts.offset]
    return memoryview(data)[start : start + VIN_LENGTH * len(texts)].tobytes().upper()


def _bytes(data: bytes) -> pa.Array:
    return pa.Array.from_buffers(pa.uint8(), len(data), [None, pa.py_buffer(data)])


def _sum(columns: Iterable[bytes]) -> pa.Array:
    total = None
    for column in columns:
        total = _bytes(column) if total is None else pc.add(total, _bytes(column))
    return total


def _numbered(texts: pa.Array, numbers: pa.Array) -> Keys:
    unique = numbers.dictionary_encode()
    samples = texts.take(pc.index_in(unique.dictionary, numbers)).to_pylist()
    return Keys(unique.indices, unique.dictionary.to_pylist(), [sample.upper() for sample in samples])


def _joined(first: pa.Array, one: Keys, other: Keys) -> Keys:
    """Put two lots of keys together: `first` says which texts the first lot is of."""
    codes = pc.replace_with_mask(pa.nulls(len(first), pa.int32()), first, one.codes)
    codes = pc.replace_with_mask(codes, pc.invert(first), pc.add(other.codes, pa.scalar(len(one.keys), pa.int32())))
    return Keys(codes, one.keys + other.keys, one.samples + other.samples)
