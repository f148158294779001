"""What a run of the kill test has shown: what was kept, against what the receiver wrote down."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec
import psycopg
from tests.crash.driver import acknowledged
from tests.crash.plan import Plan
from tests.crash.receiver import Got, received
from tests.fakes import ODOMETER

from carwire.core.events import Change, Event
from carwire.core.outbox import delivery_id
from carwire.storage.sql.sqlite import FILE_NAME

EVENTS = "SELECT id, position, car_id, kind, detail, webhook_id, user_id FROM events"
SUBSCRIBED = "SELECT s.webhook_id, s.user_id, v.car_id FROM subscriptions s JOIN vehicles v ON v.id = s.vehicle_id"
DELIVERIES = "SELECT id, body, state FROM deliveries"
WAITING = (
    "SELECT (SELECT count(*) FROM events WHERE fanned = 0) +"
    " (SELECT count(*) FROM deliveries WHERE next_at IS NOT NULL)"
)


class Judgement(msgspec.Struct, kw_only=True):
    """What came of a run. Every list but `deaths` ought to be empty: ids of events, as the wire has them."""

    events: int  # in the log
    deliveries: int  # expected from the log
    requests: int
    deaths: dict[str, int] = {}
    seconds: float = 0.0
    duplicates: int  # taken more than once, beyond the first time
    in_flight: int = 0  # at the deaths, and given up while the store was away: what may be sent twice
    unfinished: str | None = None
    unlogged: list[str]  # acknowledged, and not in the log
    lost: list[str]  # expected and never taken
    altered: list[str]  # taken with other bytes than were kept
    unknown: list[str]  # taken and not expected
    unsigned: list[str]
    twins: list[str]  # ids of attempts that came twice
    gaps: list[str]  # whose predecessor was not the one before
    open: list[str]  # not noted as delivered

    def faults(self) -> dict[str, int]:
        """Return what is not empty."""
        lists = ("unlogged", "lost", "altered", "unknown", "unsigned", "twins", "gaps", "open")
        return {name: len(getattr(self, name)) for name in lists if getattr(self, name)}


class _Detail(msgspec.Struct):
    changes: tuple[Change, ...] = ()


@contextlib.contextmanager
def asking(plan: Plan) -> Iterator[Any]:
    """A connection to the database of a run, of our own."""
    if plan.database is not None:
        with psycopg.connect(plan.database) as connection:
            yield connection
        return
    with contextlib.closing(sqlite3.connect(plan.path / "data" / FILE_NAME, timeout=20)) as opened:
        yield opened


def waiting(plan: Plan) -> int:
    """Return how much there is still to do."""
    with asking(plan) as connection:
        ((count,),) = connection.execute(WAITING).fetchall()
    return int(count)


def judge(plan: Plan) -> Judgement:
    """Compare what the driver was told, what was kept, and what came."""
    with asking(plan) as connection:
        events = connection.execute(EVENTS).fetchall()
        subscribed = connection.execute(SUBSCRIBED).fetchall()
        kept = {row[0]: row[1:] for row in connection.execute(DELIVERIES).fetchall()}
    got = received(plan)
    taken = [each for each in got if each.taken]
    times, expected = Counter(each.event for each in taken), _expected(events, subscribed)
    digests = {key: sha256(bytes(body)).hexdigest() for key, (body, _) in kept.items()}
    attempts = Counter(each.delivery for each in got)
    told = {(row[2], change.new) for row in events for change in _changes(row)}
    return Judgement(
        events=len(events),
        deliveries=len(expected),
        requests=len(got),
        duplicates=sum(times.values()) - len(times),
        unlogged=[f"{car} {km}" for car, km in acknowledged(plan) if (car, km) not in told],
        lost=sorted(expected - times.keys()),
        altered=sorted({each.event for each in got if each.event in kept and each.digest != digests[each.event]}),
        unknown=sorted({each.event for each in got} - expected),
        unsigned=sorted({each.event for each in got if not each.signed}),
        twins=sorted(key for key, count in attempts.items() if count > 1),
        gaps=_gaps(taken),
        open=sorted(key for key in expected if key not in kept or kept[key][1] != "delivered"),
    )


def _expected(events: list[Any], subscribed: list[Any]) -> set[str]:
    """Return the ids of what has to be delivered, from the log of events and who is subscribed alone."""
    listeners = defaultdict(list)
    for webhook_id, user_id, car_id in subscribed:
        listeners[car_id].append((webhook_id, user_id))
    found = set()
    for row in events:
        event_id, _, car_id, kind, _, only, _ = row
        moved = any(change.code == ODOMETER for change in _changes(row))
        for webhook_id, user_id in listeners[car_id]:
            if (kind == "first" and only == webhook_id) or moved:
                event = msgspec.convert(_event(event_id), Event)
                found.add(delivery_id(event, webhook_id, user_id, "VEHICLE_STATE"))
    return found


def _event(event_id: str) -> dict[str, object]:
    rest = {"position": 0, "car_id": "", "account": "", "number": 0, "sequence": 0, "kind": "changed"}
    return {**rest, "id": event_id, "at": "2026-01-01T00:00:00Z"}


def _changes(row: Any) -> tuple[Change, ...]:
    return msgspec.json.decode(row[4], type=_Detail).changes


def _gaps(taken: list[Got]) -> list[str]:
    """Return what names another predecessor than the one before it of the same webhook and vehicle."""
    chains: defaultdict[tuple[str, str], dict[int, Got]] = defaultdict(dict)
    for each in taken:
        chains[each.webhook, each.vehicle][each.sequence] = each
    found = []
    for chain in chains.values():
        before = None
        for sequence in sorted(chain):
            if chain[sequence].previous != before:
                found.append(chain[sequence].event)
            before = sequence
    return found
