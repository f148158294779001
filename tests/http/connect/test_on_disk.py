"""The flow over the database: what tests of it in memory cannot show."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.http.connect.tab import Place

from carwire.core.grants import Principal
from carwire.core.vehicles import ConnectionFilter
from carwire.kit.secrets import Secret
from carwire.storage.sealing import open_sealer
from carwire.storage.sql.store import open_store


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    store = open_store(tmp_path, None, open_sealer(tmp_path, None))
    yield Place(store=store)
    asyncio.run(store.close())


def test_a_run_approves_and_connects(place: Place) -> None:
    tab = place.tab().authorize(state="s", external_id="x").sign_in("2-vehicles@smartcar.com")
    twin = tab.twin()
    tab.approve()
    assert twin.approve().url == tab.url
    code = asyncio.run(place.store.code(place.hasher.hash(Secret(tab.outcome["code"]))))
    assert code is not None
    assert code.redirect_uri == "https://example.com/auth"
    wanted = ConnectionFilter(user_id=tab.outcome["user_id"])
    rows, _ = asyncio.run(place.store.connections(place.application.client_id, wanted, 10, None))
    assert [row.external_id for row in rows] == ["x", "x"]
    again = place.tab().authorize().sign_in("2-vehicles@smartcar.com")
    assert again.outcome["user_id"] == tab.outcome["user_id"], "it left straight from the sign-in"


def test_the_cookie_changes_in_the_database_too(place: Place) -> None:
    tab = place.tab().authorize().press("continue-button").press("KIA")
    planted = dict(tab.cookies)
    tab.sign_in()
    thief = tab.twin()
    thief.cookies = planted
    assert thief.open(tab.url).status == 403
    assert tab.open(tab.url).status == 200


def test_a_connection_is_repaired(place: Place) -> None:
    place.tab().authorize().sign_in().approve()
    application = place.application.client_id
    ids, _ = asyncio.run(place.store.vehicles(Principal(application), 10, 0))
    query = f"client_id={application}&response_type=vehicle_id&vehicle_id={ids[0]}"
    tab = place.tab().open("/oauth/reauthenticate?" + query).press("continue-button")
    twin = tab.twin()
    assert tab.sign_in().outcome == {"vehicle_id": ids[0]}
    assert twin.sign_in().url == tab.url


def test_no_credential_and_no_code_reaches_the_disk(place: Place, tmp_path: Path) -> None:
    canaries = "canary-name@connect.test", "canary-password", "canary-answer"
    place.tab().authorize().sign_in(canaries[0], password=canaries[1]).press("deny-button")
    place.tab().authorize().sign_in("mfa@connect.test", password=canaries[1]).press("submit-button", answer=canaries[2])
    tab = place.tab().authorize().sign_in(canaries[0], password=canaries[1]).approve()
    cookies = [*place.tab().authorize().cookies.values(), *tab.cookies.values()]
    asyncio.run(place.store.close())
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert place.application.client_id.encode() in written
    for canary in (*canaries, tab.outcome["code"], *cookies):
        assert canary.encode() not in written, canary
