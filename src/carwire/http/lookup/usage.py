"""``GET /v1/usage`` and ``/v2/usage``: what an account's keys were used for, as JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import msgspec

from carwire.core.lookup.asking import read_count, read_reference
from carwire.core.lookup.keys import GROUPS, PRODUCTS, ApiKey, Record, RecordFilter
from carwire.core.lookup.refusal import LookupRefused
from carwire.http.call import Answer, Call, json_answer
from carwire.http.lookup.calls import parameters, proofs_of, refusal
from carwire.services.lookup.keys import KeyService
from carwire.services.lookup.usage import LookupUsageService

_CSV: Final = b"text/csv; charset=utf-8"
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for a formula
_FIRST, _LAST = date(1970, 1, 1), date(9000, 1, 1)  # nothing was used before or after


class UsageBody(msgspec.Struct, frozen=True):
    """Counts: one row a group, with the values of what was grouped by."""

    success: bool
    usage: list[dict[str, Any]]


class RecordBody(msgspec.Struct, frozen=True):
    """One answered request."""

    id: str
    at: str
    account_id: str
    key_id: str
    product: str
    region: str | None
    reference_id: str | None
    features: list[str]
    status: int
    outcome: str
    billable: bool
    latency_ms: float
    subject_hash: str | None


class RecordsBody(msgspec.Struct, frozen=True):
    """A page of records, oldest first; `next_cursor` is null on the last one."""

    success: bool
    records: list[RecordBody]
    next_cursor: str | None


class UsageHandlers:
    """Handlers over two services. A public key reads nothing: anybody can have it."""

    def __init__(self, keys: KeyService, usage: LookupUsageService) -> None:
        self._keys = keys
        self._usage = usage

    async def counts(self, call: Call) -> Answer:
        """Count the account's requests, grouped by `group_by`: key, reference_id, day, product, region, outcome."""
        return await self._as(call, self._count)

    async def records(self, call: Call) -> Answer:
        """Page through the records of the account's requests, oldest first."""
        return await self._as(call, self._page)

    async def _as(self, call: Call, answer: Callable[[ApiKey, Mapping[str, str]], Awaitable[Answer]]) -> Answer:
        try:
            key = await self._keys.recognise(proofs_of(call))
            if key.kind == "pub":
                raise LookupRefused("feature_not_allowed", "A public key may not read usage")
            return await answer(key, parameters(call.query))
        except Exception as error:
            return refusal(error, call)

    async def _count(self, key: ApiKey, values: Mapping[str, str]) -> Answer:
        by = [name.strip() for name in values.get("group_by", "key,reference_id,day").split(",") if name.strip()]
        unknown = [name for name in by if name not in GROUPS]
        if unknown or len(set(by)) != len(by):
            raise LookupRefused("invalid_parameter", f"group_by is a list of {', '.join(GROUPS)}, each once")
        found = await self._usage.count(_filter(key, values), by)
        rows = [
            {**dict(zip(by, count.by, strict=True)), "requests": count.requests, "billable": count.billable}
            for count in found
        ]
        if _wants_csv(values):
            return _csv((*by, "requests", "billable"), rows)
        return json_answer(UsageBody(True, rows))

    async def _page(self, key: ApiKey, values: Mapping[str, str]) -> Answer:
        limit = read_count(values, "limit", 100, 1000)
        cursor = values.get("cursor")
        if cursor is not None and len(cursor) > 64:
            raise LookupRefused("invalid_parameter", "cursor is one this call has given")
        records, following = await self._usage.records(_filter(key, values), limit, cursor)
        bodies = [_body(record) for record in records]
        if _wants_csv(values):
            rows = [{**msgspec.to_builtins(body), "features": ",".join(body.features)} for body in bodies]
            return _csv(RecordBody.__struct_fields__, rows)
        return json_answer(RecordsBody(True, bodies, following))


def _filter(key: ApiKey, values: Mapping[str, str]) -> RecordFilter:
    product = values.get("product")
    if product is not None and product not in PRODUCTS:
        raise LookupRefused("invalid_parameter", f"product is one of {', '.join(PRODUCTS)}")
    until = _day(values, "to")
    return RecordFilter(
        client_id=key.client_id,
        since=_day(values, "from"),
        until=None if until is None else until + timedelta(days=1),
        key_id=values.get("key"),
        reference_id=read_reference(values.get("reference_id")),
        product=product,
    )


def _day(values: Mapping[str, str], name: str) -> datetime | None:
    text = values.get(name)
    if text is None:
        return None
    try:
        if len(text) != 10:
            raise ValueError
        day = date.fromisoformat(text)
    except ValueError:
        raise LookupRefused("invalid_parameter", f"{name} is a day, as 2026-11-21 is one") from None
    return datetime.combine(min(max(day, _FIRST), _LAST), time(), UTC)


def _wants_csv(values: Mapping[str, str]) -> bool:
    form = values.get("format", "json")
    if form not in {"json", "csv"}:
        raise LookupRefused("invalid_parameter", "format is json or csv")
    return form == "csv"


def _body(record: Record) -> RecordBody:
    return RecordBody(
        id=record.id,
        at=record.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        account_id=record.client_id,
        key_id=record.key_id,
        product=record.product,
        region=record.region,
        reference_id=record.reference_id,
        features=list(record.features),
        status=record.status,
        outcome=record.outcome,
        billable=record.billable,
        latency_ms=record.latency_us / 1000,
        subject_hash=record.subject,
    )


def _csv(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Answer:
    return Answer(csv_of(names, rows).encode(), content_type=_CSV)


def csv_of(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Write rows as CSV. A reference that a spreadsheet would take for a formula is given an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_RISKY):
        return f"'{value}"
    return str(value).lower() if isinstance(value, bool) else value
