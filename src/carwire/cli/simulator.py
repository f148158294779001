"""``carwire sim``: the simulated cars.

The world is kept in ``simulator.json`` in the data folder, so that commands compose: what one sets, the next one finds.
Its clock stands between commands; ``step`` and ``run`` move it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.signals.catalogue import signals
from carwire.core.signals.problems import parse_kind
from carwire.core.signals.reading import Problem, Reading
from carwire.kit.clock import timestamp
from carwire.settings import read_settings

if TYPE_CHECKING:
    from carwire.connectors.simulator.world import World

_DURATION: Final = re.compile(r"(\d{1,9}d)?(\d{1,9}h)?(\d{1,9}m)?(\d{1,9}s?)?", re.ASCII)
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
            rows = [_summary(world, vin) for vin in world.vins()]
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
        vin = world.find(car)
        snapshot = world.read(vin, _codes(world, vin, codes))
        if json:
            print(msgspec.json.encode(snapshot).decode())
            return
        print(f"{vin}  {_title(world, vin)}  at {timestamp(world.now)}, scenario {world.car(vin).scenario}")
    _table([{"signal": code, **_cells(answer)} for code, answer in snapshot.answers.items()])


def change(car: str, *changes: str, data: Path | None = None) -> None:
    """Let a car begin a scenario, or set something on it by hand, in the order given.

    Parameters
    ----------
    car
        A VIN, or the id of a model.
    changes
        Scenarios (see carwire sim list --scenarios), and settings like charge=0.5, plug=ac or door_front_left=open.
    data
        The data folder.
    """
    if not changes:
        raise InvalidInput(FieldProblem("changes", "give a scenario or settings like charge=0.5"))
    with _world(data) as world:
        vin = world.find(car)
        for each in changes:
            name, equals, text = each.partition("=")
            if equals:
                world.adjust(vin, name, text)
            else:
                world.start(vin, each)
        summary = _summary(world, vin)
    _table([summary])


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
        world.step(seconds_of(duration))
        now = world.now
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
        vin = world.find(car)
        if scenario:
            world.start(vin, scenario)
        before = _values(world, vin)
        end = world.time + length
        while world.time < end:
            world.step(min(pace, end - world.time))
            after = _values(world, vin)
            changed = {code: value for code, value in after.items() if value != before[code]}
            before = after
            if json:
                print(msgspec.json.encode({"at": timestamp(world.now), "changed": changed}).decode())
            elif changed:
                print(f"{timestamp(world.now)}  {_course(changed)}")


def fault(
    car: str,
    kind: str | None = None,
    *,
    on: Literal["all", "reads", "commands"] = "all",
    signal: list[str] | None = None,
    latency: float = 0,
    stale: bool = False,
    half: Literal["answer_lost", "command_lost"] | None = None,
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
    from carwire.connectors.simulator.faults import Fault

    unknown = [code for code in signal or () if code not in signals()]
    if unknown:
        raise InvalidInput(FieldProblem("signal", f"{unknown[0][:60]!a} is no signal"))
    if latency < 0 or (retry_after or 0) < 0:
        raise InvalidInput(FieldProblem("latency", "lengths of time are not negative"))
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
    does_something = new.kind or new.latency_s or new.stale or new.half
    with _world(data) as world:
        vin = world.find(car)
        if clear:
            world.fault(vin, None)
        if does_something:
            world.fault(vin, new)
        script = world.script(vin)
    for each in script:
        print(msgspec.json.encode({"set_at": each.at, **msgspec.to_builtins(each.fault)}).decode())
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
    from carwire.connectors.simulator.world import World
    from carwire.connectors.simulator.worldfile import save_world

    world = World(seed)
    save_world(world, read_settings(os.environ, data=data).data)
    print(f"A new world of seed {seed}; it is {timestamp(world.now)} in it.")


@contextmanager
def _world(data: Path | None, *, keep: bool = True) -> Iterator[World]:
    """The world of the data folder, kept again unless something raised."""
    from carwire.connectors.simulator.worldfile import load_world, save_world

    folder = read_settings(os.environ, data=data).data
    world = load_world(folder)
    yield world
    if keep:
        save_world(world, folder)


def _codes(world: World, vin: str, beginnings: Sequence[str]) -> list[str]:
    has = world.model(vin).signals
    codes = [code for code in signals() if code in has and (not beginnings or code.startswith(tuple(beginnings)))]
    if not codes:
        raise InvalidInput(FieldProblem("codes", "the car has no signal with such a code"))
    return codes


def _values(world: World, vin: str) -> dict[str, object]:
    answers = world.read(vin, _codes(world, vin, ())).answers
    return {code: a.value if isinstance(a, Reading) else {"problem": a.kind} for code, a in answers.items()}


def _title(world: World, vin: str) -> str:
    m = world.model(vin)
    return f"{m.year} {m.make} {m.model}"


def _summary(world: World, vin: str) -> dict[str, object]:
    from carwire.connectors.simulator.car import fuel_level, soc
    from carwire.connectors.simulator.scenarios import SCENARIOS

    car, model = world.car(vin), world.model(vin)
    return {
        "car": model.id,
        "vin": vin,
        "model": _title(world, vin),
        "powertrain": model.powertrain,
        "scenario": car.scenario,
        "stage": SCENARIOS[car.scenario].stages[car.stage].name,
        "battery": f"{soc(car, model):.0%}" if model.battery_kwh else None,
        "tank": f"{fuel_level(car, model):.0%}" if model.tank else None,
        "odometer_km": round(car.odometer_km, 1),
        "signals": len(model.signals),
        "commands": len(model.commands),
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
