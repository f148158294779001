"""Observing: cars are asked, or tell by themselves, on behalf of webhooks. What comes of it is kept, and becomes events
there (`carwire.core.ports.VehicleStore.keep`), like everything cars say.
"""

from __future__ import annotations

from collections.abc import Callable

from carwire.core.polling import TELLING, Poll, Polled, due_codes, least_between, wait_of
from carwire.core.ports import Store
from carwire.core.signals.catalogue import signals
from carwire.core.signals.reading import Snapshot
from carwire.core.vehicles import Vehicle
from carwire.kit.clock import Clock
from carwire.upstream.door import Upstream


class ObservingService:
    """Asks cars through the one door, within their budgets. `on_event` is told the id of a car that has news."""

    def __init__(
        self, store: Store, upstream: Upstream, clock: Clock, on_event: Callable[[str], None] = lambda _: None
    ) -> None:
        self._store = store
        self._upstream = upstream
        self._clock = clock
        self._on_event = on_event

    async def poll(self, poll: Poll) -> Polled:
        """Ask a car what is due of it, and say when it is asked next. Nobody waits any more: never."""
        vehicle = poll.vehicle
        if not poll.active:
            return Polled(vehicle, None)
        codes = [code for code in dict.fromkeys((*poll.codes, *TELLING)) if self._may_ask(vehicle, code)]
        answers = await self._store.answers(vehicle)
        now, least = self._upstream.now(vehicle), least_between(*self._upstream.waking(vehicle))
        due = due_codes(codes, answers, now, least)
        if due:
            answers |= (await self._upstream.read(vehicle, due)).answers
        if await self._store.announce(vehicle, self._clock()):
            self._on_event(vehicle.car.id)
        return Polled(vehicle, self._clock() + wait_of(vehicle.id + vehicle.user_id, codes, answers, now, least))

    async def take(self, source: str, pushed: Snapshot) -> int:
        """Take what a car told by itself, for every account somebody waits for news of, as far as it is granted to
        anybody; return for how many.
        """
        accounts: dict[bytes, list[Vehicle]] = {}
        for vehicle in await self._store.waiting_for(source, pushed.vin):
            accounts.setdefault(vehicle.account, []).append(vehicle)
        for vehicles in accounts.values():
            granted = frozenset[str]().union(*(vehicle.permissions for vehicle in vehicles))
            told = {code: said for code, said in pushed.answers.items() if signals()[code].permission in granted}
            await self._upstream.take(vehicles[0], Snapshot(pushed.vin, told))
        return len(accounts)

    @staticmethod
    def _may_ask(vehicle: Vehicle, code: str) -> bool:
        signal = signals()[code]
        return signal.permission in vehicle.permissions and signal.suits(vehicle.car.powertrain)
