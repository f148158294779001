"""What an owner has chosen so far on the grant page, kept between its pages: an account may hold a thousand cars."""

from __future__ import annotations

from typing import Final

import msgspec

from carwire.core.sources import SourceCar
from carwire.services.connect.garage import grantable, title_of
from carwire.services.connect.record import Record, Vault
from carwire.services.connect.replies import Form

PER_PAGE: Final = 50
_MAX_SEARCH: Final = 60


class Shown(msgspec.Struct, frozen=True):
    """The cars on one page, by their place among the account's, and which page of how many it is."""

    places: tuple[int, ...]
    page: int
    pages: int


def shown(record: Record, cars: tuple[SourceCar, ...], usable: tuple[int, ...]) -> Shown:
    """Return the page of cars the owner is at."""
    found = [n for n in usable if _sought(cars[n], record.grant_search)]
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(max(1, record.grant_page), pages)
    return Shown(tuple(found[(page - 1) * PER_PAGE : page * PER_PAGE]), page, pages)


def remember(record: Record, vault: Vault, usable: tuple[int, ...], form: Form) -> Record:
    """Return the record with what a form of the grant page ticks; cars on other pages stay as they were."""
    ticked = {n for n in usable if str(n) in form.all("vehicle")}
    left_out = set(record.left_out)
    if not record.request.single:
        here = set(shown(record, vault.source_cars(), usable).places)
        left_out = (left_out - ticked) | (here - ticked)
    elif ticked:
        left_out = set(usable) - ticked
    names = {*form.all("permission"), *record.request.required}
    unticked = tuple(name for name in grantable(record.request, vault.lacking) if name not in names)
    return msgspec.structs.replace(record, left_out=tuple(sorted(left_out)), unticked=unticked)


def turn(record: Record, form: Form) -> Record:
    """Return the record at another page, or at the first one of what is searched for."""
    wanted = form.one("page")
    if wanted.isascii() and wanted.isdigit():
        return msgspec.structs.replace(record, grant_page=int(wanted[:4]))
    search = " ".join(form.one("search").split())[:_MAX_SEARCH]
    return msgspec.structs.replace(record, grant_search=search, grant_page=1)


def _sought(car: SourceCar, search: str) -> bool:
    words = search.casefold().split()
    text = f"{title_of(car)} {car.vin[-6:]}".casefold()
    return all(word in text for word in words)
