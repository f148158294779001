"""What a source of vehicle data deals in: a sign-in and what it leads to, cars, and what asking them costs."""

from __future__ import annotations

from typing import Literal

import msgspec

from carwire.core.vin.powertrain import Powertrain
from carwire.kit.secrets import Secret


class Login(msgspec.Struct, frozen=True):
    """What an owner signs in with. `make` is the brand chosen, upper case as in VIN decodes."""

    username: str
    password: Secret
    make: str | None = None


class SourceCar(msgspec.Struct, frozen=True):
    """A car as its source knows it, and what it can be asked: codes of signals, names of commands.

    `problem` is the kind of problem that keeps it from being connected, a missing subscription for example; `key_url`
    where its owner allows commands at the car, when that has to be done.
    """

    vin: str
    make: str
    model: str
    year: int
    powertrain: Powertrain
    signals: frozenset[str]
    commands: frozenset[str]
    problem: str | None = None
    key_url: str | None = None


class SignedIn(msgspec.Struct, frozen=True):
    """A sign-in that succeeded. `session` is what the source wants to see at every later call: kept sealed, never
    shown. `account` names the account at the source, for telling owners apart. `lacking` are permissions the owner did
    not allow at the maker, which no consent of ours can grant.
    """

    session: Secret
    account: Secret
    cars: tuple[SourceCar, ...]
    lacking: tuple[str, ...] = ()


class Question(msgspec.Struct, frozen=True):
    """What the source wants to know before it lets the owner in: a one-time code, a PIN for commands, the text of a
    picture, or permissions at the maker (`lacking`) that are missing so far.

    `state` has to come back with the answer; it holds no password.
    """

    kind: Literal["code", "pin", "captcha", "permissions"]
    state: Secret
    picture: str | None = None  # a data URI
    lacking: tuple[str, ...] = ()
    wrong: bool = False  # the answer before was


class Costs(msgspec.Struct, frozen=True):
    """What asking costs the cars of a source, so that whoever spends can keep a budget.

    A source whose reads do not wake answers with what the sleeping car said last. `wake_kwh` is what one waking takes
    from the car, until it sleeps again.
    """

    reads_wake: bool
    commands_wake: bool
    wake_kwh: float
    reads_per_minute: int
    wakes_per_day: int = 24
