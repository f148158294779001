"""Why a call of the lookup API is refused: a code, its status and a sentence."""

from __future__ import annotations

from typing import Final

from carwire.core.errors import CarwireError

STATUSES: Final = {
    **dict.fromkeys(
        (
            *("invalid_vin", "invalid_plate", "invalid_parameter", "unknown_feature", "region_required"),
            *("region_unknown", "region_not_configured", "too_many_vehicles", "unsupported_grant_type"),
        ),
        400,
    ),
    **dict.fromkeys(("key_missing", "key_invalid", "key_revoked", "token_expired", "origin_not_allowed"), 401),
    "client_invalid": 401,
    **dict.fromkeys(("region_not_allowed", "feature_not_allowed"), 403),
    "not_found": 404,
    "method_not_allowed": 405,
    "too_large": 413,
    **dict.fromkeys(("rate_limited", "quota_exceeded"), 429),
    "internal": 500,
    "source_unavailable": 503,
}


class LookupRefused(CarwireError):
    """A call of the lookup API that is not answered. `hint` says what to change; `retry_after_s` when to come back."""

    def __init__(self, code: str, message: str, *, hint: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.retry_after_s = retry_after_s

    @property
    def status(self) -> int:
        """The status of its answer."""
        return STATUSES[self.code]
