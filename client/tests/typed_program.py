"""A program of somebody who uses the SDK, for the type checkers: each line says what it has to be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any, assert_type

import carwire_client as cw
from carwire_client import (
    AsyncClient,
    AsyncOwnerSession,
    Client,
    FileTokenStore,
    MemoryTokenStore,
    OwnerSession,
    bodies,
    receiving,
    signals,
    v1,
    v3,
)


def blocking(client: Client) -> None:
    """Results are there when a call returns."""
    vehicle = client.vehicle("id", "token", unit_system="imperial", flags={"a": True})
    assert_type(vehicle.odometer(), cw.Odometer)
    assert_type(vehicle.odometer().distance, float)
    assert_type(vehicle.odometer().meta.data_age, datetime | None)
    assert_type(vehicle.fuel().amount_remaining, float | None)
    assert_type(vehicle.set_charge_limit(0.8, idempotency_key="k"), cw.Action)
    assert_type(vehicle.send_destination(latitude=1.0, longitude=2), cw.Action)
    assert_type(vehicle.service_history(start_date="2026-01-01").items, tuple[cw.ServiceRecord, ...])
    assert_type(vehicle.batch(["/odometer"]), cw.Batch)
    assert_type(vehicle.request("GET", "tesla/compass"), cw.Response)
    assert_type(vehicle.iter_permissions(), Iterator[str])
    assert_type(client.get_user("token"), cw.User)
    assert_type(client.iter_vehicles("token"), Iterator[str])
    assert_type(client.iter_connections("amt"), Iterator[cw.Connection])
    assert_type(client.get_compatibility("vin", ["read_vin"], test_mode_compatibility_level="bev"), cw.Compatibility)
    assert_type(cw.get_user("token").id, str)
    session = OwnerSession(client.auth(), FileTokenStore("tokens"), "me")
    assert_type(client.vehicle("id", session).vin(), cw.Vin)
    assert_type(client.auth().exchange_code("code"), cw.Access)
    car = client.v3.vehicle("id", "owner", unit_system="imperial", max_age=60)
    assert_type(car.signals(), v3.Signals)
    assert_type(car.signals().items, tuple[v3.Signal[Any], ...])
    assert_type(car.signal(signals.CHARGE_ISCHARGING).error, v3.Trouble | None)
    assert_type(car.signal(signals.CHARGE_ISCHARGING).value_or_raise(), bool)
    assert_type(car.signal(signals.ODOMETER_TRAVELEDDISTANCE, max_age=60).value, float | None)
    assert_type(car.signals()[signals.VEHICLEIDENTIFICATION_VIN].value, str | None)
    assert_type(car.signals().get(signals.SERVICE_RECORDS), v3.Signal[tuple[bodies.WorkshopVisit, ...]] | None)
    assert_type(car.signal(signals.CLOSURE_DOORS).value_or_raise().values[0].is_open, bool | None)
    location = car.signal(signals.LOCATION_PRECISELOCATION)
    assert_type(location.value_or_raise().latitude, float | None)
    again = car.signal(signals.LOCATION_PRECISELOCATION, if_none_match=location)
    assert_type(again, v3.Signal[bodies.PreciseLocation])
    assert_type(car.signal("closure-doors"), v3.Signal[Any])
    assert_type(car.set_charge_limit(80), v3.Execution)
    assert_type(client.v3.iter_connections(sort="createdAt"), Iterator[v3.Connection])
    assert_type(client.v3.webhooks().items, tuple[v3.Webhook, ...])
    assert_type(client.v1.decode_vin("vin").structure.complete, bool)
    assert_type(client.v1.create_webhook("n", "u", triggers=["a", v1.WebhookTrigger(code="b")]).secret, str)
    assert_type(client.v1.iter_webhook_deliveries("id", state="dead"), Iterator[v1.Delivery])


async def awaited(client: AsyncClient) -> None:
    """Results are there when a call is awaited, alone or with others."""
    vehicle = client.vehicle("id", "token")
    assert_type(await vehicle.odometer(), cw.Odometer)
    odometer, fuel = await asyncio.gather(vehicle.odometer(), vehicle.fuel())
    assert_type(odometer, cw.Odometer)
    assert_type(fuel, cw.Fuel)
    task = asyncio.create_task(vehicle.location())
    assert_type(await task, cw.Location)
    assert_type(client.iter_vehicles("token"), AsyncIterator[str])
    assert_type([each async for each in client.iter_connections("amt")], list[cw.Connection])
    session = AsyncOwnerSession(client.auth(), MemoryTokenStore(), "me")
    assert_type(await client.vehicle("id", session).vin(), cw.Vin)
    car = client.v3.vehicle("id", "owner")
    assert_type(await car.lock(), v3.Execution)
    assert_type((await car.signal(signals.WHEEL_TIRES)).value, bodies.Tires | None)
    assert_type(await car.signal("wheel-tires"), v3.Signal[Any])
    assert_type(client.v3.iter_subscriptions(), AsyncIterator[v3.Subscription])


def received(body: bytes, headers: dict[str, str]) -> bytes | None:
    """An event is one of a few classes, each with what it has to say."""
    receiving.verify(body, headers, secret=["new", "old"])
    receiving.verify(body, [("SC-Signature", "…"), (b"webhook-id", b"1")], management_token=cw.Secret("amt"))
    event = receiving.unwrap(body, headers, management_token=("new", cw.Secret("old")), secret="whsec_…")
    assert_type(event, receiving.Event)
    assert_type(event.meta.delivered_at, datetime | None)
    match event:
        case receiving.VerifyEvent():
            return receiving.challenge_answer(event, "amt")
        case receiving.VehicleStateEvent():
            assert_type(event[signals.CHARGE_VOLTAGE].oem_updated_at, datetime | None)
            assert_type(event.get("charge-voltage"), receiving.DeliveredSignal | None)
            assert_type(event.changed, tuple[str, ...])
        case receiving.VehicleErrorEvent():
            assert_type(event.errors[0].is_resolved, bool)
            assert_type(event.errors[0].as_error(), cw.ApiError)
        case receiving.DynamicEvent() | receiving.ScheduledEvent():
            assert_type(event.vehicles[0].data, cw.Batch)
        case receiving.ChargingEvent():
            assert_type(event.happened_at, datetime | None)
        case _:
            assert_type(event.type, str)
    return None
