"""A run of all checks, and what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from carwire.conformance.check import Check
from carwire.conformance.expecting import Deviation, NotAsked
from carwire.conformance.owners import let_go
from carwire.conformance.talk import GivenUp, Talk
from carwire.core.errors import CannotStart

Outcome = Literal["holds", "fails", "not asked"]


class Finding(msgspec.Struct, frozen=True):
    """What came of a check. `expected` and `seen` are of one that fails, `why` of one that was not asked."""

    name: str
    endpoint: str
    says: str
    relies: str
    outcome: Outcome
    expected: str | None = None
    seen: str | None = None
    why: str | None = None


class Report(msgspec.Struct, frozen=True):
    """What came of all checks; `requests` is how many were sent."""

    url: str
    requests: int
    findings: Sequence[Finding]

    @property
    def counts(self) -> dict[str, int]:
        """How many checks had which outcome."""
        found = Counter(each.outcome for each in self.findings)
        return {outcome: found[outcome] for outcome in ("holds", "fails", "not asked")}


async def run(talk: Talk, checks: Iterable[Check]) -> Report:
    """Make all checks. Raises `CannotStart` when what answers is no server of this wire, or stops answering."""
    try:
        await _first(talk)
        findings = [await _made(talk, check) for check in checks]
        await let_go(talk)
    except GivenUp as error:
        msg = f"{talk.url} gives no answer: {talk.hidden(str(error))}"
        raise CannotStart(msg) from None
    return Report(talk.url, len(talk.heard), [_hidden(talk, each) for each in findings])


async def _first(talk: Talk) -> None:
    """Look whether it is worth asking: an answer in JSON that is no fault of the server."""
    try:
        answer = await talk.get("/v2.0/user")
    except Deviation as error:
        raise GivenUp(error.seen) from None
    if answer.status >= 500:
        raise GivenUp(f"GET /v2.0/user is {answer}")
    try:
        answer.expect_json()
        answer.json()
    except Deviation:
        msg = f"what answers there does not speak this wire: GET /v2.0/user is {talk.hidden(str(answer))}"
        raise CannotStart(msg) from None


async def _made(talk: Talk, check: Check) -> Finding:
    about = check.name, check.endpoint, check.says, check.relies
    try:
        await check.run(talk)
    except Deviation as error:
        return Finding(*about, "fails", expected=error.expected, seen=error.seen)
    except (LookupError, TypeError, AttributeError, ValueError) as error:  # a body nobody thought of
        seen = f"{type(error).__name__}: {error}"
        return Finding(*about, "fails", expected="a body as it is documented", seen=seen)
    except NotAsked as error:
        return Finding(*about, "not asked", why=str(error))
    return Finding(*about, "holds")


def _hidden(talk: Talk, found: Finding) -> Finding:
    """Take the secrets out, once all of them are known."""
    said = {name: getattr(found, name) for name in ("expected", "seen", "why")}
    return msgspec.structs.replace(found, **{name: text and talk.hidden(text) for name, text in said.items()})
