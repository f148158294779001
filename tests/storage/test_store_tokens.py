"""What every store does with codes and tokens: in memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.storage.conftest import (
    NOW,
    Place,
    application,
    command,
    connect,
    digest,
    owner,
    pair,
    session,
)

from carwire.core.grants import Principal
from carwire.core.ports import Store
from carwire.core.vehicles import ConnectionFilter
from carwire.kit.secrets import Secret
from carwire.storage.audit import first_break

pytestmark = pytest.mark.anyio
APP = Principal("app")
GRACE = timedelta(minutes=10)
SECOND = timedelta(seconds=1)


async def test_a_code_comes_back_bound_to_what_it_was_made_for(store: Store) -> None:
    approval = await connect(store, challenge="c" * 43)
    code = await store.code(approval.code_digest or b"")
    assert code is not None
    assert (code.grant_id, code.client_id, code.redirect_uri, code.challenge) == (
        approval.grant_id,
        "app",
        "https://a.example/cb",
        "c" * 43,
    )
    assert (code.expires_at, code.used_at) == (NOW + timedelta(minutes=10), None)
    assert await store.code(bytes(32)) is None


async def test_a_code_is_redeemed_once_and_its_second_use_kills_every_token_of_the_grant(store: Store) -> None:
    approval = await connect(store)
    code = approval.code_digest or b""
    assert await store.redeem(code, pair("1"), NOW) == "done"
    used = await store.code(code)
    assert used is not None
    assert used.used_at == NOW
    assert await store.rotate(digest("refresh 1"), pair("2"), NOW, GRACE) == "done"
    assert await store.access_token(digest("access 1"), NOW) is not None
    assert await store.redeem(code, pair("3"), NOW + SECOND) == "reused"
    for name in "123":
        assert await store.access_token(digest(f"access {name}"), NOW) is None
        assert await store.rotate(digest(f"refresh {name}"), pair("4"), NOW, GRACE) == "unknown"
    kept = await store.refresh_token(digest("refresh 2"))
    assert kept is not None
    assert kept.revoked
    assert await store.redeem(code, pair("5"), NOW + SECOND) == "reused"
    assert await store.refresh_token(digest("refresh 5")) is None


async def test_an_expired_or_unknown_code_gives_nothing(store: Store) -> None:
    approval = await connect(store)
    late = NOW + timedelta(minutes=10)
    assert await store.redeem(approval.code_digest or b"", pair("1", late), late) == "unknown"
    assert await store.redeem(bytes(32), pair("2"), NOW) == "unknown"
    assert await store.access_token(digest("access 1"), late) is None
    assert await store.redeem(approval.code_digest or b"", pair("3"), late - SECOND) == "done"


async def test_an_access_token_lives_until_its_end(store: Store) -> None:
    approval = await connect(store)
    await store.redeem(approval.code_digest or b"", pair("1"), NOW)
    token = await store.access_token(digest("access 1"), NOW)
    assert token is not None
    assert token.principal == Principal("app", approval.owner.id, approval.grant_id)
    assert (token.mode, token.expires_at) == ("simulated", NOW + timedelta(hours=2))
    assert await store.access_token(digest("access 1"), NOW + timedelta(hours=2)) is None
    assert await store.access_token(digest("refresh 1"), NOW) is None


async def test_a_token_and_its_vehicle_are_found_in_one_step(store: Store) -> None:
    await store.add(application("other"), Secret("x"))
    approval = await connect(store)
    await connect(store, client_id="other")
    await store.redeem(approval.code_digest or b"", pair("1"), NOW)
    (vehicle_id,), _ = await store.vehicles(APP, 10, 0)
    (foreign_id,), _ = await store.vehicles(Principal("other"), 10, 0)
    token = await store.access_token(digest("access 1"), NOW)
    assert token is not None
    vehicle = await store.reach(token.principal, vehicle_id)
    assert vehicle is not None
    assert await store.reach_by_token(digest("access 1"), vehicle_id, NOW) == (token, vehicle)
    assert await store.reach_by_token(digest("access 1"), foreign_id, NOW) == (token, None)
    assert await store.reach_by_token(digest("access 1"), "no\0ne\ud800", NOW) == (token, None)
    assert await store.reach_by_token(digest("access 2"), vehicle_id, NOW) is None
    assert await store.reach_by_token(digest("access 1"), vehicle_id, NOW + timedelta(hours=2)) is None
    await store.disconnect("app", ConnectionFilter(), NOW)
    assert await store.reach_by_token(digest("access 1"), vehicle_id, NOW) == (token, None)
    assert await store.revoke("app", digest("access 1"), NOW)
    assert await store.reach_by_token(digest("access 1"), vehicle_id, NOW) is None


async def test_a_used_refresh_token_gives_the_same_successor_within_the_grace_and_kills_the_grant_after(
    store: Store,
) -> None:
    approval = await connect(store)
    await store.redeem(approval.code_digest or b"", pair("1"), NOW)
    first = await store.refresh_token(digest("refresh 1"))
    assert first is not None
    assert (first.grant_id, first.client_id, first.used_at, first.revoked) == (approval.grant_id, "app", None, False)
    assert first.expires_at == NOW + timedelta(days=60)
    at = NOW + SECOND
    assert await store.rotate(digest("refresh 1"), pair("2", at), at, GRACE) == "done"
    assert await store.rotate(digest("refresh 1"), pair("2", at + SECOND), at + SECOND, GRACE) == "again"
    assert await store.rotate(digest("refresh 1"), pair("2", at + GRACE), at + GRACE, GRACE) == "again"
    successor = await store.refresh_token(digest("refresh 2"))
    assert successor is not None
    assert (successor.used_at, successor.revoked) == (None, False)
    token = await store.access_token(digest("access 2"), at)
    assert token is not None
    assert token.expires_at == at + GRACE + timedelta(hours=2)
    late = at + GRACE + timedelta(microseconds=1)
    assert await store.rotate(digest("refresh 1"), pair("2", late), late, GRACE) == "reused"
    assert await store.rotate(digest("refresh 2"), pair("3", late), late, GRACE) == "unknown"
    assert await store.access_token(digest("access 2"), late) is None
    assert await store.rotate(digest("refresh 1"), pair("2", late), late, GRACE) == "unknown"


async def test_a_successor_handed_out_again_stays_used_once_it_was_used(store: Store) -> None:
    approval = await connect(store)
    await store.redeem(approval.code_digest or b"", pair("1"), NOW)
    assert await store.rotate(digest("refresh 1"), pair("2"), NOW, GRACE) == "done"
    assert await store.rotate(digest("refresh 2"), pair("3"), NOW + SECOND, GRACE) == "done"
    assert await store.rotate(digest("refresh 1"), pair("2"), NOW + SECOND, GRACE) == "again"
    used = await store.refresh_token(digest("refresh 2"))
    assert used is not None
    assert used.used_at == NOW + SECOND


async def test_an_expired_or_unknown_refresh_token_gives_nothing(store: Store) -> None:
    approval = await connect(store)
    await store.redeem(approval.code_digest or b"", pair("1"), NOW)
    late = NOW + timedelta(days=60)
    assert await store.rotate(digest("refresh 1"), pair("2", late), late, GRACE) == "unknown"
    assert await store.rotate(digest("access 1"), pair("2"), NOW, GRACE) == "unknown"
    assert await store.refresh_token(digest("refresh 2")) is None
    assert await store.rotate(digest("refresh 1"), pair("2"), NOW, GRACE) == "done"


async def test_a_refresh_token_that_was_used_before_it_ended_kills_nothing_afterwards(store: Store) -> None:
    approval = await connect(store)
    await store.redeem(approval.code_digest or b"", pair("1"), NOW)
    end = NOW + timedelta(days=60)
    at = end - SECOND
    assert await store.rotate(digest("refresh 1"), pair("2", at), at, GRACE) == "done"
    for late in (end, end + GRACE):
        assert await store.rotate(digest("refresh 1"), pair("2", late), late, GRACE) == "unknown"
    assert await store.access_token(digest("access 2"), end) is not None
    assert await store.rotate(digest("refresh 2"), pair("3", end), end, GRACE) == "done"


@pytest.mark.parametrize("kind", ["access", "refresh"])
async def test_revoking_one_token_kills_its_grant_and_no_other(store: Store, kind: str) -> None:
    await store.add(application("other"), Secret("x"))
    for name in "12":
        approval = await connect(store)
        await store.redeem(approval.code_digest or b"", pair(name), NOW)
    assert await store.revoke("other", digest(f"{kind} 1"), NOW) is False
    assert await store.revoke("app", digest("none"), NOW) is False
    assert await store.access_token(digest("access 1"), NOW) is not None
    assert await store.revoke("app", digest(f"{kind} 1"), NOW) is True
    assert await store.access_token(digest("access 1"), NOW) is None
    assert await store.rotate(digest("refresh 1"), pair("3"), NOW, GRACE) == "unknown"
    assert await store.access_token(digest("access 2"), NOW) is not None
    assert await store.rotate(digest("refresh 2"), pair("4"), NOW, GRACE) == "done"


async def test_a_code_of_a_revoked_grant_gives_nothing(store: Store) -> None:
    approval = await connect(store)
    await store.redeem(approval.code_digest or b"", pair("1"), NOW)
    second = await connect(store)
    assert await store.revoke("app", digest("access 1"), NOW)
    assert await store.redeem(second.code_digest or b"", pair("2"), NOW) == "done"


async def test_tidying_deletes_what_has_expired_and_nothing_else(store: Store) -> None:
    first = await connect(store)
    await store.redeem(first.code_digest or b"", pair("1"), NOW)
    await store.open_session(session(expires_at=NOW + timedelta(days=90)))
    vehicle_id = (await store.vehicles(APP, 1, 0))[0][0]
    vehicle = await store.reach(APP, vehicle_id)
    assert vehicle is not None
    accepted = await store.accept(command(vehicle_id, vehicle.car.id), "key")
    await store.end(accepted.record.id, "done", None, NOW)
    unused = await connect(store, owner=owner("another"))
    assert await store.tidy(NOW) == 0
    assert await store.tidy(NOW + timedelta(minutes=10)) == 1  # the code nobody used
    assert await store.code(unused.code_digest or b"") is None
    assert await store.code(first.code_digest or b"") is not None
    assert await store.tidy(NOW + timedelta(hours=2)) == 3  # access token and two sessions
    again = command(vehicle_id, vehicle.car.id)
    assert (await store.accept(again, "key")).how == "replayed"
    assert await store.tidy(NOW + timedelta(hours=24)) == 1  # the key
    assert (await store.accept(again, "key")).how == "own"
    assert await store.refresh_token(digest("refresh 1")) is not None
    assert await store.tidy(NOW + timedelta(days=60)) == 2  # the refresh token and the second key
    assert await store.refresh_token(digest("refresh 1")) is None
    assert await store.code(first.code_digest or b"") is None, "it led to nothing that lives"
    assert (await store.vehicles(APP, 1, 0))[1] == 1


async def test_a_used_code_is_noticed_for_as_long_as_its_grant_has_tokens(store: Store) -> None:
    approval = await connect(store)
    code = approval.code_digest or b""
    await store.redeem(code, pair("1"), NOW)
    late = NOW + timedelta(days=59)
    await store.tidy(late)
    assert await store.rotate(digest("refresh 1"), pair("2", late), late, GRACE) == "done"
    later = NOW + timedelta(days=118)
    await store.tidy(later)
    assert await store.refresh_token(digest("refresh 1")) is None
    assert await store.redeem(code, pair("3", later), later) == "reused"
    assert await store.rotate(digest("refresh 2"), pair("4", later), later, GRACE) == "unknown"


async def test_the_end_of_an_exchange_and_its_line_of_the_audit_are_written_together(store: Store) -> None:
    approval = await connect(store)
    before = len(await store.audit())
    code = approval.code_digest or b""
    late = NOW + GRACE + SECOND
    await store.redeem(code, pair("1"), NOW)
    await store.rotate(digest("refresh 1"), pair("2"), NOW, GRACE)
    await store.rotate(digest("refresh 1"), pair("2"), NOW, GRACE)
    await store.rotate(digest("refresh 1"), pair("2"), late, GRACE)
    await store.redeem(code, pair("3"), late)
    await store.redeem(bytes(32), pair("4"), late)
    lines = await store.audit()
    assert [(line.kind, line.subject, line.at) for line in lines[before:]] == [
        ("token.redeemed", code.hex()[:16], NOW),
        ("token.refresh_reused", digest("refresh 1").hex()[:16], late),
        ("token.code_reused", code.hex()[:16], late),
        ("token.code_unknown", "0" * 16, late),
    ]
    assert first_break(lines) is None


async def test_an_exchange_whose_line_cannot_be_written_did_not_happen(
    disk: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = disk.open()
    await store.add(application(), Secret("x"))
    approval = await connect(store)
    code = approval.code_digest or b""
    with monkeypatch.context() as broken:
        broken.setattr("carwire.storage.sql.auditing.chain", _fail)
        with pytest.raises(ZeroDivisionError):
            await store.redeem(code, pair("1"), NOW)
    assert await store.access_token(digest("access 1"), NOW) is None
    assert await store.redeem(code, pair("2"), NOW) == "done"


def _fail(*_: object) -> None:
    raise ZeroDivisionError


async def test_tidying_goes_on_until_everything_has_gone(store: Store) -> None:
    for _ in range(1001):
        await store.open_session(session())
    assert await store.tidy(NOW + timedelta(days=1)) == 1001
