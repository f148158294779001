"""What a webhook tells: events. Source: the v3 wire contract, section 12; for version 2.0 the v2.0 one, section 8.

What an event does not say is null, and what is of an unexpected type counts as not said; ids that must be there are
demanded. Words of enumerations are plain text, so that a word added later is no error. Moments are aware, in UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from carwire_client.models.base import Part, _Quiet
from carwire_client.models.batch import Batch
from carwire_client.models.ga.readings import Signal, Trouble
from carwire_client.models.ga.resources import SignalName, VehicleFacts

FIRST_DELIVERY: Final = "FIRST_DELIVERY"
SIGNAL_UPDATED: Final = "SIGNAL_UPDATED"
_SIGNAL: Final = frozenset({"code", "name", "group", "body", "status", "meta"})


class DeliveryMeta(Part, frozen=True, kw_only=True):
    """About a delivery.

    - `version`: ``4.0`` or ``2.0``; null in the form of September 2025, which has neither that nor the webhook
    - `delivery_id`, `delivered_at`: of this attempt; another attempt has others
    - `mode`: ``LIVE``, or ``TEST`` when somebody tried the webhook; in version 2.0 ``live``, ``test`` or ``simulated``
    - `sequence`: a larger one is later; deliveries may overtake each other. First go by `oem_updated_at` of the signal
    - `signal_count`: may differ from how many there are
    """

    version: str | None = None
    application_id: str | None = None
    webhook_id: str | None = None
    webhook_name: str | None = None
    delivery_id: str | None = None
    delivered_at: datetime | None = None
    mode: str | None = None
    sequence: int | None = None
    signal_count: int | None = None


class Event(_Quiet, msgspec.Struct, frozen=True, kw_only=True):
    """Something a webhook tells.

    - `id`: the same on every attempt to deliver it; null where nothing names it
    - `type`: ``VEHICLE_STATE`` and the like, in version 2.0 the name of the event: ``dynamic``
    - `raw`: the whole body as it came
    - `signed`: false for a `VerifyEvent` that came without a signature, and for what a stream told; nothing else is let
      through without
    - `place`: of an event of a stream: after what one goes on later. Null for a delivery
    """

    id: str | None = None
    type: str = ""
    meta: DeliveryMeta = DeliveryMeta()
    raw: dict[str, Any] = msgspec.field(default_factory=dict)
    signed: bool = True
    place: str | None = None

    @property
    def key(self) -> str | None:
        """Tells it from every other event, of other webhooks too; null without an id."""
        return None if self.id is None else f"{self.meta.webhook_id or ''}/{self.id}"


class VerifyEvent(Event, frozen=True, kw_only=True):
    """The server wants to know whether this address is yours: `challenge_answer` has what to answer."""

    challenge: str


class EventUser(Part, frozen=True, kw_only=True):
    """The owner. `external_id` is the application's own word for them."""

    id: str
    external_id: str | None = None


class EventVehicle(VehicleFacts, frozen=True, kw_only=True):
    """The vehicle: make, model, year, powertrain and mode are null where the server does not say."""

    id: str


class DeliveredSignal(Signal[Any], frozen=True, kw_only=True):
    """A signal as it is delivered. `oem_updated_at` is null for what never changes, such as the VIN.

    In the form of September 2025 there is no status: ``UNAVAILABLE`` is then what has no body. The fuel level is still
    a fraction there, without a unit.
    """

    @property
    def extra(self) -> dict[str, Any]:
        """The members that are none of this class."""
        return {name: value for name, value in self.raw.items() if name not in _SIGNAL}


class Trigger(Part, frozen=True, kw_only=True):
    """Why it was sent: ``SIGNAL_UPDATED`` with the signal, ``FIRST_DELIVERY``, or a word added since."""

    type: str
    signal: SignalName | None = None


class VehicleStateEvent(Event, frozen=True, kw_only=True):
    """What a car has said: every signal the webhook sends, changed or not. One that failed has an `error`."""

    user: EventUser
    vehicle: EventVehicle
    signals: tuple[DeliveredSignal, ...]
    triggers: tuple[Trigger, ...] = ()

    @property
    def is_first(self) -> bool:
        """Whether it is the first of a subscription, or of a webhook that was enabled again."""
        return any(each.type == FIRST_DELIVERY for each in self.triggers)

    @property
    def changed(self) -> tuple[str, ...]:
        """The codes of the signals whose change it was sent for."""
        return tuple(each.signal.code for each in self.triggers if each.signal and each.type == SIGNAL_UPDATED)

    def get(self, code: str) -> DeliveredSignal | None:
        """Return the signal of that code; null when it is not among them."""
        return next((each for each in self.signals if each.code == code.lower()), None)

    def __getitem__(self, code: str) -> DeliveredSignal:
        """Return the signal of that code. Raises `KeyError` when it is not among them."""
        found = self.get(code)
        if found is None:
            raise KeyError(code)
        return found


class VehicleTrouble(Trouble, frozen=True, kw_only=True):
    """An error that has begun (`state` is ``ERROR``) or is over (``RESOLVED``).

    `signals` are those it keeps from being read; empty when it is of the whole account.
    """

    state: str | None = None
    suggested_user_message: str | None = None
    doc_url: str | None = None
    signals: tuple[SignalName, ...] = ()

    @property
    def is_resolved(self) -> bool:
        """Whether it is over."""
        return self.state == "RESOLVED"


class VehicleErrorEvent(Event, frozen=True, kw_only=True):
    """Errors of a vehicle that have begun or are over."""

    user: EventUser
    vehicle: EventVehicle
    errors: tuple[VehicleTrouble, ...]


class VehicleData(Part, frozen=True, kw_only=True):
    """What one vehicle answered, in version 2.0: `data.charge()` returns it, or raises its error, as in a batch."""

    vehicle_id: str
    request_id: str | None = None
    data: Batch


class ScheduledEvent(Event, frozen=True, kw_only=True):
    """Version 2.0: what the vehicles of a webhook answered when its time had come."""

    vehicles: tuple[VehicleData, ...]


class DynamicEvent(Event, frozen=True, kw_only=True):
    """Version 2.0: what the vehicles of a webhook answered, more often while they charge."""

    vehicles: tuple[VehicleData, ...]


class ChargingEvent(Event, frozen=True, kw_only=True):
    """Version 2.0: charging has begun or ended.

    `event_type` is ``CHARGING_STARTED``, ``CHARGING_STOPPED``, ``CHARGING_COMPLETED`` or one added since.
    """

    vehicle_id: str
    event_type: str
    happened_at: datetime | None = None


class GapEvent(Event, frozen=True, kw_only=True):
    """Of a stream alone: what followed `after` is kept no more, or not there yet; it goes on behind `goes_on_after`."""

    after: int
    goes_on_after: int


class UnknownEvent(Event, frozen=True, kw_only=True):
    """A kind of event the SDK does not know; everything is in `raw`."""
