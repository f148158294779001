"""The official Java SDK reads what owners' tokens are answered, for cars of every powertrain; and could not read the
general form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.conftest import Owned, built
from tests.contract import java
from tests.contract.java import Unreadable
from tests.support import Connected

MAKES = "TESLA", "TOYOTA", "FORD", "BMW"  # of eight cars each, with every powertrain among them
CODES = "odometer-traveleddistance", "vehicleidentification-vin", "charge-chargetimers", "wheel-tires"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owned]:
    with built(tmp_path_factory.mktemp("java")) as client:
        yield client


@pytest.fixture(scope="module")
def cars(place: Owned) -> dict[str, tuple[Connected, str]]:
    """Powertrain → an owner and a vehicle."""
    found: dict[str, tuple[Connected, str]] = {}
    for make in MAKES:
        owner = place.connect("8-vehicles@smartcar.com", make)
        for vehicle_id in owner.vehicle_ids:
            attributes = place.v3("GET", f"/vehicles/{vehicle_id}").json()["data"]["attributes"]
            found.setdefault(attributes["powertrainType"], (owner, vehicle_id))
    return found


def of_owner(place: Owned, car: tuple[Connected, str], path: str = "") -> Any:
    """Read as the SDK does: with the owner's token, and the type of a body that is not there."""
    owner, vehicle_id = car
    headers = [owner.bearer, (b"content-type", b"application/json"), (b"sc-unit-system", b"metric")]
    return place.ask("GET", f"/v3/vehicles/{vehicle_id}{path}", headers).json()


def of_application(place: Owned, car: tuple[Connected, str], path: str = "") -> Any:
    owner, vehicle_id = car
    return place.v3("GET", f"/vehicles/{vehicle_id}{path}", owner.user_id).json()


def check_whole(resource: java.Resource) -> None:
    """Fail where the SDK would hand out null."""
    assert resource.id
    assert resource.attributes
    assert resource.links["self"]
    assert None not in resource.links.values()


def check_signal(resource: java.Resource) -> None:
    check_whole(resource)
    signal = java.read_signal(resource.attributes)
    assert signal.code == resource.id
    assert signal.name
    assert signal.group
    assert signal.status
    assert signal.body is not None
    assert resource.meta is not None
    if signal.status["value"] == "SUCCESS" and resource.meta.retrieved_at is not None:
        assert 1_000_000_000_000 < resource.meta.retrieved_at < 10_000_000_000_000


def test_there_is_a_car_of_every_powertrain(cars: dict[str, tuple[Connected, str]]) -> None:
    assert set(cars) == {"BEV", "PHEV", "HEV", "ICE", "FCEV"}


@pytest.mark.parametrize("powertrain", ["BEV", "PHEV", "HEV", "ICE", "FCEV"])
def test_java_reads_vehicle_list_and_signal(
    place: Owned, cars: dict[str, tuple[Connected, str]], powertrain: str
) -> None:
    car = cars[powertrain]
    vehicle = java.read_resource(of_owner(place, car))
    check_whole(vehicle)
    attributes = java.read_vehicle(vehicle.attributes)
    assert (vehicle.id, attributes.make is None, attributes.model is None) == (car[1], False, False)
    assert 2000 < (attributes.year or 0) < 2100
    for query in ("", "?page=2&pageSize=10"):
        signals = java.read_signals(of_owner(place, car, f"/signals{query}"))
        assert signals.meta == java.SignalsMeta(93, 10 if query else 93, 2 if query else 1)
        assert len(signals.signals) == (10 if query else 93)
        assert None not in signals.links.values()
        assert set(signals.links) >= {"self", "first", "last"}
        for signal in signals.signals:
            check_signal(signal)
        included = java.read_resource(signals.included["vehicle"])
        assert java.read_vehicle(included.attributes) == attributes
    for code in CODES:
        check_signal(java.read_resource(of_owner(place, car, f"/signals/{code}")))


def test_java_could_not_read_the_general_form(place: Owned, cars: dict[str, tuple[Connected, str]]) -> None:
    """So what is checked above can fail: a wrapped resource is nothing but nulls, and texts are no moments."""
    car = cars["BEV"]
    for path in ("", "/signals/odometer-traveleddistance"):
        wrapped = java.read_resource(of_application(place, car, path))
        assert (wrapped.id, wrapped.attributes, wrapped.meta, wrapped.links) == (None, {}, None, {})
        with pytest.raises(AssertionError):
            check_whole(wrapped)
    listed = of_application(place, car, "/signals")
    with pytest.raises(Unreadable, match="no whole number"):
        java.read_signals(listed)
    without_times = java.read_signals({**listed, "data": [{**row, "meta": {}} for row in listed["data"]]})
    assert without_times.meta == java.SignalsMeta(93, 93, None)
    assert without_times.links["next"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": {"value": "x"}},
        {"meta": {"retrievedAt": "2026-06-01T08:00:03.120Z"}},
        {"meta": {"oemUpdatedAt": 2**63}},
        {"meta": []},
        {"links": {"self": {"href": "/vehicles/x"}}},
        {"attributes": []},
        {"attributes": {"year": "2024a"}},
        {"attributes": {"year": 2**31}},
    ],
)
def test_what_java_throws_at(place: Owned, cars: dict[str, tuple[Connected, str]], wrong: dict[str, Any]) -> None:
    body = of_owner(place, cars["BEV"])
    java.read_vehicle(java.read_resource(body).attributes)
    with pytest.raises(Unreadable):
        java.read_vehicle(java.read_resource({**body, **wrong}).attributes)
