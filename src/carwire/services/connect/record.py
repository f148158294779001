"""What a run of Connect remembers between two pages: a record without secrets, and a vault that is kept sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from carwire.core.sources import SourceCar
from carwire.core.vin.powertrain import Powertrain
from carwire.kit.secrets import Secret
from carwire.services.connect.outcomes import Result
from carwire.services.connect.request import Mistake, Request

IDLE_LIFE: Final = timedelta(minutes=20)
WHOLE_LIFE: Final = timedelta(minutes=60)
MAX_EVENTS: Final = 100

Page = Literal[
    "welcome",
    "brand",
    "sign-in",
    "check",
    "permissions",
    "no-vehicles",
    "no-subscription",
    "incompatible",
    "grant",
    "battery",
    "key",
    "error",
]
PAGES: Final[tuple[Page, ...]] = Page.__args__  # type: ignore[attr-defined]  # what a Literal is made of
Why = Literal["brand", "car", "not_in_account", "permissions"]


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that happened in a run, for the developer: no credential, no code, no VIN."""

    at: datetime
    name: str
    detail: str | int | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a run stands. `trail` are the pages that may be shown, the last one being where the owner is.

    `wanted` are language tags in order of preference, `language` the owner's own pick. `left_out` are places of cars
    and `unticked` permissions that the owner took out on the grant page, at `grant_page` of `grant_search`. `previous`
    is the hex digest of the cookie that an approval replaced at `rotated_at`, which the approving form carries when it
    is sent twice; a sign-in leaves none behind, because the cookie before it proves nothing.
    """

    request: Request
    opened_at: datetime
    application: str
    country: str
    wanted: tuple[str, ...] = ()
    language: str | None = None
    trail: tuple[Page, ...] = ("welcome",)
    make: str | None = None
    source: str | None = None
    notice: str | None = None
    why: Why | None = None
    failures: int = 0
    wait_until: datetime | None = None
    left_out: tuple[int, ...] = ()
    unticked: tuple[str, ...] = ()
    grant_page: int = 1
    grant_search: str = ""
    chosen: tuple[int, ...] = ()
    granted: tuple[str, ...] = ()
    mistake: Mistake | None = None
    broken: bool = False
    previous: str | None = None
    rotated_at: datetime | None = None
    events: tuple[Event, ...] = ()

    @property
    def page(self) -> Page:
        """The page the owner is at."""
        return self.trail[-1]


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A question of the source that waits for its answer. `account` is the digest of the user name that signs in."""

    kind: Literal["code", "pin", "captcha", "permissions"]
    state: str
    picture: str | None = None
    lacking: tuple[str, ...] = ()
    account: bytes = b""


class FoundCar(msgspec.Struct, frozen=True, omit_defaults=True):
    """A car of the account. `ability` is its place in `Vault.abilities`: a thousand cars share a handful."""

    vin: str
    make: str
    model: str
    year: int
    powertrain: Powertrain
    ability: int
    problem: str | None = None
    key_url: str | None = None


class Ability(msgspec.Struct, frozen=True):
    """What a car can be asked: signals and commands."""

    signals: tuple[str, ...]
    commands: tuple[str, ...]


class Sizes(msgspec.Struct, frozen=True):
    """Battery sizes one car may have: kWh with a description."""

    car: int
    title: str
    sizes: tuple[tuple[float, str | None], ...]


class Vault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What has to be kept sealed: the maker's session, the account's digest, the cars in it, the result; and the
    application's `state`, which belongs to the record.

    Credentials are not among it: they live in the request that brings them.
    """

    session: str | None = None
    account_digest: bytes | None = None
    lacking: tuple[str, ...] = ()
    cars: tuple[FoundCar, ...] = ()
    abilities: tuple[Ability, ...] = ()
    question: Asked | None = None
    sizes: tuple[Sizes, ...] = ()
    capacities: dict[str, float] = {}
    result: Result | None = None
    state: str | None = None

    def seal(self) -> Secret:
        """Return it as the store takes it."""
        return Secret(msgspec.json.encode(self).decode())

    def source_cars(self) -> tuple[SourceCar, ...]:
        """Return the cars as their source described them."""
        sets = [(frozenset(ability.signals), frozenset(ability.commands)) for ability in self.abilities]
        return tuple(
            SourceCar(c.vin, c.make, c.model, c.year, c.powertrain, *sets[c.ability], c.problem, c.key_url)
            for c in self.cars
        )

    def with_cars(self, cars: Sequence[SourceCar]) -> Vault:
        """Return a vault that holds these cars instead."""
        places: dict[Ability, int] = {}
        found = []
        for car in cars:
            ability = Ability(tuple(sorted(car.signals)), tuple(sorted(car.commands)))
            place = places.setdefault(ability, len(places))
            found.append(
                FoundCar(car.vin, car.make, car.model, car.year, car.powertrain, place, car.problem, car.key_url)
            )
        return msgspec.structs.replace(self, cars=tuple(found), abilities=tuple(places))


_record_decoder: Final = msgspec.json.Decoder(Record)
_vault_decoder: Final = msgspec.json.Decoder(Vault)


def read_record(text: bytes, vault: Vault | None = None) -> Record:
    """Read a record as it was kept, with what the vault has of it."""
    record = _record_decoder.decode(text)
    return _with_state(record, vault.state) if vault and vault.state is not None else record


def write(record: Record, vault: Vault) -> tuple[bytes, Secret]:
    """Write a record and a vault for keeping: what the application gave as its state goes into the vault."""
    state = record.request.state
    return msgspec.json.encode(_with_state(record, None)), msgspec.structs.replace(vault, state=state).seal()


def open_vault(secret: Secret | None) -> Vault:
    """Open what was sealed; an empty vault when nothing was."""
    return _vault_decoder.decode(secret.reveal().encode()) if secret else Vault()


def _with_state(record: Record, state: str | None) -> Record:
    return msgspec.structs.replace(record, request=msgspec.structs.replace(record.request, state=state))


def advance(trail: tuple[Page, ...], at: Page, to: Page) -> tuple[Page, ...]:
    """Return the trail after going from one page of it to another: what lay behind `at` is gone.

    >>> advance(("welcome", "brand", "sign-in", "grant"), "brand", "sign-in")
    ('welcome', 'brand', 'sign-in')
    """
    kept = trail[: trail.index(at) + 1] if at in trail else trail
    return kept[: kept.index(to) + 1] if to in kept else (*kept, to)
