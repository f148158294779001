"""Webhooks, subscriptions, applications and compatible vehicles of API v3, with both clients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest
from client.tests.conftest import KINDS, NOW, Drive, Hand, Place, answer, request_of
from tests.support import Connected

from carwire.core.triggers import Trigger
from carwire.services.webhooks.managing import Wanted
from carwire_client import SMARTCAR, Conflict, InvalidAnswer, NotFound
from carwire_client.calls.ga import account, hooks
from carwire_client.exchange import exchange
from carwire_client.settings import Surface, Wiring

APP = Surface(token="tok")
CODE = "tractionbattery-stateofcharge"


@pytest.fixture(scope="module")
def machine(place: Place) -> dict[str, str]:
    """Credentials of the application itself."""
    new = place.owned.run(place.owned.carwire.services.credentials.draw(place.owned.client_id))
    return {"v3_client_id": new.machine_id, "v3_client_secret": new.secret.reveal()}


@pytest.fixture(params=KINDS)
def v3(request: pytest.FixtureRequest, place: Place, machine: dict[str, str]) -> Iterator[Hand]:
    """Each kind of client, with credentials of v3."""
    with place.hand(request.param, **machine) as made:
        yield made


@pytest.fixture(scope="module")
def tesla(place: Place) -> Connected:
    """An owner with one electric car."""
    return place.connect("tesla@example.com", "TESLA")


def test_webhooks_and_subscriptions(v3: Hand, place: Place, tesla: Connected) -> None:
    wanted = Wanted(
        name=f"Charge {v3.kind}", url="https://example.org/hook", triggers=(Trigger(CODE),), signals=(CODE,)
    )
    made = place.owned.run(place.owned.carwire.services.webhooks.create(place.owned.client_id, wanted)).webhook
    place.owned.run(place.owned.carwire.store.halt_webhook(made.id, None, made.created_at))
    face = v3.client.v3
    found = v3(face.webhook(made.id))
    assert (found.name, found.callback_uri, found.is_enabled) == (f"Charge {v3.kind}", "https://example.org/hook", True)
    assert [each.code for each in found.triggers] == [CODE]
    assert found.created_at.tzinfo is UTC
    named = v3(face.webhooks(name=v3.kind, is_enabled=True, auto_subscribe=False))
    assert [each.id for each in named.items] == [made.id]
    assert v3(face.webhooks(is_enabled=False)).items == ()
    assert made.id in {each.id for each in v3.all(face.iter_webhooks(size=1))}

    assert v3(face.subscribe(made.id, tesla.user_id, tesla.vehicle_id)).meta.status == 202
    with pytest.raises(Conflict):
        v3(face.subscribe(made.id, tesla.user_id, tesla.vehicle_id))
    (one,) = v3.all(face.iter_subscriptions(webhook_id=made.id))
    assert (one.user_id, one.vehicle_id, one.vehicle.make) == (tesla.user_id, tesla.vehicle_id, "TESLA")
    assert v3(face.subscription(one.id)).webhook_id == made.id
    assert v3(face.subscriptions(webhook_id=made.id, mode="live")).items == ()
    v3(face.unsubscribe(one.id))
    with pytest.raises(NotFound):
        v3(face.subscription(one.id))


def test_applications_and_their_secrets(v3: Hand, place: Place) -> None:
    face = v3.client.v3
    (own,) = v3(face.applications()).items
    assert (own.id, own.name) == (place.owned.client_id, "Tests")
    assert own.redirect_uris == ("https://example.com/auth",)
    assert v3(face.application(own.id)).name == "Tests"
    secrets = v3(face.application_secrets(own.id)).items
    assert secrets[0].client_id.startswith("client_")
    assert secrets[0].created_at.tzinfo is UTC
    with pytest.raises(NotFound):
        v3(face.application("00000000-0000-4000-8000-000000000000"))


def test_compatible_vehicles_are_gone_through_by_numbers_without_a_token(place: Place) -> None:
    for kind in KINDS:
        with place.hand(kind) as hand:
            face = hand.client.v3
            page = hand(face.compatible_vehicles(region="EUROPE", make="tesla", size=2))
            assert len(page.items) == 2
            assert page.page.total_count > 2
            every = hand.all(face.iter_compatible_vehicles(region="EUROPE", make="tesla", size=2))
            assert len({each.id for each in every}) == page.page.total_count
            first = every[0]
            assert (first.make, first.region) == ("TESLA", "EUROPE")
            assert first.years.start <= first.years.end
            assert {each.type for each in first.capabilities} == {"signal", "command"}
            again = hand(face.compatible_vehicles(region="EUROPE", make="tesla", size=2, if_none_match=page))
            assert again.not_modified
            assert again.items == page.items


def test_each_goes_to_the_host_it_has() -> None:
    def host(call: Any) -> str:
        flow = exchange(call, Wiring(origins=SMARTCAR))
        url: str = flow.send(None).url  # type: ignore[union-attr]
        return url.split("?", maxsplit=1)[0]

    assert host(hooks.webhooks(APP)) == "https://management.api.smartcar.com/v3/webhooks"
    assert host(account.compatible_vehicles(APP)) == "https://compatibility.api.smartcar.com/v3/compatible-vehicles"
    assert "authorization" not in request_of(account.compatible_vehicles(APP))[2]
    assert json.loads(request_of(hooks.subscribe(APP, "w", "u", "v"))[3] or "") == {
        "data": {"attributes": {"webhookId": "w", "userId": "u", "vehicleId": "v"}}
    }


def test_a_secret_that_ends_says_when() -> None:
    row = {"id": "s", "attributes": {"clientId": "client_x", "expiresAt": "2026-11-21T12:00:00.000Z"}}
    (found,) = Drive([answer(200, json.dumps({"data": [row]}))])(account.application_secrets(APP, "a")).items
    assert found.expires_at == NOW


@pytest.mark.parametrize(
    "call",
    [hooks.webhook(APP, "i"), hooks.subscription(APP, "i"), hooks.webhooks(APP), account.compatible_vehicles(APP)],
)
@pytest.mark.parametrize("body", [b"{}", b'{"data": [{"id": "x"}]}', b'{"data": {"id": "x", "relationships": []}}'])
def test_bodies_that_are_something_else_are_invalid_answers(call: Any, body: bytes) -> None:
    with pytest.raises(InvalidAnswer):
        Drive([answer(200, body)])(call)
