"""Commands and charge schedules. Source: the v3 wire contract, sections 8 and 9.

A call waits until the car has answered. A long one is begun with 202 and ended by its body, which is read to its end
and holds the execution or errors, whose own status counts. All attempts of a call carry the same idempotency key,
drawn anew unless `idempotency_key` gives one. Whatever did not succeed is raised.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from carwire_client.answers import Answer, json_of
from carwire_client.call import Call, segment
from carwire_client.calls.ga.shared import change, get, owner_headers, resource
from carwire_client.calls.ga.vehicles import path_of
from carwire_client.calls.numbers import within
from carwire_client.faults import error_from, status_of
from carwire_client.models.ga.base import read_resource
from carwire_client.models.ga.executions import Execution, execution_flat
from carwire_client.settings import OwnedReach

FAILED: Final = "ERROR"
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")

Times = tuple[str, str]


def start_charge(vehicle: OwnedReach, *, idempotency_key: str | None = None) -> Call[Execution]:
    """Begin to charge. Permission ``control_charge``."""
    return _command(vehicle, "charge/start", None, idempotency_key)


def stop_charge(vehicle: OwnedReach, *, idempotency_key: str | None = None) -> Call[Execution]:
    """End charging. Permission ``control_charge``."""
    return _command(vehicle, "charge/stop", None, idempotency_key)


def set_charge_limit(vehicle: OwnedReach, percent: int, *, idempotency_key: str | None = None) -> Call[Execution]:
    """Set up to where it charges, in whole percent; servers take 50 and more. Permission ``control_charge``.

    Raises `ValueError` for what is not from 0 to 100.
    """
    if isinstance(percent, float):
        msg = "percent must be a whole number, such as 80"
        raise ValueError(msg)
    return _command(vehicle, "charge/set-limit", {"percent": within("percent", percent, 0, 100)}, idempotency_key)


def open_charge_port(vehicle: OwnedReach, *, idempotency_key: str | None = None) -> Call[Execution]:
    """Open the charge port. Permission ``control_charge``."""
    return _command(vehicle, "charge-port/open", None, idempotency_key)


def close_charge_port(vehicle: OwnedReach, *, idempotency_key: str | None = None) -> Call[Execution]:
    """Close the charge port. Permission ``control_charge``."""
    return _command(vehicle, "charge-port/close", None, idempotency_key)


def lock(vehicle: OwnedReach, *, idempotency_key: str | None = None) -> Call[Execution]:
    """Lock it. Permission ``control_security``."""
    return _command(vehicle, "security/lock", None, idempotency_key)


def unlock(vehicle: OwnedReach, *, idempotency_key: str | None = None) -> Call[Execution]:
    """Unlock it. Permission ``control_security``."""
    return _command(vehicle, "security/unlock", None, idempotency_key)


def set_destination(
    vehicle: OwnedReach, latitude: float, longitude: float, *, idempotency_key: str | None = None
) -> Call[Execution]:
    """Send a destination to its navigation system. Permission ``control_navigation``.

    Degrees, from -90 to 90 and from -180 to 180. Raises `ValueError` for other numbers.
    """
    return _command(vehicle, "navigation/set-destination", _place(latitude, longitude), idempotency_key)


def execution(vehicle: OwnedReach, execution_id: str) -> Call[Execution]:
    """Read what became of a command, by its id: also that it failed. Carwire's own."""
    path = path_of(vehicle, f"/command-executions/{segment(execution_id)}")
    read = resource(Execution, execution_flat)
    return get(vehicle.token, "execution", path, read, headers=owner_headers(vehicle))


def set_daily_schedule(
    vehicle: OwnedReach,
    latitude: float,
    longitude: float,
    start_time: str,
    stop_time: str,
    *,
    idempotency_key: str | None = None,
) -> Call[Execution]:
    """Let it charge at a place between two times of every day, ``HH:mm`` of its own clock.

    A window that stops before it starts stops on the next day. The result has the `schedule_id`. Permission
    ``control_charge``. Raises `ValueError` for what is no place or no time.
    """
    body = {"location": _place(latitude, longitude), **_times((start_time, stop_time))}
    return _schedule(vehicle, "daily", body, idempotency_key)


def set_weekly_schedule(
    vehicle: OwnedReach,
    latitude: float,
    longitude: float,
    days: Mapping[str, Times],
    *,
    idempotency_key: str | None = None,
) -> Call[Execution]:
    """Let it charge at a place on some days, each with its start and stop: ``{"monday": ("22:00", "06:00")}``.

    The rest is as of `set_daily_schedule`.
    """
    if not days:
        msg = "days must name at least one weekday"
        raise ValueError(msg)
    given = {day.lower(): _times(times) for day, times in days.items()}
    return _schedule(vehicle, "weekly", {"location": _place(latitude, longitude), "days": given}, idempotency_key)


def set_workweek_schedule(
    vehicle: OwnedReach,
    latitude: float,
    longitude: float,
    weekdays: Times,
    weekends: Times,
    *,
    idempotency_key: str | None = None,
) -> Call[Execution]:
    """Let it charge at a place between two times from Monday to Friday, and two others at weekends.

    The rest is as of `set_daily_schedule`.
    """
    body = {"location": _place(latitude, longitude), "weekdays": _times(weekdays), "weekends": _times(weekends)}
    return _schedule(vehicle, "workweek", body, idempotency_key)


def delete_schedule(vehicle: OwnedReach, schedule_id: str, *, idempotency_key: str | None = None) -> Call[Execution]:
    """Delete a charge schedule by the `schedule_id` its making was answered with. Permission ``control_charge``."""
    path = f"/charge-schedules/{segment(schedule_id)}"
    return _sent(vehicle, "DELETE", "delete charge schedule", path, None, idempotency_key)


def _command(vehicle: OwnedReach, name: str, body: Any, key: str | None) -> Call[Execution]:
    return _sent(vehicle, "POST", name, f"/commands/{name}", body, key)


def _schedule(vehicle: OwnedReach, kind: str, body: Any, key: str | None) -> Call[Execution]:
    return _sent(vehicle, "POST", f"{kind} charge schedule", f"/charge-schedules/{kind}", body, key)


def _sent(  # noqa: PLR0917
    vehicle: OwnedReach, method: str, name: str, path: str, body: Any, key: str | None
) -> Call[Execution]:
    return change(
        vehicle.token,
        method,
        name,
        path_of(vehicle, path),
        _ended,
        kind="command",
        body=body,
        headers=owner_headers(vehicle),
        key=key,
    )


def _ended(answer: Answer) -> Execution:
    """Read how a command ended. Raises the errors of a long tail, and those of an execution that failed."""
    body = json_of(answer)
    entries = body.get("errors") if isinstance(body, dict) else None
    if isinstance(entries, list) and entries:
        status = status_of(entries[0]) if isinstance(entries[0], dict) else None
        own = msgspec.structs.replace(answer, status=status or 500)
        raise error_from(own, body)
    found = read_resource(Execution, answer, execution_flat)
    if found.status == FAILED and found.error is not None:
        raise found.error.as_error(answer.request_id)
    return found


def _place(latitude: float, longitude: float) -> dict[str, float]:
    return {"latitude": within("latitude", latitude, -90, 90), "longitude": within("longitude", longitude, -180, 180)}


def _times(times: Times) -> dict[str, str]:
    start, stop = times
    for time in times:
        if not _TIME.fullmatch(time):
            msg = f"A time of day looks like 22:00, not {time!r}"
            raise ValueError(msg)
    return {"startTime": start, "stopTime": stop}
