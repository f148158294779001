"""The calls that command a car, and what became of them. Source: the wire contract, section 8.

The contract names every published command; of the charge port's two it has one third-party reading. It shows an
execution that succeeded; how one that is under way or failed looks when it is read later is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from carwire.core.commands import COMMANDS, CommandRecord, State, check_command
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.wire.v3.asking import ATTRIBUTES, attributes_of, no_attributes
from carwire.wire.v3.envelope import Single, View, single, stamp
from carwire.wire.v3.signals import SignalError, error_status

_PREFIX: Final = "exec_"
_HEX: Final = frozenset("0123456789abcdef")

ExecutionValue = Literal["SUCCESS", "ERROR", "IN_PROGRESS"]


class _Attributes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class SetLimit(_Attributes, frozen=True):
    """How far the battery is to be charged."""

    percent: Annotated[int, Meta(ge=50, le=100, description="a whole number from 50 to 100")]


class SetDestination(_Attributes, frozen=True):
    """Where to navigate to; degrees, WGS 84."""

    latitude: Annotated[float, Meta(ge=-90, le=90, description="a number from -90 to 90")]
    longitude: Annotated[float, Meta(ge=-180, le=180, description="a number from -180 to 180")]


class CommandCall(msgspec.Struct, frozen=True):
    """One call. `suffix` stands behind ``/vehicles/{vehicleId}/commands``; a null `attributes` takes no body."""

    suffix: str
    command: str
    attributes: type[msgspec.Struct] | None = None

    @property
    def permission(self) -> str:
        """What the owner must have granted."""
        return COMMANDS[self.command].permission


class Order(msgspec.Struct, frozen=True):
    """What a call comes to: a command of the core, with arguments it takes."""

    command: str
    arguments: Mapping[str, object]


class ExecutionStatus(msgspec.Struct, frozen=True):
    """How a command ended, or that it has not."""

    value: ExecutionValue
    error: SignalError | UnsetType = UNSET


class ExecutionAttributes(msgspec.Struct, frozen=True, rename="camel"):
    """What was done. `parameters` are there if the command has any."""

    command_type: str
    status: ExecutionStatus
    execution_mode: Literal["sync"]
    parameters: dict[str, Any] | UnsetType = UNSET


class ExecutionMeta(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """When it was begun and ended, ISO 8601, and the seconds between."""

    executed_at: str
    completed_at: str | UnsetType = UNSET
    duration_in_seconds: float | UnsetType = UNSET


class ExecutionResource(msgspec.Struct, frozen=True, kw_only=True):
    """A command that was carried out."""

    id: str
    type: Literal["command-execution"] = "command-execution"
    attributes: ExecutionAttributes
    meta: ExecutionMeta


_ROWS: Final = (
    CommandCall("/charge/start", "charge-start"),
    CommandCall("/charge/stop", "charge-stop"),
    CommandCall("/charge/set-limit", "charge-set-limit", SetLimit),
    CommandCall("/charge-port/open", "charge-port-open"),
    CommandCall("/charge-port/close", "charge-port-close"),
    CommandCall("/security/lock", "security-lock"),
    CommandCall("/security/unlock", "security-unlock"),
    CommandCall("/navigation/set-destination", "navigation-set-destination", SetDestination),
)
# What stands behind ``/vehicles/{vehicleId}/commands`` → its row.
CALLS: Final[dict[str, CommandCall]] = {row.suffix: row for row in _ROWS}


def read_command(call: CommandCall, body: object) -> Order:
    """Read a decoded JSON body; no body at all is null. Raises `InvalidInput` naming the field as on the wire."""
    arguments: dict[str, object] = {}
    if call.attributes is None:
        no_attributes(body)
    else:
        arguments = msgspec.structs.asdict(attributes_of(body, call.attributes))
    try:
        check_command(call.command, arguments)
    except InvalidInput as error:
        raise InvalidInput(*(FieldProblem(f"{ATTRIBUTES}.{f.field}", f.message) for f in error.fields)) from None
    return Order(call.command, arguments)


def execution_id(command_id: str) -> str:
    """Return the wire's id of a command.

    >>> execution_id("7d2c5b18-94ae-4c03-b6f1-e85a30d7c249")
    'exec_7d2c5b1894ae4c03b6f1e85a30d7c249'
    """
    return _PREFIX + command_id.replace("-", "")


def command_id(execution: str) -> str | None:
    """Return the id of the command an execution's id stands for, null for one that is none of ours."""
    digits = execution.removeprefix(_PREFIX)
    if digits == execution or len(digits) != 32 or not _HEX.issuperset(digits):
        return None
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def execution_resource(record: CommandRecord, view: View) -> ExecutionResource:
    """Write a command as a resource, without what an answer wraps it in."""
    return ExecutionResource(
        id=execution_id(record.id),
        attributes=ExecutionAttributes(
            record.name, execution_status(record, view), "sync", dict(record.arguments) or UNSET
        ),
        meta=execution_meta(record),
    )


def execution_body(record: CommandRecord, view: View) -> ExecutionResource | Single[ExecutionResource]:
    """Answer a command that is done. Why one is not done is an error body."""
    return single(execution_resource(record, view), view)


def execution_status(record: CommandRecord, view: View) -> ExecutionStatus:
    """Write how a command ended; of one that did not end well, the reason."""
    if record.state == "done":
        return ExecutionStatus("SUCCESS")
    if record.state in _UNDER_WAY:
        return ExecutionStatus("IN_PROGRESS")
    kind = record.problem.kind if record.problem else "UPSTREAM:NO_RESPONSE"
    return ExecutionStatus("ERROR", error_status(kind, view.generation).error)


def execution_meta(record: CommandRecord) -> ExecutionMeta:
    """Write the times of a command: it is begun when it is sent, or was to be."""
    begun_at = record.sent_at or record.accepted_at
    if record.ended_at is None:
        return ExecutionMeta(stamp(begun_at))
    seconds = round(max(0.0, (record.ended_at - begun_at).total_seconds()), 3)
    whole = int(seconds)
    return ExecutionMeta(stamp(begun_at), stamp(record.ended_at), whole if whole == seconds else seconds)


_UNDER_WAY: Final[frozenset[State]] = frozenset({"accepted", "sent"})
