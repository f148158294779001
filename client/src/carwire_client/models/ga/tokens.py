"""A token of the application itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from carwire_client.models.base import Result
from carwire_client.secrets import Secret


class ApplicationToken(Result, frozen=True, kw_only=True):
    """A token of the application itself; there is no refresh token, another one is asked for.

    `expiration` is aware, in UTC, reckoned from when the answer came; `expires_in` is in seconds. `raw` is empty, as it
    would hold the token in plain text.
    """

    access_token: Secret
    expiration: datetime
    token_type: str = "Bearer"  # noqa: S105  # no token
    expires_in: int = 3600

    def ends_within(self, span: timedelta, at: datetime) -> bool:
        """Tell whether the token ends before `span` has passed."""
        return at + span >= self.expiration
