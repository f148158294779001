"""The capability catalogue's files: one per make under ``makes/``, and the public sources they name in
``sources.json``.

To correct a statement, edit its line, name the source, and run the tests: they check every file.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

import msgspec

from carwire.core.compatibility.catalogue import Catalogue, Make, Source
from carwire.core.errors import CannotStart

T = TypeVar("T")


def load_catalogue() -> Catalogue:
    """Read every file of the catalogue. Raises `CannotStart` naming the file that does not decode."""
    here = files(__name__)
    makes = sorted((f for f in here.joinpath("makes").iterdir() if f.name.endswith(".json")), key=lambda f: f.name)
    return Catalogue((_read(file, Make) for file in makes), _read(here.joinpath("sources.json"), dict[str, Source]))


def _read(file: Traversable, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except msgspec.MsgspecError as error:
        msg = f"the catalogue file {file.name} cannot be read: {error}"
        raise CannotStart(msg) from error
