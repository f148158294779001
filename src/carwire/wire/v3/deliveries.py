"""Deliveries of payload version 4.0: ``VERIFY``, ``VEHICLE_STATE`` and ``VEHICLE_ERROR``, byte by byte.

A delivery is written once, as ``JSON.stringify`` writes it. The two members that are new with each attempt,
``deliveryId`` and ``deliveredAt``, are put in at its slot by `fill`. Source: the wire contract, section 12, the live
form; `previousSequence`, an error's `sequence` and the thin form are ours.

Nothing is told of signals the owner has not granted, not even that they changed. A state that would be larger than
`MAX_BODY` is told thin: each signal with a link instead of its body.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

import msgspec

from carwire.core.events import Event, Failure
from carwire.core.outbox import DeliveryKind, Frozen, delivery_id
from carwire.core.signals.catalogue import Signal, signals
from carwire.core.signals.reading import Problem, Reading
from carwire.core.signals.units import UnitSystem
from carwire.core.triggers import Trigger
from carwire.core.vehicles import Vehicle
from carwire.core.webhooks import Subscription, Webhook
from carwire.wire.signing import stringify
from carwire.wire.v3.envelope import View
from carwire.wire.v3.errors import about
from carwire.wire.v3.kinds import BY_KIND
from carwire.wire.v3.signals import body_of
from carwire.wire.v3.vehicles import vehicle_path

Answers = Mapping[str, Reading | Problem]
Json = dict[str, object]

VERSION: Final = "4.0"
STATE: Final[DeliveryKind] = "VEHICLE_STATE"
ERROR: Final[DeliveryKind] = "VEHICLE_ERROR"
MAX_BODY: Final = 256 * 1024  # bytes, as sent
# Kinds of problems that are told when they begin and end; others come and go with single requests.
TOLD: Final = frozenset(
    {
        *(
            f"CONNECTED_SERVICES_ACCOUNT:{code}"
            for code in (
                "ACCOUNT_ISSUE",
                "AUTHENTICATION_FAILED",
                "PERMISSION",
                "SUBSCRIPTION",
                "VIRTUAL_KEY_REQUIRED",
            )
        ),
        *(f"VEHICLE_STATE:{code}" for code in ("ASLEEP", "REMOTE_ACCESS_DISABLED", "UNREACHABLE")),
        *(f"COMPATIBILITY:{code}" for code in ("MAKE_NOT_COMPATIBLE", "SMARTCAR_NOT_CAPABLE", "VEHICLE_NOT_CAPABLE")),
        "PERMISSION",
    }
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_FIRST: Final = "FIRST_DELIVERY"
_NOT_GRANTED: Final[Json] = {"value": "ERROR", "error": {"type": "PERMISSION", "code": None}}
_UNAVAILABLE: Final[Json] = {"value": "UNAVAILABLE"}


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What a state says besides its signals. `fired` are the codes whose change it tells. A null webhook is for a
    stream.
    """

    vehicle: Vehicle
    event: Event
    webhook: Webhook | None
    fired: tuple[str, ...]
    first: bool = False
    previous: int | None = None
    test: bool = False

    @property
    def newer(self) -> bool:
        """Whether the newer places are wanted besides."""
        return self.webhook is not None and self.webhook.form.newer_triggers


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
    """Write the state of a vehicle: all signals of the webhook, as they were answered. Null for an event with changes
    of which none fired. `test` marks one that somebody asked for to try the webhook.
    """
    vehicle = subscription.vehicle
    changed = tuple(dict.fromkeys(trigger.code for trigger in fired if _is_granted(trigger.code, vehicle)))
    if event.kind == "changed" and not changed:
        return None
    state = _State(
        vehicle=vehicle,
        event=event,
        webhook=webhook,
        fired=changed,
        first=subscription.first or event.kind == "first",
        previous=subscription.sequence,
        test=test,
    )
    return _bounded(state, webhook.signals, answers, webhook.form.unit_system, base_url)


def live_body(
    vehicle: Vehicle, event: Event, answers: Answers, *, base_url: str, system: UnitSystem = "metric"
) -> Frozen | None:
    """Write an event for a stream: a state without a webhook that holds the signals that changed. Null where none of
    them is granted.

    `answers` are those of the event's moment. What they lack is written as the event tells it, without the car's time.
    """
    granted = [change for change in event.changes if _is_granted(change.code, vehicle)]
    if not granted:
        return None
    found = {c.code: answers.get(c.code) or Reading(c.new, None, None, None, event.at, "") for c in granted}
    state = _State(vehicle=vehicle, event=event, webhook=None, fired=tuple(found))
    return _bounded(state, tuple(found), found, system, base_url)


def error_body(
    webhook: Webhook, subscription: Subscription, event: Event, *, base_url: str, test: bool = False
) -> Frozen | None:
    """Write which problems began and which are over, as far as they are of a kind in `TOLD` and about signals of the
    webhook. Null where nothing remains.
    """
    return _errors(subscription.vehicle, event, webhook, webhook.codes, base_url=base_url, test=test)


def live_error_body(vehicle: Vehicle, event: Event, *, base_url: str) -> Frozen | None:
    """Write which problems of granted signals began and which are over, for a stream. Null where nothing remains."""
    codes = [code for failure in event.failures for code in failure.codes]
    return _errors(vehicle, event, None, codes, base_url=base_url)


def verify_body(webhook: Webhook, challenge: str, attempt_id: str, at: datetime) -> bytes:
    """Write the question whether whoever answers at the webhook's URL knows the application's management token. The
    same challenge is the same event.
    """
    meta = {"version": VERSION, "webhookId": webhook.id, "webhookName": webhook.name, **_attempt(attempt_id, at)}
    event_id = str(uuid5(UUID(webhook.id), challenge))
    return stringify({"eventId": event_id, "eventType": "VERIFY", "data": {"challenge": challenge}, "meta": meta})


def fill(frozen: Frozen, attempt_id: str, at: datetime) -> bytes:
    """Return the bytes of one attempt: with its id and moment, where a delivery has a place for them."""
    if frozen.slot is None:
        return frozen.body
    members = stringify(_attempt(attempt_id, at))[1:-1] + b","
    return frozen.body[: frozen.slot] + members + frozen.body[frozen.slot :]


def _bounded(state: _State, codes: Sequence[str], answers: Answers, system: UnitSystem, base_url: str) -> Frozen:
    rows = [_signal(signals()[code], answers.get(code), state, system) for code in dict.fromkeys(codes)]
    whole = _written(state, rows)
    if len(whole.body) + _ATTEMPT_SIZE <= MAX_BODY:
        return whole
    path = View(generation="ga", base_url=base_url).link(f"{vehicle_path(state.vehicle.id)}/signals")
    return _written(state, [_thin(row, path) for row in rows])


def _written(state: _State, rows: Sequence[Json]) -> Frozen:
    vehicle, event, webhook = state.vehicle, state.event, state.webhook
    data: Json = {
        "user": {"id": vehicle.user_id, "externalId": vehicle.external_id},
        "vehicle": _vehicle(vehicle),
        "signals": rows,
    }
    if state.newer:
        data["triggers"] = [*([{"code": _FIRST}] if state.first else []), *map(_name, state.fired)]
    body: Json = {
        # Of a stream the application stands for the webhook, so that two of them do not see the same id.
        "eventId": delivery_id(event, webhook.id if webhook else vehicle.client_id, vehicle.user_id, STATE),
        "eventType": STATE,
        **({"vehicleId": vehicle.id} if state.newer else {}),
        "data": data,
        "triggers": [
            *([{"type": _FIRST}] if state.first else []),
            *({"type": "SIGNAL_UPDATED", "signal": _name(code, first="name")} for code in state.fired),
        ],
    }
    head: Json = {
        "version": VERSION,
        "applicationId": vehicle.client_id,
        "webhookId": webhook.id if webhook else None,
        "webhookName": webhook.name if webhook else None,
    }
    tail = {"mode": _mode(test=state.test), "sequence": event.sequence, "signalCount": len(rows)}
    return _frozen(body, head, {**tail, "previousSequence": state.previous})


def _signal(signal: Signal, answer: Reading | Problem | None, state: _State, system: UnitSystem) -> Json:
    """Write one signal. What failed has neither body nor times, like what nobody has answered yet."""
    row: Json = {"code": signal.code, "name": signal.name, "group": signal.group}
    if not _is_granted(signal.code, state.vehicle):
        return {**row, "status": _NOT_GRANTED}
    if isinstance(answer, Problem):
        kind = BY_KIND[answer.kind]
        return {**row, "status": {"value": "ERROR", "error": {"type": kind.type, "code": kind.code}}}
    body = body_of(signal, answer, system)
    if answer is None or not body:
        return {**row, "status": _UNAVAILABLE}
    return {**row, "body": body, "status": {"value": "SUCCESS"}, "meta": _times(signal, answer, newer=state.newer)}


def _times(signal: Signal, reading: Reading, *, newer: bool) -> Json:
    """Epoch milliseconds: 0 for what never changes. The car's own are left out where nobody tells them."""
    if signal.kind == "attribute":
        updated_at: int | None = 0
        fetched_at = 0
    else:
        told = reading.measured_at or reading.maker_at
        updated_at, fetched_at = None if told is None else _epoch_ms(told), _epoch_ms(reading.fetched_at)
    times: Json = {} if updated_at is None else {"oemUpdatedAt": updated_at}
    return {**times, "retrievedAt": fetched_at, **({"fetchedAt": fetched_at} if newer else {})}


def _thin(row: Json, path: str) -> Json:
    if "body" not in row:
        return row
    return {**{name: each for name, each in row.items() if name != "body"}, "links": {"self": f"{path}/{row['code']}"}}


def _errors(
    vehicle: Vehicle, event: Event, webhook: Webhook | None, codes: Iterable[str], *, base_url: str, test: bool = False
) -> Frozen | None:
    wanted = {code for code in codes if _is_granted(code, vehicle)}
    errors = [row for failure in event.failures if (row := _error(failure, wanted, base_url))]
    if not errors:
        return None
    body: Json = {
        "eventId": delivery_id(event, webhook.id if webhook else vehicle.client_id, vehicle.user_id, ERROR),
        "eventType": ERROR,
        "data": {"user": {"id": vehicle.user_id}, "vehicle": _vehicle(vehicle), "errors": errors},
    }
    head: Json = {
        "version": VERSION,
        "webhookId": webhook.id if webhook else None,
        "webhookName": webhook.name if webhook else None,
    }
    return _frozen(body, head, {"mode": _mode(test=test), "sequence": event.sequence})


def _error(failure: Failure, wanted: Iterable[str], base_url: str) -> Json | None:
    codes = [code for code in failure.codes if code in wanted]
    if failure.kind not in TOLD or (failure.codes and not codes):
        return None
    kind = BY_KIND[failure.kind]
    row: Json = {"type": kind.type, "code": kind.code, "state": failure.state, "description": kind.detail}
    if failure.state == "ERROR":
        row |= {
            "suggestedUserMessage": kind.advice,
            "docURL": about(kind, base_url),
            "resolution": {"type": kind.resolution},
        }
    return {**row, "signals": [_name(code) for code in codes]} if codes else row


def _frozen(body: Json, head: Json, tail: Json) -> Frozen:
    """Write a body whose meta has its slot between `head` and `tail`."""
    start = stringify({**body, "meta": head})[:-2] + b","
    return Frozen(start + stringify(tail)[1:] + b"}", len(start))


def _attempt(attempt_id: str, at: datetime) -> Json:
    return {"deliveryId": attempt_id, "deliveredAt": _epoch_ms(at)}


def _vehicle(vehicle: Vehicle) -> Json:
    car = vehicle.car
    return {
        "id": vehicle.id,
        "make": car.make,
        "model": car.model,
        "year": car.year,
        "mode": vehicle.mode,
        "powertrainType": car.powertrain,
    }


def _name(code: str, first: str = "code") -> Json:
    """Write what a signal is called; the contract's order differs by place."""
    signal = signals()[code]
    names: Json = {"code": signal.code, "name": signal.name, "group": signal.group}
    return {first: names[first], **names}


def _is_granted(code: str, vehicle: Vehicle) -> bool:
    return signals()[code].permission in vehicle.permissions


def _mode(*, test: bool) -> str:
    return "TEST" if test else "LIVE"


def _epoch_ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MS


# What `fill` adds at most: a UUID, and the last moment there is.
_ATTEMPT_SIZE: Final = len(stringify(_attempt("0" * 36, datetime.max.replace(tzinfo=UTC)))) - 1
