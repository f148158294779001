"""Imports of one's own catalogue: vehicles with what they can be ordered with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.lookup.ports import LookupStore
from carwire.core.lookup.registers import Release
from carwire.core.lookup.traits import TRAITS, Option, Traits, Vehicle, id_of
from carwire.kit.clock import Clock
from carwire.services.lookup.importing import Refusal, Report, unchanged

_NUMBERS: Final = frozenset(
    {"year", "release_month", "release_year", "num_doors", "num_seats", "num_gears", "num_cylinders", "capacity_cc"}
    | {"power_kw", "torque_nm"}
)
_NEEDED: Final = ("year", "make", "model")
COLUMNS: Final = ("id", *TRAITS, "options")
_CHUNK: Final = 1000
_LONGEST_ID: Final = 40
_options: Final = msgspec.json.Decoder(list[Option])


class CatalogueService:
    """Imports catalogues in Carwire's own form: one row a vehicle, columns called as the traits are."""

    def __init__(self, store: LookupStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(
        self,
        name: str,
        region: str,
        checksum: str,
        rows: Iterable[tuple[int, Mapping[str, Any]]],
        refuse: Callable[[Refusal], None] = lambda _: None,
    ) -> Report:
        """Import a catalogue in place of the one of this name. The same file twice changes nothing.

        Raises `InvalidInput`, nothing visible, when no row can be used. Rows that cannot are told to `refuse`.
        """
        releases = [release for release in await self._store.releases(region) if release.dataset == name]
        active = next((release for release in releases if release.state == "active"), None)
        if active is not None and active.checksum == checksum:
            return unchanged(active)
        for release in releases:
            if release.state != "active":
                await self._store.drop_release(release.id)
        today = self._clock().date()
        begun = await self._store.begin_release(
            Release(
                region=region,
                dataset=name,
                format="carwire",
                checksum=checksum,
                link="none",
                as_of=today,
                catalogue=True,
            )
        )
        pending: list[Vehicle] = []
        total = accepted = 0
        for line, row in rows:
            total += 1
            try:
                pending.append(vehicle_from(row, region, name))
                accepted += 1
            except InvalidInput as error:
                problem = error.fields[0]
                refuse(Refusal(line, problem.field, problem.message, str(row.get(problem.field, ""))[:40]))
            if len(pending) >= _CHUNK:
                await self._store.put_vehicles(pending, begun.id, candidates=True)
                pending = []
        if not accepted:
            await self._store.drop_release(begun.id)
            raise InvalidInput(FieldProblem("file", f"no row of {total} can be used as a vehicle"))
        await self._store.put_vehicles(pending, begun.id, candidates=True)
        await self._store.finish_release(begun.id)
        if active is not None:
            await self._store.drop_release(active.id)
        return Report(
            begun.id, region, name, total, accepted, total - accepted, accepted, replaced=active.id if active else None
        )


def vehicle_from(row: Mapping[str, Any], region: str, source: str) -> Vehicle:
    """Return the vehicle of a row. Raises `InvalidInput` naming the column at fault."""
    values: dict[str, Any] = {}
    for name in TRAITS:
        value = row.get(name)
        if value is None or value == "":
            continue
        values[name] = _read(name, value)
    for name in _NEEDED:
        if values.get(name) is None:
            raise InvalidInput(FieldProblem(name, "is empty"))
    traits = Traits(**values)
    given = str(row.get("id") or "").strip()
    if len(given) > _LONGEST_ID or not given.isprintable() or "/" in given:
        raise InvalidInput(FieldProblem("id", f"has at most {_LONGEST_ID} printable characters, no slash"))
    return Vehicle(given or id_of(region, traits), region, traits, _read_options(row.get("options")), source)


def _read(name: str, value: Any) -> Any:
    try:
        if name in _NUMBERS:
            number = int(float(value))
            return number if 0 < number < 10**6 else None
        if name == "range":
            return float(value) if 0 < float(value) < 10**5 else None
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(FieldProblem(name, "is no number")) from None
    text = " ".join(str(value).split())
    if len(text) > 200 or not text.isprintable():
        raise InvalidInput(FieldProblem(name, "has at most 200 printable characters"))
    return text or None


def _read_options(value: Any) -> tuple[Option, ...]:
    """Read options from a list, or from JSON."""
    if value is None or value == "":
        return ()
    try:
        found = _options.decode(value) if isinstance(value, str) else msgspec.convert(value, list[Option])
    except (msgspec.MsgspecError, TypeError) as error:
        raise InvalidInput(FieldProblem("options", f"is no list of options: {error}"[:200])) from None
    return tuple(found)
