"""URLs of endpoints we send to: one spelling of a host, so that no two parsers read it differently.

What the WHATWG's parser would repair (backslashes, tabs, ``0x7f.1``, full-width dots) is refused instead. Whether a
name leads somewhere we may go is another question, asked whenever a connection is made.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from typing import Final

MAX_URL: Final = 2048
_MAX_NAME: Final = 253
_FORM: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)(?P<fragment>#.*)?", re.IGNORECASE
)
_AUTHORITY: Final = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^\[\]:]*)(?::(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)


def check_url(url: str) -> str | None:
    """Say what a URL must be that this one is not; null when it can be sent to. Nothing is looked up.

    >>> check_url("https://example.org/hook?x=1"), check_url("https://example.org:8443")
    (None, None)
    >>> check_url("https://0x7f.1/")
    'must name a host by its name, its IPv4 address as four decimal numbers, or its IPv6 address in brackets'
    """
    if len(url) > MAX_URL:
        return f"must have at most {MAX_URL} characters"
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "must be written in ASCII, without blanks or backslashes; a host beyond ASCII in its xn-- form"
    form = _FORM.fullmatch(url)
    if form is None or form["scheme"].lower() not in {"http", "https"}:
        return "must begin with https:// or http://"
    if form["fragment"] is not None:
        return "must have no fragment (#)"
    if "@" in form["authority"]:
        return "must have no user name or password"
    authority = _AUTHORITY.fullmatch(form["authority"])
    if authority is not None and authority["port"] is not None and not 1 <= int(authority["port"]) <= 65535:
        return "must have a port from 1 to 65535, or none"
    if authority is None or not _is_host(authority["host"]):
        return "must name a host by its name, its IPv4 address as four decimal numbers, or its IPv6 address in brackets"
    return None


def _is_host(host: str) -> bool:
    labels = host.split(".")
    try:
        if host.startswith("["):
            IPv6Address(host[1:-1])
        elif _NUMBER.fullmatch(labels[-1]):  # no top-level domain is a number, so everybody else reads an address
            IPv4Address(host)
        else:
            return len(host) <= _MAX_NAME and all(map(_LABEL.fullmatch, labels))
    except ValueError:
        return False
    return True
