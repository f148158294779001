"""Plans for vehicles of catalogues."""

# ruff: noqa: S608  # what is put into statements are constants and placeholders
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from carwire.core.lookup.names import make_key, pieces
from carwire.core.lookup.traits import Vehicle
from carwire.storage.sql.plans import Plan, Planned, Value, chunks, marks, reads, writes

FACETS: Final = (
    *("year", "make", "model", "badge", "series", "transmission", "body_type", "fuel", "drive", "engine", "wheelbase"),
)
_COLUMNS: Final = ("region", "id", "release_id", "candidate", "make_key", "title_key", *FACETS, "vehicle")
_ROWS: Final = 100  # of one statement
_READABLE: Final = (
    "(v.release_id = 0 OR EXISTS (SELECT 1 FROM lookup_releases r WHERE r.id = v.release_id AND r.state = 'active'))"
)
_vehicle: Final = msgspec.json.Decoder(Vehicle)


class LookupCataloguePlans(Planned):
    """`carwire.core.lookup.ports.CatalogueStore`."""

    @writes
    def put_vehicles(self, vehicles: Sequence[Vehicle], release_id: int = 0, *, candidates: bool = False) -> Plan[None]:
        """Store vehicles; see the port."""
        updates = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[3:])
        then = "DO NOTHING" if release_id == 0 else f"DO UPDATE SET {updates}"
        unique = {vehicle.id: vehicle for vehicle in vehicles}  # a statement may not meet a row twice
        for some in chunks(list(unique.values()), _ROWS):
            yield (
                f"INSERT INTO lookup_vehicles ({', '.join(_COLUMNS)})"
                f" VALUES {', '.join([f'({marks(len(_COLUMNS))})'] * len(some))}"
                f" ON CONFLICT (region, id, release_id) {then}",
                tuple(value for vehicle in some for value in _values(vehicle, release_id, candidates=candidates)),
            )

    @reads
    def candidates(self, region: str, makes: Sequence[str], years: tuple[int, int]) -> Plan[list[Vehicle]]:
        """Return candidates of active releases."""
        rows = yield (
            "SELECT v.vehicle FROM lookup_vehicles v JOIN lookup_releases r ON r.id = v.release_id"
            f" WHERE v.region = ? AND v.make_key IN ({marks(len(makes))}) AND v.year BETWEEN ? AND ?"
            " AND v.candidate = 1 AND r.state = 'active' ORDER BY v.id, v.release_id",
            (region, *makes, *years),
        )
        return [_vehicle.decode(text) for (text,) in rows]

    @reads
    def catalogue_vehicle(self, region: str, vehicle_id: str) -> Plan[Vehicle | None]:
        """Return a vehicle, of an active release before what was decoded."""
        rows = yield (
            f"SELECT v.vehicle FROM lookup_vehicles v WHERE v.region = ? AND v.id = ? AND {_READABLE}"
            " ORDER BY v.candidate DESC, v.release_id DESC LIMIT 1",
            (region, vehicle_id),
        )
        return _vehicle.decode(rows[0][0]) if rows else None

    @reads
    def find_vehicles(
        self, region: str, filters: Mapping[str, str], words: Sequence[str] = (), limit: int = 1000
    ) -> Plan[tuple[list[Vehicle], int]]:
        """Return vehicles that fit, and how many there are."""
        where, values = _where(region, filters, words)
        ((total,),) = yield f"SELECT COUNT(DISTINCT v.id) FROM lookup_vehicles v WHERE {where}", values
        rows = yield (
            "SELECT MAX(v.vehicle), v.id, MAX(v.year) AS newest FROM lookup_vehicles v"
            f" WHERE {where} GROUP BY v.id ORDER BY newest DESC, v.id LIMIT ?",
            (*values, limit),
        )
        return [_vehicle.decode(text) for text, *_ in rows], int(total)

    @reads
    def facet(self, region: str, name: str, filters: Mapping[str, str], limit: int) -> Plan[list[tuple[str, int]]]:
        """Return the values of a trait and how many vehicles have each."""
        assert name in FACETS, "a column"
        where, values = _where(region, filters, ())
        rows = yield (
            f"SELECT v.{name}, COUNT(DISTINCT v.id) AS times FROM lookup_vehicles v"
            f" WHERE {where} AND v.{name} IS NOT NULL GROUP BY v.{name} ORDER BY times DESC, v.{name} LIMIT ?",
            (*values, limit),
        )
        return [(str(value), int(times)) for value, times in rows]


def _values(vehicle: Vehicle, release_id: int, *, candidates: bool) -> tuple[Value, ...]:
    traits = vehicle.traits
    return (
        *(vehicle.region, vehicle.id, release_id, int(candidates), make_key(traits.make or "")),
        f" {' '.join(pieces(vehicle.title))} ",
        *(getattr(traits, name) for name in FACETS),
        msgspec.json.encode(vehicle).decode(),
    )


def _where(region: str, filters: Mapping[str, str], words: Sequence[str]) -> tuple[str, tuple[Value, ...]]:
    conditions, values = ["v.region = ?", _READABLE], [region]
    found: list[Value] = list(values)
    for name, value in filters.items():
        if name == "make":
            conditions.append("v.make_key = ?")
            found.append(make_key(value))
        elif name == "year":
            conditions.append("v.year = ?")
            found.append(int(value))
        else:
            assert name in FACETS, "a column"
            conditions.append(f"LOWER(v.{name}) = ?")
            found.append(value.lower())
    for word in words:
        conditions.append("v.title_key LIKE ?")
        found.append(f"%{word}%")
    return " AND ".join(conditions), tuple(found)
