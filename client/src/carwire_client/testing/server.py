"""The server the fixtures hand out, and the cars that are connected to it."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from carwire.testing import REDIRECT_URI, Connected, Rehearsal
from carwire_client.clients import AsyncClient, Client
from carwire_client.connect import Pkce
from carwire_client.retries import RetryPolicy
from carwire_client.secrets import Secret
from carwire_client.settings import Credentials
from carwire_client.testing.memory import InProcess, Loop
from carwire_client.vehicles import AsyncVehicle, Vehicle

# A test does not wait: attempts follow each other at once, and what asks for patience is an error.
_AT_ONCE: Final = RetryPolicy(first_wait=0.001, longest_wait=0.01)
FaultLike = str | Mapping[str, Any]


class Car:
    """A simulated car that its owner has connected to the application of the test.

    `vehicle_id`, `vin`, `user_id` name it; `access_token` and `refresh_token` are its owner's. `vehicle` blocks,
    `async_vehicle` is awaited.
    """

    def __init__(self, server: CarwireServer, connected: Connected, vehicle_id: str, vin: str) -> None:
        self.server: Final = server
        self.vehicle_id: Final = vehicle_id
        self.vin: Final = vin
        self.user_id: Final = connected.user_id
        self.access_token: Final = Secret(connected.tokens.access_token.reveal())
        self.refresh_token: Final = Secret(connected.tokens.refresh_token.reveal())

    @functools.cached_property
    def vehicle(self) -> Vehicle:
        """The car through the server's `client`."""
        return self.server.client.vehicle(self.vehicle_id, self.access_token)

    @functools.cached_property
    def async_vehicle(self) -> AsyncVehicle:
        """The car through the server's `async_client`."""
        return self.server.async_client.vehicle(self.vehicle_id, self.access_token)

    def set(self, scenario: str | None = None, **settings: object) -> None:
        """Begin a scenario, or set things by hand: ``car.set("parked", charge=0.5, door_front_left="open")``.

        Raises `ValueError` for what cannot be, and then nothing has changed. ``carwire sim set CAR x=1`` names
        everything that can be set.
        """
        self.server.change(self.vin, scenario, settings)

    def fault(self, kind: str | None = None, **members: Any) -> None:
        """Let something go wrong from now on: ``car.fault("VEHICLE_STATE:ASLEEP", on="reads", for_s=600)``.

        Raises `ValueError` for a fault that is none. Seconds of windows are those of `step`, `latency_s` is waited out.
        """
        self.server.add_fault(self.vin, {"kind": kind, **members})

    def clear_faults(self) -> None:
        """Let nothing go wrong any more."""
        self.server.clear_faults(self.vin)

    def __repr__(self) -> str:
        return f"<Car {self.vin}>"


class CarwireServer:
    """A Carwire in this process, with an application that asks it; no socket is opened.

    - `origin`: where clients find it, through `transport` alone
    - `client_id`, `client_secret`, `management_token`, `redirect_uri`: of the application
    - `v3`: id and secret that are exchanged for its tokens of v3
    - `client`, `async_client`: of the application; they do not wait between attempts
    - `transport`: give it to clients of your own, blocking or awaited: ``Client(server.origin, transport=…)``
    - `at`: the time, which stands; `step` moves it
    """

    def __init__(self, rehearsal: Rehearsal, loop: Loop) -> None:
        self._rehearsal: Final = rehearsal
        self._loop: Final = loop
        self.origin: Final = rehearsal.origin
        self.redirect_uri: Final = REDIRECT_URI
        self.client_id: Final = rehearsal.client_id
        self.client_secret: Final = Secret(rehearsal.client_secret.reveal())
        self.management_token: Final = Secret(rehearsal.management_token.reveal())
        self.v3: Final = Credentials(rehearsal.v3_client_id, Secret(rehearsal.v3_client_secret.reveal()))
        self.transport: Final = InProcess(rehearsal.asgi, loop)

    @functools.cached_property
    def client(self) -> Client:
        """The client that blocks."""
        return Client(self.origin, transport=self.transport, **self._options())

    @functools.cached_property
    def async_client(self) -> AsyncClient:
        """The client that is awaited, in any event loop."""
        return AsyncClient(self.origin, transport=self.transport, **self._options())

    @property
    def at(self) -> datetime:
        """The time of the server and of the cars: aware, in UTC. It begins on 5 January 2026 at 06:00."""
        return self._rehearsal.at

    def step(self, seconds: int) -> datetime:
        """Move the time on by whole seconds, 31 days at most, and return it: cars live through it, tokens grow older.

        Raises `ValueError` for another number.
        """
        return self._loop.run(_stepped(self._rehearsal, seconds))

    def connect(
        self,
        model: str | None = None,
        *,
        make: str | None = None,
        permissions: Iterable[str] | None = None,
        scenario: str | None = None,
        settings: Mapping[str, object] | None = None,
        faults: Iterable[FaultLike] = (),
    ) -> Car:
        """Let an owner connect a car, and begin with it what is given.

        - `model`: as ``carwire sim list`` names it, ``simulated-bev`` unless given; or `make`: the first of that make
        - `permissions`: all unless given
        - `scenario`, `settings`: as for `Car.set`
        - `faults`: kinds, or mappings with the members of `Car.fault`

        Raises `ValueError` for what does not exist.
        """
        connected = self._loop.run(self._rehearsal.connect(model, make, permissions))
        (car,) = self._cars(connected)
        if scenario is not None or settings:
            car.set(scenario, **(settings or {}))
        for fault in faults:
            self.add_fault(car.vin, {"kind": fault} if isinstance(fault, str) else fault)
        return car

    def connect_login(self, username: str, make: str, permissions: Iterable[str] | None = None) -> list[Car]:
        """Let the owner behind a simulated login connect all its cars: ``("3-vehicles@smartcar.com", "KIA")``.

        Raises `ValueError` for a login that asks something back, or fails.
        """
        return self._cars(self._loop.run(self._rehearsal.connect_login(username, make, permissions)))

    def new_code(
        self,
        model: str | None = None,
        *,
        make: str | None = None,
        permissions: Iterable[str] | None = None,
        pkce: Pkce | None = None,
    ) -> Secret:
        """Let an owner approve a car, and return the code that comes back to `redirect_uri`; otherwise as `connect`."""
        challenge = None if pkce is None else pkce.challenge
        code = self._loop.run(self._rehearsal.new_code(model, make, permissions, challenge=challenge))
        return Secret(code.reveal())

    def change(self, vin: str, scenario: str | None, settings: Mapping[str, object]) -> None:
        """Begin a scenario on a car, then set things by hand. Raises `ValueError`."""
        texts = {name: _text(value) for name, value in settings.items()}
        self._loop.run(_changed(self._rehearsal, vin, scenario, texts))

    def add_fault(self, vin: str, members: Mapping[str, Any]) -> None:
        """Let something go wrong with a car. Raises `ValueError`."""
        self._loop.run(_faulty(self._rehearsal, vin, members))

    def clear_faults(self, vin: str) -> None:
        """Let nothing go wrong with a car any more."""
        self._loop.run(_cleared(self._rehearsal, vin))

    def _cars(self, connected: Connected) -> list[Car]:
        pairs = zip(connected.vehicle_ids, connected.vins, strict=True)
        return [Car(self, connected, vehicle_id, vin) for vehicle_id, vin in pairs]

    def _options(self) -> dict[str, Any]:
        return {"client_id": self.client_id, "client_secret": self.client_secret, "retry": _AT_ONCE, "environ": {}}

    def close(self) -> None:
        """Close the clients and the server."""
        if "client" in self.__dict__:
            self.client.close()
        if "async_client" in self.__dict__:
            self._loop.run(self.async_client.close())
        self._loop.run(self._rehearsal.close())

    def __repr__(self) -> str:
        return f"<CarwireServer {self.at:%Y-%m-%d %H:%M:%S}>"


@contextmanager
def open_server(data: Path, *, seed: int = 1, **settings: Any) -> Iterator[CarwireServer]:
    """Open a server, for tests that are not pytest's. `data` is an empty folder; `settings` are the server's, by field.

    Raises `ValueError` for a seed that is no number of 64 bits.
    """
    loop = Loop()
    try:
        server = CarwireServer(loop.run(Rehearsal.open(data, seed=seed, **settings)), loop)
        try:
            yield server
        finally:
            server.close()
    finally:
        loop.close()


def _text(value: object) -> str:
    return ("on" if value else "off") if isinstance(value, bool) else str(value)


# The simulated world belongs to the server's loop: what changes it runs there.


async def _stepped(rehearsal: Rehearsal, seconds: int) -> datetime:
    return rehearsal.step(seconds)


async def _changed(rehearsal: Rehearsal, vin: str, scenario: str | None, settings: dict[str, str]) -> None:
    rehearsal.change(vin, scenario, settings)


async def _faulty(rehearsal: Rehearsal, vin: str, members: Mapping[str, Any]) -> None:
    rehearsal.fault(vin, members)


async def _cleared(rehearsal: Rehearsal, vin: str) -> None:
    rehearsal.clear_faults(vin)
