"""Circuit breaker: leaves a maker's service alone that fails, and tries it again gently."""

from __future__ import annotations

import random
from collections import deque
from typing import Final

import msgspec

WINDOW_S: Final = 30.0
LEAST: Final = 20  # outcomes within the window before they count
SHARE: Final = 0.5  # of failures, from which the circuit opens
REST_S: Final = 10.0  # before one request may try, give or take a quarter
TRIAL_S: Final = 30.0  # after which a trial nobody has heard of again gives way to another
# Problems that say the service is unwell, and not the car, the owner or the question.
FAILURES: Final = frozenset({"UPSTREAM:KNOWN_ISSUE", "UPSTREAM:NO_RESPONSE", "UPSTREAM:UNKNOWN_ISSUE"})


class _State(msgspec.Struct):
    outcomes: deque[tuple[float, bool]] = msgspec.field(default_factory=deque)  # when, and whether it was well
    open_until: float | None = None
    trying_until: float | None = None


class Circuits:
    """The circuits of all sources, by name. Times are seconds of any clock that only goes forward."""

    def __init__(self, seed: int = 1) -> None:
        self._states: dict[str, _State] = {}
        self._random = random.Random(seed)  # noqa: S311  # spreads retries, guards nothing

    def wait_s(self, name: str | None, now: float) -> float | None:
        """Return null when a request may go out, else in how many seconds to come again.

        After the rest one request at a time may try; the others wait for what becomes of it.
        """
        wait = self.peek_s(name, now)
        state = self._states.get(name or "")
        if wait is None and state is not None and state.open_until is not None:
            state.trying_until = now + TRIAL_S
        return wait

    def peek_s(self, name: str | None, now: float) -> float | None:
        """Return what `wait_s` would, without letting anybody try."""
        state = self._states.get(name or "")
        if state is None or state.open_until is None:
            return None
        if now < state.open_until:
            return state.open_until - now
        return 1.0 if state.trying_until is not None and now < state.trying_until else None

    def are_open(self) -> list[str]:
        """Return the names of those that are open."""
        return [name for name, state in self._states.items() if state.open_until is not None]

    def give_up(self, name: str | None) -> None:
        """Note that a request which might go out did not: another may try in its place."""
        state = self._states.get(name or "")
        if state:
            state.trying_until = None

    def note(self, name: str | None, now: float, *, well: bool) -> None:
        """Note what became of a request. While nobody tries, only those from before it opened come home: they tell
        nothing new.
        """
        if name is None:
            return
        state = self._states.setdefault(name, _State())
        if state.open_until is not None:
            if state.trying_until is None:
                return
            self._states[name] = _State() if well else _State(open_until=now + self._rest())
            return
        state.outcomes.append((now, well))
        while state.outcomes[0][0] < now - WINDOW_S:
            state.outcomes.popleft()
        failed = sum(not each for _, each in state.outcomes)
        if len(state.outcomes) >= LEAST and failed >= SHARE * len(state.outcomes):
            state.open_until = now + self._rest()

    def _rest(self) -> float:
        return REST_S * self._random.uniform(0.75, 1.25)
