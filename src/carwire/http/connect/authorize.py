"""Queries and forms of Connect, from raw bytes: order, repeats and one SDK's unescaped base64 matter here, so the
framework's reader will not do.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from carwire.http.query import MAX_QUERY, decode_text
from carwire.kit.secrets import Secret
from carwire.services.connect.replies import Form
from carwire.services.connect.request import Parameters

MAX_FORM: Final = 64 * 1024  # bytes: a thousand cars and every permission need a third of it
KNOWN: Final = frozenset(
    {"client_id", "application_id", "response_type", "redirect_uri", "scope", "state", "approval_prompt", "mode"}
    | {"make", "single_select", "single_select_vin", "flags", "user", "external_id", "app_origin", "sdk_platform"}
    | {"sdk_version", "code_challenge", "code_challenge_method", "ui_locales", "vehicle_id", "token"}
)
_SECRET_FIELDS: Final = frozenset({"password", "answer"})


def read_parameters(query: bytes) -> Parameters:
    """Read the query of an entry point. Unknown names are left aside, empty values count as absent.

    What comes twice, is no UTF-8 or has a broken escape is spoilt; of too long a query everything is.

    >>> read_parameters(b"state=a+b&make=&x=1").values
    {'state': 'a b'}
    """
    if len(query) > MAX_QUERY:
        return Parameters({}, KNOWN)
    values: dict[str, str] = {}
    seen: set[str] = set()
    spoilt: set[str] = set()
    for part in query.split(b"&"):
        raw_name, _, raw = part.partition(b"=")
        name = _text(raw_name)
        if name not in KNOWN:
            continue
        text = _state(raw) if name == "state" else _text(raw)
        if name in seen or text is None:
            spoilt.add(name)
        elif text:
            values[name] = text
        seen.add(name)
    return Parameters(values, frozenset(spoilt))


def read_form(body: bytes) -> Form:
    """Read a posted form. Fields that may hold a credential are wrapped at once; what is no UTF-8 is left out."""
    texts: dict[str, list[str]] = {}
    secrets: dict[str, Secret] = {}
    if len(body) > MAX_FORM:
        return Form({})
    for part in body.split(b"&"):
        raw_name, _, raw = part.partition(b"=")
        name, text = _text(raw_name), _text(raw)
        if not name or text is None:
            continue
        if name in _SECRET_FIELDS:
            secrets.setdefault(name, Secret(text))
        else:
            texts.setdefault(name, []).append(text)
    return Form({name: tuple(found) for name, found in texts.items()}, secrets)


def _text(raw: bytes) -> str | None:
    """Decode one form-urlencoded piece; null too for a text with a NUL, which PostgreSQL cannot keep."""
    text = decode_text(raw)
    return None if text is None or "\0" in text else text


def _state(raw: bytes) -> str | None:
    """Decode ``state``. The JavaScript SDK sends base64 without escaping it: there a ``+`` is a plus.

    Reading it as a space would hand the application a state that is silently another one.
    """
    text = _text(raw)
    if text is not None and b"+" in raw:
        literal = unquote_to_bytes(raw)
        if _is_sdk_state(literal):
            return literal.decode("ascii")
    return text


def _is_sdk_state(text: bytes) -> bool:
    try:
        inside = msgspec.json.decode(base64.b64decode(text + b"=" * (-len(text) % 4), validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return False
    return isinstance(inside, dict) and "instanceId" in inside
