"""The query parameters of v3 as the API document describes them. The pure functions of `carwire.wire.v3` read them: a
test holds the two against each other.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

_Id = Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
_Text = Annotated[str, Meta(min_length=1, max_length=255)]
_Number = Annotated[int, Meta(ge=1, le=1_000_000, description="Number of the page, from 1.")]
_Size = Annotated[int, Meta(ge=1, le=100, description="Resources of a page.")]
_LargeSize = Annotated[int, Meta(ge=1, le=500, description="Resources of a page.")]
_Mode = Literal["live", "simulated"]


class ConnectionsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of ``GET /connections``."""

    user_id: Annotated[_Id, Meta(description="Only of this owner.")] | None = field(name="filter[userId]", default=None)
    vehicle_id: Annotated[_Id, Meta(description="Only of this vehicle.")] | None = field(
        name="filter[vehicleId]", default=None
    )
    mode: Annotated[_Mode, Meta(description="Only of this mode; `live` unless said.")] | None = field(
        name="filter[vehicle.mode]", default=None
    )
    external_id: Annotated[_Text, Meta(description="Only with your own id of the owner.")] | None = field(
        name="filter[user.externalId]", default=None
    )
    sort: (
        Annotated[
            Literal["-createdAt", "createdAt", "-updatedAt", "updatedAt"],
            Meta(description="Our own: the order; `-createdAt`, newest first, unless said."),
        ]
        | None
    ) = None
    after: (
        Annotated[
            Annotated[str, Meta(min_length=1, max_length=500)],
            Meta(description="Our own: `nextCursor` of the page before, in place of a number."),
        ]
        | None
    ) = field(name="page[after]", default=None)
    number: _Number | None = field(name="page[number]", default=None)
    size: _Size | None = field(name="page[size]", default=None)


class SubscriptionsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of ``GET /subscriptions``."""

    user_id: Annotated[_Id, Meta(description="Only of this owner.")] | None = field(name="filter[userId]", default=None)
    webhook_id: Annotated[_Id, Meta(description="Only of this webhook.")] | None = field(
        name="filter[webhookId]", default=None
    )
    vehicle_id: Annotated[_Id, Meta(description="Only of this vehicle.")] | None = field(
        name="filter[vehicleId]", default=None
    )
    mode: Annotated[_Mode, Meta(description="Only of this mode.")] | None = field(
        name="filter[vehicle.mode]", default=None
    )
    number: _Number | None = field(name="page[number]", default=None)
    size: _Size | None = field(name="page[size]", default=None)


class WebhooksQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of ``GET /webhooks``."""

    name: Annotated[_Text, Meta(description="Part of the name, in any case.")] | None = field(
        name="filter[name]", default=None
    )
    callback: Annotated[_Text, Meta(description="Part of the URL, in any case.")] | None = field(
        name="filter[callbackUri]", default=None
    )
    enabled: Annotated[bool, Meta(description="Only enabled ones, or only others.")] | None = field(
        name="filter[isEnabled]", default=None
    )
    automatic: Annotated[bool, Meta(description="Only those that subscribe by themselves, or only others.")] | None = (
        field(name="filter[autoSubscribe]", default=None)
    )
    number: _Number | None = field(name="page[number]", default=None)
    size: _Size | None = field(name="page[size]", default=None)


class CompatibleQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of ``GET /compatible-vehicles``."""

    region: Annotated[Literal["US", "CA", "EUROPE"], Meta(description="Only of this region.")] | None = field(
        name="filter[region]", default=None
    )
    make: Annotated[_Text, Meta(description="Only of this make, in any case.")] | None = field(
        name="filter[make]", default=None
    )
    powertrain: (
        Annotated[Literal["ICE", "BEV", "PHEV", "HEV", "FCEV"], Meta(description="Only of this powertrain.")] | None
    ) = field(name="filter[powertrainType]", default=None)
    number: _Number | None = field(name="page[number]", default=None)
    size: _LargeSize | None = field(name="page[size]", default=None)


class SignalsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of ``GET /vehicles/{vehicleId}/signals``: none gives all on one page."""

    number: _Number | None = field(name="page[number]", default=None)
    size: _LargeSize | None = field(name="page[size]", default=None)


class PageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of lists that have no filter."""

    number: _Number | None = field(name="page[number]", default=None)
    size: _Size | None = field(name="page[size]", default=None)
