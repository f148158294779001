"""Triggers: when a webhook is told of a changed signal. Pure: change, moment, and when it fired last are arguments.

>>> low = Trigger("tractionbattery-stateofcharge", "falls_below", 20)
>>> low.fires(20.4, 19.8), low.fires(19.8, 19.1)
(True, False)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, get_args

import msgspec
from msgspec import Meta

from carwire.core.errors import FieldProblem
from carwire.core.events import Change
from carwire.core.signals.catalogue import signals
from carwire.core.signals.reading import Value

Condition = Literal["changes", "becomes", "leaves", "rises_above", "falls_below"]
CONDITIONS: Final = get_args(Condition)
MAX_COOL_DOWN_S: Final = 7 * 86_400
_OVER_NUMBERS: Final = frozenset({"rises_above", "falls_below"})


class Trigger(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A signal's code and which of its changes are told: each, or one to or from `value`, or past `value` upwards or
    downwards, in the canonical unit. After it has fired it rests for `cool_down_s` seconds, per car and owner.
    """

    code: str
    condition: Condition = "changes"
    value: bool | float | str | None = None
    cool_down_s: Annotated[int, Meta(ge=0, le=MAX_COOL_DOWN_S)] = 0

    def fires(self, old: Value, new: Value) -> bool:
        """Tell whether a change from `old` to `new` is one that is told."""
        match self.condition:
            case "changes":
                return True
            case "becomes":
                return old != self.value and new == self.value
            case "leaves":
                return old == self.value and new != self.value
            case "rises_above":
                return _number(old) <= self._limit < _number(new)
            case "falls_below":
                return _number(old) >= self._limit > _number(new)

    @property
    def _limit(self) -> float:
        return _number(self.value)


def fired(
    triggers: tuple[Trigger, ...], changes: tuple[Change, ...], last: Mapping[str, datetime], at: datetime
) -> tuple[Trigger, ...]:
    """Return the triggers that fire at the changes of one event; `last` is when each, by its name, fired last."""
    changed = {change.code: change for change in changes}
    return tuple(
        trigger
        for trigger in triggers
        if (change := changed.get(trigger.code))
        and trigger.fires(change.old, change.new)
        and _has_rested(trigger, last.get(name_of(trigger)), at)
    )


def name_of(trigger: Trigger) -> str:
    """Return what a trigger's last firing is kept under."""
    return f"{trigger.code} {trigger.condition} {trigger.value}"


def trigger_problems(trigger: Trigger) -> list[FieldProblem]:
    """Return what is wrong with a trigger somebody wants to keep."""
    signal = signals().get(trigger.code)
    if signal is None:
        return [FieldProblem("triggers", f"{trigger.code[:60]!a} is no signal")]
    if trigger.condition == "changes":
        wrong = "takes no value" if trigger.value is not None else None
    elif trigger.value is None:
        wrong = "needs a value"
    elif trigger.condition in _OVER_NUMBERS and (isinstance(trigger.value, bool | str) or not signal.scalar):
        wrong = "compares numbers"
    else:
        wrong = None
    return [FieldProblem("triggers", f"{trigger.code}: {trigger.condition} {wrong}")] if wrong else []


def _has_rested(trigger: Trigger, last: datetime | None, at: datetime) -> bool:
    """One that needs no rest always has: events follow each other though the clocks of two servers may not."""
    return last is None or not trigger.cool_down_s or at - last >= timedelta(seconds=trigger.cool_down_s)


def _number(value: Value) -> float:
    """What is no number is neither above nor below anything."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")
