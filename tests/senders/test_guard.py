"""No webhook reaches what is not public: URLs of every spelling, names that lie, and wires that show it.

The wires are listeners on loopback, and every call of ``connect`` in this process: an address that leads nowhere from
here counts as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Sequence
from random import Random

import pytest
from tests.senders.endpoints import CONNECTS, LOOPBACK, OK, Endpoint, answering, free_port, lead, serve
from tests.senders.urls import CORPUS

from carwire.core.delivery import Sent
from carwire.kit.networks import Networks, may_reach
from carwire.senders import guard as guard_module
from carwire.senders import web as web_module
from carwire.senders.web import WebSender

pytestmark = pytest.mark.anyio

ALL_LOOPBACK = Networks.read("127.0.0.0/8,::1/128")
CLOSED = ("127.0.0.1", "::1")
OPEN = "127.0.0.2"
ROUNDS = 200
PUBLIC = ("93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "8.8.8.8")


@contextlib.asynccontextmanager
async def tripwire(hosts: Sequence[str] = LOOPBACK) -> AsyncIterator[Endpoint]:
    """Listen on one port of loopback addresses."""
    async with serve(answering(OK), hosts, port=free_port()) as endpoint:
        yield endpoint


@contextlib.asynccontextmanager
async def sender(networks: Sequence[object] = ()) -> AsyncIterator[WebSender]:
    opened = WebSender(Networks(networks))  # type: ignore[arg-type]
    try:
        yield opened
    finally:
        await opened.close()


async def send_all(urls: Sequence[str], networks: Sequence[object] = ()) -> list[Sent]:
    async with sender(networks) as web:
        return [await web.post(url, b"{}", {}, timeout_s=5) for url in urls]


def everything_is_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    lead(monkeypatch, lambda _host: ["127.0.0.1"])


async def test_no_url_of_the_corpus_makes_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    everything_is_loopback(monkeypatch)
    assert len(set(CORPUS)) >= 250
    async with tripwire() as wire:
        with CONNECTS.watched() as connects:
            came = await send_all([url.replace("{port}", str(wire.port)) for url in CORPUS])
    assert [sent.problem for sent in came] == ["blocked"] * len(CORPUS)
    assert connects == []
    assert wire.connections == 0


async def test_the_corpus_is_stopped_even_if_the_spelling_were_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    everything_is_loopback(monkeypatch)
    monkeypatch.setattr(web_module, "check_url", lambda _url: None)
    async with tripwire() as wire:
        with CONNECTS.watched() as connects:
            came = await send_all([url.replace("{port}", str(wire.port)) for url in CORPUS])
    assert all(sent.status is None for sent in came)
    assert connects == []
    assert wire.connections == 0
    web_module._target.cache_clear()


async def test_without_the_guard_the_wire_is_tripped(monkeypatch: pytest.MonkeyPatch) -> None:
    everything_is_loopback(monkeypatch)
    monkeypatch.setattr(guard_module, "may_reach", lambda *_arguments, **_options: True)
    async with tripwire() as wire:
        with CONNECTS.watched() as connects:
            await send_all([url.replace("{port}", str(wire.port)) for url in CORPUS])
    assert wire.connections >= 40
    assert {*LOOPBACK, "169.254.169.254", "10.0.0.1", "fd00:ec2::254", "64:ff9b::7f00:1"} <= set(connects)


async def test_the_last_check_alone_stops_what_a_resolver_lets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    everything_is_loopback(monkeypatch)

    async def resolve(self: guard_module.Guard, host: str, port: int = 0, **_rest: object) -> list[dict[str, object]]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 6, "flags": 0}]

    monkeypatch.setattr(guard_module.Guard, "resolve", resolve)
    async with tripwire() as wire:
        (came,) = await send_all([f"https://name.example:{wire.port}/"])
    assert came.problem == "blocked"
    assert wire.connections == 0


async def test_opened_networks_are_reached_with_and_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    everything_is_loopback(monkeypatch)
    hosts = ["127.0.0.1", "127.0.0.2", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:2]", "localhost", "a.example"]
    async with tripwire() as wire:
        plain = await send_all([f"http://{host}:{wire.port}/" for host in hosts], ALL_LOOPBACK)
        arrived = wire.connections
        secure = await send_all([f"https://{host}:{wire.port}/" for host in hosts], ALL_LOOPBACK)
    assert [sent.status for sent in plain] == [200] * len(hosts)
    assert arrived >= len(hosts) - 1
    assert {sent.problem for sent in secure} <= {"tls", "connection"}  # it arrived, and nobody spoke TLS there
    assert wire.connections == arrived + len(hosts)


@pytest.mark.parametrize(
    "opened", ["127.0.0.2", "127.0.0.2/31,10.0.0.0/8", "::ffff:0:0/96", "192.168.1.0/24", "64:ff9b::/96"]
)
async def test_opening_one_network_opens_no_other(monkeypatch: pytest.MonkeyPatch, opened: str) -> None:
    everything_is_loopback(monkeypatch)
    hosts = ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "localhost", "127.0.0.4"]
    async with tripwire() as wire:
        with CONNECTS.watched() as connects:
            came = await send_all([f"http://{host}:{wire.port}/" for host in hosts], Networks.read(opened))
    assert {sent.problem for sent in came} == {"blocked"}
    assert connects == []


async def test_http_goes_to_no_public_address_and_https_does(monkeypatch: pytest.MonkeyPatch) -> None:
    lead(monkeypatch, lambda _host: PUBLIC)
    urls = [*(f"{{}}://{f'[{each}]' if ':' in each else each}/" for each in PUBLIC), "{}://name.example/"]
    with CONNECTS.watched() as connects:
        plain = await send_all([url.format("http") for url in urls], ALL_LOOPBACK)
    assert {sent.problem for sent in plain} == {"blocked"}
    assert connects == []
    with CONNECTS.watched() as connects:
        secure = await send_all([url.format("https") for url in urls])
    assert {sent.problem for sent in secure} == {"refused"}  # by the wire
    assert set(connects) == set(PUBLIC)


class Changing:
    """Names whose answer changes: each lookup of a name gets the next list, the last one for ever."""

    def __init__(self) -> None:
        self.plans: dict[str, list[Sequence[str]]] = {}

    def __call__(self, host: str) -> Sequence[str]:
        plan = self.plans[host]
        return plan.pop(0) if len(plan) > 1 else plan[0]


async def rebind(monkeypatch: pytest.MonkeyPatch, dice: Random) -> tuple[int, int, list[str]]:
    """Play the rounds: each name leads to the open endpoint first, or always among others, and then to the closed ones.
    Return connections to the closed ones, answers of the open one, and addresses connected to.
    """
    names = Changing()
    resolver = lead(monkeypatch, names)
    port = free_port()
    close = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    async with (
        serve(answering(close), CLOSED, port=port) as wire,
        serve(answering(close), OPEN, port=port) as open_one,
        sender(Networks.read(OPEN)) as web,
    ):
        with CONNECTS.watched() as connects:
            for each in range(ROUNDS):
                host = f"r{each}.example"
                closed = [
                    dice.choice([*CLOSED, "10.0.0.1", "169.254.169.254", "fd00::1"]) for _ in range(dice.randint(1, 3))
                ]
                mixed = [*closed, OPEN]
                dice.shuffle(mixed)
                names.plans[host] = [*[[OPEN]] * dice.randint(0, 2), dice.choice([closed, mixed])]
                for _ in range(4):
                    before = len(resolver.asked)
                    await web.post(f"http://{host}:{port}/", b"{}", {}, timeout_s=5)
                    assert len(resolver.asked) == before + 1, "a name is asked for once per connection"
    return wire.connections, open_one.connections, connects


async def test_names_that_change_their_mind_reach_nothing_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed, opened, connects = await rebind(monkeypatch, Random(7))
    assert closed == 0
    assert set(connects) == {OPEN}
    assert ROUNDS / 2 < opened < 4 * ROUNDS  # the good answers got through


async def test_without_the_guard_names_that_change_trip_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_module, "may_reach", lambda *_arguments, **_options: True)
    closed, _, connects = await rebind(monkeypatch, Random(7))
    assert closed > 20
    assert "169.254.169.254" in connects


async def test_a_guard_that_looked_at_one_address_only_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    real = may_reach
    seen: list[str] = []

    def careless(address: str, opened: Sequence[object], *, plain: bool) -> bool:
        seen.append(address)
        return len(seen) > 1 or real(address, opened, plain=plain)  # type: ignore[arg-type]

    monkeypatch.setattr(guard_module, "may_reach", careless)
    lead(monkeypatch, lambda _host: [OPEN, "127.0.0.1"])
    async with serve(answering(OK), "127.0.0.1") as wire:
        await send_all([f"http://name.example:{wire.port}/"], Networks.read(OPEN))
    assert wire.connections == 1


async def test_a_name_that_answers_slowly_is_asked_for_once_and_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go = threading.Event()
    resolver = lead(monkeypatch, lambda host: [OPEN] if host == "quick.example" or go.wait(10) else [])
    async with serve(answering(OK), OPEN) as endpoint, sender(Networks.read(OPEN)) as web:
        slow = [
            asyncio.create_task(web.post(f"http://slow.example:{endpoint.port}/", b"{}", {}, timeout_s=0.3))
            for _ in range(300)
        ]
        await asyncio.sleep(0.05)
        quick = await web.post(f"http://quick.example:{endpoint.port}/", b"{}", {}, timeout_s=5)
        came = await asyncio.gather(*slow)
        go.set()
    assert quick.status == 200
    assert {sent.problem for sent in came} == {"timeout"}
    assert resolver.asked.count("slow.example") == 1


async def test_what_is_said_of_a_blocked_url_does_not_tell_where_it_led(monkeypatch: pytest.MonkeyPatch) -> None:
    lead(monkeypatch, lambda _host: ["10.11.12.13"])
    (came,) = await send_all(["https://name.example/"])
    assert came.problem == "blocked"
    assert came.detail
    assert "10.11" not in came.detail
