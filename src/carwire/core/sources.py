"""What a source of vehicle data deals in: a login, the cars behind it, and what asking them costs."""

from __future__ import annotations

import msgspec

from carwire.core.vin.powertrain import Powertrain
from carwire.kit.secrets import Secret


class Login(msgspec.Struct, frozen=True):
    """What an owner signs in with. `make` is the brand chosen, upper case as in VIN decodes."""

    username: str
    password: Secret
    make: str | None = None


class SourceCar(msgspec.Struct, frozen=True):
    """A car as its source knows it, and what it can be asked: codes of signals, names of commands."""

    vin: str
    make: str
    model: str
    year: int
    powertrain: Powertrain
    signals: frozenset[str]
    commands: frozenset[str]


class Costs(msgspec.Struct, frozen=True):
    """What asking costs the cars of a source, so that whoever spends can keep a budget.

    A source whose reads do not wake answers with what the sleeping car said last. `wake_kwh` is what one waking takes
    from the car, until it sleeps again.
    """

    reads_wake: bool
    commands_wake: bool
    wake_kwh: float
    reads_per_minute: int
