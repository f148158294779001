"""``carwire conformance``: what holds at a server of this wire and what does not, per endpoint and per SDK."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from cyclopts import Parameter

from carwire.core.errors import FieldProblem, InvalidInput
from carwire.kit.secrets import Secret
from carwire.kit.urls import check_url

if TYPE_CHECKING:
    from carwire.conformance import Access, Finding, Report

# Field of what an operator has → the variables it is read from, the first one that is set.
_VARIABLES: Final = {
    "client_id": ("CARWIRE_CLIENT_ID", "SMARTCAR_CLIENT_ID"),
    "client_secret": ("CARWIRE_CLIENT_SECRET", "SMARTCAR_CLIENT_SECRET"),
    "management_token": ("CARWIRE_MANAGEMENT_TOKEN",),
    "redirect_uri": ("CARWIRE_REDIRECT_URI", "SMARTCAR_REDIRECT_URI"),
    "access_token": ("CARWIRE_ACCESS_TOKEN",),
    "refresh_token": ("CARWIRE_REFRESH_TOKEN",),
    "v3_client_id": ("CARWIRE_V3_CLIENT_ID",),
    "v3_client_secret": ("CARWIRE_V3_CLIENT_SECRET",),
    "user_id": ("CARWIRE_USER_ID",),
}
_SECRET: Final = {"client_secret", "management_token", "access_token", "refresh_token", "v3_client_secret"}
_STYLES: Final = {"holds": "green", "fails": "bold red", "not asked": "dim"}


class _Demo(msgspec.Struct, frozen=True):
    """What a ``demo.json`` says that is of use here."""

    client_id: str
    client_secret: str
    application_management_token: str = ""
    redirect_uris: list[str] = []
    v3_client_id: str = ""
    v3_client_secret: str = ""
    user_id: str = ""


def conformance(
    url: str,
    *,
    demo: Path | None = None,
    commands: bool = False,
    timeout: Annotated[float, Parameter(name="--timeout")] = 60.0,
    json: bool = False,
) -> None:
    """Say what of this wire holds at a server and what does not, for each endpoint; status 1 when anything fails.

    Credentials come from a demo.json, or from the environment: CARWIRE_CLIENT_ID and CARWIRE_CLIENT_SECRET (or the
    names SMARTCAR_…), CARWIRE_MANAGEMENT_TOKEN, CARWIRE_V3_CLIENT_ID and CARWIRE_V3_CLIENT_SECRET, and either
    CARWIRE_ACCESS_TOKEN, or CARWIRE_REFRESH_TOKEN, which is used up, or CARWIRE_REDIRECT_URI, with which simulated cars
    are connected and disconnected again. What is missing is not asked. Nobody but the server is asked, and no car is
    told to do anything.

    Parameters
    ----------
    url
        Where the server answers.
    demo
        The demo.json of a Carwire.
    commands
        Send commands to a car of the token, too: it unlocks, locks, starts and stops charging, and gets a destination.
    timeout
        Seconds to wait for an answer.
    json
        Print JSON.
    """
    if wrong := check_url(url) or ("must have no query (?)" if "?" in url else None):
        raise InvalidInput(FieldProblem("url", wrong))
    if not 0 < timeout <= 600:
        raise InvalidInput(FieldProblem("timeout", "must be more than 0 seconds and at most 600"))
    found = _access(os.environ, demo, commands=commands)
    report = asyncio.run(_run(url.rstrip("/"), found, timeout))
    if json:
        print(msgspec.json.encode({"counts": report.counts, **msgspec.to_builtins(report)}).decode())
    else:
        _draw(report)
    if report.counts["fails"]:
        raise SystemExit(1)


def _access(environment: Mapping[str, str], demo: Path | None, *, commands: bool) -> Access:
    """Read what the operator has; what the environment says goes before what the file does."""
    from carwire.conformance import Access

    given = {} if demo is None else _of_demo(demo)
    for field, names in _VARIABLES.items():
        given[field] = next(filter(None, map(environment.get, names)), given.get(field, ""))
    known: dict[str, Any] = {field: Secret(text) if field in _SECRET else text for field, text in given.items()}
    return Access(**known, commands=commands)


def _of_demo(path: Path) -> dict[str, str]:
    try:
        demo = msgspec.json.decode(path.read_bytes(), type=_Demo)
    except OSError as error:
        raise InvalidInput(FieldProblem("demo", f"{path} cannot be read: {error.strerror}")) from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise InvalidInput(FieldProblem("demo", f"{path} is no demo.json")) from None
    return {
        "client_id": demo.client_id,
        "client_secret": demo.client_secret,
        "management_token": demo.application_management_token,
        "redirect_uri": next(iter(demo.redirect_uris), ""),
        "v3_client_id": demo.v3_client_id,
        "v3_client_secret": demo.v3_client_secret,
        "user_id": demo.user_id,
    }


async def _run(url: str, access: Access, timeout_s: float) -> Report:
    from carwire.conformance import CHECKS, Talk, run
    from carwire.conformance.web import Web

    async with Web(url, timeout_s) as web:
        return await run(Talk(url, web, access), CHECKS)


def _draw(report: Report) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from carwire.cli.drawing import console

    table = Table(box=box.SIMPLE, header_style="dim", pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("what has to hold", overflow="fold", ratio=3)
    table.add_column("who relies on it", overflow="fold", ratio=2)
    endpoints: dict[str, list[Finding]] = {}
    for each in report.findings:
        endpoints.setdefault(each.endpoint, []).append(each)
    for endpoint, findings in endpoints.items():
        table.add_row("", Text(endpoint, style="bold"), "")
        for each in findings:
            table.add_row(
                Text(each.outcome, style=_STYLES[each.outcome]), Text(_said(each)), Text(each.relies, style="dim")
            )
    console().print(table)
    counts = report.counts
    print(
        f"{counts['holds']} hold, {counts['fails']} fail, {counts['not asked']} were not asked; "
        f"{report.requests} requests to {report.url}"
    )


def _said(finding: Finding) -> str:
    if finding.outcome == "fails":
        return f"{finding.says}\nexpected {finding.expected}\nseen     {finding.seen}"
    return finding.says if finding.why is None else f"{finding.says}\n{finding.why}"
