"""What needs no word from the car has exactly the wire's keys."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from tests.wire.v2.snapshots import VEHICLE, written

from carwire.core.permissions import PERMISSIONS
from carwire.core.vehicles import Connection
from carwire.wire.v2 import static
from carwire.wire.v2.actions import ACTIONS
from carwire.wire.v2.batch import BatchBody, BatchRequests
from carwire.wire.v2.errors import ErrorBody
from carwire.wire.v2.makes import MAKE_READS
from carwire.wire.v2.vehicles import ENDPOINTS

CONNECTION = Connection("v", "u", "simulated", "mine", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


def test_a_user_is_an_id() -> None:
    assert written(static.UserBody("u")) == {"id": "u"}


def test_vehicles_come_with_the_number_of_all() -> None:
    assert written(static.vehicles_body(["a", "b"], 12, 10)) == {
        "vehicles": ["a", "b"],
        "paging": {"count": 12, "offset": 10},
    }


@pytest.mark.parametrize(("limit", "offset", "length"), [(25, 0, 25), (25, 20, 8), (3, 27, 1), (5, 28, 0), (5, 99, 0)])
def test_permissions_come_by_the_page(limit: int, offset: int, length: int) -> None:
    vehicle = msgspec.structs.replace(VEHICLE, permissions=PERMISSIONS)
    found = static.permissions(vehicle, limit, offset)
    assert found.permissions == tuple(sorted(PERMISSIONS))[offset : offset + limit]
    assert len(found.permissions) == length
    assert written(found.paging) == {"count": 28, "offset": offset}


def test_twelve_permissions_fit_the_first_page() -> None:
    granted = frozenset(sorted(PERMISSIONS)[:12])
    assert len(static.permissions(msgspec.structs.replace(VEHICLE, permissions=granted)).permissions) == 12


@pytest.mark.parametrize("cursor", [None, "next"])
def test_connections_always_have_paging(cursor: str | None) -> None:
    assert written(static.connections_body([CONNECTION], cursor)) == {
        "connections": [
            {"vehicleId": "v", "userId": "u", "connectedAt": "2026-01-02T03:04:05.000Z", "mode": "simulated"}
        ],
        "paging": {"cursor": cursor},
    }
    assert written(static.connections_body([], None)) == {"connections": [], "paging": {"cursor": None}}


def test_deleted_connections_are_ids_alone() -> None:
    assert written(static.deleted_connections_body([CONNECTION])) == {
        "connections": [{"vehicleId": "v", "userId": "u"}]
    }


def test_what_is_done_says_so() -> None:
    assert written(static.StatusBody()) == {"status": "success"}
    assert written(static.ActionBody()) == {"status": "success", "message": "Successfully sent request to vehicle"}
    assert written(static.SubscriptionBody("w", "v")) == {"webhookId": "w", "vehicleId": "v"}


def test_every_body_has_a_name_of_its_own_in_the_api_document() -> None:
    reads = [row.answers for row in (*ENDPOINTS.values(), *MAKE_READS.values()) if row.answers]
    actions = [row.body for row in ACTIONS.values() if row.body]
    fixed = [row.answers for row in static.STATIC_ENDPOINTS.values()]
    _, components = msgspec.json.schema_components([*reads, *actions, *fixed, BatchRequests, BatchBody, ErrorBody])
    assert len(components) > 60
    assert [name for name in components if "." in name] == []  # how msgspec tells two of one name apart
