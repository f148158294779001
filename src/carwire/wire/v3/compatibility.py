"""Compatibility as v3 writes it: one entry per model line, with the signals and commands its permissions open.

Source: the wire contract, section 10. Codes of commands follow the naming of signals there and are not the types of
section 8; of those two are documented, the others follow the rule. What `capability` holds is not known: it is the
name in words here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Sequence
from typing import Final, Literal

import msgspec

from carwire.core.countries import MARKETS, Market
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.signals.catalogue import signals
from carwire.core.vin.powertrain import Powertrain
from carwire.wire.v3 import paging
from carwire.wire.v3.asking import Params, check_filters, given_filters, text_of
from carwire.wire.v3.envelope import ListLinks, PreviewListed, ShortListMeta, View, list_links, preview_list_links
from carwire.wire.v3.paging import Page

PATH: Final = "/compatible-vehicles"
REGION: Final = "filter[region]"
MAKE: Final = "filter[make]"
POWERTRAIN: Final = "filter[powertrainType]"
_FILTERS: Final = (REGION, MAKE, POWERTRAIN)
_POWERTRAINS: Final[tuple[Powertrain, ...]] = ("ICE", "BEV", "PHEV", "HEV", "FCEV")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Permission → group and name of the commands it opens; a code is made of them as a signal's is.
_COMMANDS: Final = {
    "control_charge": (
        ("Charge", "Start"),
        ("Charge", "Stop"),
        ("Charge", "SetLimit"),
        ("Charge", "OpenPort"),
        ("Charge", "ClosePort"),
    ),
    "control_security": (("Closure", "Lock"), ("Closure", "Unlock")),
    "control_navigation": (("Navigation", "SetDestination"),),
}


class CompatibleAsked(msgspec.Struct, frozen=True):
    """Which model lines, on which page. Empty `regions` do not occur; a null make or powertrain is any."""

    regions: tuple[Market, ...]
    make: str | None
    powertrain: Powertrain | None
    page: Page
    filters: tuple[tuple[str, str], ...]


class Capability(msgspec.Struct, frozen=True, gc=False):
    """One signal or command, and the permission that opens it."""

    type: Literal["signal", "command"]
    name: str
    group: str
    code: str
    capability: str
    permission: str


class Years(msgspec.Struct, frozen=True, gc=False):
    """Model years, both included."""

    start: int
    end: int


class CompatibleAttributes(msgspec.Struct, frozen=True, rename="camel"):
    """A model line."""

    make: str
    model: str
    region: Market
    powertrain_type: Powertrain
    years: Years
    capabilities: tuple[Capability, ...]


class CompatibleResource(msgspec.Struct, frozen=True, kw_only=True):
    """A model line as a resource."""

    id: str
    type: Literal["vehicle-model-capability"] = "vehicle-model-capability"
    attributes: CompatibleAttributes


class CompatibleBody(msgspec.Struct, frozen=True):
    """A page of model lines: its meta has the short names in either generation."""

    data: Sequence[CompatibleResource]
    meta: ShortListMeta
    links: ListLinks


def read_compatible(params: Params, view: View) -> CompatibleAsked:
    """Read the query of ``GET /compatible-vehicles``. Words may be in any case."""
    check_filters(params, _FILTERS)
    region, powertrain = params.get(REGION), params.get(POWERTRAIN)
    regions = MARKETS if region is None else tuple(each for each in MARKETS if each == region.upper())
    if not regions:
        raise InvalidInput(FieldProblem(REGION, f"must be one of {', '.join(MARKETS)}"))
    kind = next((each for each in _POWERTRAINS if powertrain and each == powertrain.upper()), None)
    if powertrain is not None and kind is None:
        raise InvalidInput(FieldProblem(POWERTRAIN, f"must be one of {', '.join(_POWERTRAINS)}"))
    make = text_of(params, MAKE)
    values = (regions[0] if region else None, make, kind)
    filters = given_filters(_FILTERS, values)
    page = paging.read_page(params, paging.COMPATIBLE, short=view.preview)
    return CompatibleAsked(regions, make, kind, page, filters)


def compatible_resource(
    make: str,
    region: Market,
    model: str,
    *,
    powertrain: Powertrain,
    start_year: int,
    end_year: int,
    permissions: Collection[str],
) -> CompatibleResource:
    """Write one model line. Years are inclusive, the make is in upper case."""
    return CompatibleResource(
        id=f"{make}-{model}-{start_year}-{end_year}-{powertrain}-{region}",
        attributes=CompatibleAttributes(
            make,
            model,
            region,
            powertrain,
            Years(start_year, end_year),
            capabilities_of(powertrain, frozenset(permissions)),
        ),
    )


def compatible_body(
    resources: Sequence[CompatibleResource], asked: CompatibleAsked, total: int, view: View
) -> CompatibleBody | PreviewListed[CompatibleResource]:
    """Answer ``GET /compatible-vehicles``. `resources` are those of the page, out of `total`."""
    page, meta = asked.page, ShortListMeta(asked.page.number, asked.page.size, total)
    if view.preview:
        return PreviewListed(resources, meta, preview_list_links(view, PATH, page, total, asked.filters))
    return CompatibleBody(resources, meta, list_links(view, PATH, page, total, asked.filters))


@functools.lru_cache(maxsize=4096)
def capabilities_of(powertrain: Powertrain, permissions: frozenset[str]) -> tuple[Capability, ...]:
    """Return the published signals, then the commands, that permissions open on a car of a powertrain.

    >>> [each.code for each in capabilities_of("BEV", frozenset({"read_odometer", "control_security"}))]
    ['odometer-traveleddistance', 'closure-lock', 'closure-unlock']
    """
    reads = tuple(
        Capability("signal", row.name, row.group, row.code, _in_words(row.name), row.permission)
        for row in signals().values()
        if row.permission in permissions and row.kind in {"signal", "attribute"} and row.suits(powertrain)
    )
    commands = tuple(
        Capability("command", name, group, f"{group}-{name}".lower(), _in_words(name), permission)
        for permission, rows in _COMMANDS.items()
        if permission in permissions
        for group, name in rows
    )
    return (*reads, *commands)


def _in_words(name: str) -> str:
    return _HUMP.sub(" ", name)
