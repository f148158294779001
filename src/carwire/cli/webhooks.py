"""``carwire webhook``: where applications want to hear of changes. Made, changed, deleted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import UNSET

from carwire.cli.managing import managed
from carwire.cli.webhook_looks import said_of, short, show_values, whole
from carwire.core.errors import FieldProblem, InvalidInput
from carwire.core.signals.units import UnitSystem
from carwire.core.triggers import CONDITIONS, Trigger
from carwire.core.webhooks import DEFAULT_CONCURRENCY, Every, Form, Version, Webhook
from carwire.services.webhooks.managing import NewWebhook, Wanted
from carwire.services.webhooks.verifying import Verified

if TYPE_CHECKING:
    from carwire.app import Management

EventName = Literal["scheduled", "schedule"]
Clearable = Literal["error-url", "triggers", "signals", "every"]
_TRUTHS = {"true": True, "false": False}


def create(
    client_id: str,
    name: str,
    url: str,
    *,
    trigger: list[str] | None = None,
    signal: list[str] | None = None,
    error_url: str | None = None,
    cool_down: int = 0,
    auto_subscribe: bool = False,
    payload: Version = "4.0",
    unit_system: UnitSystem = "metric",
    every: Every | None = None,
    event_name: EventName = "scheduled",
    newer_triggers: bool = False,
    concurrency: int = DEFAULT_CONCURRENCY,
    json: bool = False,
    data: Path | None = None,
) -> None:
    """Make a webhook that vehicles of an application can be subscribed to, and ask its receiver to prove itself.

    Parameters
    ----------
    client_id
        The application.
    name
        What to call it.
    url
        Where it is delivered.
    trigger
        A signal whose changes are told: CODE, or with a condition 'CODE falls_below 20'. Several times for several.
    signal
        A signal that is told then; give it several times for several.
    error_url
        Where errors are delivered, when not to the same URL.
    cool_down
        For how many seconds each trigger rests after it has fired.
    auto_subscribe
        Subscribe every live vehicle, now and later.
    payload
        The version of what is sent.
    unit_system
        Units of what is sent.
    every
        Tell all signals at each of these intervals, too.
    event_name
        What version 2.0 calls that.
    newer_triggers
        Put triggers and times where the newer documentation has them, too.
    concurrency
        How many requests it gets at once.
    json
        Print JSON.
    data
        The server's data folder.
    """
    wanted = Wanted(
        name=name,
        url=url,
        error_url=error_url,
        triggers=tuple(trigger_of(each, cool_down) for each in trigger or ()),
        signals=tuple(signal or ()),
        auto_subscribe=auto_subscribe,
        version=payload,
        form=Form(unit_system, every, event_name, newer_triggers, concurrency),
    )
    made, verified = managed(data, lambda m: _create(m, client_id, wanted))
    shown = {**short(verified.webhook), "secret": made.secret.reveal(), "objection": verified.objection}
    if json:
        print(msgspec.json.encode(shown).decode())
        return
    show_values({key: value for key, value in shown.items() if key != "objection"})
    print("\nThe secret is not shown again: it is kept sealed.\n")
    print(said_of(verified))


def change(
    client_id: str,
    webhook_id: str,
    *,
    name: str | None = None,
    url: str | None = None,
    trigger: list[str] | None = None,
    signal: list[str] | None = None,
    error_url: str | None = None,
    cool_down: int = 0,
    auto_subscribe: bool | None = None,
    payload: Version | None = None,
    unit_system: UnitSystem | None = None,
    every: Every | None = None,
    event_name: EventName | None = None,
    newer_triggers: bool | None = None,
    concurrency: int | None = None,
    clear: list[Clearable] | None = None,
    data: Path | None = None,
) -> None:
    """Change a webhook; what is left out stays. With another URL its receiver is asked to prove itself anew.

    Parameters
    ----------
    client_id
        The application.
    webhook_id
        The webhook.
    name
        What to call it.
    url
        Where it is delivered.
    trigger
        What is told of, in place of all triggers so far; as in carwire webhook create.
    signal
        What is told then, in place of all signals so far.
    error_url
        Where errors are delivered.
    cool_down
        For how many seconds each of the triggers given here rests after it has fired.
    auto_subscribe
        Subscribe every live vehicle, now and later.
    payload
        The version of what is sent.
    unit_system
        Units of what is sent.
    every
        Tell all signals at each of these intervals, too.
    event_name
        What version 2.0 calls that.
    newer_triggers
        Put triggers and times where the newer documentation has them, too.
    concurrency
        How many requests it gets at once.
    clear
        What it shall not have any more; several times for several.
    data
        The server's data folder.
    """
    gone = set(clear or ())
    triggers = tuple(trigger_of(each, cool_down) for each in trigger or ())
    given = {
        "name": name,
        "url": url,
        "triggers": triggers if trigger or "triggers" in gone else None,
        "signals": tuple(signal or ()) if signal or "signals" in gone else None,
        "error_url": error_url,
        "auto_subscribe": auto_subscribe,
        "version": payload,
    }
    members: dict[str, Any] = {key: UNSET if value is None else value for key, value in given.items()}
    if "error-url" in gone:
        members["error_url"] = None
    form = {
        "unit_system": unit_system,
        "every": every,
        "event_name": event_name,
        "newer_triggers": newer_triggers,
        "concurrency": concurrency,
    }
    changes: dict[str, Any] = {key: value for key, value in form.items() if value is not None}
    if "every" in gone:
        changes["every"] = None
    changed, verified = managed(data, lambda m: _change(m, client_id, webhook_id, members, changes))
    show_values({key: value for key, value in whole(changed).items() if value not in (None, [])})
    if verified:
        print(f"\n{said_of(verified)}")


def delete(client_id: str, webhook_id: str, *, data: Path | None = None) -> None:
    """Delete a webhook with its subscriptions and deliveries.

    Parameters
    ----------
    client_id
        The application.
    webhook_id
        The webhook.
    data
        The server's data folder.
    """
    managed(data, lambda m: m.webhooks.delete(client_id, webhook_id))
    print(f"Deleted {webhook_id}.")


def trigger_of(text: str, cool_down_s: int) -> Trigger:
    """Read a trigger. Raises `InvalidInput`.

    >>> trigger_of("tractionbattery-stateofcharge falls_below 20", 60)
    Trigger(code='tractionbattery-stateofcharge', condition='falls_below', value=20.0, cool_down_s=60)
    """
    code, _, rest = text.strip().partition(" ")
    condition, _, value = rest.strip().partition(" ")
    given = {"code": code, "condition": condition or "changes", "value": _value(value.strip())}
    try:
        return msgspec.convert({**given, "cool_down_s": cool_down_s}, Trigger)
    except msgspec.ValidationError as error:
        wrong = str(error) if condition in {"", *CONDITIONS} else f"the condition is one of {', '.join(CONDITIONS)}"
        raise InvalidInput(FieldProblem("trigger", f"{text!a}: {wrong}")) from None


def _value(text: str) -> bool | float | str | None:
    try:
        return _TRUTHS[text] if text in _TRUTHS else float(text)
    except ValueError:
        return text or None


async def _create(m: Management, client_id: str, wanted: Wanted) -> tuple[NewWebhook, Verified]:
    made = await m.webhooks.create(client_id, wanted)
    return made, await m.verifying.verify(made.webhook)


async def _change(
    m: Management, client_id: str, webhook_id: str, members: dict[str, Any], form: dict[str, Any]
) -> tuple[Webhook, Verified | None]:
    before = await m.webhooks.get(client_id, webhook_id)
    if form:
        members = {**members, "form": msgspec.structs.replace(before.form, **form)}
    changed = await m.webhooks.change(client_id, webhook_id, Wanted(**members))
    verified = await m.verifying.verify_changed(before, changed)
    return verified.webhook if verified else changed, verified
