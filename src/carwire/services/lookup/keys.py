"""Keys of the lookup API: made, shown once, recognised, ended; and the tokens that stand for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.lookup.keys import ApiKey, Kind, Rights, check_rights, origin_of
from carwire.core.lookup.ports import KeyStore
from carwire.core.lookup.refusal import LookupRefused
from carwire.kit.clock import Clock
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret, SecretHasher, new_secret

TOKEN_LIFE: Final = timedelta(seconds=3600)
_SHOWN: Final = 10  # characters of a key that are kept readable
_LONGEST_NAME: Final = 100
_REMEMBERED: Final = 10_000  # keys
_PREFIXES: Final = ("sec_", "pub_")


class NewKey(msgspec.Struct, frozen=True):
    """A key with its secret, for the one moment it is shown."""

    key: ApiKey
    secret: Secret


class Proofs(msgspec.Struct, frozen=True):
    """What a request shows: every ``ApiKey`` and ``Authorization`` header, and where the page that asks is from."""

    keys: tuple[str, ...]
    authorizations: tuple[str, ...]
    origin: str | None = None
    referer: str | None = None


class KeyService:
    """Manages keys and recognises them."""

    def __init__(self, store: KeyStore, hasher: SecretHasher, clock: Clock) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self._known: dict[bytes, ApiKey] = {}
        self._known_at = store.version()

    async def create(self, client_id: str, kind: Kind, name: str, rights: Rights) -> NewKey:
        """Make a key for an application. Raises `InvalidInput` for rights that cannot be and an unknown application."""
        if len(name) > _LONGEST_NAME or not name.isprintable():
            raise InvalidInput(FieldProblem("name", f"has at most {_LONGEST_NAME} printable characters"))
        rights = check_rights(kind, rights)
        secret = Secret(f"{kind}_{new_secret().reveal()}")
        key = ApiKey(new_id(), client_id, kind, name, secret.reveal()[:_SHOWN], rights, self._clock())
        if not await self._store.add_api_key(key, self._hasher.hash(secret)):
            raise InvalidInput(FieldProblem("client_id", f"there is no application {client_id[:60]!a}"))
        return NewKey(key, secret)

    async def list(self, client_id: str | None = None) -> list[ApiKey]:
        """Return the keys of an application, of all at a null, oldest first."""
        return await self._store.api_keys(client_id)

    async def revoke(self, key_id: str) -> None:
        """End a key at once, with the tokens that stand for it. Raises `InvalidInput` when there is none to end."""
        if not await self._store.revoke_api_key(key_id, self._clock()):
            raise InvalidInput(FieldProblem("key_id", f"there is no key {key_id[:60]!a} that could be ended"))

    async def opens(self, secret: Secret) -> bool:
        """Tell whether a key is accepted."""
        key = await self._store.find_api_key(self._hasher.hash(secret))
        return key is not None and key.revoked_at is None

    async def recognise(self, proofs: Proofs) -> ApiKey:
        """Return the key a request stands for. Raises `LookupRefused`.

        Of several forms in one request all must name the same account; the first named counts.
        """
        shown = [Secret(text.strip()) for text in proofs.keys]
        bearers: list[Secret] = []
        for text in proofs.authorizations:
            scheme, _, rest = text.strip().partition(" ")
            if scheme.lower() == "apikey":
                shown.append(Secret(rest.strip()))
            elif scheme.lower() == "bearer":
                bearers.append(Secret(rest.strip()))
            else:
                raise LookupRefused("key_invalid", "The Authorization header is ApiKey or Bearer here")
        if not shown and not bearers:
            raise LookupRefused("key_missing", "Send a key: the ApiKey header, or Authorization: ApiKey or Bearer")
        found = [await self._key(secret) for secret in shown] + [await self._of_token(secret) for secret in bearers]
        if len({key.client_id for key in found}) > 1:
            raise LookupRefused("key_invalid", "The headers name different accounts")
        self._check_origin(found, proofs)
        return found[0]

    async def issue(self, client_id: str) -> Secret:
        """Return a token for an account that has a secret key; it has that key's rights and lives an hour.

        Raises `LookupRefused` for an account without one.
        """
        living = [key for key in await self._store.api_keys(client_id) if key.kind == "sec" and not key.revoked_at]
        if not living:
            raise LookupRefused("client_invalid", "This account has no secret key, which tokens stand for")
        token = new_secret()
        await self._store.add_api_key_token(self._hasher.hash(token), living[0].id, self._clock() + TOKEN_LIFE)
        return token

    async def _key(self, secret: Secret) -> ApiKey:
        if not secret.reveal().startswith(_PREFIXES):
            raise LookupRefused("key_invalid", "A key begins with sec_ or pub_")
        digest, version = self._hasher.hash(secret), self._store.version()
        if version != self._known_at or len(self._known) > _REMEMBERED:  # until anybody writes to a key
            self._known.clear()
            self._known_at = version
        key = self._known.get(digest)
        if key is None:
            key = await self._store.find_api_key(digest)
            if key is None:
                raise LookupRefused("key_invalid", "Nobody knows this key here")
            if version == self._known_at:
                self._known[digest] = key
        return _living(key)

    async def _of_token(self, secret: Secret) -> ApiKey:
        found = await self._store.find_api_key_token(self._hasher.hash(secret))
        if found is None:
            raise LookupRefused("key_invalid", "Nobody knows this token here")
        key, until = found
        if until <= self._clock():
            raise LookupRefused("token_expired", "The token has run out: ask for a new one")
        return _living(key)

    def _check_origin(self, keys: Sequence[ApiKey], proofs: Proofs) -> None:
        origin = origin_of(proofs.origin if proofs.origin is not None else proofs.referer)
        if not all(key.may_be_used_from(origin) for key in keys):
            raise LookupRefused("origin_not_allowed", "This public key may not be used from this page")


def _living(key: ApiKey) -> ApiKey:
    if key.revoked_at is not None:
        raise LookupRefused("key_revoked", "This key was revoked")
    return key
