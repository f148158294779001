"""``carwire vin``: what VINs say."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from carwire.core.errors import InvalidInput
from carwire.core.vin.decode import Decoded, Field, Vin
from carwire.settings import read_settings


def vin(*vins: Annotated[str, Parameter(allow_leading_hyphen=True)], json: bool = False) -> None:
    """Say what VINs say: their structure, the decode with the source of every field, and what cannot be known.

    Parameters
    ----------
    vins
        VINs, whole or partial; - reads one a line from standard input.
    json
        Print one JSON object a line instead of tables.
    """
    from carwire.app import build_offline

    wrong = next((text for text in vins if text.startswith("-") and text != "-"), None)
    if wrong or not vins:
        what = (
            f"{wrong} is no option of vin" if wrong else "give at least one VIN, or - to read them from standard input"
        )
        print(f"carwire: {what}", file=sys.stderr)
        sys.exit(2)
    service, _ = build_offline(read_settings(os.environ))
    failed = False
    for text in _texts(vins):
        try:
            found = service.read(text)
        except InvalidInput as error:
            failed = True
            if json:
                shown = text.encode("utf-8", "replace").decode()  # standard input may hold bytes that are no UTF-8
                print(msgspec.json.encode({"input": shown, "problem": error.fields[0]}).decode(), flush=True)
            else:
                print(f"{text!a}: {error.fields[0].message}", file=sys.stderr)
            continue
        if json:
            print(msgspec.json.encode(found).decode(), flush=True)
        else:
            _draw(found)
    if failed:
        sys.exit(1)


def _texts(vins: tuple[str, ...]) -> Iterator[str]:
    for text in vins:
        if text == "-":
            yield from (stripped for line in sys.stdin if (stripped := line.strip()))
        else:
            yield text


def _draw(found: Vin) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from carwire.cli.drawing import console

    structure = found.structure
    table = Table(title=found.vin, title_justify="left", title_style="bold", header_style="dim", box=box.SIMPLE_HEAD)
    for heading in ("", "value", "strength", "source, or why not"):
        table.add_column(heading, overflow="fold")

    def row(name: str, value: object, strength: str = "", source: str | None = "") -> None:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in (name, value, strength, source)))

    row("maker code", structure.wmi, "exact", "ISO 3780")
    row("maker's country", structure.country_name, "exact", f"ISO 3780, {structure.region or 'no region'}")
    digit = structure.check_digit
    verdict = {
        True: "right",
        False: f"wrong, computed {digit.computed}",
        None: "not computable" if structure.check_digit.rule != "none" else "not used here",
    }[digit.valid]
    row(
        "check digit",
        f"{digit.given or '-'} ({verdict})",
        "exact",
        "49 CFR 565" if digit.rule == "north_america" else "",
    )
    for candidate in structure.model_years if found.world else ():
        row("model year", f"{candidate.year}{'' if candidate.certain else '?'}", "exact", candidate.reason)
    if found.decoded:
        for name, field in fields_of(found.decoded):
            if field.value is not None:
                row(name, field.value, field.strength, field.source)
        unknown = [name for name, field in fields_of(found.decoded) if field.value is None]
        row("not known", ", ".join(unknown) or "-", "none", "the maker filed nothing about it for these characters")
        for error in found.decoded.errors:
            row(f"vPIC {error.code}", error.text)
        if found.decoded.suggested_vin:
            row("suggested VIN", found.decoded.suggested_vin, "", "vPIC; ! marks what it cannot name")
    elif found.world:
        row("manufacturer", found.world.manufacturer, "wmi", "table of manufacturer identifiers")
        row("makes", ", ".join(found.world.makes) or None, "wmi", "table of manufacturer identifiers")
        for sentence in found.world.cannot_be_known:
            row("not known", "", "none", sentence)
    for problem in structure.problems:
        row("problem", problem.character or "", "", problem.message)
    console().print(table)


def fields_of(decoded: Decoded) -> Iterator[tuple[str, Field[object]]]:
    """Walk every field of a decode, nested ones too, with a name to show."""
    for name in decoded.__struct_fields__:
        value = getattr(decoded, name)
        if isinstance(value, Field):
            yield name.replace("_", " "), value
        elif isinstance(value, msgspec.Struct):
            for inner in value.__struct_fields__:
                yield f"{name} {inner.replace('_', ' ')}", getattr(value, inner)


verbs = App(name="vin", help="Say what VINs say.")
verbs.default(vin)
verbs.command("carwire.cli.vin_batch:batch", name="batch", help="Decode a file of VINs into another.")
