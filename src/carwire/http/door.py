"""The doors: what a request has to show, and what that proves.

Credentials are checked before anything else of a request is looked at. A vehicle id that is no UUID is refused by
name; one that the token does not reach is refused in the same words whether the vehicle exists or not.
"""

from __future__ import annotations

import binascii
import re
from hmac import compare_digest
from typing import Final

from carwire.core.applications import Application
from carwire.core.errors import FieldProblem, InvalidInput, NotAuthenticated
from carwire.core.grants import GrantMissing
from carwire.http.call import AccessDenied, Call, Door, NothingThere
from carwire.http.limits import ApplicationLimit
from carwire.kit.secrets import Secret
from carwire.services.access import AccessService
from carwire.services.accounts import AccountService
from carwire.wire.v3.asking import MissingParameter, user_of

_MAX_HEADER: Final = 1024
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
OWNER_HEADER: Final = b"sc-user-id"
_LENGTH: Final = 36  # of a UUID
_MANAGER: Final = "default"  # the user name that goes with a management token


def is_uuid(text: str) -> bool:
    """Tell whether a text has the form of the wire's ids: a UUID of 36 characters."""
    return len(text) == _LENGTH and _UUID.fullmatch(text) is not None


class Doors:
    """Opens the door of a route, or raises `NotAuthenticated`, `GrantMissing`, `InvalidInput`, `Limited`, and in v3
    `AccessDenied` or `NothingThere`.
    """

    def __init__(
        self, accounts: AccountService, access: AccessService, limit: ApplicationLimit, local_key: Secret | None = None
    ) -> None:
        self._accounts = accounts
        self._access = access
        self._limit = limit
        self._local_key = local_key

    async def open(self, door: Door, call: Call) -> None:
        """Check what the call shows, and note on it what that proves."""
        if door == "vehicle":
            await self._vehicle(call)
        elif door == "token":
            token = await self._access.token(bearer(call))
            self._limit.take(token.principal.client_id)
            call.prove(token=token)
        elif door == "vehicle_or_management":
            await self._vehicle_or_management(call)
        elif door == "application_token":
            await self._application_token(call)
        elif door in {"any_vehicle", "readable_vehicle", "owned_vehicle"}:
            await self._vehicle_of_either(door, call)
        elif door in {"application_or_local", "local"} and self._is_local(call):
            return
        elif door == "local":
            raise NotAuthenticated
        else:
            manages = door == "management" or (door == "application_or_management" and _shows_token(call))
            application = await (manager_of if manages else application_of)(call, self._accounts)
            self._limit.take(application.client_id)
            call.prove(application=application)

    def _is_local(self, call: Call) -> bool:
        """Tell whether the call shows the key that lies in the server's own data folder."""
        shown = b" ".join(call.header(b"authorization"))
        return self._local_key is not None and compare_digest(shown, b"Bearer " + self._local_key.reveal().encode())

    async def _vehicle(self, call: Call) -> None:
        vehicle_id = call.parameters["id"]
        if not is_uuid(vehicle_id):
            token = await self._access.token(bearer(call))
            self._limit.take(token.principal.client_id)
            raise InvalidInput(FieldProblem("id", "A vehicle id is a UUID of 36 characters"))
        token, vehicle = await self._access.vehicle(bearer(call), vehicle_id.lower())
        self._limit.take(token.principal.client_id)
        call.prove(token=token, vehicle=vehicle)
        if vehicle is None:
            raise GrantMissing

    async def _application_token(self, call: Call) -> None:
        shown = bearer(call)
        if is_uuid(shown.reveal()):
            self._limit.take((await self._access.token(shown)).principal.client_id)
            raise AccessDenied
        token = await self._access.application(shown)
        self._limit.take(token.principal.client_id)
        call.prove(token=token)

    async def _vehicle_of_either(self, door: Door, call: Call) -> None:
        """Reach the vehicle by either kind of token. Only where commands are given, an owner's does not do."""
        shown, vehicle_id = bearer(call), call.parameters["id"]
        named = is_uuid(vehicle_id)
        if is_uuid(shown.reveal()):
            token, vehicle = await self._access.vehicle(shown, vehicle_id.lower() if named else "")
            self._limit.take(token.principal.client_id)
            if door == "owned_vehicle":
                raise AccessDenied
        else:
            user_id = owner_asked_for(call)
            asked = vehicle_id.lower() if named and isinstance(user_id, str | None) else ""
            token, vehicle = await self._access.vehicle_of_application(
                shown, user_id if isinstance(user_id, str) else None, asked
            )
            self._limit.take(token.principal.client_id)
            if isinstance(user_id, InvalidInput):
                raise user_id
            if user_id is None and door != "any_vehicle":
                raise MissingParameter("userId")
        call.prove(token=token, vehicle=vehicle)
        if not named:
            name = "vehicleId" if call.scope["path"].startswith("/v3/") else "id"
            raise InvalidInput(FieldProblem(name, "must be a UUID"))
        if vehicle is None:
            raise NothingThere("vehicle", vehicle_id)

    async def _vehicle_or_management(self, call: Call) -> None:
        try:
            await self._vehicle(call)
        except NotAuthenticated:
            application = await manager_of(call, self._accounts)
            self._limit.take(application.client_id)
            call.prove(application=application)
            if not is_uuid(call.parameters["id"]):
                raise InvalidInput(FieldProblem("id", "A vehicle id is a UUID of 36 characters")) from None


async def application_of(call: Call, accounts: AccountService) -> Application:
    """Return the application that asks. Raises `NotAuthenticated` for anything but one well-formed, known Basic
    header.
    """
    header = _only_header(call)
    remembered = accounts.recognise(b"application " + header)
    if remembered:
        return remembered
    user, password = _basic(header)
    return await accounts.authenticate(user, Secret(password), proof=b"application " + header)


async def manager_of(call: Call, accounts: AccountService) -> Application:
    """Return the application whose management token came along, as Basic ``default:token`` or as Bearer."""
    header = _only_header(call)
    remembered = accounts.recognise(b"manager " + header)
    if remembered:
        return remembered
    if header[:7].lower() == b"bearer ":
        token = bearer(call)
    else:
        user, password = _basic(header)
        if user != _MANAGER:
            raise NotAuthenticated
        token = Secret(password)
    return await accounts.authenticate_manager(token, proof=b"manager " + header)


def _shows_token(call: Call) -> bool:
    """Tell whether a management token came along, not an application's id and secret."""
    header = _only_header(call)
    return header[:7].lower() == b"bearer " or _basic(header)[0] == _MANAGER


def owner_asked_for(call: Call) -> str | InvalidInput | None:
    """Return the owner an application asks for; null when it names none, what is wrong when it is no id."""
    try:
        header = call.one_header(OWNER_HEADER)
        return user_of(header) if header else None
    except InvalidInput as problem:
        return problem


def bearer(call: Call) -> Secret:
    """Return the token of one well-formed Bearer header. Raises `NotAuthenticated`."""
    header = _only_header(call)
    token = header[7:].strip()
    if header[:7].lower() != b"bearer " or not token:
        raise NotAuthenticated
    try:
        return Secret(token.decode("ascii"))
    except UnicodeDecodeError:
        raise NotAuthenticated from None


def basic_of(call: Call) -> tuple[str, Secret]:
    """Return the pair of one well-formed Basic header. Raises `NotAuthenticated`."""
    user, password = _basic(_only_header(call))
    return user, Secret(password)


def _only_header(call: Call) -> bytes:
    headers = call.header(b"authorization")
    if len(headers) != 1 or len(headers[0]) > _MAX_HEADER:
        raise NotAuthenticated
    return headers[0]


def _basic(header: bytes) -> tuple[str, str]:
    scheme, _, value = header.partition(b" ")
    if scheme.lower() != b"basic":
        raise NotAuthenticated
    try:
        user, colon, password = binascii.a2b_base64(value.strip(), strict_mode=True).decode("utf-8").partition(":")
    except ValueError:
        raise NotAuthenticated from None
    if not colon:
        raise NotAuthenticated
    return user, password
