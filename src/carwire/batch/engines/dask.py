"""Dask: a frame decoded partition by partition."""

from __future__ import annotations

from typing import Any

import dask.dataframe as dd
import pandas as pd
import pyarrow as pa

from carwire.batch.arrow import Plan, decode_batches, plan_of


def decode(frame: dd.DataFrame, **parameters: Any) -> dd.DataFrame:
    """Return the frame with the columns of the decode, of Arrow's types."""
    plan = plan_of(**{**parameters, "texts": "plain"})
    frames: Any = frame
    found: dd.DataFrame = frames.map_partitions(_decode, plan, meta=_decode(frames._meta, plan))
    return found


def _decode(frame: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    made = decode_batches(table.schema, table.to_batches(), plan).read_all()
    found: pd.DataFrame = made.to_pandas(types_mapper=pd.ArrowDtype).set_axis(frame.index)
    return found
