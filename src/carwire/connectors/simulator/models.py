"""The car models of the simulated world, from ``models.json``: made-up specimens with plausible figures.

A simulated VIN is ``0SC``, five characters that name the brand, one that picks the model among the brand's, and eight
of the car's own. No maker has the identifier 0SC, so such a VIN is nobody's.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from carwire.connectors.simulator.noise import key_of
from carwire.core.commands import COMMANDS
from carwire.core.signals.catalogue import signals
from carwire.core.vin.powertrain import Powertrain

PREFIX: Final = "0SC"
_RANKS: Final = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"  # what a VIN may contain


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What cars of a kind can be asked: beginnings of signal codes and of command names; an empty one fits all."""

    signals: tuple[str, ...]
    commands: tuple[str, ...]


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model. Capacities are usable ones: kWh, litres, for fuel cells kilograms of hydrogen; 0 is *has none*.

    `kwh_100km` and `fuel_100km` are consumption at 20 °C, the latter in the unit of the tank. `tyres_kpa` are front and
    rear at 20 °C. `schedules` are the kinds of charge schedules it takes.
    """

    id: str
    make: str
    model: str
    year: int
    powertrain: Powertrain
    market: Literal["US", "CA", "EUROPE"]
    profile: str
    trim: str | None = None
    battery_kwh: float = 0
    nominal_kwh: tuple[float, ...] = ()
    tank: float = 0
    kwh_100km: float = 0
    fuel_100km: float = 0
    ac_kw: float = 0
    dc_kw: float = 0
    connector: str | None = None
    fast_connector: str | None = None
    tyres_kpa: tuple[float, float] = (230, 230)
    doors: Literal[2, 4] = 4
    sunroof: bool = False
    frunk: bool = False
    tailgate: bool = False
    color: str = "White"
    schedules: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    signals: frozenset[str] = frozenset()
    commands: frozenset[str] = frozenset()

    @property
    def burns(self) -> bool:
        """Whether there is a combustion engine."""
        return bool(self.tank) and self.powertrain != "FCEV"


class CarRange(msgspec.Struct, frozen=True):
    """Every model, by id and by brand, and the brands by the five characters that name them in a VIN."""

    models: Mapping[str, Model]
    by_make: Mapping[str, tuple[Model, ...]]
    brand_of: Mapping[str, str]
    code_of: Mapping[str, str]

    def model_of(self, vin: str) -> Model | None:
        """Return the model a simulated VIN names; null for any other VIN."""
        make = self.brand_of.get(vin[3:8]) if vin.startswith(PREFIX) and len(vin) == 17 else None
        if make is None:
            return None
        models = self.by_make[make]
        return models[_RANKS.find(vin[8]) % len(models)]

    def vin_of(self, model: Model, *which: object) -> str:
        """Return the VIN of the car of this model that `which` tells apart; without it, of the model's specimen."""
        rank = self.by_make[model.make].index(model)
        own = f"{key_of('vin', model.id, *which):016X}"[:8]
        return f"{PREFIX}{self.code_of[model.make]}{_RANKS[rank]}{own}"


class _File(msgspec.Struct, forbid_unknown_fields=True):
    brands: dict[str, tuple[str, ...]]  # the first code is ours, further ones are understood
    profiles: dict[str, Profile]
    models: tuple[Model, ...]


@functools.cache
def car_range() -> CarRange:
    """Return all models. Read once, at the first call."""
    read = msgspec.json.decode(files(__package__).joinpath("models.json").read_bytes(), type=_File)
    made = tuple(_fit_out(model, read.profiles[model.profile]) for model in read.models)
    by_make: dict[str, tuple[Model, ...]] = {}
    for model in made:
        by_make[model.make] = (*by_make.get(model.make, ()), model)
    return CarRange(
        MappingProxyType({model.id: model for model in made}),
        MappingProxyType(by_make),
        MappingProxyType({code: make for make, codes in read.brands.items() for code in codes}),
        MappingProxyType({make: codes[0] for make, codes in read.brands.items()}),
    )


def _fit_out(model: Model, profile: Profile) -> Model:
    """Give a model the signals and commands of its profile that suit its powertrain and its body."""
    lacks = (*model.lacks, *_missing_parts(model))
    can = {
        code
        for code, signal in signals().items()
        if code.startswith(profile.signals) and signal.suits(model.powertrain) and not code.startswith(lacks)
    }
    does = {name for name in COMMANDS if name.startswith(profile.commands) and not name.startswith(lacks)}
    if not model.battery_kwh:
        does = {name for name in does if not name.startswith("charge-")}
    return msgspec.structs.replace(model, signals=frozenset(can), commands=frozenset(does))


def _missing_parts(model: Model) -> tuple[str, ...]:
    parts = {
        "closure-sunroof": model.sunroof,
        "closure-fronttrunk": model.frunk,
        "frunk-": model.frunk,
        "charge-schedule-": bool(model.schedules),
        "closure-tailgate": model.tailgate,
        "charge-isfastchargerpresent": bool(model.dc_kw),
        "charge-fastchargertype": bool(model.dc_kw),
        "closure-enginecover": not model.frunk,
    }
    return tuple(part for part, there in parts.items() if not there)
