"""From the body of a delivery to its event, in every form that was sent yet.

Version 4.0 has had three: that of September 2025, the one sent now, and the one newer documentation shows. They differ
in where triggers stand and in the names of a few members; each is read wherever it is met. Source: the v3 wire
contract, sections 12.3 to 12.5 and 12.7.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from carwire_client.errors import RECEIVED_AT_MOST, InvalidDelivery
from carwire_client.models.ga.base import member, text_of
from carwire_client.models.ga.readings import SUCCESS, Remedy, Trouble
from carwire_client.models.ga.resources import SignalName
from carwire_client.receiving import older
from carwire_client.receiving.events import (
    SIGNAL_UPDATED,
    DeliveredSignal,
    DeliveryMeta,
    Event,
    EventUser,
    EventVehicle,
    Trigger,
    UnknownEvent,
    VehicleErrorEvent,
    VehicleStateEvent,
    VehicleTrouble,
    VerifyEvent,
)
from carwire_client.receiving.members import Common, demanded, objects, whole
from carwire_client.times import read_moment

UNAVAILABLE: Final = "UNAVAILABLE"
# What a backslash begins: a pair of surrogates, half of one, or anything else.
_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def read_event(body: bytes, *, signed: bool, message_id: str | None = None) -> Event:
    """Read a delivery. Raises `InvalidDelivery` for what is no JSON object, or lacks an id that must be there.

    `message_id` was signed along with the body; it is the event's id where the body names none.
    """
    try:
        raw = _decoded(body)
        if not isinstance(raw, dict):
            raise InvalidDelivery("The delivery is no JSON object", received=body[:RECEIVED_AT_MOST])
        return _event(raw, signed, message_id)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidDelivery("The delivery cannot be read as JSON", received=body[:RECEIVED_AT_MOST]) from None


def _decoded(body: bytes) -> Any:
    """Decode JSON. Half a character, which JavaScript writes when it cuts a text, becomes U+FFFD."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        mended = _ESCAPE.sub(lambda found: b"\\ufffd" if found["half"] else found[0], body)
        if mended == body:
            raise
        return msgspec.json.decode(mended)


def _event(raw: dict[str, Any], signed: bool, message_id: str | None) -> Event:
    if "eventType" not in raw and "eventName" in raw:
        return older.event_of(raw, signed, message_id)
    kind = text_of(raw.get("eventType"))
    common: Common = {
        "id": text_of(raw.get("eventId")) or message_id,
        "type": kind or "",
        "meta": _meta(member(raw, "meta")),
        "raw": raw,
        "signed": signed,
    }
    return _KINDS.get(kind or "", _unknown)(raw, common)


def _verify(raw: dict[str, Any], common: Common) -> Event:
    return VerifyEvent(challenge=demanded(raw, "data", "challenge"), **common)


def _state(raw: dict[str, Any], common: Common) -> Event:
    data = member(raw, "data")
    signals = data.get("signals")
    if not isinstance(signals, list):
        raise InvalidDelivery("VEHICLE_STATE: data.signals is no list")
    triggers = objects(raw.get("triggers")) or objects(data.get("triggers"))
    return VehicleStateEvent(
        user=_user(raw),
        vehicle=_vehicle(raw),
        signals=tuple(map(_signal, objects(signals))),
        triggers=tuple(trigger for each in triggers if (trigger := _trigger(each))),
        **common,
    )


def _error(raw: dict[str, Any], common: Common) -> Event:
    found = objects(member(raw, "data").get("errors"))
    return VehicleErrorEvent(user=_user(raw), vehicle=_vehicle(raw), errors=tuple(map(_trouble, found)), **common)


def _unknown(raw: dict[str, Any], common: Common) -> Event:
    return UnknownEvent(**common)


_KINDS: Final[Mapping[str, Callable[[dict[str, Any], Common], Event]]] = {
    "VERIFY": _verify,
    "VEHICLE_STATE": _state,
    "VEHICLE_ERROR": _error,
}


def _meta(meta: dict[str, Any]) -> DeliveryMeta:
    return DeliveryMeta(
        version=text_of(meta.get("version")),
        application_id=text_of(meta.get("applicationId")),
        webhook_id=text_of(meta.get("webhookId")),
        webhook_name=text_of(meta.get("webhookName")),
        delivery_id=text_of(meta.get("deliveryId")),
        delivered_at=read_moment(meta.get("deliveredAt") or meta.get("deliveryTime")),
        mode=text_of(meta.get("mode")),
        sequence=whole(meta.get("sequence")),
        signal_count=whole(meta.get("signalCount")),
    )


def _user(raw: dict[str, Any]) -> EventUser:
    user = member(member(raw, "data"), "user")
    return EventUser(id=demanded(raw, "data", "user", "id"), external_id=text_of(user.get("externalId")))


def _vehicle(raw: dict[str, Any]) -> EventVehicle:
    vehicle = member(member(raw, "data"), "vehicle")
    return EventVehicle(
        id=text_of(vehicle.get("id")) or demanded(raw, "vehicleId", instead_of="data.vehicle.id"),
        make=text_of(vehicle.get("make")),
        model=text_of(vehicle.get("model")),
        year=whole(vehicle.get("year")),
        powertrain_type=text_of(vehicle.get("powertrainType")),
        mode=text_of(vehicle.get("mode")),
    )


def _signal(raw: Mapping[str, Any]) -> DeliveredSignal:
    name = _signal_name(raw)
    if name is None:
        raise InvalidDelivery("A signal has no code")
    meta, body, status = member(raw, "meta"), raw.get("body"), raw.get("status")
    told = status if isinstance(status, dict) else {"value": status}
    error = told.get("error")
    return DeliveredSignal(
        id=name.code,
        code=name.code,
        name=name.name,
        group=name.group,
        status=text_of(told.get("value")) or (SUCCESS if body is not None else UNAVAILABLE),
        error=_plain_trouble(error) if isinstance(error, dict) else None,
        body=body if isinstance(body, dict) else {},
        ingested_at=read_moment(meta.get("ingestedAt") or None),
        retrieved_at=read_moment(meta.get("retrievedAt") or meta.get("fetchedAt") or None),
        oem_updated_at=read_moment(meta.get("oemUpdatedAt") or None),  # 0 where it never changes
        raw=raw,
    )


def _signal_name(value: object) -> SignalName | None:
    """Read what names a signal: an object, its code, or ``Group.Name``, from which the code follows."""
    if isinstance(value, str) and value:
        before, dot, after = value.partition(".")
        return SignalName(f"{before}-{after}".lower(), before, after) if dot else SignalName(value)
    if not isinstance(value, dict):
        return None
    group, name = text_of(value.get("group")), text_of(value.get("name"))
    code = text_of(value.get("code")) or (f"{group}-{name}".lower() if group and name else None)
    return SignalName(code, group, name) if code else None


def _trigger(raw: Mapping[str, Any]) -> Trigger | None:
    """Read a trigger: ``{type, signal}``, or in the newer form the signal alone, or ``{code: FIRST_DELIVERY}``."""
    kind = text_of(raw.get("type"))
    if kind:
        return Trigger(type=kind, signal=_signal_name(raw.get("signal")))
    name = _signal_name(raw)
    if name is None:
        return None
    is_signal = name.name is not None or name.group is not None or "-" in name.code
    return Trigger(type=SIGNAL_UPDATED, signal=name) if is_signal else Trigger(type=name.code)


def _plain_trouble(raw: Mapping[str, Any]) -> Trouble:
    return Trouble(**_words(raw), resolution=_remedy(raw))


def _trouble(raw: Mapping[str, Any]) -> VehicleTrouble:
    signals = raw.get("signals")
    return VehicleTrouble(
        **_words(raw),
        resolution=_remedy(raw),
        state=text_of(raw.get("state")),
        suggested_user_message=text_of(raw.get("suggestedUserMessage")),
        doc_url=text_of(raw.get("docURL")),
        signals=tuple(filter(None, map(_signal_name, signals if isinstance(signals, list) else ()))),
    )


def _words(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: text_of(raw.get(name)) for name in ("type", "code", "title", "detail", "description")}


def _remedy(raw: Mapping[str, Any]) -> Remedy | None:
    """Read who can do something: an object, or a word as errors of answers have had it."""
    found = raw.get("resolution")
    told = found if isinstance(found, dict) else {"type": found}
    return Remedy(text_of(told.get("type"))) if isinstance(found, dict | str) else None
