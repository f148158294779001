"""``GET /v1/compatibility/{vin}``, every verdict with its ground, and ``POST /v1/compatibility`` for many VINs."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from carwire.core.countries import parse_country
from carwire.core.permissions import CONTROL, READ, parse_scope
from carwire.core.vin import structure
from carwire.http.call import Answer, Call, json_answer
from carwire.http.query import decode_body, decode_query
from carwire.services.compatibility import CompatibilityService, Summary, summarise

MOST: Final = 1000
_Country = Annotated[
    str,
    Meta(
        description="ISO 3166-1 alpha-2 code of the country of the car.",
        extra_json_schema={"pattern": "^[A-Za-z]{2}$"},
    ),
]
_Scope = Annotated[str, Meta(max_length=2000, description="Permissions, separated by spaces. Left out: all of them.")]


class ExplainQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of the explanation."""

    scope: _Scope | None = None
    country: _Country = "US"


class CompatibilityList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to 1,000 VINs, one list of permissions and one country for all."""

    vins: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(min_length=1, max_length=MOST)]
    scope: _Scope | None = None
    country: _Country = "US"


class CompatibilityResults(msgspec.Struct, frozen=True):
    """One result for each VIN, in the order sent."""

    results: list[Summary]


class CompatibilityHandlers:
    """Handlers over one service."""

    def __init__(self, service: CompatibilityService) -> None:
        self._service = service
        self._decoder = msgspec.json.Decoder(CompatibilityList)

    async def explain(self, call: Call) -> Answer:
        """Judge one VIN and say what every verdict rests on."""
        query = decode_query(call.query, ExplainQuery)
        checked = self._service.check(
            structure.normalise(call.parameters["vin"]), _permissions(query.scope), parse_country(query.country)
        )
        return json_answer(self._service.explain(checked))

    async def many(self, call: Call) -> Answer:
        """Answer for up to 1,000 VINs."""
        return await asyncio.to_thread(self._many, call.body)

    def _many(self, body: bytes) -> Answer:
        asked = decode_body(body, self._decoder)
        answers = self._service.check_many(
            [structure.tidy(vin) for vin in asked.vins], _permissions(asked.scope), parse_country(asked.country)
        )
        return json_answer(CompatibilityResults([summarise(v, a) for v, a in zip(asked.vins, answers, strict=True)]))


def _permissions(scope: str | None) -> tuple[str, ...]:
    return (*READ, *CONTROL) if scope is None else parse_scope(scope)
