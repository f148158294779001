"""Lanes: how many are opened, and which one a request gets."""

from __future__ import annotations

import asyncio
import contextlib

import httpx2

from carwire_client.lanes import WIDTH, Lanes


def test_a_lane_is_opened_when_all_before_it_are_busy_and_used_again_when_one_is_free() -> None:
    opened: list[httpx2.AsyncClient] = []

    def open_one() -> httpx2.AsyncClient:
        opened.append(httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: httpx2.Response(200))))
        return opened[-1]

    lanes = Lanes(open_one, 2)
    with contextlib.ExitStack() as stack:
        taken = [stack.enter_context(lanes.free()) for _ in range(2 * WIDTH)]
        assert taken == [opened[0]] * WIDTH + [opened[1]] * WIDTH
        more = [stack.enter_context(lanes.free()) for _ in range(2)]
        assert more == opened
    with lanes.free() as http:
        assert http is opened[0]
    asyncio.run(lanes.close())
    assert all(each.is_closed for each in opened)
