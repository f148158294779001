"""Webhooks: the answer to a challenge, and whether a delivery is genuine.

A delivery is signed over its bytes. Verify those: what a framework has parsed and somebody writes again may differ in
a blank. Who has nothing but the parsed object can give that; it is written as ``JSON.stringify`` would, which is what
Carwire and the original send. Source: the wire contract, section 8.4; ECMA-262 for the spelling of numbers.

>>> hash_challenge("amt-demo-7f3c", "open-sesame-42")
'15c7dbf16b6727bc2f902cc5e62f239e32027ea6b7eaec9f5fc315ddfe3e2e9f'
"""

from __future__ import annotations

import base64
import hmac
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from carwire_client.secrets import Secret

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,9}")
_GREATEST_INDEX: Final = 2**32 - 2
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_EXACT: Final = 2**53  # whole numbers beyond it are doubles in JavaScript


def hash_challenge(amt: str | Secret, challenge: str) -> str:
    """Return what a receiver answers to a challenge: lower-case hex of HMAC-SHA256 under the management token."""
    return _digest(amt, challenge.encode())


def verify_payload(amt: str | Secret, signature: str | None, body: bytes | str | Mapping[str, Any]) -> bool:
    """Tell whether a delivery is genuine, in constant time.

    `signature` is the header ``SC-Signature``, null where there was none; `body` the bytes that came, their text, or,
    at the cost of a doubt, the object parsed from them.
    """
    if signature is None:
        return False
    sent = (
        body
        if isinstance(body, bytes)
        else (body if isinstance(body, str) else stringify(body)).encode("utf-8", "surrogatepass")
    )
    return hmac.compare_digest(_digest(amt, sent).encode(), signature.strip().encode("utf-8", "surrogatepass"))


def get_management_token(amt: str | Secret, username: str = "default") -> str:
    """Return user name and management token as HTTP Basic has them.

    >>> get_management_token("amt-demo-7f3c")
    'ZGVmYXVsdDphbXQtZGVtby03ZjNj'
    """
    return base64.b64encode(f"{username}:{Secret(amt).reveal()}".encode()).decode("ascii")


def stringify(value: object) -> str:
    """Write a value as ``JSON.stringify`` does. Raises `TypeError` for what JSON cannot hold.

    >>> stringify({"note": "Zürich 5°", "pct": 1.0, "n": 1e21})
    '{"note":"Zürich 5°","pct":1,"n":1e+21}'
    """
    if value is None or isinstance(value, bool | str):
        return _SURROGATE.sub(lambda lone: f"\\u{ord(lone[0]):04x}", json.dumps(value, ensure_ascii=False))
    if isinstance(value, int) and abs(value) <= _EXACT:
        return str(value)
    if isinstance(value, int | float):
        return _number(_double(value))
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{stringify(str(key))}:{stringify(value[key])}" for key in _ordered(value)) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(map(stringify, value)) + "]"
    msg = f"{type(value).__name__} is nothing JSON can hold"
    raise TypeError(msg)


def _digest(amt: str | Secret, message: bytes) -> str:
    return hmac.digest(Secret(amt).reveal().encode(), message, "sha256").hex()


def _double(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


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


def _ordered(value: Mapping[Any, object]) -> list[Any]:
    """JavaScript moves keys that are array indices to the front, in their order."""
    indices = [key for key in value if _INDEX.fullmatch(str(key)) and int(str(key)) <= _GREATEST_INDEX]
    return [*sorted(indices, key=lambda key: int(str(key))), *(key for key in value if key not in indices)]
