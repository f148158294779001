"""Applications and their secrets: registered, listed, renewed, deleted, and recognised at the door."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import msgspec

from carwire.core.applications import Application, check_registration
from carwire.core.errors import FieldProblem, InvalidInput, NotAuthenticated
from carwire.core.ports import ApplicationStore
from carwire.kit.clock import Clock
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret, SecretHasher, new_secret

_REMEMBERED: Final = 10_000


class NewApplication(msgspec.Struct, frozen=True):
    """A new application with its two secrets: the only moment they exist outside their owner's hands."""

    application: Application
    client_secret: Secret
    management_token: Secret


class AccountService:
    """Keeps applications. Every method is one transaction of the store."""

    def __init__(self, store: ApplicationStore, hasher: SecretHasher, clock: Clock) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self._recognised: dict[bytes, Application] = {}
        self._recognised_at = store.version()
        self._nobody = hasher.hash(new_secret())  # compared with when the client id is unknown, so both take as long

    def register(self, name: str, redirect_uris: tuple[str, ...] = ()) -> NewApplication:
        """Register an application and draw its secrets. Raises `InvalidInput` for a bad name or redirect URI."""
        check_registration(name, redirect_uris)
        secret, token = new_secret(), new_secret()
        application = Application(
            client_id=new_id(),
            name=name.strip(),
            redirect_uris=tuple(dict.fromkeys(redirect_uris)),
            secret_digest=self._hasher.hash(secret),
            management_token_digest=self._hasher.hash(token),
            created_at=self._clock(),
        )
        self._store.add(application)
        return NewApplication(application, secret, token)

    def recognise(self, proof: bytes) -> Application | None:
        """Return the application that showed these very credentials before, null when they are not remembered.

        `proof` is whatever carried them, a header for example. Only its digest is kept, until anybody writes to the
        store.
        """
        version = self._store.version()
        if version != self._recognised_at or len(self._recognised) > _REMEMBERED:
            self._recognised.clear()
            self._recognised_at = version
        return self._recognised.get(sha256(proof).digest())

    def authenticate(self, client_id: str, secret: Secret, proof: bytes | None = None) -> Application:
        """Return the application these credentials belong to, and remember `proof` for `recognise`.

        Raises `NotAuthenticated`, the same for every cause.
        """
        if not client_id.isascii():
            raise NotAuthenticated
        version = self._store.version()
        application = self._look_up(client_id, secret)
        if proof is not None and version == self._recognised_at:
            self._recognised[sha256(proof).digest()] = application
        return application

    def _look_up(self, client_id: str, secret: Secret) -> Application:
        application = self._store.find(client_id)
        digest = application.secret_digest if application else self._nobody
        if not self._hasher.matches(secret, digest) or application is None:
            raise NotAuthenticated
        return application

    def list(self) -> list[Application]:
        """Return every application, oldest first."""
        return self._store.all()

    def rotate_secret(self, client_id: str) -> Secret:
        """Draw a new client secret; the old one stops working at once. Raises `InvalidInput` for an unknown client
        id.
        """
        application = self._store.find(client_id) if client_id.isascii() else None
        secret = new_secret()
        if application is None or not self._store.replace(
            msgspec.structs.replace(application, secret_digest=self._hasher.hash(secret))
        ):
            raise _unknown(client_id)
        return secret

    def delete(self, client_id: str) -> None:
        """Delete an application; its secrets stop working at once. Raises `InvalidInput` for an unknown client id."""
        if not client_id.isascii() or not self._store.delete(client_id):
            raise _unknown(client_id)


def _unknown(client_id: str) -> InvalidInput:
    return InvalidInput(FieldProblem("client_id", f"no application has the client id {client_id[:60]!a}"))
