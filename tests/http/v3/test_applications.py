"""The application itself, and its secrets without the secrets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import Owned, built
from tests.fakes import StandingClock
from tests.http.v3.forms import refused

from carwire.core.applications import machine_id


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def place(tmp_path: Path, clock: StandingClock) -> Iterator[Owned]:
    with built(tmp_path, clock=clock) as client:
        yield client


def test_a_token_knows_its_own_application_and_no_other(place: Owned) -> None:
    base, other = f"{place.base_url}/v3/applications", place.another()
    own = {
        "id": place.client_id,
        "type": "application",
        "attributes": {"name": "Tests", "redirectUris": ["https://example.com/auth"]},
        "meta": {"createdAt": "2026-11-21T12:00:00.000Z"},
        "links": {"self": f"{base}/{place.client_id}"},
    }
    page = f"{base}?page%5Bnumber%5D=1&page%5Bsize%5D=50"
    assert place.v3("GET", "/applications").json() == {
        "data": [own],
        "meta": {"pageNumber": 1, "pageSize": 50, "totalCount": 1},
        "links": {"self": page, "first": page, "last": page, "next": None, "prev": None},
    }
    assert place.v3("GET", f"/applications/{place.client_id.upper()}").json() == {"data": own}
    refused(place, place.v3("GET", f"/applications/{other.client_id}"), 404, "APPLICATION_NOT_FOUND")
    assert other.v3("GET", "/applications").json()["data"][0]["id"] == other.client_id
    behind = place.v3("GET", "/applications?page[number]=2").json()
    assert (behind["data"], behind["meta"]["totalCount"]) == ([], 1)


def test_secrets_are_listed_with_their_ends_and_without_themselves(place: Owned, clock: StandingClock) -> None:
    token = place.machine
    clock.move(minutes=10)
    new = place.run(place.carwire.services.credentials.draw(place.client_id))
    path = f"/applications/{place.client_id}/secrets"
    answer = place.v3("GET", path)
    first, second = answer.json()["data"]
    machine = {"clientId": machine_id(place.client_id)}
    assert first == {
        "id": first["id"],
        "type": "application-secret",
        "attributes": {**machine, "expiresAt": "2026-11-22T12:10:00.000Z"},
        "meta": {"createdAt": "2026-11-21T12:00:00.000Z"},
    }
    assert second == {
        "id": new.id,
        "type": "application-secret",
        "attributes": machine,
        "meta": {"createdAt": "2026-11-21T12:10:00.000Z"},
    }
    assert new.secret.reveal() not in answer.text
    assert token[1].decode() not in answer.text
    page = place.v3("GET", f"{path}?page[size]=1&page[number]=2").json()
    assert (page["data"], page["meta"]["totalCount"]) == ([second], 2)
    assert page["links"]["prev"].endswith(f"{path}?page%5Bnumber%5D=1&page%5Bsize%5D=1")
    place.run(place.carwire.services.credentials.delete(place.client_id, first["id"]))
    refused(place, place.v3("GET", path), 401, "UNAUTHORIZED")  # the token was of that secret


def test_a_secret_whose_overlap_is_over_is_not_listed(place: Owned, clock: StandingClock) -> None:
    place.new_machine()
    clock.move(minutes=1)
    new = place.run(place.carwire.services.credentials.draw(place.client_id))
    clock.move(days=2)
    place.machine = place.new_machine()
    rows = place.v3("GET", f"/applications/{place.client_id}/secrets").json()["data"]
    assert new.id == rows[0]["id"]
    assert len(rows) == 2


def test_a_deleted_application_has_no_token(place: Owned) -> None:
    other = place.another()
    assert other.v3("GET", "/applications").status == 200
    place.run(place.carwire.store.delete(other.client_id))
    refused(place, other.v3("GET", "/applications"), 401, "UNAUTHORIZED")
