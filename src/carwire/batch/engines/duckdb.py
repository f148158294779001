"""DuckDB: a query decoded while it is read."""

from __future__ import annotations

from typing import Any

import duckdb

from carwire.batch.arrow import decode_batches, plan_of
from carwire.batch.decoding import PIECE


def decode(connection: duckdb.DuckDBPyConnection, query: str, **parameters: Any) -> duckdb.DuckDBPyRelation:
    """Return the rows of a query with the columns of the decode, as a relation that can be read once.

    DuckDB tells names apart by their letters alone, not by capitals: of `make` and `Make` ask for one, or set a prefix.

    >>> import duckdb
    >>> cars = decode(duckdb.connect(), "select '1HGCM82633A004352' as vin", columns=["make", "model_year"])
    >>> cars.fetchall()
    [('1HGCM82633A004352', 'HONDA', 2003)]
    """
    reader = connection.cursor().sql(query).to_arrow_reader(PIECE)  # read while the connection reads the answer
    return connection.from_arrow(decode_batches(reader.schema, reader, plan_of(**parameters)))
