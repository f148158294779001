"""Signing in to a simulated brand: the questions in between, and what the source keeps of an owner.

What goes with a question, and the session a sign-in ends in, are the login's name and make: that is enough to find the
same cars again, also in a world that has forgotten them.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from carwire.connectors.simulator.logins import ALLOW, CAPTCHA, CODE, PIN, Account, Step, sign_in
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.permissions import CONTROL
from carwire.core.sources import Question
from carwire.kit.secrets import Secret

MISSING: Final = ("read_location",)  # what the owner of `missing-permission@` did not allow
_PICTURE: Final = f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="180" height="60" role="img"><rect width="180" height="60" fill="#eef"/>\
<path d="M0 40 Q45 5 90 32 T180 22" stroke="#99a" fill="none"/><text x="90" y="40" font-family="monospace" \
font-size="30" letter-spacing="3" text-anchor="middle" fill="#223" transform="rotate(-3 90 30)">{CAPTCHA}</text>\
</svg>"""


class Session(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who signed in, and what they kept back: permissions that no call gets past."""

    username: str
    make: str | None
    lacking: tuple[str, ...] = ()

    @property
    def account(self) -> Account:
        """What the login leads to."""
        return sign_in(self.username, self.make)

    def sealed(self) -> Secret:
        """Return it as text to be kept, or to come back with an answer."""
        return Secret(msgspec.json.encode(self).decode())


class Asks(msgspec.Struct, frozen=True):
    """What a step asks. `wants` is the right answer; `skipped` what the owner lacks who skips it, null for may not."""

    kind: Literal["code", "pin", "captcha", "permissions"]
    wants: str
    skipped: tuple[str, ...] | None = None


ASKS: Final[Mapping[Step, Asks]] = {
    "code": Asks("code", CODE),
    "pin": Asks("pin", PIN, CONTROL),
    "captcha": Asks("captcha", CAPTCHA),
    "missing_permission": Asks("permissions", ALLOW, MISSING),
}


def session_of(secret: Secret) -> Session | None:
    """Read what `Session.sealed` wrote; null for anything else."""
    try:
        return msgspec.json.decode(secret.reveal(), type=Session)
    except ValueError:  # msgspec's errors are
        return None


def question(session: Session, *, wrong: bool = False) -> Question | None:
    """Return what the account asks at its sign-in, if anything."""
    asks = ASKS.get(session.account.step)
    if asks is None:
        return None
    picture = "data:image/svg+xml;base64," + base64.b64encode(_PICTURE.encode()).decode()
    return Question(
        asks.kind,
        session.sealed(),
        picture if asks.kind == "captcha" else None,
        (asks.skipped or ()) if asks.kind == "permissions" else (),
        wrong,
    )


def answered(state: Secret, answer: Secret | None) -> Session | Question:
    """Return the session an answer leads to, or the question again. Raises `InvalidInput` for a state not of ours."""
    session = session_of(state)
    asks = ASKS.get(session.account.step) if session else None
    if session is None or asks is None:
        raise InvalidInput(FieldProblem("state", "is not one of ours"))
    if answer is None and asks.skipped is not None:
        return msgspec.structs.replace(session, lacking=asks.skipped)
    if answer is not None and answer.reveal().strip().upper() == asks.wants.upper():
        return session
    again = question(session, wrong=True)
    assert again is not None
    return again
