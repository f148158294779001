"""What the parts of the flow share: the store, the sources, the clock, and the server's rules."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from carwire.core.ports import Source, Store
from carwire.core.vehicles import Owner
from carwire.kit.clock import Clock
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret, SecretHasher
from carwire.services.connect.brands import Brands
from carwire.services.connect.replies import Run
from carwire.services.connect.sessions import Sessions
from carwire.services.connect.throttle import Limits

Sleep = Callable[[float], Awaitable[object]]
TokenCheck = Callable[[str, str, Secret], bool]  # client id, vehicle id, token → good


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """Put together once. `choose_language` turns language tags into the one pages are shown in."""

    store: Store
    sources: Mapping[str, Source]
    brands: Brands
    sessions: Sessions
    hasher: SecretHasher
    clock: Clock
    sleep: Sleep
    limits: Limits
    choose_language: Callable[[Sequence[str]], str]
    check_battery_token: TokenCheck

    def account_digest(self, source: str, account: str) -> bytes:
        """Tell accounts apart without naming them."""
        return account_digest(self.hasher, source, account)

    def language(self, run: Run) -> str:
        """Return the language the pages of a run are in."""
        return self.choose_language(
            (run.record.language, *run.record.wanted) if run.record.language else run.record.wanted
        )

    async def owner(self, run: Run) -> Owner:
        """Return who has signed in, as the application knows them; stored from now on."""
        return await self.store.owner(self._signed_in(run))

    async def known_owner(self, run: Run) -> Owner | None:
        """Return who has signed in, if they ever agreed to anything of the application; null else."""
        return await self.store.find_owner(self._signed_in(run))

    def _signed_in(self, run: Run) -> Owner:
        record = run.record
        assert record.source is not None
        assert run.vault.account_digest is not None
        return Owner(
            id=new_id(),
            client_id=record.request.client_id,
            source=record.source,
            mode=record.request.mode,
            account_digest=run.vault.account_digest,
            created_at=self.clock(),
        )


def account_digest(hasher: SecretHasher, source: str, account: str) -> bytes:
    """Return what an account of a source is stored as."""
    return hasher.hash(Secret(f"{source}\n{account}"))


def put_together(
    store: Store,
    sources: Mapping[str, Source],
    brands: Brands,
    hasher: SecretHasher,
    clock: Clock,
    *,
    choose_language: Callable[[Sequence[str]], str],
    check_battery_token: TokenCheck,
    limits: Limits | None = None,
    sleep: Sleep = asyncio.sleep,
) -> Tools:
    """Return the tools over a store and sources; `limits` are the usual ones unless given."""
    return Tools(
        store=store,
        sources=sources,
        brands=brands,
        sessions=Sessions(store, hasher, clock),
        hasher=hasher,
        clock=clock,
        sleep=sleep,
        limits=limits or Limits(),
        choose_language=choose_language,
        check_battery_token=check_battery_token,
    )
