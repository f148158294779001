"""The demo application of ``carwire up --demo``: made once, written into ``demo.json``, kept by every later start."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from carwire.core.applications import check_registration
from carwire.core.errors import CannotStart, InvalidInput, NotAuthenticated
from carwire.kit.files import write_private
from carwire.kit.secrets import Secret
from carwire.services.accounts import AccountService

# What the official suites and their samples come back to; the demo page of the server itself is added.
REDIRECT_URIS: Final = ("https://example.com/auth", "http://localhost:8000/exchange")
CALLBACK: Final = "/demo/callback"


class Demo(msgspec.Struct, frozen=True):
    """What ``demo.json`` holds: the demo application's credentials in plain text, readable by the folder's owner
    alone.
    """

    base_url: str
    client_id: str
    client_secret: str
    application_management_token: str
    redirect_uris: list[str]


async def ensure_demo(folder: Path, accounts: AccountService, base_url: str) -> Demo:
    """Return the demo application, made when ``demo.json`` is missing or names one the database no longer knows.

    Raises `CannotStart` when the file cannot be read or written.
    """
    path = folder / "demo.json"
    try:
        kept = await _kept(path, accounts)
        if kept and kept.base_url == base_url:
            return kept
        demo = await (_moved(accounts, kept, base_url) if kept else _register(accounts, base_url))
        write_private(path, msgspec.json.format(msgspec.json.encode(demo), indent=2).decode() + "\n", replace=True)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read or written: {error}"
        raise CannotStart(msg) from error
    return demo


def _read(path: Path) -> Demo | None:
    return msgspec.json.decode(path.read_bytes(), type=Demo) if path.exists() else None


async def _kept(path: Path, accounts: AccountService) -> Demo | None:
    demo = _read(path)
    if demo is None:
        return None
    try:
        await accounts.authenticate(demo.client_id, Secret(demo.client_secret))
    except NotAuthenticated:
        return None
    return demo


async def _moved(accounts: AccountService, kept: Demo, base_url: str) -> Demo:
    """The same application on another port: its demo page is somewhere else."""
    kept_uris = (uri for uri in kept.redirect_uris if not uri.endswith(CALLBACK))
    uris = (*kept_uris, *_own_uris(base_url))
    await accounts.change(kept.client_id, uris)
    return msgspec.structs.replace(kept, base_url=base_url, redirect_uris=list(uris))


def _own_uris(base_url: str) -> tuple[str, ...]:
    """The demo page's address; none where a redirect URI may not point, at a plain http host in the network."""
    uri = base_url + CALLBACK
    try:
        check_registration("Carwire demo", (uri,))
    except InvalidInput:
        return ()
    return (uri,)


async def _register(accounts: AccountService, base_url: str) -> Demo:
    new = await accounts.register("Carwire demo", (*REDIRECT_URIS, *_own_uris(base_url)))
    return Demo(
        base_url=base_url,
        client_id=new.application.client_id,
        client_secret=new.client_secret.reveal(),
        application_management_token=new.management_token.reveal(),
        redirect_uris=list(new.application.redirect_uris),
    )
