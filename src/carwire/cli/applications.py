"""``carwire app``: applications and their secrets."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from carwire.settings import read_settings


def create(name: str, *, redirect_uri: list[str] | None = None, json: bool = False, data: Path | None = None) -> None:
    """Register an application and print its secrets, this once.

    Parameters
    ----------
    name
        What owners see when they are asked for consent.
    redirect_uri
        Where a browser may be sent back to; give it several times for several.
    json
        Print JSON.
    data
        The server's data folder.
    """
    new = _accounts(data).register(name, tuple(redirect_uri or ()))
    shown = {
        "client_id": new.application.client_id,
        "client_secret": new.client_secret.reveal(),
        "application_management_token": new.management_token.reveal(),
        "name": new.application.name,
        "redirect_uris": list(new.application.redirect_uris),
    }
    _show(shown, json=json, remark="The two secrets are not shown again: only their digests are kept.")


def show(*, json: bool = False, data: Path | None = None) -> None:
    """List the applications, oldest first.

    Parameters
    ----------
    json
        Print JSON.
    data
        The server's data folder.
    """
    rows = [
        {
            "client_id": application.client_id,
            "name": application.name,
            "created_at": application.created_at.isoformat(timespec="seconds"),
            "redirect_uris": [*application.redirect_uris],
        }
        for application in _accounts(data).list()
    ]
    if json:
        print(msgspec.json.encode(rows).decode())
        return
    for row in rows:
        print(f"{row['client_id']}  {row['created_at']}  {row['name']}")
    if not rows:
        print("No applications yet: carwire app create NAME")


def rotate_secret(client_id: str, *, json: bool = False, data: Path | None = None) -> None:
    """Draw a new client secret; the old one stops working at once.

    Parameters
    ----------
    client_id
        The application.
    json
        Print JSON.
    data
        The server's data folder.
    """
    secret = _accounts(data).rotate_secret(client_id)
    shown = {"client_id": client_id, "client_secret": secret.reveal()}
    _show(shown, json=json, remark="The secret is not shown again: only its digest is kept.")


def delete(client_id: str, *, data: Path | None = None) -> None:
    """Delete an application; its secrets stop working at once.

    Parameters
    ----------
    client_id
        The application.
    data
        The server's data folder.
    """
    _accounts(data).delete(client_id)
    print(f"Deleted {client_id}.")


def _accounts(data: Path | None):  # type: ignore[no-untyped-def]  # its type costs the import
    from carwire.app import open_accounts

    return open_accounts(read_settings(os.environ, data=data))


def _show(values: dict[str, object], *, json: bool, remark: str) -> None:
    if json:
        print(msgspec.json.encode(values).decode())
        return
    for key, value in values.items():
        print(f"{key:<29} {' '.join(value) if isinstance(value, list) else value}")
    print(f"\n{remark}")
