"""Codes and tokens: exchanged once, refreshed without forks, revoked whole, dead when their time is over."""

from __future__ import annotations

import asyncio
import random
import re
from datetime import timedelta
from typing import Any

import pytest
from tests.fakes import FakeSource, Middle

from carwire.core.errors import NotAuthenticated, StoreUnavailable
from carwire.core.grants import ACCESS_LIFE, CODE_LIFE, REFRESH_GRACE, REFRESH_LIFE
from carwire.core.ports import Store
from carwire.kit.secrets import Secret
from carwire.services.tokens import Tokens
from carwire.storage.audit import first_break

pytestmark = pytest.mark.anyio
MICROSECOND = timedelta(microseconds=1)
UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def middle(store: Store) -> Middle:
    return Middle(store, FakeSource())


async def granted(middle: Middle) -> Tokens:
    tokens = await middle.tokens.redeem(await middle.code(await middle.application()))
    assert tokens
    return tokens


async def lives(middle: Middle, token: Secret) -> bool:
    try:
        await middle.access.token(token)
    except NotAuthenticated:
        return False
    return True


def texts(tokens: Tokens) -> tuple[str, str]:
    return tokens.access_token.reveal(), tokens.refresh_token.reveal()


async def refreshed(middle: Middle, token: Secret) -> Tokens:
    tokens = await middle.tokens.refresh(token)
    assert tokens
    return tokens


async def test_a_code_gives_two_tokens_of_36_characters(middle: Middle) -> None:
    code = await middle.code(await middle.application())
    tokens = await middle.tokens.redeem(code)
    assert tokens
    assert all(UUID_FORM.fullmatch(text) for text in (*texts(tokens), code.reveal()))
    assert len({*texts(tokens), code.reveal()}) == 3
    assert tokens.expires_in_s == 7200
    assert tokens.access_token.reveal() not in repr(tokens)
    assert await lives(middle, tokens.access_token)
    assert not await lives(middle, tokens.refresh_token), "a refresh token opens nothing"
    assert not await lives(middle, code)


async def test_a_code_is_used_once_and_a_second_use_revokes_what_the_first_got(middle: Middle) -> None:
    code = await middle.code(await middle.application())
    tokens = await middle.tokens.redeem(code)
    assert tokens
    newer = await refreshed(middle, tokens.refresh_token)
    assert await middle.tokens.redeem(code) is None
    for each in (tokens, newer):
        assert not await lives(middle, each.access_token)
        assert await middle.tokens.refresh(each.refresh_token) is None
        assert await middle.tokens.refresh_token(each.refresh_token) is None


async def test_a_second_use_of_a_code_spares_the_owners_other_grants(middle: Middle) -> None:
    client_id = await middle.application()
    codes = [await middle.code(client_id, "one") for _ in range(2)]
    first, second = [await middle.tokens.redeem(code) for code in codes]
    assert first
    assert second
    await middle.tokens.redeem(codes[0])
    assert not await lives(middle, first.access_token)
    assert await lives(middle, second.access_token)


async def test_a_code_lives_ten_minutes(middle: Middle) -> None:
    assert timedelta(minutes=10) == CODE_LIFE
    client_id = await middle.application()
    early, late = await middle.code(client_id, "one"), await middle.code(client_id, "two")
    middle.clock.now += CODE_LIFE - MICROSECOND
    assert await middle.tokens.code(early)
    assert await middle.tokens.redeem(early)
    middle.clock.now += MICROSECOND
    assert await middle.tokens.code(late) is None
    assert await middle.tokens.redeem(late) is None


async def test_a_code_used_again_long_after_its_life_still_ends_what_it_led_to(middle: Middle) -> None:
    code = await middle.code(await middle.application())
    tokens = await middle.tokens.redeem(code)
    assert tokens
    middle.clock.now += 2 * CODE_LIFE
    await middle.store.tidy(middle.clock())
    found = await middle.tokens.code(code)
    assert found
    assert found.used_at
    assert await middle.tokens.redeem(code) is None
    assert not await lives(middle, tokens.access_token)
    assert await middle.tokens.refresh(tokens.refresh_token) is None


@pytest.mark.parametrize("attempt", ["redeem", "reuse", "refresh"])
async def test_no_answer_hangs_on_a_second_write(middle: Middle, monkeypatch: pytest.MonkeyPatch, attempt: str) -> None:
    async def fail(*_: object) -> None:
        raise StoreUnavailable("gone")

    code = await middle.code(await middle.application())
    first = await middle.tokens.redeem(code) if attempt != "redeem" else None
    if first and attempt == "refresh":
        await refreshed(middle, first.refresh_token)
        middle.clock.now += REFRESH_GRACE + MICROSECOND
    monkeypatch.setattr(middle.store, "note", fail)
    if first and attempt == "refresh":
        assert await middle.tokens.refresh(first.refresh_token) is None
    else:
        assert bool(await middle.tokens.redeem(code)) is (attempt == "redeem")


async def test_an_access_token_lives_two_hours_and_a_refresh_does_not_end_it(middle: Middle) -> None:
    tokens = await granted(middle)
    await middle.tokens.refresh(tokens.refresh_token)
    middle.clock.now += ACCESS_LIFE - MICROSECOND
    assert await lives(middle, tokens.access_token)
    middle.clock.now += MICROSECOND
    assert not await lives(middle, tokens.access_token)


async def test_a_refresh_token_lives_sixty_days_from_when_it_was_given(middle: Middle) -> None:
    tokens = await granted(middle)
    middle.clock.now += REFRESH_LIFE - MICROSECOND
    newer = await refreshed(middle, tokens.refresh_token)
    middle.clock.now += REFRESH_LIFE
    assert await middle.tokens.refresh_token(newer.refresh_token) is None
    assert await middle.tokens.refresh(newer.refresh_token) is None


async def test_a_refresh_replaces_both_tokens_and_keeps_whom_they_stand_for(middle: Middle) -> None:
    tokens = await granted(middle)
    newer = await refreshed(middle, tokens.refresh_token)
    assert len({*texts(tokens), *texts(newer)}) == 4
    assert all(UUID_FORM.fullmatch(text) for text in texts(newer))
    before, after = await middle.access.token(tokens.access_token), await middle.access.token(newer.access_token)
    assert before.principal == after.principal
    middle.clock.now += ACCESS_LIFE - MICROSECOND
    assert await lives(middle, newer.access_token)


async def test_within_the_grace_a_repeated_refresh_gives_the_same_pair(middle: Middle) -> None:
    tokens = await granted(middle)
    first = await refreshed(middle, tokens.refresh_token)
    middle.clock.now += REFRESH_GRACE
    again = await refreshed(middle, tokens.refresh_token)
    assert texts(again) == texts(first)
    assert await middle.tokens.refresh(again.refresh_token)


async def test_a_refresh_token_used_after_the_grace_ends_the_whole_grant(middle: Middle) -> None:
    tokens = await granted(middle)
    first = await refreshed(middle, tokens.refresh_token)
    second = await refreshed(middle, first.refresh_token)
    middle.clock.now += REFRESH_GRACE + MICROSECOND
    assert await middle.tokens.refresh(tokens.refresh_token) is None
    for each in (tokens, first, second):
        assert not await lives(middle, each.access_token)
        assert await middle.tokens.refresh(each.refresh_token) is None
    kinds = [entry.kind for entry in await middle.store.audit()]
    assert kinds.count("token.refresh_reused") == 1


async def test_the_grace_does_not_begin_anew_with_every_use(middle: Middle) -> None:
    tokens = await granted(middle)
    await middle.tokens.refresh(tokens.refresh_token)
    middle.clock.now += REFRESH_GRACE
    assert await middle.tokens.refresh(tokens.refresh_token)
    middle.clock.now += MICROSECOND
    assert await middle.tokens.refresh(tokens.refresh_token) is None


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_revoking_either_token_ends_both_at_once(middle: Middle, which: str) -> None:
    client_id = await middle.application()
    tokens = await middle.tokens.redeem(await middle.code(client_id))
    assert tokens
    await middle.tokens.revoke(client_id, getattr(tokens, which))
    assert not await lives(middle, tokens.access_token)
    assert await middle.tokens.refresh(tokens.refresh_token) is None
    await middle.tokens.revoke(client_id, getattr(tokens, which))


async def test_nobody_revokes_the_tokens_of_another_application(middle: Middle) -> None:
    client_id, other = await middle.application(), await middle.application("Other")
    tokens = await middle.tokens.redeem(await middle.code(client_id))
    assert tokens
    for token in (tokens.access_token, tokens.refresh_token, Secret("nothing"), Secret("x" * 5000)):
        await middle.tokens.revoke(other, token)
    assert await lives(middle, tokens.access_token)
    assert await middle.tokens.refresh(tokens.refresh_token)


@pytest.mark.parametrize("text", ["", "x", "x" * 5000, "\ud800", "a\0b", "é"])
async def test_what_is_no_token_is_none_of_ours(middle: Middle, text: str) -> None:
    tokens = await granted(middle)
    assert not await lives(middle, Secret(text))
    assert await middle.tokens.code(Secret(text)) is None
    assert await middle.tokens.refresh_token(Secret(text)) is None
    assert await middle.tokens.redeem(Secret(text)) is None
    assert await middle.tokens.refresh(Secret(text)) is None
    assert await lives(middle, tokens.access_token)


async def test_tokens_of_a_deleted_application_are_dead_at_once(middle: Middle) -> None:
    client_id = await middle.application()
    code = await middle.code(client_id, "two")
    tokens = await middle.tokens.redeem(await middle.code(client_id, "one"))
    assert tokens
    await middle.accounts.delete(client_id)
    assert not await lives(middle, tokens.access_token)
    assert await middle.tokens.refresh(tokens.refresh_token) is None
    assert await middle.tokens.redeem(code) is None


async def test_no_code_and_no_token_is_in_the_audit(middle: Middle) -> None:
    code = await middle.code(await middle.application())
    tokens = await middle.tokens.redeem(code)
    assert tokens
    await middle.tokens.redeem(code)
    await middle.tokens.refresh(tokens.refresh_token)
    entries = await middle.store.audit()
    assert [entry.kind for entry in entries if entry.kind.startswith("token")] == [
        "token.redeemed",
        "token.code_reused",
    ]
    assert first_break(entries) is None
    written = repr(entries)
    assert not any(text in written for text in (*texts(tokens), code.reveal()))


async def test_of_many_who_redeem_one_code_at_once_one_wins(middle: Middle) -> None:
    client_id = await middle.application()
    codes = [await middle.code(client_id, f"owner {n}") for n in range(30)]

    async def redeem(code: Secret) -> list[Tokens]:
        answers = await asyncio.gather(*(middle.tokens.redeem(code) for _ in range(16)))
        return [each for each in answers if each]

    won = await asyncio.gather(*map(redeem, codes))
    assert [len(each) for each in won] == [1] * 30
    assert not any([await lives(middle, each.access_token) for (each,) in won]), "fifteen second uses revoke"


@pytest.mark.parametrize("seed", range(5))
async def test_lost_answers_and_parallel_refreshes_neither_kill_nor_fork_a_family(middle: Middle, seed: int) -> None:
    """Eight refresh at once, some answers get lost, time passes within the grace: what is left is one line."""
    drawn: Any = random.Random(seed)
    tokens = await granted(middle)
    known, line = [tokens.refresh_token], [tokens.refresh_token.reveal()]
    for _ in range(6):
        answers = await asyncio.gather(*(middle.tokens.refresh(known[-1]) for _ in range(8)))
        assert all(answers)
        got = {each.refresh_token.reveal() for each in answers if each}
        assert len(got) == 1, "all eight got the same successor"
        if drawn.random() < 0.6:  # else every answer was lost, and the client goes on with what it has
            known += [each.refresh_token for each in answers[:1] if each]
            line += got
        middle.clock.move(seconds=drawn.uniform(0, 90))
    assert len(set(line)) == len(line)
    assert await middle.tokens.refresh(known[-1])
