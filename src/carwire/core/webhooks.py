"""Webhooks: where an application wants to hear of changes. Kept and subscribed to; nothing is delivered yet."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Webhook(msgspec.Struct, frozen=True):
    """A webhook of one application."""

    id: str
    client_id: str
    name: str
    url: str
    created_at: datetime
