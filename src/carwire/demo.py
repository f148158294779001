"""The demo application of ``carwire up --demo``: made once, written into ``demo.json``, kept by every later start."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from carwire.core.errors import CannotStart, NotAuthenticated
from carwire.kit.files import write_private
from carwire.kit.secrets import Secret
from carwire.services.accounts import AccountService

REDIRECT_URIS: Final = ("https://example.com/auth", "http://localhost:8000/exchange")


class Demo(msgspec.Struct, frozen=True):
    """What ``demo.json`` holds: the demo application's credentials in plain text, readable by the folder's owner
    alone.
    """

    base_url: str
    client_id: str
    client_secret: str
    application_management_token: str
    redirect_uris: list[str]


def ensure_demo(folder: Path, accounts: AccountService, base_url: str) -> Demo:
    """Return the demo application, made when ``demo.json`` is missing or names one the database no longer knows.

    Raises `CannotStart` when the file cannot be read or written.
    """
    path = folder / "demo.json"
    try:
        kept = _kept(path, accounts)
        if kept and kept.base_url == base_url:
            return kept
        demo = msgspec.structs.replace(kept, base_url=base_url) if kept else _register(accounts, base_url)
        write_private(path, msgspec.json.format(msgspec.json.encode(demo), indent=2).decode() + "\n", replace=True)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read or written: {error}"
        raise CannotStart(msg) from error
    return demo


def _kept(path: Path, accounts: AccountService) -> Demo | None:
    if not path.exists():
        return None
    demo = msgspec.json.decode(path.read_bytes(), type=Demo)
    try:
        accounts.authenticate(demo.client_id, Secret(demo.client_secret))
    except NotAuthenticated:
        return None
    return demo


def _register(accounts: AccountService, base_url: str) -> Demo:
    new = accounts.register("Carwire demo", REDIRECT_URIS)
    return Demo(
        base_url=base_url,
        client_id=new.application.client_id,
        client_secret=new.client_secret.reveal(),
        application_management_token=new.management_token.reveal(),
        redirect_uris=list(new.application.redirect_uris),
    )
