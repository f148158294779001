"""How the bytes of a delivery are spelled and signed, for both versions of the payload."""

from __future__ import annotations

from carwire.wire.v2.webhooks import signature, stringify

__all__ = ["signature", "stringify"]
