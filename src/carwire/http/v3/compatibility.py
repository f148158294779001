"""Which model lines can be connected, and what with. Source: the wire contract, section 10."""

from __future__ import annotations

from typing import Final

import msgspec

from carwire.core.countries import Market
from carwire.http.call import Answer, Call
from carwire.http.query import decode_params
from carwire.http.v3.view import Memory, Views, Written, written
from carwire.services.compatibility import CompatibilityService, MatrixLine
from carwire.wire.v3.compatibility import CompatibleResource, compatible_body, compatible_resource, read_compatible

_MOST: Final = 16  # bodies kept, of half a megabyte each
_A_DAY: Final = (b"cache-control", b"public, max-age=86400")


class CompatibilityHandlers:
    """Handles the one path. The lines are those of v2.0's matrix."""

    def __init__(self, service: CompatibilityService, views: Views) -> None:
        self._service = service
        self._views = views
        self._written = Memory(_MOST)

    async def compatible(self, call: Call) -> Answer:
        """Needs no credentials; may be kept for a day."""
        view = self._views.of(call)
        asked = read_compatible(decode_params(call.query), view)
        makes = None if asked.make is None else (asked.make,)
        found = [self._service.matrix(region, powertrain=asked.powertrain, makes=makes) for region in asked.regions]

        def write() -> Written:
            lines = [
                (make, region, line)
                for region, markets in zip(asked.regions, found, strict=True)
                for make, models in markets.items()
                for line in models
            ]
            page = [_resource(*each) for each in lines[asked.page.offset : asked.page.offset + asked.page.size]]
            return written(compatible_body(page, asked, len(lines), view))

        answer = self._written.answer(call, found[0], (asked, view), write)
        headers = tuple(_A_DAY if name == b"cache-control" else (name, value) for name, value in answer.headers)
        return msgspec.structs.replace(answer, headers=headers)


def _resource(make: str, region: Market, line: MatrixLine) -> CompatibleResource:
    return compatible_resource(
        make,
        region,
        line.model,
        powertrain=line.powertrain,
        start_year=line.start_year,
        end_year=line.end_year,
        permissions=line.permissions,
    )
