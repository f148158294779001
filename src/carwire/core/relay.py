"""Asking a source that lives in another process: the questions of `carwire.core.ports.Source` and their answers as
values with a spelling in JSON. Secrets are in plain text there: it goes between processes that hold the same keys.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from carwire.core.commands import Outcome
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.ports import Source
from carwire.core.signals.reading import Problem, Snapshot
from carwire.core.sources import Login, Question, SignedIn, SourceCar
from carwire.kit.secrets import Secret


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question; `subject` names it, the fields of the others are null. `now` is the asker's clock."""

    subject: Literal["clock", "sign_in", "answer", "cars", "read", "command"]
    now: datetime
    login: Login | None = None
    secret: Secret | None = None  # a session, or the state of a question
    reply: Secret | None = None
    vin: str = ""
    codes: tuple[str, ...] = ()
    name: str = ""
    arguments: dict[str, Any] = {}


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of it: the one that is not null. `time` is that of the cars and passes at `speed`; `refused` says why
    the question could not be asked at all.
    """

    time: datetime
    speed: float = 1.0
    signed_in: SignedIn | None = None
    question: Question | None = None
    problem: Problem | None = None
    cars: tuple[SourceCar, ...] | None = None
    snapshot: Snapshot | None = None
    outcome: Outcome | None = None
    refused: tuple[FieldProblem, ...] = ()


async def ask(source: Source, asked: Asked, speed: float) -> Told:
    """Put a question to a source of this process, whose cars' time passes at `speed`."""
    found: dict[str, Any]
    try:
        found = await _ask(source, asked)
    except InvalidInput as error:
        found = {"refused": error.fields}
    return Told(source.clock(asked.now), speed, **found)


async def _ask(source: Source, asked: Asked) -> dict[str, Any]:
    now, secret = asked.now, asked.secret or Secret("")
    match asked.subject:
        case "clock":
            return {}
        case "read":
            return {"snapshot": await source.read(secret, asked.vin, asked.codes, now=now)}
        case "command":
            return {"outcome": await source.command(secret, asked.vin, asked.name, asked.arguments, now=now)}
        case "cars":
            cars = await source.cars(secret, now=now)
            return {"problem": cars} if isinstance(cars, Problem) else {"cars": cars}
        case "answer":
            return _signing(await source.answer(secret, asked.reply, now=now))
        case "sign_in":
            return _signing(await source.sign_in(asked.login or Login("", Secret("")), now=now))


def _signing(found: SignedIn | Question | Problem) -> dict[str, Any]:
    names: Final = {SignedIn: "signed_in", Question: "question", Problem: "problem"}
    return {names[type(found)]: found}


def _spell(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError


def _read(kind: type, value: object) -> object:
    if kind is Secret:
        return Secret(str(value))
    if kind is object:  # the members of a signal's body are what they are
        return value
    raise NotImplementedError


encode: Final = msgspec.json.Encoder(enc_hook=_spell).encode
read_asked: Final = msgspec.json.Decoder(Asked, dec_hook=_read).decode
read_told: Final = msgspec.json.Decoder(Told, dec_hook=_read).decode
