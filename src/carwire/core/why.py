"""Why there is no answer: the way to a signal or a command, step by step, and the one thing that blocks it.

The steps are in an order in which what blocks first is the true cause: what the owner has not granted need not be asked
of the car, a car that cannot do it need not be woken. What comes after is not looked at. Nothing is asked here: what
is known decides, and what is not known is said to be so.

A problem that was found before a command changed the car says nothing of now, except that the car cannot do it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from carwire.core.commands import Command
from carwire.core.permissions import NEEDS_PLUG
from carwire.core.signals.catalogue import Signal
from carwire.core.signals.problems import KINDS
from carwire.core.signals.reading import Problem, Reading
from carwire.core.signals.remedies import REMEDIES, StepName
from carwire.core.vehicles import Vehicle
from carwire.kit.clock import timestamp

Verdict = Literal["passes", "blocks", "unknown", "skipped"]
_PLUGGED: Final = frozenset({"BEV", "PHEV"})
_LACKING: Final = "capability"  # the one step whose problems no command changes
_HIDES: Final = frozenset({"permission", "capability", "connection"})  # where earlier values are not shown either
_ASK: Final = "An answer of the car: `ask=true` asks it once, where that does not wake it."
_WAKES: Final = "An answer of the car: a read of this source may wake it, so it is not asked from here."


class Step(msgspec.Struct, frozen=True):
    """One step: its verdict, the fact it rests on, and what would change it, where anything would.

    ``skipped``: a step before it blocks, or it does not apply. `kind` is what blocks in the words of the v2.0 errors;
    `retry_after_s` when it blocks no longer, in seconds, where that is known.
    """

    step: StepName
    verdict: Verdict
    fact: str
    would_change: str | None = None
    kind: str | None = None
    retry_after_s: float | None = None


class LastKnown(msgspec.Struct, frozen=True):
    """The times of the last known reading, and how old it is in seconds."""

    measured_at: datetime | None
    maker_at: datetime | None
    fetched_at: datetime
    age_s: float


class Why(msgspec.Struct, frozen=True):
    """The answer: every step, and the name of the one that blocks, null when none is known to.

    `at` is the time the car lives in, `asked` whether the car was asked for this answer. `last` is null where there is
    no reading, or none that may be shown.
    """

    vehicle_id: str
    signal: str | None
    command: str | None
    at: datetime
    asked: bool
    blocked_by: StepName | None
    steps: tuple[Step, ...]
    last: LastKnown | None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the way to one signal or command.

    `answer` is the last one to the signal, null when there is none; `signed_in` whether a sign-in at the maker is kept;
    `obstacle` why the car could not be asked now; `wakes` whether asking may wake it; `max_age` how old a value may be;
    `asked` whether the answer is of just now, because the car was asked for it.
    """

    vehicle: Vehicle
    wanted: Signal | Command
    now: datetime
    signed_in: bool
    answer: Reading | Problem | None = None
    obstacle: Problem | None = None
    wakes: bool = False
    max_age: timedelta | None = None
    asked: bool = False

    @property
    def problem(self) -> Problem | None:
        """The problem that was answered last, as far as it says something of now."""
        if not isinstance(self.answer, Problem):
            return None
        outdated = self.before_command(self.answer.found_at) and REMEDIES[self.answer.kind].step != _LACKING
        return None if outdated else self.answer

    @property
    def reading(self) -> Reading | None:
        """The last known reading."""
        return self.answer.last if isinstance(self.answer, Problem) else self.answer

    @property
    def too_old(self) -> bool:
        """Whether the last reading is older than was asked for. What never changes does not age."""
        reading, limit = self.reading, self.max_age
        if reading is None or limit is None or (reading.measured_at is None and reading.maker_at is None):
            return False
        return self.before_command(reading.fetched_at) or reading.age(self.now) > limit

    @property
    def enough(self) -> bool:
        """Whether the last answer is a reading that will do: nobody need be asked."""
        return isinstance(self.answer, Reading) and not self.too_old

    @property
    def open(self) -> bool:
        """Whether only asking the car would tell: nothing is known, or what is known is too old."""
        if self.enough:
            return False
        problem = self.problem
        return problem is None or (self.max_age is not None and self.now - problem.found_at > self.max_age)

    def before_command(self, moment: datetime) -> bool:
        """Tell whether a command may have changed the car since."""
        changed_at = self.vehicle.car.changed_at
        return changed_at is not None and moment <= changed_at


def explain(known: Known) -> Why:
    """Walk the steps up to the first that blocks."""
    steps: list[Step] = []
    blocked_by: StepName | None = None
    for name, look in _STEPS.items():
        if blocked_by is not None:
            steps.append(Step(name, "skipped", f"Not looked at: {blocked_by} blocks before it."))
            continue
        step = _by_problem(known, name) or look(known)
        steps.append(step)
        if step.verdict == "blocks":
            blocked_by = name
    signal = known.wanted.code if isinstance(known.wanted, Signal) else None
    command = known.wanted.name if isinstance(known.wanted, Command) else None
    last = _last(known, blocked_by)
    return Why(known.vehicle.id, signal, command, known.now, known.asked, blocked_by, tuple(steps), last)


def _by_problem(known: Known, name: StepName) -> Step | None:
    """What the last answer says of a step. A state of the car from too long ago is not known to last when nobody can
    look.
    """
    problem = known.problem
    if problem is None or REMEDIES[problem.kind].step != name:
        return None
    if name == "car_state" and known.open and known.obstacle is not None:
        return None
    return _blocks(name, problem, f"The answer of {timestamp(problem.found_at)}: {KINDS[problem.kind]}")


def _blocks(name: StepName, problem: Problem, fact: str) -> Step:
    return Step(name, "blocks", fact, REMEDIES[problem.kind].would_change, problem.kind, problem.retry_after)


def _plan(known: Known) -> Step:
    return Step("plan", "passes", "This server has no plans, and the application was let in.")


def _permission(known: Known) -> Step:
    permission = known.wanted.permission
    if permission in known.vehicle.permissions:
        return Step("permission", "passes", f"The owner has granted {permission}.")
    remedy = REMEDIES["PERMISSION"].would_change
    return Step("permission", "blocks", f"The owner has not granted {permission}.", remedy, "PERMISSION")


def _capability(known: Known) -> Step:
    obstacle, wanted, car = known.obstacle, known.wanted, known.vehicle.car
    if not known.enough and obstacle is not None and REMEDIES[obstacle.kind].step == "capability":
        return _blocks("capability", obstacle, "The server has no way to this car any more.")
    if known.reading is not None:
        return Step("capability", "passes", "The car has told it before.")
    if isinstance(wanted, Signal):
        if wanted.suits(car.powertrain):
            return Step("capability", "unknown", "Whether this car has it shows when it is asked.", _change(known))
        fact = f"Cars with the powertrain {car.powertrain} do not have it."
    else:
        if wanted.permission not in NEEDS_PLUG or car.powertrain in _PLUGGED:
            return Step("capability", "unknown", "Whether this car can do it shows when it is told to.")
        fact = f"Cars with the powertrain {car.powertrain} are not charged from outside."
    lacking = "COMPATIBILITY:VEHICLE_NOT_CAPABLE"
    return Step("capability", "blocks", fact, REMEDIES[lacking].would_change, lacking)


def _connection(known: Known) -> Step:
    if known.signed_in:
        return Step("connection", "passes", "The owner's sign-in at the maker is kept.")
    if known.enough:
        return Step("connection", "passes", "No sign-in at the maker is kept, and the last reading needs none.")
    kind = "CONNECTED_SERVICES_ACCOUNT:AUTHENTICATION_FAILED"
    fact = "No sign-in of the owner at the maker is kept."
    return Step("connection", "blocks", fact, REMEDIES[kind].would_change, kind)


def _car_state(known: Known) -> Step:
    if known.enough or (known.asked and isinstance(known.answer, Reading)):
        return Step("car_state", "passes", "Its state has not kept the car from giving the last reading.")
    if isinstance(known.wanted, Command):
        return Step("car_state", "unknown", "What state the car is in shows when the command is sent.")
    return Step("car_state", "unknown", "What state the car is in now is not known.", _change(known))


def _maker(known: Known) -> Step:
    if known.enough:
        return Step("maker", "passes", "It need not be asked: the last reading will do.")
    if known.asked:
        return Step("maker", "passes", "It answered just now.")
    if known.obstacle is not None:
        return _blocks("maker", known.obstacle, f"Nobody can be asked now: {KINDS[known.obstacle.kind]}")
    wakes = "which may wake it" if known.wakes else "without waking it"
    if isinstance(known.wanted, Command):
        return Step("maker", "passes", f"The car may be given a command now, {wakes}.")
    return Step("maker", "passes", f"The car may be asked now, {wakes}.")


def _age(known: Known) -> Step:
    if isinstance(known.wanted, Command):
        return Step("age", "skipped", "A command has no age.")
    reading = known.reading
    if reading is None:
        return Step("age", "unknown", "There is no reading yet.", _change(known))
    fact = _how_old(known, reading)
    if not known.too_old:
        return Step("age", "passes", fact)
    assert known.max_age is not None
    limit = f"no older than {known.max_age.total_seconds():g} seconds was asked for"
    change = REMEDIES["TOO_OLD"].would_change if known.asked else _change(known)
    return Step("age", "blocks", f"{fact[:-1]}; {limit}.", change, "TOO_OLD")


_STEPS: Final[dict[StepName, Callable[[Known], Step]]] = {
    "plan": _plan,
    "permission": _permission,
    "capability": _capability,
    "connection": _connection,
    "car_state": _car_state,
    "maker": _maker,
    "age": _age,
}


def _change(known: Known) -> str:
    return _WAKES if known.wakes else _ASK


def _how_old(known: Known, reading: Reading) -> str:
    since = timestamp(reading.measured_at or reading.maker_at or reading.fetched_at)
    if reading.measured_at is None and reading.maker_at is None:
        return f"The last reading was fetched at {since}, and does not age."
    changed = ", before a command that may have changed it" if known.before_command(reading.fetched_at) else ""
    return f"The last reading is of {since}, {_seconds(known, reading):g} seconds ago{changed}."


def _seconds(known: Known, reading: Reading) -> float:
    """The age of a reading; clocks of cars may be ahead of ours."""
    return max(0.0, round(reading.age(known.now).total_seconds(), 3))


def _last(known: Known, blocked_by: StepName | None) -> LastKnown | None:
    """The times of the last reading, unless what blocks hides earlier values too."""
    reading = known.reading
    hidden = isinstance(known.answer, Problem) and REMEDIES[known.answer.kind].step in _HIDES
    if reading is None or hidden or blocked_by in _HIDES:
        return None
    return LastKnown(reading.measured_at, reading.maker_at, reading.fetched_at, _seconds(known, reading))
