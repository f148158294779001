"""What was: visits to the workshop, and charging sessions of makes that keep them. Newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from carwire.core.signals.reading import Snapshot
from carwire.kit.clock import timestamp
from carwire.wire.v2.readings import (
    Context,
    as_fraction,
    as_moment,
    as_number,
    as_rows,
    as_text,
    needed,
    rows,
)

SERVICE: Final = ("service-records",)
CHARGE_RECORDS: Final = ("charge-chargerecords",)
RECORDS_A_PAGE: Final = 50
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class ServiceTask(msgspec.Struct, frozen=True, rename="camel"):
    """Something that was done."""

    task_id: str | None
    task_description: str | None


class ServiceDetail(msgspec.Struct, frozen=True):
    """Something else that is known of a visit."""

    type: str | None
    value: str | None


class ServiceCost(msgspec.Struct, frozen=True, rename="camel"):
    """What it cost; `currency` as in ISO 4217."""

    total_cost: float | None
    currency: str | None


class ServiceRecord(msgspec.Struct, frozen=True, rename="camel"):
    """One visit to the workshop. `odometerDistance` in km or miles."""

    service_id: str | None
    service_date: str | None
    odometer_distance: float | None
    service_tasks: tuple[ServiceTask, ...]
    service_details: tuple[ServiceDetail, ...]
    service_cost: ServiceCost


class ChargeRecordCost(msgspec.Struct, frozen=True, rename="camel"):
    """What a charge cost: for its energy, and besides."""

    currency: str | None
    energy_amount: float | None
    other_amount: float | None


class ChargeRecordPlace(msgspec.Struct, frozen=True):
    """Where it was."""

    name: str | None
    address: str | None
    latitude: float | None
    longitude: float | None


class ChargeRecord(msgspec.Struct, frozen=True, rename="camel"):
    """One charging session. `energyAdded` in kWh; states of charge from 0 to 1.

    No source documents the members of v2.0's records: they are those of the later signal, spelled as v2.0 spells.
    """

    id: str | None
    start_time: str | None
    end_time: str | None
    energy_added: float | None
    start_state_of_charge: float | None
    end_state_of_charge: float | None
    is_public_charger: bool | None
    connector_type: str | None
    cost: ChargeRecordCost
    location: ChargeRecordPlace


class ChargeRecordsBody(msgspec.Struct, frozen=True):
    """The charging sessions within the dates asked for."""

    records: tuple[ChargeRecord, ...]


class ChargeRecordPages(msgspec.Struct, frozen=True, rename="camel"):
    """One page of charging sessions, and whether there is another."""

    records: tuple[ChargeRecord, ...]
    has_more_data: bool


def service_history(snapshot: Snapshot, context: Context) -> list[ServiceRecord]:
    """Write the visits between `context.starts_at` and `context.ends_at`; those of no known date stand last."""
    listed = needed(rows(snapshot, SERVICE[0], context.system), snapshot, SERVICE, context)
    return [_visit(row) for row in _newest_first(listed, "time", context)]


def charge_records(snapshot: Snapshot, context: Context) -> ChargeRecordsBody:
    """Write every charging session within the bounds."""
    return ChargeRecordsBody(_sessions(snapshot, context))


def charge_record_pages(snapshot: Snapshot, context: Context) -> ChargeRecordPages:
    """Write a page of the charging sessions within the bounds."""
    found = _sessions(snapshot, context)
    end = max(context.page, 1) * RECORDS_A_PAGE
    return ChargeRecordPages(found[end - RECORDS_A_PAGE : end], len(found) > end)


def _sessions(snapshot: Snapshot, context: Context) -> tuple[ChargeRecord, ...]:
    listed = needed(rows(snapshot, CHARGE_RECORDS[0]), snapshot, CHARGE_RECORDS, context)
    return tuple(_session(row) for row in _newest_first(listed, "startTime", context))


def _newest_first(listed: list[dict[str, Any]], name: str, context: Context) -> list[dict[str, Any]]:
    dated = [(as_moment(row.get(name)), row) for row in listed]
    within = [(moment or _LONG_AGO, row) for moment, row in dated if context.covers(moment)]
    return [row for _, row in sorted(within, key=lambda each: each[0], reverse=True)]


def _visit(row: dict[str, Any]) -> ServiceRecord:
    cost = row.get("cost")
    cost = cost if isinstance(cost, dict) else {}
    tasks, details = as_rows(row.get("tasks")) or [], as_rows(row.get("details")) or []
    return ServiceRecord(
        as_text(row.get("id")),
        _written(row.get("time")),
        as_number(row.get("odometer")),
        tuple(ServiceTask(as_text(each.get("id")), as_text(each.get("description"))) for each in tasks),
        tuple(ServiceDetail(as_text(each.get("id")), as_text(each.get("description"))) for each in details),
        ServiceCost(as_number(cost.get("amount")), as_text(cost.get("currency"))),
    )


def _session(row: dict[str, Any]) -> ChargeRecord:
    cost, place = row.get("cost"), row.get("location")
    cost = cost if isinstance(cost, dict) else {}
    place = place if isinstance(place, dict) else {}
    public = row.get("isPublicCharger")
    return ChargeRecord(
        as_text(row.get("id")),
        _written(row.get("startTime")),
        _written(row.get("endTime")),
        as_number(row.get("energyAdded")),
        as_fraction(as_number(row.get("startStateOfCharge"))),
        as_fraction(as_number(row.get("endStateOfCharge"))),
        public if isinstance(public, bool) else None,
        as_text(row.get("connectorType")),
        ChargeRecordCost(
            as_text(cost.get("currency")), as_number(cost.get("energyAmount")), as_number(cost.get("otherAmount"))
        ),
        ChargeRecordPlace(
            as_text(place.get("name")),
            as_text(place.get("address")),
            as_number(place.get("latitude")),
            as_number(place.get("longitude")),
        ),
    )


def _written(text: object) -> str | None:
    moment = as_moment(text)
    return timestamp(moment) if moment else None
