"""Deliveries of payload version 2.0: ``verify``, ``dynamic``, ``scheduled`` and ``eventBased``.

A delivery holds the answers of the v2.0 reads that the webhook's signals belong to, as a batch would have them; nothing
in it differs between attempts. Source: the wire contract, section 8. Ours: the item of a read that is refused has the
headers of a batch's, and one that would make a delivery larger than `MAX_BODY` says where to read it.

A webhook that has triggers on charging alone, and no signals, is *event-based*: it hears that charging began, stopped
or was completed. When a car stops because it is full, that is one delivery, and completed is what it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID, uuid5

import msgspec

from carwire.core.events import Event
from carwire.core.outbox import Frozen, delivery_id
from carwire.core.signals.catalogue import signals
from carwire.core.signals.obstacles import Obstacle
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.core.triggers import Trigger
from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import Subscription, Webhook
from carwire.kit.clock import timestamp
from carwire.wire.signing import stringify
from carwire.wire.v2.batch import BatchResponse, failure, success
from carwire.wire.v2.errors import ErrorBody, capacities_detail, error_body, problem_body
from carwire.wire.v2.kinds import PERMISSION, TOO_LARGE
from carwire.wire.v2.makes import MAKE_READS
from carwire.wire.v2.readings import Context
from carwire.wire.v2.static import STATIC_ENDPOINTS, StaticEndpoint
from carwire.wire.v2.vehicles import ENDPOINTS, Endpoint, headers

Answers = Mapping[str, Reading | Problem]
EventType = Literal["CHARGING_STARTED", "CHARGING_STOPPED", "CHARGING_COMPLETED"]

VERSION: Final = "2.0"
MAX_BODY: Final = 256 * 1024  # bytes
IS_CHARGING: Final = "charge-ischarging"
CHARGING_STATUS: Final = "charge-detailedchargingstatus"
_CHARGING: Final = frozenset({IS_CHARGING, CHARGING_STATUS})
_CHARGE_EVENTS: Final = "read_charge_events"
_HISTORY: Final = timedelta(days=365)  # as far back as a read that names no dates goes
_ELSEWHERE: Final = "This is too large for a delivery. It can be read at {url}"
_END: Final = b"]}]}}"  # what follows the last item


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the items of one delivery are written from."""

    vehicle: Vehicle
    answers: Answers
    context: Context
    request_id: str
    base_url: str


def state_body(
    webhook: Webhook,
    subscription: Subscription,
    event: Event,
    answers: Answers,
    fired: Sequence[Trigger],
    *,
    base_url: str,
    test: bool = False,
) -> Frozen | None:
    """Write what a webhook is told of an event. Null when that is nothing."""
    vehicle, mode = subscription.vehicle, "test" if test else subscription.vehicle.mode
    if is_event_based(webhook):
        payload = _charging(webhook, vehicle, event, fired)
        return Frozen(stringify({**_envelope(webhook, "eventBased", mode), "payload": payload})) if payload else None
    if event.kind == "changed" and not any(signals()[each.code].permission in vehicle.permissions for each in fired):
        return None  # a change of what is not granted is not told either
    # One that is told by the clock alone knows no other name, the first time either.
    clocked = event.kind == "scheduled" or not webhook.triggers
    envelope = _envelope(webhook, webhook.form.event_name if clocked else "dynamic", mode)
    return Frozen(_reads(envelope, webhook, _told(webhook, vehicle, event, answers, base_url)))


def verify_body(webhook: Webhook, challenge: str) -> bytes:
    """Write the question whether whoever answers at the webhook's URL knows the application's management token."""
    return stringify({**_envelope(webhook, "verify", None), "payload": {"challenge": challenge}})


def is_event_based(webhook: Webhook) -> bool:
    """Tell whether a webhook hears of charging events instead of what reads say."""
    return bool(webhook.triggers) and not webhook.signals and {each.code for each in webhook.triggers} <= _CHARGING


def event_type(event: Event, fired: Sequence[Trigger]) -> EventType | None:
    """Return which charging event the fired triggers' changes are; null for none."""
    codes = {trigger.code for trigger in fired}
    changed = {change.code: change.new for change in event.changes if change.code in codes}
    if changed.get(CHARGING_STATUS) == "FULLY_CHARGED":
        return "CHARGING_COMPLETED"
    match changed.get(IS_CHARGING):
        case True:
            return "CHARGING_STARTED"
        case False:
            return "CHARGING_STOPPED"
    return None


def _envelope(webhook: Webhook, name: str, mode: str | None) -> dict[str, object]:
    envelope = {"version": VERSION, "webhookId": webhook.id, "eventName": name}
    return {**envelope, **({"mode": mode} if mode else {})}


def _charging(webhook: Webhook, vehicle: Vehicle, event: Event, fired: Sequence[Trigger]) -> dict[str, object] | None:
    """Charging events have a permission of their own."""
    found = event_type(event, fired)
    if found is None or _CHARGE_EVENTS not in vehicle.permissions:
        return None
    return {
        "eventId": delivery_id(event, webhook.id, vehicle.user_id, "VEHICLE_STATE"),
        "vehicleId": vehicle.id,
        "eventType": found,
        "eventTime": timestamp(event.at),
    }


def _told(webhook: Webhook, vehicle: Vehicle, event: Event, answers: Answers, base_url: str) -> _Told:
    context = Context(
        now=event.at,
        system=webhook.form.unit_system,
        capacity_kwh=vehicle.capacity_kwh,
        starts_at=event.at - _HISTORY,
        ends_at=event.at,
        vehicle=vehicle,
    )
    own = UUID(delivery_id(event, webhook.id, vehicle.user_id, "VEHICLE_STATE"))
    return _Told(
        vehicle=vehicle, answers=answers, context=context, request_id=str(uuid5(own, "request")), base_url=base_url
    )


def _reads(envelope: dict[str, object], webhook: Webhook, told: _Told) -> bytes:
    """Write the items into the envelope. Errors take the place of the largest until all is small enough."""
    vehicle = {"vehicleId": told.vehicle.id, "requestId": told.request_id, "data": []}
    frame = stringify({**envelope, "payload": {"vehicles": [vehicle]}})
    rows = list(endpoints(webhook.signals or webhook.codes, told.vehicle))
    items = [_written(_item(row, told)) for row in rows]
    room = MAX_BODY - len(frame) - len(items)
    for index in sorted(range(len(items)), key=lambda index: len(items[index]), reverse=True):
        if sum(map(len, items)) <= room:
            break
        items[index] = _written(_elsewhere(rows[index], told))
    return frame[: -len(_END)] + b",".join(items) + _END


def endpoints(codes: Iterable[str], vehicle: Vehicle) -> Iterator[Endpoint | StaticEndpoint]:
    """Yield the reads that signals belong to. Those of a make are there for what no other read tells."""
    wanted = set(codes)
    yield from (row for row in STATIC_ENDPOINTS.values() if any(signals()[c].v2_endpoint == row.path for c in wanted))
    general = [row for row in ENDPOINTS.values() if any(_belongs(code, row) for code in wanted)]
    yield from general
    left = {code for code in wanted if not any(_belongs(code, row) for row in general)}
    make = vehicle.car.make.lower()
    yield from (row for (of, _), row in MAKE_READS.items() if of == make and not left.isdisjoint(row.codes))


def needs(webhook: Webhook) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the signals that have to be read beside those a webhook names, as its reads are made of them, whatever
    make a car is of; and those it wants told that no read tells.
    """
    if is_event_based(webhook):
        return (), ()
    codes = webhook.signals or webhook.codes
    general = [row for row in ENDPOINTS.values() if any(_belongs(code, row) for code in codes)]
    left = [code for code in codes if not any(_belongs(code, row) for row in general)]
    of_makes = [row for row in MAKE_READS.values() if not set(row.codes).isdisjoint(left)]
    read = dict.fromkeys(code for row in (*general, *of_makes) for code in row.codes)
    besides = tuple(code for code in read if code not in webhook.codes)
    return besides, tuple(code for code in left if code not in read and not _is_static(code))


def _is_static(code: str) -> bool:
    return any(signals()[code].v2_endpoint == row.path for row in STATIC_ENDPOINTS.values())


def _belongs(code: str, row: Endpoint) -> bool:
    return code in row.codes or signals()[code].v2_endpoint == row.path


def _item(row: Endpoint | StaticEndpoint, told: _Told) -> BatchResponse:
    """Answer one read as a batch would."""
    if row.permission not in told.vehicle.permissions:
        return failure(row.path, error_body(PERMISSION, request_id=told.request_id, base_url=told.base_url))
    if isinstance(row, StaticEndpoint):
        return success(row.path, row.body(told.vehicle), ())
    snapshot = _snapshot(row, told)
    try:
        return success(row.path, row.body(snapshot, told.context), headers(snapshot, row, told.context.system))
    except Obstacle as obstacle:
        return failure(row.path, _problem(obstacle, told))


def _snapshot(row: Endpoint, told: _Told) -> Snapshot:
    """What was not answered, since the webhook need not name all signals of a read, failed as the others did."""
    found = [told.answers[code] for code in row.codes if code in told.answers]
    none = Problem("UPSTREAM:NO_RESPONSE", told.context.now)
    lacking = next((each for each in found if isinstance(each, Problem)), none)
    return Snapshot(told.vehicle.car.vin, {code: told.answers.get(code, lacking) for code in row.codes})


def _problem(obstacle: Obstacle, told: _Told) -> ErrorBody:
    return problem_body(
        obstacle.problem,
        request_id=told.request_id,
        base_url=told.base_url,
        application="",  # its name is not at hand, so owners get no advice
        client_id=told.vehicle.client_id,
        vehicle_id=told.vehicle.id,
        detail=capacities_detail(obstacle.capacities),
    )


def _elsewhere(row: Endpoint | StaticEndpoint, told: _Told) -> BatchResponse:
    url = f"{told.base_url}/v2.0/vehicles/{told.vehicle.id}{row.path}"
    kind = msgspec.structs.replace(TOO_LARGE, description=_ELSEWHERE.format(url=url))
    return failure(row.path, error_body(kind, request_id=told.request_id, base_url=told.base_url))


def _written(item: BatchResponse) -> bytes:
    return stringify(msgspec.to_builtins(item))
