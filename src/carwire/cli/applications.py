"""``carwire app``: applications and their secrets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from carwire.cli.managing import hours, managed

if TYPE_CHECKING:
    from carwire.app import Management
    from carwire.services.accounts import NewApplication
    from carwire.services.credentials import NewSecret

_LONGEST_OVERLAP_H = 10 * 365 * 24.0


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
    new, v3 = managed(data, lambda m: _register(m, name, tuple(redirect_uri or ())))
    shown = {
        "client_id": new.application.client_id,
        "client_secret": new.client_secret.reveal(),
        "application_management_token": new.management_token.reveal(),
        "v3_client_id": v3.machine_id,
        "v3_client_secret": v3.secret.reveal(),
        "name": new.application.name,
        "redirect_uris": list(new.application.redirect_uris),
    }
    _show(shown, json=json, remark="The three secrets are not shown again: only their digests are kept.")


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
        for application in managed(data, lambda m: m.accounts.list())
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
    secret = managed(data, lambda m: m.accounts.rotate_secret(client_id))
    shown = {"client_id": client_id, "client_secret": secret.reveal()}
    _show(shown, json=json, remark="The secret is not shown again: only its digest is kept.")


def rotate_management_token(
    client_id: str, *, overlap: float = 24, json: bool = False, data: Path | None = None
) -> None:
    """Draw a new management token; the old one opens nothing any more, but signs webhooks a while longer.

    Parameters
    ----------
    client_id
        The application.
    overlap
        For how many hours, 0 to 168, webhooks are still signed with the old one: let receivers know both meanwhile.
    json
        Print JSON.
    data
        The server's data folder.
    """
    signs_for = hours(overlap, "overlap")
    token = managed(data, lambda m: m.accounts.rotate_management_token(client_id, signs_for))
    shown = {"client_id": client_id, "application_management_token": token.reveal()}
    remark = "The token is not shown again: it is kept sealed, for signing webhooks."
    still = f" Until {overlap:g} h from now they are signed with the one of before." if overlap else ""
    _show(shown, json=json, remark=remark + still)


def change(
    client_id: str,
    *,
    redirect_uri: list[str] | None = None,
    origin: list[str] | None = None,
    scope: str | None = None,
    country: str | None = None,
    require_pkce: bool | None = None,
    block_incapable: bool | None = None,
    data: Path | None = None,
) -> None:
    """Change what an application demands or allows in Connect. What is left out stays.

    Parameters
    ----------
    client_id
        The application.
    redirect_uri
        Where a browser may be sent back to, in place of those so far; the first is the default.
    origin
        What may receive the result by a window message, in place of those so far.
    scope
        The permissions asked for when a request names none, separated by spaces.
    country
        The country taken when a request names none.
    require_pkce
        Refuse requests without a PKCE challenge. The official SDKs send none.
    block_incapable
        Keep cars out that lack a required permission.
    data
        The server's data folder.
    """
    given = {
        "origins": None if origin is None else tuple(origin),
        "scope": scope,
        "country": country,
        "require_pkce": require_pkce,
        "block_incapable": block_incapable,
    }
    rules = {name: value for name, value in given.items() if value is not None}
    uris = None if redirect_uri is None else tuple(redirect_uri)
    changed = managed(data, lambda m: m.accounts.change(client_id, uris, **rules))
    shown = {"client_id": client_id, "redirect_uris": list(changed.redirect_uris)}
    _show({**shown, **msgspec.to_builtins(changed.rules)}, json=False, remark="Changed.")


def draw_v3_secret(client_id: str, *, overlap_hours: float = 24, json: bool = False, data: Path | None = None) -> None:
    """Draw a new secret for tokens of API v3; those of before are accepted a while longer.

    Parameters
    ----------
    client_id
        The application.
    overlap_hours
        For how long the secrets of before are still accepted; 0 ends them at once.
    json
        Print JSON.
    data
        The server's data folder.
    """
    overlap = timedelta(hours=max(0.0, min(overlap_hours, _LONGEST_OVERLAP_H)))
    new = managed(data, lambda m: m.credentials.draw(client_id, overlap))
    shown = {"secret_id": new.id, "v3_client_id": new.machine_id, "v3_client_secret": new.secret.reveal()}
    _show(shown, json=json, remark="The secret is not shown again: only its digest is kept.")


def list_v3_secrets(client_id: str, *, json: bool = False, data: Path | None = None) -> None:
    """List the secrets for tokens of API v3 that are accepted, oldest first.

    Parameters
    ----------
    client_id
        The application.
    json
        Print JSON.
    data
        The server's data folder.
    """
    rows = [
        {
            "secret_id": secret.id,
            "created_at": secret.created_at.isoformat(timespec="seconds"),
            "expires_at": secret.expires_at.isoformat(timespec="seconds") if secret.expires_at else None,
        }
        for secret in managed(data, lambda m: m.credentials.of(client_id))
    ]
    if json:
        print(msgspec.json.encode(rows).decode())
        return
    for row in rows:
        print(f"{row['secret_id']}  {row['created_at']}  {row['expires_at'] or 'no end'}")
    if not rows:
        print("No secrets: carwire app draw-v3-secret CLIENT_ID")


def delete_v3_secret(client_id: str, secret_id: str, *, data: Path | None = None) -> None:
    """End a secret for tokens of API v3, and the tokens it led to, at once.

    Parameters
    ----------
    client_id
        The application.
    secret_id
        The secret, as the list names it.
    data
        The server's data folder.
    """
    managed(data, lambda m: m.credentials.delete(client_id, secret_id))
    print(f"Deleted {secret_id}.")


def delete(client_id: str, *, data: Path | None = None) -> None:
    """Delete an application; its secrets stop working at once.

    Parameters
    ----------
    client_id
        The application.
    data
        The server's data folder.
    """
    managed(data, lambda m: m.accounts.delete(client_id))
    print(f"Deleted {client_id}.")


async def _register(m: Management, name: str, redirect_uris: tuple[str, ...]) -> tuple[NewApplication, NewSecret]:
    new = await m.accounts.register(name, redirect_uris)
    return new, await m.credentials.draw(new.application.client_id)


def _show(values: Mapping[str, object], *, json: bool, remark: str) -> None:
    if json:
        print(msgspec.json.encode(values).decode())
        return
    for key, value in values.items():
        print(f"{key:<29} {' '.join(value) if isinstance(value, list) else value}")
    print(f"\n{remark}")
