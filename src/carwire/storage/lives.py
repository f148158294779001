"""How long a store keeps what has no end of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

KEY_LIFE: Final = timedelta(days=1)  # of an idempotency key
KEPT: Final = timedelta(days=30)  # of what was delivered or waits to be, of events, and of history
BUDGET_REST: Final = timedelta(days=2)  # unspent this long a budget is full, which is what a car without one has
