"""Applications: who may ask. One application has a client id, a client secret and a management token."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit
from uuid import UUID

import msgspec

from carwire.core.countries import parse_country
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.permissions import parse_scope

MAX_NAME: Final = 100
MAX_REDIRECT_URIS: Final = 50
_BARE_ORIGIN: Final = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?|http://\[[0-9a-f:]+\](:[0-9]{1,5})?")
_HOST_NAME: Final = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_REDIRECT_URI: Final = 2048  # bytes
_MACHINE: Final = "client_"
_HEX: Final = re.compile(r"[0-9a-f]{32}")
HOSTED_PATH: Final = "/v2/redirect"  # the page that hands the result on to the window that opened Connect


class Rules(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an application demands or allows in Connect.

    `origins` may receive the result by a window message, besides the origins of the redirect URIs. `scope` is asked for
    when a request names none. `block_incapable` keeps cars out that lack a required permission. `country` is used when
    a request names none.
    """

    require_pkce: bool = False
    origins: tuple[str, ...] = ()
    scope: str | None = None
    block_incapable: bool = False
    country: str | None = None


class Application(msgspec.Struct, frozen=True):
    """A registered application. The two digests are HMAC-SHA256 under the server's pepper, 32 bytes each.

    The management token (the wire calls it application management token, AMT) is the second secret: it lists and cuts
    connections and signs webhooks.
    The first redirect URI is the default one.
    """

    client_id: str
    name: str
    redirect_uris: tuple[str, ...]
    secret_digest: bytes
    management_token_digest: bytes
    created_at: datetime
    rules: Rules = Rules()


class ClientSecret(msgspec.Struct, frozen=True):
    """A secret with which an application gets tokens of its own, as it is kept: by its digest. A null `expires_at` is
    none: it is accepted until somebody deletes it.
    """

    id: str
    client_id: str
    digest: bytes
    created_at: datetime
    expires_at: datetime | None = None

    def lives(self, now: datetime) -> bool:
        """Tell whether it is accepted."""
        return self.expires_at is None or now < self.expires_at


def machine_id(client_id: str) -> str:
    """Return the client id under which an application gets tokens of its own.

    >>> machine_id("94e0c6f2-8f3a-4a12-b2ad-3d1a5b6c7d55")
    'client_94e0c6f28f3a4a12b2ad3d1a5b6c7d55'
    """
    return _MACHINE + client_id.replace("-", "")


def client_of_machine(machine: str) -> str | None:
    """Return the client id behind what `machine_id` gave, null for any other text."""
    digits = machine.removeprefix(_MACHINE)
    if digits == machine or not _HEX.fullmatch(digits):
        return None
    return str(UUID(digits))


def check_registration(name: str, redirect_uris: tuple[str, ...], client_id: str | None = None) -> None:
    """Raise `InvalidInput` unless the name is 1 to 100 printable characters and every redirect URI may be registered.

    That is https, http on the loopback (RFC 8252), and for native apps ``sc<client id>://host``, the scheme the mobile
    SDKs expect; without a client id, before there is one, no such scheme. No fragment (RFC 6749, 3.1.2), no user-info,
    no wildcard. The host is a name or an IP address, because it goes into the policy of our pages. The hosted page
    ``/v2/redirect`` must name a bare origin in ``app_origin``.
    """
    problems = []
    if not 1 <= len(name.strip()) <= MAX_NAME or not name.isprintable():
        problems.append(FieldProblem("name", f"must be 1 to {MAX_NAME} printable characters"))
    if len(redirect_uris) > MAX_REDIRECT_URIS:
        problems.append(FieldProblem("redirect_uris", f"at most {MAX_REDIRECT_URIS} are kept"))
    for uri in redirect_uris:
        message = _uri_problem(uri, client_id)
        if message:
            problems.append(FieldProblem("redirect_uris", f"{uri[:200]!a} {message}"))
    if problems:
        raise InvalidInput(*problems)


def check_rules(rules: Rules) -> None:
    """Raise `InvalidInput` unless origins are bare, the scope holds permissions and the country exists."""
    for origin in rules.origins:
        if not _BARE_ORIGIN.fullmatch(origin):
            raise InvalidInput(FieldProblem("origins", f"{origin[:200]!a} is no bare origin like https://app.example"))
    if rules.scope is not None:
        parse_scope(rules.scope)
    if rules.country is not None:
        parse_country(rules.country)


def is_bare_origin(text: str) -> bool:
    """Tell whether text is an http or https origin, as browsers write it: no path, query, fragment or user-info.

    >>> is_bare_origin("https://app.example"), is_bare_origin("https://app.example/")
    (True, False)
    """
    return bool(_BARE_ORIGIN.fullmatch(text))


def origin_of(uri: str) -> str | None:
    """Return the origin of an http or https URI as browsers write it; null for another scheme.

    >>> origin_of("HTTPS://App.example:443/cb?x=1"), origin_of("sc1://host")
    ('https://app.example', None)
    """
    parts = urlsplit(uri)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = f":{parts.port}" if parts.port and parts.port != _DEFAULT_PORTS[parts.scheme] else ""
    return f"{parts.scheme}://{host}{port}"


def _uri_problem(uri: str, client_id: str | None) -> str | None:
    if not uri.isascii() or not uri.isprintable() or " " in uri:
        return "has characters a URI may not contain"
    if len(uri) > MAX_REDIRECT_URI:
        return f"has more than {MAX_REDIRECT_URI} characters"
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018  # raises for what is no port
    except ValueError:
        return "is not a URI"
    if not parts.scheme or not (parts.netloc or parts.path.strip("/")):
        return "is not absolute"
    if "#" in uri:
        return "must not have a fragment"
    if "*" in uri:
        return "must not have a wildcard"
    if "\\" in uri:
        return "must not have a backslash, which browsers read as a slash"
    if "@" in parts.netloc:
        return "must not name a user"
    return _place_problem(parts, client_id)


def _place_problem(parts: SplitResult, client_id: str | None) -> str | None:
    if parts.scheme not in _DEFAULT_PORTS:
        if client_id and parts.scheme == f"sc{client_id}":
            return _host_problem(parts.hostname)
        wanted = f"sc{client_id}" if client_id else "sc and the client id, once there is one"
        return f"has a scheme that cannot be registered: https, or {wanted}"
    if problem := _host_problem(parts.hostname):
        return problem
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        return "must use https: plain http is for localhost only"
    if parts.path == HOSTED_PATH:
        origins = parse_qs(parts.query).get("app_origin", [])
        if origins and not (len(origins) == 1 and is_bare_origin(origins[0])):
            return "must name one bare origin in app_origin"
    return None


def _host_problem(host: str | None) -> str | None:
    if not host:
        return "has no host"
    if _HOST_NAME.fullmatch(host):
        return None
    with suppress(ValueError):
        if ":" in host and "%" not in host:
            IPv6Address(host)
            return None
    return "has a host that is neither a name nor an IP address"
