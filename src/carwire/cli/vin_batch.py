"""``carwire vin batch``: a file of VINs decoded into another."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput


def batch(
    source: Path,
    out: Path,
    *,
    columns: str | None = None,
    keep: str | None = None,
    column: str | None = None,
    year: str | None = None,
    prefix: str = "",
    part: int | None = None,
    json: bool = False,
) -> None:
    """Decode a file of VINs into another, CSV or Parquet by their endings. Cut off, the same call goes on.

    Parameters
    ----------
    source
        The file with a column of VINs.
    out
        The file to write: the columns of the source, and those of the decode.
    columns
        Columns of the decode, separated by commas: names, or the groups carwire, vpic and all.
    keep
        Columns of the source that come along, separated by commas. Left out: all.
    column
        The source's column of VINs; found by its name when left out.
    year
        A column of model years that somebody claims, as NHTSA's modelyear.
    prefix
        What the names of the new columns begin with.
    part
        Rows that are safe once written: what an interruption costs at most.
    json
        Print the summary as JSON.
    """
    try:
        from carwire.batch.arrow import Plan
        from carwire.batch.runs import PART, run
    except ImportError:
        raise InvalidInput(FieldProblem("batch", "needs the extra: pip install 'carwire[batch]'")) from None
    from carwire.cli.tables import progress

    plan = Plan(
        now=datetime.now(UTC),
        vin=column,
        year=year,
        columns=_names(columns),
        keep=_names(keep),
        prefix=prefix,
    )
    started = time.monotonic()
    with progress(source) as advance:
        done = run(source, out, plan, part=PART if part is None else part, advance=advance)
    seconds = time.monotonic() - started
    if json:
        summary = {"file": str(out), "vins": done.rows, "kept": done.kept, "seconds": round(seconds, 3)}
        print(msgspec.json.encode(summary).decode())
        return
    resumed = f", {done.kept:,} of them in an earlier run" if done.kept else ""
    print(f"{done.rows:,} VINs decoded{resumed}, in {seconds:.1f} s; written to {out}")


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(name.strip() for name in text.split(",") if name.strip())
