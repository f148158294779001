"""Ray: a data set decoded block by block."""

from __future__ import annotations

import functools
from typing import Any

import pyarrow as pa
from ray.data import Dataset

from carwire.batch.arrow import Plan, decode_batches, plan_of
from carwire.batch.decoding import PIECE


def decode(data: Dataset, **parameters: Any) -> Dataset:
    """Return the data set with the columns of the decode."""
    plan = plan_of(**{**parameters, "texts": "plain"})
    return data.map_batches(functools.partial(_decode, plan), batch_format="pyarrow", batch_size=PIECE)


def _decode(plan: Plan, table: pa.Table) -> pa.Table:
    return decode_batches(table.schema, table.to_batches(), plan).read_all()
