"""Plans for what cars said, and for how often they may be asked."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from carwire.core.budgets import Budget, Level, full, take
from carwire.core.signals.reading import Problem, Reading
from carwire.core.vehicles import Vehicle
from carwire.storage.moments import to_us, to_us_or_null
from carwire.storage.sql.plans import Plan, Planned, Value, chunks, marks, reads, writes
from carwire.storage.sql.rows import ANSWER, READING, answer, reading, value_text

_KEEP: Final = (
    " ON CONFLICT (car_id, account_digest, code) DO UPDATE SET value = excluded.value, unit = excluded.unit,"
    " measured_at = excluded.measured_at, maker_at = excluded.maker_at, fetched_at = excluded.fetched_at,"
    " source = excluded.source, problem = NULL, problem_at = NULL WHERE readings.value IS NULL"
    " OR COALESCE(readings.measured_at, readings.fetched_at) <= COALESCE(excluded.measured_at, excluded.fetched_at)"
)
_KEEP_PROBLEM: Final = (
    " ON CONFLICT (car_id, account_digest, code) DO UPDATE SET problem = excluded.problem,"
    " problem_at = excluded.problem_at WHERE readings.fetched_at <= excluded.problem_at"
)
_PROBLEM: Final = "code, fetched_at, source, problem, problem_at"
_OF_ACCOUNT: Final = "car_id = ? AND account_digest = ?"
_ANSWERS: Final = f"SELECT {ANSWER} FROM readings WHERE {_OF_ACCOUNT}"


class ReadingPlans(Planned):
    """The part of `carwire.core.ports.VehicleStore` that is about readings and budgets."""

    @reads
    def readings(self, vehicle: Vehicle, codes: Sequence[str]) -> Plan[dict[str, Reading]]:
        """Return what the car last said to the account, among the codes and in their order."""
        if not codes:
            return {}
        rows = yield _readings_of(len(codes)), (vehicle.car.id, vehicle.account, *codes)
        if len(rows) < 2:
            return {row[0]: reading(row) for row in rows}
        found = {row[0]: row for row in rows}
        return {code: reading(found[code]) for code in codes if code in found}

    @reads
    def answers(self, vehicle: Vehicle, codes: Sequence[str] | None = None) -> Plan[dict[str, Reading | Problem]]:
        """Return what was answered last: a reading, or a problem with the last reading before it."""
        key = vehicle.car.id, vehicle.account
        if codes is None:
            rows = yield _ANSWERS, key
        elif codes:
            rows = yield _answers_of(len(codes)), (*key, *codes)
        else:
            rows = []
        return {row[0]: answer(row) for row in rows}

    @writes
    def keep(self, vehicle: Vehicle, answers: Mapping[str, Reading | Problem]) -> Plan[None]:
        """Keep answers; see the port. An account that is not connected to the car any more keeps none."""
        key = vehicle.car.id, vehicle.account
        yield "SELECT id FROM cars WHERE id = ? {for_update}", key[:1]
        connected = yield (
            f"UPDATE connections SET revision = revision + 1 WHERE {_OF_ACCOUNT} RETURNING vehicle_id",
            key,
        )
        if not connected:
            return
        readings = [_kept(code, told) for code, told in answers.items() if isinstance(told, Reading)]
        problems = [_failed(code, told, vehicle) for code, told in answers.items() if isinstance(told, Problem)]
        for rows, columns, otherwise in ((readings, READING, _KEEP), (problems, _PROBLEM, _KEEP_PROBLEM)):
            row = f"({marks(2 + columns.count(',') + 1)})"
            for some in chunks(rows, 50):
                yield (
                    f"INSERT INTO readings (car_id, account_digest, {columns}) VALUES "
                    + ", ".join([row] * len(some))
                    + otherwise,
                    tuple(value for values in some for value in (*key, *values)),
                )

    @writes
    def mark_changed(self, car_id: str, at: datetime) -> Plan[None]:
        """Note that a command may have changed the car. An earlier moment than the noted one changes nothing."""
        moment = to_us(at)
        yield (
            "UPDATE cars SET changed_at = ? WHERE id = ? AND (changed_at IS NULL OR changed_at < ?)",
            (moment, car_id, moment),
        )

    @writes
    def spend(self, car_id: str, budget: Budget, now: datetime, *, calls: int, wakes: int) -> Plan[float | None]:
        """Take calls and wakes from a car's budget, all or nothing."""
        at = now.timestamp()
        fresh = full(budget, at)
        ((had_calls, had_wakes, had_at),) = yield (  # an update that changes nothing, to lock what is there
            "INSERT INTO budgets (car_id, calls, wakes, level_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (car_id) DO UPDATE SET car_id = excluded.car_id RETURNING calls, wakes, level_at",
            (car_id, fresh.calls, fresh.wakes, fresh.at),
        )
        level, wait = take(Level(had_calls, had_wakes, had_at), budget, at, calls=calls, wakes=wakes)
        if wait is None:
            yield (
                "UPDATE budgets SET calls = ?, wakes = ?, level_at = ? WHERE car_id = ?",
                (level.calls, level.wakes, level.at, car_id),
            )
        return wait

    @reads
    def level(self, car_id: str) -> Plan[Level | None]:
        """Return how full a car's budget was when it was last spent from; null when nobody has yet."""
        rows = yield "SELECT calls, wakes, level_at FROM budgets WHERE car_id = ?", (car_id,)
        return Level(*rows[0]) if rows else None


@lru_cache(256)
def _readings_of(count: int) -> str:
    return f"SELECT {READING} FROM readings WHERE {_OF_ACCOUNT} AND value IS NOT NULL AND {_among(count)}"


@lru_cache(256)
def _answers_of(count: int) -> str:
    return f"{_ANSWERS} AND {_among(count)}"


def _among(count: int) -> str:
    return "code = ?" if count == 1 else f"code IN ({marks(count)})"


def _kept(code: str, told: Reading) -> tuple[Value, ...]:
    return (
        code,
        value_text(told.value),
        told.unit,
        to_us_or_null(told.measured_at),
        to_us_or_null(told.maker_at),
        to_us(told.fetched_at),
        told.source,
    )


def _failed(code: str, told: Problem, vehicle: Vehicle) -> tuple[Value, ...]:
    found_us = to_us(told.found_at)
    return code, found_us, vehicle.car.source, told.kind, found_us
