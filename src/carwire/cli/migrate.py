"""``carwire migrate``: which calls of v2.0 are still made, by whom, and what replaces each in v3."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from cyclopts import Parameter

from carwire.cli.access_logs import CutOff, read_log
from carwire.cli.managing import managed
from carwire.cli.migration import Call, Caller, Report, Tally
from carwire.core.usage import Usage, date_of

if TYPE_CHECKING:
    from carwire.app import Management

_DAYS: Final = 30


class Printed(msgspec.Struct, frozen=True):
    """What ``--json`` prints. `days` is null for a log, `lines` for usage; of `lines`, `foreign_lines` are no requests.
    `cut_off`: the log ended in the middle.
    """

    source: Literal["usage", "log"]
    days: int | None
    report: Report
    lines: int | None = None
    foreign_lines: int | None = None
    cut_off: bool = False


def report(
    *,
    days: int | None = None,
    log: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    json: bool = False,
    data: Path | None = None,
) -> None:
    """Say which calls of v2.0 are made, by which application, and what replaces each in v3.

    From what this server has counted, which the last seconds of one that runs are not part of yet; or from an access
    log: lines of Apache or nginx (common and combined) or JSON objects, compressed with gzip or not.

    Parameters
    ----------
    days
        How many days back, today included; 30 when left out.
    log
        An access log to read instead; - is standard input.
    json
        Print JSON.
    data
        The server's data folder.
    """
    if log is not None and (days is not None or data is not None):
        print("carwire: --days and --data are of the server's own counts, and --log is read instead", file=sys.stderr)
        sys.exit(2)
    printed = _of_usage(_DAYS if days is None else days, data) if log is None else _of_log(log)
    if json:
        print(msgspec.json.encode(_flat(printed)).decode())
    else:
        _show(printed)


def _of_usage(days: int, data: Path | None) -> Printed:
    names, rows = managed(data, lambda m: _counted(m, days))
    tally = Tally()
    for row in rows:
        tally.add(row.client_id, row.method, row.route, date_of(row.day).isoformat(), row.calls)
    return Printed("usage", days, tally.report(names))


async def _counted(m: Management, days: int) -> tuple[dict[str, str], list[Usage]]:
    """Return the applications' names by client id, and what they called."""
    return {each.client_id: each.name for each in await m.accounts.list()}, await m.usage.of_days(days)


def _of_log(where: str) -> Printed:
    tally, lines, foreign, cut_off = Tally(), 0, 0, False
    try:
        for line in read_log(where):
            lines += 1
            if line is None:
                foreign += 1
            else:
                at = line.at.isoformat(timespec="seconds").replace("+00:00", "Z") if line.at else None
                tally.add(line.who, line.method, line.path, at)
    except CutOff:
        cut_off = True
    return Printed("log", None, tally.report({}), lines, foreign, cut_off)


def _flat(printed: Printed) -> dict[str, Any]:
    """Put the report beside what it was made of."""
    about: dict[str, Any] = msgspec.to_builtins(printed)
    return {**{key: value for key, value in about.items() if key != "report"}, **about["report"]}


def _show(printed: Printed) -> None:
    for caller in printed.report.applications:
        _draw(caller)
    total = printed.report
    where = "in the log" if printed.days is None else f"in the last {printed.days} day{'s' * (printed.days > 1)}"
    if total.calls:
        print(f"{total.replaced:,} of {total.calls:,} calls of v2.0 {where} have a replacement in v3.")
    else:
        print(f"No calls of v2.0 {where}.")
    if total.unknown:
        print(f"{total.unknown:,} more were of paths that v2.0 does not have.")
    if total.others:
        print(f"{total.others:,} calls were of other versions, or something else.")
    if printed.lines is not None:
        print(f"{printed.lines:,} lines read, {printed.foreign_lines:,} of them no requests.")
    if printed.cut_off:
        print("The log ends in the middle.")


def _draw(caller: Caller) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from carwire.cli.drawing import console

    print(caller.client_id if caller.name is None else f"{caller.name} ({caller.client_id})")
    table = Table(header_style="dim", box=box.SIMPLE_HEAD)
    table.add_column("calls", justify="right")
    for heading in ("v2.0", "v3", "signals"):
        table.add_column(heading, overflow="fold")
    table.add_column("last seen", no_wrap=True)
    for call in caller.calls:
        table.add_row(*(Text(cell) for cell in _cells(call)))
    if caller.calls:
        console().print(table)
    if caller.unknown:
        print(f"  {caller.unknown:,} calls of paths that v2.0 does not have\n")


def _cells(call: Call) -> tuple[str, ...]:
    return (
        f"{call.calls:,}",
        f"{call.method} {call.route}",
        "\nor ".join(call.replaced_by) or "nothing",
        "\n".join(call.codes) if len(call.codes) > 1 else "",  # a single one is in the path
        call.last_seen or "",
    )
