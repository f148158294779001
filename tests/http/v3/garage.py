"""One owner with a simulated car of every kind, asked through v3."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec
from tests.conftest import Answer, Owned
from tests.support import Connected

from carwire.connectors.simulator.models import Model, car_range
from carwire.core.permissions import PERMISSIONS
from carwire.storage.memory import MemoryStore
from carwire.storage.memory.state import State

JSON = (b"content-type", b"application/json")


class Garage:
    """All models of a brand: `SIMULATED` has one of every powertrain that can do all its powertrain can."""

    def __init__(self, place: Owned, make: str = "SIMULATED") -> None:
        self.place = place
        models = car_range().by_make[make]
        self.car: Connected = place.connect(f"{len(models)}-vehicles@smartcar.com", make)
        vins = {vehicle.id: self.state.cars[vehicle.car_id].vin for vehicle in self.state.vehicles.values()}
        self.vins = {_model(vins[each]).id: vins[each] for each in self.car.vehicle_ids}
        self.ids = {_model(vins[each]).id: each for each in self.car.vehicle_ids}
        self.models: dict[str, Model] = {model.id: model for model in models}
        self._come()

    @property
    def state(self) -> State:
        """What the store holds."""
        store = self.place.carwire.store
        assert isinstance(store, MemoryStore)
        return store._state

    def grant(self, model: str, permissions: Iterable[str]) -> None:
        """Let the owner have granted these and no others."""
        self.state.links[self.ids[model]][self.car.user_id].permissions = frozenset(permissions)

    def ask(self, model: str, path: str, body: object = None, method: str = "GET", **headers: str) -> Answer:
        """Ask for a car as the application; `path` relative to it, underscores of headers are hyphens."""
        return self.place.v3(method, f"/vehicles/{self.ids[model]}{path}", self.car.user_id, body, **headers)

    def as_owner(self, model: str, path: str, **headers: str) -> Answer:
        """Read a car as the SDKs do, with the owner's token."""
        given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        return self.place.ask("GET", f"/v3/vehicles/{self.ids[model]}{path}", [self.car.bearer, *given])

    def as_v2(self, model: str, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Ask for a car through v2.0."""
        given = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        sent = b"" if body is None else json.dumps(body).encode()
        target = f"/v2.0/vehicles/{self.ids[model]}{path}"
        return self.place.ask(method, target, [self.car.bearer, JSON, *given], sent)

    def command(self, model: str, path: str, attributes: object = None, **headers: str) -> Answer:
        """Give a command; `path` relative to those of the car."""
        body = None if attributes is None else {"data": {"attributes": attributes}}
        return self.ask(model, f"/commands{path}", body, "POST", **headers)

    def set(self, model: str, scenario: str | None = None, **settings: object) -> None:
        """Put a car into a state."""
        changes: dict[str, object] = {"settings": settings} if settings else {}
        if scenario:
            changes["scenario"] = scenario
        answer = self.place.post(f"/v1/simulator/cars/{self.vins[model]}", changes)
        assert answer.status == 200, answer

    def fail(self, model: str, **fault: object) -> None:
        """Add a fault to a car's script."""
        answer = self.place.post(f"/v1/simulator/cars/{self.vins[model]}/faults", fault)
        assert answer.status == 200, answer

    def mend(self, model: str) -> None:
        """Take a car's faults away."""
        target = f"/v1/simulator/cars/{self.vins[model]}/faults"
        assert self.place.ask("DELETE", target, [self.place.basic]).status == 200

    def begin_again(self) -> None:
        """Begin the simulated world again, with nothing read and everything granted."""
        assert self.place.post("/v1/simulator/reset", {}).status == 200
        state = self.state
        state.cars = {key: msgspec.structs.replace(car, changed_at=None) for key, car in state.cars.items()}
        self._come()

    def _come(self) -> None:
        """Let the cars come into the world, as they do when they are first read, and forget what they said."""
        for model in self.models:
            self.grant(model, PERMISSIONS)
            assert self.ask(model, "/signals/vehicleidentification-vin").status == 200
        self.state.readings.clear()
        self.state.levels.clear()

    def step(self, seconds: int) -> None:
        """Move the simulated world's clock on."""
        assert self.place.post("/v1/simulator/clock", {"step": seconds}).status == 200


def by_code(answer: Answer) -> dict[str, Any]:
    """The signals of a list, by their code."""
    assert answer.status == 200, answer
    rows = {row["id"]: row for row in answer.json()["data"]}
    assert len(rows) == len(answer.json()["data"])
    return rows


def _model(vin: str) -> Model:
    found = car_range().model_of(vin)
    assert found is not None
    return found
