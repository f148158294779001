"""Write the reference pages that come from the code: run by ``make docs``; a test fails when a page is out of date."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cli_reference import cli_page
from licences import licences_page
from prometheus_client.core import Metric
from sdk_reference import sdk_page

from carwire import settings
from carwire.conformance import CHECKS
from carwire.core.compatibility.catalogue import Catalogue, Make, MarketEntry
from carwire.core.compatibility.fit import grants_of_line
from carwire.core.countries import MARKETS, Market
from carwire.core.permissions import CONTROL, READ
from carwire.http.metrics import Metrics
from carwire.http.web.errors import NULL, error_rows
from carwire.storage.catalogue import load_catalogue
from carwire.storage.sql import upgrade
from carwire.upstream.metrics import UpstreamMetrics
from carwire.wire.v2.compatibility import DISPLAY_NAMES, ENDPOINTS, MAKE_ENDPOINTS
from carwire.worker.metrics import WorkerMetrics

ROOT = Path(__file__).parents[1]
COLUMNS = {
    "read_odometer": "odo",
    "read_location": "loc",
    "read_battery": "bat",
    "read_charge": "chg",
    "control_charge": "chg!",
    "read_fuel": "fuel",
    "read_engine_oil": "oil",
    "read_tires": "tire",
    "read_security": "sec",
    "control_security": "lock!",
}
_INTRODUCTION = """\
Written from the files in `src/carwire/storage/catalogue` by `make docs`. It says which model lines are known to connect
to vehicle APIs, from public sources; it is no promise of a car maker, and none has a contract with us.

In the tables of lines ● is documented by a public source, ○ is inferred, a blank is not known to work. Every line has
`read_vehicle_info`, nearly all have `read_vin`; *more* names what has no column. Years are model years; lines that look
wrong in their source are left out. Sources are listed at the end.
"""
EVERY_CAR = {"read_vehicle_info", "read_vin"}


def main() -> None:
    """Write every page."""
    for name, text in pages().items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """Return every generated file: its path in the project and its text."""
    return {
        "docs/reference/compatibility.md": compatibility_page(load_catalogue()),
        "docs/reference/permissions.md": permissions_page(),
        "docs/reference/settings.md": settings_page(),
        "docs/reference/metrics.md": metrics_page(),
        "docs/reference/errors.md": errors_page(),
        "docs/reference/sdk.md": sdk_page(),
        "docs/reference/cli.md": cli_page(),
        "docs/reference/licences.md": licences_page(),
        "docs/reference/conformance.md": conformance_page(),
        "src/carwire/storage/sql/schema.sql": schema(),
    }


def conformance_page() -> str:
    """Return every check of the conformance kit, by endpoint."""
    parts = [
        "# What the conformance kit checks\n",
        f"Written from `src/carwire/conformance` by `make docs`: the {len(CHECKS)} checks of `carwire conformance`; "
        "[how to use it](../guides/conformance.md).\n",
        "| endpoint | what has to hold | who relies on it | name |\n|---|---|---|---|",
    ]
    rows = sorted(CHECKS, key=lambda check: _endpoints().index(check.endpoint))
    parts += [f"| `{row.endpoint}` | {row.says} | {row.relies} | {row.name} |" for row in rows]
    return "\n".join(parts) + "\n"


def _endpoints() -> list[str]:
    """Return the endpoints in the order they are first asked."""
    return list(dict.fromkeys(check.endpoint for check in CHECKS))


def compatibility_page(catalogue: Catalogue) -> str:
    """The capability catalogue as tables: markets first, then every make with its lines."""
    parts = [
        "# The capability catalogue\n",
        _INTRODUCTION,
        "| column | permission | column | permission |\n|---|---|---|---|",
        *_pairs([f"| {short} | `{permission}` " for permission, short in COLUMNS.items()]),
        "",
    ]
    for market in MARKETS:
        parts += [f"## {market}\n", *_market_table(catalogue, market), ""]
    for make in catalogue.makes.values():
        parts += [f"## {make.name}\n", *_make(catalogue, make)]
    parts.append("## Sources\n")
    parts += [
        f"- `{key}`: {s.title}. {s.site}, {s.date or 'no date'} ({s.kind})" for key, s in catalogue.sources.items()
    ]
    return "\n".join(parts) + "\n"


def _pairs(cells: list[str]) -> Iterator[str]:
    half = (len(cells) + 1) // 2
    for left, right in zip(cells[:half], [*cells[half:], "| | "][:half], strict=True):
        yield f"{left}{right}|"


def _market_table(catalogue: Catalogue, market: Market) -> Iterator[str]:
    yield "| make | supported | evidence | from model year | lines | service |"
    yield "|---|---|---|---|---|---|"
    for make in catalogue.makes.values():
        entry = make.markets.get(market)
        if entry is None:
            continue
        first = entry.first_model_year
        year = f"{first.year} ({first.evidence})" if first else ""
        lines = sum(not line.doubt for line in entry.lines)
        cells = (make.name, "yes" if entry.supported else "no", entry.evidence, year, lines, entry.service or "")
        yield f"| {' | '.join(map(str, cells))} |"


def _make(catalogue: Catalogue, make: Make) -> Iterator[str]:
    for market in MARKETS:
        entry = make.markets.get(market)
        if entry is None:
            continue
        yield f"### {make.name}, {market}\n"
        where = f"`{entry.source}`, {entry.evidence}"
        yield f"{'Supported' if entry.supported else 'Not supported'} ({where}).{_others(catalogue, make, market)}\n"
        if any(not line.doubt for line in entry.lines):
            yield from _lines(entry)
            yield ""
        for caveat in entry.caveats:
            yield f"- {caveat.text} (`{caveat.source}`)"
        if entry.caveats:
            yield ""


def _others(catalogue: Catalogue, make: Make, market: Market) -> str:
    never = [f"`{p}`" for p in (*READ, *CONTROL) if p not in catalogue.supported_permissions(make, market)]
    return f" No car of it has {', '.join(never)}." if never and len(never) < len((*READ, *CONTROL)) else ""


def _lines(entry: MarketEntry) -> Iterator[str]:
    yield f"| model | | years | {' | '.join(COLUMNS.values())} | more | source |"
    yield f"|---|---|---|{'---|' * (len(COLUMNS) + 2)}"
    for line in entry.lines:
        if line.doubt:
            continue
        grants = grants_of_line(line, entry.additions)
        marks = [("○" if grants[p].evidence == "inferred" else "●") if p in grants else "" for p in COLUMNS]
        more = " ".join(p for p in grants if p not in COLUMNS and p not in EVERY_CAR)
        years = f"{line.start_year}–{line.end_year or ''}"
        yield f"| {line.model} | {line.powertrain} | {years} | {' | '.join(marks)} | {more} | `{line.source}` |"


def permissions_page() -> str:
    """Every permission with what it opens in API v2.0."""
    rows = [
        "# Permissions\n",
        "Written from the code by `make docs`.\n",
        "| permission | in the matrix | v2.0 endpoints |",
        "|---|---|---|",
    ]
    for permission in (*READ, *CONTROL):
        own = [
            f"`/{make.lower()}/{rest}`" for make, rests in MAKE_ENDPOINTS.get(permission, {}).items() for rest in rests
        ]
        opened = [f"`{endpoint}`" for endpoint in ENDPOINTS.get(permission, ())] + own
        rows.append(
            f"| `{permission}` | {DISPLAY_NAMES[permission]} | {', '.join(opened) or 'none: it opens webhooks'} |"
        )
    return "\n".join(rows) + "\n"


def settings_page() -> str:
    """Every setting with its default and sentence."""
    rows = ["# Settings\n", "Read from the environment at the start. Written from the code by `make docs`.\n"]
    rows += ["| variable | default | |", "|---|---|---|"]
    rows += [
        f"| `{name}` | {f'`{default}`' if default else ''} | {text} |" for name, default, text in settings.describe()
    ]
    return "\n".join(rows) + "\n"


_METRICS = """\
# Metrics

At `/metrics` of every process, in Prometheus' text format. Written from the code by `make docs`. Besides these there
are those of the Prometheus client about process and interpreter: `process_…` and `python_…`. Labels never hold an id of
a vehicle, an address or a VIN. Counters begin at nought when a process starts; those with labels appear when there is
something to count.
"""
_SHOWN_BY = {
    "Requests": "Every process.",
    "At the door to cars": "Every process.",
    "Work": "Workers, `carwire up`, and, for what cars push, the process that keeps the simulated ones.",
}


def metrics_page() -> str:
    """Every metric with its kind, labels and sentence."""
    parts = [_METRICS]
    collectors = (Metrics(), UpstreamMetrics(), WorkerMetrics())
    for (title, where), collector in zip(_SHOWN_BY.items(), collectors, strict=True):
        parts += [f"## {title}\n", f"{where}\n", "| metric | kind | labels | |", "|---|---|---|---|"]
        parts += [_metric(family) for family in collector.collect()]
        parts.append("")
    return "\n".join(parts)


def _metric(family: Metric) -> str:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = ", ".join(f"`{label}`" for label in family._labelnames)  # type: ignore[attr-defined]
    return f"| `{name}` | {family.type} | {labels} | {family.documentation} |"


def errors_page() -> str:
    """Every error that is answered."""
    rows = [
        "# Errors\n",
        "Written from the code by `make docs`. Every error has its request's id in it, in v2.0 as `requestId`, in v3\n"
        "under `meta.debug`, and in the header `sc-request-id`: it finds the line in the server's log. The server\n"
        "shows this table itself, at `docURL` and `links.about`. What a version does not have has no code there.\n",
        "| status | type | code in v2.0 | code in v3 | resolution | meaning |",
        "|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {row.status} | `{row.type}` | {_code(row.v2_code)} | {_code(row.v3_code)} "
        f"| {' / '.join(row.resolutions)} | {row.meaning} |"
        for page in error_rows().values()
        for row in page
    ]
    return "\n".join(rows) + "\n"


def _code(name: str | None) -> str:
    return name if name == NULL else f"`{name}`" if name else ""


def schema() -> str:
    """The newest schema as SQLite has it after all migrations."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "empty.sqlite3")
        upgrade.upgrade(path)
        connection = sqlite3.connect(path)
        query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
        statements = [str(sql).rstrip() for (sql,) in connection.execute(query)]
        connection.close()
    lines = "\n".join(line.rstrip() for line in ";\n".join(statements).splitlines())
    head = "-- The newest schema, written from the migrations by `make docs`; a test holds it against them.\n"
    return f"{head}{lines};\nINSERT INTO alembic_version (version_num) VALUES ('{upgrade.head()}');\n"


if __name__ == "__main__":
    main()
