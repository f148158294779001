"""What every store does with commands and the audit: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.storage.conftest import (
    NOW,
    application,
    command,
    connect,
    digest,
    reading,
)

from carwire.core.commands import RECOVERY_GRACE, State
from carwire.core.grants import Principal
from carwire.core.ports import Store
from carwire.core.signals.reading import Problem
from carwire.kit.secrets import Secret
from carwire.storage.audit import first_break

pytestmark = pytest.mark.anyio
APP = Principal("app")
GRACE = timedelta(minutes=10)
SECOND = timedelta(seconds=1)


async def connected_car(store: Store) -> str:
    """Connect a car and return its id."""
    await connect(store)
    vehicle = await store.reach(APP, (await store.vehicles(APP, 1, 0))[0][0])
    assert vehicle is not None
    return vehicle.car.id


async def ordered(store: Store) -> tuple[str, str]:
    """Connect a car and return vehicle id and car id."""
    car_id = await connected_car(store)
    return (await store.vehicles(APP, 1, 0))[0][0], car_id


async def test_a_command_goes_from_accepted_to_sent_to_its_end(store: Store) -> None:
    vehicle_id, car_id = await ordered(store)
    record = command(vehicle_id, car_id)
    accepted = await store.accept(record, None)
    assert (accepted.record, accepted.how) == (record, "own")
    assert await store.command(record.id) == record
    assert await store.command("none") is None
    assert await store.mark_sent(record.id, NOW + SECOND) is True
    assert await store.mark_sent(record.id, NOW + SECOND) is False
    problem = Problem("VEHICLE_STATE:ASLEEP", NOW, retry_after=1.5, last=reading({"a": 1}))
    assert await store.end(record.id, "refused", problem, NOW + 2 * SECOND) is True
    assert await store.end(record.id, "done", None, NOW + 3 * SECOND) is False
    assert await store.mark_sent(record.id, NOW) is False
    assert await store.end("none", "done", None, NOW) is False
    assert await store.command(record.id) == msgspec.structs.replace(
        record, state="refused", problem=problem, sent_at=NOW + SECOND, ended_at=NOW + 2 * SECOND
    )


async def test_no_command_is_sent_after_its_deadline(store: Store) -> None:
    record = command(*await ordered(store))
    await store.accept(record, None)
    assert await store.mark_sent(record.id, record.deadline_at) is False
    assert await store.mark_sent(record.id, record.deadline_at - timedelta(microseconds=1)) is True


async def test_an_equal_order_under_way_is_joined_and_another_is_not(store: Store) -> None:
    vehicle_id, car_id = await ordered(store)
    first = command(vehicle_id, car_id)
    await store.accept(first, None)
    joined = await store.accept(command(vehicle_id, car_id), None)
    assert (joined.record, joined.how) == (first, "joined")
    assert (await store.accept(command(vehicle_id, car_id, fingerprint=digest("unlock")), None)).how == "own"
    await store.end(first.id, "done", None, NOW)
    assert (await store.accept(command(vehicle_id, car_id), None)).how == "own"


async def test_an_idempotency_key_names_the_same_command_whatever_became_of_it(store: Store) -> None:
    vehicle_id, car_id = await ordered(store)
    first = command(vehicle_id, car_id)
    await store.accept(first, "key")
    ended = msgspec.structs.replace(first, state="done", ended_at=NOW)
    assert await store.end(first.id, "done", None, NOW)
    replayed = await store.accept(command(vehicle_id, car_id, fingerprint=digest("x")), "key")
    assert (replayed.record, replayed.how) == (ended, "replayed")
    second = await store.accept(command(vehicle_id, car_id), "other key")
    assert second.how == "own"
    joined = await store.accept(command(vehicle_id, car_id), "third key")
    assert (joined.record.id, joined.how) == (second.record.id, "joined")
    assert (await store.accept(command(vehicle_id, car_id), "third key")).how == "replayed"


async def test_an_idempotency_key_of_what_was_never_sent_is_free_again(store: Store) -> None:
    vehicle_id, car_id = await ordered(store)
    first = command(vehicle_id, car_id)
    await store.accept(first, "key")
    await store.end(first.id, "not_sent", Problem("UPSTREAM:RATE_LIMIT", NOW, retry_after=7), NOW)
    second = command(vehicle_id, car_id, fingerprint=digest("another order"))
    accepted = await store.accept(second, "key")
    assert (accepted.record, accepted.how) == (second, "own")
    replayed = await store.accept(command(vehicle_id, car_id), "key")
    assert (replayed.record, replayed.how) == (second, "replayed")


@pytest.mark.parametrize("state", ["done", "refused", "unknown"])
async def test_an_idempotency_key_of_what_may_have_been_sent_stays(store: Store, state: State) -> None:
    vehicle_id, car_id = await ordered(store)
    first = command(vehicle_id, car_id)
    await store.accept(first, "key")
    await store.end(first.id, state, None, NOW)
    replayed = await store.accept(command(vehicle_id, car_id), "key")
    assert (replayed.record.id, replayed.how) == (first.id, "replayed")


@pytest.mark.parametrize(("was_sent", "ends"), [(False, "not_sent"), (True, "unknown")])
@pytest.mark.parametrize("key", [None, "key"])
async def test_an_equal_order_past_its_deadline_is_ended_and_not_joined(
    store: Store, key: str | None, *, was_sent: bool, ends: str
) -> None:
    vehicle_id, car_id = await ordered(store)
    left, other = command(vehicle_id, car_id), command(vehicle_id, car_id, fingerprint=digest("unlock"))
    for record in (left, other):
        await store.accept(record, None)
        if was_sent:
            await store.mark_sent(record.id, NOW)
    young = left.deadline_at - timedelta(microseconds=1)
    assert (await store.accept(command(vehicle_id, car_id, accepted_at=young), None)).how == "joined"
    at = left.deadline_at
    late = command(vehicle_id, car_id, accepted_at=at, deadline_at=at + GRACE)
    accepted = await store.accept(late, key)
    assert (accepted.record, accepted.how) == (late, "own")
    ended, untouched = await store.command(left.id), await store.command(other.id)
    assert ended
    assert untouched
    assert (ended.state, ended.ended_at, untouched.ended_at) == (ends, at, None)
    lines = await store.audit()
    of_commands = [(line.subject, line.detail["state"]) for line in lines if line.kind == "command"]
    assert of_commands[-2:] == [(left.id, ends), (late.id, "accepted")]
    assert first_break(lines) is None


@pytest.mark.parametrize(("was_sent", "how"), [(False, "own"), (True, "replayed")])
async def test_a_key_that_names_an_order_past_its_deadline_is_free_unless_it_was_sent(
    store: Store, *, was_sent: bool, how: str
) -> None:
    vehicle_id, car_id = await ordered(store)
    left = command(vehicle_id, car_id)
    await store.accept(left, "key")
    if was_sent:
        await store.mark_sent(left.id, NOW)
    again = command(vehicle_id, car_id, accepted_at=left.deadline_at, deadline_at=left.deadline_at + GRACE)
    assert (await store.accept(again, "key")).how == how


async def test_without_room_only_what_is_known_already_is_accepted(store: Store) -> None:
    vehicle_id, car_id = await ordered(store)
    ended, running = command(vehicle_id, car_id), command(vehicle_id, car_id)
    await store.accept(ended, "key")
    await store.end(ended.id, "done", None, NOW)
    await store.accept(running, None)
    before = await store.audit()
    assert (await store.accept(command(vehicle_id, car_id), "key", room=False)).record.id == ended.id
    joined = await store.accept(command(vehicle_id, car_id), None, room=False)
    assert (joined.record.id, joined.how) == (running.id, "joined")
    new = command(vehicle_id, car_id, fingerprint=digest("unlock"))
    assert (await store.accept(new, "other key", room=False)).how == "full"
    assert await store.command(new.id) is None
    assert await store.audit() == before
    assert (await store.accept(new, "other key")).how == "own", "the key was not taken"


async def test_an_idempotency_key_counts_for_its_vehicle_and_application_only(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    vehicle_id, car_id = await ordered(store)
    await store.accept(command(vehicle_id, car_id), "key")
    for client_id, of_vehicle in (("app", "second"), ("other", vehicle_id)):
        record = command(of_vehicle, car_id, client_id=client_id, fingerprint=digest(client_id + of_vehicle))
        assert (await store.accept(record, "key")).how == "own"


async def test_recovery_ends_what_was_left_behind(store: Store) -> None:
    vehicle_id, car_id = await ordered(store)
    records = [command(vehicle_id, car_id, fingerprint=digest(f"{n}")) for n in range(4)]
    for record in records:
        await store.accept(record, None)
    await store.mark_sent(records[1].id, NOW)
    await store.end(records[2].id, "done", None, NOW)
    await store.accept(command(vehicle_id, car_id, fingerprint=digest("9"), deadline_at=NOW + GRACE, id="young"), None)
    at = records[0].deadline_at + RECOVERY_GRACE
    assert await store.recover(at - timedelta(microseconds=1)) == 0
    assert await store.recover(at) == 3
    found = [await store.command(record.id) for record in records]
    assert [each and each.state for each in found] == ["not_sent", "unknown", "done", "not_sent"]
    assert [each and each.ended_at for each in found] == [at, at, NOW, at]
    young = await store.command("young")
    assert young is not None
    assert young.ended_at is None
    assert await store.recover(at) == 0
    assert await store.end(records[1].id, "done", None, at) is False


async def test_recovery_leaves_time_to_write_down_an_end_that_came_at_the_deadline(store: Store) -> None:
    record = command(*await ordered(store))
    await store.accept(record, None)
    await store.mark_sent(record.id, NOW)
    assert await store.recover(record.deadline_at + timedelta(seconds=9)) == 0
    assert await store.end(record.id, "done", None, record.deadline_at + timedelta(seconds=9)) is True


async def test_every_step_of_a_command_writes_one_line_of_the_audit(store: Store) -> None:
    vehicle_id, car_id = await ordered(store)
    record = command(vehicle_id, car_id, arguments={"latitude": 48.2, "longitude": 16.4})
    await store.accept(record, "key")
    await store.accept(record, "key")
    await store.mark_sent(record.id, NOW + SECOND)
    await store.mark_sent(record.id, NOW + SECOND)
    await store.end(record.id, "refused", Problem("VEHICLE_STATE:ASLEEP", NOW), NOW + 2 * SECOND)
    await store.end(record.id, "done", None, NOW)
    late = command(vehicle_id, car_id)
    await store.accept(late, None)
    await store.recover(late.deadline_at + RECOVERY_GRACE)
    whole = await store.audit()
    approved, *lines = whole
    assert [(line.number, line.kind, line.detail["state"]) for line in lines] == [
        (2, "command", "accepted"),
        (3, "command", "sent"),
        (4, "command", "refused"),
        (5, "command", "accepted"),
        (6, "command", "not_sent"),
    ]
    assert (approved.number, approved.kind) == (1, "connect.approved")
    assert [line.subject for line in lines] == [record.id] * 3 + [late.id] * 2
    assert [line.at for line in lines[:3]] == [NOW, NOW + SECOND, NOW + 2 * SECOND]
    assert lines[2].detail["problem"] == "VEHICLE_STATE:ASLEEP"
    assert "48.2" not in str(lines), "where somebody drives is not for a log that nobody can delete"
    assert first_break(whole) is None


async def test_the_audit_is_read_page_by_page_and_its_chain_shows_every_change(store: Store) -> None:
    for n in range(10):
        await store.note("kind", f"subject {n}", {"n": n, "ü": [1.5, None]}, NOW + n * SECOND)
    lines = await store.audit()
    assert [line.detail["n"] for line in lines] == list(range(10))
    assert await store.audit(after=3, limit=2) == lines[3:5]
    assert await store.audit(after=10) == []
    assert first_break(lines) is None
    assert first_break(lines[4:], (lines[3].number, lines[3].digest)) is None
    changes = {"at": NOW, "kind": "other", "subject": "other", "detail": {}, "digest": bytes(32), "number": 99}
    for field, value in changes.items():
        changed = [*lines[:5], msgspec.structs.replace(lines[5], **{field: value}), *lines[6:]]
        assert first_break(changed) == 6, field
    assert first_break([*lines[:5], *lines[6:]]) == 6
    assert first_break(lines[1:]) == 1
    assert first_break([lines[1], lines[0]]) == 1
