"""Deliveries of version 2.0: ``{version, webhookId, eventName, mode, payload}``.

What the vehicles of a ``scheduled`` event look like is written nowhere; they are read as those of ``dynamic``. A
payload of another shape than those known, such as that of diagnostic events, is an `UnknownEvent`. Source: the v2.0
wire contract, section 8.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from carwire_client.answers import Answer
from carwire_client.calls.requests import batch_of
from carwire_client.models.ga.base import member, text_of
from carwire_client.receiving.events import (
    ChargingEvent,
    DeliveryMeta,
    DynamicEvent,
    Event,
    ScheduledEvent,
    UnknownEvent,
    VehicleData,
    VerifyEvent,
)
from carwire_client.receiving.members import Common, demanded, objects
from carwire_client.times import read_moment

_CHARGING: Final = "CHARGING_"
_VEHICLES: Final = {"scheduled": ScheduledEvent, "schedule": ScheduledEvent, "dynamic": DynamicEvent}
_UNTIMED: Final = datetime(1970, 1, 1, tzinfo=UTC)  # only a Retry-After that is a date would be counted from it


def event_of(raw: dict[str, Any], signed: bool, message_id: str | None) -> Event:
    """Return the event. Raises `InvalidDelivery` for a ``verify`` without a challenge and a vehicle without an id."""
    name, payload = text_of(raw.get("eventName")) or "", member(raw, "payload")
    common: Common = {
        "id": text_of(payload.get("eventId")) or message_id,
        "type": name,
        "meta": DeliveryMeta(
            version=text_of(raw.get("version")),
            webhook_id=text_of(raw.get("webhookId")),
            mode=text_of(raw.get("mode")),
        ),
        "raw": raw,
        "signed": signed,
    }
    if name == "verify":
        return VerifyEvent(challenge=demanded(raw, "payload", "challenge"), **common)
    if name in _VEHICLES and isinstance(payload.get("vehicles"), list):
        return _VEHICLES[name](vehicles=tuple(map(_vehicle, objects(payload["vehicles"]))), **common)
    if name == "eventBased" and (text_of(payload.get("eventType")) or "").startswith(_CHARGING):
        return _charging(raw, payload, common)
    return UnknownEvent(**common)


def _charging(raw: dict[str, Any], payload: dict[str, Any], common: Common) -> ChargingEvent:
    return ChargingEvent(
        vehicle_id=demanded(raw, "payload", "vehicleId"),
        event_type=demanded(raw, "payload", "eventType"),
        happened_at=read_moment(payload.get("eventTime")),
        **common,
    )


def _vehicle(row: dict[str, Any]) -> VehicleData:
    request_id, data = text_of(row.get("requestId")), objects(row.get("data"))
    asked = ["/" + path.strip("/") for each in data if (path := text_of(each.get("path")))]
    answer = Answer(200, {"sc-request-id": request_id} if request_id else {}, b"", _UNTIMED)
    return VehicleData(
        vehicle_id=demanded(row, "vehicleId"), request_id=request_id, data=batch_of(data, asked, answer, row)
    )
