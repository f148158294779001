"""Daft: a frame decoded while it is collected."""

from __future__ import annotations

from typing import Any

import daft
import pyarrow as pa

from carwire.batch.arrow import TableDecoder, plan_of


def decode(frame: daft.DataFrame, *, vin: str = "vin", prefix: str = "", **parameters: Any) -> daft.DataFrame:
    """Return the frame with the columns of the decode. `vin` names the column of VINs; all columns are kept."""
    plan = plan_of(**{**parameters, "vin": "vin", "keep": (), "texts": "plain"})
    schema = TableDecoder(pa.schema([("vin", pa.string())]), plan).schema
    fields = {field.name: daft.DataType.from_arrow_type(field.type) for field in schema}

    def decoded(vins: daft.Series) -> pa.Array:
        batch = pa.record_batch({"vin": vins.to_arrow().cast(pa.string())})
        made = list(TableDecoder(batch.schema, plan).decode(batch))
        return pa.chunked_array([each.to_struct_array() for each in made]).combine_chunks()

    of_frame = daft.func.batch(return_dtype=daft.DataType.struct(fields))(decoded)
    with_all = frame.with_column("__decoded", of_frame(daft.col(vin)))
    parts = [daft.col("__decoded").get(name).alias(prefix + name) for name in fields]
    return with_all.select(*(daft.col(name) for name in frame.column_names), *parts)
