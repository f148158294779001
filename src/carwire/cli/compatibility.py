"""``carwire compatibility``: one VIN explained, or a file of them judged."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from carwire.core.countries import parse_country
from carwire.core.permissions import CONTROL, READ, parse_scope
from carwire.core.vin.structure import tidy
from carwire.settings import read_settings

_TABLES = (".csv", ".tsv", ".parquet")


def compatibility(
    what: str,
    *,
    scope: str | None = None,
    country: str = "US",
    json: bool = False,
    column: str | None = None,
    out: Path | None = None,
) -> None:
    """Say whether a car can be connected, with which permissions, and why; for one VIN or for a file of them.

    Parameters
    ----------
    what
        A VIN, or a CSV, TSV or Parquet file with a column of VINs.
    scope
        Permissions, separated by spaces. Left out: all of them.
    country
        ISO 3166-1 alpha-2 code of the country of the cars.
    json
        Print JSON (for a file: the summary).
    column
        The file's column of VINs; found by its name when left out.
    out
        Where the answers for a file go; CSV or Parquet by its ending. Left out: beside the file.
    """
    permissions = (*READ, *CONTROL) if scope is None else parse_scope(scope)
    code = parse_country(country)
    path = Path(what)
    if path.suffix.lower() in _TABLES or path.is_file():
        from carwire.cli.tables import judge_file

        judge_file(path, permissions, code, column=column, out=out, json=json)
    else:
        _one(what, permissions, code, json=json)


def _one(vin: str, permissions: tuple[str, ...], country: str, *, json: bool) -> None:
    from carwire.app import build_offline

    _, service = build_offline(read_settings(os.environ))
    explanation = service.explain(service.check(tidy(vin), permissions, country))
    if json:
        print(msgspec.json.encode(explanation).decode())
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from carwire.cli.drawing import console

    car, ground = explanation.car, explanation.ground
    print(
        f"{explanation.vin} in {explanation.country}: {'compatible' if explanation.compatible else explanation.reason}"
    )
    described = (car.model_year, "/".join(car.makes), car.model, car.series, car.powertrain)
    print(f"  {' '.join(str(part) for part in described if part) or 'nothing known of the car'}   ({car.read_by})")
    print(f"  {ground.statement}")
    title = ground.source.title if ground.source else "no source"
    print(f"  {ground.certainty}; {ground.evidence or 'no'} evidence; {title}")
    print(f"  would change it: {ground.would_change}")
    table = Table(header_style="dim", box=box.SIMPLE_HEAD)
    for heading in ("permission", "capable", "reason", "certainty", "because"):
        table.add_column(heading, overflow="fold")
    for c in explanation.capabilities:
        cells = (c.permission, "yes" if c.capable else "no", c.reason or "", c.ground.certainty, c.ground.statement)
        table.add_row(*(Text(cell) for cell in cells))
    if explanation.capabilities:
        console().print(table)
    for caveat in explanation.caveats:
        print(f"  note: {caveat.text}")
