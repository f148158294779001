"""Applications: who may ask. One application has a client id, a client secret and a management token."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput

MAX_NAME: Final = 100
MAX_REDIRECT_URIS: Final = 50
_DANGEROUS: Final = frozenset({"about", "blob", "data", "file", "filesystem", "javascript", "vbscript"})


class Application(msgspec.Struct, frozen=True):
    """A registered application. The two digests are HMAC-SHA256 under the server's pepper, 32 bytes each.

    The management token (the wire calls it application management token, AMT) is the second secret: it lists and cuts
    connections and signs webhooks.
    """

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]
    secret_digest: bytes
    management_token_digest: bytes
    created_at: datetime


def check_registration(name: str, redirect_uris: tuple[str, ...]) -> None:
    """Raise `InvalidInput` unless the name is 1 to 100 printable characters and every redirect URI is absolute.

    A redirect URI needs a scheme and no fragment (RFC 6749, 3.1.2); http is for the loopback only, as RFC 8252
    allows; other schemes (of native apps) are accepted as they are.
    """
    problems = []
    if not 1 <= len(name.strip()) <= MAX_NAME or not name.isprintable():
        problems.append(FieldProblem("name", f"must be 1 to {MAX_NAME} printable characters"))
    if len(redirect_uris) > MAX_REDIRECT_URIS:
        problems.append(FieldProblem("redirect_uris", f"at most {MAX_REDIRECT_URIS} are kept"))
    for uri in redirect_uris:
        message = _uri_problem(uri)
        if message:
            problems.append(FieldProblem("redirect_uris", f"{uri[:200]!a} {message}"))
    if problems:
        raise InvalidInput(*problems)


def _uri_problem(uri: str) -> str | None:
    if not uri.isascii() or not uri.isprintable() or " " in uri:
        return "has characters a URI may not contain"
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        return "is not a URI"
    if parts.scheme in _DANGEROUS:
        return "has a scheme that is no place to send a browser to"
    if not parts.scheme or not (parts.netloc or parts.path.strip("/")):
        return "is not absolute"
    if "#" in uri:
        return "must not have a fragment"
    if parts.scheme in {"http", "https"} and not host:
        return "has no host"
    if parts.scheme == "http" and host not in {"localhost", "127.0.0.1", "::1"}:
        return "must use https: plain http is for localhost only"
    return None
