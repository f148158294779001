"""``carwire listen``: events as they happen, printed and forwarded, without an address the server could send to."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from carwire.core.errors import CannotStart, FieldProblem, InvalidInput
from carwire.core.webhooks import SigningKeys, Webhook
from carwire.kit.clock import utc_now
from carwire.kit.secrets import Secret
from carwire.kit.sse import Message
from carwire.kit.urls import check_url
from carwire.settings import read_settings

if TYPE_CHECKING:
    from carwire.app import Management
    from carwire.cli.following import Follower
    from carwire.cli.forwarding import Forwarder
    from carwire.core.delivery import Sent

TOKEN: Final = "CARWIRE_MANAGEMENT_TOKEN"  # noqa: S105  # the name of a variable
_PLACE: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,6})?")
_SHOWN: Final = 60  # characters of a value


class _As(msgspec.Struct, frozen=True):
    """As whom to listen; the webhook may stand in for one."""

    webhook: Webhook
    keys: SigningKeys


class _Demo(msgspec.Struct, frozen=True):
    client_id: str


def listen(
    *,
    forward: str | None = None,
    webhook: str | None = None,
    application: str | None = None,
    after: str | None = None,
    verify: bool = True,
    server: str | None = None,
    json: bool = False,
    data: Path | None = None,
) -> None:
    """Print what happens at an application's vehicles, until Ctrl-C. Broken connections are taken up where they broke.

    The application is the demo's, or the only one there is, unless it is named; its management token is in the data
    folder. From another machine give --server, and the token in CARWIRE_MANAGEMENT_TOKEN.

    Parameters
    ----------
    forward
        A URL each event is posted to, signed as a webhook would be; on this machine or in a private network any.
    webhook
        Tell what this webhook would be told, halted or not; else every change at every vehicle.
    application
        Client id of the application.
    after
        The number of the event after which to begin; 0 is as far back as events are kept. Else with the present.
    verify
        Send a challenge to the URL first, and say whether it is answered rightly.
    server
        Where the server answers, unless it runs on the data folder.
    json
        Print JSON, one line for each event.
    data
        The server's data folder.
    """
    settings = read_settings(os.environ, data=data)
    if forward is not None and (wrong := check_url(forward)):
        raise InvalidInput(FieldProblem("forward", wrong))
    if after is not None and not _PLACE.fullmatch(after):
        raise InvalidInput(FieldProblem("after", "must be the number of an event"))
    for name, text in (("webhook", webhook), ("application", application)):
        if text is not None and not _is_uuid(text):
            raise InvalidInput(FieldProblem(name, "must be a UUID"))
    find = _finder(settings.data, server)
    find()
    known = _who(settings.data, application, webhook)
    from carwire.cli.following import Follower
    from carwire.cli.forwarding import Forwarder

    token = known.keys.management_token
    assert token is not None
    follower = Follower(find, token, webhook=webhook, after=after, tell=_tell)
    forwarder = Forwarder(forward, known.keys, settings.webhook_networks) if forward else None
    asyncio.run(_run(follower, forwarder, known.webhook if verify else None, json=json))


async def _run(follower: Follower, forwarder: Forwarder | None, challenge: Webhook | None, *, json: bool) -> None:
    """Verify the receiver in the name of `challenge`, if there is one, and go on until interrupted."""
    try:
        if forwarder and challenge:
            objection = await forwarder.verify(challenge)
            _tell(
                f"The receiver does not answer the challenge: {objection}" if objection else "The receiver is verified."
            )
        _tell("Listening. Ctrl-C ends it.")
        async for message in follower.messages():
            await _each(message, forwarder, json=json)
    finally:
        if forwarder:
            await forwarder.close()


async def _each(message: Message, forwarder: Forwarder | None, *, json: bool) -> None:
    """Forward an event, and print it."""
    forwarded = None
    if forwarder and message.event in {"VEHICLE_STATE", "VEHICLE_ERROR"}:
        forwarded = await forwarder.forward(message.data)
    if json:
        print(_line(message, forwarded), flush=True)
        return
    shown = _ended(*forwarded) if forwarded else ""
    print(f"{utc_now():%H:%M:%S}  {message.id:>6}  {_sentence(message)}{shown}", flush=True)


def _line(message: Message, forwarded: tuple[Sent, int] | None) -> str:
    told: dict[str, object] = {"id": message.id, "event": message.event, "data": msgspec.Raw(message.data)}
    if forwarded:
        sent, attempts = forwarded
        told["forwarded"] = {
            "status": sent.status,
            "problem": sent.problem,
            "detail": sent.detail,
            "seconds": round(sent.seconds, 4),
            "attempts": attempts,
        }
    return msgspec.json.encode(told).decode()


def _ended(sent: Sent, attempts: int) -> str:
    how = f"{sent.status} in {sent.seconds * 1000:.0f} ms" if sent.problem is None else f"given up: {sent.detail}"
    return f"  → {how}{f', {attempts} attempts' if attempts > 1 else ''}"


def _sentence(message: Message) -> str:
    try:
        body = msgspec.json.decode(message.data)
        if message.event == "gap":
            return f"Nothing is kept between {body['after']} and {body['goesOnAfter']}: going on there."
        car = body["data"]["vehicle"]
        name = f"{car['make']} {car['model']} {car['id'][:8]}"
        if message.event == "VEHICLE_ERROR":
            told = [f"{each['type']}:{each['code']} {each['state'].lower()}" for each in body["data"]["errors"]]
        else:
            told = [_signal(each) for each in body["data"]["signals"]]
    except (msgspec.DecodeError, LookupError, TypeError, AttributeError):  # of another version
        return f"{message.event}  {message.data[:_SHOWN].decode('utf-8', 'replace')}"
    return f"{message.event}  {name}  {', '.join(told)}"


def _signal(row: dict[str, Any]) -> str:
    body = row.get("body")
    if body is None:
        return f"{row['code']} {row['status']['value'].lower()}"
    value = body.get("value", body)
    text = msgspec.json.encode(value).decode()
    unit = f" {body['unit']}" if "unit" in body else ""
    return f"{row['code']} = {text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}{unit}"


def _tell(text: str) -> None:
    """Say something that is no event."""
    print(text, file=sys.stderr, flush=True)


# --- where, and as whom


def _finder(folder: Path, server: str | None) -> Callable[[], str]:
    """Return what says where the server is: one that was started anew may be at another port."""
    last = server

    def find() -> str:
        nonlocal last
        from carwire.cli.running import find_base_url

        last = server or find_base_url(folder) or last
        if last is None:
            msg = f"no server runs on {folder}: start one with carwire up, or name one with --server"
            raise CannotStart(msg)
        return last.rstrip("/")

    return find


def _who(folder: Path, client_id: str | None, webhook_id: str | None) -> _As:
    """Find the management token, and with a webhook its secrets. Given by the environment, the data folder is not
    looked at, and nothing is signed with a webhook's own secrets.
    """
    given = os.environ.get(TOKEN)
    if given:
        return _As(_stand_in(client_id, webhook_id), SigningKeys(Secret(given), ()))
    from carwire.cli.managing import managed

    async def find(management: Management) -> _As:
        known = client_id or await _only(folder, management)
        token = await management.accounts.management_token(known)
        if token is None:
            raise InvalidInput(FieldProblem("application", f"no management token of {known[:60]!a} is kept"))
        if webhook_id is None:
            return _As(_stand_in(known, None), SigningKeys(token, ()))
        webhook = await management.webhooks.get(known, webhook_id)
        return _As(webhook, await management.webhooks.signing_keys(known, webhook_id))

    return managed(folder, find)


async def _only(folder: Path, management: Management) -> str:
    """Return the client id of the demo application, or of the only one there is."""
    known = [each.client_id for each in await management.accounts.list()]
    try:
        demo = msgspec.json.decode((folder / "demo.json").read_bytes(), type=_Demo)
    except (OSError, msgspec.MsgspecError):
        demo = None
    if demo and demo.client_id in known:
        return demo.client_id
    if len(known) != 1:
        raise InvalidInput(FieldProblem("application", f"there are {len(known)}: name one with --application"))
    return known[0]


def _stand_in(client_id: str | None, webhook_id: str | None) -> Webhook:
    """Return a webhook for the challenge where there is none, or it is not known."""
    nobody = str(UUID(int=0))
    return Webhook(webhook_id or client_id or nobody, client_id or nobody, "carwire listen", "", utc_now())


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
