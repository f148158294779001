"""``GET /v1/vins/{vin}`` and ``POST /v1/vins``."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.vin.decode import Vin
from carwire.core.vin.structure import MAX_INPUT
from carwire.http.call import Answer, Call, json_answer
from carwire.http.query import decode_body
from carwire.services.vin import VinService

MOST: Final = 1000


class VinList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1,000 texts to read as VINs."""

    vins: Annotated[list[Annotated[str, Meta(max_length=MAX_INPUT)]], Meta(min_length=1, max_length=MOST)]


class VinResult(msgspec.Struct, frozen=True):
    """One text and what it says; `problem` is set exactly when it cannot be a VIN, and `answer` then is null."""

    input: str
    answer: Vin | None
    problem: FieldProblem | None


class VinResults(msgspec.Struct, frozen=True):
    """One result for each text, in the order sent."""

    results: list[VinResult]


class VinHandlers:
    """Handlers over one service."""

    def __init__(self, service: VinService) -> None:
        self._service = service
        self._decoder = msgspec.json.Decoder(VinList)

    async def one(self, call: Call) -> Answer:
        """Say everything one VIN, whole or partial, says."""
        return json_answer(self._service.read(call.parameters["vin"]))

    async def many(self, call: Call) -> Answer:
        """Say it for up to 1,000."""
        return await asyncio.to_thread(self._many, call.body)

    def _many(self, body: bytes) -> Answer:
        texts = decode_body(body, self._decoder).vins
        return json_answer(
            VinResults([_result(t, a) for t, a in zip(texts, self._service.read_many(texts), strict=True)])
        )


def _result(text: str, answer: Vin | InvalidInput) -> VinResult:
    if isinstance(answer, InvalidInput):
        return VinResult(text, None, answer.fields[0])
    return VinResult(text, answer, None)
