"""Receiving webhooks: is a delivery genuine, what does it tell, what is answered.

>>> event = unwrap(body, headers, management_token="…")                     # doctest: +SKIP
>>> if isinstance(event, VehicleStateEvent):                                # doctest: +SKIP
...     print(event.vehicle.id, event["tractionbattery-stateofcharge"].value)

Handlers that do all of it are in `carwire_client.receiving.starlette` (for FastAPI too), ``.flask`` and ``.django``;
each needs its framework, which nothing else here imports.
"""

from carwire_client.receiving.deliveries import challenge_answer, unwrap
from carwire_client.receiving.events import (
    ChargingEvent,
    DeliveredSignal,
    DeliveryMeta,
    DynamicEvent,
    Event,
    EventUser,
    EventVehicle,
    GapEvent,
    ScheduledEvent,
    Trigger,
    UnknownEvent,
    VehicleData,
    VehicleErrorEvent,
    VehicleStateEvent,
    VehicleTrouble,
    VerifyEvent,
)
from carwire_client.receiving.receiver import AsyncReceiver, AsyncReceiverOptions, Receiver, ReceiverOptions, Reply
from carwire_client.receiving.seen import AsyncSeen, MemorySeen, Seen
from carwire_client.receiving.signing import verify

__all__ = [
    "AsyncReceiver",
    "AsyncReceiverOptions",
    "AsyncSeen",
    "ChargingEvent",
    "DeliveredSignal",
    "DeliveryMeta",
    "DynamicEvent",
    "Event",
    "EventUser",
    "EventVehicle",
    "GapEvent",
    "MemorySeen",
    "Receiver",
    "ReceiverOptions",
    "Reply",
    "ScheduledEvent",
    "Seen",
    "Trigger",
    "UnknownEvent",
    "VehicleData",
    "VehicleErrorEvent",
    "VehicleStateEvent",
    "VehicleTrouble",
    "VerifyEvent",
    "challenge_answer",
    "unwrap",
    "verify",
]
