"""The formats of registers that are known here, and one's own from a file."""

from __future__ import annotations

import functools
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.lookup.formats import Format, check_format


@functools.cache
def formats() -> dict[str, Format]:
    """Return the formats that are known here, by name."""
    folder = files("carwire.registers").joinpath("formats")
    found = [
        _read(tomllib.loads(each.read_text("utf-8")), each.name)
        for each in folder.iterdir()
        if each.name.endswith(".toml")
    ]
    return {form.name: form for form in sorted(found, key=lambda form: form.name)}


def format_of(name: str) -> Format:
    """Return a format by its name, or from a file that ends in .toml. Raises `InvalidInput`."""
    if name.endswith(".toml"):
        try:
            return _read(tomllib.loads(Path(name).read_text("utf-8")), name)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InvalidInput(FieldProblem("format", f"{name} cannot be read: {error}")) from error
    found = formats().get(name)
    if found is None:
        what = f"there is no format {name[:60]!a}: it is one of {', '.join(formats())}, or a file that ends in .toml"
        raise InvalidInput(FieldProblem("format", what))
    return found


def _read(values: dict[str, Any], name: str) -> Format:
    try:
        return check_format(msgspec.convert(values, Format))
    except msgspec.ValidationError as error:
        raise InvalidInput(FieldProblem("format", f"{name}: {error}")) from None
