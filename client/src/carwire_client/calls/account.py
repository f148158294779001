"""Who the owner is, which vehicles a token reaches, and the connections of the application."""

from __future__ import annotations

from typing import Final, Literal

from carwire_client.answers import Answer, invalid
from carwire_client.call import Basic, Call, Flags, Token, authorized, flags_text, pairs
from carwire_client.calls.building import reading
from carwire_client.models.account import Connection, Connections, DeletedConnections, User, VehicleIds
from carwire_client.models.base import read_result, with_moments
from carwire_client.paging import Page
from carwire_client.secrets import Secret
from carwire_client.settings import Application, check_version

Mode = Literal["live", "test", "simulated"]
_CONNECTED: Final = with_moments("connections", "connectedAt")


def get_user(application: Application, access_token: Token, *, flags: Flags | None = None) -> Call[User]:
    """Read who the owner is whose token this is, by the id this application knows them by."""
    return Call(
        name="user",
        method="GET",
        path=_path(application, "/user"),
        read=reading(User),
        auth=authorized(access_token),
        query=pairs(flags=flags_text(flags)),
    )


def get_vehicles(
    application: Application,
    access_token: Token,
    *,
    limit: int | None = None,
    offset: int | None = None,
    flags: Flags | None = None,
) -> Call[VehicleIds]:
    """Read one page of the ids of the vehicles a token reaches: `limit` of them (10, at most 50), from `offset` on."""
    return Call(
        name="vehicles",
        method="GET",
        path=_path(application, "/vehicles"),
        read=reading(VehicleIds),
        auth=authorized(access_token),
        query=pairs(limit=limit, offset=offset, flags=flags_text(flags)),
    )


def iter_vehicles(
    application: Application, access_token: Token, *, limit: int = 50, offset: int = 0
) -> Call[Page[str]]:
    """Go through the ids of all vehicles a token reaches; `limit` is how many are asked for at a time."""

    def page(found: VehicleIds) -> Page[str]:
        end = offset + len(found.vehicles)
        more = bool(found.vehicles) and found.paging is not None and end < found.paging.count
        following = iter_vehicles(application, access_token, limit=limit, offset=end) if more else None
        return Page(found.vehicles, following)

    return get_vehicles(application, access_token, limit=limit, offset=offset).then(page)


def get_connections(
    application: Application,
    amt: str | Secret,
    *,
    user_id: str | None = None,
    vehicle_id: str | None = None,
    mode: Mode | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    flags: Flags | None = None,
) -> Call[Connections]:
    """Read one page of the connections of the application, newest first.

    `amt` is the application's management token. `limit` is 10, at most 100; `cursor` is `paging.cursor` of the page
    before.
    """
    return Call(
        name="connections",
        method="GET",
        path=_path(application, "/management/connections"),
        read=reading(Connections, _CONNECTED),
        role="management",
        auth=Basic("default", Secret(amt)),
        query=pairs(
            user_id=user_id, vehicle_id=vehicle_id, mode=mode, limit=limit, cursor=cursor, flags=flags_text(flags)
        ),
    )


def iter_connections(
    application: Application,
    amt: str | Secret,
    *,
    user_id: str | None = None,
    vehicle_id: str | None = None,
    mode: Mode | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Call[Page[Connection]]:
    """Go through all connections of the application; `limit` is how many are asked for at a time.

    Raises `InvalidAnswer` when a page leads to itself.
    """

    def asked(at: str | None) -> Call[Connections]:
        return get_connections(
            application, amt, user_id=user_id, vehicle_id=vehicle_id, mode=mode, limit=limit, cursor=at
        )

    def paged(at: str | None) -> Call[Page[Connection]]:
        def read(answer: Answer) -> Page[Connection]:
            found = read_result(Connections, answer, _CONNECTED)
            following = found.paging.cursor if found.paging else None
            if following is not None and following == at:
                raise invalid(answer, "Connections: the page leads to itself")
            return Page(found.connections, paged(following) if following else None)

        return asked(at).reading(read)

    return paged(cursor)


def delete_connections(
    application: Application,
    amt: str | Secret,
    *,
    user_id: str | None = None,
    vehicle_id: str | None = None,
    flags: Flags | None = None,
) -> Call[DeletedConnections]:
    """Cut connections: of an owner, of a vehicle, or of both the one. Returns those that were.

    `amt` is the application's management token. Raises `ValueError` when neither is given: nothing is cut without
    saying which.
    """
    if not user_id and not vehicle_id:
        msg = "Give user_id, vehicle_id or both: connections are not deleted without saying which"
        raise ValueError(msg)
    return Call(
        name="delete connections",
        method="DELETE",
        path=_path(application, "/management/connections"),
        read=reading(DeletedConnections, _CONNECTED),
        role="management",
        kind="once",
        auth=Basic("default", Secret(amt)),
        query=pairs(user_id=user_id or None, vehicle_id=vehicle_id or None, flags=flags_text(flags)),
    )


def _path(application: Application, path: str) -> str:
    return f"/v{check_version(application.api_version)}{path}"
