"""The address at which an owner connects a car, and the proof key that binds the code to who asked for it.

Source: the wire contract, section 9.2, for names and order of the parameters; RFC 7636 for the proof key.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import TypedDict
from urllib.parse import quote, urlencode

import msgspec

from carwire_client.call import Flags, flags_text
from carwire_client.calls.account import Mode
from carwire_client.secrets import Secret


class SingleSelect(TypedDict, total=False):
    """How many cars the owner may pick: with `enabled` one, with `vin` that one."""

    enabled: bool
    vin: str


class Pkce(msgspec.Struct, frozen=True):
    """A proof key: `challenge` goes to `get_auth_url`, `verifier` to `exchange_code`."""

    verifier: Secret
    challenge: str


def new_pkce() -> Pkce:
    """Draw a proof key: 256 bits, method S256."""
    return pkce_of(Secret(secrets.token_urlsafe(32)))


def pkce_of(verifier: Secret) -> Pkce:
    """Return the proof key of a verifier that was kept.

    >>> pkce_of(Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).challenge
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
    """
    digest = hashlib.sha256(verifier.reveal().encode("ascii")).digest()
    return Pkce(verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii"))


def connect_url(
    origin: str,
    client_id: str,
    redirect_uri: str | None,
    mode: Mode,
    scope: Sequence[str] | None,
    *,
    force_prompt: bool = False,
    single_select: bool | SingleSelect | Mapping[str, object] | None = None,
    state: str | None = None,
    make_bypass: str | None = None,
    flags: Flags | None = None,
    user: str | None = None,
    code_challenge: str | None = None,
) -> str:
    """Return the address. What is null is left out."""
    selected, vin = _selection(single_select)
    query = {
        "response_type": "code",
        "client_id": client_id,
        "approval_prompt": "force" if force_prompt else "auto",
        "redirect_uri": redirect_uri,
        "scope": None if scope is None else " ".join(scope),
        "state": state,
        "single_select": None if selected is None else str(selected).lower(),
        "single_select_vin": vin,
        "make": make_bypass,
        "flags": flags_text(flags),
        "user": user,
        "mode": mode,
        "code_challenge": code_challenge,
        "code_challenge_method": None if code_challenge is None else "S256",
    }
    given = [(name, value) for name, value in query.items() if value is not None]
    return f"{origin}/oauth/authorize?{urlencode(given, quote_via=quote)}"


def _selection(value: bool | SingleSelect | Mapping[str, object] | None) -> tuple[bool | None, str | None]:
    """A truth value, or an object; one that names a VIN selects one car, whether it says so or not."""
    if value is None or isinstance(value, bool):
        return value, None
    vin = value.get("vin")
    if vin is not None and not isinstance(vin, str):
        msg = "single_select: vin must be a text"
        raise TypeError(msg)
    return bool(value.get("enabled")) or vin is not None, vin
