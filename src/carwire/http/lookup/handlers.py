"""Handlers of the lookup API: each reads its subject and spells its answer, `Gate` does what all have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from carwire.core.lookup.asking import (
    TEST_PLATES,
    TEST_VEHICLE,
    TEST_VINS,
    read_count,
    read_plate,
    read_state,
    read_vin,
)
from carwire.core.lookup.refusal import LookupRefused
from carwire.http.lookup.calls import Asking, Calling, Gate
from carwire.services.lookup.finding import LookupService
from carwire.wire.lookup import bodies

_ALIASES: Final = {"body": "body_type", "body_style": "body_type"}
_TRAITS: Final = (
    *("year", "make", "model", "badge", "series", "transmission", "body_type", "fuel", "drive", "engine", "wheelbase"),
)
_NEEDED: Final = ("year", "make", "model")
_NARROWING: Final = ("badge", "series", "transmission", "body_type", "fuel", "drive", "engine", "wheelbase")
FACETS: Final = (*_TRAITS, *_ALIASES)
LONGEST_FILTER: Final = 200  # characters
LONGEST_ID: Final = 40


class LookupHandlers:
    """Handlers over one service."""

    def __init__(self, service: LookupService, gate: Gate) -> None:
        self._service = service
        handler = gate.handler
        self.vin = handler(
            Calling(
                "vin",
                "Choose the catalogue vehicle of a VIN, or none, and say how far that may be relied on.",
                _vin,
                self._vin,
                TEST_VINS.__contains__,
            )
        )
        self.plate = handler(
            Calling(
                "registration",
                "Choose the catalogue vehicle of the car that carries a plate, by the registers that were imported.",
                _plate,
                self._plate,
                TEST_PLATES.__contains__,
            )
        )
        self.vehicle = handler(
            Calling("vehicle", "Give a vehicle of the catalogue by its id.", _vehicle_id, self._vehicle, _free_vehicle)
        )
        self.options = handler(
            Calling(
                "options",
                "List what a vehicle could be ordered with, not what is fitted.",
                _vehicle_id,
                self._options,
                _free_vehicle,
            )
        )
        self.specs = handler(
            Calling(
                "vehicle",
                "List what is known of a vehicle of the catalogue, one by one.",
                _vehicle_id,
                self._specs,
                _free_vehicle,
            )
        )
        self.fitted = handler(
            Calling(
                "build_data",
                "Say what a car is fitted with. No build sheets are open: the list is empty.",
                _fitted,
                self._fitted,
            )
        )
        self.search = handler(Calling("search", "Find vehicles of the catalogue by words.", _text, self._search))
        self.facets = handler(
            Calling("facets", "Count vehicles of the catalogue by the values of a trait.", _facets, self._facets)
        )
        self.narrow = handler(
            Calling(
                "facets",
                "Give the vehicles that have these values, and the traits in which they differ.",
                _narrowing,
                self._narrow,
            )
        )
        self.build_data = handler(
            Calling(
                "build_data",
                "Say how a car was built. No build sheets are open: the list is empty.",
                _vin,
                self._build_data,
                TEST_VINS.__contains__,
            )
        )

    async def _vin(self, asking: Asking, vin: str) -> object:
        asking.subject = vin
        found = await self._service.by_vin(vin, asking.question, public=asking.public)
        asking.outcome = found.outcome
        return bodies.lookup_body(found, asking.question.features)

    async def _plate(self, asking: Asking, plate: str) -> object:
        region = asking.question.region
        plate = plate if plate in TEST_PLATES else read_plate(plate, region)
        state = None if plate in TEST_PLATES else read_state(asking.values.get("state"), region)
        asking.subject = f"{state or ''} {plate}"
        found = await self._service.by_plate(plate, state, asking.question, public=asking.public)
        asking.outcome = found.outcome
        return bodies.lookup_body(found, asking.question.features)

    async def _vehicle(self, asking: Asking, vehicle_id: str) -> object:
        vehicle = await self._service.vehicle(asking.question.region, vehicle_id)
        return bodies.OneBody(True, bodies.vehicle_body(vehicle))

    async def _options(self, asking: Asking, vehicle_id: str) -> object:
        vehicle = await self._service.vehicle(asking.question.region, vehicle_id)
        return bodies.OptionsBody(True, [bodies.option_body(option) for option in vehicle.options])

    async def _specs(self, asking: Asking, vehicle_id: str) -> object:
        return bodies.specs_body(await self._service.vehicle(asking.question.region, vehicle_id))

    async def _fitted(self, asking: Asking, given: tuple[str, str]) -> object:
        _, asking.subject = given
        await self._service.check_region(asking.question.region)
        return bodies.FittedBody(True, [])

    async def _search(self, asking: Asking, text: str) -> object:
        count = read_count(asking.values, "count", 10, 100)
        vehicles, total = await self._service.search(asking.question.region, text, count)
        return bodies.search_body(vehicles, total)

    async def _facets(self, asking: Asking, asked: tuple[tuple[str, ...], Mapping[str, str]]) -> object:
        names, filters = asked
        limit = read_count(asking.values, "limit", 100, 100)
        traits = tuple(dict.fromkeys(_ALIASES.get(name, name) for name in names))
        found = await self._service.facets(asking.question.region, traits, filters, limit)
        return bodies.facets_body({name: found[_ALIASES.get(name, name)] for name in names})

    async def _narrow(self, asking: Asking, filters: Mapping[str, str]) -> object:
        limit = read_count(asking.values, "limit", 100, 100)
        region = asking.question.region
        vehicles = await self._service.narrow(region, filters)
        further = await self._service.facets(region, [n for n in _NARROWING if n not in filters], filters, 100)
        shown = [bodies.vehicle_body(vehicle) for vehicle in vehicles[:limit]]
        facets = {name: found for name, found in further.items() if len(found) > 1}
        return bodies.NarrowBody(True, len(vehicles), shown, bodies.facet_values(facets))

    async def _build_data(self, asking: Asking, vin: str) -> object:
        asking.subject = vin
        await self._service.check_region(asking.question.region)
        return bodies.BuildBody(True, [], None)


def _free_vehicle(vehicle_id: str) -> bool:
    return vehicle_id == TEST_VEHICLE


def _vin(asking: Asking) -> str:
    return read_vin(asking.call.parameters["vin"], asking.region)


def _plate(asking: Asking) -> str:
    """The plate as sent: its letters depend on the region, which is judged first."""
    region = asking.region
    text = asking.call.parameters["plate_number"]
    return read_plate(text, region) if region else text


def _vehicle_id(asking: Asking) -> str:
    vehicle_id = asking.call.parameters["id"]
    if len(vehicle_id) > LONGEST_ID:
        raise LookupRefused("not_found", "There is no vehicle with this id in this region")
    return vehicle_id


def _fitted(asking: Asking) -> tuple[str, str]:
    """The id and the VIN: both are needed."""
    missing = [name for name in ("id", "vin") if name not in asking.values]
    if missing:
        raise LookupRefused("invalid_parameter", f"{' and '.join(missing)} must be given")
    if len(asking.values["id"]) > LONGEST_ID:
        raise LookupRefused("invalid_parameter", f"id has at most {LONGEST_ID} characters")
    return asking.values["id"], read_vin(asking.values["vin"], asking.region)


def _text(asking: Asking) -> str:
    text = asking.values.get("search", "").strip()
    if not text or len(text) > LONGEST_FILTER:
        raise LookupRefused("invalid_parameter", f"search is a text of 1 to {LONGEST_FILTER} characters")
    return text


def _facets(asking: Asking) -> tuple[tuple[str, ...], Mapping[str, str]]:
    given = ",".join(filter(None, (asking.values.get("facet"), asking.values.get("facets"))))
    names = tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    unknown = [name for name in names if _ALIASES.get(name, name) not in _TRAITS]
    if not names or unknown:
        what = f"there is no facet {unknown[0][:40]!a}" if unknown else "facet is required"
        raise LookupRefused("invalid_parameter", what, hint=f"one or more of {', '.join(FACETS)}")
    return names, _filters(asking.values)


def _narrowing(asking: Asking) -> Mapping[str, str]:
    filters = _filters(asking.values)
    missing = [name for name in _NEEDED if name not in filters]
    if missing:
        raise LookupRefused("invalid_parameter", f"{', '.join(missing)} must be given")
    return filters


def _filters(values: Mapping[str, str]) -> dict[str, str]:
    filters = {_ALIASES.get(name, name): text for name, text in values.items() if _ALIASES.get(name, name) in _TRAITS}
    year = filters.get("year")
    if year is not None and not (year.isascii() and year.isdigit() and len(year) == 4):
        raise LookupRefused("invalid_parameter", "year has four digits")
    if any(len(text) > LONGEST_FILTER or "\0" in text for text in filters.values()):
        raise LookupRefused("invalid_parameter", f"a filter has at most {LONGEST_FILTER} characters")
    return filters
