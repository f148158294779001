"""Owners connect, and codes become tokens: `AuthClient` of the official package."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from carwire_client.answers import Answer
from carwire_client.call import Basic, flags_text
from carwire_client.errors import NotConfigured
from carwire_client.secrets import Secret
from carwire_client.settings import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, first_of
from carwire_client.smartcar.asking import origins, post_form
from carwire_client.smartcar.reading import read
from carwire_client.smartcar.types import Access

MODES: Final = ("live", "test", "simulated")
REFRESH_LIFE: Final = timedelta(days=60)


class AuthClient:
    """The application towards owners and the token endpoint.

    Id, secret and redirect URI not given are the environment's. `test_mode` is the old word for `mode`. Attributes:
    `client_id`, `client_secret`, `redirect_uri`, `mode`, and `auth`, the pair of the first two. Raises `NotConfigured`
    without id or secret, `ValueError` for another mode than ``live``, ``test`` and ``simulated``.
    """

    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        redirect_uri: str | None = None,
        test_mode: bool | None = None,
        mode: str = "live",
    ) -> None:
        self.client_id = client_id or first_of(CLIENT_ID, os.environ)
        self.client_secret = client_secret or first_of(CLIENT_SECRET, os.environ)
        self.redirect_uri = redirect_uri or first_of(REDIRECT_URI, os.environ)
        self.mode = mode.lower()
        if test_mode is not None:
            warnings.warn("test_mode is an old word: give mode instead", DeprecationWarning, stacklevel=2)
            self.mode = "test" if test_mode else "live"
        self.auth = (self.client_id, self.client_secret)
        if self.client_id is None or self.client_secret is None:
            msg = "Give client_id and client_secret, or set SMARTCAR_CLIENT_ID and SMARTCAR_CLIENT_SECRET"
            raise NotConfigured(msg)
        if self.mode not in MODES:
            msg = f"mode must be live, test or simulated, not {mode!r}"
            raise ValueError(msg)

    def get_auth_url(self, scope: Sequence[str] | None = None, options: Mapping[str, Any] | None = None) -> str:
        """Return the address at which an owner connects a car.

        `options` may have ``force_prompt``, ``state``, ``make_bypass``, ``single_select`` (with ``enabled`` or
        ``vin``), ``flags`` and ``user``.
        """
        given = options or {}
        selected, vin = _selection(given.get("single_select"))
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "approval_prompt": "force" if given.get("force_prompt") else "auto",
            "mode": self.mode,
            "redirect_uri": self.redirect_uri or None,
            "scope": " ".join(scope) if scope else None,
            "state": given.get("state") or None,
            "make": given.get("make_bypass") or None,
            "single_select_vin": vin,
            "single_select": selected,
            "flags": flags_text(given.get("flags")),
            "user": given.get("user") or None,
        }
        present = {name: value for name, value in query.items() if value is not None}
        return f"{origins().connect}/oauth/authorize?{urlencode(present)}"

    def exchange_code(self, code: str, options: Mapping[str, Any] | None = None) -> Access:
        """Exchange the code an owner came back with. `options` may have ``flags``. Raises `SmartcarException`."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri or None}
        return self._exchanged(form, options, code)

    def exchange_refresh_token(self, refresh_token: str, options: Mapping[str, Any] | None = None) -> Access:
        """Exchange a refresh token for a new pair. `options` may have ``flags``. Raises `SmartcarException`."""
        return self._exchanged({"grant_type": "refresh_token", "refresh_token": refresh_token}, options, refresh_token)

    def _exchanged(self, form: Mapping[str, str | None], options: Mapping[str, Any] | None, given: str) -> Access:
        query = {"flags": flags_text((options or {}).get("flags"))}
        answer = post_form(Basic(str(self.client_id), Secret(str(self.client_secret))), form, query, given)
        found: Access = read(lambda body, _: _access(body, answer), answer)
        return found


def _access(body: Any, answer: Answer) -> Access:
    now = answer.received_at.replace(tzinfo=None)
    return Access(
        access_token=body.get("access_token"),
        token_type=body.get("token_type"),
        expires_in=body["expires_in"],
        expiration=now + timedelta(seconds=body["expires_in"]),
        refresh_token=body.get("refresh_token"),
        refresh_expiration=now + REFRESH_LIFE,
    )


def _selection(value: Any) -> tuple[str | None, str | None]:
    """Return whether one car is selected, and which. A plain truth value will do for an object."""
    if not value:
        return None, None
    if not isinstance(value, Mapping):
        return "true", None
    vin = value.get("vin") or None
    return ("true" if vin or value.get("enabled") else "false"), vin
