"""Spark: a frame decoded where its partitions are."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from carwire.batch.arrow import TableDecoder, in_batches, plan_of


def decode(frame: DataFrame, **parameters: Any) -> DataFrame:
    """Return the frame with the columns of the decode. Spark tells names apart by their letters alone, not by capitals:
    of `make` and `Make` ask for one, or set a prefix.
    """
    plan = plan_of(**{**parameters, "texts": "plain"})
    schema: pa.Schema = TableDecoder(to_arrow_schema(frame.schema), plan, "the frame").schema
    return frame.mapInArrow(in_batches(plan), from_arrow_schema(schema))
