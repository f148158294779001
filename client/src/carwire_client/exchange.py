"""How a call becomes requests, written once for both clients: a generator that says what to do next.

It yields steps and receives what came of them; a client does nothing but carry them out. A call's result is what the
generator returns. It reads no clock, rolls no dice and waits for nothing but through what it is given.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any, Final, TypeVar

import httpx2
import msgspec

from carwire_client.answers import Answer, invalid
from carwire_client.call import (
    AsyncTokenSource,
    Basic,
    Bearer,
    Call,
    Renewable,
    TokenSource,
    basic_credentials,
    query_text,
)
from carwire_client.errors import CarwireError, ConnectionFailed, TimedOut
from carwire_client.retries import Failure, Loss
from carwire_client.secrets import Secret, scrub, scrub_bytes
from carwire_client.settings import Wiring
from carwire_client.times import read_retry_after

T = TypeVar("T")

KEY_HEADER: Final = "idempotency-key"
_LOST: Final[tuple[tuple[type[Exception], Loss], ...]] = (
    (httpx2.ConnectTimeout, "not_sent"),
    (httpx2.PoolTimeout, "not_sent"),
    (httpx2.ConnectError, "not_sent"),
    (httpx2.ProxyError, "not_sent"),
    (httpx2.TimeoutException, "timed_out"),
    (TimeoutError, "timed_out"),
    (httpx2.TransportError, "broken"),
)
LOST: Final = tuple(kind for kind, _ in _LOST)


class Send(msgspec.Struct, frozen=True):
    """Send a request and receive an `Answer` or a `Lost`. `seconds` is how long all of it may take."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    connect_seconds: float
    seconds: float

    def __repr__(self) -> str:
        return f"<Send {self.method} {self.url}>"


class Wait(msgspec.Struct, frozen=True):
    """Wait; receive nothing."""

    seconds: float


class Renew(msgspec.Struct, frozen=True):
    """Ask a source for a token; receive it."""

    source: TokenSource | AsyncTokenSource
    rejected: Secret | None


class Lost(msgspec.Struct, frozen=True):
    """An attempt of which no answer came; `why` in words."""

    loss: Loss
    why: str


Step = Send | Wait | Renew
Outcome = Answer | Lost | Secret | None
Exchange = Generator[Step, Outcome, T]


def exchange(call: Call[T], wiring: Wiring) -> Exchange[T]:
    """Make a call: authenticate, send, wait, repeat as the policy has it. Raises what `carwire_client.errors` has."""
    within = wiring.timeouts.overall
    began, attempt, token = wiring.clock(), 0, None
    key = (call.key or wiring.new_key()) if call.kind == "command" else call.key
    may_renew = isinstance(call.auth, Renewable)
    while True:
        if isinstance(call.auth, Renewable) and token is None:
            token = yield from _renewed(call.auth, None)
        attempt += 1
        left = within - (wiring.clock() - began)
        outcome = yield _request(call, wiring, token, key, left)
        assert isinstance(outcome, Answer | Lost)
        if isinstance(outcome, Answer) and outcome.status == 401 and may_renew:
            assert isinstance(call.auth, Renewable)
            may_renew, token = False, (yield from _renewed(call.auth, token))
            continue
        if isinstance(outcome, Answer) and (200 <= outcome.status < 300 or outcome.status in call.also):
            return _received(call, outcome, token)
        failure = failure_of(call, outcome, attempt, wiring.clock() - began)
        seconds = wiring.retry.wait(failure, within=within, random=wiring.random)
        if seconds is None:
            raise _scrubbed(_error(call, outcome), call, token)
        yield Wait(seconds)


def request_of(call: Call[Any], wiring: Wiring) -> Send:
    """Return the request of a call whose credentials it holds itself."""
    return _request(call, wiring, None, call.key, wiring.timeouts.overall)


def error_of_outcome(call: Call[Any], outcome: Answer | Lost) -> CarwireError:
    """Return the error that an attempt has ended with."""
    return _scrubbed(_error(call, outcome), call, None)


def lost(error: Exception) -> Lost:
    """Say how an exception of the transport lost an attempt. Of `httpx2.LocalProtocolError` nothing was sent."""
    loss: Loss = next((loss for kind, loss in _LOST if isinstance(error, kind)), "broken")
    return Lost(
        "not_sent" if isinstance(error, httpx2.LocalProtocolError) else loss, str(error) or type(error).__name__
    )


class Gathering:
    """Collects the pieces of a body, up to a size."""

    def __init__(self, status: int, headers: dict[str, str], wiring: Wiring) -> None:
        self._status, self._headers, self._wiring = status, headers, wiring
        self._pieces = bytearray()

    def add(self, piece: bytes) -> None:
        """Take a piece. Raises `InvalidAnswer` when it gets too much."""
        self._pieces += piece
        if len(self._pieces) > self._wiring.largest:
            raise invalid(self.answer(), f"The answer is larger than {self._wiring.largest} bytes")

    def answer(self) -> Answer:
        """Return what has come."""
        return Answer(self._status, self._headers, bytes(self._pieces), self._wiring.now())


def _renewed(auth: Renewable, rejected: Secret | None) -> Generator[Step, Outcome, Secret]:
    token = yield Renew(auth.source, rejected)
    assert isinstance(token, Secret)
    return token


def _request(call: Call[T], wiring: Wiring, token: Secret | None, key: str | None, left: float) -> Send:
    base, query = wiring.origins.base(call.role), query_text(call.query)
    separator = "&" if "?" in call.path else "?"
    url = f"{base}{call.path}{separator + query if query else ''}"
    own = {name.lower(): _sendable(name, value) for name, value in call.headers}
    headers = {"accept": "application/json", **_authorization(call, token), **own}
    if call.content_type and call.body is not None:
        headers["content-type"] = call.content_type
    if key is not None:
        headers.setdefault(KEY_HEADER, _sendable(KEY_HEADER, Secret(key)))
    seconds = max(0.001, min(wiring.timeouts.of(call.kind), left))
    body = None if call.body is None else call.body.reveal().encode()
    return Send(call.method, url, tuple(headers.items()), body, min(wiring.timeouts.connect, seconds), seconds)


def _authorization(call: Call[T], token: Secret | None) -> dict[str, str]:
    if isinstance(call.auth, Bearer):
        token = call.auth.token
    if isinstance(call.auth, Basic):
        return {"authorization": f"Basic {basic_credentials(call.auth.name, call.auth.secret)}"}
    return {} if token is None else {"authorization": f"Bearer {_sendable('access token', token)}"}


def _sendable(name: str, value: Secret) -> str:
    """Return a text that a header can carry. The transport's own error would show it."""
    text = value.reveal()
    if not text.isascii() or not text.isprintable() or text != text.strip() or not text:
        msg = f"The {name} is empty or holds something no header can carry"
        raise ValueError(msg)
    return text


def _received(call: Call[T], answer: Answer, token: Secret | None) -> T:
    try:
        return call.read(answer)
    except CarwireError as error:
        raise _scrubbed(error, call, token) from None


def failure_of(call: Call[T], outcome: Answer | Lost, attempt: int, elapsed: float) -> Failure:
    """Return what a policy of retries judges."""
    if isinstance(outcome, Lost):
        return Failure(kind=call.kind, attempt=attempt, elapsed=elapsed, loss=outcome.loss)
    seconds = read_retry_after(outcome.headers.get("retry-after"), outcome.received_at)
    return Failure(kind=call.kind, attempt=attempt, elapsed=elapsed, status=outcome.status, retry_after=seconds)


def _error(call: Call[T], outcome: Answer | Lost) -> CarwireError:
    if isinstance(outcome, Lost):
        sent = outcome.loss != "not_sent"
        if outcome.loss == "timed_out":
            return TimedOut(f"{call.name}: no answer in time ({outcome.why})", may_have_happened=sent)
        return ConnectionFailed(f"{call.name}: {outcome.why}", may_have_happened=sent)
    if outcome.status < 400:
        return invalid(outcome, f"The server answered {outcome.status}, which is followed nowhere")
    return call.fault(outcome)


def _scrubbed(error: CarwireError, call: Call[T], token: Secret | None) -> CarwireError:
    """Return an error in whose texts no secret of the call stands: servers echo what they refuse."""
    known = [*call.secrets, *(value for _, value in call.headers)]
    if isinstance(call.auth, Bearer):
        known.append(call.auth.token)
    if isinstance(call.auth, Basic):
        known += [call.auth.secret, Secret(basic_credentials(call.auth.name, call.auth.secret))]
    if token is not None:
        known.append(token)
    for each in error.errors:
        _scrub(each, known, confidential=call.confidential)
    return error


def _scrub(error: CarwireError, known: list[Secret], *, confidential: bool) -> None:
    error.description = scrub(error.description, known)
    error.args = tuple(scrub(str(part), known) for part in error.args)
    error.detail = tuple(json.loads(scrub(json.dumps(error.detail), known)))
    error.suggested_user_message = error.suggested_user_message and scrub(error.suggested_user_message, known)
    error.received = b"" if confidential else scrub_bytes(error.received, known)
