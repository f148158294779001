"""Logins of simulated cars: what signing in with an address leads to. Any password will do, letter case is ignored.

======================================  ==============================================================================
address                                 leads to
======================================  ==============================================================================
``smartcar@successful-request.com``     one car, everything works
``{type}.{code}@smartcar.com``          one car; every read but the VIN and every command meets that problem
``{vin}@{level}.smartcar.com``          one car with this VIN, capable as the level of test mode says
``{n}-vehicles@smartcar.com``           n cars, 1 to 999
``smartcar@vehicle-incompatible.com``,  a page of the sign-in that is otherwise hard to rehearse (`Step`)
``…invalid-subscription.com``, names
at ``connect.test``
``smartcar@voa-000.…``, ``@vs-000.…``   the older form of an error
anything else                           one car of the chosen brand, always the same one
======================================  ==============================================================================

>>> sign_in("vehicle_state.door_open@smartcar.com", "AUDI").cars[0].problem
'VEHICLE_STATE:DOOR_OPEN'
>>> len(sign_in("3-vehicles@smartcar.com", "KIA").cars)
3
"""

from __future__ import annotations

import functools
import re
from typing import Final, Literal

import msgspec

from carwire.connectors.simulator.models import Model, car_range
from carwire.core.signals.problems import KINDS
from carwire.core.vin.structure import CHARACTERS, LOOK_ALIKES

Step = Literal[
    "none",
    "incompatible",
    "subscription",
    "no_vehicles",
    "code",
    "pin",
    "captcha",
    "wrong_password",
    "slow",
    "maker_down",
    "server_error",
    "missing_permission",
    "battery",
    "virtual_key",
]

CODE: Final = "123456"  # what the step `code` wants
PIN: Final = "1234"  # and the step `pin`
CAPTCHA: Final = "ROAD66"  # what the picture of the step `captcha` shows
ALLOW: Final = "allow"  # what the step `missing_permission` wants
SLOW_S: Final = 8.0  # what the step `slow` takes

# Kind of problem → the rest of the VIN after 0SCLR0002.
_ERROR_VINS: Final = {
    "COMPATIBILITY:MAKE_NOT_COMPATIBLE": "70BE6600",
    "COMPATIBILITY:SMARTCAR_NOT_CAPABLE": "DC18F57F",
    "COMPATIBILITY:VEHICLE_NOT_CAPABLE": "4C7CDF7A",
    "CONNECTED_SERVICES_ACCOUNT:ACCOUNT_ISSUE": "6BAAA136",
    "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED": "1D803C7B",
    "CONNECTED_SERVICES_ACCOUNT:NO_VEHICLES": "7671837B",
    "CONNECTED_SERVICES_ACCOUNT:SUBSCRIPTION": "B9BAF29F",
    "CONNECTED_SERVICES_ACCOUNT:VEHICLE_MISSING": "4E29EEBD",
    "UPSTREAM:INVALID_DATA": "98A0A649",
    "UPSTREAM:KNOWN_ISSUE": "A8760B72",
    "UPSTREAM:NO_RESPONSE": "C23E43AB",
    "UPSTREAM:UNKNOWN_ISSUE": "D4878901",
    "VEHICLE_STATE:ASLEEP": "E8896323",
    "VEHICLE_STATE:CHARGING_IN_PROGRESS": "21F1E672",
    "VEHICLE_STATE:CHARGING_PLUG_NOT_CONNECTED": "CBFC7C21",
    "VEHICLE_STATE:DOOR_OPEN": "F8BD90B8",
    "VEHICLE_STATE:FULLY_CHARGED": "9CD9D894",
    "VEHICLE_STATE:HOOD_OPEN": "19CD4A2C",
    "VEHICLE_STATE:IGNITION_ON": "1D49E58A",
    "VEHICLE_STATE:IN_MOTION": "4F6EE640",
    "VEHICLE_STATE:REMOTE_ACCESS_DISABLED": "588A5CC1",
    "VEHICLE_STATE:TRUNK_OPEN": "3C607FDB",
    "VEHICLE_STATE:UNKNOWN": "E6CC0314",
    "VEHICLE_STATE:UNREACHABLE": "47EBF067",
    "VEHICLE_STATE:VEHICLE_OFFLINE_FOR_SERVICE": "AF1D71A1",
}
_ERROR_PREFIX: Final = "0SCLR0002"
# The older addresses name codes that v2.0 no longer has. Which of its codes each became is not published: the owner has
# something to do, or has to sign in again; the car is in some state, drives, sleeps.
_OLD: Final = {
    "voa-000.vehicle-owner-action-required": ("EDAB90A7", "CONNECTED_SERVICES_ACCOUNT:ACCOUNT_ISSUE"),
    "voa-001.vehicle-owner-action-required": ("AB072EEA", "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED"),
    "vs-000.vehicle-state-error": ("92E53813", "VEHICLE_STATE:UNKNOWN"),
    "vs-001.vehicle-state-error": ("2F1A83F5", "VEHICLE_STATE:IN_MOTION"),
    "vs-002.vehicle-state-error": ("8D1AA6DF", "VEHICLE_STATE:ASLEEP"),
}
_STEPS: Final[dict[str, tuple[str | None, Step]]] = {  # the VIN where one is published
    "smartcar@vehicle-incompatible.com": ("0SCAUDI012FE3B132", "incompatible"),
    "smartcar@invalid-subscription.com": ("0SCAUDI0155C49A95", "subscription"),
    "no-vehicles@connect.test": (None, "no_vehicles"),
    "mfa@connect.test": (None, "code"),
    "pin@connect.test": (None, "pin"),
    "captcha@connect.test": (None, "captcha"),
    "wrong-password@connect.test": (None, "wrong_password"),
    "slow@connect.test": (None, "slow"),
    "brand-down@connect.test": (None, "maker_down"),
    "server-error@connect.test": (None, "server_error"),
    "missing-permission@connect.test": (None, "missing_permission"),
    "battery@connect.test": (None, "battery"),
    "virtual-key@connect.test": (None, "virtual_key"),
}
_SUCCESS: Final = ("smartcar@successful-request.com", "0SCAUDI037A5ADB1C")
# Sign-ins that find no car.
_EMPTY: Final = frozenset({"no_vehicles", "wrong_password", "maker_down", "server_error"})
_LEVELS: Final = {
    "compatible": "simulated-phev",
    "phev": "simulated-phev",
    "bev": "simulated-bev",
    "fuel": "simulated-ice",
    "dinosaur": "simulated-ice",
    "incompatible": "simulated-bare",
}
_MANY: Final = re.compile(r"([1-9][0-9]{0,2})-vehicles@smartcar\.com")
_LEVEL: Final = re.compile(r"([a-z0-9]{17})@([a-z]+)\.smartcar\.com")
_ERROR: Final = re.compile(r"([a-z_]+)\.([a-z_]+)@smartcar\.com")
_OLD_FORM: Final = re.compile(r"smartcar@([a-z0-9-]+\.[a-z-]+)\.com")


class LoginCar(msgspec.Struct, frozen=True):
    """A car behind a login; `problem` is the kind that everything but its VIN meets."""

    vin: str
    model: str
    problem: str | None = None


class Account(msgspec.Struct, frozen=True):
    """What a login leads to: its cars, and the page the sign-in passes first, or ends at."""

    cars: tuple[LoginCar, ...]
    step: Step = "none"


@functools.lru_cache(maxsize=64)
def sign_in(username: str, make: str | None) -> Account:
    """Return the account of a login at the sign-in of a brand (upper case); the plain simulated brand without one."""
    name = username.strip().lower()
    if name == _SUCCESS[0]:
        return Account((_car(_SUCCESS[1]),))
    if name in _STEPS:
        vin, step = _STEPS[name]
        if step in _EMPTY:
            return Account((), step)
        return Account(
            (_several_sizes(name, make) if step == "battery" else _car(vin) if vin else _any(name, make),), step
        )
    return _by_pattern(name, make) or Account((_any(name, make),))


def magic_logins() -> dict[str, Account]:
    """Return every address with a fixed meaning, for the documentation and for tests."""
    names = [_SUCCESS[0], *_STEPS, *(f"smartcar@{old}.com" for old in _OLD)]
    names += [f"{kind.replace(':', '.')}@smartcar.com" for kind in _ERROR_VINS]
    return {name: sign_in(name, None) for name in names}


def _by_pattern(name: str, make: str | None) -> Account | None:
    if found := _MANY.fullmatch(name):
        models = _models(make)
        count = int(found[1])
        cars = (_specimen(models[n % len(models)], name, n) for n in range(count))
        return Account(tuple(cars))
    if (found := _LEVEL.fullmatch(name)) and found[2] in _LEVELS:
        vin = found[1].upper()
        if set(vin) <= CHARACTERS | set(LOOK_ALIKES):
            step: Step = "incompatible" if found[2] == "incompatible" else "none"
            return Account((LoginCar(vin, _of_level(found[2], vin, make).id),), step)
    if found := _ERROR.fullmatch(name):
        kind = f"{found[1]}:{found[2]}".upper()
        if kind in KINDS:
            return Account((_failing(kind),))
    if (found := _OLD_FORM.fullmatch(name)) and found[1] in _OLD:
        rest, kind = _OLD[found[1]]
        return Account((_car(_ERROR_PREFIX + rest, kind),))
    return None


def _of_level(level: str, vin: str, make: str | None) -> Model:
    """Return the fully capable model of the VIN's brand, or the chosen one, that suits a level; else a plain one."""
    plain = car_range().models[_LEVELS[level]]
    named = car_range().model_of(vin)
    models = _models(named.make if named else make)
    alike = (m for m in models if m.powertrain == plain.powertrain and m.profile == plain.profile)
    return next(alike, plain)


def _failing(kind: str) -> LoginCar:
    if kind in _ERROR_VINS:
        return _car(_ERROR_PREFIX + _ERROR_VINS[kind], kind)
    model = car_range().model_of(_ERROR_PREFIX + "00000000")
    assert model is not None
    return LoginCar(car_range().vin_of(model, kind), model.id, kind)


def _car(vin: str, problem: str | None = None) -> LoginCar:
    model = car_range().model_of(vin)
    assert model is not None, vin
    return LoginCar(vin, model.id, problem)


def _any(name: str, make: str | None) -> LoginCar:
    return _specimen(_models(make)[0], name)


def _several_sizes(name: str, make: str | None) -> LoginCar:
    """Return a car whose battery may be one of several sizes: of the brand, or else of one that has such a car."""
    every = (*_models(make), *car_range().models.values())
    return _specimen(next(model for model in every if len(model.nominal_kwh) > 1), name)


def _specimen(model: Model, *which: object) -> LoginCar:
    return LoginCar(car_range().vin_of(model, *which), model.id)


def _models(make: str | None) -> tuple[Model, ...]:
    by_make = car_range().by_make
    return by_make.get((make or "").upper()) or by_make["SIMULATED"]
