"""What has to hold of every answer, looked at when all of them were heard."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from carwire.conformance.answers import Answer
from carwire.conformance.check import Group
from carwire.conformance.errors import expect_error
from carwire.conformance.expecting import Deviation, NotAsked, expect
from carwire.conformance.talk import Talk

throughout: Final = Group()
_EVERY: Final = "every answer"
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _expect_each(talk: Talk, check: Callable[[Answer], None], *, of: Callable[[Answer], bool]) -> None:
    """Look at all answers there are of a kind, and say of which one it does not hold."""
    looked_at = [each for each in talk.heard if of(each)]
    if not looked_at:
        raise NotAsked("there was none")
    for answer in looked_at:
        try:
            check(answer)
        except Deviation as error:
            path = _ID.sub("{id}", answer.target.partition("?")[0])
            raise Deviation(error.expected, f"{error.seen} of {answer.method} {path}") from None


def _of_api(answer: Answer) -> bool:
    """Tell whether an answer is for programs: not a page of Connect."""
    return answer.target.startswith(("/v", "//v", "/oauth2", "/oauth/token"))


@throughout.add("every-lower-case", _EVERY, "has names of headers in lower case", "Java: looks them up so in errors")
async def lower_case(talk: Talk) -> None:
    """On HTTP/1.1, where they come as they were written."""

    def check(answer: Answer) -> None:
        upper = [name for name, _ in answer.headers if name != name.lower()]
        expect(not upper, "names in lower case", ", ".join(upper))

    _expect_each(talk, check, of=_of_api)


@throughout.add("every-request-id", _EVERY, "has sc-request-id", "all SDKs: requestId of answers and errors")
async def request_id(talk: Talk) -> None:
    """Those of the token endpoint, too."""
    _expect_each(talk, Answer.expect_request_id, of=_of_api)


@throughout.add(
    "every-json", _EVERY, "is application/json", "Node, Python: an error in anything else is none of theirs"
)
async def is_json(talk: Talk) -> None:
    """Wherever there is a body."""
    _expect_each(talk, Answer.expect_json, of=lambda answer: _of_api(answer) and bool(answer.body))


@throughout.add("every-direct", _EVERY, "comes without a redirect", "Go, Java: a redirect loses method or token")
async def direct(talk: Talk) -> None:
    """Slashes and all."""

    def check(answer: Answer) -> None:
        expect(not 300 <= answer.status < 400 or answer.status == 304, "no redirect", answer)

    _expect_each(talk, check, of=_of_api)


@throughout.add("every-whole", _EVERY, "of v2.0 has a body, none is 204", "Python: reads it outside its error handling")
async def whole(talk: Talk) -> None:
    """An empty one is a JSON error there."""

    def check(answer: Answer) -> None:
        expect(answer.status != 204 and answer.body, "a body", answer)

    _expect_each(talk, check, of=lambda answer: _of_v2(answer) and answer.status < 300)


@throughout.add("every-error", _EVERY, "of v2.0 that is an error has its form", "Java: a crash without a member")
async def errors(talk: Talk) -> None:
    """Also of what cars do not have, and of batches as a whole."""
    _expect_each(talk, expect_error, of=lambda answer: _of_v2(answer) and answer.status >= 400)


@throughout.add("every-own-fault", _EVERY, "is no fault of the server: no 500", "all SDKs")
async def own_fault(talk: Talk) -> None:
    """501, 502 and the two records that are 500 are of cars."""

    def check(answer: Answer) -> None:
        known = answer.status in {501, 502} or "RECORD" in str(answer)
        expect(answer.status < 500 or known, "an answer that is no fault of the server", answer)

    _expect_each(talk, check, of=lambda answer: True)


@throughout.add(
    "every-wait", "429", "says in retry-after how many seconds", "Java: an int, no date; Node, Python: retryAfter"
)
async def wait(talk: Talk) -> None:
    """Whole seconds; asked only if a limit was met by itself."""

    def check(answer: Answer) -> None:
        found = answer.header("retry-after")
        expect(found is not None and found.isdigit(), "retry-after in whole seconds", found)

    _expect_each(talk, check, of=lambda answer: answer.status == 429)


def _of_v2(answer: Answer) -> bool:
    return answer.target.lstrip("/").startswith("v2.0/")


CHECKS: Final = tuple(throughout.checks)
