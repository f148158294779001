"""Servers for the conformance kit: one inside this process, what it answered played again, and faults in between."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from tests import conftest
from tests.conftest import Owned
from tests.contract.golden import Place

from carwire.conformance import CHECKS, Access, Report, Talk, run
from carwire.conformance.answers import Answer, Headers
from carwire.conformance.check import Check
from carwire.conformance.web import Asker, Unanswered
from carwire.kit.secrets import Secret

URL = "http://carwire.test"
Change = Callable[[Answer], Answer]
Key = tuple[str, str, tuple[tuple[str, str], ...], bytes]
_DRAWN = re.compile(rb"username=[^&]+")  # the owner of a walk through Connect is another each time


def key_of(method: str, target: str, headers: Headers, body: bytes) -> Key:
    """What makes two requests the same one."""
    return method, target, tuple(headers), _DRAWN.sub(b"username=", body)


class Recorder:
    """Asks a server inside this process, and keeps what it answers, in order."""

    def __init__(self, client: Owned) -> None:
        self._client = client
        self.answers: dict[Key, list[Answer]] = {}

    async def __call__(self, method: str, target: str, headers: Headers, body: bytes) -> Answer:
        sent = [(name.encode(), value.encode()) for name, value in headers]
        found = await self._client.send(method, target, sent, body)
        answer = Answer(method, target, found.status, found.headers, found.body)
        self.answers.setdefault(key_of(method, target, headers, body), []).append(answer)
        return answer


class Player:
    """Answers again what was recorded, with one thing changed."""

    def __init__(self, answers: dict[Key, list[Answer]], change: dict[Key, Change] | Change | None = None) -> None:
        self._left = {key: list(each) for key, each in answers.items()}
        self._change = change or {}
        self.asked: list[Key] = []

    async def __call__(self, method: str, target: str, headers: Headers, body: bytes) -> Answer:
        key = key_of(method, target, headers, body)
        self.asked.append(key)
        left = self._left.get(key)
        if not left:
            msg = "nothing like it was recorded"
            raise Unanswered(msg)
        answer = left.pop(0) if len(left) > 1 else left[0]
        change = self._change if callable(self._change) else self._change.get(key)
        return change(answer) if change else answer


def furnished(client: Owned) -> Access:
    """Give a server webhook, subscription and cars of every powertrain, and return what its operator has."""
    place = Place(client)
    attributes = {f"{name}Id": place.names[name] for name in ("webhook", "user", "vehicle")}
    assert client.v3("POST", "/subscriptions", None, {"data": {"attributes": attributes}}).status == 202
    new = client.run(client.carwire.services.credentials.draw(client.client_id))
    return Access(
        client_id=client.client_id,
        client_secret=Secret(client.client_secret),
        management_token=Secret(client.management_token),
        redirect_uri="https://example.com/auth",
        v3_client_id=new.machine_id,
        v3_client_secret=new.secret,
    )


async def report(asker: Asker, access: Access, checks: Sequence[Check] = CHECKS) -> Report:
    """Make all checks."""
    return await run(Talk(URL, asker, access), checks)


def as_heard(answer: conftest.Answer) -> Answer:
    """Return an answer of the tests' own clients as the kit has them."""
    return Answer("GET", "", answer.status, answer.headers, answer.body)


def named(found: Report, outcome: str) -> set[str]:
    """The names of the checks with an outcome."""
    return {each.name for each in found.findings if each.outcome == outcome}


# --- faults


def status(code: int) -> Change:
    """Answer with another status."""
    return lambda answer: msgspec.structs.replace(answer, status=code)


def header(name: str, value: str | None = None) -> Change:
    """Set a header, or leave it out."""

    def change(answer: Answer) -> Answer:
        kept = [each for each in answer.headers if each[0] != name]
        return msgspec.structs.replace(answer, headers=(*kept, *([] if value is None else [(name, value)])))

    return change


def renamed(name: str, other: str) -> Change:
    """Write a header's name otherwise."""

    def change(answer: Answer) -> Answer:
        headers = tuple((other if key == name else key, value) for key, value in answer.headers)
        return msgspec.structs.replace(answer, headers=headers)

    return change


def body(change: Callable[[Any], Any]) -> Change:
    """Change the body, in place or into what is returned."""

    def changed(answer: Answer) -> Answer:
        known = msgspec.json.decode(answer.body)
        other = change(known)
        return msgspec.structs.replace(answer, body=msgspec.json.encode(known if other is None else other))

    return changed


def put(pointer: str, value: Any) -> Change:
    """Put a value at a pointer; ``*`` is each one of an array."""

    def change(found: Any) -> None:
        *path, last = pointer.strip("/").split("/")
        for parent in parents(found, path):
            for each in range(len(parent)) if last == "*" else [last]:
                parent[each] = value

    return body(change)


def drop(pointer: str) -> Change:
    """Leave a member out."""

    def change(found: Any) -> None:
        *path, last = pointer.strip("/").split("/")
        for parent in parents(found, path):
            parent.pop(last)

    return body(change)


def parents(found: Any, path: list[str]) -> list[Any]:
    """Everything that stands at a pointer."""
    here = [found]
    for step in path:
        here = [inner for each in here for inner in (each if step == "*" else [each[step]])]
    assert here, path
    return here


def both(*changes: Change) -> Change:
    """One change after the other."""

    def change(answer: Answer) -> Answer:
        for each in changes:
            answer = each(answer)
        return answer

    return change
