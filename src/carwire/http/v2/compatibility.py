"""``GET /v2.0/compatibility`` and ``GET /v2.0/compatibility/matrix``."""

from __future__ import annotations

import functools
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from carwire.core.compatibility.simulated import LEVELS
from carwire.core.countries import Market, parse_country
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.permissions import parse_scope
from carwire.http.call import Answer, Call, json_answer
from carwire.http.query import decode_query
from carwire.services.compatibility import CompatibilityService
from carwire.wire.v2.compatibility import MatrixEntry, compatibility_body, matrix_entry

Mode = Literal["live", "test", "simulated"]
_LEVEL_MESSAGE: Final = f"Field must be one of: [{','.join(LEVELS)}]"

Scope = Annotated[
    str,
    Meta(max_length=2000, description="Permissions, separated by spaces. The prefix `required:` is taken off."),
]
Flags = Annotated[
    str, Meta(max_length=1000, description="`key:value` pairs separated by spaces. Unknown flags are ignored.")
]
Country = Annotated[
    str,
    Meta(
        description="ISO 3166-1 alpha-2 code of the country of the car.",
        extra_json_schema={"pattern": "^[A-Za-z]{2}$"},
    ),
]


class CompatibilityQuery(msgspec.Struct, frozen=True, gc=False):
    """The parameters of ``GET /compatibility``."""

    vin: Annotated[
        str,
        Meta(
            description="The VIN, 17 characters; any 17 do in test mode.",
            extra_json_schema={"minLength": 17, "maxLength": 17},
        ),
    ]
    scope: Scope
    country: Country = "US"
    flags: Flags | None = None
    mode: (
        Annotated[Mode, Meta(description="`test` and `simulated` answer by test_mode_compatibility_level.")] | None
    ) = None
    test_mode_compatibility_level: (
        Annotated[
            str,
            Meta(
                description="How the car of test mode behaves; implies `mode=test`.",
                extra_json_schema={"enum": list(LEVELS)},
            ),
        ]
        | None
    ) = None
    us_only: (
        Annotated[bool, Meta(description="Our own: capabilities for the United States only, as the original answers.")]
        | None
    ) = None


class MatrixQuery(msgspec.Struct, frozen=True):
    """The parameters of ``GET /compatibility/matrix``."""

    region: Annotated[Market, Meta(description="The market.")]
    type: Annotated[Literal["ICE", "BEV", "PHEV", "HEV", "FCEV"], Meta(description="Only this engine type.")] | None = (
        None
    )
    make: Annotated[str, Meta(max_length=1000, description="Only these makes, separated by spaces.")] | None = None
    scope: Annotated[str, Meta(max_length=2000, description="Only lines with all of these permissions.")] | None = None
    mode: Annotated[Mode, Meta(description="Accepted; the matrix is the same in every mode.")] | None = None
    flags: Flags | None = None


class CompatibilityHandlers:
    """Handlers over one service. They raise what `carwire.core.errors` has and nothing else."""

    def __init__(self, service: CompatibilityService) -> None:
        self._service = service
        self._scope = functools.lru_cache(maxsize=1024)(parse_scope)
        self._country = functools.lru_cache(maxsize=256)(parse_country)

    async def compatibility(self, call: Call) -> Answer:
        """Answer whether one car can be connected, and each permission and endpoint asked for."""
        query = decode_query(call.query, CompatibilityQuery)
        level = _level(query)
        checked = self._service.check(
            query.vin, self._scope(query.scope), self._country(query.country), level=level, us_only=query.us_only
        )
        return json_answer(compatibility_body(checked.verdict))

    async def matrix(self, call: Call) -> Answer:
        """Answer which model lines connect in a market."""
        query = decode_query(call.query, MatrixQuery)
        lines = self._service.matrix(
            query.region,
            powertrain=query.type,
            makes=None if query.make is None else self._service.makes_in(query.make),
            permissions=() if query.scope is None else self._scope(query.scope),
        )
        body: dict[str, list[MatrixEntry]] = {
            make: [matrix_entry(m.model, m.start_year, m.end_year, m.powertrain, m.permissions) for m in models]
            for make, models in lines.items()
        }
        return json_answer(body)


def _level(query: CompatibilityQuery) -> str | None:
    """The level of test mode that is asked for. A level implies test mode; test mode without one is an error."""
    level = query.test_mode_compatibility_level
    if level is None and query.mode in (None, "live"):
        return None
    if level not in LEVELS or query.mode == "live":
        raise InvalidInput(
            FieldProblem("mode", "A test_mode_compatibility_level needs mode=test")
            if level in LEVELS
            else FieldProblem("test_mode_compatibility_level", _LEVEL_MESSAGE)
        )
    return level
