"""Fixtures for tests of programs that talk to cars: a Carwire with simulated cars, in the process of the test.

Every pytest run of an environment with `carwire-client` loads this, so it imports nothing but pytest until a fixture
is used; the server's distribution is needed only then (``carwire-client[testing]``).

::

    @pytest.mark.carwire(model="tesla-3", scenario="ac_charging")
    def test_it_charges(car):
        assert car.vehicle.charge().state == "CHARGING"
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from carwire_client.testing import Car, CarwireServer

__all__ = ["car", "carwire_server", "pytest_configure"]

_OF_SERVER = {"seed"}
_OF_CAR = {"model", "make", "permissions", "scenario", "settings", "faults"}


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "carwire(seed=1, model=None, make=None, permissions=None, scenario=None, settings=None, faults=()): "
        "how the simulated world of `carwire_server` and the car of `car` begin; what is nearer to the test wins.",
    )


@pytest.fixture
def carwire_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CarwireServer]:
    """A Carwire of this test alone, in this process: see `carwire_client.testing.CarwireServer`.

    The marker's `seed` tells one simulated world from another.
    """
    given = {name: value for name, value in _marked(request).items() if name in _OF_SERVER}
    try:
        import carwire  # noqa: F401
    except ModuleNotFoundError:
        pytest.fail("The fixtures of Carwire need the server: install carwire-client[testing]", pytrace=False)
    from carwire_client.testing import open_server

    with open_server(tmp_path_factory.mktemp("carwire"), **given) as server:
        yield server


@pytest.fixture
def car(request: pytest.FixtureRequest, carwire_server: CarwireServer) -> Car:
    """A simulated car that its owner has connected: see `carwire_client.testing.Car`.

    It is what the marker says: `model` or `make`, `permissions`, `scenario`, `settings`, `faults`.
    """
    given = {name: value for name, value in _marked(request).items() if name in _OF_CAR}
    return carwire_server.connect(given.pop("model", None), **given)


def _marked(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return what the markers give: those of the module first, those of the test last."""
    given: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("carwire"))):
        if marker.args or marker.kwargs.keys() - _OF_SERVER - _OF_CAR:
            known = ", ".join(sorted(_OF_SERVER | _OF_CAR))
            pytest.fail(f"The marker carwire takes {known}, by name", pytrace=False)
        if {"model", "make"} & marker.kwargs.keys():  # one of them names the car, and it is the nearer one
            given = {name: value for name, value in given.items() if name not in {"model", "make"}}
        given |= marker.kwargs
    return given
