"""A server put together for a test: its application is registered, cars are connected and time is moved by calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from carwire.app import Carwire, build
from carwire.connectors.simulator.desk import Desk
from carwire.connectors.simulator.logins import sign_in
from carwire.connectors.simulator.models import Model, car_range
from carwire.connectors.simulator.row import moment
from carwire.connectors.simulator.source import SimulatorSource
from carwire.connectors.simulator.world import STARTED_AT
from carwire.core.errors import InvalidInput
from carwire.core.permissions import PERMISSIONS
from carwire.core.simulation import Fault, Simulator
from carwire.core.vehicles import ConnectionFilter, ConnectionPage
from carwire.kit.secrets import PEPPER_BYTES, Secret, SecretHasher
from carwire.settings import Settings
from carwire.storage.memory import MemoryStore
from carwire.testing.owners import Connected, approve, connect

ORIGIN: Final = "http://carwire.test"
REDIRECT_URI: Final = "https://example.com/auth"
_MOST_CARS: Final = 1000  # of one login
_PEPPER: Final = bytes(PEPPER_BYTES)  # nothing outlives a test


class _Clock:
    """A clock that moves when it is told."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


class Rehearsal:
    """A server in this process, with an application that asks it and simulated cars to connect.

    Clock and cars begin on 5 January 2026 at 06:00 UTC and move only by `step`: the same seed and calls give the same
    answers, ids and tokens apart. Made by `open`; everything that is awaited belongs into one event loop.
    """

    def __init__(self, carwire: Carwire, clock: _Clock) -> None:
        self._carwire = carwire
        self._clock = clock
        self.asgi: Final = carwire.asgi
        self.origin: Final = carwire.base_url
        self.simulator: Final[Simulator] = Desk.of(carwire.keeper, clock)
        self.client_id = ""
        self.client_secret = self.management_token = self.v3_client_secret = Secret("")
        self.v3_client_id = ""

    @classmethod
    async def open(cls, data: Path, *, seed: int = 1, **settings: Any) -> Rehearsal:
        """Put a server together. `data` is an empty folder; `settings` are those of the server, by field.

        Raises `ValueError` for a seed that is no number of 64 bits.
        """
        clock = _Clock(moment(STARTED_AT))
        own = {"data": data, "pepper": _PEPPER.hex(), "simulator_clock": "stepped"}
        made = cls(build(Settings(**{**own, **settings}), ORIGIN, store=MemoryStore(), clock=clock), clock)
        with _refusing():
            made.simulator.reset(seed)
        services = made._carwire.services
        new = await services.accounts.register("Tests", (REDIRECT_URI,))
        made.client_id = new.application.client_id
        made.client_secret, made.management_token = new.client_secret, new.management_token
        drawn = await services.credentials.draw(made.client_id)
        made.v3_client_id, made.v3_client_secret = drawn.machine_id, drawn.secret
        return made

    @property
    def at(self) -> datetime:
        """The time, of the server and of the cars."""
        return self._clock.at

    def step(self, seconds: int) -> datetime:
        """Move the time on, 31 days at most, and return it. Cars live through it, tokens grow older.

        Raises `ValueError` for another number of seconds.
        """
        with _refusing():
            self.simulator.step(seconds)
        self._clock.at += timedelta(seconds=seconds)
        return self.at

    async def connect(
        self, model: str | None = None, make: str | None = None, permissions: Iterable[str] | None = None
    ) -> Connected:
        """Let an owner connect a car: of a model by its id, or of a make the first. Permissions: all, unless given.

        Cars of a make and rank in it always have the same VIN. Raises `ValueError` for what does not exist.
        """
        username, known_make, place = _login_of(model, make)
        return await self.connect_login(username, known_make, permissions, only=place)

    async def new_code(
        self,
        model: str | None = None,
        make: str | None = None,
        permissions: Iterable[str] | None = None,
        *,
        challenge: str | None = None,
    ) -> Secret:
        """Let an owner approve a car, and return the code that comes back to `REDIRECT_URI`; otherwise as `connect`.

        `challenge` is that of a proof key (S256).
        """
        username, known_make, place = _login_of(model, make)
        granted, source, hasher = _granted(permissions), self._source(), SecretHasher(_PEPPER)
        vins = [sign_in(username, known_make).cars[place].vin]
        login = (self._carwire.store, hasher, source, self.client_id, username, known_make, granted, self.at)
        _, code, _ = await approve(*login, redirect_uri=REDIRECT_URI, challenge=challenge, vins=vins)
        return code

    async def connect_login(
        self, username: str, make: str, permissions: Iterable[str] | None = None, *, only: int | None = None
    ) -> Connected:
        """Let the owner of a simulated login connect its cars, all of them or the one of that place.

        VINs and vehicle ids are in the same order.

        Raises `ValueError` for a login that asks a question back, and for permissions that do not exist.
        """
        granted, source = _granted(permissions), self._source()
        vins = None if only is None else [sign_in(username, make).cars[only].vin]
        hasher = SecretHasher(_PEPPER)
        found = await connect(
            self._carwire, hasher, source, self.client_id, username, make, granted, self.at, vins=vins
        )
        wanted = ConnectionFilter(user_id=found.user_id)
        rows, _, _ = await self._carwire.store.connected(self.client_id, wanted, ConnectionPage(_MOST_CARS))
        ids = {row.vehicle.car.vin: row.vehicle.id for row in rows}
        found.vehicle_ids = [ids[vin] for vin in found.vins]
        return found

    def _source(self) -> SimulatorSource:
        return SimulatorSource(self._carwire.keeper.world)

    def change(self, vin: str, scenario: str | None, settings: Mapping[str, str]) -> None:
        """Begin a scenario on a car, then set things by hand: all of it, or `ValueError`."""
        with _refusing():
            self.simulator.change(vin, scenario, settings)

    def fault(self, vin: str, members: Mapping[str, Any]) -> None:
        """Let something go wrong with a car's connection; members as in the guide to simulated cars.

        Raises `ValueError` for a fault that is none.
        """
        fault = fault_of(members)
        with _refusing():
            self.simulator.add_fault(vin, fault)

    def clear_faults(self, vin: str) -> None:
        """Let nothing go wrong with a car any more."""
        self.simulator.clear_faults(vin)

    async def close(self) -> None:
        """Wait for commands under way and let go of everything."""
        await self._carwire.services.commands.finish()
        await self._carwire.close()


def _granted(permissions: Iterable[str] | None) -> frozenset[str]:
    granted = PERMISSIONS if permissions is None else frozenset(permissions)
    if granted - PERMISSIONS:
        msg = f"There is no permission {', '.join(sorted(granted - PERMISSIONS))}"
        raise ValueError(msg)
    return granted


def _login_of(model: str | None, make: str | None) -> tuple[str, str, int]:
    """Return username and make of a login that has a car of the model, and that car's place among the login's."""
    found = model_of(model, make)
    rank = car_range().by_make[found.make].index(found)
    return f"{rank + 1}-vehicles@smartcar.com", found.make, rank


@contextmanager
def _refusing() -> Iterator[None]:
    """What the simulated world refuses is the mistake of a test: a plain `ValueError`."""
    try:
        yield
    except InvalidInput as error:
        raise ValueError(str(error)) from None


def fault_of(members: Mapping[str, Any]) -> Fault:
    """Return a fault. Raises `ValueError` that names what is wrong."""
    try:
        return msgspec.convert(members, Fault)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None


def model_of(model: str | None = None, make: str | None = None) -> Model:
    """Return a model by its id, or the first of a make; a plain electric car when neither is given.

    Raises `ValueError` for what does not exist.
    """
    known = car_range()
    if model is None and make is not None:
        models = known.by_make.get(make.upper())
        if models is None:
            msg = f"No simulated car is of the make {make!r}"
            raise ValueError(msg)
        return models[0]
    found = known.models.get(model or "simulated-bev")
    if found is None or (make is not None and found.make != make.upper()):
        msg = f"There is no simulated model {model!r}" + (f" of the make {make!r}" if make else "")
        raise ValueError(msg)
    return found
