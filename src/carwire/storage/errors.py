"""What a store raises besides `carwire.core.errors.StoreUnavailable`."""

from __future__ import annotations

from carwire.core.errors import CarwireError


class Conflict(CarwireError):
    """It does not go with what is stored: an id or a token is taken, or what it belongs to is gone."""
