"""Webhooks as the service keeps them, and what vehicles they hear of."""

from __future__ import annotations

import pytest
from tests.fakes import FakeSource, Middle

from carwire.core.errors import InvalidInput
from carwire.core.triggers import Trigger
from carwire.core.webhooks import SubscriptionFilter
from carwire.kit.ids import new_id
from carwire.services.webhooks.managing import Wanted, WebhookService
from carwire.storage.memory import MemoryStore
from carwire.wire.telling import WireSpelling

pytestmark = pytest.mark.anyio


@pytest.fixture
def middle() -> Middle:
    """Services over a store in memory."""
    return Middle(MemoryStore(), FakeSource())


async def test_a_vehicle_is_subscribed_to_webhooks_of_its_own_application_only(middle: Middle) -> None:
    client_id, other = await middle.application(), await middle.application("Other")
    (vehicle,) = await middle.connected(client_id)
    webhooks = WebhookService(middle.store, WireSpelling(""), middle.clock)
    own_made = await webhooks.create(client_id, Wanted(name="Own", url="https://a.example/"))
    foreign_made = await webhooks.create(other, Wanted(name="Foreign", url="https://b.example/"))
    own, foreign = own_made.webhook, foreign_made.webhook
    asked = (own.id, own.id, foreign.id, new_id())
    assert [await webhooks.subscribe(vehicle, each) for each in asked] == [True, False, None, None]
    assert await webhooks.find(client_id, own.id) == own
    assert await webhooks.find(client_id, foreign.id) is None
    (found,), total = await webhooks.subscriptions(client_id, SubscriptionFilter(), 10)
    assert (found.vehicle, total) == (vehicle, 1)
    assert await webhooks.unsubscribe(other, SubscriptionFilter()) == 0
    assert await webhooks.unsubscribe(client_id, SubscriptionFilter(webhook_id=own.id)) == 1


async def test_a_webhook_says_what_it_is_for(middle: Middle) -> None:
    client_id = await middle.application()
    webhooks = WebhookService(middle.store, WireSpelling(""), middle.clock)
    code = "odometer-traveleddistance"
    wanted = Wanted(
        name=" Name ",
        url="https://a.example/",
        error_url="https://b.example/",
        triggers=(Trigger(code), Trigger(code)),
        signals=(code, code),
    )
    made = (await webhooks.create(client_id, wanted)).webhook
    assert (made.name, made.error_url, made.triggers, made.signals) == (
        "Name", "https://b.example/", (Trigger(code),), (code,)
    )  # fmt: skip
    assert await webhooks.of(client_id) == [made]
    wrong = Wanted(name="N", url="https://a.example/", error_url="ftp://x", triggers=(Trigger("no"),), signals=("ne",))
    with pytest.raises(InvalidInput) as caught:
        await webhooks.create(client_id, wrong)
    assert sorted(each.field for each in caught.value.fields) == ["error_url", "signals", "triggers"]
