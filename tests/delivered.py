"""Deliveries of a webhook that are kept without anybody sending them."""

from __future__ import annotations

from datetime import timedelta

from tests.conftest import Owned

from carwire.core.events import shard_of
from carwire.core.outbox import Attempt, DeliveryState, Frozen, NewDelivery, Tried
from carwire.core.signals.reading import Reading
from carwire.core.webhooks import SubscriptionFilter
from carwire.kit.ids import new_id

SOC = "tractionbattery-stateofcharge"


def deliver(here: Owned, webhook_id: str, states: list[DeliveryState]) -> list[str]:
    """Keep a delivery with one attempt for each state; return their ids."""
    store, clock = here.carwire.store, here.carwire.services.webhooks._clock
    car = here.connect(f"{new_id()}@example.com", "TESLA")
    services = here.carwire.services
    reach = services.access.vehicle(car.tokens.access_token, car.vehicle_id)
    vehicle = here.run(reach)[1]
    assert vehicle
    assert here.run(services.webhooks.subscribe(vehicle, webhook_id))
    ((subscription,), _) = here.run(
        services.webhooks.subscriptions(here.client_id, SubscriptionFilter(vehicle_id=vehicle.id), 1)
    )
    for value in range(len(states) + 1):
        answer = Reading(value * 10, "percent", clock(), clock(), clock(), "simulator")
        here.run(store.keep(vehicle, {SOC: answer}, clock()))
    audience = here.run(store.audience(shard_of(vehicle.car.id), len(states)))
    assert audience
    made, tries = [], []
    for event, state in zip(audience.events, states, strict=True):
        frozen = Frozen(b'{"a":1,"deliveryId":"%b"}' % (b"0" * 36))
        made.append(NewDelivery(new_id(), subscription, event, "VEHICLE_STATE", frozen))
        failed = state != "delivered"
        attempt = Attempt(
            new_id(), made[-1].id, 1, clock(), 0.2, 500 if failed else 200, "status" if failed else None,
            "The endpoint answered 500." if failed else None, "no" if failed else None,
        )  # fmt: skip
        next_at = clock() + timedelta(minutes=1) if state == "due" else None
        tries.append(Tried(attempt, state, next_at))
    here.run(store.fan_out(audience.events, made, clock()))
    here.run(store.record(webhook_id, tries, clock()))
    return [each.id for each in made]
