"""What goes in and out of ``/v1/webhooks``: bodies, queries, and how they are read and written."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.outbox import Attempt, Delivery, DeliveryFilter, DeliveryKind, DeliveryState, Standing
from carwire.core.signals.catalogue import signals
from carwire.core.signals.units import UnitSystem
from carwire.core.triggers import MAX_COOL_DOWN_S, Condition, Trigger
from carwire.core.webhooks import DEFAULT_CONCURRENCY, MAX_CONCURRENCY, Every, Form, Halt, Version, Webhook
from carwire.http.door import is_uuid
from carwire.kit.urls import MAX_URL
from carwire.services.webhooks.managing import MAX_NAME, MAX_OVERLAP, OVERLAP, Wanted
from carwire.services.webhooks.verifying import Verified

MAX_PAGE: Final = 500  # deliveries
_HOUR: Final = timedelta(hours=1)
_MAX_VALUE: Final = 200  # characters
_Code = Annotated[str, Meta(extra_json_schema={"enum": sorted(signals())})]
_Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME, description="Printable characters.")]
_Url = Annotated[
    str,
    Meta(
        max_length=MAX_URL,
        description="http or https, without a user's name or a fragment.",
        extra_json_schema={"format": "uri", "pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://[^@#\\ ]+$"},
    ),
]
_Moment = Annotated[datetime, Meta(tz=True)]


class WebhookTrigger(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A signal and which of its changes are told: each, or one to or from `value`, or past `value` upwards or
    downwards, in the canonical unit. After it has fired it rests for `cool_down_s` seconds, per car and owner.
    """

    code: _Code
    condition: Condition = "changes"
    value: bool | float | Annotated[str, Meta(max_length=_MAX_VALUE)] | None = None
    cool_down_s: Annotated[int, Meta(ge=0, le=MAX_COOL_DOWN_S)] = 0


class WebhookForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a webhook is told. `every`: all signals at each of these intervals, beside the triggers. `event_name` is what
    version 2.0 calls that. `newer_triggers` adds the newer place of triggers and times to 4.0. `concurrency` is how
    many requests it gets at once.
    """

    unit_system: UnitSystem = "metric"
    every: Every | None = None
    event_name: Literal["scheduled", "schedule"] = "scheduled"
    newer_triggers: bool = False
    concurrency: Annotated[int, Meta(ge=1, le=MAX_CONCURRENCY)] = DEFAULT_CONCURRENCY


class NewWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A webhook that is wanted. `triggers` say whose changes are told, `signals` what is told then. Errors go to `url`
    unless `error_url` names another place. `auto_subscribe`: every live vehicle, now and later.
    """

    name: _Name
    url: _Url
    error_url: _Url | None = None
    triggers: tuple[WebhookTrigger, ...] = ()
    signals: tuple[_Code, ...] = ()
    auto_subscribe: bool = False
    version: Version = "4.0"
    form: WebhookForm = WebhookForm()


class WebhookChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be otherwise; what is left out stays. A `form` is given whole."""

    name: _Name | UnsetType = UNSET
    url: _Url | UnsetType = UNSET
    error_url: _Url | UnsetType | None = UNSET
    triggers: tuple[WebhookTrigger, ...] | UnsetType = UNSET
    signals: tuple[_Code, ...] | UnsetType = UNSET
    auto_subscribe: bool | UnsetType = UNSET
    version: Version | UnsetType = UNSET
    form: WebhookForm | UnsetType = UNSET


class OwnWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook. `state` is ``active``, or why it is told nothing: nobody has proved that the URL is theirs, it was
    paused, its receiver answered 410, or failed for five days.
    """

    id: str
    name: str
    url: str
    error_url: str | None
    triggers: tuple[WebhookTrigger, ...]
    signals: tuple[str, ...]
    auto_subscribe: bool
    version: Version
    form: WebhookForm
    state: Literal["active"] | Halt
    failing_since: datetime | None
    created_at: datetime


class WebhookStanding(OwnWebhook, frozen=True, kw_only=True):
    """A webhook, and how far it is behind: deliveries that wait, since when the oldest does, and those given up."""

    waiting: int
    oldest_at: datetime | None
    dead: int


class OwnWebhooks(msgspec.Struct, frozen=True):
    """All webhooks of the application, oldest first."""

    webhooks: tuple[OwnWebhook, ...]


class Verification(msgspec.Struct, frozen=True):
    """What came of asking the receiver to prove itself. `objection` says why it has not, null when it has; `problem` is
    one word for it where there was no good answer at all, `status` the answer's.
    """

    verified: bool
    objection: str | None
    problem: str | None
    status: int | None
    seconds: float


class MadeWebhook(msgspec.Struct, frozen=True):
    """A webhook just made. Its `secret` is shown this once."""

    webhook: OwnWebhook
    secret: str
    verification: Verification


class CheckedWebhook(msgspec.Struct, frozen=True):
    """A webhook, and what came of verification; null where that was not called for."""

    webhook: OwnWebhook
    verification: Verification | None


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For how long the secret of before goes on to sign beside the new one."""

    overlap_hours: Annotated[float, Meta(ge=0, le=MAX_OVERLAP / _HOUR)] = OVERLAP / _HOUR


class RotatedSecret(msgspec.Struct, frozen=True):
    """The new secret, shown this once, and when the one of before ends."""

    secret: str
    former_until: datetime


class Replay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which deliveries that have ended are sent once more: one, or those made from `since` on, before `until`; with
    `failed_only` such as were given up. With `dry_run` they are counted.
    """

    delivery_id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})] | None = None
    since: _Moment | None = None
    until: _Moment | None = None
    failed_only: bool = False
    dry_run: bool = False


class Replayed(msgspec.Struct, frozen=True):
    """How many deliveries are sent once more, or would be."""

    count: int
    dry_run: bool


class DeliveriesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which deliveries."""

    state: Annotated[DeliveryState, Meta(description="How far they are.")] | None = None
    since: Annotated[datetime, Meta(tz=True, description="Made then or later.")] | None = None
    until: Annotated[datetime, Meta(tz=True, description="Made before.")] | None = None
    vehicle_id: (
        Annotated[str, Meta(max_length=100, description="About this vehicle.", extra_json_schema={"format": "uuid"})]
        | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=MAX_PAGE, description="Deliveries of a page.")] = 100
    before: (
        Annotated[
            str,
            Meta(
                max_length=100,
                description="Those after this one, the last of a page.",
                extra_json_schema={"format": "uuid"},
            ),
        ]
        | None
    ) = None


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery. `id` is what the receiver knows as the event's; `attempts` counts those since it was made or
    replayed, `next_at` is when the next is due, null once it has ended; `status` and `problem` are of the last one.
    """

    id: str
    vehicle_id: str
    user_id: str
    kind: DeliveryKind
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_at: datetime | None
    status: int | None
    problem: str | None


class DeliveryPage(msgspec.Struct, frozen=True):
    """Deliveries, newest first. `before` leads to the next page, null on the last."""

    deliveries: tuple[DeliveryRow, ...]
    before: str | None


class AttemptRow(msgspec.Struct, frozen=True):
    """One request and what came of it. `id` is what the receiver knows as the delivery's; `answer` is how the
    receiver's began, at most 1 KiB, only where it was a failure.
    """

    id: str
    number: int
    at: datetime
    seconds: float
    status: int | None
    problem: str | None
    detail: str | None
    answer: str | None


class DeliveryLog(DeliveryRow, frozen=True, kw_only=True):
    """A delivery with every attempt at it, oldest first. `body` is what the last one sent, null before the first."""

    body: str | None
    tries: tuple[AttemptRow, ...]


def wanted_of(given: NewWebhook | WebhookChange) -> Wanted:
    """Return what a body asks for."""
    members: dict[str, Any] = {name: getattr(given, name) for name in given.__struct_fields__}
    if not isinstance(given.triggers, UnsetType):
        members["triggers"] = tuple(_like(Trigger, each) for each in given.triggers)
    if not isinstance(given.form, UnsetType):
        members["form"] = _like(Form, given.form)
    return Wanted(**members)


def webhook_body(webhook: Webhook) -> OwnWebhook:
    """Write a webhook."""
    return OwnWebhook(**_members(webhook))


def standing_body(webhook: Webhook, standing: Standing) -> WebhookStanding:
    """Write a webhook and how far it is behind."""
    return WebhookStanding(**_members(webhook), **msgspec.structs.asdict(standing))


def verification_body(verified: Verified) -> Verification:
    """Write what came of a verification."""
    return Verification(
        verified.objection is None, verified.objection, verified.problem, verified.status, round(verified.seconds, 3)
    )


def replay_filter(given: Replay) -> DeliveryFilter:
    """Return which deliveries are meant. Raises `InvalidInput` when none are named."""
    if given.delivery_id is None and given.since is None:
        raise InvalidInput(FieldProblem("since", "Give delivery_id or since"))
    state: DeliveryState | None = "dead" if given.failed_only else None
    delivery_id = None if given.delivery_id is None else uuid_of("delivery_id", given.delivery_id)
    return DeliveryFilter(state, given.since, given.until, delivery_id)


def deliveries_filter(query: DeliveriesQuery) -> DeliveryFilter:
    """Return which deliveries are meant, whatever page. Raises `InvalidInput` for what is no id."""
    vehicle_id = None if query.vehicle_id is None else uuid_of("vehicle_id", query.vehicle_id)
    return DeliveryFilter(query.state, query.since, query.until, vehicle_id=vehicle_id)


def uuid_of(field: str, text: str) -> str:
    """Return an id as it is kept. Raises `InvalidInput` naming the field."""
    if not is_uuid(text):
        raise InvalidInput(FieldProblem(field, "must be a UUID of 36 characters"))
    return text.lower()


def delivery_body(delivery: Delivery) -> DeliveryRow:
    """Write a delivery."""
    return msgspec.convert(delivery, DeliveryRow, from_attributes=True)


def log_body(delivery: Delivery, attempts: list[Attempt], body: bytes | None) -> DeliveryLog:
    """Write a delivery with its attempts."""
    return DeliveryLog(
        **msgspec.structs.asdict(delivery_body(delivery)),
        body=None if body is None else body.decode(),
        tries=tuple(msgspec.convert(each, AttemptRow, from_attributes=True) for each in attempts),
    )


def _members(webhook: Webhook) -> dict[str, Any]:
    members = {name: getattr(webhook, name) for name in OwnWebhook.__struct_fields__ if name != "state"}
    triggers = tuple(_like(WebhookTrigger, each) for each in webhook.triggers)
    return {
        **members,
        "triggers": triggers,
        "form": _like(WebhookForm, webhook.form),
        "state": webhook.halt or "active",
    }


def _like(kind: Any, value: msgspec.Struct) -> Any:
    """Return a struct that has members of the same names, as many as it has."""
    return kind(**{name: getattr(value, name) for name in kind.__struct_fields__ if hasattr(value, name)})
