"""What became of a command. Source: the v3 wire contract, sections 8 and 9."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from carwire_client.models.ga.base import Resource, member
from carwire_client.models.ga.readings import SUCCESS, Trouble


class Execution(Resource, frozen=True, kw_only=True):
    """A command, or a change of a charge schedule, and what became of it.

    - `command_type`: such as ``charge-set-limit``; null of a charge schedule
    - `status`: ``SUCCESS``, ``ERROR`` or ``IN_PROGRESS``; `error` says why it did not succeed
    - `parameters`: those that were sent
    - `executed_at`, `completed_at`: aware, in UTC; `duration` is the time between, all null where not told
    - of a charge schedule: `action` is ``create`` or ``delete``, `schedule_type` ``daily``, ``weekly`` or ``workweek``
    """

    command_type: str | None = None
    status: str = SUCCESS
    error: Trouble | None = None
    execution_mode: str | None = None
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    executed_at: datetime | None = None
    completed_at: datetime | None = None
    duration: timedelta | None = None
    action: str | None = None
    schedule_type: str | None = None
    schedule_id: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.status == SUCCESS


def execution_flat(body: dict[str, Any]) -> dict[str, Any]:
    """Take the status apart, whose error stands in it, and read the duration."""
    attributes = member(body, "attributes")
    status = member(attributes, "status")
    return {
        "status": status.get("value", SUCCESS),
        "error": status.get("error"),
        "parameters": attributes.get("parameters") or {},
        "duration": _seconds(member(body, "meta").get("durationInSeconds")),
    }


def _seconds(value: Any) -> timedelta | None:
    """Return a length of time; null for what is none."""
    try:
        return timedelta(seconds=value)
    except (TypeError, ValueError, OverflowError):
        return None
