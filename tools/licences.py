"""The page of licences: what the distributions carry beside our own code, and what is installed with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
CARRIED: Final = (  # files in the project, what they hold of others, its licence
    (
        "src/carwire/core/vin/_wmi_table.py",
        "manufacturer identifiers and their holders: facts, put together from Wikibooks' list, the tables of vininfo,"
        " opendbc, psa_car_controller and WALL-E/vin-decoder, and vPIC",
        "facts; the arrangement and words are ours",
    ),
    (
        "src/carwire/connectors/_vpic_serials.py",
        "manufacturer identifiers computed from NHTSA's vPIC tables",
        "public domain: work of the government of the United States",
    ),
    (
        "src/carwire/core/vin/_countries_table.py",
        "beginnings of VINs and the countries they were given to",
        "facts",
    ),
    (
        "src/carwire/core/_iso3166.py",
        "codes and short names of countries of ISO 3166-1, compared with pycountry",
        "facts",
    ),
    (
        "src/carwire/core/signals/catalogue.json",
        "codes, units and permissions of signals as Smartcar's public documents name them; descriptions are ours",
        "facts, for interoperability",
    ),
    (
        "src/carwire/storage/catalogue/makes/*.json",
        "which model lines connect to vehicle APIs, each fact with its source (`docs/reference/compatibility.md`)",
        "facts; the words are ours",
    ),
    ("src/carwire/storage/catalogue/sources.json", "titles and places of those sources", "facts"),
    (
        "src/carwire/connectors/simulator/models.json",
        "brands, models and their beginnings of VINs for simulated cars, drawn up by us",
        "ours",
    ),
    (
        "src/carwire/registers/formats/*.toml",
        "headings of the files that authorities publish, with their terms of use; no row of any of them",
        "facts",
    ),
    ("src/carwire/http/connect/languages/*.toml", "texts of the pages owners see", "ours"),
    ("src/carwire/**/templates/*.html", "pages", "ours"),
    ("src/carwire/http/connect/static/*", "their style and script; no fonts, no pictures, nothing of others", "ours"),
    ("src/carwire/storage/sql/schema.sql", "written by `make docs`", "ours"),
    ("src/carwire/storage/sql/migrations/script.py.mako", "the form of a new migration", "ours"),
    ("client/src/*/py.typed", "a mark", "ours"),
    ("src/carwire/py.typed", "a mark", "ours"),
)
_WORDS: Final = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")


def licences_page() -> str:
    """The page."""
    return "\n".join(
        [
            "# Licences\n",
            "Carwire and its SDK are Apache-2.0 (`LICENSE`, `NOTICE`). Written by `make docs`; a test fails when a",
            "file is carried that is not listed.\n",
            "## Files that are carried\n",
            "| file | holds | licence |\n|---|---|---|",
            *(f"| `{place}` | {holds} | {licence} |" for place, holds, licence in CARRIED),
            "\n## Packages that are installed\n",
            "None is carried in a wheel; a container image has those of the server and of the extra `postgres`.\n",
            "| package | licence | of |\n|---|---|---|",
            *_packages(),
        ]
    )


def _packages() -> Iterator[str]:
    server, client = {*_locked()}, _closure("carwire-client")
    plain = server & _closure("carwire")
    for name in sorted(server | client):
        of = [part for part, there in (("server", name in plain), ("SDK", name in client)) if there]
        yield f"| {name} | {_licence(name)} | {' and '.join(of) or 'an extra of the server'} |"
    yield ""


def _locked() -> Iterator[str]:
    """Yield what a server is installed with, extras too, on any platform we run on."""
    for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines():
        if match := None if "win32" in line else _NAME.match(line):
            yield match[0]


def _closure(root: str) -> set[str]:
    """Return what is installed for a distribution without extras: its requirements, and theirs."""
    found: set[str] = set()
    waiting = [(root, "")]
    while waiting:
        name, wanted = waiting.pop()
        for line in metadata.requires(name) or ():
            package, _, marker = line.partition(";")
            extra = re.search(r"extra == ['\"]([^'\"]+)['\"]", marker)
            match = _NAME.match(package)
            assert match
            key = match[0].lower().replace("_", "-")
            if (extra and extra[1] not in wanted) or "_platform ==" in marker or key in found or not _installed(key):
                continue
            found.add(key)
            waiting.append((key, package.partition("[")[2].partition("]")[0]))
    return found


def _installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False  # for an older Python
    return True


def _licence(name: str) -> str:
    told: dict[str, Any] = metadata.metadata(name).json
    if expression := told.get("license_expression"):
        return str(expression)
    kinds = [c.rpartition(" :: ")[2] for c in told.get("classifier", ()) if c.startswith("License :: ")]
    named = " OR ".join(sorted(_WORDS.get(kind, kind) for kind in kinds if kind != "OSI Approved"))
    return named or str(told.get("license", "")).partition("\n")[0].removesuffix(" License")
