"""``/api/vehicles/…``: NHTSA's methods that decode, in JSON. Anybody may call, as there.

Names of methods and parameters are taken in any case. NHTSA answers XML where no format is asked for; here it is JSON,
and another format is refused.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.vin.structure import MAX_INPUT
from carwire.http.call import NHTSA, NHTSA_PATH, Answer, Call, Route, json_answer
from carwire.http.query import convert, decode_params
from carwire.services.elements import ElementService
from carwire.wire.nhtsa import answers as wire

MOST: Final = 50  # VINs of a batch, as there
_YEAR: Final = 4  # digits
_VIN: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_INPUT,
    "pattern": "^[^/]*$",
    "description": "A VIN or its beginning; `*` stands for an unknown character.",
}
_WMI: Final = {
    "type": "string",
    "pattern": "^[0-9A-Za-z]{3}([0-9A-Za-z]{3})?$",
    "description": "A manufacturer identifier: three characters, six for a small maker.",
}
Format = Annotated[Literal["json"], Meta(description="Nothing but JSON is answered.")]
Year = Annotated[int, Meta(ge=0, le=9999, description="A model year somebody claims.")]
_ENTRY: Final = " *[0-9A-Za-z*]{1,17} *(, *([0-9]{4})? *)?"
_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "data": {
            "type": "string",
            "pattern": f"^{_ENTRY}(;{_ENTRY}){{0,49}};? *$",
            "examples": ["5UXWX7C5*BA,2011; 5YJ3E1EA5PF000001"],
            "description": f"Up to {MOST} VINs, each with a claimed model year or none: `vin,year;vin;…`.",
        },
        "format": {"type": "string", "enum": ["json"]},
    },
    "required": ["data"],
}


class OneQuery(msgspec.Struct, frozen=True):
    """What may be asked beside a VIN."""

    format: Format | None = None
    modelyear: Year | None = None


class WmiQuery(msgspec.Struct, frozen=True):
    """What may be asked beside a manufacturer identifier."""

    format: Format | None = None


class BatchForm(msgspec.Struct, frozen=True):
    """The form of a batch."""

    data: str
    format: Format | None = None


class NhtsaHandlers:
    """Handlers over one service."""

    def __init__(self, service: ElementService) -> None:
        self._service = service

    async def rows(self, call: Call) -> Answer:
        """Decode into rows, a variable each."""
        reading = self._service.read(call.parameters["vin"], _asked(call.query, OneQuery).modelyear)
        return json_answer(wire.rows(reading, self._service.elements))

    async def flat(self, call: Call) -> Answer:
        """Decode into one flat object. The private fields of the extended form stay empty: nobody publishes them."""
        reading = self._service.read(call.parameters["vin"], _asked(call.query, OneQuery).modelyear)
        return json_answer(wire.flat([reading], self._service.elements, f"VIN:{reading.vin}"))

    async def batch(self, call: Call) -> Answer:
        """Decode up to 50 VINs into flat objects, in the order sent."""
        asked = _read_list(_asked(call.body, BatchForm).data)
        return await asyncio.to_thread(self._batch, asked)

    async def wmi(self, call: Call) -> Answer:
        """Say whose a manufacturer identifier is."""
        _asked(call.query, WmiQuery)
        wmi = call.parameters["wmi"].strip().upper()
        return json_answer(wire.wmis(wmi, self._service.read_wmi(wmi)))

    def _batch(self, asked: list[tuple[str, int | None]]) -> Answer:
        return json_answer(wire.flat(list(self._service.read_many(asked)), self._service.elements, None))


def _asked(query: bytes, kind: type[Any]) -> Any:
    """Read a query or a form, names and format in any case."""
    given = decode_params(query)
    values = {name.lower(): text.strip() for name, text in given.items()}
    if len(values) < len(given):
        raise InvalidInput(FieldProblem("query", "A parameter is given twice"))
    if "format" in values:
        values["format"] = values["format"].lower()
    if not values.get("data", "-"):
        del values["data"]
    known = {name: text for name, text in values.items() if name in kind.__struct_fields__}
    return convert(known, kind, lax=True)


def _read_list(data: str) -> list[tuple[str, int | None]]:
    """Read ``vin,year;vin;…``. Raises `InvalidInput` for none, for more than 50, and for a year that is none."""
    asked: list[tuple[str, int | None]] = []
    for entry in filter(None, (part.strip() for part in data.split(";"))):
        vin, _, year = (part.strip() for part in entry.partition(","))
        if year and not (year.isascii() and year.isdecimal() and len(year) <= _YEAR):
            raise InvalidInput(FieldProblem("data", f"{year[:20]!a} is no model year"))
        asked.append((vin, int(year) if year else None))
    if not 0 < len(asked) <= MOST:
        raise InvalidInput(FieldProblem("data", f"has {len(asked)} VINs, not 1 to {MOST}"))
    return asked


def routes(handlers: NhtsaHandlers) -> tuple[Route, ...]:
    """The rows of the route table."""

    def one(method: str, name: str, summary: str, *, flat: bool) -> Route:
        return Route(
            *("GET", f"{NHTSA_PATH}{method}/{{vin}}", handlers.flat if flat else handlers.rows, name),
            summary=summary,
            answers=wire.Flat if flat else wire.Rows,
            door=None,
            query=OneQuery,
            parameters={"vin": _VIN},
            tag=NHTSA,
        )

    return (
        one("DecodeVinValues", "nhtsa_values", "What does vPIC say of this VIN? One flat object.", flat=True),
        one("DecodeVinValuesExtended", "nhtsa_values_extended", "The same; its private fields are empty.", flat=True),
        one("DecodeVin", "nhtsa_rows", "What does vPIC say of this VIN? A row for each variable.", flat=False),
        one("DecodeVinExtended", "nhtsa_rows_extended", "The same; there are no private variables.", flat=False),
        Route(
            *("POST", f"{NHTSA_PATH}DecodeVINValuesBatch", handlers.batch, "nhtsa_batch"),
            summary=f"What does vPIC say of these VINs? Up to {MOST}.",
            answers=wire.Flat,
            door=None,
            tag=NHTSA,
            form=True,
            schema=_FORM,
        ),
        Route(
            *("GET", f"{NHTSA_PATH}DecodeWMI/{{wmi}}", handlers.wmi, "nhtsa_wmi"),
            summary="Whose manufacturer identifier is this?",
            answers=wire.Wmis,
            door=None,
            query=WmiQuery,
            parameters={"wmi": _WMI},
            tag=NHTSA,
        ),
    )
