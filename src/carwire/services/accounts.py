"""Applications and their secrets: registered, listed, renewed, deleted, and recognised at the door."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Final

import msgspec

from carwire.core.applications import Application, check_registration, check_rules
from carwire.core.errors import FieldProblem, InvalidInput, NotAuthenticated
from carwire.core.ports import ApplicationStore
from carwire.kit.clock import Clock
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret, SecretHasher, new_secret

_REMEMBERED: Final = 10_000
MAX_OVERLAP: Final = timedelta(days=7)  # for which a management token that was replaced goes on to sign webhooks


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

    async def register(self, name: str, redirect_uris: tuple[str, ...] = ()) -> NewApplication:
        """Register an application and draw its secrets. Raises `InvalidInput` for a bad name or redirect URI."""
        client_id = new_id()
        check_registration(name, redirect_uris, client_id)
        secret, token = new_secret(), new_secret()
        application = Application(
            client_id=client_id,
            name=name.strip(),
            redirect_uris=tuple(dict.fromkeys(redirect_uris)),
            secret_digest=self._hasher.hash(secret),
            management_token_digest=self._hasher.hash(token),
            created_at=self._clock(),
        )
        await self._store.add(application, token)
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

    async def authenticate(self, client_id: str, secret: Secret, proof: bytes | None = None) -> Application:
        """Return the application these credentials belong to, and remember `proof` for `recognise`.

        Raises `NotAuthenticated`, the same for every cause.
        """
        version = self._store.version()
        application = await self._look_up(client_id, secret)
        self._remember(proof, application, version)
        return application

    async def authenticate_manager(self, token: Secret, proof: bytes | None = None) -> Application:
        """Return the application a management token belongs to. Raises `NotAuthenticated`."""
        version = self._store.version()
        application = await self._store.find_by_management_token(self._hasher.hash(token))
        if application is None:
            raise NotAuthenticated
        self._remember(proof, application, version)
        return application

    async def find(self, client_id: str) -> Application | None:
        """Return an application by its public id, null when there is none."""
        return await self._store.find(client_id) if _storable(client_id) else None

    async def management_token(self, client_id: str) -> Secret | None:
        """Return an application's management token; null for an unknown id, and where it was drawn before tokens were
        kept.
        """
        return await self._store.management_token(client_id) if _storable(client_id) else None

    async def name_of(self, client_id: str) -> str | None:
        """Return an application's name, null for an unknown id."""
        application = await self.find(client_id)
        return application.name if application else None

    def _remember(self, proof: bytes | None, application: Application, version: int) -> None:
        if proof is not None and version == self._recognised_at:
            self._recognised[sha256(proof).digest()] = application

    async def _look_up(self, client_id: str, secret: Secret) -> Application:
        application = await self.find(client_id)
        digest = application.secret_digest if application else self._nobody
        if not self._hasher.matches(secret, digest) or application is None:
            raise NotAuthenticated
        return application

    async def list(self) -> list[Application]:
        """Return every application, oldest first."""
        return await self._store.all()

    async def rotate_secret(self, client_id: str) -> Secret:
        """Draw a new client secret; the old one stops working at once. Raises `InvalidInput` for an unknown client
        id.
        """
        application = await self.find(client_id)
        secret = new_secret()
        if application is None or not await self._store.replace(
            msgspec.structs.replace(application, secret_digest=self._hasher.hash(secret))
        ):
            raise _unknown(client_id)
        return secret

    async def rotate_management_token(self, client_id: str, overlap: timedelta = timedelta(0)) -> Secret:
        """Draw a new management token; the old one opens nothing any more, but signs webhooks for `overlap`, at most
        `MAX_OVERLAP`. Raises `InvalidInput` for an unknown client id.
        """
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            raise InvalidInput(FieldProblem("overlap", f"must be 0 to {MAX_OVERLAP / timedelta(hours=1):g} hours"))
        application = await self.find(client_id)
        token = new_secret()
        if application is None or not await self._store.replace(
            msgspec.structs.replace(application, management_token_digest=self._hasher.hash(token)),
            token,
            self._clock() + overlap if overlap else None,
        ):
            raise _unknown(client_id)
        return token

    async def change(
        self, client_id: str, redirect_uris: tuple[str, ...] | None = None, **rules: object
    ) -> Application:
        """Change an application's redirect URIs, or some of its rules. Raises `InvalidInput`, nothing changed then."""
        application = await self.find(client_id)
        if application is None:
            raise _unknown(client_id)
        changed = msgspec.structs.replace(
            application,
            redirect_uris=application.redirect_uris if redirect_uris is None else tuple(dict.fromkeys(redirect_uris)),
            rules=msgspec.structs.replace(application.rules, **rules),
        )
        check_registration(changed.name, changed.redirect_uris, client_id)
        check_rules(changed.rules)
        if not await self._store.replace(changed):
            raise _unknown(client_id)
        return changed

    async def delete(self, client_id: str) -> None:
        """Delete an application; its secrets stop working at once. Raises `InvalidInput` for an unknown client id."""
        if not _storable(client_id) or not await self._store.delete(client_id):
            raise _unknown(client_id)


def _unknown(client_id: str) -> InvalidInput:
    return InvalidInput(FieldProblem("client_id", f"no application has the client id {client_id[:60]!a}"))


def _storable(client_id: str) -> bool:
    """Tell whether a database can be asked for this text: PostgreSQL takes neither NUL nor lone surrogates."""
    return client_id.isascii() and client_id.isprintable()
