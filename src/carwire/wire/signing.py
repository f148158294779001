"""The bytes of a webhook, and their signatures: the original's, and those of Standard Webhooks.

Two SDKs verify a delivery by parsing it, writing it again with ``JSON.stringify``, and hashing that. So a body is
written here as JavaScript would: without blanks, text unescaped, numbers in its form, whole-number keys first. What is
signed is what is sent. Source: ECMA-262 (Number::toString, SerializeJSONProperty, OrdinaryOwnPropertyKeys) and the wire
contract's chapter on signatures, whose vectors are in the tests.

>>> stringify({"note": "Zürich 5°", "pct": 1.0, "n": 1e21}).decode()
'{"note":"Zürich 5°","pct":1,"n":1e+21}'
"""

from __future__ import annotations

import hmac
import json
import math
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from carwire.kit.secrets import SIGNING_PREFIX, Secret

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,9}")
_GREATEST_INDEX: Final = 2**32 - 2
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_EXACT: Final = 2**53  # whole numbers beyond it are doubles in JavaScript
_LEAST: Final = 1e-4  # from it up to that, both languages write a double that is not whole the same way
_write: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def stringify(value: object) -> bytes:
    """Write a value as ``JSON.stringify`` does. Raises `TypeError` for what JSON cannot hold."""
    try:
        return _write(_plain(value)).encode()
    except (_OddError, UnicodeEncodeError):
        return _text_of(value).encode()


def signature(management_token: Secret, body: bytes) -> str:
    """Sign the bytes of a body, or a challenge: lower-case hex of HMAC-SHA256 under the management token."""
    return hmac.digest(management_token.reveal().encode(), body, "sha256").hex()


def standard_headers(secrets: Iterable[Secret], message_id: str, moment: datetime, body: bytes) -> dict[str, str]:
    """Sign as Standard Webhooks 1.0.0 wants it, once under every living secret of `new_signing_secret`: a receiver
    that knows any of them accepts. `message_id` has no dot in it and stays the same; `moment` is the attempt's.
    """
    timestamp = str(int(moment.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    digests = (hmac.digest(b64decode(each.reveal().removeprefix(SIGNING_PREFIX)), signed, "sha256") for each in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{b64encode(digest).decode()}" for digest in digests),
    }


class _OddError(Exception):
    """JavaScript may write this otherwise than Python's encoder."""


def _plain(value: object) -> object:
    """Return a value that Python's encoder writes as JavaScript does, numbers changed where they must be. Nearly all
    are of this kind, and the encoder is four times as fast as `_text_of`.
    """
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return value
    if isinstance(value, float):
        if value.is_integer() and abs(value) <= _EXACT:
            return int(value)
        if _LEAST <= abs(value) < _EXACT:
            return value
    elif isinstance(value, int) and abs(value) <= _EXACT:
        return value
    elif kind is dict and isinstance(value, dict):
        if all(type(key) is str and not key[:1].isdecimal() for key in value):
            return {key: each if type(each) is str else _plain(each) for key, each in value.items()}
    elif isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    raise _OddError


def _text_of(value: object) -> str:
    if isinstance(value, str):  # two halves that stand side by side are one character
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if value is None or isinstance(value, bool | str):
        return _SURROGATE.sub(lambda lone: f"\\u{ord(lone[0]):04x}", json.dumps(value, ensure_ascii=False))
    if isinstance(value, int) and abs(value) <= _EXACT:
        return str(value)
    if isinstance(value, int | float):
        return _number(float(value))
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_text_of(str(key))}:{_text_of(value[key])}" for key in _ordered(value)) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(map(_text_of, value)) + "]"
    msg = f"{type(value).__name__} is nothing JSON can hold"
    raise TypeError(msg)


def _number(value: float) -> str:
    """Write a double: its shortest digits, which both languages find, in JavaScript's notation."""
    if not math.isfinite(value):
        return "null"
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, part = mantissa.partition(".")
    digits = (whole + part).lstrip("0")
    point = len(whole) - (len(whole + part) - len(digits)) + int(exponent or 0)  # digits before the decimal point
    digits = digits.rstrip("0")
    sign = "-" if value < 0 else ""
    if 0 < point <= 21:
        return sign + (digits.ljust(point, "0") if len(digits) <= point else f"{digits[:point]}.{digits[point:]}")
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    more = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{more}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def _ordered(value: Mapping[object, object]) -> list[object]:
    """JavaScript moves keys that are array indices to the front, in their order."""
    indices = [key for key in value if _INDEX.fullmatch(str(key)) and int(str(key)) <= _GREATEST_INDEX]
    return [*sorted(indices, key=lambda key: int(str(key))), *(key for key in value if key not in indices)]
