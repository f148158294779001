"""Why a vehicle does not answer, and the simulated cars under the hands of whoever tests with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from carwire_client.call import Call, Token, authorized, pairs, segment
from carwire_client.calls.building import reading
from carwire_client.calls.own.vins import ask
from carwire_client.models.own.cars import Cars, CarSignals, CarSummary, ChangedCar, CommandOutcome, Faults, Why, World
from carwire_client.paging import Page
from carwire_client.secrets import Secret
from carwire_client.settings import Application

_BASE = "/v1/simulator"


def why(
    application: Application,
    vehicle_id: str,
    token: Token,
    *,
    user_id: str | None = None,
    signal: str | None = None,
    command: str | None = None,
    max_age: int | None = None,
    ask_car: bool = False,
) -> Call[Why]:
    """Ask for the one thing that keeps a signal, or a command, from a vehicle.

    `token` is an owner's, or one of the application (``client.v3.ref.token``), which wants the owner's `user_id`.
    Nobody is asked but the server, unless `ask_car` lets it ask the car once, where that does not wake it; `max_age`
    is in seconds, both are of signals only. Raises `ValueError` unless either signal or command is given.
    """
    if (signal is None) is (command is None):
        msg = "Give either signal or command"
        raise ValueError(msg)
    return Call(
        name="why",
        method="GET",
        path=f"/v1/vehicles/{segment(vehicle_id)}/why",
        read=reading(Why),
        auth=authorized(token),
        query=pairs(signal=signal, command=command, max_age=max_age, ask="true" if ask_car else None),
        headers=() if user_id is None else (("sc-user-id", Secret(user_id)),),
    )


def simulator(application: Application) -> Call[World]:
    """Read what time it is in the simulated world, how fast it passes, and how many cars there are."""
    return ask(application, "simulator", _BASE, World)


def simulated_cars(application: Application, *, limit: int = 100, offset: int = 0) -> Call[Cars]:
    """Read one page of the simulated cars, at most 1,000: one of each model, then those that came with sign-ins."""
    return ask(application, "simulated cars", f"{_BASE}/cars", Cars, query=pairs(limit=limit, offset=offset))


def iter_simulated_cars(application: Application, *, limit: int = 100, offset: int = 0) -> Call[Page[CarSummary]]:
    """Go through all simulated cars, `limit` at a time."""

    def page(found: Cars) -> Page[CarSummary]:
        end = offset + len(found.cars)
        more = bool(found.cars) and end < found.count
        return Page(found.cars, iter_simulated_cars(application, limit=limit, offset=end) if more else None)

    return simulated_cars(application, limit=limit, offset=offset).then(page)


def simulated_car(application: Application, car: str, codes: Sequence[str] = ()) -> Call[CarSignals]:
    """Read what a simulated car says: all of it, or the signals whose codes begin so.

    `car` is here, and below, a VIN or the id of a model such as ``tesla-3``.
    """
    query = pairs(codes=",".join(codes) or None)
    return ask(application, "simulated car", _path(car), CarSignals, query=query)


def set_simulated_car(
    application: Application,
    car: str,
    scenario: str | None = None,
    settings: Mapping[str, bool | float | str] | None = None,
) -> Call[ChangedCar]:
    """Begin a scenario, then set things by hand, in the order given: ``{"charge": 0.5, "plug": "ac"}``; all or nothing.

    Raises `InvalidRequest` naming what cannot be.
    """
    body = {"settings": dict(settings or {})} | ({} if scenario is None else {"scenario": scenario})
    return ask(application, "set simulated car", _path(car), ChangedCar, body=body, once=True)


def command_simulated_car(
    application: Application, car: str, name: str, arguments: Mapping[str, Any] | None = None
) -> Call[CommandOutcome]:
    """Give a simulated car a command such as ``charge-set-limit``, whoever owns it; why it is not done is a value."""
    body = {"name": name, "arguments": dict(arguments or {})}
    return ask(application, "command simulated car", _path(car, "/commands"), CommandOutcome, body=body, once=True)


def simulated_faults(application: Application, car: str) -> Call[Faults]:
    """Read what goes wrong with a simulated car's connection."""
    return ask(application, "simulated faults", _path(car, "/faults"), Faults)


def add_simulated_fault(
    application: Application,
    car: str,
    *,
    kind: str | None = None,
    on: Literal["all", "reads", "commands"] = "all",
    codes: Sequence[str] = (),
    latency_s: float = 0,
    stale: bool = False,
    half: Literal["answer_lost", "command_lost"] | None = None,
    retry_after_s: float | None = None,
    after_s: int = 0,
    for_s: int | None = None,
) -> Call[Faults]:
    """Let something go wrong with a simulated car's connection; lengths of time are in seconds.

    `kind` is answered instead, such as ``VEHICLE_STATE:ASLEEP``, of some `codes` alone if they are given; with `stale`
    reads answer what the car says now; `half` leaves a command's outcome unknown. It holds from `after_s` on, for
    `for_s`, or without end.
    """
    body = {
        "kind": kind,
        "on": on,
        "codes": list(codes),
        "latency_s": latency_s,
        "stale": stale,
        "half": half,
        "retry_after_s": retry_after_s,
        "after_s": after_s,
        "for_s": for_s,
    }
    return ask(application, "add simulated fault", _path(car, "/faults"), Faults, body=body, once=True)


def clear_simulated_faults(application: Application, car: str) -> Call[Faults]:
    """Let nothing more go wrong with it."""
    return ask(application, "clear simulated faults", _path(car, "/faults"), Faults, method="DELETE")


def step_simulator(application: Application, seconds: int) -> Call[World]:
    """Move the world's clock on."""
    return ask(application, "step simulator", f"{_BASE}/clock", World, body={"step": seconds}, once=True)


def run_simulator(application: Application, speed: float) -> Call[World]:
    """Let the world's clock run at so many seconds a second; 0 stops it."""
    return ask(application, "run simulator", f"{_BASE}/clock", World, body={"speed": speed}, once=True)


def reset_simulator(application: Application, seed: int = 1) -> Call[World]:
    """Begin a new world; the old one is forgotten."""
    return ask(application, "reset simulator", f"{_BASE}/reset", World, body={"seed": seed}, once=True)


def _path(car: str, more: str = "") -> str:
    return f"{_BASE}/cars/{segment(car)}{more}"
