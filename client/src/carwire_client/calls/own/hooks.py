"""Webhooks of the application: made, changed, halted, and how deliveries went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from carwire_client.call import Call, pairs, segment
from carwire_client.calls.own.vins import ask
from carwire_client.models.own.hooks import (
    CheckedWebhook,
    Deleted,
    Deliveries,
    Delivery,
    DeliveryLog,
    NewWebhook,
    Replayed,
    RotatedSecret,
    Webhook,
    WebhookForm,
    Webhooks,
    WebhookTrigger,
)
from carwire_client.paging import Page
from carwire_client.settings import Application

Triggers = Sequence[str | WebhookTrigger]
DeliveryState = Literal["due", "delivered", "dead"]
_BASE = "/v1/webhooks"


def create_webhook(
    application: Application,
    name: str,
    url: str,
    *,
    triggers: Triggers = (),
    signals: Sequence[str] = (),
    error_url: str | None = None,
    auto_subscribe: bool = False,
    version: Literal["4.0", "2.0"] = "4.0",
    form: WebhookForm | None = None,
) -> Call[NewWebhook]:
    """Make a webhook, and let the server ask its receiver to prove itself: that takes up to 15 seconds.

    A change of one of `triggers`, codes or `WebhookTrigger`s, sends all `signals`. Errors go to `url` unless
    `error_url` names another place. Raises `InvalidRequest` naming what cannot be.
    """
    body = _members(
        triggers,
        signals,
        name=name,
        url=url,
        error_url=error_url,
        auto_subscribe=auto_subscribe,
        version=version,
        form=form,
    )
    return ask(application, "create webhook", _BASE, NewWebhook, body=body, once=True)


def webhooks(application: Application) -> Call[Webhooks]:
    """Read the application's webhooks, oldest first."""
    return ask(application, "webhooks", _BASE, Webhooks)


def webhook(application: Application, webhook_id: str) -> Call[Webhook]:
    """Read one webhook, and how far it is behind."""
    return ask(application, "webhook", _path(webhook_id), Webhook)


def change_webhook(
    application: Application,
    webhook_id: str,
    *,
    name: str | None = None,
    url: str | None = None,
    triggers: Triggers | None = None,
    signals: Sequence[str] | None = None,
    error_url: str | None = None,
    auto_subscribe: bool | None = None,
    version: Literal["4.0", "2.0"] | None = None,
    form: WebhookForm | None = None,
) -> Call[CheckedWebhook]:
    """Change a webhook; what is left out stays, and an empty `error_url` takes that away.

    With another `url` its receiver has to prove itself anew, and is asked at once.
    """
    body = _members(
        triggers,
        signals,
        name=name,
        url=url,
        error_url=error_url,
        auto_subscribe=auto_subscribe,
        version=version,
        form=form,
    )
    path = _path(webhook_id)
    return ask(application, "change webhook", path, CheckedWebhook, body=body, method="PATCH", once=True)


def delete_webhook(application: Application, webhook_id: str) -> Call[Deleted]:
    """Delete a webhook with its subscriptions and deliveries."""
    return ask(application, "delete webhook", _path(webhook_id), Deleted, method="DELETE", once=True)


def verify_webhook(application: Application, webhook_id: str) -> Call[CheckedWebhook]:
    """Let the server ask the receiver to prove itself, at once."""
    return _do(application, webhook_id, "verify")


def pause_webhook(application: Application, webhook_id: str) -> Call[CheckedWebhook]:
    """Stop deliveries. What waits stays; what happens meanwhile is not told."""
    return _do(application, webhook_id, "pause")


def resume_webhook(application: Application, webhook_id: str) -> Call[CheckedWebhook]:
    """Go on with deliveries, what waits first. A receiver that has never proved itself is asked to."""
    return _do(application, webhook_id, "resume")


def rotate_webhook_secret(
    application: Application, webhook_id: str, *, overlap_hours: float = 24
) -> Call[RotatedSecret]:
    """Draw a new signing secret; the one of before signs beside it for `overlap_hours`, at most 168."""
    body = {"overlap_hours": overlap_hours}
    return ask(application, "rotate webhook", _path(webhook_id, "/rotate"), RotatedSecret, body=body, once=True)


def replay_webhook(
    application: Application,
    webhook_id: str,
    *,
    delivery_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    failed_only: bool = False,
    dry_run: bool = False,
) -> Call[Replayed]:
    """Send deliveries that have ended once more: one, or those made from `since` on, before `until`; with `failed_only`
    such as were given up. With `dry_run` they are counted. Moments are aware.

    Raises `ValueError` unless `delivery_id` or `since` is given.
    """
    if delivery_id is None and since is None:
        msg = "Give delivery_id or since"
        raise ValueError(msg)
    given = {"delivery_id": delivery_id, "since": _moment(since), "until": _moment(until)}
    body = {**given, "failed_only": failed_only, "dry_run": dry_run}
    return ask(application, "replay webhook", _path(webhook_id, "/replay"), Replayed, body=body, once=True)


def webhook_deliveries(
    application: Application,
    webhook_id: str,
    *,
    state: DeliveryState | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    vehicle_id: str | None = None,
    limit: int = 100,
    before: str | None = None,
) -> Call[Deliveries]:
    """Read one page of deliveries, at most 500, newest first; `before` is that of the page before."""
    given = pairs(
        state=state, since=_moment(since), until=_moment(until), vehicle_id=vehicle_id, limit=limit, before=before
    )
    return ask(application, "webhook deliveries", _path(webhook_id, "/deliveries"), Deliveries, query=given)


def iter_webhook_deliveries(
    application: Application,
    webhook_id: str,
    *,
    state: DeliveryState | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    vehicle_id: str | None = None,
    limit: int = 100,
    before: str | None = None,
) -> Call[Page[Delivery]]:
    """Go through all deliveries, newest first, `limit` at a time."""
    wanted: dict[str, Any] = {
        "state": state,
        "since": since,
        "until": until,
        "vehicle_id": vehicle_id,
        "limit": limit,
    }

    def page(found: Deliveries) -> Page[Delivery]:
        following = iter_webhook_deliveries(application, webhook_id, **wanted, before=found.before)
        return Page(found.deliveries, following if found.before else None)

    return webhook_deliveries(application, webhook_id, **wanted, before=before).then(page)


def webhook_delivery(application: Application, webhook_id: str, delivery_id: str) -> Call[DeliveryLog]:
    """Read one delivery, by the id of the event, with every attempt and what was answered where that was a failure."""
    path = _path(webhook_id, f"/deliveries/{segment(delivery_id)}")
    return ask(application, "webhook delivery", path, DeliveryLog)


def _members(triggers: Triggers | None, signals: Sequence[str] | None, **members: Any) -> dict[str, Any]:
    """Return what is given of a webhook."""
    if isinstance(triggers, str) or isinstance(signals, str):
        msg = "triggers and signals are lists"
        raise TypeError(msg)
    members["triggers"] = None if triggers is None else [_trigger(each) for each in triggers]
    members["signals"] = None if signals is None else [str(each) for each in signals]
    given = {key: value for key, value in members.items() if value is not None}
    return {**given, "error_url": given["error_url"] or None} if "error_url" in given else given


def _trigger(given: str | WebhookTrigger) -> WebhookTrigger:
    if isinstance(given, str):
        return WebhookTrigger(code=str(given))
    return WebhookTrigger(
        code=str(given.code), condition=given.condition, value=given.value, cool_down_s=given.cool_down_s
    )


def _do(application: Application, webhook_id: str, verb: str) -> Call[CheckedWebhook]:
    path = _path(webhook_id, f"/{verb}")
    return ask(application, f"{verb} webhook", path, CheckedWebhook, method="POST", once=True)


def _moment(at: datetime | None) -> str | None:
    if at is not None and at.tzinfo is None:
        msg = "a moment needs its offset: datetime.now(UTC)"
        raise ValueError(msg)
    return None if at is None else at.isoformat()


def _path(webhook_id: str, more: str = "") -> str:
    return f"{_BASE}/{segment(webhook_id)}{more}"
