"""Webhooks, as applications see them. Source: the wire contract, section 11.

They are only read: the wire has no call that makes or changes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from carwire.core.signals.catalogue import signals
from carwire.core.webhooks import Webhook
from carwire.wire.v3 import paging
from carwire.wire.v3.asking import Params, check_filters, given_filters, text_of, truth_of
from carwire.wire.v3.envelope import Created, Listed, PreviewListed, SelfLink, Single, View, listed, single, stamp
from carwire.wire.v3.paging import Page

PATH: Final = "/webhooks"
NAME: Final = "filter[name]"
CALLBACK: Final = "filter[callbackUri]"
ENABLED: Final = "filter[isEnabled]"
AUTOMATIC: Final = "filter[autoSubscribe]"
_FILTERS: Final = (NAME, CALLBACK, ENABLED, AUTOMATIC)


class WebhookFilter(msgspec.Struct, frozen=True):
    """Which webhooks: texts are parts of what is looked for, in any case; a null lets all through."""

    name: str | None = None
    callback: str | None = None
    enabled: bool | None = None
    auto_subscribe: bool | None = None

    def accepts(self, row: Webhook) -> bool:
        """Tell whether a webhook is looked for."""
        return (
            (self.name or "").casefold() in row.name.casefold()
            and (self.callback or "").casefold() in row.url.casefold()
            and self.enabled in {None, row.enabled}
            and self.auto_subscribe in {None, row.auto_subscribe}
        )


class WebhooksAsked(msgspec.Struct, frozen=True):
    """Which webhooks, on which page."""

    wanted: WebhookFilter
    page: Page
    filters: tuple[tuple[str, str], ...]


class SignalName(msgspec.Struct, frozen=True, gc=False):
    """Names a signal."""

    group: str
    name: str
    code: str


class WebhookAttributes(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a webhook is."""

    name: str
    callback_uri: str
    error_callback_uri: str | UnsetType = UNSET
    is_enabled: bool
    auto_subscribe: bool
    triggers: tuple[SignalName, ...]
    data: tuple[SignalName, ...]


class WebhookResource(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook."""

    id: str
    type: Literal["webhook"] = "webhook"
    attributes: WebhookAttributes
    meta: Created
    links: SelfLink


def read_webhooks(params: Params, view: View) -> WebhooksAsked:
    """Read the query of ``GET /webhooks``."""
    check_filters(params, _FILTERS)
    wanted = WebhookFilter(
        text_of(params, NAME), text_of(params, CALLBACK), truth_of(params, ENABLED), truth_of(params, AUTOMATIC)
    )
    values = (wanted.name, wanted.callback, _word(wanted.enabled), _word(wanted.auto_subscribe))
    page = paging.read_page(params, paging.WEBHOOKS, short=view.preview)
    return WebhooksAsked(wanted, page, given_filters(_FILTERS, values))


def webhook_resource(row: Webhook, view: View) -> WebhookResource:
    """Write a webhook as a resource, without what an answer wraps it in."""
    return WebhookResource(
        id=row.id,
        attributes=WebhookAttributes(
            name=row.name,
            callback_uri=row.url,
            error_callback_uri=row.error_url or UNSET,
            is_enabled=row.enabled,
            auto_subscribe=row.auto_subscribe,
            triggers=_names(trigger.code for trigger in row.triggers),
            data=_names(row.signals),
        ),
        meta=Created(stamp(row.created_at)),
        links=SelfLink(view.link(f"{PATH}/{row.id}")),
    )


def webhook_body(row: Webhook, view: View) -> WebhookResource | Single[WebhookResource]:
    """Answer ``GET /webhooks/{webhookId}``."""
    return single(webhook_resource(row, view), view)


def webhooks_body(
    rows: Sequence[Webhook], asked: WebhooksAsked, total: int, view: View
) -> Listed[WebhookResource] | PreviewListed[WebhookResource]:
    """Answer ``GET /webhooks``. `rows` are those of the page, out of `total`."""
    resources = [webhook_resource(row, view) for row in rows]
    return listed(resources, view, PATH, asked.page, total, filters=asked.filters)


def _names(codes: Iterable[str]) -> tuple[SignalName, ...]:
    rows = (signals()[code] for code in dict.fromkeys(codes))
    return tuple(SignalName(row.group, row.name, row.code) for row in rows)


def _word(truth: bool | None) -> str | None:
    return None if truth is None else str(truth).lower()
