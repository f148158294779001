"""Simulated cars of another process: asked over HTTP they answer as they do at home, and when nobody can be asked it is
told apart from what was asked and not heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from tests.conftest import PEPPER
from tests.fakes import NOW
from tests.installation import Process, installed

from carwire.connectors.simulator.keeper import Keeper
from carwire.connectors.simulator.remote import PATH, RemoteSource
from carwire.connectors.simulator.source import SimulatorSource
from carwire.core import relay
from carwire.core.commands import Arguments, Outcome
from carwire.core.errors import InvalidInput, SourceAway
from carwire.core.relay import Asked
from carwire.core.signals.catalogue import signals
from carwire.core.signals.reading import Problem
from carwire.core.sources import Login, Question, SignedIn
from carwire.http.v1 import relay as http_relay
from carwire.kit.clock import utc_now
from carwire.kit.secrets import Secret, SecretHasher

pytestmark = pytest.mark.anyio
KEY = Secret(SecretHasher(PEPPER).hash(Secret("simulated cars")).hex())
CODES = ("odometer-traveleddistance", "closure-islocked", "location-preciselocation", "diagnostics-abs")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A process that keeps a world whose clock stands."""
    with installed(tmp_path_factory.mktemp("api")) as made:
        yield made.start("api", "api", CARWIRE_SIMULATOR_CLOCK="stepped")


@asynccontextmanager
async def remote(find: Callable[[], str | None], key: Secret = KEY) -> AsyncIterator[RemoteSource]:
    source = RemoteSource(find, key, utc_now)
    try:
        yield source
    finally:
        await source.close()


def at_home(tmp_path: Path) -> SimulatorSource:
    return SimulatorSource(Keeper(tmp_path, "stepped", lambda: NOW).world)


async def test_every_question_is_answered_as_at_home(api: Process, tmp_path: Path) -> None:
    home = at_home(tmp_path)
    async with remote(lambda: api.origin) as away:
        assert (away.name, away.costs, away.brands("US")) == (home.name, home.costs, home.brands("US"))
        for username in (
            "owner@example.com",
            "mfa@connect.test",
            "wrong-password@connect.test",
            "smartcar@vehicle-incompatible.com",
        ):
            login = Login(username, Secret("any"), "TESLA")
            here, there = await home.sign_in(login, now=NOW), await away.sign_in(login, now=NOW)
            if isinstance(here, Question) and isinstance(there, Question):
                assert here.kind == there.kind
                for reply in ("000000", "123456"):
                    answers = [
                        await each.answer(question.state, Secret(reply), now=NOW)
                        for each, question in ((home, here), (away, there))
                    ]
                    assert type(answers[0]) is type(answers[1])
            elif isinstance(here, SignedIn) and isinstance(there, SignedIn):
                assert (here.account.reveal(), here.cars) == (there.account.reveal(), there.cars)
                assert here.session.reveal() == there.session.reveal()
                assert await home.cars(here.session, now=NOW) == await away.cars(there.session, now=NOW)
                vin = here.cars[0].vin
                assert await home.read(here.session, vin, CODES, now=NOW) == await away.read(
                    there.session, vin, CODES, now=NOW
                )
                asked: tuple[str, str, Arguments] = (vin, "security-unlock", {})
                assert await home.command(here.session, *asked, now=NOW) == await away.command(
                    there.session, *asked, now=NOW
                )
                assert (await away.read(there.session, vin, CODES, now=NOW)).value("closure-islocked") is not True
            else:
                assert here == there
        assert away.clock(NOW + timedelta(days=1)) == home.clock(NOW), "it stands"


async def test_every_signal_comes_over_as_it_is(api: Process, tmp_path: Path) -> None:
    home, login = at_home(tmp_path), Login("6-vehicles@smartcar.com", Secret("any"), "SIMULATED")
    async with remote(lambda: api.origin) as away:
        signed = await home.sign_in(login, now=NOW)
        assert isinstance(signed, SignedIn)
        for car in signed.cars:
            here = await home.read(signed.session, car.vin, tuple(signals()), now=NOW)
            assert await away.read(signed.session, car.vin, tuple(signals()), now=NOW) == here


async def test_a_command_that_does_not_exist_is_refused_as_at_home(api: Process) -> None:
    async with remote(lambda: api.origin) as away:
        with pytest.raises(InvalidInput):
            await away.command(Secret("s"), "0SCTESLA0AAAAAAAA", "fly", {}, now=NOW)


async def test_a_clock_that_runs_is_followed(tmp_path: Path) -> None:
    with installed(tmp_path) as made:
        process = made.start("api", "api")
        async with remote(lambda: process.origin) as away:
            following = asyncio.create_task(away.follow())
            await asyncio.sleep(1.5)
            now = utc_now()
            assert abs((away.clock(now) - now).total_seconds()) < 3
            following.cancel()


async def test_without_the_key_nobody_is_answered(api: Process) -> None:
    async with remote(lambda: api.origin, Secret("another")) as away:
        with pytest.raises(SourceAway, match="answers 401: is it a Carwire with the same pepper"):
            await away.read(Secret("s"), "0SCTESLA0AAAAAAAA", CODES, now=NOW)
        status, _, body = await away.forward("POST", PATH, {}, relay.encode(Asked("clock", NOW)))
        assert (status, b"AUTHENTICATION" in body) == (401, True)
        status, _, body = await away.forward(
            "POST", PATH, {"authorization": f"Bearer {KEY.reveal()}"}, b'{"subject":1}'
        )
        assert (status, b"VALIDATION" in body) == (400, True)


async def nothing_works(away: RemoteSource, outcome: str) -> None:
    """Ask everything of nobody."""
    login, session = Login("owner@example.com", Secret("any"), "TESLA"), Secret("s")
    with pytest.raises(SourceAway):
        await away.read(session, "0SCTESLA0AAAAAAAA", CODES, now=NOW)
    told = await away.command(session, "0SCTESLA0AAAAAAAA", "security-lock", {}, now=NOW)
    assert isinstance(told, Outcome)
    assert told.kind == outcome
    for found in (
        await away.sign_in(login, now=NOW),
        await away.answer(session, None, now=NOW),
        await away.cars(session, now=NOW),
    ):
        assert isinstance(found, Problem)
        assert found.kind == "UPSTREAM:KNOWN_ISSUE"
    with pytest.raises(SourceAway):
        await away.forward("GET", "/v1/simulator", {}, b"")
    assert away.clock(NOW) == NOW


@pytest.mark.parametrize("origin", [None, "http://127.0.0.1:1"])
async def test_where_nobody_answers_no_command_was_sent(origin: str | None) -> None:
    async with remote(lambda: origin) as away:
        await nothing_works(away, "not_sent")


async def test_a_command_whose_answer_is_lost_may_have_been_carried_out() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with remote(lambda: f"http://127.0.0.1:{port}") as away:
            await nothing_works(away, "unknown")


async def test_a_process_that_moved_is_found_again(api: Process) -> None:
    origins = iter(["http://127.0.0.1:1", api.origin])
    async with remote(lambda: next(origins)) as away:
        with pytest.raises(SourceAway):
            await away.read(Secret("s"), "0SCTESLA0AAAAAAAA", CODES, now=NOW)
        assert (await away.read(Secret("s"), "0SCTESLA0AAAAAAAA", CODES, now=NOW)).vin


def test_both_ends_mean_the_same_path() -> None:
    assert PATH == http_relay.PATH


def test_no_secret_shows_in_a_question() -> None:
    asked = Asked("sign_in", NOW, login=Login("owner", Secret("hunter2"), "TESLA"), secret=Secret("hunter3"))
    assert "hunter" not in repr(asked)
    again = relay.read_asked(relay.encode(asked))
    assert again.login
    assert (again.login.password.reveal(), (again.secret or Secret("")).reveal()) == ("hunter2", "hunter3")
