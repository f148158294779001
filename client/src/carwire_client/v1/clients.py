"""Carwire's own API: `V1Client` blocks, `AsyncV1Client` is awaited; their methods are the same."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

from carwire_client.binding import awaiting, blocking, following, following_async, iterating, iterating_async
from carwire_client.call import Call
from carwire_client.calls.own import cars, hooks, vins
from carwire_client.calls.own import events as own_events
from carwire_client.drivers import AsyncDriver, Driver
from carwire_client.receiving.events import Event
from carwire_client.settings import Application

T = TypeVar("T")


class V1Client:
    """Events, VINs, compatibility, why, webhooks, and the simulator, by calls that block. `Client.v1` is one."""

    def __init__(self, client: Driver) -> None:
        self._client = client

    @property
    def ref(self) -> Application:
        """What this client's calls are made with."""
        return self._client.ref

    def send(self, call: Call[T]) -> T:
        """Make a call. Raises what `carwire_client.errors` has."""
        return self._client.send(call)

    def follow(self, call: Call[Any]) -> Iterator[Event]:
        """Go through the events of a stream. Raises what `carwire_client.errors` has, once it may not go on."""
        return self._client.follow(call)

    events = following(own_events.events)

    decode_vin = blocking(vins.decode_vin)
    decode_vins = blocking(vins.decode_vins)
    explain_compatibility = blocking(vins.explain_compatibility)
    check_compatibility = blocking(vins.check_compatibility)

    why = blocking(cars.why)

    simulator = blocking(cars.simulator)
    simulated_cars = blocking(cars.simulated_cars)
    iter_simulated_cars = iterating(cars.iter_simulated_cars)
    simulated_car = blocking(cars.simulated_car)
    set_simulated_car = blocking(cars.set_simulated_car)
    command_simulated_car = blocking(cars.command_simulated_car)
    simulated_faults = blocking(cars.simulated_faults)
    add_simulated_fault = blocking(cars.add_simulated_fault)
    clear_simulated_faults = blocking(cars.clear_simulated_faults)
    step_simulator = blocking(cars.step_simulator)
    run_simulator = blocking(cars.run_simulator)
    reset_simulator = blocking(cars.reset_simulator)

    create_webhook = blocking(hooks.create_webhook)
    webhooks = blocking(hooks.webhooks)
    webhook = blocking(hooks.webhook)
    change_webhook = blocking(hooks.change_webhook)
    delete_webhook = blocking(hooks.delete_webhook)
    verify_webhook = blocking(hooks.verify_webhook)
    pause_webhook = blocking(hooks.pause_webhook)
    resume_webhook = blocking(hooks.resume_webhook)
    rotate_webhook_secret = blocking(hooks.rotate_webhook_secret)
    replay_webhook = blocking(hooks.replay_webhook)
    webhook_deliveries = blocking(hooks.webhook_deliveries)
    iter_webhook_deliveries = iterating(hooks.iter_webhook_deliveries)
    webhook_delivery = blocking(hooks.webhook_delivery)


class AsyncV1Client:
    """Events, VINs, compatibility, why, webhooks, and the simulator, awaited. `AsyncClient.v1` is one."""

    def __init__(self, client: AsyncDriver) -> None:
        self._client = client

    @property
    def ref(self) -> Application:
        """What this client's calls are made with."""
        return self._client.ref

    async def send(self, call: Call[T]) -> T:
        """Make a call. Raises what `carwire_client.errors` has."""
        return await self._client.send(call)

    def follow(self, call: Call[Any]) -> AsyncIterator[Event]:
        """Go through the events of a stream. Raises what `carwire_client.errors` has, once it may not go on."""
        return self._client.follow(call)

    events = following_async(own_events.events)

    decode_vin = awaiting(vins.decode_vin)
    decode_vins = awaiting(vins.decode_vins)
    explain_compatibility = awaiting(vins.explain_compatibility)
    check_compatibility = awaiting(vins.check_compatibility)

    why = awaiting(cars.why)

    simulator = awaiting(cars.simulator)
    simulated_cars = awaiting(cars.simulated_cars)
    iter_simulated_cars = iterating_async(cars.iter_simulated_cars)
    simulated_car = awaiting(cars.simulated_car)
    set_simulated_car = awaiting(cars.set_simulated_car)
    command_simulated_car = awaiting(cars.command_simulated_car)
    simulated_faults = awaiting(cars.simulated_faults)
    add_simulated_fault = awaiting(cars.add_simulated_fault)
    clear_simulated_faults = awaiting(cars.clear_simulated_faults)
    step_simulator = awaiting(cars.step_simulator)
    run_simulator = awaiting(cars.run_simulator)
    reset_simulator = awaiting(cars.reset_simulator)

    create_webhook = awaiting(hooks.create_webhook)
    webhooks = awaiting(hooks.webhooks)
    webhook = awaiting(hooks.webhook)
    change_webhook = awaiting(hooks.change_webhook)
    delete_webhook = awaiting(hooks.delete_webhook)
    verify_webhook = awaiting(hooks.verify_webhook)
    pause_webhook = awaiting(hooks.pause_webhook)
    resume_webhook = awaiting(hooks.resume_webhook)
    rotate_webhook_secret = awaiting(hooks.rotate_webhook_secret)
    replay_webhook = awaiting(hooks.replay_webhook)
    webhook_deliveries = awaiting(hooks.webhook_deliveries)
    iter_webhook_deliveries = iterating_async(hooks.iter_webhook_deliveries)
    webhook_delivery = awaiting(hooks.webhook_delivery)
