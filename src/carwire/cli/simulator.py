"""``carwire sim``: the simulated cars.

The world is kept in the data folder, so that commands compose: what one sets, the next one finds. Its clock stands
between commands; ``step`` and ``run`` move it. While a server runs on the same folder the commands are given to it, and
its clock is as it was told to be.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from carwire.cli.simulated import simulator
from carwire.core.commands import COMMANDS, Choice, Number, Windows
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.signals.catalogue import signals
from carwire.core.signals.problems import parse_kind
from carwire.core.signals.reading import Problem, Reading, Snapshot
from carwire.core.simulation import CarSummary, Fault, Half, On, Simulator, every_car
from carwire.kit.clock import timestamp
from carwire.settings import read_settings

_DURATION: Final = re.compile(r"(\d{1,9}d)?(\d{1,9}h)?(\d{1,9}m)?(\d{1,9}s?)?", re.ASCII)
_NUMBER: Final = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
_TRUTHS: Final = {"true": True, "false": False}
_SECONDS: Final = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
_MAX_LINES: Final = 10_000  # of a run; a longer one is a slip of the hand


def seconds_of(text: str, field: str = "duration") -> int:
    """Read a length of time like ``90``, ``10m``, ``1h30m`` or ``2d``; a bare number is in seconds.

    Raises `InvalidInput` on `field`.

    >>> seconds_of("1h30m"), seconds_of("90"), seconds_of("2d")
    (5400, 90, 172800)
    """
    found = _DURATION.fullmatch(text.strip().lower())
    if not text.strip() or not found:
        raise InvalidInput(FieldProblem(field, f"{text[:40]!a} is no length of time like 90s, 10m, 1h30m or 2d"))
    parts = (part for part in found.groups() if part)
    return sum(int(part.rstrip("dhms")) * _SECONDS[part[-1] if part[-1] in _SECONDS else "s"] for part in parts)


def show_cars(*, scenarios: bool = False, json: bool = False, data: Path | None = None) -> None:
    """List the simulated cars with what they do and what energy they have.

    Parameters
    ----------
    scenarios
        List the scenarios instead.
    json
        Print JSON.
    data
        The data folder.
    """
    if scenarios:
        from carwire.connectors.simulator.scenarios import SCENARIOS

        rows: list[dict[str, object]] = [{"scenario": s.name, "what happens": s.sentence} for s in SCENARIOS.values()]
    else:
        with _world(data, keep=False) as world:
            rows = [_row(summary) for summary in every_car(world)]
    if json:
        print(msgspec.json.encode(rows).decode())
        return
    _table(rows)


def show(car: str, *codes: str, json: bool = False, data: Path | None = None) -> None:
    """Show the signals of one car, with when it measured them.

    Parameters
    ----------
    car
        A VIN, or the id of a model.
    codes
        Beginnings of the codes to show. Left out: all the car has.
    json
        Print JSON.
    data
        The data folder.
    """
    with _world(data, keep=False) as world:
        found = world.signals(car, codes)
    if json:
        print(msgspec.json.encode(Snapshot(found.car.vin, found.answers)).decode())
        return
    print(f"{found.car.vin}  {_title(found.car)}  at {timestamp(found.now)}, scenario {found.car.scenario}")
    _table([{"signal": code, **_cells(answer)} for code, answer in found.answers.items()])


def change(car: str, *changes: str, data: Path | None = None) -> None:
    """Let a car begin a scenario, then set things on it by hand in the order given: all of it or nothing.

    Parameters
    ----------
    car
        A VIN, or the id of a model.
    changes
        A scenario (see carwire sim list --scenarios), and settings like charge=0.5, plug=ac or door_front_left=open.
    data
        The data folder.
    """
    scenarios = [each for each in changes if "=" not in each]
    if len(scenarios) > 1:
        raise InvalidInput(FieldProblem("scenario", f"one at a time, not {' and '.join(s[:60] for s in scenarios)}"))
    with _world(data) as world:
        summary = world.change(car, scenarios[0] if scenarios else None, _pairs(changes))
    _table([_row(summary)])


def step(duration: str, *, data: Path | None = None) -> None:
    """Move the world's clock on; every car lives through it.

    Parameters
    ----------
    duration
        A length of time: 90s, 10m, 1h30m, 2d.
    data
        The data folder.
    """
    with _world(data) as world:
        now = world.step(seconds_of(duration)).now
    print(f"It is {timestamp(now)} in the simulated world.")


def run(
    car: str,
    scenario: str | None = None,
    *,
    duration: str = "24h",
    every: str = "10m",
    json: bool = False,
    data: Path | None = None,
) -> None:
    """Run one car, printing what changes; the others live through the same time.

    Parameters
    ----------
    car
        A VIN, or the id of a model.
    scenario
        What the car begins first. Left out: it goes on with its own.
    duration
        How long.
    every
        How often to look.
    json
        Print one JSON object a look.
    data
        The data folder.
    """
    length, pace = seconds_of(duration), seconds_of(every, "every")
    if pace < 1 or length // pace > _MAX_LINES:
        raise InvalidInput(FieldProblem("every", f"must be at least 1s, and leave at most {_MAX_LINES:,} looks"))
    with _world(data) as world:
        if scenario:
            world.change(car, scenario, {})
        at, before = _look(world, car)
        end = at + timedelta(seconds=length)
        while at < end:
            world.step(min(pace, int((end - at).total_seconds())))
            at, after = _look(world, car)
            changed = {code: value for code, value in after.items() if value != before[code]}
            before = after
            if json:
                print(msgspec.json.encode({"at": timestamp(at), "changed": changed}).decode())
            elif changed:
                print(f"{timestamp(at)}  {_course(changed)}")


def command(car: str, name: str, *arguments: str, json: bool = False, data: Path | None = None) -> None:
    """Give a car a command, and say what became of it. The status is 1 unless it was done.

    Parameters
    ----------
    car
        A VIN, or the id of a model.
    name
        The command, like charge-start or climate-start.
    arguments
        What goes with it, like percent=80; windows of a charge schedule as JSON, like
        windows=[{"days":["MONDAY"],"start":"22:00","stop":"06:00"}].
    json
        Print JSON.
    data
        The data folder.
    """
    wrong = next((each for each in arguments if "=" not in each), None)
    if wrong is not None:
        raise InvalidInput(FieldProblem("arguments", f"{wrong[:60]!a} is not like percent=80"))
    with _world(data) as world:
        outcome = world.command(car, name, _arguments(name, _pairs(arguments)))
    problem = outcome.problem
    if json:
        print(msgspec.json.encode(outcome).decode())
    else:
        print(f"{outcome.kind}, {problem.kind}: {problem.meaning}" if problem else outcome.kind)
    if outcome.kind != "done":
        sys.exit(1)


def fault(
    car: str,
    kind: str | None = None,
    *,
    on: On = "all",
    signal: list[str] | None = None,
    latency: float = 0.0,
    stale: bool = False,
    half: Half | None = None,
    retry_after: float | None = None,
    after: str = "0",
    lasting: str | None = None,
    clear: bool = False,
    data: Path | None = None,
) -> None:
    """Let something go wrong with a car's connection, and show its fault script.

    Parameters
    ----------
    car
        A VIN, or the id of a model.
    kind
        A kind of problem to answer with, like VEHICLE_STATE:ASLEEP or KNOWN_ISSUE.
    on
        What the fault touches.
    signal
        Only these signals; give it several times for several.
    latency
        Seconds by which every answer is late.
    stale
        Answer reads with what the car says now, from now on.
    half
        Commands end unknown: done with the answer lost, or lost on the way.
    retry_after
        Seconds a throttled caller is told to wait.
    after
        When the fault begins: a length of time from now.
    lasting
        How long it lasts. Left out: until it is cleared.
    clear
        Empty the script first.
    data
        The data folder.
    """
    unknown = [code for code in signal or () if code not in signals()]
    if unknown:
        raise InvalidInput(FieldProblem("signal", f"{unknown[0][:60]!a} is no signal"))
    try:
        new = Fault(
            kind=parse_kind(kind) if kind else None,
            on=on,
            codes=tuple(signal or ()),
            latency_s=latency,
            stale=stale,
            half=half,
            retry_after_s=retry_after,
            after_s=seconds_of(after, "after"),
            for_s=seconds_of(lasting, "lasting") if lasting else None,
        )
    except ValueError as error:
        raise InvalidInput(FieldProblem("latency", str(error))) from None
    with _world(data) as world:
        if clear:
            world.clear_faults(car)
        script = world.add_fault(car, new) if new.does_something else world.faults(car)
    for each in script:
        print(msgspec.json.encode({"set_at": each.set_at, **msgspec.to_builtins(each.fault)}).decode())
    if not script:
        print("Nothing goes wrong with this car.")


def reset(*, seed: int = 1, data: Path | None = None) -> None:
    """Begin a new world; the old one is forgotten.

    Parameters
    ----------
    seed
        Another seed gives other cars: mileages, charges, trouble codes.
    data
        The data folder.
    """
    with _world(data, fresh=True) as world:
        now = world.reset(seed).now
    print(f"A new world of seed {seed}; it is {timestamp(now)} in it.")


def _world(data: Path | None, *, keep: bool = True, fresh: bool = False) -> AbstractContextManager[Simulator]:
    return simulator(read_settings(os.environ, data=data).data, keep=keep, fresh=fresh)


def _look(world: Simulator, car: str) -> tuple[datetime, dict[str, object]]:
    found = world.signals(car, ())
    answers = found.answers.items()
    return found.now, {c: a.value if isinstance(a, Reading) else {"problem": a.kind} for c, a in answers}


def _pairs(texts: Sequence[str]) -> dict[str, str]:
    return {name: value for name, equals, value in (text.partition("=") for text in texts) if equals}


def _arguments(name: str, texts: Mapping[str, str]) -> dict[str, object]:
    """Read arguments as the command wants them; what cannot be read stays text, for the command to refuse."""
    wanted = COMMANDS[name].arguments if name in COMMANDS else {}
    values: dict[str, object] = dict(texts)
    for key, text in texts.items():
        kind = wanted.get(key)
        if isinstance(kind, Number) and _NUMBER.fullmatch(text):
            values[key] = float(text)
        elif isinstance(kind, Choice) and text in _TRUTHS:
            values[key] = _TRUTHS[text]
        elif isinstance(kind, Windows):
            values[key] = _list(text)
    return values


def _list(text: str) -> object:
    """Read a JSON list; another text is what it is."""
    try:
        return msgspec.json.decode(text, type=list)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return text


def _title(car: CarSummary) -> str:
    return f"{car.year} {car.make} {car.model}"


def _row(car: CarSummary) -> dict[str, object]:
    return {
        "car": car.model_id,
        "vin": car.vin,
        "model": _title(car),
        "powertrain": car.powertrain,
        "scenario": car.scenario,
        "stage": car.stage,
        "battery": None if car.battery is None else f"{car.battery:.0%}",
        "tank": None if car.tank is None else f"{car.tank:.0%}",
        "odometer_km": car.odometer_km,
        "signals": car.signals,
        "commands": car.commands,
    }


def _cells(answer: Reading | Problem) -> dict[str, object]:
    if isinstance(answer, Problem):
        return {"value": answer.kind, "unit": None, "measured": None}
    measured = timestamp(answer.measured_at) if answer.measured_at else None
    return {"value": _text(answer.value), "unit": answer.unit, "measured": measured}


def _course(changed: dict[str, object]) -> str:
    return "  ".join(f"{code}={_text(value)}" for code, value in changed.items())


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _table(rows: Sequence[dict[str, object]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="dim", box=box.SIMPLE_HEAD)
    for heading in rows[0]:
        table.add_column(heading.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row.values()))
    Console().print(table)
