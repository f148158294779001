"""Receiving webhooks: is a delivery genuine, what does it tell, what is answered.

>>> event = unwrap(body, headers, management_token="…")                     # doctest: +SKIP
>>> if isinstance(event, VehicleStateEvent):                                # doctest: +SKIP
...     print(event.vehicle.id, event["tractionbattery-stateofcharge"].value)
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
    ScheduledEvent,
    Trigger,
    UnknownEvent,
    VehicleData,
    VehicleErrorEvent,
    VehicleStateEvent,
    VehicleTrouble,
    VerifyEvent,
)
from carwire_client.receiving.signing import verify

__all__ = [
    "ChargingEvent",
    "DeliveredSignal",
    "DeliveryMeta",
    "DynamicEvent",
    "Event",
    "EventUser",
    "EventVehicle",
    "ScheduledEvent",
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
