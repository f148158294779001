"""Webhooks, which are only read, and the vehicles they hear of. Source: the v3 wire contract, section 11."""

from __future__ import annotations

from carwire_client.call import Call, segment
from carwire_client.calls.ga.owners import VehicleMode, filters
from carwire_client.calls.ga.shared import Done, change, done, get, listing, paged, resource
from carwire_client.models.ga.base import Listing
from carwire_client.models.ga.resources import Subscription, Webhook, subscription_flat
from carwire_client.paging import Page
from carwire_client.settings import Surface


def webhooks(
    application: Surface,
    *,
    name: str | None = None,
    callback_uri: str | None = None,
    is_enabled: bool | None = None,
    auto_subscribe: bool | None = None,
    page: int | None = None,
    size: int | None = None,
) -> Call[Listing[Webhook]]:
    """Read one page of the application's webhooks; `name` and `callback_uri` may be parts, in any case.

    `page` counts from 1, `size` is 50 unless given and at most 100.
    """
    query = filters(
        ("filter[name]", name),
        ("filter[callbackUri]", callback_uri),
        ("filter[isEnabled]", is_enabled),
        ("filter[autoSubscribe]", auto_subscribe),
        ("page[number]", page),
        ("page[size]", size),
    )
    path, read = "/v3/webhooks", listing(Webhook)
    return get(application.token, "webhooks", path, read, role="management_v3", query=query)


def iter_webhooks(
    application: Surface,
    *,
    name: str | None = None,
    callback_uri: str | None = None,
    is_enabled: bool | None = None,
    auto_subscribe: bool | None = None,
    size: int = 100,
) -> Call[Page[Webhook]]:
    """Go through all of the application's webhooks, `size` at a time."""

    def ask(number: int | None, after: str | None) -> Call[Listing[Webhook]]:
        return webhooks(
            application,
            name=name,
            callback_uri=callback_uri,
            is_enabled=is_enabled,
            auto_subscribe=auto_subscribe,
            page=number,
            size=size,
        )

    return paged(ask, None)


def webhook(application: Surface, webhook_id: str) -> Call[Webhook]:
    """Read one webhook."""
    path = f"/v3/webhooks/{segment(webhook_id)}"
    return get(application.token, "webhook", path, resource(Webhook), role="management_v3")


def subscriptions(
    application: Surface,
    *,
    user_id: str | None = None,
    webhook_id: str | None = None,
    vehicle_id: str | None = None,
    mode: VehicleMode | None = None,
    page: int | None = None,
    size: int | None = None,
) -> Call[Listing[Subscription]]:
    """Read one page of which vehicles webhooks hear of, newest first.

    `page` counts from 1, `size` is 25 unless given and at most 100.
    """
    query = filters(
        ("filter[userId]", user_id),
        ("filter[webhookId]", webhook_id),
        ("filter[vehicleId]", vehicle_id),
        ("filter[vehicle.mode]", mode),
        ("page[number]", page),
        ("page[size]", size),
    )
    path, read = "/v3/subscriptions", listing(Subscription, subscription_flat)
    return get(application.token, "subscriptions", path, read, role="management_v3", query=query)


def iter_subscriptions(
    application: Surface,
    *,
    user_id: str | None = None,
    webhook_id: str | None = None,
    vehicle_id: str | None = None,
    mode: VehicleMode | None = None,
    size: int = 100,
) -> Call[Page[Subscription]]:
    """Go through all subscriptions, `size` at a time."""

    def ask(number: int | None, after: str | None) -> Call[Listing[Subscription]]:
        return subscriptions(
            application,
            user_id=user_id,
            webhook_id=webhook_id,
            vehicle_id=vehicle_id,
            mode=mode,
            page=number,
            size=size,
        )

    return paged(ask, None)


def subscription(application: Surface, subscription_id: str) -> Call[Subscription]:
    """Read one subscription."""
    path = f"/v3/subscriptions/{segment(subscription_id)}"
    return get(application.token, "subscription", path, resource(Subscription, subscription_flat), role="management_v3")


def subscribe(application: Surface, webhook_id: str, user_id: str, vehicle_id: str) -> Call[Done]:
    """Let a webhook hear of a vehicle of an owner. The answer has no id: the list has it.

    Raises `Conflict` when it does already.
    """
    body = {"webhookId": webhook_id, "userId": user_id, "vehicleId": vehicle_id}
    path = "/v3/subscriptions"
    return change(application.token, "POST", "subscribe", path, done, role="management_v3", body=body)


def unsubscribe(application: Surface, subscription_id: str) -> Call[Done]:
    """End a subscription."""
    path = f"/v3/subscriptions/{segment(subscription_id)}"
    return change(application.token, "DELETE", "unsubscribe", path, done, role="management_v3")
