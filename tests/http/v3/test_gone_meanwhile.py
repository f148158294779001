"""What a door has let in and what is gone when its turn comes: deleted or cut by somebody else at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.conftest import Owned, built
from tests.http.v3.forms import refused

from carwire.services.accounts import AccountService
from carwire.services.commands import CommandService
from carwire.services.vehicles import VehicleService


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Owned]:
    with built(tmp_path) as client:
        yield client


async def nothing(*_: Any, **__: Any) -> None:
    """Find nothing."""


async def none_cut(*_: Any, **__: Any) -> int:
    return 0


def test_an_application_that_was_deleted_meanwhile_is_not_known(place: Owned, monkeypatch: pytest.MonkeyPatch) -> None:
    place.v3("GET", "/applications")
    monkeypatch.setattr(AccountService, "find", nothing)
    for path in ("", f"/{place.client_id}", f"/{place.client_id}/secrets"):
        refused(place, place.v3("GET", f"/applications{path}"), 401)


def test_a_connection_that_was_cut_meanwhile_is_not_there(place: Owned, monkeypatch: pytest.MonkeyPatch) -> None:
    place.connect()
    (found,) = place.v3("GET", "/connections?filter[vehicle.mode]=simulated").json()["data"]
    monkeypatch.setattr(VehicleService, "cut", none_cut)
    refused(place, place.v3("DELETE", f"/connections/{found['id']}"), 404, "CONNECTION_NOT_FOUND")


def test_a_command_that_went_with_its_owner_is_not_there(place: Owned, monkeypatch: pytest.MonkeyPatch) -> None:
    car = place.connect(make="TESLA")
    monkeypatch.setattr(CommandService, "find", nothing)
    answer = place.v3("POST", f"/vehicles/{car.vehicle_id}/commands/security/lock", car.user_id)
    refused(place, answer, 404)


def test_a_signal_nobody_has_answered_yet_is_not_there(place: Owned, monkeypatch: pytest.MonkeyPatch) -> None:
    car = place.connect(make="TESLA")
    usual = VehicleService.recall

    async def unanswered(*given: Any, **named: Any) -> Any:
        known = await usual(*given, **named)
        return msgspec.structs.replace(known, answers=dict.fromkeys(known.answers))

    path = f"/vehicles/{car.vehicle_id}/signals/odometer-traveleddistance"
    assert place.v3("GET", path, car.user_id).status == 200
    monkeypatch.setattr(VehicleService, "recall", unanswered)
    refused(place, place.v3("GET", path, car.user_id), 404)
