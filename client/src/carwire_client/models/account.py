"""Who and what is connected, and tokens."""

from __future__ import annotations

from datetime import datetime, timedelta

from carwire_client.models.base import Part, Result
from carwire_client.models.common import CursorPaging, Paging
from carwire_client.secrets import Secret


class User(Result, frozen=True):
    """The owner, by the id this application knows them by."""

    id: str


class VehicleIds(Result, frozen=True):
    """One page of the ids of the vehicles a token reaches."""

    vehicles: tuple[str, ...]
    paging: Paging | None = None


class Connection(Part, frozen=True):
    """A vehicle and the owner who connected it.

    `connected_at` is aware, in UTC, and null for a connection that was deleted. `mode` is ``live``, ``simulated`` or
    ``test``, null where the server does not say.
    """

    vehicle_id: str
    user_id: str
    connected_at: datetime | None = None
    mode: str | None = None


class Connections(Result, frozen=True):
    """One page of the connections of an application, newest first."""

    connections: tuple[Connection, ...]
    paging: CursorPaging | None = None


class DeletedConnections(Result, frozen=True):
    """The connections that were deleted."""

    connections: tuple[Connection, ...]


class Access(Result, frozen=True, kw_only=True):
    """A pair of tokens.

    `expiration` and `refresh_expiration` are aware, in UTC, reckoned from when the answer came: servers say how long an
    access token lives, and of a refresh token nobody says more than that it is sixty days. `raw` is empty, as it would
    hold the tokens in plain text.
    """

    access_token: Secret
    refresh_token: Secret
    expiration: datetime
    refresh_expiration: datetime
    token_type: str = "Bearer"  # noqa: S105  # no token
    expires_in: int = 7200

    def ends_within(self, span: timedelta, at: datetime) -> bool:
        """Tell whether the access token ends before `span` has passed."""
        return at + span >= self.expiration
