"""From the owner's consent to its result: what is granted, on which cars, with which battery; then one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from carwire.core.errors import SourceAway
from carwire.core.grants import Approval, ApprovedCar, Consent
from carwire.core.permissions import CONTROL
from carwire.core.signals.reading import Problem
from carwire.core.sources import SourceCar
from carwire.core.vehicles import Vehicle
from carwire.kit.ids import new_id
from carwire.kit.secrets import Secret, new_token
from carwire.services.connect import outcomes
from carwire.services.connect.choosing import remember, turn
from carwire.services.connect.garage import CAPACITY, grantable, look_through, sizes_in, title_of
from carwire.services.connect.outcomes import Result, leave
from carwire.services.connect.record import Page, Sizes, Vault
from carwire.services.connect.replies import Finished, Form, Left, Moved, Reply, Run, Screen
from carwire.services.connect.sessions import TouchedMeanwhile
from carwire.services.connect.tools import Tools

TEXT_VERSION: Final = "2026-11"  # of the sentences an owner agrees to
_MOST_CARS_ASKED: Final = 20  # for their battery: an owner is not asked about a fleet
_READ_S: Final = 5.0


class Approving:
    """The pages from the grant to the end."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._sessions = tools.sessions

    async def known_already(self, run: Run, usable: tuple[int, ...]) -> Reply | None:
        """Approve without asking, if this owner has granted all of it on all of these cars before; null else.

        What they granted besides stays: nobody has been asked to take it back.
        """
        request, vault = run.record.request, run.vault
        if request.force or (request.single and len(usable) > 1):
            return None
        owner = await self._tools.known_owner(run)
        if owner is None:
            return None
        before = await self._tools.store.granted(request.client_id, owner.id)
        wanted = grantable(request, vault.lacking)
        if any(not before.get(vault.cars[n].vin, frozenset()) >= set(wanted) for n in usable):
            return None
        run.update(chosen=usable, granted=wanted)
        return await self._issue(run, before)

    async def approve(self, run: Run, form: Form) -> Reply:
        """Take the owner's choice of cars and permissions."""
        request, vault = run.record.request, run.vault
        usable = self._remember(run, form)
        chosen = usable if request.vin else tuple(n for n in usable if n not in set(run.record.left_out))
        if not chosen or (request.single and len(chosen) > 1):
            return Screen(showing=run.showing, page="grant", error="no_vehicle")
        unticked = set(run.record.unticked)
        granted = tuple(name for name in grantable(request, vault.lacking) if name not in unticked)
        if not granted:
            return Screen(showing=run.showing, page="grant", error="no_permission")
        if len(granted) < len(grantable(request, vault.lacking)):
            self._sessions.note(run, "permission_changed", len(granted))
        run.update(chosen=chosen, granted=granted)
        sizes = await self._ask_sizes(run, chosen) if "read_battery" in granted else ()
        run.keep(msgspec.structs.replace(vault, sizes=sizes, capacities={}))
        return await self._go_on(run, "grant")

    async def turn(self, run: Run, form: Form) -> Reply:
        """Show other cars of the account, keeping what is ticked."""
        self._remember(run, form)
        run.record = turn(run.record, form)
        return Moved(run.showing, "grant")

    async def deny(self, run: Run) -> Reply:
        """End without an approval."""
        self._sessions.note(run, "denied")
        return await self.end(run, outcomes.failed(outcomes.DENIED))

    async def choose_capacity(self, run: Run, form: Form) -> Reply:
        """Take the battery size picked for the car shown."""
        if not run.vault.sizes:
            return Moved(run.showing, run.record.page)
        shown = run.vault.sizes[0]
        picked = [kwh for key, (kwh, _) in enumerate(shown.sizes) if str(key) == form.one("capacity")]
        if not picked:
            return Screen(showing=run.showing, page="battery", error="missing")
        if run.record.request.kind == "battery":
            return await self._capacity_alone(run, picked[0])
        capacities = {**run.vault.capacities, run.vault.cars[shown.car].vin: picked[0]}
        run.keep(msgspec.structs.replace(run.vault, capacities=capacities))
        return await self.skip_capacity(run)

    async def skip_capacity(self, run: Run) -> Reply:
        """Go on without a battery size for the car shown."""
        if run.record.request.kind == "battery":
            return await self.end(run, outcomes.capacity_unknown(run.record.request.vehicle_id or ""))
        run.keep(msgspec.structs.replace(run.vault, sizes=run.vault.sizes[1:]))
        return await self._go_on(run, "battery")

    async def done_at_car(self, run: Run) -> Reply:
        """Go on after the owner has been at the car; the source says whether the key is there now."""
        source = self._tools.sources.get(run.record.source or "")
        if source is not None and run.vault.session is not None:
            cars = await source.cars(Secret(run.vault.session), now=self._tools.clock())
            known = [car.vin for car in run.vault.cars]
            if not isinstance(cars, Problem) and [car.vin for car in cars] == known:
                run.keep(run.vault.with_cars(cars))
        return await self._issue(run)

    async def end(self, run: Run, pairs: tuple[outcomes.Pair, ...]) -> Reply:
        """Close a run that grants nothing."""
        result = leave(run.record.request, pairs)
        await self._sessions.close(run, result)
        return self._leave(run, result)

    async def repair(self, run: Run, at: Page, vehicle: Vehicle) -> Reply:
        """Renew what an owner signs in with. For a battery size that is only the way to the question."""
        assert run.vault.session is not None
        session = Secret(run.vault.session)
        if run.record.request.kind == "battery":
            await self._tools.store.keep_maker_session(vehicle.user_id, session)
            run.keep(msgspec.structs.replace(run.vault, sizes=await self.sizes_of(vehicle, session)))
            return self._sessions.move(run, at, "battery")
        self._sessions.note(run, "approved")
        await self._sessions.save(run)
        result = leave(run.record.request, outcomes.repaired(vehicle.id))
        done = await self._tools.store.repair(
            run.session.id,
            run.session.version,
            vehicle.id,
            vehicle.user_id,
            session,
            now=self._tools.clock(),
            external_id=run.record.request.external_id,
            result=Vault(result=result).seal(),
        )
        if not done:
            raise TouchedMeanwhile
        return self._leave(run, result)

    async def sizes_of(self, vehicle: Vehicle, session: Secret) -> tuple[Sizes, ...]:
        """Return the battery sizes of a connected vehicle; none when its source does not say."""
        source = self._tools.sources.get(vehicle.car.source)
        body = await self._read_capacity(source.name, session, vehicle.car.vin) if source else None
        listed = sizes_in({**body, "capacity": None}) if isinstance(body, dict) else ()
        car = vehicle.car
        return (Sizes(0, f"{car.year} {car.make.title()} {car.model}", listed),) if listed else ()

    async def _capacity_alone(self, run: Run, kwh: float) -> Reply:
        request = run.record.request
        assert request.vehicle_id is not None
        now = self._tools.clock()
        if not await self._tools.store.choose_capacity(request.client_id, request.vehicle_id, kwh, now=now):
            return await self.end(run, outcomes.capacity_unknown(request.vehicle_id))  # disconnected meanwhile
        return await self.end(run, outcomes.capacity_chosen(request.vehicle_id, kwh))

    def _remember(self, run: Run, form: Form) -> tuple[int, ...]:
        """Keep what is ticked, and return the places of the cars there are to choose from."""
        rules = run.application.rules
        usable = look_through(run.vault, run.record.request, block_incapable=rules.block_incapable).usable
        run.record, run.changed = remember(run.record, run.vault, usable, form), True
        return usable

    async def _go_on(self, run: Run, at: Page) -> Reply:
        if run.vault.sizes:
            return self._sessions.move(run, at, "battery")
        if self.key_url(run):
            return self._sessions.move(run, at, "key")
        return await self._issue(run)

    @staticmethod
    def key_url(run: Run) -> str | None:
        """Return where a virtual key is to be allowed, if a command was granted on a car that wants one."""
        if not set(run.record.granted) & set(CONTROL):
            return None
        return next((url for n in run.record.chosen if (url := run.vault.cars[n].key_url)), None)

    async def _issue(self, run: Run, before: Mapping[str, frozenset[str]] = MappingProxyType({})) -> Reply:
        """Write the approval and end the run: all of it, or nothing of it and the run stays open.

        `before` is what stays granted besides, by VIN.
        """
        request, vault = run.record.request, run.vault
        assert vault.session is not None
        owner = await self._tools.owner(run)
        code = new_token() if request.response_type == "code" else None
        found = vault.source_cars()
        cars = [found[n] for n in run.record.chosen]
        pairs = outcomes.approved(code=code.reveal() if code else None, user_id=owner.id, key_url=self.key_url(run))
        result = leave(request, pairs, tuple(title_of(car) for car in cars))
        self._sessions.note(run, "approved", len(cars))
        self._sessions.rotate(run, repeatable=True)
        await self._sessions.save(run)
        approval = Approval(
            session_id=run.session.id,
            session_version=run.session.version,
            owner=owner,
            maker_session=Secret(vault.session),
            cars=tuple(_approved(run, car, before) for car in cars),
            grant_id=new_id(),
            code_digest=self._tools.hasher.hash(code) if code else None,
            redirect_uri=request.redirect_uri,
            challenge=request.challenge,
            external_id=request.external_id,
            consent=Consent(TEXT_VERSION, self._tools.language(run), run.record.application),
            result=Vault(result=result).seal(),
            at=self._tools.clock(),
        )
        if not await self._tools.store.approve(approval):
            raise TouchedMeanwhile
        return self._leave(run, result)

    def _leave(self, run: Run, result: Result) -> Reply:
        return Left(run.showing, result) if result.url else Finished(run.showing, result)

    async def _ask_sizes(self, run: Run, chosen: tuple[int, ...]) -> tuple[Sizes, ...]:
        assert run.vault.session is not None
        cars = run.vault.source_cars()
        asked = [n for n in chosen if CAPACITY in cars[n].signals][:_MOST_CARS_ASKED]
        session, name = Secret(run.vault.session), run.record.source or ""
        bodies = await asyncio.gather(*(self._read_capacity(name, session, cars[n].vin) for n in asked))
        pairs = [(n, sizes_in(body)) for n, body in zip(asked, bodies, strict=True)]
        return tuple(Sizes(n, title_of(cars[n]), sizes) for n, sizes in pairs if sizes)

    async def _read_capacity(self, source_name: str, session: Secret, vin: str) -> object:
        """Read the signal the sizes are in; a car that does not answer in time is not asked about."""
        source = self._tools.sources[source_name]
        try:
            async with asyncio.timeout(_READ_S):
                return (await source.read(session, vin, (CAPACITY,), now=self._tools.clock())).value(CAPACITY)
        except (TimeoutError, SourceAway):
            return None


def _approved(run: Run, car: SourceCar, before: Mapping[str, frozenset[str]]) -> ApprovedCar:
    granted = run.record.granted
    besides = sorted(before.get(car.vin, frozenset()) - set(granted))
    return ApprovedCar(car, (*granted, *besides), run.vault.capacities.get(car.vin))
