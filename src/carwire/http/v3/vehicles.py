"""A vehicle and its signals. Source: the wire contract, sections 6 and 7.

Signals are answered from what is kept, which is asked for anew when it is older than the caller or the server allows
and that wakes no car.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import Final

from carwire.core.signals.catalogue import signals
from carwire.core.signals.obstacles import Obstacle
from carwire.core.signals.reading import Problem
from carwire.http.call import Answer, Call, NothingThere
from carwire.http.query import decode_params
from carwire.http.v3.view import Memory, Views, Written, answered, sent, written
from carwire.http.wishes import LONGEST_S, MAX_AGE, length_of, unit_system
from carwire.services.vehicles import Known, VehicleService
from carwire.wire.v3.paging import SIGNALS, read_page
from carwire.wire.v3.signals import etag, headers, signal_body, signals_body
from carwire.wire.v3.vehicles import vehicle_body

# What a list holds: the published codes. The few others are answered to whoever asks for them by name.
LISTED: Final = tuple(code for code, row in signals().items() if row.kind in {"signal", "attribute"})
_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age=\"?(?P<s>[0-9]{1,9})\"?(?:$|[,\s])", re.IGNORECASE)


class VehicleHandlers:
    """Handlers over the vehicles. `max_age` is how old an answer may be when a request does not say."""

    def __init__(self, vehicles: VehicleService, views: Views, max_age: timedelta) -> None:
        self._vehicles = vehicles
        self._views = views
        self._max_age = max_age
        self._written = Memory()

    async def vehicle(self, call: Call) -> Answer:
        """Answered from what is stored; the car is not asked."""
        return answered(call, vehicle_body(call.vehicle, self._views.of(call)))

    async def signals(self, call: Call) -> Answer:
        """Every signal that was ever answered, each with its own status, body and times: one that failed fails alone.

        `carwire-max-age`, or `max-age` of `cache-control`, says how old what is kept may be; no car is woken for it.
        """
        vehicle, system, max_age = call.vehicle, unit_system(call), self._age(call)
        view = self._views.of(call, system)
        page = read_page(decode_params(call.query), SIGNALS, len(LISTED), short=view.preview)
        known = await self._vehicles.recall(vehicle, LISTED, max_age)

        def write() -> Written:
            _check_plan(known)
            answers = {code: answer for code, answer in known.answers.items() if answer is not None}
            whole = page.number == 1 and page.size >= len(answers)
            shown = None if whole else page
            tag = etag(vehicle, answers, view, shown).encode()
            return written(signals_body(vehicle, answers, view, shown), headers(answers, system), tag)

        return self._answer(call, known, (vehicle.car, view, page), write)

    async def signal(self, call: Call) -> Answer:
        """One signal, with its status, body and times. 404 for a code nobody knows, and while nobody has answered."""
        vehicle, system, max_age = call.vehicle, unit_system(call), self._age(call)
        code = call.parameters["code"].lower()
        if code not in signals():
            raise NothingThere("signal", call.parameters["code"])
        view, known = self._views.of(call, system), await self._vehicles.recall(vehicle, _alone(code), max_age)

        def write() -> Written:
            _check_plan(known)
            if known.answers[code] is None:
                raise NothingThere("signal", code)
            body = signal_body(vehicle, code, known.answers[code], view)
            tag = etag(vehicle, known.answers, view).encode()
            return written(body, headers(known.answers, system), tag)

        return self._answer(call, known, (vehicle.car, view), write)

    def _answer(self, call: Call, known: Known, more: Hashable, write: Callable[[], Written]) -> Answer:
        return self._written.answer(call, known, more, write) if known.lasts else sent(call, write())

    def _age(self, call: Call) -> timedelta:
        """Return how old an answer may be. Raises `InvalidInput` for a header that is no number of seconds."""
        text = call.one_header(MAX_AGE)
        if text is not None:
            return length_of(MAX_AGE, text)
        control = call.header(b"cache-control")
        if not control:
            return self._max_age
        found = _MAX_AGE.search(b",".join(control).decode("latin-1"))
        return timedelta(seconds=min(int(found["s"]), LONGEST_S)) if found else self._max_age


@functools.cache
def _alone(code: str) -> tuple[str]:
    """Made once for every signal there is."""
    return (code,)


def _check_plan(known: Known) -> None:
    """Raise `Obstacle` for what a plan does not allow: that is about the application, not about a signal."""
    for answer in known.answers.values():
        if isinstance(answer, Problem) and answer.type == "BILLING":
            raise Obstacle(answer)
