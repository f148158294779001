"""The commands a car can be given: their names, the permission each needs, and its arguments with their limits.

Names follow the platform's command types (``charge-set-limit``); those beyond its published list follow the
make-specific calls of v2.0. An outcome is one of four, and only *not sent* may be tried again:

``done``      the car says so
``refused``   the car, or the maker for it, said no: nothing changed
``not_sent``  it never reached the car
``unknown``   it was sent, and nobody can tell what became of it: read the car
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.signals.reading import Problem

Arguments = Mapping[str, object]
RECOVERY_GRACE: Final = timedelta(seconds=10)  # past the deadline, for whoever sent a command to write down its end
WORKDAYS: Final = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY")
WEEKEND: Final = ("SATURDAY", "SUNDAY")
DAYS: Final = (*WORKDAYS, *WEEKEND)
# Kind of charge schedule → the days of its windows, in this order; null where they may be any.
SCHEDULE_DAYS: Final[Mapping[str, tuple[tuple[str, ...], ...] | None]] = {
    "daily": (DAYS,),
    "weekly": None,
    "workweek": (WORKDAYS, WEEKEND),
}


class Outcome(msgspec.Struct, frozen=True):
    """What became of a command; `problem` says why when it is not done."""

    kind: Literal["done", "refused", "not_sent", "unknown"]
    problem: Problem | None = None


# accepted → sent → one of the outcomes; only an accepted one can end as not_sent without having been sent.
State = Literal["accepted", "sent", "done", "refused", "not_sent", "unknown"]


class CommandRecord(msgspec.Struct, frozen=True):
    """A command on its way, as it is kept. `fingerprint` tells the same order on the same car apart from another: a
    digest of name and arguments. `arguments` never holds a PIN.
    """

    id: str
    client_id: str
    vehicle_id: str
    car_id: str
    name: str
    arguments: dict[str, object]
    fingerprint: bytes
    state: State
    problem: Problem | None
    accepted_at: datetime
    deadline_at: datetime
    sent_at: datetime | None = None
    ended_at: datetime | None = None


class Accepted(msgspec.Struct, frozen=True):
    """What became of handing in a command: the record to follow, and whether it is the caller's own to send.

    `joined` is an equal order already under way, `replayed` the one this idempotency key named before, `full` one that
    is new and was not stored because there was no room for it.
    """

    record: CommandRecord
    how: Literal["own", "joined", "replayed", "full"]


class AuditEntry(msgspec.Struct, frozen=True):
    """One line of the append-only audit; each carries the digest of the line before it, so that a gap shows."""

    number: int
    at: datetime
    kind: str
    subject: str  # the id of what it is about
    detail: dict[str, object]
    digest: bytes


class Number(msgspec.Struct, frozen=True):
    """An argument that is a number within limits, both included."""

    least: float
    most: float

    def expects(self) -> str:
        """A sentence for the caller."""
        return f"must be a number from {self.least:g} to {self.most:g}"

    def accepts(self, value: object) -> bool:
        """Tell whether a value will do."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and math.isfinite(value) and self.least <= value <= self.most  # type: ignore[operator, arg-type]


class Choice(msgspec.Struct, frozen=True):
    """An argument that is one of a few words or truth values."""

    of: tuple[str | bool, ...]

    def expects(self) -> str:
        """A sentence for the caller."""
        return (
            f"must be one of {', '.join(str(value).lower() if isinstance(value, bool) else value for value in self.of)}"
        )

    def accepts(self, value: object) -> bool:
        """Tell whether a value will do."""
        return any(value is choice or (isinstance(choice, str) and value == choice) for choice in self.of)


class Digits(msgspec.Struct, frozen=True):
    """An argument that is text in a fixed pattern: ``0`` stands for a digit, other characters for themselves."""

    pattern: str

    def expects(self) -> str:
        """A sentence for the caller."""
        return f"must be text like {self.pattern}"

    def accepts(self, value: object) -> bool:
        """Tell whether a value will do. A time of day must exist."""
        if not isinstance(value, str) or len(value) != len(self.pattern) or not value.isascii():
            return False
        if not all(c.isdigit() if p == "0" else c == p for c, p in zip(value, self.pattern, strict=True)):
            return False
        return ":" not in value or (value[:2] < "24" and value[3:] < "60")


class Text(msgspec.Struct, frozen=True):
    """An argument that is a text of printable ASCII characters, one at least."""

    most: int

    def expects(self) -> str:
        """A sentence for the caller."""
        return f"must be a text of 1 to {self.most} printable characters"

    def accepts(self, value: object) -> bool:
        """Tell whether a value will do."""
        return isinstance(value, str) and 1 <= len(value) <= self.most and value.isascii() and value.isprintable()


class Windows(msgspec.Struct, frozen=True):
    """An argument that is a list of windows: objects that say on which `days`, and from `start` to `stop`.

    A day is in one window at most. A window that stops before it starts stops on the next day.
    """

    def expects(self) -> str:
        """A sentence for the caller."""
        window = '{"days": ["MONDAY"], "start": "22:00", "stop": "06:00"}'
        return f"must be a list of windows like {window}, each day in one of them, none stopping when it starts"

    def accepts(self, value: object) -> bool:
        """Tell whether a value will do."""
        if not isinstance(value, list) or not value or not all(_is_window(each) for each in value):
            return False
        days = [day for window in value for day in window["days"]]
        return len(days) == len(set(days))


def _is_window(value: object) -> bool:
    if not isinstance(value, dict) or value.keys() != {"days", "start", "stop"}:
        return False
    days, start, stop = value["days"], value["start"], value["stop"]
    known = isinstance(days, list) and len(days) > 0 and all(day in DAYS for day in days)
    return known and _TIME.accepts(start) and _TIME.accepts(stop) and start != stop


Argument = Number | Choice | Digits | Text | Windows


class Command(msgspec.Struct, frozen=True):
    """One command. Every argument must be given, and no other. `agree` says what is wrong with arguments that are good
    each by itself; null when nothing is.
    """

    name: str
    permission: str
    arguments: dict[str, Argument] = {}
    agree: Callable[[Arguments], FieldProblem | None] | None = None


def _days_agree(arguments: Arguments) -> FieldProblem | None:
    """A schedule's kind says which days its windows are of."""
    kind, windows = arguments["kind"], arguments["windows"]
    wanted = SCHEDULE_DAYS[str(kind)]
    assert isinstance(windows, list)
    if wanted is None or [set(window["days"]) for window in windows] == [set(days) for days in wanted]:
        return None
    named = ", then ".join(f"one for {days[0]} to {days[-1]}" for days in wanted)
    return FieldProblem("windows", f"must be {named}, as the schedule is {kind}")


_TIME: Final = Digits("00:00")
_TEMPERATURE: Final[dict[str, Argument]] = {"temperature": Number(10, 32)}  # degrees Celsius
_PLACE: Final[dict[str, Argument]] = {"latitude": Number(-90, 90), "longitude": Number(-180, 180)}  # WGS 84
_SCHEDULE_ID: Final[dict[str, Argument]] = {"schedule_id": Text(255)}  # chosen by whoever gives the command
_COMMANDS: Final = (
    Command("security-lock", "control_security"),
    Command("security-unlock", "control_security"),
    Command("charge-start", "control_charge"),
    Command("charge-stop", "control_charge"),
    Command("charge-set-limit", "control_charge", {"percent": Number(50, 100)}),
    Command("charge-set-amperage", "control_charge", {"amperage": Number(5, 80)}),
    Command(
        "charge-set-schedule",
        "control_charge",
        {"type": Choice(("START_TIME", "DEPARTURE_TIME")), "enable": Choice((True, False)), "time": _TIME},
    ),
    # Of an id that is there: in its place.
    Command(
        "charge-schedule-create",
        "control_charge",
        {**_SCHEDULE_ID, "kind": Choice(tuple(SCHEDULE_DAYS)), **_PLACE, "windows": Windows()},
        _days_agree,
    ),
    Command("charge-schedule-delete", "control_charge", _SCHEDULE_ID),
    Command("charge-port-open", "control_charge"),
    Command("charge-port-close", "control_charge"),
    Command("climate-start", "control_climate", _TEMPERATURE),
    Command("climate-set", "control_climate", _TEMPERATURE),
    Command("climate-stop", "control_climate"),
    Command("defroster-start", "control_climate"),
    Command("defroster-stop", "control_climate"),
    Command("steering-heater-start", "control_climate"),
    Command("steering-heater-stop", "control_climate"),
    Command("navigation-set-destination", "control_navigation", _PLACE),
    Command("trunk-open", "control_trunk"),
    Command("trunk-close", "control_trunk"),
    Command("frunk-open", "control_trunk"),
    Command("frunk-close", "control_trunk"),
    Command("pin-set", "control_pin", {"pin": Digits("0000")}),
    Command("pin-clear", "control_pin", {"pin": Digits("0000")}),
)
COMMANDS: Final[Mapping[str, Command]] = {command.name: command for command in _COMMANDS}


def check_command(name: str, arguments: Arguments) -> Command:
    """Return the command of this name. Raises `InvalidInput` for one nobody knows and for arguments it cannot take."""
    command = COMMANDS.get(name)
    if command is None:
        raise InvalidInput(FieldProblem("command", f"{name[:60]!a} is no command"))
    problems = [
        FieldProblem(key[:60], f"{name} has no such argument") for key in arguments if key not in command.arguments
    ]
    for key, kind in command.arguments.items():
        if key not in arguments or not kind.accepts(arguments[key]):
            problems.append(FieldProblem(key, kind.expects()))
    disagreement = command.agree(arguments) if command.agree and not problems else None
    if disagreement:
        problems.append(disagreement)
    if problems:
        raise InvalidInput(*problems)
    return command
