"""Beginning a run: from a checked request to a session, or to the page that says what is wrong with it."""

from __future__ import annotations

import math

import msgspec

from carwire.core.applications import Application
from carwire.core.grants import Principal
from carwire.core.vehicles import Vehicle
from carwire.kit.addresses import client_key
from carwire.kit.secrets import Secret
from carwire.services.connect.approving import Approving
from carwire.services.connect.brands import country_of, find_country
from carwire.services.connect.record import Event, Record, Vault
from carwire.services.connect.replies import Busy, Gone, Moved, Reply, Screen, Visitor
from carwire.services.connect.request import (
    Mistake,
    Parameters,
    Request,
    bad_value,
    client_of,
    read_authorize,
    read_battery,
    read_reauthenticate,
    unknown_client,
)
from carwire.services.connect.throttle import Throttle
from carwire.services.connect.tools import Tools


class Starting:
    """The three entry points. Nothing is stored before client and redirect URI are known to be good."""

    def __init__(self, tools: Tools, approving: Approving) -> None:
        self._tools = tools
        self._sessions = tools.sessions
        self._approving = approving
        self._by_address = Throttle(tools.limits.starts_by_address)
        self._by_application = Throttle(tools.limits.starts_by_application)

    async def authorize(self, given: Parameters, visitor: Visitor, *, dry: bool = False) -> Reply | None:
        """Begin a run. Raises `NotTrusted` while nothing may lead back. `dry` only checks, and is null if it might."""
        application = await self._application(given)
        find = self._tools.brands.find
        request, mistake = read_authorize(given, application, find, find_country)
        return await self._begin(application, request, mistake, given, visitor, dry=dry)

    async def reauthenticate(self, given: Parameters, visitor: Visitor, *, dry: bool = False) -> Reply | None:
        """Begin a run that repairs one connection."""
        application = await self._application(given)
        request, mistake = read_reauthenticate(given, application)
        vehicle = None
        if mistake is None:
            vehicle, mistake = await self._vehicle(request)
        return await self._begin(application, request, mistake, given, visitor, vehicle=vehicle, dry=dry)

    async def battery(self, given: Parameters, visitor: Visitor, *, dry: bool = False) -> Reply | None:
        """Begin a run that asks for a battery size; without a good token the owner signs in first."""
        application = await self._application(given)
        request, mistake = read_battery(given, application)
        vehicle, vault = None, Vault()
        if mistake is None:
            vehicle, mistake = await self._vehicle(request)
        if vehicle and self._tools.check_battery_token(
            application.client_id, vehicle.id, Secret(given.values.get("token", ""))
        ):
            session = await self._tools.store.maker_session(vehicle)
            sizes = await self._approving.sizes_of(vehicle, session) if session else ()
            vault = Vault(sizes=sizes)
        return await self._begin(application, request, mistake, given, visitor, vehicle=vehicle, vault=vault, dry=dry)

    async def _application(self, given: Parameters) -> Application:
        client_id = client_of(given)
        storable = client_id.isascii() and client_id.isprintable()
        application = await self._tools.store.find(client_id) if storable else None
        if application is None:
            raise unknown_client(client_id)
        return application

    async def _vehicle(self, request: Request) -> tuple[Vehicle | None, Mistake | None]:
        """The vehicle a request names; one that never was and one of somebody else are the same mistake."""
        named = request.vehicle_id or ""
        storable = len(named) == 36 and named.isascii() and named.isprintable()
        vehicle = await self._tools.store.reach(Principal(request.client_id), named) if storable else None
        return vehicle, None if vehicle else bad_value("vehicle_id", named)

    async def _begin(
        self,
        application: Application,
        request: Request,
        mistake: Mistake | None,
        given: Parameters,
        visitor: Visitor,
        *,
        vehicle: Vehicle | None = None,
        vault: Vault | None = None,
        dry: bool,
    ) -> Reply | None:
        if dry:
            return Gone("order", 400) if mistake else None
        busy = await self._hold_up(application, visitor)
        if busy:
            return busy
        if vehicle:
            request = msgspec.structs.replace(request, mode=vehicle.mode, make=vehicle.car.make)
        asked = vault is not None and bool(vault.sizes)
        record = self._record(application, request, mistake, given, visitor)
        if vehicle:
            record = msgspec.structs.replace(record, make=vehicle.car.make, source=vehicle.car.source)
        run = await self._sessions.open(
            application, msgspec.structs.replace(record, trail=("battery",)) if asked else record, vault
        )
        return Screen(showing=run.showing, page="error") if mistake else Moved(run.showing, run.record.page)

    async def _hold_up(self, application: Application, visitor: Visitor) -> Busy | None:
        now = self._tools.clock()
        address = client_key(visitor.address)
        holds = self._by_address.count(address, now), self._by_application.count(application.client_id, now)
        stopped = [hold.seconds for hold in holds if hold.stop]
        if stopped:
            return Busy(math.ceil(max(stopped)) or 1)
        if seconds := max(hold.seconds for hold in holds):
            await self._tools.sleep(seconds)
        return None

    def _record(
        self, application: Application, request: Request, mistake: Mistake | None, given: Parameters, visitor: Visitor
    ) -> Record:
        now = self._tools.clock()
        wanted = (*given.values.get("ui_locales", "").split()[:10], *visitor.languages)
        return Record(
            request=request,
            opened_at=now,
            application=application.name,
            country=request.country or country_of(wanted),
            wanted=wanted[:20],
            trail=("error",) if mistake else ("welcome",),
            mistake=mistake,
            events=(Event(now, "opened"),),
        )
