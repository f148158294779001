"""Plans for what cars said, and for how often they may be asked."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from carwire.core.budgets import Budget, Level, full, take
from carwire.core.events import Before, Observed, observed
from carwire.core.signals.reading import Problem, Reading
from carwire.core.signals.reading import Value as ReadingValue
from carwire.core.vehicles import Vehicle
from carwire.storage.moments import to_us, to_us_or_null
from carwire.storage.sql.events import append
from carwire.storage.sql.plans import Plan, Planned, Value, insert, marks, reads, writes
from carwire.storage.sql.rows import ANSWER, READING, answer, reading, value_text

_KEEP: Final = (
    " ON CONFLICT (car_id, account_digest, code) DO UPDATE SET value = excluded.value, unit = excluded.unit,"
    " measured_at = excluded.measured_at, maker_at = excluded.maker_at, fetched_at = excluded.fetched_at,"
    " source = excluded.source, problem = NULL, problem_at = NULL, told = COALESCE(excluded.told, readings.told)"
)
_KEEP_PROBLEM: Final = (
    " ON CONFLICT (car_id, account_digest, code) DO UPDATE SET problem = excluded.problem,"
    " problem_at = excluded.problem_at"
)
_HISTORY: Final = "car_id, account_digest, code, fetched_at, value, measured_at"
_PROBLEM: Final = "code, fetched_at, source, problem, problem_at"
_OF_ACCOUNT: Final = "car_id = ? AND account_digest = ?"
_decode: Final = msgspec.json.Decoder().decode
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
    def keep(self, vehicle: Vehicle, answers: Mapping[str, Reading | Problem], now: datetime) -> Plan[bool]:
        """Keep answers, and what they tell that was not known; see the port. An account that is not connected to the
        car any more keeps none.
        """
        key = vehicle.car.id, vehicle.account
        yield "SELECT id FROM cars WHERE id = ? {for_update}", key[:1]
        connected = yield (
            f"UPDATE connections SET revision = revision + 1 WHERE {_OF_ACCOUNT} RETURNING vehicle_id",
            key,
        )
        if not connected:
            return False
        before, newer = yield from _before(key, answers)
        seen = observed(before, newer)
        values = [(*_kept(code, told), _told(seen, code)) for code, told in newer.items() if isinstance(told, Reading)]
        problems = [_failed(code, told, vehicle) for code, told in newer.items() if isinstance(told, Problem)]
        for rows, columns, otherwise in ((values, f"{READING}, told", _KEEP), (problems, _PROBLEM, _KEEP_PROBLEM)):
            keyed = [(*key, *row) for row in rows]
            yield from insert("readings", f"car_id, account_digest, {columns}", keyed, otherwise)
        moved = [(*key, *_past(code, told)) for code, told in newer.items() if code in seen.moved]
        yield from insert("history", _HISTORY, moved, " ON CONFLICT DO NOTHING")
        if seen.is_event:
            yield from append(*key, "changed", now, changes=seen.changes, failures=seen.failures)
        return seen.is_event

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


def _before(
    key: tuple[str, bytes], answers: Mapping[str, Reading | Problem]
) -> Plan[tuple[dict[str, Before], dict[str, Reading | Problem]]]:
    """Return what is known of the signals, and those of the answers that are not older than that."""
    if not answers:
        return {}, {}
    known: dict[str, Before] = {}
    newer = dict(answers)
    rows = yield _known_of(len(answers)), (*key, *answers)
    for code, value, told, problem, measured_us, fetched_us in rows:
        answer = answers[code]
        if not isinstance(answer, Reading):
            is_older = to_us(answer.found_at) < fetched_us
        else:
            is_older = value is not None and to_us(answer.measured_at or answer.fetched_at) < measured_us
        if is_older:
            del newer[code]
        known[code] = Before(_value(told), _value(value), problem)
    return known, newer


@lru_cache(256)
def _known_of(count: int) -> str:
    return (
        "SELECT code, value, told, problem, COALESCE(measured_at, fetched_at), fetched_at FROM readings"
        f" WHERE {_OF_ACCOUNT} AND {_among(count)}"
    )


def _value(text: str | None) -> ReadingValue | UnsetType:
    return UNSET if text is None else _decode(text)


def _told(seen: Observed, code: str) -> str | None:
    return value_text(seen.told[code]) if code in seen.told else None


def _past(code: str, told: Reading | Problem) -> tuple[Value, ...]:
    assert isinstance(told, Reading), "only values move"
    return code, to_us(told.fetched_at), value_text(told.value), to_us_or_null(told.measured_at)


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
