"""Redaction of what goes into a log line.

Secrets are wrapped in `carwire.kit.secrets.Secret` where they enter; this is the second line of defence, for text that
nobody wrapped: a path someone pasted a token into, an exception text that quotes its input.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_MASK: Final = "***"
_SECRET_KEYS: Final = frozenset(
    {"authorization", "password", "secret", "client_secret", "token", "access_token", "refresh_token", "cookie", "code"}
    | {"amt", "application_management_token", "api_key", "apikey", "pepper", "state", "sc-signature"}
)
# A run long enough to be a credential, or a VIN: neither belongs in a log. UUIDs (36 characters, hyphens) stay
# readable.
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{37,}|[A-Za-z0-9]{17,}")


def redact_text(text: str, limit: int = 500) -> str:
    """Mask anything in `text` long enough to be a credential or a VIN, and cut it to `limit` characters.

    >>> redact_text("/v1/vins/5YJSA1E29LF403082")
    '/v1/vins/***'
    >>> redact_text("client 0b9d1c55-7f0e-4f43-9a49-d8a5b6f1b9c3 unknown")
    'client 0b9d1c55-7f0e-4f43-9a49-d8a5b6f1b9c3 unknown'
    """
    return _TOKEN.sub(_MASK, text)[:limit]


def redact(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return `event` with the values of secret-bearing keys masked, at any depth, and long runs in texts masked."""
    return {key: _MASK if str(key).lower() in _SECRET_KEYS else _redact_value(value) for key, value in event.items()}


def _redact_value(value: Any) -> Any:
    if isinstance(value, str):
        return redact_text(value, limit=10_000)
    if isinstance(value, Mapping):
        return redact(value)
    if isinstance(value, list | tuple):
        return [_redact_value(item) for item in value]
    return value
