"""Connecting owners: the address they go to, and the exchange of what they come back with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

from carwire_client.binding import awaiting, blocking
from carwire_client.call import Call, Flags
from carwire_client.calls import tokens
from carwire_client.calls.account import Mode
from carwire_client.calls.compatibility import mode_of
from carwire_client.connect import Pkce, SingleSelect, connect_url
from carwire_client.drivers import AsyncDriver, Driver
from carwire_client.secrets import Secret
from carwire_client.settings import REDIRECT_URI, first_of

T = TypeVar("T")


class _Base:
    """What both have in common."""

    ref: tokens.Client
    mode: Mode
    _connect_origin: str

    def _set_up(
        self,
        driver: Driver | AsyncDriver,
        client_id: str | None,
        client_secret: str | Secret | None,
        redirect_uri: str | None,
        mode: Mode | None,
    ) -> None:
        credentials = driver.ref.credentials(client_id, client_secret)
        uri = redirect_uri or first_of(REDIRECT_URI, driver.environ)
        self.ref = tokens.Client(credentials=credentials, redirect_uri=uri)
        self.mode = mode or "live"
        self._connect_origin = driver.origins.connect

    @property
    def client_id(self) -> str:
        """The application's id."""
        return self.ref.credentials.client_id

    @property
    def client_secret(self) -> Secret:
        """The application's secret."""
        return self.ref.credentials.client_secret

    @property
    def redirect_uri(self) -> str | None:
        """Where owners come back to; null where the server's own setting holds."""
        return self.ref.redirect_uri

    def get_auth_url(
        self,
        scope: Sequence[str] | None = None,
        *,
        force_prompt: bool = False,
        single_select: bool | SingleSelect | Mapping[str, object] | None = None,
        state: str | None = None,
        make_bypass: str | None = None,
        flags: Flags | None = None,
        user: str | None = None,
        pkce: Pkce | None = None,
    ) -> str:
        """Return the address at which an owner connects a car.

        - `scope`: permissions, such as ``read_odometer`` or ``required:read_vin``; left out, those of the server's
          own setting
        - `force_prompt`: the owner approves again although they have before
        - `single_select`: true for one car, or ``{"vin": …}`` for that one
        - `state`: comes back as it went
        - `make_bypass`: a make, whose owner skips the choice of brands
        - `user`: an id of your own under which the owner's visits are counted
        - `pkce`: from `new_pkce`; its verifier goes to `exchange_code`
        """
        return connect_url(
            self._connect_origin,
            self.client_id,
            self.redirect_uri,
            self.mode,
            scope,
            force_prompt=force_prompt,
            single_select=single_select,
            state=state,
            make_bypass=make_bypass,
            flags=flags,
            user=user,
            code_challenge=None if pkce is None else pkce.challenge,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.client_id}>"


class AuthClient(_Base):
    """The application towards owners and the token endpoint, by calls that block.

    Id, secret and redirect URI not given are read from the environment. `mode` is ``live``, ``test`` or ``simulated``;
    `test_mode` is the old word for it. Without a `client` it has one of its own: close it then, or use it in a ``with``
    block. Raises `NotConfigured` without id or secret, `ValueError` for another mode.
    """

    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | Secret | None = None,
        redirect_uri: str | None = None,
        *,
        mode: Mode | None = None,
        test_mode: bool | None = None,
        client: Driver | None = None,
    ) -> None:
        chosen = mode_of(mode, test_mode)
        self._client = Driver() if client is None else client
        self._owns_client = client is None
        self._set_up(self._client, client_id, client_secret, redirect_uri, chosen)

    def send(self, call: Call[T]) -> T:
        """Make a call. Raises what `carwire_client.errors` has."""
        return self._client.send(call)

    exchange_code = blocking(tokens.exchange_code)
    exchange_refresh_token = blocking(tokens.exchange_refresh_token)

    def close(self) -> None:
        """Close the client, if it is its own."""
        if self._owns_client:
            self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncAuthClient(_Base):
    """The application towards owners and the token endpoint, by calls that are awaited. Otherwise as `AuthClient`."""

    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | Secret | None = None,
        redirect_uri: str | None = None,
        *,
        mode: Mode | None = None,
        test_mode: bool | None = None,
        client: AsyncDriver | None = None,
    ) -> None:
        chosen = mode_of(mode, test_mode)
        self._client = AsyncDriver() if client is None else client
        self._owns_client = client is None
        self._set_up(self._client, client_id, client_secret, redirect_uri, chosen)

    async def send(self, call: Call[T]) -> T:
        """Make a call. Raises what `carwire_client.errors` has."""
        return await self._client.send(call)

    exchange_code = awaiting(tokens.exchange_code)
    exchange_refresh_token = awaiting(tokens.exchange_refresh_token)

    async def close(self) -> None:
        """Close the client, if it is its own."""
        if self._owns_client:
            await self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
