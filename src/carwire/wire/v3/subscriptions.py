"""Subscriptions: which vehicles a webhook hears of. Source: the wire contract, section 11."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from carwire.core.webhooks import Subscription, SubscriptionFilter
from carwire.wire.v3 import paging
from carwire.wire.v3.asking import ATTRIBUTES, Params, attributes_of, check_filters, given_filters, mode_of, uuid_of
from carwire.wire.v3.connections import VehicleStamp, related_vehicle, vehicle_stamp
from carwire.wire.v3.envelope import (
    Dates,
    Identifier,
    Listed,
    PreviewListed,
    Related,
    Relationship,
    SelfLink,
    Single,
    View,
    dates,
    listed,
    single,
)
from carwire.wire.v3.paging import Page
from carwire.wire.v3.webhooks import PATH as WEBHOOKS

PATH: Final = "/subscriptions"
USERS: Final = "/users"
USER: Final = "filter[userId]"
WEBHOOK: Final = "filter[webhookId]"
VEHICLE: Final = "filter[vehicleId]"
MODE: Final = "filter[vehicle.mode]"
_FILTERS: Final = (USER, WEBHOOK, VEHICLE, MODE)
_Id = Annotated[str, Meta(description="a UUID", extra_json_schema={"format": "uuid"})]


class SubscriptionsAsked(msgspec.Struct, frozen=True):
    """Which subscriptions, on which page."""

    wanted: SubscriptionFilter
    page: Page
    filters: tuple[tuple[str, str], ...]


class NewSubscription(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Who wants which vehicle of which owner at which webhook."""

    webhook_id: _Id
    user_id: _Id
    vehicle_id: _Id


class SubscriptionAttributes(msgspec.Struct, frozen=True):
    """What is subscribed."""

    vehicle: VehicleStamp


class SubscriptionRelationships(msgspec.Struct, frozen=True):
    """The ends of a subscription."""

    webhook: Relationship
    user: Relationship
    vehicle: Relationship


class SubscriptionResource(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription."""

    id: str
    type: Literal["subscription"] = "subscription"
    attributes: SubscriptionAttributes
    relationships: SubscriptionRelationships
    meta: Dates
    links: SelfLink


class Message(msgspec.Struct, frozen=True):
    """A sentence."""

    message: str = "subscription creation in progress"


class SubscribingBody(msgspec.Struct, frozen=True):
    """Answer of ``POST /subscriptions``, status 202: which id it got shows the list."""

    meta: Message = Message()


def read_subscriptions(params: Params, view: View) -> SubscriptionsAsked:
    """Read the query of ``GET /subscriptions``."""
    check_filters(params, _FILTERS)
    wanted = SubscriptionFilter(
        uuid_of(params, USER), uuid_of(params, WEBHOOK), uuid_of(params, VEHICLE), mode_of(params, MODE)
    )
    values = (wanted.user_id, wanted.webhook_id, wanted.vehicle_id, wanted.mode)
    page = paging.read_page(params, paging.SUBSCRIPTIONS, short=view.preview)
    return SubscriptionsAsked(wanted, page, given_filters(_FILTERS, values))


def read_new_subscription(body: object) -> NewSubscription:
    """Read the decoded JSON body of ``POST /subscriptions``, ids in lower case. Raises `InvalidInput`."""
    given = attributes_of(body, NewSubscription)
    return NewSubscription(
        _checked("webhookId", given.webhook_id),
        _checked("userId", given.user_id),
        _checked("vehicleId", given.vehicle_id),
    )


def subscription_resource(row: Subscription, view: View) -> SubscriptionResource:
    """Write a subscription as a resource, without what an answer wraps it in."""
    user_id = row.vehicle.user_id
    return SubscriptionResource(
        id=row.id,
        attributes=SubscriptionAttributes(vehicle_stamp(row.vehicle)),
        relationships=SubscriptionRelationships(
            _related("webhook", row.webhook_id, WEBHOOKS, view),
            _related("user", user_id, USERS, view),
            related_vehicle(row.vehicle.id, view),
        ),
        meta=dates(row.created_at),
        links=SelfLink(view.link(f"{PATH}/{row.id}")),
    )


def subscription_body(row: Subscription, view: View) -> SubscriptionResource | Single[SubscriptionResource]:
    """Answer ``GET /subscriptions/{subscriptionId}``."""
    return single(subscription_resource(row, view), view)


def subscriptions_body(
    rows: Sequence[Subscription], asked: SubscriptionsAsked, total: int, view: View
) -> Listed[SubscriptionResource] | PreviewListed[SubscriptionResource]:
    """Answer ``GET /subscriptions``. `rows` are those of the page, out of `total`."""
    resources = [subscription_resource(row, view) for row in rows]
    return listed(resources, view, PATH, asked.page, total, filters=asked.filters)


def _checked(name: str, value: str) -> str:
    field = f"{ATTRIBUTES}.{name}"
    return uuid_of({field: value}, field) or value


def _related(kind: str, name: str, path: str, view: View) -> Relationship:
    return Relationship(Identifier(name, kind), Related(view.link(f"{path}/{name}")))
