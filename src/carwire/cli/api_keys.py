"""``carwire key`` and ``carwire usage``: keys of the lookup API and what is done with them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from carwire.cli.managing import managed

if TYPE_CHECKING:
    from carwire.core.lookup.keys import ApiKey


def create(
    client_id: str,
    *,
    name: str = "",
    public: bool = False,
    origin: list[str] | None = None,
    region: list[str] | None = None,
    feature: list[str] | None = None,
    default_region: str | None = None,
    rate: float | None = None,
    burst: int | None = None,
    base_quota: int | None = None,
    max_quota: int | None = None,
    json: bool = False,
    data: Path | None = None,
) -> None:
    """Make a key for an application and print it, this once.

    Parameters
    ----------
    client_id
        The application the key belongs to.
    name
        What you call it.
    public
        A key for pages: anybody can read it, so it tells nothing of single cars and works from `--origin` alone.
    origin
        Where a public key may be used, as https://shop.example; several times for several.
    region
        A region it may ask for; several times for several, none for all.
    feature
        A feature it may ask for; several times for several, none for all.
    default_region
        The region of a request that names none.
    rate
        Requests a second, on average, of each product.
    burst
        Requests at once; the rate when left out.
    base_quota
        Requests a month that are agreed; a number for the answer's headers.
    max_quota
        Requests a month after which it is refused.
    json
        Print JSON.
    data
        The server's data folder.
    """
    from carwire.core.lookup.keys import Rights

    rights = Rights(
        regions=tuple(region or ()),
        features=tuple(feature or ()),
        origins=tuple(origin or ()),
        default_region=default_region,
        rate=rate,
        burst=burst,
        base_quota=base_quota,
        max_quota=max_quota,
    )
    new = managed(data, lambda m: m.keys.create(client_id, "pub" if public else "sec", name, rights))
    if json:
        print(msgspec.json.encode({**_row(new.key), "api_key": new.secret.reveal()}).decode())
        return
    print(f"key_id    {new.key.id}\napi_key   {new.secret.reveal()}\n")
    print("The key is not shown again: only its digest is kept.")


def show(client_id: str | None = None, *, json: bool = False, data: Path | None = None) -> None:
    """List the keys, oldest first. The keys themselves are not shown.

    Parameters
    ----------
    client_id
        The application; without it those of all.
    json
        Print JSON.
    data
        The server's data folder.
    """
    rows = [_row(key) for key in managed(data, lambda m: m.keys.list(client_id))]
    if json:
        print(msgspec.json.encode(rows).decode())
        return
    for row in rows:
        end = f"  revoked {row['revoked_at']}" if row["revoked_at"] else ""
        print(f"{row['key_id']}  {row['begins']}…  {row['client_id']}  {row['name']}{end}".rstrip())
    if not rows:
        print("No keys yet: carwire key create CLIENT_ID")


def revoke(key_id: str, *, data: Path | None = None) -> None:
    """End a key at once, with the tokens that stand for it.

    Parameters
    ----------
    key_id
        The key, as the list names it.
    data
        The server's data folder.
    """
    managed(data, lambda m: m.keys.revoke(key_id))
    print(f"Revoked {key_id}.")


def usage(
    *,
    client_id: str | None = None,
    days: int = 30,
    by: str = "key,reference_id,day",
    reference_id: str | None = None,
    format: Literal["table", "csv", "json"] = "table",  # noqa: A002  # what the option is called
    data: Path | None = None,
) -> None:
    """Say what the keys were used for, as far as servers have written it down: they do so every second.

    Parameters
    ----------
    client_id
        The application; without it all.
    days
        How many days back, today included.
    by
        What to count by: some of key, reference_id, day, product, region, outcome.
    reference_id
        Only requests with this reference.
    format
        A table, CSV or JSON.
    data
        The server's data folder.
    """
    from carwire.core.errors import FieldProblem, InvalidInput
    from carwire.core.lookup.keys import GROUPS, RecordFilter
    from carwire.http.lookup.usage import csv_of

    names = [name.strip() for name in by.split(",") if name.strip()]
    if not 1 <= days <= 3660:
        raise InvalidInput(FieldProblem("days", "must be 1 to 3660"))
    if not set(names) <= set(GROUPS):
        raise InvalidInput(FieldProblem("by", f"is a list of {', '.join(GROUPS)}"))
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    wanted = RecordFilter(client_id=client_id, since=today - timedelta(days=days - 1), reference_id=reference_id)
    counts = managed(data, lambda m: m.lookup_usage.count(wanted, names))
    rows = [{**dict(zip(names, c.by, strict=True)), "requests": c.requests, "billable": c.billable} for c in counts]
    columns = (*names, "requests", "billable")
    if format == "json":
        print(msgspec.json.encode(rows).decode())
    elif format == "csv":
        sys.stdout.write(csv_of(columns, rows))
    else:
        _draw(columns, rows)


def _draw(columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    if not rows:
        print("Nothing was asked in this time.")
        return
    cells = [columns, *(tuple("-" if row[name] is None else str(row[name]) for name in columns) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _row(key: ApiKey) -> dict[str, Any]:
    return {
        "key_id": key.id,
        "client_id": key.client_id,
        "kind": key.kind,
        "name": key.name,
        "begins": key.shown,
        "created_at": key.created_at.isoformat(timespec="seconds"),
        "revoked_at": key.revoked_at.isoformat(timespec="seconds") if key.revoked_at else None,
        **msgspec.to_builtins(key.rights),
    }
